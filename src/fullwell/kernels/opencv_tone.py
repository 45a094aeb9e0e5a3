"""OpenCV's tone curves, in its arithmetic: x is the image stretched to 0..1, its gray has the weights of RGB on BGR.

Where OpenCV answers NaN (a negative to a broken power, 0 / 0) these kernels do too, so that the range of the result is
taken over the same pixels; `minmax.finish` then turns NaN into 0. `span` is [lo, hi, scale, offset] of the stretch.
`ends` (h, 2) float32 gets the smallest and largest finite value of every row of the result: read back from memory, they
took as long as half the curve.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.minmax import LANES, Span, lane_extremes, row_extremes, stretched
from fullwell.kernels.vecmath import exp2f, log2f, powf

FLOOR = f(1e-4)  # smallest gray that a logarithm sees
NAN = f(np.nan)


@inline
def gray(x0, x1, x2):
    return f(0.299) * x0 + f(0.587) * x1 + f(0.114) * x2


@inline
def tint(x, lum, log_lum, saturation, broken):
    """(x / lum) ** saturation, or NaN where x / lum is negative and the power no whole number; None leaves it alone."""
    if saturation is None:  # another signature, compiled without powers
        return x / lum
    ratio = exp2f(saturation * (log2f(x) - log_lum))
    return NAN if broken & ((x < f(0)) != (lum < f(0))) else ratio


@kernel(outs=2)
def measure(rgb, span, sums, ends):
    """Per block of rows: sums (blocks, 5) of [log2 gray, gray, x0, x1, x2], ends (blocks, 2) of gray."""
    h, w, blocks = rgb.shape[0], rgb.shape[1], sums.shape[0]
    lo, hi, scale, offset = span[0], span[1], span[2], span[3]
    for k in prange(blocks):
        low, high = np.full(LANES, np.inf, np.float32), np.full(LANES, -np.inf, np.float32)
        grays = np.empty(w, np.float32)
        for y in range(h * k // blocks, h * (k + 1) // blocks):
            row = rgb[y].reshape(3 * w)
            sum_log, sum_y, sum_0, sum_1, sum_2 = f(0), f(0), f(0), f(0), f(0)
            for x in range(w):
                x0 = stretched(row[3 * x], lo, hi, scale, offset)
                x1 = stretched(row[3 * x + 1], lo, hi, scale, offset)
                x2 = stretched(row[3 * x + 2], lo, hi, scale, offset)
                lum = gray(x0, x1, x2)
                grays[x] = lum
                sum_log += log2f(lum if lum > FLOOR else FLOOR)
                sum_y += lum
                sum_0 += x0
                sum_1 += x1
                sum_2 += x2
            lane_extremes(grays, low, high)
            sums[k, 0] += sum_log
            sums[k, 1] += sum_y
            sums[k, 2] += sum_0
            sums[k, 3] += sum_1
            sums[k, 4] += sum_2
        ends[k, 0], ends[k, 1] = low.min(), high.max()


@kernel()
def log_gray(rgb, span, out):
    """log2 of the gray, floored, into out (h, w)."""
    h, w = rgb.shape[0], rgb.shape[1]
    lo, hi, scale, offset = span[0], span[1], span[2], span[3]
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y]
        for x in range(w):
            x0 = stretched(row[3 * x], lo, hi, scale, offset)
            x1 = stretched(row[3 * x + 1], lo, hi, scale, offset)
            x2 = stretched(row[3 * x + 2], lo, hi, scale, offset)
            lum = gray(x0, x1, x2)
            res[x] = log2f(lum if lum > FLOOR else FLOOR)


@kernel(outs=2)
def drago(rgb, span, log_mean, log_max, power, saturation, broken, out, ends):
    """L' = ln(L + 1) / ln(2 + 8 (L / max L) ** power), L = gray / log mean; out = (x / L) ** saturation * L'.

    `log_mean` and `log_max` are the mean log2 and the largest log2 of the gray.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    lo, hi, scale, offset = span[0], span[1], span[2], span[3]
    inv_mean = exp2f(-log_mean)
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y].reshape(3 * w)
        for x in range(w):
            x0 = stretched(row[3 * x], lo, hi, scale, offset)
            x1 = stretched(row[3 * x + 1], lo, hi, scale, offset)
            x2 = stretched(row[3 * x + 2], lo, hi, scale, offset)
            lum = gray(x0, x1, x2)
            log_lum = log2f(lum)
            base = f(2) + f(8) * exp2f(power * (log_lum - log_max))
            mapped = log2f(lum * inv_mean + f(1)) / log2f(base)
            mapped = mapped if lum > f(0) else NAN
            res[3 * x] = mapped * tint(x0, lum, log_lum, saturation, broken)
            res[3 * x + 1] = mapped * tint(x1, lum, log_lum, saturation, broken)
            res[3 * x + 2] = mapped * tint(x2, lum, log_lum, saturation, broken)
        ends[y, 0], ends[y, 1] = row_extremes(res)


