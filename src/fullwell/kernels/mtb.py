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
def compare(a, b, level_a, level_b, margin, dy, dx, out):
    """Compare threshold bitmaps where b's pixel p lies over a's p + (dy, dx).

    A pixel is above when its code exceeds the level, and takes part when it is further than `margin` from it. out (h,
    5) int64 per row of a: [take part in both, differ, above in a, above in b, overlap].
    """
    h, w = a.shape
    left, right = max(0, dx), min(w, w + dx)
    for y in prange(h):
        part, differ, over_a, over_b = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
        if 0 <= y - dy < h and right > left:
            row, other = a[y, left:right], b[y - dy, left - dx : right - dx]
            for x in range(right - left):
                p, q = np.int16(row[x]) - level_a, np.int16(other[x]) - level_b
                both = np.int32((abs(p) > margin) & (abs(q) > margin))
                part += both
                differ += both & np.int32((p > 0) != (q > 0))
                over_a += both & np.int32(p > 0)
                over_b += both & np.int32(q > 0)
        out[y, 0], out[y, 1], out[y, 2], out[y, 3] = part, differ, over_a, over_b
        out[y, 4] = max(0, right - left) if 0 <= y - dy < h else 0
