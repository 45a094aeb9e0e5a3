"""PNG: chunks read and written here, pixels by imagecodecs."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np

from fullwell.errors import InputError
from fullwell.image import Array
from fullwell.io import profile, signal
from fullwell.io import xmp as packets
from fullwell.io.header import Header

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.picture import Encoded
    from fullwell.io.rendition import HdrPicture

MAGIC = b"\x89PNG\r\n\x1a\n"
PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}  # what the decoder needs; it complains about some of the others
RECIPE, XMP = b"fullwell:recipe", b"XML:com.adobe.xmp"
MOST_TEXT = 16_000_000  # bytes of an inflated profile or text


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(kind, payload, the chunk itself) of every whole chunk."""
    at = len(MAGIC)
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if at + 12 + size > len(data):
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size], data[at : at + 12 + size]
        at += 12 + size


def read(path: Path) -> Header:
    """Size, EXIF, ICC. Raises InputError for what is truncated."""
    width = height = depth = kind = 0
    exif = icc = xmp = cicp = None
    notes: list[str] = []
    transparent = whole = False
    for name, payload, _ in _chunks(path.read_bytes()):
        if name == b"IHDR" and len(payload) == 13:
            width, height, depth, kind = struct.unpack(">IIBB", payload[:10])
        elif name == b"eXIf":
            exif = payload.removeprefix(b"Exif\0\0")
        elif name == b"iCCP":
            icc = _inflate(payload.partition(b"\0")[2][1:])
        elif name == b"iTXt" and payload.startswith(XMP + b"\0"):
            xmp = _text(payload)
        elif name == b"cICP" and len(payload) == 4:
            cicp = payload[0], payload[1]
        elif name == b"tRNS":
            transparent = True
        elif name == b"IEND":
            whole = True
    if not whole or not width:
        raise InputError(f"{path}: the PNG ends before its picture does (truncated); copy it again.")
    if transparent or kind in (4, 6):
        notes.append("its transparency is ignored")
    levels = 65536 if depth == 16 else 256
    colour = None if cicp is None else profile.of_cicp(cicp[0])  # which goes before the profile
    return Header(
        height, width, partial(decode, path), levels, exif, icc, tuple(notes), xmp=xmp, colour=colour, cicp=cicp
    )


def _text(payload: bytes) -> bytes | None:
    """The text of an iTXt chunk: behind keyword, compression flag and method, language and translated keyword."""
    _, _, rest = payload.partition(b"\0")
    text = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return _inflate(text) if rest[:1] == b"\1" else text


def _inflate(packed: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(packed, MOST_TEXT)
    except zlib.error:
        return None


def decode(path: Path) -> Array:
    """(h, w) or (h, w, channels) uint8 or uint16. Raises InputError for damage."""
    needed = [chunk for name, _, chunk in _chunks(path.read_bytes()) if name in PIXELS]
    if any(zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big") for chunk in needed):
        raise InputError(f"{path}: the PNG is damaged (wrong checksum); copy it again or leave it out.")
    try:
        return np.asarray(imagecodecs.png_decode(MAGIC + b"".join(needed)))
    except (imagecodecs.PngError, ValueError) as failed:
        raise InputError(f"{path}: the PNG is damaged ({failed}); copy it again or leave it out.") from None


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def write_picture(picture: Encoded, path: Path, encoding: Encoding) -> None:
    """8 or 16 bits, with profile, EXIF and the recipe as text."""
    extras = _chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(picture.icc))
    _write(picture.codes, path, extras, picture.exif, picture.xmp, picture.recipe)


def write_hdr(hdr: HdrPicture, path: Path, encoding: Encoding) -> None:
    """PQ or HLG in Rec.2020, 16 bits, as cICP says, with light levels and mastering display, EXIF, XMP and the recipe.

    Source: PNG, third edition, 11.3.2.6 to 11.3.2.8.
    """
    made = signal.encode(hdr, encoding, 16)
    extras = _chunk(b"cICP", bytes([signal.PRIMARIES, made.transfer, 0, 1]))
    extras += _chunk(b"mDCV", struct.pack(">8H2I", *made.mastering("rgb")))
    extras += _chunk(b"cLLI", struct.pack(">II", 10_000 * made.brightest, 10_000 * made.average))
    _write(made.codes, path, extras, made.exif, packets.of_result(made.meta), made.meta.recipe)


def _write(codes: Array, path: Path, extras: bytes, exif: bytes, packet: bytes, recipe: str) -> None:
    # Of 8 bits, level 6 costs three times the seconds for 4 % of the size; of 16 bits, 4 costs a third for 1 %.
    data = imagecodecs.png_encode(codes, level=4 if codes.dtype == np.uint8 else 1)
    for keyword, text in ((XMP, packet), (RECIPE, recipe.encode())):
        if text:
            extras += _chunk(b"iTXt", keyword + b"\0\0\0\0\0" + text)
    if exif:
        extras += _chunk(b"eXIf", exif)
    behind_ihdr = len(MAGIC) + 25
    path.write_bytes(data[:behind_ihdr] + extras + data[behind_ihdr:])


def read_recipe(path: Path) -> str:
    for name, payload, _ in _chunks(path.read_bytes()):
        if name == b"iTXt" and payload.startswith(RECIPE + b"\0"):
            return payload[len(RECIPE) + 5 :].decode(errors="replace")
    return ""
