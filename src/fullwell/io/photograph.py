"""A photograph as a camera writes it: JPEG with the exposure in its EXIF. For simulated cameras and tests."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from fullwell.image import Array, Exposure
from fullwell.io import exif


def write_photograph(codes: Array, path: str | Path, exposure: Exposure, quality: int = 95) -> None:
    """Write code values (h, w, 3) uint8 and what the camera was set to; EXIF holds times as fractions of a second."""
    block = Image.Exif()
    block[0x010F], block[0x0110] = "Fullwell", "Simulated camera"
    camera = block.get_ifd(exif.EXIF_IFD)
    for tag, value in ((exif.EXPOSURE_TIME, exposure.time_s), (exif.F_NUMBER, exposure.f_number)):
        if value is not None:
            ratio = Fraction(value).limit_denominator(100000)
            camera[tag] = IFDRational(ratio.numerator, ratio.denominator)
    if exposure.iso is not None:
        camera[exif.ISO] = round(exposure.iso)
    Image.fromarray(codes).save(path, "JPEG", quality=quality, subsampling=0, exif=block)
