"""HEIF stills, HEIC foremost, of 8 to 12 bits: read by libheif (extra `heic`), which turns them upright, and written
by it and x265 (extra `heic-write`).

Source: ISO/IEC 23008-12. A file whose picture is coded as AV1 goes to `avif`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fullwell.errors import InputError
from fullwell.image import Array
from fullwell.io import avif, extras, signal, xmp
from fullwell.io.boxes import boxes, is_whole
from fullwell.io.header import Header

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.picture import Encoded
    from fullwell.io.rendition import HdrPicture

SRGB = 1, 13, 6  # primaries and transfer of sRGB, matrix of BT.601, as JPEG has it
LIGHT_LEVELS = "max_content_light_level", "max_pic_average_light_level"
MASTERING = (
    "display_primaries_x", "display_primaries_y", "white_point_x", "white_point_y", "max_display_mastering_luminance",
    "min_display_mastering_luminance",
)  # fmt: skip
PRESET = "ultrafast"  # of x265; superfast takes three times the seconds for a tenth of the size
CHROMA = "420"  # at every quality: what the decoders of phones and cameras take


def read(path: Path) -> Header:
    """Size, depth, EXIF, ICC, XMP of the primary picture. Raises InputError without the extra, and for damage."""
    with path.open("rb") as file:
        kind = next(boxes(file.read(512)), (b"", b""))[1]
    if b"avif" in kind:
        return avif.read(path)
    if not is_whole(path):
        raise InputError(f"{path}: the HEIF file ends before its picture does (truncated); copy it again.")
    file = _opened(path)
    image = file[file.primary_index]
    bits, nclx = int(image.info.get("bit_depth", 8)), image.info.get("nclx_profile") or {}
    cicp = int(nclx.get("color_primaries", 1)), int(nclx.get("transfer_characteristics", 13))
    decode = partial(_decode, path, bits)
    return avif.described(image.size, image.mode, image.info, len(file), bits, cicp, decode, turned=True)


def _opened(path: Path) -> Any:
    """The file; no pixels are decoded."""
    heif = extras.module("pi_heif", path, "is a HEIF file (HEIC)", "export it as JPEG or 16-bit TIFF")
    try:
        return heif.open_heif(str(path), convert_hdr_to_8bit=False)
    except (OSError, ValueError, EOFError, RuntimeError, SyntaxError) as failed:
        raise InputError(f"{path}: is a HEIF file that libheif cannot decode ({_said(failed)}).") from None


def _decode(path: Path, bits: int) -> Array:
    file = _opened(path)
    try:
        pixels = np.array(file[file.primary_index])  # a copy: the file owns what numpy would look at
    except (OSError, ValueError, EOFError, RuntimeError, SyntaxError) as failed:
        raise InputError(f"{path}: is damaged, its pixels cannot be decoded ({_said(failed)}).") from None
    return pixels if bits == 8 else avif.full_scale(pixels >> (16 - bits), bits)


def _said(failed: Exception) -> str:
    return str(failed).splitlines()[0].rstrip(".") if str(failed) else type(failed).__name__


def write_picture(picture: Encoded, path: Path, encoding: Encoding) -> None:
    """8, 10 or 12 bits of sRGB, by code points, with EXIF, and XMP that holds the recipe.

    No profile: with one, libheif leaves the code points out, and with them what the range of the codes is.
    """
    codes, bits = picture.codes, 8
    if codes.dtype == np.uint16:
        bits = avif.depth(encoding)
        codes = ((codes.astype(np.uint32) * ((1 << bits) - 1) + 32767) // 65535).astype(np.uint16)
    packet = xmp.of_result(picture.meta, recipe=picture.recipe)
    _encode(codes, bits, SRGB, picture.exif, packet, path, encoding)


def write_hdr(hdr: HdrPicture, path: Path, encoding: Encoding) -> None:
    """PQ or HLG in Rec.2020, 10 or 12 bits, with EXIF, recipe in the XMP, light levels and mastering display."""
    bits = avif.depth(encoding)
    made = signal.encode(hdr, encoding, bits)
    mastering = made.mastering("gbr")
    volume = mastering[:6:2], mastering[1:6:2], *mastering[6:]
    packet = xmp.of_result(made.meta, recipe=made.meta.recipe)
    _encode(
        made.codes, bits, (signal.PRIMARIES, made.transfer, avif.MATRIX), made.exif, packet, path, encoding,
        content_light_level=dict(zip(LIGHT_LEVELS, made.levels(), strict=True)),
        mastering_display_colour_volume=dict(zip(MASTERING, volume, strict=True)),
    )  # fmt: skip


def _encode(
    codes: Array, bits: int, cicp: tuple[int, int, int], exif: bytes, packet: bytes, path: Path, encoding: Encoding,
    **about: Any,
) -> None:  # fmt: skip
    """Codes (h, w, 3) of so many bits, full range; primaries, transfer and matrix as code points of ITU-T H.273."""
    h, w, _ = codes.shape
    heif: Any = extras.encoder("heif", path)
    if packet:
        about["xmp"] = packet
    mode, pixels = ("RGB", codes) if bits == 8 else ("RGB;16", codes << (16 - bits))
    try:
        heif.encode(
            mode, (w, h), pixels.tobytes(), path,
            bit_depth=bits, quality=encoding.quality, chroma=CHROMA, enc_params={"preset": PRESET},
            color_primaries=cicp[0], transfer_characteristics=cicp[1], matrix_coefficients=cicp[2], full_range_flag=1,
            exif=exif, **about,
        )  # fmt: skip
    except RuntimeError as failed:
        raise OSError(_said(failed)) from failed


def read_recipe(path: Path) -> str:
    """The recipe in its XMP."""
    try:
        return xmp.recipe_in(read(path).xmp)
    except InputError:
        return ""
