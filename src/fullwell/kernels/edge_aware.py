"""Edge-aware smoothing: the bilateral filter by a bilateral grid, whose cost falls as the filter widens.

Source: S. Paris, F. Durand, "A Fast Approximation of the Bilateral Filter using a Signal Processing Approach",
ECCV 2006; J. Chen, S. Paris, F. Durand, "Real-time Edge-Aware Image Processing with the Bilateral Grid", SIGGRAPH 2007.
A pixel is a point in a coarse volume (y, x, value); the volume holds sums of values and of counts, is blurred by a
Gaussian along its three axes and read back between its nodes.
Differs from the papers: two nodes per sigma instead of one, values are shared between two nodes along the value axis,
and the blur leaves out what sampling and interpolation blur by themselves. Measured against the exact filter on the
log10 luminance of three photographs, range sigma 0.4: mean error at most 0.003 and largest 0.041; with one node per
sigma 0.008 and 0.19.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, kernel

NODES_PER_SIGMA = 2.0


def bilateral(image, sigma_space, sigma_range, low, high):
    """Bilateral filter with Gaussian weights of an image (h, w) float32; a new array.

    `sigma_space` is in pixels, `sigma_range` in the image's unit; `low` and `high` bound the image's values: what lies
    outside counts as the bound.
    """
    h, w = image.shape
    step = max(sigma_space / NODES_PER_SIGMA, 1.0)
    step_range = sigma_range / NODES_PER_SIGMA
    shape = (math.ceil((h - 1) / step) + 2, math.ceil((w - 1) / step) + 2, math.ceil((high - low) / step_range) + 2, 2)
    grid = np.zeros(shape, np.float32)
    splat(image, f(step), f(low), f(high), f(1 / step_range), grid)
    # Nearest node: variance 1/12 of a step; linear interpolation, here and there: 1/6.
    space = (sigma_space / step) ** 2 - 1 / 12 - 1 / 6
    for axis, variance in enumerate((space, space, NODES_PER_SIGMA**2 - 1 / 6 - 1 / 6)):
        grid = _blurred(grid, variance, axis)
    base = np.empty_like(image)
    slice_(image, grid, f(1 / step), f(low), f(high), f(1 / step_range), base)
    return base


def _blurred(grid, variance, axis):
    """Convolve along one axis with a sampled Gaussian cut at 3.5 sigma; the volume is small and needs no kernel."""
    sigma = math.sqrt(max(variance, 0.0))
    taps = np.exp(-0.5 * (np.arange(math.ceil(3.5 * sigma) + 1) / max(sigma, 1e-3)) ** 2)
    taps = (taps / (2 * taps.sum() - taps[0])).astype(np.float32)
    out = grid * taps[0]
    source, target = np.moveaxis(grid, axis, 0), np.moveaxis(out, axis, 0)
    for d in range(1, min(len(taps), len(source))):
        target[d:] += taps[d] * source[:-d]
        target[:-d] += taps[d] * source[d:]
    return out


@kernel()
def splat(image, step, low, high, per_range, grid):
    """Add every pixel to the nearest node along y and x and to the two around its value."""
    h, w = image.shape
    for gy in prange(grid.shape[0]):  # a row of nodes gathers its own pixel rows
        nodes = grid[gy]
        first = max(int(np.ceil((f(gy) - f(0.5)) * step)), 0)
        last = min(int(np.ceil((f(gy) + f(0.5)) * step)), h)
        for y in range(first, last):
            row, start = image[y], 0
            for gx in range(grid.shape[1]):
                stop = min(int(np.ceil((f(gx) + f(0.5)) * step)), w)
                cell = nodes[gx]
                for x in range(start, stop):
                    value = min(max(row[x], low), high)
                    place = (value - low) * per_range
                    k = int(place)
                    t = place - f(k)
                    cell[k, 0] += (f(1) - t) * value
                    cell[k, 1] += f(1) - t
                    cell[k + 1, 0] += t * value
                    cell[k + 1, 1] += t
                start = stop


@kernel()
def slice_(image, grid, per_step, low, high, per_range, out):
    """The mean at every pixel's own place in the volume, interpolated between the eight nodes around it."""
    h, w = image.shape
    gw, gr = grid.shape[1], grid.shape[2]
    for y in prange(h):
        gy = int(f(y) * per_step)
        t = f(y) * per_step - f(gy)
        above, below = grid[gy].reshape(-1), grid[gy + 1].reshape(-1)
        plane = np.empty(2 * gr * gw, np.float32)  # the nodes between which this row lies, one value each
        for k in range(plane.size):
            plane[k] = above[k] + t * (below[k] - above[k])
        row, res = image[y], out[y]
        for x in range(w):
            gx = int(f(x) * per_step)
            u = f(x) * per_step - f(gx)
            place = (min(max(row[x], low), high) - low) * per_range
            k = int(place)
            v = place - f(k)
            i, j = 2 * (gx * gr + k), 2 * (gx * gr + gr + k)
            total = (f(1) - u) * ((f(1) - v) * plane[i] + v * plane[i + 2])
            total += u * ((f(1) - v) * plane[j] + v * plane[j + 2])
            count = (f(1) - u) * ((f(1) - v) * plane[i + 1] + v * plane[i + 3])
            count += u * ((f(1) - v) * plane[j + 1] + v * plane[j + 3])
            res[x] = total / count
