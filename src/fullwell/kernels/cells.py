"""A frame in small: the mean light of cells of pixels over the reference, and which of them are no measurement."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, kernel

CLIPPED, BLACK, OUTSIDE = 1, 2, 4


@kernel(outs=3)
def cell_means(codes, shift, spans, cell, step, light, variance, low, ends, out, spread, state):
    """out and spread (rows, columns, 3) float32 are means over cells of `cell` x `cell` pixels of the reference.

    They are looked up in light and variance (3, levels) float32, by the codes of every `step`-th row and column. codes
    (h, w, 3) lie `shift` (y, x) over the reference and show the columns of `spans` (h, 2). state (rows, columns, 3)
    uint8 has the bit CLIPPED where a code is at least ends (3,), BLACK where most are at most `low`, OUTSIDE where the
    frame does not show all of the cell, whose means are then 0.
    """
    rows, columns = out.shape[0], out.shape[1]
    h, w = codes.shape[0], codes.shape[1]
    for i in prange(rows):
        top, bottom = i * cell, min(i * cell + cell, h)
        for j in range(columns):
            left, right = j * cell, min(j * cell + cell, w)
            shown = True
            for y in range(top, bottom, step):
                shown = shown and spans[y, 0] <= left and right <= spans[y, 1]
            for c in range(3):
                total, error, count, clipped, black = f(0), f(0), 0, 0, 0
                for y in range(top, bottom if shown else top, step):
                    for x in range(left, right, step):
                        z = codes[y - shift[0], x - shift[1], c]
                        total += light[c, z]
                        error += variance[c, z]
                        clipped += z >= ends[c]
                        black += z <= low
                        count += 1
                share = f(1) / f(max(count, 1))
                out[i, j, c], spread[i, j, c] = total * share, error * share
                state[i, j, c] = (CLIPPED if clipped else 0) | (BLACK if 2 * black > count else 0)
                if not shown:
                    state[i, j, c] = OUTSIDE


@kernel()
def cells_apart(a, a_variance, a_state, b, b_variance, b_state, sigmas, share, edge, out):
    """out (rows, columns) float32: how far b is from a in units of what may be, the largest of a cell's channels.

    What may be is `sigmas` standard deviations, `share` of the brighter and `edge` of the range of a in the 3 x 3 cells
    around. A channel counts where both are measured, or where one that is clipped or black contradicts the other.
    """
    rows, columns = out.shape
    for i in prange(rows):
        for j in range(columns):
            worst = f(0)
            for c in range(3):
                s, t, apart = a_state[i, j, c], b_state[i, j, c], b[i, j, c] - a[i, j, c]
                unknown = OUTSIDE | (BLACK if apart < f(0) else CLIPPED)
                if s & unknown or t & (unknown ^ (BLACK | CLIPPED)):
                    continue
                least, most = a[i, j, c], a[i, j, c]
                for y in range(max(i - 1, 0), min(i + 2, rows)):
                    for x in range(max(j - 1, 0), min(j + 2, columns)):
                        least, most = min(least, a[y, x, c]), max(most, a[y, x, c])
                spread = np.sqrt(a_variance[i, j, c] + b_variance[i, j, c])
                allowed = sigmas * spread + share * max(a[i, j, c], b[i, j, c]) + edge * (most - least)
                worst = max(worst, abs(apart) / max(allowed, f(1e-30)))
            out[i, j] = worst
