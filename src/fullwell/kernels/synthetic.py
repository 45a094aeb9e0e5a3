"""Exposures made from one plane of light, weighed and fused in Laplacian pyramids, four exposures at a time.

Light is encoded by a power, v = (gain * L) ** (1 / gamma), so that an exposure 2 ** s times as long is v times a
constant: exposure k of a value v is min(v * gains[k], 1). The finest level, of which there would be as many as
exposures, is never stored: its rows are made when a reduced row or a row of the result needs them.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.pyramid import add_expanded, expand_row, reduce, reduce_columns, reflect, sizes
from fullwell.kernels.recolor import recolor_row
from fullwell.kernels.vecmath import clean, exp2f, log2f, powf

LEAST = f(0.04)  # weight of black and white
FLOOR, FLOOR_END = f(0.3), f(0.3)  # a fused value of 0 becomes 0.3 of the longest exposure's, up to 0.3 of it
BLOCK = 32  # reduced rows that one thread takes at a time


@inline
def exposedness(v):
    """How near an encoded value is to the middle of the range, 0.04 to 1.04.

    Within 0.06 of the Gaussian of Mertens et al. 2007, sigma 0.2, without its exponential: there are as many of these
    as pixels times exposures.
    """
    p = f(4) * v * (f(1) - v)
    return p * p * p + LEAST


@kernel()
def encoded_luminance(rgb, weights, gain_log2, power, out):
    """min((2 ** gain_log2 * L) ** power, 1) of rgb (h, w, 3), out (h, w); weights (3,) of luminance."""
    h, w = out.shape
    wr, wg, wb = weights[0], weights[1], weights[2]
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y]
        for x in range(w):
            r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
            res[x] = min(exp2f(power * (log2f(wr * r + wg * g + wb * b) + gain_log2)), f(1))


@inline
def lifted(fused, longest):
    """A fused value, which may be below 0, above 0 as far as its longest exposure is."""
    fused, faintest = max(fused, f(0)), FLOOR * min(longest, FLOOR_END)
    return f(0.5) * (fused + np.sqrt(fused * fused + f(4) * faintest * faintest))


def fuse(light, gains):
    """The exposures of light (h, w) at half size, (groups, h', w', 4), and fused, (h', w', 4), as a sum of channels."""
    h, w = light.shape
    shapes = [(*size, 4) for size in sizes((h + 1) // 2, (w + 1) // 2)]
    groups = np.empty(((len(gains) + 3) // 4, *shapes[0]), np.float32)
    totals = [np.zeros(s, np.float32) for s in shapes]
    values, shares = ([np.empty(s, np.float32) for s in shapes] for _ in range(2))
    for g, group in enumerate(groups):
        values[0] = group
        expose_reduced(light, gains, 4 * g, group, shares[0])
        for i in range(len(shapes) - 1):
            reduce(values[i], values[i + 1])
            reduce(shares[i], shares[i + 1])
            blend(values[i], shares[i], values[i + 1], totals[i])
        totals[-1] += shares[-1] * values[-1]
    for coarse, fine in zip(totals[:0:-1], totals[-2::-1], strict=True):
        add_expanded(coarse, fine)
    return groups, totals[0]


@inline
def expose_row(light, gains, first, value, share):
    """Exposures first to first + 3 of a row (w,), and their shares in the sum of all weights, (4 w,) each."""
    total = np.zeros(light.size, np.float32)
    for k in range(gains.size):
        for x in range(light.size):
            total[x] += exposedness(min(light[x] * gains[k], f(1)))
    g0, p0 = gain_and_part(gains, first)
    g1, p1 = gain_and_part(gains, first + 1)
    g2, p2 = gain_and_part(gains, first + 2)
    g3, p3 = gain_and_part(gains, first + 3)
    for x in range(light.size):  # all four at once, which vectorises where a loop over them does not
        v0, v1 = min(light[x] * g0, f(1)), min(light[x] * g1, f(1))
        v2, v3 = min(light[x] * g2, f(1)), min(light[x] * g3, f(1))
        inverse = f(1) / total[x]
        value[4 * x], share[4 * x] = v0, p0 * exposedness(v0) * inverse
        value[4 * x + 1], share[4 * x + 1] = v1, p1 * exposedness(v1) * inverse
        value[4 * x + 2], share[4 * x + 2] = v2, p2 * exposedness(v2) * inverse
        value[4 * x + 3], share[4 * x + 3] = v3, p3 * exposedness(v3) * inverse


@inline
def gain_and_part(gains, k):
    """An exposure's gain and 1, or 0 and 0 for one that there is not."""
    if k < gains.size:
        return gains[k], f(1)
    return f(0), f(0)


