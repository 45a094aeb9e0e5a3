"""The last touch of a picture: one pass from mapped light to shown light, and a sharpening pass."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.pyramid import reflect
from fullwell.kernels.vecmath import clean, exp2f, log2f

SHOULDER = 0.7  # where highlights begin to bend
LOG2E = f(1.4426950408889634)
NEUTRAL_STOPS = f(4)  # above the noise floor, where colour is whole again


@inline
def bent(v):
    """Identity up to the shoulder, then exponentially to 1, with the same slope where they meet."""
    over = f(SHOULDER) + f(1 - SHOULDER) * (f(1) - exp2f((f(SHOULDER) - v) * (LOG2E / f(1 - SHOULDER))))
    return v if v < f(SHOULDER) else over


@kernel()
def grade(rgb, weights, balance, black, gain_log2, power, saturation, scene, scene_weights, floor, out):
    """Balance the channels, map luminance y to 2 ** gain_log2 * max(y - black, 0) ** power, saturate, bend.

    rgb, scene and out are (h, w, 3) float32, weights (3,) of luminance. Where the luminance of `scene` is below
    `floor`, and for four stops above in part, the pixel loses its colour; a floor of 0 is none.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    wr, wg, wb = weights[0], weights[1], weights[2]
    sr, sg, sb = scene_weights[0], scene_weights[1], scene_weights[2]
    br, bg, bb = balance[0], balance[1], balance[2]
    floor_log2 = log2f(floor)
    for y in prange(h):
        row, light, res = rgb[y].reshape(3 * w), scene[y].reshape(3 * w), out[y].reshape(3 * w)
        for x in range(w):
            r, g, b = br * clean(row[3 * x]), bg * clean(row[3 * x + 1]), bb * clean(row[3 * x + 2])
            lum = wr * r + wg * g + wb * b
            shown = exp2f(gain_log2 + power * log2f(lum - black))
            ratio = shown / max(lum, f(1e-30))
            seen = sr * clean(light[3 * x]) + sg * clean(light[3 * x + 1]) + sb * clean(light[3 * x + 2])
            above = min(max((log2f(seen) - floor_log2) / NEUTRAL_STOPS, f(0)), f(1))
            colour = saturation * above * above * (f(3) - f(2) * above)
            r = max(shown + colour * (r * ratio - shown), f(0))
            g = max(shown + colour * (g * ratio - shown), f(0))
            b = max(shown + colour * (b * ratio - shown), f(0))
            most = max(max(r, g), b)
            kept = bent(most) / max(most, f(1e-30))
            res[3 * x] = min(f(0.5) * (kept * r + bent(r)), f(1))
            res[3 * x + 1] = min(f(0.5) * (kept * g + bent(g)), f(1))
            res[3 * x + 2] = min(f(0.5) * (kept * b + bent(b)), f(1))


def sharpened(rgb, weights, amount):
    """Unsharp masking of the square root of the luminance over 3 x 3 pixels; a new array."""
    root = np.empty(rgb.shape[:2], np.float32)
    rooted(rgb, weights, root)
    out = np.empty_like(rgb)
    unsharp(rgb, root, amount, out)
    return out


@kernel()
def rooted(rgb, weights, out):
    """Square root of the luminance, (h, w)."""
    h, w = out.shape
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y]
        for x in range(w):
            res[x] = np.sqrt(weights[0] * row[3 * x] + weights[1] * row[3 * x + 1] + weights[2] * row[3 * x + 2])


@kernel()
def unsharp(rgb, root, amount, out):
    """Scale each pixel so that its root luminance moves away from the [1 2 1] mean around it by `amount`."""
    h, w = root.shape
    for y in prange(h):
        above, mid, below = root[reflect(y - 1, h)], root[y], root[reflect(y + 1, h)]
        row, res = rgb[y].reshape(3 * w), out[y].reshape(3 * w)
        down = np.empty(w + 2, np.float32)
        for x in range(w):
            down[x + 1] = (above[x] + f(2) * mid[x] + below[x]) * f(0.25)
        down[0], down[w + 1] = down[1 + reflect(-1, w)], down[1 + reflect(w, w)]
        for x in range(w):
            blurred = (down[x] + f(2) * down[x + 1] + down[x + 2]) * f(0.25)
            ratio = max(f(1) + amount * (mid[x] - blurred) / max(mid[x], f(1e-6)), f(0))
            for c in range(3):
                res[3 * x + c] = min(row[3 * x + c] * ratio * ratio, f(1))
