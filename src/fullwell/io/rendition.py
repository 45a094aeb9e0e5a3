"""Which light of the scene becomes which light of a bright display: one rendition for every HDR picture format.

Light is shown as it is: proportional to the radiance, diffuse white at 1.0 (203 cd/m2 in formats of absolute light, as
ITU-R BT.2408 says), up to half of the headroom in stops. Above that it rolls off so that the brightest thing in the
scene meets the peak; where nothing exceeds the peak, nothing rolls off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fullwell.color import MIDDLE_GREY, conversion
from fullwell.errors import InputError
from fullwell.image import Array, Picture, Radiance
from fullwell.kernels._jit import f
from fullwell.kernels.encode import brightest_channel, display_light
from fullwell.kernels.histogram import LogStats

MIDTONES = 0.05, 0.5  # display light of the base picture that anchors the rendition
LOOKED_AT = 1_000_000  # pixels
NEVER = f(2.0**100)  # a knee that nothing reaches


@dataclass(frozen=True, eq=False)
class HdrPicture:
    """A picture for displays brighter than paper white: the scene's light, and the picture `base` for other displays.

    The radiance `white` is shown as diffuse white, the 1.0 of the base picture.
    """

    scene: Radiance
    base: Picture | None
    white: float

    def __post_init__(self) -> None:
        if self.base is not None and self.base.rgb.shape != self.scene.rgb.shape:
            raise InputError(
                f"HDR picture: radiance and base picture must have one size, got {self.scene.rgb.shape[:2]} and "
                f"{self.base.rgb.shape[:2]}."
            )
        if not (math.isfinite(self.white) and self.white > 0):
            raise InputError(f"HDR picture: diffuse white must be a radiance above 0, got {self.white:g}.")


def hdr_picture(scene: Radiance, base: Picture | None = None, white: float | None = None) -> HdrPicture:
    """Radiance and the picture made of it, with the radiance that is shown as diffuse white.

    Where `white` is not given, it is the one that gives the midtones of both renditions the same light: the median
    ratio of luminances where the base picture shows 0.05 to 0.5. Without a base picture or without midtones, grey of
    the scene's log-average luminance becomes 0.18.
    """
    if white is None:
        white = _matched(scene, base) if base is not None else None
    if white is None:
        log = LogStats(scene.rgb, scene.luminance_weights)  # type: ignore[no-untyped-call]
        white = 2.0**log.mean_log2 / MIDDLE_GREY
    return HdrPicture(scene, base, white)


def _matched(scene: Radiance, base: Picture) -> float | None:
    step = math.ceil(math.sqrt(scene.rgb.shape[0] * scene.rgb.shape[1] / LOOKED_AT))
    shown = base.rgb[::step, ::step] @ base.luminance_weights
    light = scene.rgb[::step, ::step] @ scene.luminance_weights
    counts = (shown > MIDTONES[0]) & (shown < MIDTONES[1]) & (light > 0) & np.isfinite(light)
    return float(np.exp2(np.median(np.log2(light[counts] / shown[counts])))) if counts.any() else None


class Rendition(NamedTuple):
    """Scene light to display light: `matrix`, then highlights from `knee` on bent; `headroom` is what is reached.

    Knee and headroom are multiples of diffuse white.
    """

    matrix: Array  # (3, 3) float32
    knee: float
    bend: float
    headroom: float


def rendition(hdr: HdrPicture, primaries: str, peak: float) -> Rendition:
    """The rendition in these primaries on a display whose peak is so many times diffuse white."""
    matrix = (conversion(hdr.scene.primaries, primaries) / hdr.white).astype(np.float32)
    rows = np.empty(len(hdr.scene.rgb), np.float32)
    brightest_channel(hdr.scene.rgb, matrix, rows)
    brightest = float(rows.max())
    if brightest <= peak:
        return Rendition(matrix, float(NEVER), 0.0, max(brightest, 1.0))
    knee = math.sqrt(peak)
    return Rendition(matrix, knee, 1 / math.log2(peak / knee) - 1 / math.log2(brightest / knee), peak)


def light(hdr: HdrPicture, how: Rendition) -> Array:
    """Display light, (h, w, 3) float32, 1.0 being diffuse white."""
    out = np.empty_like(hdr.scene.rgb)
    display_light(hdr.scene.rgb, how.matrix, f(how.knee), f(how.bend), out)
    return out
