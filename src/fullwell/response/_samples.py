"""What a response is recovered from: codes at some places and the exposures of the frames; and curves that rise."""

from __future__ import annotations

import numpy as np

from fullwell.errors import ExposureError, InputError
from fullwell.image import Array, Bracket
from fullwell.progress import Progress
from fullwell.sampling import patches


def sample(bracket: Bracket, count: int, progress: Progress) -> tuple[Array, Array]:
    """Code values (n, frames, 3) uint8 at about `count` places, and the frames' relative exposures (frames,).

    Raises ExposureError where all exposures are equal and InputError where the frames do not overlap.
    """
    exposures = bracket.exposures
    if len(np.unique(np.round(np.log2(exposures), 3))) < 2:
        raise ExposureError(
            f"the response needs frames of at least two different exposures, got {len(exposures)} of one; "
            "pass a known one: --response srgb."
        )
    z = patches(bracket, count, progress)
    if not len(z):
        h, w = bracket.shape
        farthest = max(abs(s) for f in bracket for s in f.pose.shift_px)
        raise InputError(
            f"the frames do not overlap enough to find the response: they are {w} x {h} and shifted by up to "
            f"{farthest:.0f} pixels; pass a known one: --response srgb."
        )
    return np.rint(z).astype(np.uint8), exposures


def rising(curve: Array, middle: int) -> Array:
    """The curve made non-decreasing outwards from the middle, and 1 there."""
    up = np.maximum.accumulate(curve[middle:])
    down = np.minimum.accumulate(curve[middle::-1])[::-1]
    return np.concatenate([down[:-1], up]) / curve[middle]
