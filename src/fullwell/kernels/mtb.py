"""Grey pyramids, and threshold bitmaps that are compared without being stored."""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import kernel


@kernel()
def grey(codes, shift, out):
    """(54 R + 183 G + 19 B) / 256 of code values >> shift, (h, w) uint8 (Ward 2003, section 2)."""
    h, w = out.shape
    for y in prange(h):
        row = codes[y].reshape(3 * w)
        for x in range(w):
            r, g, b = row[3 * x] >> shift, row[3 * x + 1] >> shift, row[3 * x + 2] >> shift
            out[y, x] = (54 * np.uint32(r) + 183 * np.uint32(g) + 19 * np.uint32(b)) >> 8


@kernel()
def halve(image, out):
    """Means of 2x2 pixels, (h // 2, w // 2) uint8."""
    h, w = out.shape
    for y in prange(h):
        a, b = image[2 * y], image[2 * y + 1]
        for x in range(w):
            out[y, x] = (np.uint32(a[2 * x]) + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2


@kernel()
def count_codes(image, out):
    """Histogram of every block of rows, out (blocks, 256) int64."""
    h = image.shape[0]
    blocks = out.shape[0]
    for k in prange(blocks):
        for y in range(h * k // blocks, h * (k + 1) // blocks):
            for x in range(image.shape[1]):
                out[k, image[y, x]] += 1


@kernel()
def compare(a, b, levels, margin, shifts, out):
    """Compare threshold bitmaps of a and b (h, w) uint8 for many shifts at once.

    levels (k, 2) int64 are thresholds of a and b; shifts (n, 2) int64 lay b's pixel p over a's p + shift. A pixel is
    above when its code exceeds the level, and takes part when it is further than `margin` from it. out (n, blocks, 5)
    int64, summed over the thresholds and a block of rows: [take part in both, differ, above in a, above in b, overlap].
    """
    h, w = a.shape
    blocks = out.shape[1]
    for task in prange(shifts.shape[0] * blocks):
        n, block = task // blocks, task % blocks
        dy, dx = shifts[n, 0], shifts[n, 1]
        left, right = max(0, dx), max(0, dx, min(w, w + dx))
        sums = np.zeros(5, np.int64)
        for y in range(max(h * block // blocks, dy), min(h * (block + 1) // blocks, h + dy)):
            row, other = a[y, left:right], b[y - dy, left - dx : right - dx]
            for k in range(levels.shape[0]):
                level_a, level_b = np.int16(levels[k, 0]), np.int16(levels[k, 1])
                part, differ, over_a, over_b = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
                for x in range(right - left):
                    p, q = np.int16(row[x]) - level_a, np.int16(other[x]) - level_b
                    both = np.int32((abs(p) > margin) & (abs(q) > margin))
                    part += both
                    differ += both & np.int32((p > 0) != (q > 0))
                    over_a += both & np.int32(p > 0)
                    over_b += both & np.int32(q > 0)
                sums[0] += part
                sums[1] += differ
                sums[2] += over_a
                sums[3] += over_b
                sums[4] += right - left
        out[n, block] = sums
