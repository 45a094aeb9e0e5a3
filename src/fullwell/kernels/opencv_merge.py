"""OpenCV's merges: Debevec's with one weight for the three channels of a pixel, Robertson's with one a channel."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, kernel
from fullwell.kernels.rows import row_at
from fullwell.kernels.vecmath import exp2f


@kernel()
def merge_shared_weight(frames, like, top, value, out):
    """out = 2 ** (sum of W value / sum of W), W the sum over a pixel's channels of the hat min(z, top - z).

    frames (n,) int64 addresses of (h, w, 3) codes of the type of `like`, `top` their largest code, float32; value
    (n, 3, top + 1) float32, log2 of response / time. The hat is computed, not looked up: that loop vectorises.
    """
    h, w = out.shape[0], out.shape[1]
    for y in prange(h):
        total = np.zeros(3 * w, np.float32)
        norm, weight = np.zeros(w, np.float32), np.empty(w, np.float32)
        for k in range(frames.size):
            row = row_at(frames[k], y * 3 * w, 3 * w, like)
            for x in range(w):
                a, b, c = f(row[3 * x]), f(row[3 * x + 1]), f(row[3 * x + 2])
                hat = min(a, top - a) + min(b, top - b) + min(c, top - c)
                weight[x] = hat + f(3e-6)  # where all frames clip they count alike
                norm[x] += weight[x]
            t0, t1, t2 = value[k, 0], value[k, 1], value[k, 2]
            for x in range(w):
                total[3 * x] += weight[x] * t0[row[3 * x]]
                total[3 * x + 1] += weight[x] * t1[row[3 * x + 1]]
                total[3 * x + 2] += weight[x] * t2[row[3 * x + 2]]
        res = out[y].reshape(3 * w)
        for x in range(w):
            inv = f(1) / norm[x]
            res[3 * x] = exp2f(total[3 * x] * inv)
            res[3 * x + 1] = exp2f(total[3 * x + 1] * inv)
            res[3 * x + 2] = exp2f(total[3 * x + 2] * inv)


@kernel()
def merge_own_weight(frames, like, value, weight, least, most, out):
    """out = sum of value / sum of weight per channel; where no frame has weight, the tightest bound that one gives.

    frames as above; value and weight (n, 3, levels) float32, of which only the first and the last code weigh nothing;
    the last says "at least least[k, c]", the first "at most most[k, c]", (n, 3) float32 each.
    """
    h, w = out.shape[0], out.shape[1]
    top = value.shape[2] - 1
    for y in prange(h):
        total, norm = np.zeros(3 * w, np.float32), np.zeros(3 * w, np.float32)
        for k in range(frames.size):
            row = row_at(frames[k], y * 3 * w, 3 * w, like)
            v0, v1, v2 = value[k, 0], value[k, 1], value[k, 2]
            w0, w1, w2 = weight[k, 0], weight[k, 1], weight[k, 2]
            for i in range(0, 3 * w, 3):
                z0, z1, z2 = row[i], row[i + 1], row[i + 2]
                total[i] += v0[z0]
                total[i + 1] += v1[z1]
                total[i + 2] += v2[z2]
                norm[i] += w0[z0]
                norm[i + 1] += w1[z1]
                norm[i + 2] += w2[z2]
        res, blank = out[y].reshape(3 * w), False
        for i in range(3 * w):
            res[i] = total[i] / norm[i]
            blank |= norm[i] <= f(0)
        if not blank:
            continue
        for i in range(3 * w):
            if norm[i] > f(0):
                continue
            floor, ceiling = f(-np.inf), f(np.inf)
            for k in range(frames.size):
                z = row_at(frames[k], y * 3 * w, 3 * w, like)[i]
                if z == top:
                    floor = max(floor, least[k, i % 3])
                elif z == 0:
                    ceiling = min(ceiling, most[k, i % 3])
            res[i] = floor if floor > -np.inf else ceiling
