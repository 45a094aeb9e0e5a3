"""ICC profiles: what a photograph's says of its codes, and the sRGB profile that pictures carry.

Codes stay as they are under a profile of primaries and curves; lookup tables mix the channels, so that codes under them
are converted. LittleCMS evaluates both.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
from PIL import ImageCms

from fullwell.color import D65, WORKING, Primaries, primaries, srgb_decode
from fullwell.image import Array, Camera

ADOBE_RGB = Primaries("Adobe RGB (1998)", (0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
SAME = 2e-3  # colorants, and light 0 to 1, this close are the same
ADOBE_GAMMA, WIDE_GAMMA = 563 / 256, 2.4
CICP = {1: "rec709", 9: "rec2020", 12: "p3"}  # primaries, of ITU-T H.273, as these:
HDR = {16: "pq", 18: "hlg"}  # transfer
ASSUMED = "sRGB (assumed)"


class Colour(NamedTuple):
    """What a photograph's profile says of its codes."""

    name: str = ASSUMED
    to_d50: Array | None = None  # None: Rec.709
    transfer: Array | None = None  # (levels, 3) light of each code, 0 to 1; None: as sRGB has it
    notes: tuple[str, ...] = ()
    convert: Callable[[Array], Array] | None = None  # decoded pixels to the codes that the rest is about
    scene_light: bool = False  # codes stand for the scene's light: no camera's curve came before
    camera: Camera | None = None  # whose primaries they are


@lru_cache(maxsize=8)
def read(icc: bytes | None, adobe_rgb: bool = False, levels: int = 256) -> Colour:
    """Name, primaries and transfer function from an ICC profile, else from what EXIF says."""
    if not icc:
        return (
            Colour(ADOBE_RGB.name + " (EXIF)", ADOBE_RGB.to_d50, _gamma(ADOBE_GAMMA, levels)) if adobe_rgb else Colour()
        )
    try:
        parsed = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile
        name = (parsed.profile_description or "").strip() or "unnamed profile"
        space = parsed.xcolor_space.strip()
        colorants = [c[0] for c in (parsed.red_colorant, parsed.green_colorant, parsed.blue_colorant) if c]
        if space == "RGB" and not (parsed.is_matrix_shaper and len(colorants) == 3):
            _to_wide(icc, np.zeros((1, 1, 3), np.uint8))  # whether it can be
            return _wide()._replace(name=name, convert=partial(_to_wide, icc))
    except (OSError, ImageCms.PyCMSError, imagecodecs.CmsError, ValueError, TypeError) as failed:
        return Colour(notes=(f"its colour profile is damaged, its colours are read as sRGB ({failed})",))
    if space != "RGB":
        return Colour()  # grey profiles say nothing about primaries
    to_d50 = np.array(colorants).T
    if not np.isfinite(to_d50).all() or abs(np.linalg.det(to_d50)) < 1e-6:
        note = f"its colour profile {name!r} makes no sense; its colours are read as sRGB"
        return Colour(name, notes=(note,))
    try:
        transfer = _transfer(icc, to_d50, levels)
    except (imagecodecs.CmsError, ValueError) as failed:
        return Colour(name, notes=(f"its colour profile {name!r} is damaged, its colours are read as sRGB ({failed})",))
    linear = transfer is not None and np.abs(transfer - np.linspace(0, 1, levels)[:, None]).max() < SAME
    return Colour(name, None if working(to_d50) == "rec709" else to_d50, transfer, scene_light=bool(linear))


def _transfer(icc: bytes, to_d50: Array, levels: int) -> Array | None:
    """(levels, 3) light of equal codes; None where it is that of sRGB. Raises ValueError for no curve."""
    ramp = np.linspace(0, 1, levels, dtype=np.float32)[:, None, None].repeat(3, axis=2)
    xyz = _cms(ramp, icc, _xyz(), outcolorspace="xyz", outdtype="float32")
    light = xyz.reshape(levels, 3).astype(np.float64) @ np.linalg.inv(to_d50).T
    if not np.isfinite(light).all() or (np.diff(light, axis=0) < -SAME).any() or (light[-1] < 0.5).any():
        raise ValueError("its curves do not rise")
    if np.abs(light - srgb_decode(ramp[:, 0])).max() < SAME / 10:
        return None
    return np.maximum.accumulate(np.maximum(light, 0.0), axis=0)


def _gamma(gamma: float, levels: int) -> Array:
    return (np.linspace(0, 1, levels)[:, None] ** gamma).repeat(3, axis=1)


def _to_wide(icc: bytes, pixels: Array) -> Array:
    """Pixels (h, w, 3 or 4) of any type to 16-bit codes under the wide profile, relative to the media's white."""
    rgb = np.ascontiguousarray(pixels[:, :, :3])
    if rgb.dtype.kind == "f":
        rgb = np.clip(rgb, 0, 1).astype(np.float32)
    return _cms(rgb, icc, _wide_profile(), outcolorspace="rgb", outdtype="uint16")


def _cms(rgb: Array, icc: bytes, target: bytes, **out: Any) -> Array:
    intent = imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC
    return np.asarray(imagecodecs.cms_transform(rgb, icc, target, colorspace="rgb", intent=intent, **out))


@cache
def _wide_profile() -> bytes:
    """Primaries of Rec.2020 under a gamma: what holds nearly every colour of surfaces."""
    p = WORKING["rec2020"]
    ends = [n for xy in (p.red, p.green, p.blue) for n in (*xy, 1.0)]
    return bytes(imagecodecs.cms_profile("rgb", whitepoint=(*p.white, 1.0), primaries=ends, gamma=WIDE_GAMMA))


def _wide() -> Colour:
    return read(_wide_profile(), levels=65536)


@cache
def _xyz() -> bytes:
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes())


def cicp_primaries(code: int) -> str:
    """Name of the working primaries of a code point of ITU-T H.273; others are read as Rec.709."""
    return CICP.get(code, "rec709")


def of_cicp(primaries: int) -> Colour:
    """What a code point of ITU-T H.273 says of primaries."""
    name = cicp_primaries(primaries)
    return Colour(f"{name} (CICP)", None if name == "rec709" else WORKING[name].to_d50)


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
