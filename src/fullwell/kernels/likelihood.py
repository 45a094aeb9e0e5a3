"""The mean over frames by the inverse of their variance, which a first estimate of the light foretells."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.merge import share_row
from fullwell.kernels.rows import row_at
from fullwell.kernels.vecmath import log2f

STEPS = 16  # entries of the weights' table to a stop of light: 3 % in the weight moves the mean's variance by nothing
FAINT = 1e-12  # so little that a frame 8 stops shorter still outvotes it, and enough to be a measurement alone


@kernel(outs=5)
def likeliest(
    frames, like, shifts, spans, shares, cell, exposure, per_time, weight, trust, full, darkest, lowest, pilot, start,
    last, out, norms, variance, strength, source,
):  # fmt: skip
    """out = sum of w x / t over the frames / sum of w, per channel, with w looked up at the light that `pilot` tells.

    frames, like, shifts, spans, shares and cell as `merge_tables` has them; exposure (3, levels) float32 is x of every
    code, negative for a code that says nothing; per_time (n, 3) is 1 / t. w is weight (n, 3, entries, leads) times the
    frame's share; entry i is for light of 2 ** (lowest + i / STEPS), and lead j for a pixel whose brightest channel, as
    a share of `full` (3,), is j / STEPS stops above this one, the last for all that are further. Where no frame has a
    code that says something the pilot (h, w, 3) stays; a pilot of at most `darkest` (3,) is a bound.

    Frames may come in batches, `start` being the number of a batch's first and the `last` batch marked; norms (h, w, 3)
    holds the sums of w between them, and a single batch does not touch it. variance (h, w, 3) is that of the mean,
    infinite where nothing was measured, when that of a frame is trust / weight, of which `trust` has the first.
    source (h, w) int16 gets the number of the frame that says most, -1 for none, with strength (h, w) float32 for how
    much. These are left alone where they have no rows.
    """
    h, w = out.shape[0], out.shape[1]
    leads = weight.shape[3]
    for y in prange(h):
        guess, res = pilot[y].reshape(3 * w), out[y].reshape(3 * w)
        entry = np.empty(3 * w, np.int32)
        look_up(guess, full, lowest, weight.shape[2], leads, entry)
        total, norm, share = np.zeros(3 * w, np.float32), np.zeros(3 * w, np.float32), np.ones(w, np.float32)
        if start:
            total[:], norm[:] = res, norms[y].reshape(3 * w)
        unsure = variance[min(y, variance.shape[0]) :].reshape(-1)[: 3 * w]  # empty where it has no rows
        if start == 0:
            unsure[:] = 0
        if source.size and start == 0:
            source[y], strength[y] = -1, 0
        for k in range(frames.size):
            left, right = spans[k, y, 0], spans[k, y, 1]
            if left >= right:
                continue
            share_row(shares[k], cell, y, share)
            row = row_at(frames[k], (y - shifts[k, 0]) * 3 * w, 3 * w, like)[3 * (left - shifts[k, 1]) :]
            tables = weight[k].reshape(3, -1)
            if unsure.size:
                doubt(row, left, right, share, exposure, tables, trust[k].reshape(3, -1), entry, norm, unsure)
            if source.size:
                speak(row, left, right, share, exposure, tables, entry, guess, start + k, strength[y], source[y])
            add(row, left, right, share, exposure, per_time[k], tables, entry, total, norm)
        if not last:
            res[:], norms[y].reshape(3 * w)[:] = total, norm
            continue
        for i in range(unsure.size):
            if norm[i] <= f(0):
                unsure[i] = np.inf
        for i in range(3 * w):
            res[i] = total[i] / norm[i] if norm[i] > f(0) else guess[i]
            if guess[i] <= darkest[i % 3]:
                res[i] = min(res[i], darkest[i % 3])


@inline
def look_up(guess, full, lowest, entries, leads, out):
    """Which weight each channel of a row gets, in a table (entries, leads)."""
    steps = np.empty(guess.size, np.float32)
    for i in range(guess.size):
        steps[i] = (log2f(guess[i]) - lowest) * f(STEPS)
    offset = np.empty(3, np.float32)
    for c in range(3):
        offset[c] = log2f(full[c]) * f(STEPS)
    for x in range(guess.size // 3):
        i = 3 * x
        brightest = max(steps[i] - offset[0], steps[i + 1] - offset[1], steps[i + 2] - offset[2])
        for c in range(3):
            lead = min(int(brightest + offset[c] - steps[i + c] + f(0.5)), leads - 1)
            nearest = int(min(max(steps[i + c] + f(0.5), f(0)), f(entries - 1)))
            out[i + c] = nearest * leads + lead


@inline
def add(row, left, right, share, exposure, per_time, weight, entry, total, norm):
    """Add a frame, whose codes of the columns from `left` are `row`, to the sums."""
    x0, x1, x2 = exposure[0], exposure[1], exposure[2]
    w0, w1, w2 = weight[0], weight[1], weight[2]
    r0, r1, r2 = per_time[0], per_time[1], per_time[2]
    for x in range(left, right):
        i, j, part = 3 * x, 3 * (x - left), share[x]
        a, b, c = x0[row[j]], x1[row[j + 1]], x2[row[j + 2]]
        wa = part * w0[entry[i]] if a >= f(0) else f(0)
        wb = part * w1[entry[i + 1]] if b >= f(0) else f(0)
        wc = part * w2[entry[i + 2]] if c >= f(0) else f(0)
        total[i] += wa * (a * r0)
        total[i + 1] += wb * (b * r1)
        total[i + 2] += wc * (c * r2)
        norm[i] += wa
        norm[i + 1] += wb
        norm[i + 2] += wc


@inline
def doubt(row, left, right, share, exposure, weight, trust, entry, norm, variance):
    """The variance of the mean with a frame that is not yet in `norm`; a sum of squares of w would lose a trace."""
    for x in range(left, right):
        for c in range(3):
            i = 3 * x + c
            wt = share[x] * weight[c, entry[i]]
            if exposure[c, row[3 * (x - left) + c]] >= f(0) and wt > f(0):
                after = norm[i] + wt
                kept, new = norm[i] / after, wt / after
                variance[i] = kept * kept * variance[i] + new * (share[x] * trust[c, entry[i]] / after)


@inline
def speak(row, left, right, share, exposure, weight, entry, guess, number, strength, source):
    """Name the frame where it says more than those before it."""
    for x in range(left, right):
        says = f(0)
        for c in range(3):
            i = 3 * x + c
            if exposure[c, row[3 * (x - left) + c]] >= f(0):
                says += share[x] * weight[c, entry[i]] * guess[i] * guess[i]
        if says > strength[x]:
            strength[x], source[x] = says, number
