"""Luminance taken out of a picture, mapped by others, and put back: out_c = (x_c / L) ** saturation * L'."""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.histogram import LogStats
from fullwell.kernels.vecmath import clean, exp2f, log2f

STOPS_PER_DECADE = math.log2(10.0)
DARK = f(1e-30)  # added to channels, so that black has a colour: grey


def bounded_log_luminance(rgb, weights):
    """log2 of the luminance, (h, w) float32, with its bounds; None for an image that is black throughout.

    The bounds are a stop below the percentile 0.1 of what is above black, and a decade above the percentile 99.9. What
    lies beyond counts as the bound, so that black has a logarithm and a hot pixel a tame one.
    """
    stats = LogStats(rgb, weights)
    if not stats.lit:
        return None
    low, high = stats.percentile_log2(0.1) - 1.0, stats.percentile_log2(99.9) + STOPS_PER_DECADE
    log = np.empty(rgb.shape[:2], np.float32)
    clamped_log(rgb, weights, f(low), f(high), log)
    return log, low, high


@kernel()
def clamped_log(rgb, weights, low, high, out):
    """log2 of the luminance of rgb (h, w, 3) float32, between low and high."""
    h, w = out.shape
    wr, wg, wb = weights[0], weights[1], weights[2]
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y]
        for x in range(w):
            r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
            res[x] = min(max(log2f(wr * r + wg * g + wb * b), low), high)


@inline
def recolored(channel, log_lum, log_mapped, saturation, ceiling):
    """One channel of a pixel, at most `ceiling`; logarithms are of base 2. Black takes the mapped luminance as grey."""
    return min(exp2f(saturation * (log2f(channel) - log_lum) + log_mapped), ceiling)


@inline
def recolor_row(row, weights, mapped, saturation, ceiling, res):
    """Give a row (3 w,) the luminance `mapped` (w,); weights (3,) of luminance.

    A saturation of 1 is a ratio and needs none of eight transcendentals a pixel: half the time of `drago03`'s curve.
    """
    wr, wg, wb = weights[0], weights[1], weights[2]
    if saturation == f(1):
        for x in range(mapped.size):
            r, g, b = clean(row[3 * x]) + DARK, clean(row[3 * x + 1]) + DARK, clean(row[3 * x + 2]) + DARK
            ratio = mapped[x] / (wr * r + wg * g + wb * b)
            res[3 * x] = min(r * ratio, ceiling)
            res[3 * x + 1] = min(g * ratio, ceiling)
            res[3 * x + 2] = min(b * ratio, ceiling)
        return
    for x in range(mapped.size):
        r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
        log_lum, log_mapped = log2f(wr * r + wg * g + wb * b), log2f(mapped[x])
        res[3 * x] = recolored(r, log_lum, log_mapped, saturation, ceiling)
        res[3 * x + 1] = recolored(g, log_lum, log_mapped, saturation, ceiling)
        res[3 * x + 2] = recolored(b, log_lum, log_mapped, saturation, ceiling)


@kernel()
def recolor(rgb, weights, log_mapped, saturation, ceiling, out):
    """Give rgb (h, w, 3) float32 the luminance 2 ** log_mapped (h, w) float32; weights (3,) of luminance.

    Channels are at most `ceiling`.
    """
    h, w = log_mapped.shape
    for y in prange(h):
        mapped = np.empty(w, np.float32)
        for x in range(w):
            mapped[x] = exp2f(log_mapped[y, x])
        recolor_row(rgb[y].reshape(3 * w), weights, mapped, saturation, ceiling, out[y].reshape(3 * w))
