"""JPEG: segments read here, pixels by OpenImageIO, which alone tells that the picture data is damaged.

Ultra HDR files are the exception: OpenImageIO would apply the gain map, so imagecodecs decodes their base picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
from PIL import Image

from fullwell.errors import InputError
from fullwell.image import Array
from fullwell.io import exif, openimageio
from fullwell.io.header import Header

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.picture import Encoded

SOS, EOI, COMMENT = 0xDA, 0xD9, 0xFE
MOST_BYTES = 65_500  # of a segment
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start-of-frame markers: size and components
STANDALONE = frozenset(range(0xD0, 0xD9)) | {0x00, 0x01}
ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1"
HARMLESS = re.compile(r"extraneous bytes before marker 0x(?!d[0-7])")  # between segments, not in the picture
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
    size, components, end = (0, 0), 0, 0
    block: bytes | None = None
    icc: dict[int, bytes] = {}
    notes: list[str] = []
    gain_map = False
    for marker, offset, payload in segments(data):
        if marker in FRAMES and len(payload) >= 6 and not components:
            size = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
            components = payload[5]
        elif marker == 0xE1 and payload[:6] == b"Exif\0\0" and block is None:
            block = payload[6:]
        elif marker == 0xE2 and payload[:12] == b"ICC_PROFILE\0" and len(payload) > 14:
            icc[payload[12]] = payload[14:]
        elif marker == 0xE2 and payload[:4] == b"MPF\0":
            notes.append("holds several pictures; the first is used")
        elif (marker == 0xE1 and b"hdrgm:" in payload) or (marker == 0xE2 and payload.startswith(ISO_GAIN_MAP)):
            gain_map = True
        elif marker == EOI:
            end = offset
    if not components:
        raise InputError(f"{path}: the JPEG has no picture in it; it is damaged.")
    if not end:
        raise InputError(f"{path}: the JPEG ends before its picture does (truncated); copy it again from the camera.")
    if components not in (1, 3):
        raise InputError(f"{path}: a frame must be RGB or grey, this JPEG is CMYK; convert it to RGB first.")
    joined = b"".join(icc[k] for k in sorted(icc)) or None
    return Header(*size, partial(decode, path, end, gain_map), exif=block, icc=joined, notes=tuple(notes))


def decode(path: Path, end: int, gain_map: bool = False) -> Array:
    """Code values (h, w, 1 or 3) uint8. Raises InputError where the decoder met damage in the picture data."""
    if not gain_map:
        with openimageio.opened(path) as source:
            spec = source.spec()
            if str(spec.format) == "uint8":
                pixels = source.read_image(0, 0, 0, spec.nchannels, "uint8")
                said = openimageio.errors(source)
                if pixels is None or (said and not HARMLESS.search(said)):
                    raise InputError(f"{path}: the JPEG's picture data is damaged; copy it again or leave it out.")
                return np.asarray(pixels)
    try:
        return np.asarray(imagecodecs.jpeg8_decode(path.read_bytes()[:end]))
    except imagecodecs.Jpeg8Error as failed:
        raise InputError(f"{path}: the JPEG is damaged ({failed}); copy it again or leave it out.") from None


def write_picture(picture: Encoded, path: Path, encoding: Encoding) -> None:
    """8 bits, with profile, EXIF and the recipe as a comment; colour at full resolution from quality 90 up."""
    block, comment = picture.exif, picture.recipe.encode()
    if len(block) > MOST_BYTES:
        block = exif.compact(block, without=frozenset({exif.MAKER_NOTE}))
    extras: dict[str, Any] = {"exif": b"Exif\0\0" + block} if len(block) <= MOST_BYTES else {}
    if comment and len(comment) <= MOST_BYTES:
        extras["comment"] = comment
    sampling = "4:4:4" if encoding.quality >= 90 else "4:2:0"
    image = Image.fromarray(picture.codes)
    image.save(path, "JPEG", quality=encoding.quality, subsampling=sampling, icc_profile=picture.icc, **extras)


def read_recipe(path: Path) -> str:
    before = takewhile(lambda segment: segment[0] != SOS, segments(path.read_bytes()))  # the picture data is long
    comments = [payload for marker, _, payload in before if marker == COMMENT]
    return comments[0].decode(errors="replace") if comments else ""
