"""What was not used because it moved: a picture of each such frame, the scene in grey and what was left out in red."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fullwell import io
from fullwell.image import Array, Metadata, Picture, Radiance
from fullwell.io.picture import fitted
from fullwell.io.targets import MAP_MARK
from fullwell.report.contact_sheet import CELL, sheet
from fullwell.report.views import grey_scene

RED, CLEAR = np.array([0.8, 0.02, 0.02], np.float32), 0.4  # linear, and how much of the scene shows through it
GAMMA = np.float32(2.2)  # of what a display makes of grey


def write(radiance: Radiance, names: Sequence[str], path: str | Path) -> None:
    """Write the map of a merge whose frames have these names. Raises UsageError."""
    io.write(ghost_map(radiance, names), path, meta=Metadata(recipe=radiance.meta.recipe + MAP_MARK))


def ghost_map(radiance: Radiance, names: Sequence[str]) -> Array:
    """sRGB codes (h, w, 3) uint8; only the scene where nothing moved."""
    rejected = radiance.ghosts.rejected if radiance.ghosts else np.zeros(0)
    grey = fitted(Picture(np.repeat((grey_scene(radiance, 1) ** GAMMA)[..., None], 3, axis=2)), CELL)
    pictures = {}
    for k in map(int, np.flatnonzero(rejected)):
        unused = fitted(Picture(np.repeat(radiance.unused(k)[..., None], 3, axis=2)), CELL).rgb
        red = grey.rgb + unused * (1 - CLEAR) * (RED - grey.rgb)
        pictures[f"{Path(names[k]).name}: not used in {rejected[k]:.1%}"] = dataclasses.replace(grey, rgb=red)
    gave_up = radiance.ghosts is not None and bool(radiance.ghosts.misfits)
    return sheet(pictures or {"nothing left out: frames differ all over" if gave_up else "nothing moved": grey})
