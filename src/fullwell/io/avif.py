"""AVIF of 8 to 12 bits: coded by imagecodecs. Its container is read by Pillow, and written here where it needs more.

Source: AV1 Image File Format 1.1; ISO/IEC 23008-12 (HEIF), clauses 6.5 and 9.3 and annex A.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
from PIL import Image

from fullwell.errors import InputError
from fullwell.image import Array
from fullwell.io import profile, signal, xmp
from fullwell.io.boxes import box, boxes, is_whole
from fullwell.io.header import Header

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.rendition import HdrPicture

SPEED = 8  # 6 takes three times the seconds for a few percent of the size
MATRIX = 9  # Rec.2020, non-constant luminance
MOST_META = 1 << 20  # bytes in which the description of the pictures lies
HIDDEN = 1  # flag of an item that is not a picture
REFERENCE_BYTES = b"\0\0\0\0"  # before an EXIF block: offset of its TIFF header


def read(path: Path) -> Header:
    """Size, depth, EXIF, ICC, XMP. Raises InputError for damage."""
    if not is_whole(path):
        raise InputError(f"{path}: the AVIF file ends before its picture does (truncated); copy it again.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about large pictures
        try:
            with Image.open(path, formats=["AVIF"]) as image:
                size, mode, info, frames = image.size, image.mode, image.info, getattr(image, "n_frames", 1)
        except Image.DecompressionBombError:
            raise InputError(f"{path}: its header says that it has hundreds of millions of pixels.") from None
        except (OSError, ValueError, SyntaxError, RuntimeError):
            raise InputError(f"{path}: must be a picture; it is an AVIF that is damaged or truncated.") from None
    about = _properties(path)
    config, colour = about.get(b"av1C", b""), about.get(b"nclx", b"")
    bits = 8 if len(config) < 3 or not config[2] & 0x40 else 12 if config[2] & 0x20 else 10
    codes = struct.unpack_from(">HH", colour, 4) if len(colour) >= 8 else (1, 13)
    return described(size, mode, info, frames, bits, codes, partial(_decode, path, bits))


def described(
    size: tuple[int, int], mode: str, info: Mapping[Any, Any], pictures: int, bits: int, cicp: tuple[int, int],
    decode: Callable[[], Array], turned: bool = False,
) -> Header:  # fmt: skip
    """The header of a file's first picture: width and height, mode and info as Pillow has them, code points."""
    notes = ["holds several pictures; the first is used"] if pictures > 1 else []
    if mode.startswith(("RGBA", "LA")):
        notes.append("its transparency is ignored")
    block, icc = info.get("exif"), info.get("icc_profile")
    return Header(
        size[1],
        size[0],
        decode,
        256 if bits == 8 else 65536,
        block.removeprefix(b"Exif\0\0") if block else None,
        icc,
        tuple(notes),
        info.get("xmp"),
        colour=None if icc else profile.of_cicp(cicp[0]),
        cicp=cicp,
        turned=turned,
    )


def _properties(path: Path) -> dict[bytes, bytes]:
    """The first property of each kind that a picture in the file has; colour by its kind, nclx or prof."""
    found: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        meta = dict(boxes(file.read(MOST_META))).get(b"meta", b"")
    properties = dict(boxes(meta[4:])).get(b"iprp", b"")
    for kind, payload in boxes(dict(boxes(properties)).get(b"ipco", b"")):
        found.setdefault(payload[:4] if kind == b"colr" else kind, payload)
    return found


def _decode(path: Path, bits: int) -> Array:
    try:
        pixels = np.asarray(imagecodecs.avif_decode(path.read_bytes()))
    except (imagecodecs.AvifError, ValueError) as failed:
        raise InputError(f"{path}: is damaged, its pixels cannot be decoded ({failed}).") from None
    pixels = pixels[0] if pixels.ndim == 4 else pixels  # of a sequence
    return pixels if pixels.dtype == np.uint8 else full_scale(pixels, bits)


