"""Gain maps: how many stops the bright rendition lies above the base picture (ISO 21496-1, clause 5)."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.encode import display_row
from fullwell.kernels.vecmath import log2f


@inline
def ratios(row, code, matrix, knee, bend, base, inverse, offset, weights, single, out):
    """(display light + offset) / (base light + offset) of a row's channels, or of its luminances, in `out`, (3 w,).

    `row` (3 w,) is scene light and `code` (3 w,) uint8 the base picture, `base` (256,) the light of its codes and
    `inverse` (256,) 1 / (base + offset).
    """
    w = row.size // 3
    display_row(row, matrix, knee, bend, out)
    if single:
        wr, wg, wb = weights[0], weights[1], weights[2]
        for x in range(w):
            below = wr * base[code[3 * x]] + wg * base[code[3 * x + 1]] + wb * base[code[3 * x + 2]]
            above = wr * out[3 * x] + wg * out[3 * x + 1] + wb * out[3 * x + 2]
            out[x] = (above + offset) / (below + offset)
    else:
        for i in range(3 * w):  # apart from the loop above, which vectorises without the look-up
            out[i] = (out[i] + offset) * inverse[code[i]]


@kernel()
def gain_range(codes, rgb, matrix, knee, bend, base, inverse, offset, weights, channels, out):
    """Smallest and largest ratio in each row, (h, 2) float32, of 3 channels or of 1; arguments as of `ratios`."""
    h, w = codes.shape[0], codes.shape[1]
    for y in prange(h):
        found = np.empty(3 * w, np.float32)
        row, code = rgb[y].reshape(3 * w), codes[y].reshape(3 * w)
        ratios(row, code, matrix, knee, bend, base, inverse, offset, weights, channels == 1, found)
        low, high = found[0], found[0]
        for i in range(channels * w):
            low, high = min(low, found[i]), max(high, found[i])
        out[y, 0], out[y, 1] = low, high


@kernel()
def gain_map(codes, rgb, matrix, knee, bend, base, inverse, offset, weights, low, step, out):
    """Gains to bytes: 0 is `low` stops, each more is `step` stops; out (h / n, w / n, 1 or 3) holds means of n x n."""
    h, w = codes.shape[0], codes.shape[1]
    rows, columns, channels = out.shape
    n = (h + rows - 1) // rows
    for y in prange(rows):
        found, gains = np.empty(3 * w, np.float32), np.zeros(channels * w, np.float32)
        size = min(n, h - n * y)
        for k in range(n * y, n * y + size):
            row, code = rgb[k].reshape(3 * w), codes[k].reshape(3 * w)
            ratios(row, code, matrix, knee, bend, base, inverse, offset, weights, channels == 1, found)
            for i in range(channels * w):
                gains[i] += log2f(found[i])
        res = out[y].reshape(channels * columns)
        if n == 1:
            for i in range(gains.size):
                res[i] = np.int32(min(max((gains[i] - low) / step + f(0.5), f(0)), f(255)))
        else:
            for x in range(columns):
                width = min(n, w - n * x)
                scale = f(1) / (step * f(size * width))
                for c in range(channels):
                    total = f(0)
                    for k in range(width):
                        total += gains[channels * (n * x + k) + c]
                    res[channels * x + c] = np.int32(min(max(total * scale - low / step + f(0.5), f(0)), f(255)))
