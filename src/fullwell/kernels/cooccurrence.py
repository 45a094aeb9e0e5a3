"""Which codes stand at one place in two frames of a bracket: all that Robertson's alternation needs of the pixels."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import kernel
from fullwell.kernels.rows import row_at


@kernel(outs=2)
def cooccurrence(frames, like, height, width, times, weight, pairs, counts):
    """Sums over pixels of t_j t_k / norm at [code in frame j, code in frame k], norm the sum over frames of t^2 w.

    frames (n,) int64 addresses of (height, width, 3) uint8 frames; times (n,) and weight (256,) float64. Into pairs
    (blocks, 3, 65536) float64, zeros before, for j <= k only, the diagonal j = k at half weight, so that a matrix plus
    its transpose holds every pair; codes counted in counts (blocks, 3, 256) int64. Pixels of norm 0 enter no pair.
    """
    n, blocks, size = frames.size, pairs.shape[0], 3 * width
    for b in prange(blocks):
        norm = np.empty(size, np.float64)
        for y in range(height * b // blocks, height * (b + 1) // blocks):
            norm[:] = 0.0
            for k in range(n):
                row, square = row_at(frames[k], y * size, size, like), times[k] * times[k]
                for i in range(size):
                    norm[i] += square * weight[row[i]]
            for i in range(size):
                norm[i] = 1.0 / norm[i] if norm[i] > 0.0 else 0.0
            for j in range(n):
                row = row_at(frames[j], y * size, size, like)
                for c in range(3):
                    count = counts[b, c]
                    for i in range(c, size, 3):
                        count[row[i]] += 1
                for k in range(j, n):
                    other = row_at(frames[k], y * size, size, like)
                    scale = times[j] * times[k] * (0.5 if k == j else 1.0)
                    for c in range(3):
                        pair = pairs[b, c]
                        for i in range(c, size, 3):
                            pair[np.int64(row[i]) * 256 + other[i]] += scale * norm[i]
