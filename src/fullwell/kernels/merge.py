"""Weighted means over frames, from per-code tables: one pass over the rows of all frames."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.rows import row_at
from fullwell.kernels.vecmath import exp2f


@kernel(outs=3)
def merge_tables(
    frames, like, shifts, spans, value, weight, above, below, least, logarithmic, first, last, out, sums, mask
):
    """out = sum of value / sum of weight over the frames, per channel.

    frames (n,) int64 addresses of (h, w, 3) code values of the type of `like`; shifts (n, 2) int64, frame pixel p lies
    over out pixel p + shift; spans (n, h, 2) int64, the columns [first, last) of out's rows that each shows; value and
    weight (n, 3, levels) float32. A code of no weight in the upper half of the range says "more than above[k, c]", in
    the lower half "less than below[k, c]"; where no frame has weight the tightest such bound is the result, and mask
    (h, w) uint8 gets 1 for a lower and 2 for an upper bound. Where the longest frame is black, its bound is the most
    that the others can say: what they record there is noise. With `logarithmic`, value and bounds are log2 and the mean
    is geometric.

    Frames may come in several batches, the `first` and the `last` marked. Between them `out` and `sums` (h, w, 3) hold
    what is known so far; a single batch does not touch `sums`. `least` (3,) is the smallest `below` of all frames.
    """
    h, w = out.shape[0], out.shape[1]
    middle = value.shape[2] // 2
    for y in prange(h):
        total, norm = np.zeros(3 * w, np.float32), np.zeros(3 * w, np.float32)
        floor, ceiling = np.full(3 * w, -np.inf, np.float32), np.full(3 * w, np.inf, np.float32)
        if not first:
            resume(out[y].reshape(3 * w), sums[y].reshape(3 * w), least, total, norm, floor, ceiling)
        for k in range(frames.size):
            sy, sx = shifts[k, 0], shifts[k, 1]
            left, right = spans[k, y, 0], spans[k, y, 1]
            if left >= right:
                continue
            row = row_at(frames[k], (y - sy) * 3 * w, 3 * w, like)
            for c in range(3):
                values, weights = value[k, c], weight[k, c]
                more, less = above[k, c], below[k, c]
                for x in range(left, right):
                    z, i = row[3 * (x - sx) + c], 3 * x + c
                    total[i] += values[z]
                    norm[i] += weights[z]
                    if weights[z] == f(0):
                        if z >= middle:
                            floor[i] = max(floor[i], more)
                        else:
                            ceiling[i] = min(ceiling[i], less)
        res = out[y].reshape(3 * w)
        if not last:
            interrupt(total, norm, floor, ceiling, least, res, sums[y].reshape(3 * w))
            continue
        for c in range(3):
            darkest = least[c]  # the bound of the longest frame: others see noise where it is black
            for i in range(c, 3 * w, 3):
                if norm[i] > f(0):
                    res[i] = total[i] / norm[i]
                    if ceiling[i] == darkest:
                        res[i] = min(res[i], darkest)
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


# ---- Between batches a channel is two numbers; whether the longest frame is black there is the sign of the second ----


@inline
def interrupt(total, norm, floor, ceiling, least, value, weight):
    """(total, norm) where there is weight, else (floor, infinity) where there is a floor, else (ceiling, 0)."""
    for i in range(total.size):
        sign = f(-1) if ceiling[i] == least[i % 3] else f(1)
        if norm[i] > f(0):
            value[i], weight[i] = total[i], sign * norm[i]
        elif floor[i] > -np.inf:
            value[i], weight[i] = floor[i], sign * f(np.inf)
        else:
            value[i], weight[i] = ceiling[i], f(0)


@inline
def resume(value, weight, least, total, norm, floor, ceiling):
    for i in range(total.size):
        if weight[i] == f(0):
            ceiling[i] = value[i]
        elif abs(weight[i]) == f(np.inf):
            floor[i] = value[i]
        else:
            total[i], norm[i] = value[i], abs(weight[i])
        if weight[i] < f(0):
            ceiling[i] = least[i % 3]
