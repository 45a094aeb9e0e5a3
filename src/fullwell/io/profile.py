"""ICC profiles: the primaries of a photograph's, and the sRGB profile that pictures carry."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import ImageCms

from fullwell.color import D65, WORKING, Primaries, primaries
from fullwell.image import Array

ADOBE_RGB = Primaries("Adobe RGB (1998)", (0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
SAME = 2e-3  # colorants this close are the same
ASSUMED = "sRGB (assumed)"


class Colour(NamedTuple):
    """What a photograph's profile says of its primaries."""

    name: str = ASSUMED
    to_d50: Array | None = None  # None: Rec.709
    notes: tuple[str, ...] = ()


def read(icc: bytes | None, adobe_rgb: bool = False) -> Colour:
    """Name and primaries from an ICC profile, else from what EXIF says. Tone curves are left to the response."""
    if not icc:
        return Colour(ADOBE_RGB.name + " (EXIF)", ADOBE_RGB.to_d50) if adobe_rgb else Colour()
    try:
        parsed = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile
        name = (parsed.profile_description or "").strip() or "unnamed profile"
        space = parsed.xcolor_space.strip()
        colorants = [c[0] for c in (parsed.red_colorant, parsed.green_colorant, parsed.blue_colorant) if c]
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError) as failed:
        return Colour(notes=(f"its colour profile is damaged, its colours are read as sRGB ({failed})",))
    if space != "RGB":
        return Colour()  # grey profiles say nothing about primaries
    if not parsed.is_matrix_shaper or len(colorants) < 3:
        note = f"its colour profile {name!r} has lookup tables; its colours are read with the primaries of sRGB"
        return Colour(name, None, (note,))
    to_d50 = np.array(colorants).T
    if not np.isfinite(to_d50).all() or abs(np.linalg.det(to_d50)) < 1e-6:
        return Colour(name, None, (f"its colour profile {name!r} makes no sense; its colours are read as sRGB",))
    return Colour(name, None if working(to_d50) == "rec709" else to_d50)


def of_chromaticities(xy: Sequence[float]) -> Array | None:
    """The colorants of red, green, blue and white, 8 numbers; None for numbers that are no primaries."""
    if len(xy) != 8:
        return None
    pairs = list(zip(xy[::2], xy[1::2], strict=True))
    try:
        to_d50 = Primaries("given", *pairs).to_d50
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    return to_d50 if np.isfinite(to_d50).all() and abs(np.linalg.det(to_d50)) > 1e-6 else None


def working(to_d50: Array | None) -> str | None:
    """The working primaries with these colorants, if there are any."""
    if to_d50 is None:
        return None
    return next((p.name for p in WORKING.values() if np.abs(p.to_d50 - to_d50).max() < SAME), None)


def in_working_primaries(rgb: Array, to_d50: Array | None) -> tuple[str, Array]:
    """Name and pixels: as they are in working primaries, converted to Rec.709 in others, taken for it in None."""
    if to_d50 is None:
        return "rec709", rgb
    if name := working(to_d50):
        return name, rgb
    matrix = np.linalg.solve(primaries("rec709").to_d50, to_d50)
    with np.errstate(invalid="ignore", over="ignore"):  # infinities pass through, some as NaN
        return "rec709", rgb @ matrix.T.astype(np.float32)


@cache
def srgb() -> bytes:
    """The sRGB profile of finished pictures, without the time of its making."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[24:36] = bytes.fromhex("07ce 0002 0009 0006 0031 0000")  # the date is that of the sRGB standard's own profile
    made[84:100] = bytes(16)  # no profile ID
    return bytes(made)
