"""Light to what picture files hold: sRGB, PQ and HLG code values."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.vecmath import clean, exp2f, log2f, powf


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


@inline
def rolled(largest, knee, bend):
    """The factor for a pixel by its largest channel: 1 up to `knee`, then d stops above it become d / (1 + bend d)."""
    d = log2f(max(largest, knee)) - log2f(knee)
    return exp2f(d / (f(1) + bend * d) - d)


@kernel()
def brightest_channel(rgb, matrix, out):
    """The largest channel of each row, (h,) float32, of rgb (h, w, 3) float32 after `matrix`; infinity is 2 ** 60."""
    h, w = rgb.shape[0], rgb.shape[1]
    rr, rg, rb = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    gr, gg, gb = matrix[1, 0], matrix[1, 1], matrix[1, 2]
    br, bg, bb = matrix[2, 0], matrix[2, 1], matrix[2, 2]
    for y in prange(h):
        row = rgb[y].reshape(3 * w)
        most = f(0)
        for x in range(w):
            r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
            largest = max(rr * r + rg * g + rb * b, max(gr * r + gg * g + gb * b, br * r + bg * g + bb * b))
            most = max(most, largest)
        out[y] = most


@inline
def display_row(row, matrix, knee, bend, out):
    """Display light of a row of scene light, both (3 w,) float32; other arguments as of `display_light`."""
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
        out[3 * x], out[3 * x + 1], out[3 * x + 2] = k * cr, k * cg, k * cb


@inline
def light_levels(light, out):
    """Largest and sum of the largest channels of a row of light, (3 w,) float32, in `out`, (2,) float64."""
    most, total = f(0), 0.0
    for x in range(light.size // 3):
        largest = max(light[3 * x], max(light[3 * x + 1], light[3 * x + 2]))
        most, total = max(most, largest), total + largest
    out[0], out[1] = most, total


@kernel()
def display_light(rgb, matrix, knee, bend, out):
    """Scene light (h, w, 3) float32 to display light, 1.0 being diffuse white; `matrix` (3, 3) float32 scales to that.

    Highlights roll off with their channels in proportion. NaN and negatives become 0, infinity the peak.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    for y in prange(h):
        display_row(rgb[y].reshape(3 * w), matrix, knee, bend, out[y].reshape(3 * w))


OCTAVES, STEPS = 64, 256  # of a curve: octaves up to 1, and even steps in each
FAINTEST = f(2.0**-OCTAVES)
FAINTEST_BITS = FAINTEST.view(np.uint32)
PART_BITS = np.uint32(15)  # of a float's 23 binary digits, those behind the ones that count steps
PART = np.uint32((1 << 15) - 1)


@kernel(outs=2)
def encode_signal(rgb, matrix, knee, bend, unit, weights, power, curve, levels, out):
    """Scene light (h, w, 3) float32, shown as by `display_light`, to uint16 codes; its `light_levels`, (h, 2), beside.

    Display light is multiplied by `unit`, then by its luminance ** `power`, under `weights` (3,) float32. `curve`,
    float32, is the code of every step of FAINTEST to 1, with 1 twice; between them it is straight. What is fainter
    counts as FAINTEST, what is more as 1.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    wr, wg, wb = weights[0], weights[1], weights[2]
    for y in prange(h):
        light, res = np.empty(3 * w, np.float32), out[y].reshape(3 * w)
        display_row(rgb[y].reshape(3 * w), matrix, knee, bend, light)
        light_levels(light, levels[y])
        for i in range(3 * w):
            light[i] *= unit
        if power != f(0):
            for x in range(w):
                r, g, b = light[3 * x], light[3 * x + 1], light[3 * x + 2]
                k = powf(max(wr * r + wg * g + wb * b, f(1e-12)), power)
                light[3 * x], light[3 * x + 1], light[3 * x + 2] = k * r, k * g, k * b
        for i in range(3 * w):
            v = light[i] if light[i] > FAINTEST else FAINTEST
            light[i] = v if v < f(1) else f(1)
        bits = light.view(np.uint32)
        for i in range(3 * w):  # the upper bits of a float count the steps, the others are the part of one
            at = np.uint32(bits[i] - FAINTEST_BITS)
            k, part = np.uint32(at >> PART_BITS), f(at & PART) * f(1 / (1 << 15))
            low, high = curve[k], curve[k + np.uint32(1)]
            res[i] = np.int32(low + part * (high - low) + f(0.5))
