"""Gain maps: how many stops the bright rendition lies above the base picture (ISO 21496-1, clause 5)."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.encode import rolled
from fullwell.kernels.vecmath import clean, log2f


@inline
def add_gains(row, code, matrix, knee, bend, base, offset, weights, light, gains):
    """Add a row's gains, log2 of (display light + offset) / (base light + offset), to `gains`, (3 w,) or (w,).

    `row` (3 w,) is scene light and `code` (3 w,) uint8 the base picture, `base` (256,) the light of its codes; `light`
    (3 w,) is scratch. With one gain a pixel it is that of the luminances, of these `weights`.
    """
    w = row.size // 3
    rr, rg, rb = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    gr, gg, gb = matrix[1, 0], matrix[1, 1], matrix[1, 2]
    br, bg, bb = matrix[2, 0], matrix[2, 1], matrix[2, 2]
    for x in range(w):
        r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
        cr = max(rr * r + rg * g + rb * b, f(0))
        cg = max(gr * r + gg * g + gb * b, f(0))
        cb = max(br * r + bg * g + bb * b, f(0))
        k = rolled(max(cr, max(cg, cb)), knee, bend)
        light[3 * x], light[3 * x + 1], light[3 * x + 2] = k * cr, k * cg, k * cb
    # Short loops: the logarithms vectorise, the look-up after them need not.
    if gains.size == w:
        wr, wg, wb = weights[0], weights[1], weights[2]
        for x in range(w):
            below = wr * base[code[3 * x]] + wg * base[code[3 * x + 1]] + wb * base[code[3 * x + 2]]
            above = wr * light[3 * x] + wg * light[3 * x + 1] + wb * light[3 * x + 2]
            light[x] = (above + offset) / (below + offset)
        for x in range(w):
            gains[x] += log2f(light[x])
    else:
        dark = np.empty(256, np.float32)
        for i in range(256):
            dark[i] = log2f(base[i] + offset)
        for i in range(3 * w):
            light[i] = log2f(light[i] + offset)
        for i in range(3 * w):
            gains[i] += light[i] - dark[code[i]]


@kernel()
def gain_range(codes, rgb, matrix, knee, bend, base, offset, weights, channels, out):
    """Smallest and largest gain in each row, (h, 2) float32, in stops; arguments as of `add_gains`."""
    h, w = codes.shape[0], codes.shape[1]
    for y in prange(h):
        light, gains = np.empty(3 * w, np.float32), np.zeros(channels * w, np.float32)
        row, code = rgb[y].reshape(3 * w), codes[y].reshape(3 * w)
        add_gains(row, code, matrix, knee, bend, base, offset, weights, light, gains)
        low, high = gains[0], gains[0]
        for i in range(gains.size):
            low, high = min(low, gains[i]), max(high, gains[i])
        out[y, 0], out[y, 1] = low, high


@kernel()
def gain_map(codes, rgb, matrix, knee, bend, base, offset, weights, low, step, out):
    """Gains to bytes: 0 is `low` stops, each more is `step` stops; out (h / n, w / n, 1 or 3) holds means of n x n."""
    h, w = codes.shape[0], codes.shape[1]
    rows, columns, channels = out.shape
    n = (h + rows - 1) // rows
    for y in prange(rows):
        light, gains = np.empty(3 * w, np.float32), np.zeros(channels * w, np.float32)
        size = min(n, h - n * y)
        for k in range(n * y, n * y + size):
            row, code = rgb[k].reshape(3 * w), codes[k].reshape(3 * w)
            add_gains(row, code, matrix, knee, bend, base, offset, weights, light, gains)
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
