"""Light to what picture files hold: sRGB code values."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.vecmath import clean, exp2f, log2f


@inline
def srgb_curve(v):
    """Linear light to sRGB code value, both 0 to 1; below counts as 0, above as 1 (IEC 61966-2-1)."""
    v = min(v, f(1))
    power = f(1.055) * exp2f(f(1 / 2.4) * log2f(v)) - f(0.055)
    return power if v > f(0.0031308) else f(12.92) * max(v, f(0))


@kernel()
def encode_srgb(rgb, matrix, top, out):
    """Linear (h, w, 3) float32 to codes 0 to `top` in `out`, uint8 or uint16, rounded half up.

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
            res[3 * x] = np.int32(srgb_curve(rr * r + rg * g + rb * b) * top + f(0.5))
            res[3 * x + 1] = np.int32(srgb_curve(gr * r + gg * g + gb * b) * top + f(0.5))
            res[3 * x + 2] = np.int32(srgb_curve(br * r + bg * g + bb * b) * top + f(0.5))
