"""Exposure fusion, frame by frame: quality weights, and frames blended level by level of a Laplacian pyramid.

Frames are (h, w, 3) code values of any type, `scale` times which is 0..1; a plane of weights goes with each.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels import rounding
from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.pyramid import add_expanded, expand_row, reduce, reduce_columns, reflect, sizes
from fullwell.kernels.vecmath import exp2f, log2f, powf

LOG2E = f(1.4426950408889634)
THIRD = f(1 / 3)
BLOCK = 32  # rows that one thread takes at a time
SMALLEST = f(1e-12)  # added to every weight, so that no pixel is without


@inline
def appraise(row, scale, luma, power_s, power_e, floor_s, gray, merit):
    """Gray of a row, and log2 of saturation ** power_s * exposedness ** power_e, both (w,).

    Roundings are fixed: a flat field has no contrast and a neutral pixel little saturation, but always the same.
    """
    w0, w1, w2 = luma[0], luma[1], luma[2]
    for x in range(gray.size):
        a, b = rounding.mul(f(row[3 * x]), scale), rounding.mul(f(row[3 * x + 1]), scale)
        c = rounding.mul(f(row[3 * x + 2]), scale)
        gray[x] = rounding.fma(w2, c, rounding.fma(w0, a, rounding.mul(w1, b)))
        mean = rounding.mul(rounding.add(rounding.add(a, b), c), THIRD)
        d0, d1, d2 = rounding.sub(a, mean), rounding.sub(b, mean), rounding.sub(c, mean)
        saturation = d0 * d0 + d1 * d1 + d2 * d2
        saturation = saturation if saturation > floor_s else floor_s
        a, b, c = a - f(0.5), b - f(0.5), c - f(0.5)
        merit[x] = power_s * log2f(saturation) + power_e * (a * a + b * b + c * c)


@kernel(outs=2)
def quality(codes, scale, luma, powers, floors, spans, shared, total, share):
    """Contrast ** powers[0] * saturation ** powers[1] * exposedness ** powers[2] + 1e-12, added to total (h, w).

    Once `total` has the quality of all frames, with `shared`, the frame's share in it goes to share (h, w) instead.

    Contrast is |Laplacian| of the gray, saturation the root of the summed squares of the channels' differences from
    their mean, exposedness the product over channels of exp(-(x - 0.5)^2 / 0.08) (Mertens et al. 2007, section 3.1).
    Contrast and saturation count as at least floors[0] and floors[1]. Outside of the columns
    [first, last) of its row in spans (h, 2) int64 it is 0.
    """
    h, w = codes.shape[0], codes.shape[1]
    power_c, power_s, power_e = powers[0], powers[1] * f(0.5), powers[2] * f(-1 / 0.08) * LOG2E
    floor_c, floor_s = floors[0], floors[1] * floors[1]
    blocks = (h + BLOCK - 1) // BLOCK
    for k in prange(blocks):
        gray, merit = np.empty((3, w + 2), np.float32), np.empty((3, w), np.float32)  # rows y - 1, y, y + 1 by y % 3
        for y in range(k * BLOCK - 1, min((k + 1) * BLOCK, h) + 1):
            fresh = gray[y % 3]
            appraise(
                codes[reflect(y, h)].reshape(3 * w), scale, luma, power_s, power_e, floor_s, fresh[1:-1], merit[y % 3]
            )
            fresh[0], fresh[w + 1] = fresh[1 + reflect(-1, w)], fresh[1 + reflect(w, w)]
            done = y - 1
            if done < k * BLOCK:
                continue
            up, mid, down, rest = gray[(done + 2) % 3], gray[done % 3], gray[y % 3], merit[done % 3]
            first, last = spans[done, 0], spans[done, 1]
            everyone, res = total[done], share[done]
            for x in range(w):
                four = rounding.sub(rounding.add(up[x + 1], mid[x]), f(4) * mid[x + 1])
                contrast = abs(rounding.add(rounding.add(four, mid[x + 2]), down[x + 1]))
                contrast = contrast if contrast > floor_c else floor_c
                weight = exp2f(power_c * log2f(contrast) + rest[x]) + SMALLEST
                rest[x] = weight if (x >= first) & (x < last) else f(0)
            if shared:
                for x in range(w):
                    res[x] = rest[x] / everyone[x]
            else:
                for x in range(w):
                    everyone[x] += rest[x]


@kernel()
def reduce_frame(codes, weight, scale, out):
    """Level 1 of the Gaussian pyramid of a frame's colours and weight, out (ceil(h / 2), ceil(w / 2), 4)."""
    h, w = weight.shape
    colour = scale * f(1 / 16)
    for y in prange(out.shape[0]):
        padded = np.empty(4 * (w + 4), np.float32)
        ya, yb, yc = reflect(2 * y - 2, h), reflect(2 * y - 1, h), 2 * y
        yd, ye = reflect(2 * y + 1, h), reflect(2 * y + 2, h)
        a, b, c = codes[ya].reshape(3 * w), codes[yb].reshape(3 * w), codes[yc].reshape(3 * w)
        d, e = codes[yd].reshape(3 * w), codes[ye].reshape(3 * w)
        wa, wb, wc, wd, we = weight[ya], weight[yb], weight[yc], weight[yd], weight[ye]
        for x in range(w):
            for k in range(3):
                i = 3 * x + k
                ends, near = f(a[i]) + f(e[i]), f(b[i]) + f(d[i])
                padded[8 + 4 * x + k] = (ends + f(4) * near + f(6) * f(c[i])) * colour
            padded[11 + 4 * x] = (wa[x] + we[x] + f(4) * (wb[x] + wd[x]) + f(6) * wc[x]) * f(1 / 16)
        reduce_columns(padded, out[y].reshape(4 * out.shape[1]))


