"""Weighted means over frames, from per-code tables: one pass over the rows of all frames."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.rows import row_at
from fullwell.kernels.vecmath import exp2f


@kernel(outs=3)
def merge_tables(
    frames, like, shifts, spans, shares, cell, value, weight, above, below, least, white, logarithmic, first, last,
    out, sums, mask,
):  # fmt: skip
    """out = sum of value / sum of weight over the frames, per channel.

    frames (n,) int64 addresses of (h, w, 3) code values of the type of `like`; shifts (n, 2) int64, frame pixel p lies
    over out pixel p + shift; spans (n, h, 2) int64, the columns [first, last) of out's rows that each shows; value and
    weight (n, 3, levels) float32. shares (n, rows, columns) float32 says how much each frame counts in cells of `cell`
    x `cell` pixels, linearly between their middles; without rows it counts everywhere. A code of no weight in the upper
    half of the range says "more than above[k, c]", in the lower half "less than below[k, c]"; where no frame has weight
    the tightest such bound is the result, and mask (h, w) uint8 gets 1 for a lower and 2 for an upper bound. Where the
    longest frame is black, its bound is the most that the others can say: what they record there is noise. A channel
    that all clip may be more than its bound: it is raised to a grey of the others, by what `white` (3,) has of each.
    With `logarithmic`, value and bounds are log2 and the mean is geometric.

    Frames may come in several batches, the `first` and the `last` marked. Between them `out` and `sums` (h, w, 3) hold
    what is known so far; a single batch does not touch `sums`. `least` (3,) is the smallest `below` of all frames.
    """
    h, w = out.shape[0], out.shape[1]
    middle = value.shape[2] // 2
    lowest = np.zeros(3, np.int64)  # the first code of each channel that has weight
    for c in range(3):
        while lowest[c] < middle and weight[0, c, lowest[c]] == f(0):
            lowest[c] += 1
    for y in prange(h):
        total, norm, black = np.zeros(3 * w, np.float32), np.zeros(3 * w, np.float32), np.zeros(3 * w, np.bool_)
        floor, ceiling = np.full(3 * w, -np.inf, np.float32), np.full(3 * w, np.inf, np.float32)
        if not first:
            resume(out[y].reshape(3 * w), sums[y].reshape(3 * w), least, total, norm, floor, ceiling, black)
        share = np.ones(w, np.float32)
        for k in range(frames.size):
            left, right = spans[k, y, 0], spans[k, y, 1]
            if left >= right:
                continue
            share_row(shares[k], cell, y, share)
            row = row_at(frames[k], (y - shifts[k, 0]) * 3 * w, 3 * w, like)[3 * (left - shifts[k, 1]) :]
            add(row, left, right, share, value[k], weight[k], total, norm)
            for c in range(3):
                if below[k, c] == least[c]:  # the longest: others see noise where it is black
                    for x in range(left, right):
                        black[3 * x + c] |= row[3 * (x - left) + c] < lowest[c] and share[x] > f(0.5)
        blank = False
        for i in range(3 * w):
            blank |= norm[i] <= f(0)
        for k in range(frames.size if blank else 0):
            left, right = spans[k, y, 0], spans[k, y, 1]
            if left < right:
                share_row(shares[k], cell, y, share)
                row = row_at(frames[k], (y - shifts[k, 0]) * 3 * w, 3 * w, like)[3 * (left - shifts[k, 1]) :]
                bound(row, left, right, share, middle, above[k], below[k], norm, floor, ceiling)
        res = out[y].reshape(3 * w)
        if not last:
            interrupt(total, norm, floor, ceiling, black, res, sums[y].reshape(3 * w))
            continue
        for i in range(3 * w):
            res[i] = total[i] / norm[i]
            if black[i]:
                res[i] = min(res[i], least[i % 3])
        for i in range(3 * w if blank else 0):
            if norm[i] <= f(0):
                res[i] = floor[i] if floor[i] > -np.inf else ceiling[i]
        if logarithmic:
            for i in range(3 * w):
                res[i] = exp2f(res[i])
        for x in range(w):
            bits, clipped = 0, 0
            for c in range(3):
                i = 3 * x + c
                if norm[i] <= f(0):
                    bits |= 1 if floor[i] > -np.inf else 2
                    clipped |= 1 << c if floor[i] > -np.inf else 0
            mask[y, x] = bits
            if clipped:
                untint(res[3 * x : 3 * x + 3], clipped, white)


@inline
def add(row, left, right, share, value, weight, total, norm):
    """Add a frame, whose codes of the columns from `left` are `row`, to the sums."""
    v0, v1, v2 = value[0], value[1], value[2]
    w0, w1, w2 = weight[0], weight[1], weight[2]
    for x in range(left, right):
        i, j, part = 3 * x, 3 * (x - left), share[x]
        a, b, c = row[j], row[j + 1], row[j + 2]
        total[i] += part * v0[a]
        total[i + 1] += part * v1[b]
        total[i + 2] += part * v2[c]
        norm[i] += part * w0[a]
        norm[i + 1] += part * w1[b]
        norm[i + 2] += part * w2[c]


@inline
def bound(row, left, right, share, middle, above, below, norm, floor, ceiling):
    """What a frame says of channels that nothing has weight in: more than `above`, or less than `below`."""
    for x in range(left, right):
        for c in range(3):
            i = 3 * x + c
            if norm[i] > f(0) or share[x] == f(0):
                continue
            if row[3 * (x - left) + c] >= middle:
                floor[i] = max(floor[i], above[c])
            else:  # a frame that hardly counts says no last word: a hair above `least`
                hair = f(0) if share[x] > f(0.5) else abs(below[c]) * f(1e-5)
                ceiling[i] = min(ceiling[i], below[c] + hair)


@inline
def untint(rgb, clipped, white):
    """Raise the channels of a pixel that `clipped` has a bit for to the grey of the others; of all, to the highest."""
    most, total, others = f(0), f(0), 0
    for c in range(3):
        most = max(most, rgb[c] / white[c])
        if not clipped >> c & 1:
            total += rgb[c] / white[c]
            others += 1
    grey = total / f(others) if others else most
    for c in range(3):
        if clipped >> c & 1:
            rgb[c] = max(rgb[c], grey * white[c])


@inline
def share_row(shares, cell, y, out):
    """A row of what `shares` (rows, columns) say of cells of `cell` pixels, linearly between their middles."""
    rows, columns = shares.shape
    if rows == 0:
        return
    v = min(max((f(y) + f(0.5)) / f(cell) - f(0.5), f(0)), f(rows - 1))
    i = min(int(v), max(rows - 2, 0))
    below = min(i + 1, rows - 1)
    t = v - f(i)
    for x in range(out.size):
        u = min(max((f(x) + f(0.5)) / f(cell) - f(0.5), f(0)), f(columns - 1))
        j = min(int(u), max(columns - 2, 0))
        right, s = min(j + 1, columns - 1), u - f(j)
        upper = (f(1) - s) * shares[i, j] + s * shares[i, right]  # a trace stays a trace, which a difference would lose
        lower = (f(1) - s) * shares[below, j] + s * shares[below, right]
        out[x] = (f(1) - t) * upper + t * lower


# ---- Between batches a channel is two numbers; whether the longest frame is black there is the sign of the second ----


@inline
def interrupt(total, norm, floor, ceiling, black, value, weight):
    """(total, norm) where there is weight, else (floor, infinity) where there is a floor, else (ceiling, 0)."""
    for i in range(total.size):
        sign = f(-1) if black[i] else f(1)
        if norm[i] > f(0):
            value[i], weight[i] = total[i], sign * norm[i]
        elif floor[i] > -np.inf:
            value[i], weight[i] = floor[i], sign * f(np.inf)
        else:
            value[i], weight[i] = ceiling[i], f(0)


@inline
def resume(value, weight, least, total, norm, floor, ceiling, black):
    for i in range(total.size):
        black[i] = weight[i] < f(0)
        if weight[i] == f(0):
            ceiling[i] = value[i]
            black[i] = value[i] == least[i % 3]
        elif abs(weight[i]) == f(np.inf):
            floor[i] = value[i]
        else:
            total[i], norm[i] = value[i], abs(weight[i])
