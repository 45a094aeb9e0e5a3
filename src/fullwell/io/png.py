"""PNG: chunks read and written here, pixels by OpenImageIO and imagecodecs."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import imagecodecs

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.picture import Encoded


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def write_picture(picture: Encoded, path: Path, encoding: Encoding) -> None:
    """8 or 16 bits, with profile, EXIF and the recipe as text."""
    data = imagecodecs.png_encode(picture.codes, level=6)
    extras = _chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(picture.icc))
    if picture.recipe:
        extras += _chunk(b"iTXt", b"fullwell:recipe\0\0\0\0\0" + picture.recipe.encode())
    if picture.exif:
        extras += _chunk(b"eXIf", picture.exif)
    path.write_bytes(data[:33] + extras + data[33:])
