"""Light to what picture files hold: sRGB, PQ and HLG code values."""

from __future__ import annotations

import math

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


@kernel()
def display_light(rgb, matrix, knee, bend, out):
    """Scene light (h, w, 3) float32 to display light, 1.0 being diffuse white; `matrix` (3, 3) float32 scales to that.

    Highlights roll off with their channels in proportion. NaN and negatives become 0, infinity the peak.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    rr, rg, rb = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    gr, gg, gb = matrix[1, 0], matrix[1, 1], matrix[1, 2]
    br, bg, bb = matrix[2, 0], matrix[2, 1], matrix[2, 2]
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y].reshape(3 * w)
        for x in range(w):
            r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
            cr = max(rr * r + rg * g + rb * b, f(0))
            cg = max(gr * r + gg * g + gb * b, f(0))
            cb = max(br * r + bg * g + bb * b, f(0))
            k = rolled(max(cr, max(cg, cb)), knee, bend)
            res[3 * x], res[3 * x + 1], res[3 * x + 2] = k * cr, k * cg, k * cb


M1, M2 = f(2610 / 16384), f(2523 / 4096 * 128)
C1, C2, C3 = f(3424 / 4096), f(2413 / 4096 * 32), f(2392 / 4096 * 32)


@inline
def pq_root(v):
    """Display light, 1.0 being 10000 cd/m2, to PQ signal ** (1 / M2) (ITU-R BT.2100-2, table 4, the inverse EOTF)."""
    p = powf(min(v, f(1)), M1)
    return (C1 + C2 * p) / (f(1) + C3 * p)


A, B, C = f(0.17883277), f(0.28466892), f(0.55991073)


@inline
def hlg_curve(v):
    """Scene light 0 to 1 to HLG signal (ITU-R BT.2100-2, table 5, the OETF)."""
    v = min(v, f(1))
    root = exp2f(f(0.5) * log2f(f(3) * v))  # chosen after both are there: so loops vectorise
    root = root if v > f(0) else f(0)
    bright = A * f(math.log(2.0)) * log2f(f(12) * v - B) + C
    return root if v <= f(1 / 12) else bright


@kernel()
def encode_pq(light, unit, top, out):
    """Display light (h, w, 3) float32 to codes 0 to `top`, uint16, full range; `unit` brings 10000 cd/m2 to 1."""
    h, w = light.shape[0], light.shape[1]
    for y in prange(h):
        row, res, root = light[y].reshape(3 * w), out[y].reshape(3 * w), np.empty(3 * w, np.float32)
        for i in range(3 * w):
            root[i] = pq_root(row[i] * unit)
        for i in range(3 * w):  # apart: LLVM does not vectorise both powers in one loop, which takes 10 times as long
            res[i] = np.int32(powf(root[i], M2) * top + f(0.5))


@kernel()
def encode_hlg(light, unit, weights, gamma, top, out):
    """Display light to codes 0 to `top`, uint16, full range: the inverse OOTF, then the OETF (BT.2100-2, table 5).

    `unit` brings 1.0 to a share of the display's peak; `weights` (3,) float32 are those of luminance, `gamma` is the
    system's.
    """
    h, w = light.shape[0], light.shape[1]
    wr, wg, wb = weights[0], weights[1], weights[2]
    power = f(1) / gamma - f(1)
    for y in prange(h):
        row, res = light[y].reshape(3 * w), out[y].reshape(3 * w)
        for x in range(w):
            r, g, b = unit * row[3 * x], unit * row[3 * x + 1], unit * row[3 * x + 2]
            k = powf(max(wr * r + wg * g + wb * b, f(1e-12)), power)
            res[3 * x] = np.int32(hlg_curve(k * r) * top + f(0.5))
            res[3 * x + 1] = np.int32(hlg_curve(k * g) * top + f(0.5))
            res[3 * x + 2] = np.int32(hlg_curve(k * b) * top + f(0.5))