@kernel(outs=2)
def expose_reduced(light, gains, first, values, shares):
    """Level 1 of the Gaussian pyramids of four exposures and of their shares, (ceil(h / 2), ceil(w / 2), 4) each."""
    h, w = light.shape
    rows = values.shape[0]
    for k in prange((rows + BLOCK - 1) // BLOCK):
        value, share = np.empty((5, 4 * w), np.float32), np.empty((5, 4 * w), np.float32)  # row r is in slot r % 5
        padded = np.empty(4 * (w + 4), np.float32)
        ready = 2 * k * BLOCK - 2
        for y in range(k * BLOCK, min((k + 1) * BLOCK, rows)):
            while ready <= 2 * y + 2:
                slot = (ready + 5) % 5
                expose_row(light[reflect(ready, h)], gains, first, value[slot], share[slot])
                ready += 1
            reduce_rows(value, 2 * y + 3, padded, values[y].reshape(4 * values.shape[1]))
            reduce_rows(share, 2 * y + 3, padded, shares[y].reshape(4 * shares.shape[1]))


@inline
def reduce_rows(ring, oldest, padded, out):
    """Filter and halve five rows (5, 4 w), the oldest in slot oldest % 5, to one, (4 ceil(w / 2),)."""
    a, b, c = ring[oldest % 5], ring[(oldest + 1) % 5], ring[(oldest + 2) % 5]
    d, e = ring[(oldest + 3) % 5], ring[(oldest + 4) % 5]
    for i in range(a.size):
        padded[8 + i] = (a[i] + e[i] + f(4) * (b[i] + d[i]) + f(6) * c[i]) * f(1 / 16)
    reduce_columns(padded, out)


@kernel()
def blend(values, shares, coarse, total):
    """Add shares * (values - expanded coarse level) to total, all (h, w, 4), each channel an exposure."""
    h, w = values.shape[0], values.shape[1]
    for y in prange(h):
        row, part, res = values[y].reshape(4 * w), shares[y].reshape(4 * w), total[y].reshape(4 * w)
        expanded = np.empty(8 * coarse.shape[1], np.float32)
        expand_row(coarse, y, expanded)
        for i in range(4 * w):
            res[i] += part[i] * (row[i] - expanded[i])


@kernel()
def fuse_finest(rgb, weights, light, gains, groups, fused, saturation, gamma, ceiling, out):
    """Add the finest level to `groups` and `fused` (from fuse), decode, and give it the colours of rgb (h, w, 3).

    weights (3,) of luminance; channels are at most `ceiling`.
    """
    h, w = light.shape
    longest = gains[gains.size - 1]
    for y in prange(h):
        value, share = np.empty(4 * w, np.float32), np.empty(4 * w, np.float32)
        coarse = np.empty(8 * fused.shape[1], np.float32)
        total = np.empty(w, np.float32)
        expand_row(fused, y, coarse)
        for x in range(w):
            total[x] = (coarse[4 * x] + coarse[4 * x + 1]) + (coarse[4 * x + 2] + coarse[4 * x + 3])
        for k in range(groups.shape[0]):
            expose_row(light[y], gains, 4 * k, value, share)
            expand_row(groups[k], y, coarse)
            for x in range(w):
                for c in range(4 * x, 4 * x + 4):
                    total[x] += share[c] * (value[c] - coarse[c])
        for x in range(w):
            total[x] = powf(lifted(total[x], light[y, x] * longest), gamma)
        recolor_row(rgb[y].reshape(3 * w), weights, total, saturation, ceiling, out[y].reshape(3 * w))
