"""The look of a picture in numbers: how light, how contrasty, how much of it white."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fullwell.color import lightness, srgb_encode
from fullwell.image import Picture

WHITE = 253.5  # of 255: what rounds to 254 or more


@dataclass(frozen=True)
class Look:
    """Mean and standard deviation of CIE L*, and the share of pixels with a channel at white."""

    mean: float
    deviation: float
    white: float


def look(picture: Picture | npt.ArrayLike) -> Look:
    """The look of a picture (h, w, 3), linear; what exceeds 1 counts as 1."""
    picture = Picture.of(picture)
    rgb = np.clip(picture.rgb, 0, 1)
    tones = lightness(rgb @ picture.luminance_weights)
    white = np.mean(srgb_encode(rgb.max(axis=2)) * 255 >= WHITE)
    return Look(float(tones.mean()), float(tones.std()), float(white))
