"""Radiance files back to Radiance, so that tone mapping can start from one."""

from __future__ import annotations

from pathlib import Path

from fullwell.errors import InputError
from fullwell.image import Radiance
from fullwell.io import formats


def read_radiance(path: str | Path) -> Radiance:
    """Read .hdr, .exr or a float TIFF, whatever it is called. NaN, infinities and negatives pass through.

    Raises InputError naming the file for what is damaged and for pictures, which are no radiance.
    """
    path = Path(path)
    name = formats.sniff(path)
    if name not in ("hdr", "exr", "tiff"):
        raise InputError(
            f"{path}: is no radiance file (.hdr, .exr or float .tif); "
            "to merge photographs: fullwell make FRAMES... -o OUT."
        )
    radiance: Radiance = formats.codec(name).read_radiance(path)
    return radiance
