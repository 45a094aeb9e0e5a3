"""JPEG: segments read here, pixels by OpenImageIO, which alone tells that the picture data is damaged.

Ultra HDR files are the exception: OpenImageIO would apply the gain map, so imagecodecs decodes their base picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import OpenImageIO as oiio  # noqa: N813
from PIL import Image

from fullwell.errors import InputError
from fullwell.image import Array
from fullwell.io.header import Header

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.picture import Encoded

MAGIC = (b"\xff\xd8\xff",)
SOS, EOI, COMMENT = 0xDA, 0xD9, 0xFE
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start-of-frame markers: size and components
STANDALONE = frozenset(range(0xD0, 0xD9)) | {0x00, 0x01}
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(marker, offset behind it, payload) of the first picture, up to and with its EOI; stops where the file does."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker == EOI:
            yield EOI, at + 2, b""
            return
        elif marker in STANDALONE:
            at += 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            yield marker, at + 2, data[at + 4 : end]
            if marker == SOS:  # entropy-coded data: no marker inside but restarts
                found = NEXT_MARKER.search(data, end)
                end = found.start() if found else len(data)
            at = end


def read(path: Path) -> Header:
    """Size, EXIF, ICC of the first picture. Raises InputError for what is no JPEG, truncated or not RGB or grey."""
    data = path.read_bytes()
    size, components, exif, icc, end, notes = (0, 0), 0, None, {}, 0, []
    for marker, offset, payload in segments(data):
        if marker in FRAMES and len(payload) >= 6 and not components:
            size = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
            components = payload[5]
        elif marker == 0xE1 and payload[:6] == b"Exif\0\0" and exif is None:
            exif = payload[6:]
        elif marker == 0xE2 and payload[:12] == b"ICC_PROFILE\0" and len(payload) > 14:
            icc[payload[12]] = payload[14:]
        elif marker == 0xE2 and payload[:4] == b"MPF\0":
            notes.append("holds several pictures; the first is used")
        elif marker == EOI:
            end = offset
    if not components:
        raise InputError(f"{path}: the JPEG has no picture in it; it is damaged.")
    if not end:
        raise InputError(f"{path}: the JPEG ends before its picture does (truncated); copy it again from the camera.")
    if components not in (1, 3):
        raise InputError(f"{path}: a frame must be RGB or grey, this JPEG is CMYK; convert it to RGB first.")
    joined = b"".join(icc[k] for k in sorted(icc)) or None
    return Header(*size, partial(decode, path, end), exif=exif, icc=joined, notes=tuple(notes))


def decode(path: Path, end: int) -> Array:
    """Code values (h, w, 1 or 3) uint8. Raises InputError where the decoder met damage in the picture data."""
    source = oiio.ImageInput.open(str(path))
    if source is None:
        raise InputError(f"{path}: the JPEG cannot be decoded: {oiio.geterror()}")
    spec = source.spec()
    if str(spec.format) != "uint8" or spec.nchannels > 3:  # a gain map was applied
        source.close()
        return np.asarray(imagecodecs.jpeg8_decode(path.read_bytes()[:end]))
    pixels = source.read_image(0, 0, 0, spec.nchannels, "uint8")
    said = source.geterror()
    source.close()
    harmless = re.search(r"extraneous bytes before marker 0x(?!d[0-7])", said)  # between header segments
    if pixels is None or (said and not harmless):
        raise InputError(f"{path}: the JPEG's picture data is damaged; copy it again or leave it out. ({said.strip()})")
    return pixels


def write_picture(picture: Encoded, path: Path, encoding: Encoding) -> None:
    """8 bits, with profile, EXIF and the recipe as a comment; colour at full resolution from quality 90 up."""
    extras: dict[str, Any] = {"exif": b"Exif\0\0" + picture.exif} if picture.exif else {}
    if picture.recipe:
        extras["comment"] = picture.recipe.encode()
    sampling = "4:4:4" if encoding.quality >= 90 else "4:2:0"
    image = Image.fromarray(picture.codes)
    image.save(path, "JPEG", quality=encoding.quality, subsampling=sampling, icc_profile=picture.icc, **extras)
