"""Gaussian and Laplacian pyramids of four-channel images: [1 4 6 4 1] / 16, reflected at the borders without the edge.

Burt and Adelson 1983. Images are (h, w, 4) float32: four floats are one vector register, and three colours and a weight
are what exposure fusion needs. Each level keeps the even rows and columns, size ceil(n / 2).
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel


def sizes(h: int, w: int) -> list[tuple[int, int]]:
    """Sizes of all levels, the image first: as often halved as the short side has powers of two."""
    levels = [(h, w)]
    for _ in range(int(math.log2(min(h, w)))):
        h, w = (h + 1) // 2, (w + 1) // 2
        levels.append((h, w))
    return levels


@inline
def reflect(i, n):
    """Index i folded into 0..n-1 about the first and the last element."""
    while i < 0 or i >= n:
        if n == 1:
            return 0
        i = -i if i < 0 else 2 * (n - 1) - i
    return i


@inline
def reduce_columns(padded, out):
    """Filter and halve a row: padded (4 (w + 4),), two free pixels on either side, to out (4 ceil(w / 2),)."""
    w = padded.size // 4 - 4
    for c in range(4):
        padded[c], padded[4 + c] = padded[4 * (2 + reflect(-2, w)) + c], padded[4 * (2 + reflect(-1, w)) + c]
        padded[4 * (w + 2) + c] = padded[4 * (2 + reflect(w, w)) + c]
        padded[4 * (w + 3) + c] = padded[4 * (2 + reflect(w + 1, w)) + c]
    for x in range(out.size // 4):
        for c in range(4):
            i = 8 * x + c
            outer, inner = padded[i] + padded[i + 16], padded[i + 4] + padded[i + 12]
            out[4 * x + c] = (outer + f(4) * inner + f(6) * padded[i + 8]) * f(1 / 16)


@kernel()
def reduce(image, out):
    """The next level of the Gaussian pyramid, (ceil(h / 2), ceil(w / 2), 4)."""
    h, w = image.shape[0], image.shape[1]
    for y in prange(out.shape[0]):
        padded = np.empty(4 * (w + 4), np.float32)
        a, b = image[reflect(2 * y - 2, h)].reshape(4 * w), image[reflect(2 * y - 1, h)].reshape(4 * w)
        c, d = image[2 * y].reshape(4 * w), image[reflect(2 * y + 1, h)].reshape(4 * w)
        e = image[reflect(2 * y + 2, h)].reshape(4 * w)
        for i in range(4 * w):
            padded[8 + i] = (a[i] + e[i] + f(4) * (b[i] + d[i]) + f(6) * c[i]) * f(1 / 16)
        reduce_columns(padded, out[y].reshape(4 * out.shape[1]))


@inline
def expand_row(coarse, y, out):
    """Row y of a level expanded to twice its size, out (8 w,) for coarse (h, w, 4).

    Even samples are (a[i - 1] + 6 a[i] + a[i + 1]) / 8, odd ones (a[i] + a[i + 1]) / 2; past the end the last stands.
    """
    h, w = coarse.shape[0], coarse.shape[1]
    j = y // 2
    mid, below = coarse[j].reshape(4 * w), coarse[min(j + 1, h - 1)].reshape(4 * w)
    column = np.empty(4 * (w + 2), np.float32)
    if y % 2:
        for i in range(4 * w):
            column[4 + i] = (mid[i] + below[i]) * f(0.5)
    else:
        above = coarse[j - 1 if j else min(1, h - 1)].reshape(4 * w)
        for i in range(4 * w):
            column[4 + i] = (above[i] + f(6) * mid[i] + below[i]) * f(0.125)
    for c in range(4):
        column[c] = column[4 * min(2, w) + c]
        column[4 * (w + 1) + c] = column[4 * w + c]
    for x in range(w):
        for c in range(4):
            i = 4 * x + c
            out[8 * x + c] = (column[i] + f(6) * column[i + 4] + column[i + 8]) * f(0.125)
            out[8 * x + 4 + c] = (column[i + 4] + column[i + 8]) * f(0.5)


@kernel()
def add_expanded(coarse, fine):
    """Add a level, expanded, to the next finer one (h, w, 4) in place: one step of collapsing a Laplacian pyramid."""
    for y in prange(fine.shape[0]):
        row = fine[y].reshape(4 * fine.shape[1])
        expanded = np.empty(8 * coarse.shape[1], np.float32)
        expand_row(coarse, y, expanded)
        for i in range(row.size):
            row[i] += expanded[i]