@inline
def receptor(x, adapted, power):
    """x / (x + adapted ** power); NaN as OpenCV has it."""
    share = x / (x + powf(adapted, power))
    return NAN if (adapted < f(0)) | ((x == f(0)) & (adapted == f(0))) else share


@kernel(outs=2)
def reinhard(rgb, span, globals_, light, colour, gain, power, out, ends):
    """out = x / (x + (gain I) ** power), I between the pixel (`light` 1) and the image's means (`globals_`, (3,))."""
    h, w = rgb.shape[0], rgb.shape[1]
    lo, hi, scale, offset = span[0], span[1], span[2], span[3]
    own, shared = gain * light * colour, gain * light * (f(1) - colour)
    dark = gain * (f(1) - light)
    m0, m1, m2 = dark * globals_[0], dark * globals_[1], dark * globals_[2]
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y].reshape(3 * w)
        for x in range(w):
            x0 = stretched(row[3 * x], lo, hi, scale, offset)
            x1 = stretched(row[3 * x + 1], lo, hi, scale, offset)
            x2 = stretched(row[3 * x + 2], lo, hi, scale, offset)
            lum = shared * gray(x0, x1, x2)
            res[3 * x] = receptor(x0, own * x0 + lum + m0, power)
            res[3 * x + 1] = receptor(x1, own * x1 + lum + m1, power)
            res[3 * x + 2] = receptor(x2, own * x2 + lum + m2, power)
        ends[y, 0], ends[y, 1] = row_extremes(res)


@kernel(outs=2)
def rescale_base(rgb, span, base, gain, saturation, broken, out, ends):
    """L' = gray * 2 ** ((gain - 1) base), base (h, w) in log2 units; out = (x / gray) ** saturation * L'."""
    h, w = rgb.shape[0], rgb.shape[1]
    lo, hi, scale, offset = span[0], span[1], span[2], span[3]
    for y in prange(h):
        row, res, under = rgb[y].reshape(3 * w), out[y].reshape(3 * w), base[y]
        for x in range(w):
            x0 = stretched(row[3 * x], lo, hi, scale, offset)
            x1 = stretched(row[3 * x + 1], lo, hi, scale, offset)
            x2 = stretched(row[3 * x + 2], lo, hi, scale, offset)
            lum = gray(x0, x1, x2)
            log_lum = log2f(lum)
            mapped = (lum if lum > FLOOR else FLOOR) * exp2f((gain - f(1)) * under[x])
            mapped = mapped if lum != f(0) else NAN
            res[3 * x] = mapped * tint(x0, lum, log_lum, saturation, broken)
            res[3 * x + 1] = mapped * tint(x1, lum, log_lum, saturation, broken)
            res[3 * x + 2] = mapped * tint(x2, lum, log_lum, saturation, broken)
        ends[y, 0], ends[y, 1] = row_extremes(res)


class Stats:
    """Of the gray of a stretched image (h, w, 3): mean of its log2, mean, ends; and the channels' means (3,)."""

    def __init__(self, rgb: npt.NDArray[Any], known: Span) -> None:
        blocks = min(64, len(rgb))
        sums, ends = np.zeros((blocks, 5)), np.empty((blocks, 2), np.float32)
        measure(rgb, known.floats(), sums, ends)
        means = sums.sum(axis=0) / (rgb.shape[0] * rgb.shape[1])
        self.log, self.gray, self.rgb = float(means[0]), float(means[1]), means[2:]
        self.lowest, self.highest = float(ends[:, 0].min()), float(ends[:, 1].max())


def powers(saturation: float) -> tuple[Any, bool]:
    """The power of the colour ratios, None for 1, and whether OpenCV answers NaN to a negative: at broken powers."""
    return (None if saturation == 1 else f(saturation)), saturation != round(saturation)
