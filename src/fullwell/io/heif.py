"""HEIF stills, HEIC foremost, of 8 to 12 bits, by libheif (extra `heic`), which turns them upright.

Source: ISO/IEC 23008-12. A file whose picture is coded as AV1 goes to `avif`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fullwell.errors import InputError
from fullwell.image import Array
from fullwell.io import avif, extras, profile
from fullwell.io.boxes import boxes, is_whole
from fullwell.io.header import Header


def read(path: Path) -> Header:
    """Size, depth, EXIF, ICC, XMP of the primary picture. Raises InputError without the extra, and for damage."""
    with path.open("rb") as file:
        kind = next(boxes(file.read(512)), (b"", b""))[1]
    if b"avif" in kind:
        return avif.read(path)
    if not is_whole(path):
        raise InputError(f"{path}: the HEIF file ends before its picture does (truncated); copy it again.")
    file = _opened(path)
    image, several = file[file.primary_index], len(file) > 1
    info = image.info
    bits = int(info.get("bit_depth", 8))
    signal = info.get("nclx_profile") or {}
    notes = ["holds several pictures; the first is used"] if several else []
    if image.mode.startswith(("RGBA", "LA")):
        notes.append("its transparency is ignored")
    icc = info.get("icc_profile")
    said = profile.of_cicp(signal.get("color_primaries", 1), signal.get("transfer_characteristics", 13))
    block = info.get("exif")
    return Header(
        image.size[1],
        image.size[0],
        partial(_decode, path, bits),
        256 if bits == 8 else 65536,
        block.removeprefix(b"Exif\0\0") if block else None,
        icc,
        tuple(notes),
        info.get("xmp"),
        colour=None if icc else said,
        turned=True,
    )


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