def full_scale(pixels: Array, bits: int) -> Array:
    """Codes of so many bits as the 16-bit ones of the same share of full scale."""
    top = (1 << bits) - 1
    return ((pixels.astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)


def write_hdr(hdr: HdrPicture, path: Path, encoding: Encoding) -> None:
    """PQ or HLG in Rec.2020, with EXIF, XMP that holds the recipe, light levels and mastering display.

    Full colour from quality 90 up.
    """
    bits = depth(encoding)
    made = signal.encode(hdr, encoding, bits)
    coded = imagecodecs.avif_encode(
        made.codes, encoding.quality, speed=SPEED, bitspersample=bits,
        pixelformat="444" if encoding.quality >= 90 else "420",
        primaries=signal.PRIMARIES, transfer=made.transfer, matrix=MATRIX, numthreads=0,
    )  # fmt: skip
    about_light = [
        box(b"clli", struct.pack(">HH", *made.levels())),
        box(b"mdcv", struct.pack(">8H2I", *made.mastering("gbr"))),
    ]
    items = [(b"Exif", b"", REFERENCE_BYTES + made.exif)]
    if packet := xmp.of_result(made.meta, recipe=made.meta.recipe):
        items.append((b"mime", b"application/rdf+xml\0", packet))
    path.write_bytes(container(bytes(coded), about_light, items))


def depth(encoding: Encoding) -> int:
    """Bits per channel."""
    return 12 if encoding.bits > 10 else 10


def container(coded: bytes, more: list[bytes], items: list[tuple[bytes, bytes, bytes]]) -> bytes:
    """The one picture of an AVIF file again, with more properties, which are boxes, and items that describe it.

    An item is its type, what its entry holds behind the name, and its bytes.
    """
    top = dict(boxes(coded))
    meta = dict(boxes(top[b"meta"][4:]))
    properties = dict(boxes(meta[b"iprp"]))
    picture = _picture(coded, meta[b"iloc"])
    count = len(list(boxes(properties[b"ipco"])))

    # Properties that the picture has: those that it had, then the new ones.
    had = properties[b"ipma"]
    new = bytes(range(count + 1, count + 1 + len(more)))
    associated = had[:10] + bytes([had[10] + len(more)]) + had[11:] + new
    entries = [box(b"infe", b"\2\0\0\0", struct.pack(">HH", 1, 0), b"av01Color\0")]
    entries += [
        box(b"infe", bytes([2, 0, 0, HIDDEN]), struct.pack(">HH", k, 0), kind, b"\0", after)
        for k, (kind, after, _) in enumerate(items, 2)
    ]
    links = [box(b"cdsc", struct.pack(">HHH", k, 1, 1)) for k in range(2, len(items) + 2)]
    contents = [picture, *(data for _, _, data in items)]

    def described(start: int) -> bytes:
        """The meta box of a file whose contents begin there."""
        places, at = [], start
        for k, data in enumerate(contents, 1):
            places.append(struct.pack(">HHHII", k, 0, 1, at, len(data)))
            at += len(data)
        return box(
            b"meta", bytes(4), box(b"hdlr", meta[b"hdlr"]), box(b"pitm", meta[b"pitm"]),
            box(b"iloc", bytes(4), b"\x44\x00", struct.pack(">H", len(places)), *places),
            box(b"iinf", bytes(4), struct.pack(">H", len(entries)), *entries),
            box(b"iref", bytes(4), *links),
            box(b"iprp", box(b"ipco", properties[b"ipco"], *more), box(b"ipma", associated)),
        )  # fmt: skip

    kinds = box(b"ftyp", top[b"ftyp"])
    start = len(kinds) + len(described(0)) + 8
    return kinds + described(start) + box(b"mdat", *contents)


def _picture(coded: bytes, places: bytes) -> bytes:
    """The bytes of the only item, as a location box with one extent and offsets of four bytes says."""
    at, size = struct.unpack(">II", places[14:22])
    return coded[at : at + size]


def read_recipe(path: Path) -> str:
    """The recipe in its XMP."""
    try:
        return xmp.recipe_in(read(path).xmp)
    except InputError:
        return ""
