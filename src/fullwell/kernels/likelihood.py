"""The mean over frames by the inverse of their variance, which a first estimate of the light foretells."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, kernel
from fullwell.kernels.merge import share_row
from fullwell.kernels.rows import row_at
from fullwell.kernels.vecmath import log2f

STEPS = 16  # entries of the weights' table to a stop of light: 3 % in the weight moves the mean's variance by nothing
FAINT = 1e-12  # so little that a frame 8 stops shorter still outvotes it, and enough to be a measurement alone
LOUD = f(1 / FAINT)


@kernel(outs=5)
def likeliest(
    frames, like, shifts, spans, shares, cell, exposure, per_time, weight, alone, darkest, lowest, pilot, start, last,
    out, norms, precision, strength, source,
):  # fmt: skip
    """out = sum of w x / t over the frames / sum of w, per channel, with w looked up at the light that `pilot` tells.

    frames, like, shifts, spans, shares and cell as `merge_tables` has them; exposure (3, levels) float32 is x of every
    code, negative for a code that says nothing; per_time (n, 3) is 1 / t; weight (n, 3, entries) is w, entry i for
    light of 2 ** (lowest + i / STEPS), FAINT times it where the frame is too dark or too bright for that light. Where
    no frame has a code that says something the pilot (h, w, 3) stays; a pilot of at most `darkest` (3,) is a bound.

    Frames may come in batches, `start` being the number of a batch's first and the `last` batch marked; norms (h, w, 3)
    holds the sums of w between them, and a single batch does not touch it. precision (h, w, 3) gets the sum of w, which
    is 1 / variance, 0 where nothing was measured; alone (3, entries) is a sum below which only faint codes spoke, whose
    FAINT is then taken out. source (h, w) int16 gets the number of the frame that says most, -1 for none, with strength
    (h, w) float32 for how much. Both are left alone where they have no rows.
    """
    h, w = out.shape[0], out.shape[1]
    entries = weight.shape[2]
    for y in prange(h):
        guess, res = pilot[y].reshape(3 * w), out[y].reshape(3 * w)
        entry = np.empty(3 * w, np.int32)
        for i in range(3 * w):
            entry[i] = int(min(max((log2f(guess[i]) - lowest) * f(STEPS) + f(0.5), f(0)), f(entries - 1)))
        total, norm, share = np.zeros(3 * w, np.float32), np.zeros(3 * w, np.float32), np.ones(w, np.float32)
        if start:
            total[:], norm[:] = res, norms[y].reshape(3 * w)
        if source.size:
            if start == 0:
                source[y], strength[y] = -1, 0
            says = np.empty(w, np.float32)
        for k in range(frames.size):
            sy, sx = shifts[k, 0], shifts[k, 1]
            left, right = spans[k, y, 0], spans[k, y, 1]
            if left >= right:
                continue
            share_row(shares[k], cell, y, share)
            row = row_at(frames[k], (y - sy) * 3 * w, 3 * w, like)
            if source.size:
                says[:] = 0
            for c in range(3):
                table, weights, rate = exposure[c], weight[k, c], per_time[k, c]
                for x in range(left, right):
                    i = 3 * x + c
                    light = table[row[i - 3 * sx]] * rate
                    if light >= f(0):
                        wt = share[x] * weights[entry[i]]
                        total[i] += wt * light
                        norm[i] += wt
                        if source.size:
                            says[x] += wt * guess[i] * guess[i]
            if source.size:
                number = start + k
                for x in range(left, right):
                    if says[x] > strength[y, x]:
                        strength[y, x], source[y, x] = says[x], number
        if not last:
            res[:], norms[y].reshape(3 * w)[:] = total, norm
            continue
        for i in range(3 * w):
            res[i] = total[i] / norm[i] if norm[i] > f(0) else guess[i]
            if guess[i] <= darkest[i % 3]:
                res[i] = min(res[i], darkest[i % 3])
        if precision.size:
            sure = precision[y].reshape(3 * w)
            for i in range(3 * w):
                sure[i] = norm[i] if norm[i] > alone[i % 3, entry[i]] else norm[i] * LOUD
