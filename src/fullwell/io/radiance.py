"""Radiance files back to Radiance, so that tone mapping can start from one."""

from __future__ import annotations

from pathlib import Path

from fullwell.errors import InputError
from fullwell.image import Radiance
from fullwell.io import formats

READERS = {"hdr": "hdr", "exr": "exr", "tiff": "tiff", "jpeg": "gainmap", "jxl": "jxl"}  # what it begins like -> codec
READERS |= dict.fromkeys(("png", "avif", "heif"), "signal")


def read_radiance(path: str | Path) -> Radiance:
    """Read .hdr, .exr, a float TIFF or JPEG XL, a JPEG with a gain map or a PQ or HLG picture, whatever it is called.

    NaN, infinities and negatives pass through. Of a gain map and of PQ and HLG, 1.0 is diffuse white.

    Raises InputError naming the file for what is damaged and for pictures, which are no radiance.
    """
    path = Path(path)
    name = formats.sniff(path)
    if name not in READERS:
        raise InputError(
            f"{path}: is no radiance file (.hdr, .exr, float .tif, a JPEG with a gain map, PQ or HLG); "
            "to merge photographs: fullwell make FRAMES... -o OUT."
        )
    radiance: Radiance = formats.codec(READERS[name]).read_radiance(path)
    return radiance
