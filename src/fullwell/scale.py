"""Scale: what the number 1.0 of a radiance image stands for, and what it is in cd/m2.

A merge says 1.0 for what the middle exposure records as white, and knows how that stands to absolute exposure and, by
the settings, to luminance. Here the numbers are put on another scale, and a meter reading takes the place of the
settings. Source of the nominal luminance: ISO 2720, see `Bracket.nominal_cd_m2`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass

import numpy as np

from fullwell.errors import ParameterError, UsageError
from fullwell.image import CLIPPED_IN_ALL, Radiance
from fullwell.params import Operator, param

READING = "X,Y,RADIUS=CD_M2, for example 640,400,20=85"


@dataclass(frozen=True)
class Reading:
    """What a luminance meter said of a round spot: centre and radius in pixels, cd/m2."""

    x: int
    y: int
    radius: int
    cd_m2: float

    @classmethod
    def of(cls, text: str) -> Reading:
        """From `X,Y,RADIUS=CD_M2`. Raises UsageError for anything else, and for luminance that is not above 0."""
        found = re.fullmatch(r"(\d+),(\d+),(\d+)=([-+.\deE]+)", re.sub(r"\s", "", text))
        try:
            cd_m2 = float(found[4]) if found else math.nan
        except ValueError:
            cd_m2 = math.nan
        if found is None or math.isnan(cd_m2):
            raise UsageError(f"calibrate: a meter reading must look like {READING}, got {text!r}.")
        if not 0 < cd_m2 < math.inf:
            raise UsageError(f"calibrate: a meter reading must be above 0 cd/m2, got {cd_m2:g}.")
        return cls(int(found[1]), int(found[2]), int(found[3]), cd_m2)

    def check(self, height: int, width: int) -> None:
        """Raises UsageError for a spot that is not wholly inside the image."""
        if not self.radius <= self.x < width - self.radius or not self.radius <= self.y < height - self.radius:
            raise UsageError(
                f"calibrate: the spot must lie inside the image, which is {width} x {height} pixels counted from 0,0 "
                f"at the top left, got {self.x},{self.y} with a radius of {self.radius}."
            )

    def mean(self, scene: Radiance) -> float:
        """Mean luminance of the spot in the unit of the image. Raises UsageError where the spot was not measured."""
        self.check(*scene.rgb.shape[:2])
        r = self.radius
        box = np.s_[self.y - r : self.y + r + 1, self.x - r : self.x + r + 1]
        dy, dx = np.ogrid[-r : r + 1, -r : r + 1]
        inside = dy**2 + dx**2 <= r**2
        if scene.mask is not None and (unmeasured := scene.mask[box][inside]).any():
            clipped = bool((unmeasured & CLIPPED_IN_ALL).any())
            raise UsageError(
                f"calibrate: {np.count_nonzero(unmeasured) / inside.sum():.0%} of the spot at {self.x},{self.y} is "
                f"{'clipped' if clipped else 'black'} in every frame; choose another spot, or add a "
                f"{'shorter' if clipped else 'longer'} exposure."
            )
        mean = float(np.mean((scene.rgb[box][inside] @ scene.luminance_weights).astype(np.float64)))
        if not 0 < mean < math.inf:
            raise UsageError(f"calibrate: the spot at {self.x},{self.y} holds no light, mean {mean:g}; choose another.")
        return mean


@dataclass(frozen=True, kw_only=True)
class Scale(Operator):
    """Radiance to the same radiance in other units, with its luminance known better."""

    id = "scale"
    family = "scale"
    title = "Scale of the radiance"
    cite = "ISO 2720"

    factor: float = param(
        1.0, lo=1e-12, hi=1e12, soft=(0.1, 10.0), scale="log", help="All numbers are multiplied by this at the end."
    )
    to_absolute: float = param(
        0.0, lo=0.0, hi=1e30, help="What a number is multiplied by to be 1 / (s * ISO / 100 / f-number squared); "
        "0 makes 1.0 what the middle exposure records as white.",
    )  # fmt: skip
    constant: float = param(
        0.0, lo=0.0, hi=1e30, help="Luminance in cd/m2 of a number times to_absolute, from a calibration; "
        "0 takes it from the settings, as nominal.",
    )  # fmt: skip
    calibrate: str = param("", help="A meter reading of a round spot of the result, in pixels: X,Y,RADIUS=CD_M2.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.constant and self.calibrate:
            raise ParameterError("scale: constant and calibrate say the same; give one of them.")
        if self.calibrate:
            Reading.of(self.calibrate)

    def check(self, height: int, width: int) -> None:
        """Raises UsageError for a meter reading outside an image of this size."""
        if self.calibrate:
            Reading.of(self.calibrate).check(height, width)

    def __call__(self, scene: Radiance) -> Radiance:
        """Raises UsageError where the meter's spot is clipped, black or outside."""
        if self.calibrate:
            reading = Reading.of(self.calibrate)
            scene = dataclasses.replace(scene, cd_m2=reading.cd_m2 / reading.mean(scene), calibrated=True)
        elif self.constant and scene.to_absolute:
            scene = dataclasses.replace(scene, cd_m2=self.constant * scene.to_absolute, calibrated=True)
        if self.to_absolute:
            if not scene.to_absolute:
                raise UsageError("scale: the image does not say how it stands to absolute exposure.")
            scene = scene.scaled(scene.to_absolute / self.to_absolute)
        return scene.scaled(self.factor)


def like(scene: Radiance, name: str) -> dict[str, float]:
    """Values of `Scale` that put another bracket on the scale of this image, and on its calibration if it has one.

    Raises UsageError naming the image where it does not say how it stands to absolute exposure.
    """
    if not scene.to_absolute:
        raise UsageError(
            f"{name}: does not say how its numbers stand to time, ISO and f-number, so nothing can be put on its "
            "scale; name an .exr, .hdr or radiance .tif that Fullwell wrote."
        )
    values = {"to_absolute": scene.to_absolute}
    if scene.calibrated and scene.cd_m2:
        values["constant"] = scene.cd_m2 / scene.to_absolute
    return values