@kernel()
def blend_frame(codes, weight, scale, coarse, total):
    """Add weight * (frame - expanded coarse level) to total (h, w, 3): the finest level."""
    h, w = weight.shape
    for y in prange(h):
        row, part, res = codes[y].reshape(3 * w), weight[y], total[y].reshape(3 * w)
        expanded = np.empty(8 * coarse.shape[1], np.float32)
        expand_row(coarse, y, expanded)
        for x in range(w):
            for k in range(3):
                res[3 * x + k] += part[x] * (f(row[3 * x + k]) * scale - expanded[4 * x + k])


@kernel()
def blend_level(level, coarse, total):
    """Add weight * (colours - expanded coarse level) to total (h, w, 4); level (h, w, 4) has the weight last."""
    h, w = level.shape[0], level.shape[1]
    for y in prange(h):
        row, res = level[y].reshape(4 * w), total[y].reshape(4 * w)
        expanded = np.empty(8 * coarse.shape[1], np.float32)
        expand_row(coarse, y, expanded)
        for x in range(w):
            part = row[4 * x + 3]
            for k in range(4):
                res[4 * x + k] += part * (row[4 * x + k] - expanded[4 * x + k])


@kernel()
def add_colours(coarse, fine):
    """Add the colours of a level (h, w, 4), expanded, to the finest one (h, w, 3) in place."""
    h, w = fine.shape[0], fine.shape[1]
    for y in prange(h):
        row = fine[y].reshape(3 * w)
        expanded = np.empty(8 * coarse.shape[1], np.float32)
        expand_row(coarse, y, expanded)
        for x in range(w):
            for k in range(3):
                row[3 * x + k] += expanded[4 * x + k]


@kernel()
def develop(image):
    """sRGB code values (h, w, 3), clipped to 0..1, to linear light in place (IEC 61966-2-1)."""
    h, w = image.shape[0], image.shape[1]
    for y in prange(h):
        row = image[y].reshape(3 * w)
        for i in range(3 * w):
            v = row[i] if row[i] > f(0) else f(0)
            v = v if v < f(1) else f(1)
            curved = powf((v + f(0.055)) * f(1 / 1.055), f(2.4))
            row[i] = v * f(1 / 12.92) if v <= f(0.04045) else curved


class LaplacianBlend:
    """The accumulators of a blend and one frame's pyramid: memory does not grow with the number of frames."""

    def __init__(self, h, w):
        shapes = [(*size, 4) for size in sizes(h, w)[1:]]
        self.finest = np.zeros((h, w, 3), np.float32)
        self.totals = [np.zeros(s, np.float32) for s in shapes]
        self.levels = [np.empty(s, np.float32) for s in shapes]

    def add(self, codes, scale, weight):
        """Blend in a frame; the weights (h, w) of all frames sum to 1 at every pixel."""
        if not self.levels:  # a single row or column has no coarser level
            self.finest += weight[:, :, None] * codes * scale
            return
        reduce_frame(codes, weight, scale, self.levels[0])
        blend_frame(codes, weight, scale, self.levels[0], self.finest)
        for level, coarse, total in zip(self.levels, self.levels[1:], self.totals, strict=False):
            reduce(level, coarse)
            blend_level(level, coarse, total)
        self.totals[-1] += self.levels[-1] * self.levels[-1][:, :, 3:]

    def collapse(self):
        """The fused image (h, w, 3), in the unit of the scaled codes."""
        for coarse, fine in zip(self.totals[:0:-1], self.totals[-2::-1], strict=True):
            add_expanded(coarse, fine)
        if self.totals:
            add_colours(self.totals[0], self.finest)
        return self.finest
