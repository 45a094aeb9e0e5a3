"""Clipped highlights of RAW frames without a tint: a channel that is a lower bound may be more; it is taken for grey.

The channels of a sensor are full at the same count, which white balance turns into different amounts of light: what
clips all of them would become magenta.
"""

from __future__ import annotations

import numpy as np

from fullwell.image import CLIPPED_IN_ALL, Array

NEUTRAL = 1e-3  # channels of white that differ by less need nothing
AT_BOUND = 1 - 1e-5


def untint(rgb: Array, mask: Array, bound: Array, to_working: Array) -> None:
    """Raise clipped channels of rgb (h, w, 3) in place, to what a grey of the measured ones has, never below the bound.

    bound (3,) is the value of a clipped channel; to_working (3, 3) the matrix that balances white. Where a pixel's
    channels are all clipped, the highest of their bounds is the grey.
    """
    white = np.linalg.solve(to_working, np.ones(3))
    if np.ptp(white) < NEUTRAL * white.max() or (white <= 0).any():
        return
    at = np.nonzero(mask & CLIPPED_IN_ALL)
    if not at[0].size:
        return
    balanced = rgb[at] / white.astype(np.float32)
    clipped = rgb[at] >= (bound * AT_BOUND).astype(np.float32)
    measured = np.where(clipped, 0, balanced).sum(axis=1) / np.maximum((~clipped).sum(axis=1), 1)
    grey = np.where(clipped.all(axis=1), balanced.max(axis=1), measured)
    rgb[at] = np.where(clipped, np.maximum(balanced, grey[:, None]), balanced) * white.astype(np.float32)
