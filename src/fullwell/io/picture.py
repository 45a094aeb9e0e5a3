"""A finished picture as a file holds it: sRGB code values and the metadata beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fullwell.color import conversion
from fullwell.image import Array, Metadata, Picture, as_codes
from fullwell.io import exif, profile, xmp
from fullwell.kernels._jit import f
from fullwell.kernels.encode import encode_srgb


@dataclass(frozen=True)
class Encoded:
    """(h, w, 3) uint8 or uint16 sRGB code values, and what goes with them."""

    codes: Array
    icc: bytes
    exif: bytes
    recipe: str
    xmp: bytes = b""
    iptc: bytes | None = None


def encode(picture: Picture | Array, bits: int, meta: Metadata | None = None) -> Encoded:
    """Linear display light to sRGB codes (IEC 61966-2-1) of so many bits; integer arrays are codes already."""
    if isinstance(picture, Picture):
        codes: Array = np.empty(picture.rgb.shape, np.uint16 if bits == 16 else np.uint8)
        matrix = conversion(picture.primaries, "rec709").astype(np.float32)
        encode_srgb(picture.rgb, matrix, f((1 << bits) - 1), codes)
        meta = picture.meta
    else:
        codes, meta = as_codes(picture), meta or Metadata()
        if bits == 8 and codes.dtype == np.uint16:
            codes = ((codes.astype(np.uint32) + 128) // 257).astype(np.uint8)
        elif bits == 16 and codes.dtype == np.uint8:
            codes = codes.astype(np.uint16) * np.uint16(257)
    height, width, _ = codes.shape
    block = exif.of_result(meta, height, width)
    return Encoded(codes, profile.srgb(), block, meta.recipe, xmp.of_result(meta), meta.iptc)
