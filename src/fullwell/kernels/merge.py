"""Weighted means over frames, from per-code tables: one pass over the rows of all frames."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, kernel
from fullwell.kernels.rows import row_at
from fullwell.kernels.vecmath import exp2f


@kernel(outs=2)
def merge_tables(frames, like, shifts, spans, value, weight, above, below, logarithmic, capped, out, mask):
    """out = sum of value / sum of weight over the frames, per channel.

    frames (n,) int64 addresses of (h, w, 3) code values of the type of `like`; shifts (n, 2) int64, frame pixel p lies
    over out pixel p + shift; spans (n, h, 2) int64, the columns [first, last) of out's rows that each shows; value and
    weight (n, 3, levels) float32. A code of no weight in the upper half of the range says "more than above[k, c]", in
    the lower half "less than below[k, c]"; where no frame has weight the tightest such bound is the result, and mask
    (h, w) uint8 gets 1 for a lower and 2 for an upper bound. Where `capped` and the longest frame is black, its
    bound is the most that the others can say: what they record there is noise. With `logarithmic`, value and bounds are
    log2 and the mean is geometric.
    """
    h, w = out.shape[0], out.shape[1]
    middle = value.shape[2] // 2
    for y in prange(h):
        total, norm = np.zeros(3 * w, np.float32), np.zeros(3 * w, np.float32)
        floor, ceiling = np.full(3 * w, -np.inf, np.float32), np.full(3 * w, np.inf, np.float32)
        for k in range(frames.size):
            sy, sx = shifts[k, 0], shifts[k, 1]
            first, last = spans[k, y, 0], spans[k, y, 1]
            if first >= last:
                continue
            row = row_at(frames[k], (y - sy) * 3 * w, 3 * w, like)
            for c in range(3):
                values, weights = value[k, c], weight[k, c]
                more, less = above[k, c], below[k, c]
                for x in range(first, last):
                    z, i = row[3 * (x - sx) + c], 3 * x + c
                    total[i] += values[z]
                    norm[i] += weights[z]
                    if weights[z] == f(0):
                        if z >= middle:
                            floor[i] = max(floor[i], more)
                        else:
                            ceiling[i] = min(ceiling[i], less)
        res = out[y].reshape(3 * w)
        for c in range(3):
            least = below[:, c].min()  # the bound of the longest frame: others see noise where it is black
            for i in range(c, 3 * w, 3):
                if norm[i] > f(0):
                    res[i] = total[i] / norm[i]
                    if capped and ceiling[i] == least:
                        res[i] = min(res[i], least)
                else:
                    res[i] = floor[i] if floor[i] > -np.inf else ceiling[i]
        for x in range(w):
            bits = 0
            for i in range(3 * x, 3 * x + 3):
                if norm[i] <= f(0):
                    bits |= 1 if floor[i] > -np.inf else 2
            mask[y, x] = bits
        if logarithmic:
            for i in range(3 * w):
                res[i] = exp2f(res[i])
