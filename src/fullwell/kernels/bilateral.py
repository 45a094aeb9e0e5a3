"""Brute-force bilateral filter of one plane, for radii of a few pixels."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import prange

from fullwell.kernels._jit import f, kernel
from fullwell.kernels.vecmath import exp2f

Plane = npt.NDArray[np.float32]


@kernel()
def bilateral_taps(padded, dy, dx, space, sharpness, out):
    """Weighted mean over taps (dy, dx), weight space * 2 ** (-sharpness * difference ** 2), into out (h, w)."""
    h, w = out.shape
    for y in prange(h):
        top, norm = np.zeros(w, np.float32), np.zeros(w, np.float32)
        radius = (padded.shape[0] - h) // 2
        centre = padded[y + radius, radius : radius + w]
        for k in range(dy.size):
            start = radius + dx[k]
            row = padded[y + radius + dy[k], start : start + w]
            near = space[k]
            for x in range(w):
                d = row[x] - centre[x]
                weight = near * exp2f(-sharpness * d * d)
                top[x] += weight * row[x]
                norm[x] += weight
        res = out[y]
        for x in range(w):
            res[x] = top[x] / norm[x]


def bilateral(plane: Plane, sigma_range: float, sigma_space: float) -> Plane:
    """Bilateral filter of plane (h, w) float32 over a disc of radius 1.5 sigma_space, reflected at the borders.

    A sigma that is not above 0 counts as 1. `sigma_range` is in units of the plane, `sigma_space` in pixels.
    """
    sigma_range, sigma_space = (s if s > 0 else 1.0 for s in (sigma_range, sigma_space))
    radius = max(round(1.5 * sigma_space), 1)
    dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1].reshape(2, -1)
    inside = dy**2 + dx**2 <= radius**2
    dy, dx = dy[inside], dx[inside]
    space = np.exp(-(dy**2 + dx**2) / (2 * sigma_space**2)).astype(np.float32)
    out = np.empty_like(plane)
    sharpness = f(math.log2(math.e) / (2 * sigma_range**2))
    bilateral_taps(np.pad(plane, radius, mode="reflect"), dy, dx, space, sharpness, out)
    return out
