"""JPEGs with a gain map as light: Ultra HDR (ISO 21496-1, or the older XMP) and the map of Apple's cameras.

The base picture in linear light is multiplied by what the map says, as on a display that is bright enough for all of
it; 1.0 is diffuse white.

Source: ISO 21496-1:2025, clauses 5 and C.2; Android's "Ultra HDR Image Format v1.1"; Apple, "Applying Apple HDR effect
to your photos", for the headroom of older files.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
from PIL import Image

from fullwell.color import srgb_decode
from fullwell.errors import InputError
from fullwell.image import Array, Metadata, Radiance, as_codes
from fullwell.io import exif, ifd, jpeg, profile
from fullwell.io.header import upright

ISO = jpeg.ISO_GAIN_MAP + b"\0"
SEVERAL_CHANNELS, BACKWARD = 0x80, 0x04  # flags of ISO 21496-1: a set of values each; the base is the HDR rendition
APPLE = b"urn:com:apple:photo:2020:aux:hdrgainmap"
APPLE_NOTE, APPLE_HEADROOM, APPLE_GAIN = 14, 0x21, 0x30  # where the maker note's directory begins, and its fields
NUMBER = r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"


class Terms(NamedTuple):
    """A code c, 0 to 1, means (base + below) * 2 ** (low + c ** (1 / gamma) * (high - low)) - above; each (3,)."""

    low: Array
    high: Array
    gamma: Array
    below: Array
    above: Array


def read_radiance(path: Path) -> Radiance:
    """The light of a JPEG with a gain map. Raises InputError for one without, and for damage."""
    header = jpeg.read(path).checked(str(path))
    data = path.read_bytes()
    for start in _behind(data):
        terms, segments = None, list(jpeg.segments(data[start:]))
        packets = [p[len(jpeg.XMP) :] for m, _, p in segments if m == jpeg.APP1 and p.startswith(jpeg.XMP)]
        binary = [p[len(ISO) :] for m, _, p in segments if m == jpeg.APP2 and p.startswith(ISO) and len(p) > 64]
        if any(APPLE in p for p in packets):
            light = _base(header.decode(), header.icc)
            gain = srgb_decode(_map(path, data[start:], light.shape[:2]))
            light = light * (1 + (_apple_headroom(header.exif, b"".join(packets)) - 1) * gain)
        elif binary or any(b"hdrgm:GainMapMax" in p for p in packets):
            terms = _binary(binary[0], path) if binary else _xmp(b"".join(packets).decode(errors="replace"), path)
            light = _base(header.decode(), header.icc)
            code = _map(path, data[start:], light.shape[:2])
            gain = terms.low + code ** (1 / terms.gamma) * (terms.high - terms.low)
            light = np.maximum((light + terms.below) * np.exp2(gain) - terms.above, 0)
        else:
            continue
        rgb = upright(light.astype(np.float32), exif.read(header.exif).orientation)
        name, rgb = profile.in_working_primaries(rgb, profile.read(header.icc).to_d50)
        return Radiance(rgb, name, meta=Metadata(header.exif, (str(path),), xmp=header.xmp, iptc=header.iptc))
    raise InputError(
        f"{path}: is no radiance file but a JPEG without a gain map; "
        "to merge photographs: fullwell make FRAMES... -o OUT."
    )


def _behind(data: bytes) -> list[int]:
    """Where the pictures behind the first begin."""
    starts: list[int] = []
    at = 0
    while True:
        end = next((offset for marker, offset, _ in jpeg.segments(data[at:]) if marker == jpeg.EOI), 0)
        at = data.find(b"\xff\xd8\xff", at + end) if end else -1
        if at < 0:
            return starts
        starts.append(at)


def _base(codes: Array, icc: bytes | None) -> Array:
    """Linear light (h, w, 3) float32 of the base picture, in its own primaries."""
    transfer = profile.read(icc).transfer
    if transfer is None:
        transfer = srgb_decode(np.arange(256) / 255)[:, None].repeat(3, axis=1)
    return np.asarray(transfer.astype(np.float32)[as_codes(codes), np.arange(3)])


def _map(path: Path, data: bytes, shape: tuple[int, int]) -> Array:
    """Codes of the map, 0 to 1, (h, w, 1 or 3) at the size of the picture."""
    try:
        codes = np.asarray(imagecodecs.jpeg8_decode(data))
    except imagecodecs.Jpeg8Error as failed:
        raise InputError(f"{path}: its gain map is damaged ({failed}); copy it again.") from None
    planes = codes[:, :, None] if codes.ndim == 2 else codes
    size = shape[1], shape[0]
    return np.stack(
        [
            np.asarray(Image.fromarray(p.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)) / np.float32(255)
            for p in np.moveaxis(planes, 2, 0)
        ],
        axis=2,
    )


# Metadata -------------------------------------------------------------------------------------------------------------


def _binary(data: bytes, path: Path) -> Terms:
    """ISO 21496-1, C.2.2."""
    try:
        (flags,) = struct.unpack_from(">B", data, 4)
        _refuse_backward(bool(flags & BACKWARD), path)
        sets = 3 if flags & SEVERAL_CHANNELS else 1
        pairs = struct.unpack_from(">" + "iI" * (2 + 5 * sets), data, 5)
        numbers = [a / b for a, b in zip(pairs[::2], pairs[1::2], strict=True)][2:]
    except (struct.error, ZeroDivisionError):
        raise InputError(f"{path}: the metadata of its gain map are damaged; copy it again.") from None
    values = np.array(numbers, np.float32).reshape(sets, 5).repeat(3 // sets, axis=0)
    return Terms(values[:, 0], values[:, 1], values[:, 2], values[:, 3], values[:, 4])


def _xmp(packet: str, path: Path) -> Terms:
    """The fields of Adobe's and Android's XMP, as attributes or as elements, one number or three."""

    def field(name: str, default: float) -> Array:
        found = re.search(rf'hdrgm:{name}="({NUMBER})"', packet)
        texts = [found[1]] if found else []
        if not found and (element := re.search(rf"<hdrgm:{name}>(.*?)</hdrgm:{name}>", packet, re.DOTALL)):
            texts = re.findall(rf">\s*({NUMBER})\s*<", f">{element[1]}<")
        numbers = [float(t) for t in texts] or [default]
        return np.array(numbers * 3 if len(numbers) == 1 else numbers[:3], np.float32)

    _refuse_backward('BaseRenditionIsHDR="True"' in packet, path)
    terms = Terms(
        field("GainMapMin", 0.0), field("GainMapMax", 1.0), field("Gamma", 1.0),
        field("OffsetSDR", 1 / 64), field("OffsetHDR", 1 / 64),
    )  # fmt: skip
    if any(t.shape != (3,) for t in terms) or not (terms.gamma > 0).all():
        raise InputError(f"{path}: the metadata of its gain map are damaged; copy it again.")
    return terms


def _refuse_backward(backward: bool, path: Path) -> None:
    if backward:
        raise InputError(f"{path}: its gain map leads down from an HDR picture, which cannot be read here.")


def _apple_headroom(block: bytes | None, packet: bytes) -> float:
    """Times diffuse white where the map is full: as the map's XMP says, else by Apple's formula from the maker note."""
    if said := re.search(rb'HDRGainMapHeadroom(?:="|>)(%b)' % NUMBER.encode(), packet):
        return max(float(said[1]), 1.0)
    fields = _apple_fields(block or b"")
    headroom, gain = fields.get(APPLE_HEADROOM, 0.0), fields.get(APPLE_GAIN, 0.0)
    if headroom < 1:
        stops = -20.0 * gain + 1.8 if gain <= 0.01 else -0.101 * gain + 1.601
    else:
        stops = -70.0 * gain + 3.0 if gain <= 0.01 else -0.303 * gain + 2.303
    return float(2.0 ** max(stops, 0.0))


def _apple_fields(block: bytes) -> dict[int, float]:
    """Numbers of an Apple maker note, whose offsets count from its own beginning."""
    try:
        camera = ifd.sub(block, ifd.directory(block, ifd.first(block))[0], exif.EXIF_IFD)
    except ValueError:
        return {}
    note = ifd.value(block, camera[exif.MAKER_NOTE]) if exif.MAKER_NOTE in camera else b""
    if not note.startswith(b"Apple iOS\0"):
        return {}
    note = b"MM\0*" + note[4:]
    entries = ifd.directory(note, APPLE_NOTE)[0]
    return {t: ifd.numbers(note, e)[0] for t, e in entries.items() if e.type in (ifd.RATIONAL, ifd.SRATIONAL)}
