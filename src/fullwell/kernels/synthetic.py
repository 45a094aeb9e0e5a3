"""Exposures made from one plane of light, weighed and fused in Laplacian pyramids, four exposures at a time.

Light is encoded by a power, v = (gain * L) ** (1 / gamma), so that an exposure 2 ** s times as long is v times a
constant: exposure k of a value v is min(v * gains[k], 1).
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.pyramid import add_expanded, expand_row, reduce, reflect, sizes
from fullwell.kernels.recolor import recolored
from fullwell.kernels.vecmath import clean, exp2f, log2f

FALL = f(
    -1.4426950408889634 / (2 * 0.2**2)
)  # log2 of exp(-(v - 0.5)^2 / (2 sigma^2)), sigma = 0.2 (Mertens et al. 2007)


@inline
def exposedness(v):
    """How near an encoded value is to the middle of the range, 0.04 to 1."""
    d = v - f(0.5)
    return exp2f(FALL * d * d)


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


def halved(plane):
    """The next level of the Gaussian pyramid of a plane (h, w)."""
    h, w = plane.shape
    out = np.empty(((h + 1) // 2, (w + 1) // 2), np.float32)
    reduce_plane(plane, out)
    return out


@kernel()
def reduce_plane(plane, out):
    """[1 4 6 4 1] / 16 down and across, every second row and column; reflected without the edge."""
    h, w = plane.shape
    for y in prange(out.shape[0]):
        padded = np.empty(w + 4, np.float32)
        a, b, c = plane[reflect(2 * y - 2, h)], plane[reflect(2 * y - 1, h)], plane[2 * y]
        d, e = plane[reflect(2 * y + 1, h)], plane[reflect(2 * y + 2, h)]
        for x in range(w):
            padded[2 + x] = (a[x] + e[x] + f(4) * (b[x] + d[x]) + f(6) * c[x]) * f(1 / 16)
        padded[0], padded[1] = padded[2 + reflect(-2, w)], padded[2 + reflect(-1, w)]
        padded[w + 2], padded[w + 3] = padded[2 + reflect(w, w)], padded[2 + reflect(w + 1, w)]
        res = out[y]
        for x in range(res.size):
            i = 2 * x
            outer, inner = padded[i] + padded[i + 4], padded[i + 1] + padded[i + 3]
            res[x] = (outer + f(4) * inner + f(6) * padded[i + 2]) * f(1 / 16)


def fuse_half(light, gains):
    """Fuse the exposures of light (h, w): (h, w, 4) with the fused value first and the light itself second."""
    shapes = [(*size, 4) for size in sizes(*light.shape)]
    totals = [np.zeros(s, np.float32) for s in shapes]
    values, shares = ([np.empty(s, np.float32) for s in shapes] for _ in range(2))
    for first in range(0, len(gains), 4):
        expose(light, gains, first, values[0], shares[0])
        for i in range(len(shapes) - 1):
            reduce(values[i], values[i + 1])
            reduce(shares[i], shares[i + 1])
            blend(values[i], shares[i], values[i + 1], totals[i])
        totals[-1] += shares[-1] * values[-1]
    for coarse, fine in zip(totals[:0:-1], totals[-2::-1], strict=True):
        add_expanded(coarse, fine)
    gather(light, totals[0])
    return totals[0]


@kernel(outs=2)
def expose(light, gains, first, values, shares):
    """Exposures first to first + 3 of light (h, w) and their shares in the sum of all weights, (h, w, 4) each."""
    h, w = light.shape
    for y in prange(h):
        row, value, share = light[y], values[y].reshape(4 * w), shares[y].reshape(4 * w)
        total = np.zeros(w, np.float32)
        for k in range(gains.size):
            for x in range(w):
                total[x] += exposedness(min(row[x] * gains[k], f(1)))
        for c in range(4):
            there = first + c < gains.size
            gain, part = gains[first + c] if there else f(1), f(1) if there else f(0)
            for x in range(w):
                v = min(row[x] * gain, f(1))
                value[4 * x + c] = v
                share[4 * x + c] = part * exposedness(v) / total[x]


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
def gather(light, fused):
    """Sum the four channels of fused (h, w, 4) into its first, and put light (h, w) into its second."""
    h, w = light.shape
    for y in prange(h):
        row, res = light[y], fused[y].reshape(4 * w)
        for x in range(w):
            i = 4 * x
            res[i] = res[i] + res[i + 1] + res[i + 2] + res[i + 3]
            res[i + 1], res[i + 2], res[i + 3] = row[x], f(0), f(0)


@kernel()
def fuse_finest(rgb, weights, light, half, gains, saturation, gamma, ceiling, out):
    """The finest level over `half` (from fuse_half), decoded and given the colours of rgb (h, w, 3), at most `ceiling`.

    The detail of exposure k is what it shows here, less what it shows of the expanded half-size light.
    """
    h, w = light.shape
    wr, wg, wb = weights[0], weights[1], weights[2]
    for y in prange(h):
        row, lit, res = rgb[y].reshape(3 * w), light[y], out[y].reshape(3 * w)
        coarse = np.empty(8 * half.shape[1], np.float32)
        expand_row(half, y, coarse)
        detail, total = np.zeros(w, np.float32), np.zeros(w, np.float32)
        for k in range(gains.size):
            for x in range(w):
                v = min(lit[x] * gains[k], f(1))
                weight = exposedness(v)
                total[x] += weight
                detail[x] += weight * (v - min(coarse[4 * x + 1] * gains[k], f(1)))
        for x in range(w):
            fused = gamma * log2f(coarse[4 * x] + detail[x] / total[x])
            r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
            log_lum = log2f(wr * r + wg * g + wb * b)
            res[3 * x] = recolored(r, log_lum, fused, saturation, ceiling)
            res[3 * x + 1] = recolored(g, log_lum, fused, saturation, ceiling)
            res[3 * x + 2] = recolored(b, log_lum, fused, saturation, ceiling)
