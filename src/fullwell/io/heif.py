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
from fullwell.io import avif, extras
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
    image = file[file.primary_index]
    bits, signal = int(image.info.get("bit_depth", 8)), image.info.get("nclx_profile") or {}
    cicp = int(signal.get("color_primaries", 1)), int(signal.get("transfer_characteristics", 13))
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
