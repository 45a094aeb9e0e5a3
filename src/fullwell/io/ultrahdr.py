"""Ultra HDR: a JPEG that every program shows, with a gain map that a bright display applies to it.

The base is the user's own picture. The map tells how many stops the HDR rendition lies above the base picture as it
decodes, so that what the base loses in coding is made up for. Both the metadata of ISO 21496-1 and the older XMP are
written; the container is CIPA's Multi-Picture Format (CIPA DC-007).

Source: ISO 21496-1:2025, clauses 5 and C.2; Android's "Ultra HDR Image Format v1.1" for XMP and container.
"""

from __future__ import annotations

import dataclasses
import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fullwell.color import primaries, srgb_decode
from fullwell.image import Array
from fullwell.io import ifd, jpeg, jpeg_strips, picture, rendition, xmp
from fullwell.io.rendition import HdrPicture
from fullwell.kernels._jit import f
from fullwell.kernels.gain_map import gain_map, gain_range

if TYPE_CHECKING:
    from fullwell.io.output import Encoding

OFFSET = 1 / 64  # of light on both sides of the ratio, so that black has a finite gain
DENOMINATOR = 1 << 20  # of the fractions that the metadata holds
HEADROOM = 16.0  # times diffuse white where no peak is asked for; a display with less applies part of the map
ISO = jpeg.ISO_GAIN_MAP + b"\0"
SAME_FOR_ALL_CHANNELS, IN_BASE_PRIMARIES = 0x00, 0x40  # flags of ISO 21496-1
VERSION, COUNT, ENTRIES = 0xB000, 0xB001, 0xB002  # fields of the Multi-Picture Format
PRIMARY, UNDEFINED = 0x030000, 0  # kinds of picture in it
ITEM = '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{}" Item:Mime="image/jpeg"{}/></rdf:li>'


class GainMap(NamedTuple):
    """Bytes (h / n, w / n, 1 or 3) from `low` to `high` stops, all of which a display with `headroom` stops applies."""

    codes: Array
    low: float
    high: float
    headroom: float


def write_hdr(hdr: HdrPicture, path: Path, encoding: Encoding) -> None:
    """The base picture with profile, EXIF, XMP, IPTC and recipe, and the gain map behind it."""
    assert hdr.base is not None  # as `write` made sure
    base = picture.encode(hdr.base, 8)
    encoded, shown = jpeg_strips.encode_and_decode(base.codes, encoding.quality)
    how = rendered(hdr, encoding)
    made = measured(shown, hdr.scene.rgb, how, encoding.gain_map_scale, encoding.gain_map)
    told = [(jpeg.APP1, jpeg.XMP + xmp.packet(of_map(made))), (jpeg.APP2, ISO + iso_21496(made))]
    behind = jpeg.joined(jpeg_strips.encode(made.codes, encoding.gain_map_quality), told)
    base = dataclasses.replace(base, xmp=xmp.of_result(hdr.base.meta, of_container(len(behind))))
    before = [*jpeg.described(base), (jpeg.APP2, ISO + bytes(4))]
    draft = jpeg.joined(encoded, [*before, (jpeg.APP2, multi_picture(0, 0, 0))])
    index = multi_picture(len(draft), len(behind), draft.index(b"MPF\0MM") + 4)
    path.write_bytes(jpeg.joined(encoded, [*before, (jpeg.APP2, index)]) + behind)


def rendered(hdr: HdrPicture, encoding: Encoding) -> rendition.Rendition:
    """The rendition that the map leads to, in the primaries of the base picture."""
    return rendition.rendition(hdr, "rec709", encoding.headroom(HEADROOM))


def measured(shown: Array, rgb: Array, how: rendition.Rendition, scale: int, channels: str) -> GainMap:
    """The gain map from the base picture as it decodes, (h, w, 3) uint8 sRGB, to this rendition of scene light."""
    h, w, _ = rgb.shape
    out = np.empty((-(-h // scale), -(-w // scale), 3 if channels == "rgb" else 1), np.uint8)
    of_codes = srgb_decode(np.arange(256) / 255)
    light, inverse = of_codes.astype(np.float32), (1 / (of_codes + OFFSET)).astype(np.float32)
    weights = primaries("rec709").luminance.astype(np.float32)
    given = shown, rgb, how.matrix, f(how.knee), f(how.bend), light, inverse, f(OFFSET), weights
    rows = np.empty((h, 2), np.float32)
    gain_range(*given, out.shape[2], rows)
    low = math.floor(math.log2(rows[:, 0].min()) * DENOMINATOR) / DENOMINATOR
    high = math.ceil(math.log2(rows[:, 1].max()) * DENOMINATOR) / DENOMINATOR
    high = max(high, low + 1 / 256)  # a flat map
    gain_map(*given, f(low), f((high - low) / 255), out)
    return GainMap(out, low, high, round(math.log2(how.headroom) * DENOMINATOR) / DENOMINATOR)


def of_map(made: GainMap) -> str:
    """The description in the gain map's XMP."""
    values = {
        "Version": "1.0", "BaseRenditionIsHDR": "False", "GainMapMin": made.low, "GainMapMax": made.high, "Gamma": 1.0,
        "OffsetSDR": OFFSET, "OffsetHDR": OFFSET, "HDRCapacityMin": 0.0, "HDRCapacityMax": made.headroom,
    }  # fmt: skip
    told = " ".join(f'hdrgm:{name}="{value}"' for name, value in values.items())
    return xmp.description("", hdrgm=told)


def of_container(size: int) -> str:
    """The description in the base picture's XMP: a gain map of so many bytes follows."""
    items = ITEM.format("Primary", "") + ITEM.format("GainMap", f' Item:Length="{size}"')
    inside = f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>"
    return xmp.description(inside, hdrgm='hdrgm:Version="1.0"', Container="", Item="")


def iso_21496(made: GainMap) -> bytes:
    """The binary metadata of ISO 21496-1, C.2.2: versions, flags, headrooms, one set of values for all channels.

    Every number is a numerator and a denominator.
    """
    numbers = (0.0, made.headroom, made.low, made.high, 1.0, OFFSET, OFFSET)
    packed = b"".join(struct.pack(">iI", round(n * DENOMINATOR), DENOMINATOR) for n in numbers)
    return struct.pack(">HHB", 0, 0, SAME_FOR_ALL_CHANNELS | IN_BASE_PRIMARIES) + packed


def multi_picture(first: int, second: int, at: int) -> bytes:
    """The index of two pictures of these sizes; the second begins behind the first, counted from byte `at` of the file.

    `at` is where the index's own TIFF header lies.
    """
    made = ifd.Builder(b"MM\0*\0\0\0\0")
    pictures = struct.pack(">IIIHH", PRIMARY, first, 0, 0, 0) + struct.pack(
        ">IIIHH", UNDEFINED, second, max(first - at, 0), 0, 0
    )
    fields = {VERSION: (ifd.UNDEFINED, b"0100"), COUNT: (ifd.LONG, [2]), ENTRIES: (ifd.UNDEFINED, pictures)}
    return b"MPF\0" + made.finish({tag: made.entry(*field) for tag, field in fields.items()})
