"""JPEG: segments read here, pixels by OpenImageIO, which alone tells that the picture data is damaged.

Ultra HDR files are the exception: OpenImageIO would apply the gain map, so imagecodecs decodes their base picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np

from fullwell.errors import InputError
from fullwell.image import Array
from fullwell.io import exif, openimageio
from fullwell.io.header import Header

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.picture import Encoded

SOS, EOI, COMMENT, APP0, APP1, APP2, APP13 = 0xDA, 0xD9, 0xFE, 0xE0, 0xE1, 0xE2, 0xED
EXIF, XMP, PROFILE, PHOTOSHOP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0", b"Photoshop 3.0\0"
IPTC = 0x0404  # the Photoshop resource that holds it
MOST_BYTES = 65_500  # of a segment
BAND = 64  # rows decoded at a time; memory for the picture at once cost a quarter of the time
Segment = tuple[int, bytes]
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
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: dict[int, bytes] = {}
    notes: list[str] = []
    gain_map = False
    for marker, offset, payload in segments(data):
        if marker in FRAMES and len(payload) >= 6 and not components:
            size = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
            components = payload[5]
        elif marker == APP1 and payload.startswith(EXIF) and block is None:
            block = payload[len(EXIF) :]
        elif marker == APP2 and payload.startswith(PROFILE) and len(payload) > 14:
            icc[payload[12]] = payload[14:]
        elif marker == APP13 and payload.startswith(PHOTOSHOP):
            iptc = iptc or _iptc(payload[len(PHOTOSHOP) :])
        elif marker == APP2 and payload[:4] == b"MPF\0":
            notes.append("holds several pictures; the first is used")
        elif marker == APP2 and payload.startswith(ISO_GAIN_MAP):
            gain_map = True
        elif marker == EOI:
            end = offset
        if marker == APP1 and payload.startswith(XMP):
            xmp = xmp or payload[len(XMP) :]
            gain_map = gain_map or b"hdrgm:" in payload
    if not components:
        raise InputError(f"{path}: the JPEG has no picture in it; it is damaged.")
    if not end:
        raise InputError(f"{path}: the JPEG ends before its picture does (truncated); copy it again from the camera.")
    if components not in (1, 3):
        raise InputError(f"{path}: a frame must be RGB or grey, this JPEG is CMYK; convert it to RGB first.")
    joined = b"".join(icc[k] for k in sorted(icc)) or None
    decoder = partial(decode, path, end, gain_map)
    return Header(*size, decoder, exif=block, icc=joined, notes=tuple(notes), xmp=xmp, iptc=iptc)


def _iptc(resources: bytes) -> bytes | None:
    """The IPTC-IIM datasets among Photoshop's image resources."""
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        kind = int.from_bytes(resources[at + 4 : at + 6], "big")
        start = at + 6 + (resources[at + 6] + 2) // 2 * 2  # behind the name, padded to an even length
        size = int.from_bytes(resources[start : start + 4], "big")
        if kind == IPTC:
            return resources[start + 4 : start + 4 + size] or None
        at = start + 4 + (size + 1) // 2 * 2
    return None


def decode(path: Path, end: int, gain_map: bool = False) -> Array:
    """Code values (h, w, 1 or 3) uint8. Raises InputError where the decoder met damage in the picture data."""
    if not gain_map:
        with openimageio.opened(path) as source:
            spec = source.spec()
            if str(spec.format) == "uint8":
                pixels, whole = np.empty((spec.height, spec.width, spec.nchannels), np.uint8), True
                for y in range(0, spec.height, BAND):
                    band = source.read_scanlines(y, min(y + BAND, spec.height), 0, 0, spec.nchannels, "uint8")
                    whole = whole and band is not None
                    if whole:
                        pixels[y : y + BAND] = band
                said = openimageio.errors(source)
                if not whole or (said and not HARMLESS.search(said)):
                    raise InputError(f"{path}: the JPEG's picture data is damaged; copy it again or leave it out.")
                return pixels
    try:
        return np.asarray(imagecodecs.jpeg8_decode(path.read_bytes()[:end]))
    except imagecodecs.Jpeg8Error as failed:
        raise InputError(f"{path}: the JPEG is damaged ({failed}); copy it again or leave it out.") from None


def write_picture(picture: Encoded, path: Path, encoding: Encoding) -> None:
    """8 bits, with profile, EXIF, XMP, IPTC and the recipe as a comment; full colour resolution from quality 90 up."""
    from fullwell.io import jpeg_strips  # which reads segments as this file does

    path.write_bytes(joined(jpeg_strips.encode(picture.codes, encoding.quality), described(picture)))


def described(picture: Encoded) -> list[Segment]:
    """The segments around a picture; what is too long for a segment is left out, of EXIF the maker note first."""
    block = picture.exif
    if len(block) > MOST_BYTES:
        block = exif.compact(block, without=frozenset({exif.MAKER_NOTE}))
    size = MOST_BYTES - 14
    chunks = [picture.icc[k : k + size] for k in range(0, len(picture.icc), size)]
    found = [(APP1, EXIF + block), (APP1, XMP + picture.xmp if picture.xmp else b"")]
    found += [(APP2, PROFILE + bytes([k + 1, len(chunks)]) + chunk) for k, chunk in enumerate(chunks)]
    if picture.iptc:
        resource = b"8BIM" + IPTC.to_bytes(2, "big") + bytes(2) + len(picture.iptc).to_bytes(4, "big") + picture.iptc
        found.append((APP13, PHOTOSHOP + resource + bytes(len(picture.iptc) % 2)))
    found.append((COMMENT, picture.recipe.encode()))
    return [(marker, payload) for marker, payload in found if 0 < len(payload) <= MOST_BYTES]


def joined(encoded: bytes, before: list[Segment]) -> bytes:
    """An encoded picture with these segments behind its JFIF header."""
    start = 4 + int.from_bytes(encoded[4:6], "big") if encoded[3] == APP0 else 2
    more = b"".join(
        bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload for marker, payload in before
    )
    return encoded[:start] + more + encoded[start:]


def read_recipe(path: Path) -> str:
    before = takewhile(lambda segment: segment[0] != SOS, segments(path.read_bytes()))  # the picture data is long
    comments = [payload for marker, _, payload in before if marker == COMMENT]
    return comments[0].decode(errors="replace") if comments else ""
