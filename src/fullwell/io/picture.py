"""A finished picture as a file holds it: sRGB code values and the metadata beside them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from fullwell.color import conversion, srgb_decode
from fullwell.image import Array, Metadata, Picture, Radiance, as_codes, widened
from fullwell.io import exif, profile, xmp
from fullwell.io.rendition import HdrPicture
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
    meta: Metadata = field(default_factory=Metadata)


def encode(picture: Picture | Array, bits: int, meta: Metadata | None = None, long_edge: int = 0) -> Encoded:
    """Linear display light to sRGB codes (IEC 61966-2-1) of so many bits; integer arrays are codes already.

    What is longer than `long_edge` pixels is made smaller; 0 keeps the size.
    """
    if isinstance(picture, np.ndarray) and 0 < long_edge < max(picture.shape[:2]):
        light = srgb_decode(as_codes(picture) / np.iinfo(picture.dtype).max)
        picture = Picture(light.astype(np.float32), meta=meta or Metadata())
    if isinstance(picture, Picture):
        picture = fitted(picture, long_edge)
        codes: Array = np.empty(picture.rgb.shape, np.uint16 if bits == 16 else np.uint8)
        matrix = conversion(picture.primaries, "rec709").astype(np.float32)
        encode_srgb(picture.rgb, matrix, f((1 << bits) - 1), codes)
        meta = picture.meta
    else:
        codes, meta = as_codes(picture), meta or Metadata()
        if bits == 8 and codes.dtype == np.uint16:
            codes = ((codes.astype(np.uint32) + 128) // 257).astype(np.uint8)
        elif bits == 16 and codes.dtype == np.uint8:
            codes = widened(codes)
    height, width, _ = codes.shape
    block = exif.of_result(meta, height, width)
    return Encoded(codes, profile.srgb(), block, meta.recipe, xmp.of_result(meta), meta.iptc, meta)


Kind = TypeVar("Kind", Picture, Radiance)


def fitted(image: Kind, long_edge: int) -> Kind:
    """The image with its longer side at most so many pixels long; 0 and small ones: as it is.

    Light is averaged, in linear, under a Hamming window one target pixel wide: sharper than a box, and unlike Lanczos
    or bicubic without negative lobes, which draw dark lines around lamps in linear light.
    """
    h, w, _ = image.rgb.shape
    if not 0 < long_edge < max(h, w):
        return image
    scale = long_edge / max(h, w)
    size = max(1, round(w * scale)), max(1, round(h * scale))
    planes = [Image.fromarray(np.ascontiguousarray(image.rgb[:, :, c])) for c in range(3)]
    small = [np.asarray(p.resize(size, Image.Resampling.HAMMING)) for p in planes]
    changes: dict[str, Any] = {"mask": None} if isinstance(image, Radiance) else {}
    return dataclasses.replace(image, rgb=np.stack(small, axis=2), **changes)


def fitted_hdr(hdr: HdrPicture, long_edge: int) -> HdrPicture:
    """The same of an HDR picture."""
    base = fitted(hdr.base, long_edge) if hdr.base else None
    return dataclasses.replace(hdr, scene=fitted(hdr.scene, long_edge), base=base)
