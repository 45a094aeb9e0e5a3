"""Colour of a picture whose luminance was mapped: out_c = (x_c / L) ** saturation * L'."""

from __future__ import annotations

from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.vecmath import clean, exp2f, log2f


@inline
def recolored(channel, log_lum, log_mapped, saturation):
    """One channel of a pixel, at most 1; logarithms are of base 2. Black takes the mapped luminance as grey."""
    return min(exp2f(saturation * (log2f(channel) - log_lum) + log_mapped), f(1))


@kernel()
def recolor(rgb, weights, log_mapped, saturation, out):
    """Give rgb (h, w, 3) float32 the luminance 2 ** log_mapped (h, w) float32; weights (3,) of luminance."""
    h, w = log_mapped.shape
    wr, wg, wb = weights[0], weights[1], weights[2]
    for y in prange(h):
        row, res, mapped = rgb[y].reshape(3 * w), out[y].reshape(3 * w), log_mapped[y]
        for x in range(w):
            r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
            log_lum = log2f(wr * r + wg * g + wb * b)
            res[3 * x] = recolored(r, log_lum, mapped[x], saturation)
            res[3 * x + 1] = recolored(g, log_lum, mapped[x], saturation)
            res[3 * x + 2] = recolored(b, log_lum, mapped[x], saturation)
