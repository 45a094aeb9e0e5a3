"""Boxes of a radiance image as numbers: mean luminance, its deviation, and what was clipped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from fullwell.errors import UsageError
from fullwell.image import CLIPPED_IN_ALL, Radiance


@dataclass(frozen=True)
class Region:
    """A box in pixels of the result, from its top left corner."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def of(cls, text: str) -> Region:
        """From `X,Y,W,H`. Raises UsageError for anything else."""
        found = re.fullmatch(r"(\d+),(\d+),(\d+),(\d+)", re.sub(r"\s", "", text))
        if found is None or 0 in (int(found[3]), int(found[4])):
            raise UsageError(
                f"region: must look like X,Y,WIDTH,HEIGHT in pixels, for example 600,380,40,40, got {text!r}."
            )
        return cls(*map(int, found.groups()))

    def check(self, height: int, width: int) -> None:
        """Raises UsageError for a box that is not wholly inside the image."""
        if self.x + self.width > width or self.y + self.height > height:
            raise UsageError(
                f"region: must lie inside the image, which is {width} x {height} pixels counted from 0,0 at the top "
                f"left, got {self.x},{self.y},{self.width},{self.height}."
            )

    def measure(self, scene: Radiance) -> dict[str, Any]:
        """Mean and standard deviation of luminance in cd/m2, or in the unit of the image where that is not known."""
        self.check(*scene.rgb.shape[:2])
        box = np.s_[self.y : self.y + self.height, self.x : self.x + self.width]
        luminance = (scene.rgb[box] @ scene.luminance_weights).astype(np.float64) * (scene.cd_m2 or 1.0)
        clipped = 0.0 if scene.mask is None else np.count_nonzero(scene.mask[box] & CLIPPED_IN_ALL) / luminance.size
        return {
            "x": self.x,
            "y": self.y,
            "width": self.width,
            "height": self.height,
            "mean": float(luminance.mean()),
            "deviation": float(luminance.std()),
            "unit": "cd/m2" if scene.cd_m2 else "relative",
            "luminance": scene.luminance_kind,
            "clipped": float(clipped),
        }


def told(measured: dict[str, Any]) -> str:
    """One line for people."""
    m = measured
    unit = f"cd/m2 ({m['luminance']})" if m["luminance"] else "(relative)"
    clipped = f", {m['clipped']:.1%} clipped: a lower bound" if m["clipped"] else ""
    box = f"{m['x']},{m['y']},{m['width']},{m['height']}"
    return f"region {box}: {m['mean']:.4g} +- {m['deviation']:.2g} {unit}{clipped}"
