"""Display light to code values: the sRGB transfer curve and rounding in one pass."""

from __future__ import annotations

import math

from numba import prange

from fullwell.kernels._jit import f, kernel
from fullwell.kernels.vecmath import clean, exp2f, log2f


@kernel()
def encode_srgb(rgb, matrix, top, out):
    """IEC 61966-2-1: linear (h, w, 3) float32 to codes 0 to `top` in `out`, uint8 or uint16, rounded half up.

    `matrix` (3, 3) float32 brings the primaries to Rec.709 first. NaN and negatives become 0, more than 1 becomes top.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    rr, rg, rb = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    gr, gg, gb = matrix[1, 0], matrix[1, 1], matrix[1, 2]
    br, bg, bb = matrix[2, 0], matrix[2, 1], matrix[2, 2]
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y].reshape(3 * w)
        for x in range(w):
            r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
            for c in range(3):
                if c == 0:
                    v = rr * r + rg * g + rb * b
                elif c == 1:
                    v = gr * r + gg * g + gb * b
                else:
                    v = br * r + bg * g + bb * b
                v = min(clean(v), f(1))
                code = f(12.92) * v if v <= f(0.0031308) else f(1.055) * exp2f(f(1 / 2.4) * log2f(v)) - f(0.055)
                res[3 * x + c] = int(code * top + f(0.5))


@kernel()
def round_rgbe(rgb, out):
    """Each pixel (h, w, 3) float32 rounded to what RGBE holds: 8 bits under the exponent of its largest channel.

    NaN and negatives become 0, too much becomes 255 * 2 ** 119.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    most = 255.0 * 2.0**119
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y].reshape(3 * w)
        for x in range(w):
            largest = 0.0
            for c in range(3):
                v = row[3 * x + c]
                largest = max(largest, min(float(v), most)) if v > f(0) else largest
            step = math.ldexp(1.0, math.frexp(largest)[1] - 8)
            if largest / step + 0.5 >= 256.0:  # rounds up to the next exponent
                step *= 2.0
            for c in range(3):
                v = row[3 * x + c]
                kept = min(float(v), most) if v > f(0) else 0.0
                res[3 * x + c] = f(min(math.floor(kept / step + 0.5) * step, most))
