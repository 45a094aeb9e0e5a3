"""Three colours at every pixel of a sensor that counts one: edges decide along which direction the others are found.

Source: D. Menon, S. Andriani, G. Calvagno, "Demosaicing with directional filtering and a posteriori decision", IEEE
Transactions on Image Processing 16(1), 2007: green along rows and along columns, by the filter of Hamilton and Adams;
the direction whose differences of colour to green change less, in a window of 5 x 5; red and blue by these differences.
Differs from the paper: all is done on the logarithm of light, where the difference of two colours is their ratio and an
edge of ten stops is ten times one of a stop; in linear light it rings, into negative numbers. Both directions count, by
the inverse squares of their changes, which leaves less noise than to choose. Green between two greens is no brighter or
darker than they are. There is no refining step. Measured in experiments/0007-demosaic.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.vecmath import exp2f, log2f

TILE, HALO = 64, 6  # pixels a side, even, and around it: what a tile needs fits the processor's nearest cache
SIDE = TILE + 2 * HALO
ALIKE = f(1e-9)  # squared: no difference at all


@kernel()
def demosaic_light(rows, red_y, red_x, out):
    """Light (h, w, 3) float32 of a mosaic's light, which comes as `image.Mosaic.folded` has it: (h, w / 2, 3) float32.

    Red is at (red_y, red_x) of each 2 x 2 pixels, blue diagonal to it. h and w are even.
    """
    h, w = out.shape[0], out.shape[1]
    down, across = (h + TILE - 1) // TILE, (w + TILE - 1) // TILE
    for k in prange(down * across):
        top, left = k // across * TILE, k % across * TILE
        log, rgb = np.empty((SIDE, SIDE), np.float32), np.empty((3, SIDE, SIDE), np.float32)
        for y in range(SIDE):
            row, own = rows[mirrored(top + y - HALO, h)], 2 * ((y + red_y) & 1)
            for x in range(SIDE):
                c = own if (y + x + red_y + red_x) & 1 == 0 else 1
                log[y, x] = row[mirrored(left + x - HALO, w) >> 1, c]
            for x in range(SIDE):
                log[y, x] = log2f(log[y, x])
        interpolate(log, red_y, red_x, rgb)
        right = min(TILE, w - left)
        for y in range(min(TILE, h - top)):
            res = out[top + y, left : left + right].reshape(3 * right)
            for c in range(3):
                values = rgb[c, y + HALO, HALO : HALO + right]
                for x in range(right):
                    res[3 * x + c] = exp2f(values[x])


@kernel(parallel=False)
def demosaic_codes(codes, red_y, red_x, out):
    """sRGB codes (h, w, 3) uint16 of a mosaic's codes (h, w) uint16. On one thread: frames are decoded side by side.

    On the roots of the codes, which differ from a logarithm in the dark alone: there a single frame has but noise.
    """
    h, w = out.shape[0], out.shape[1]
    down, across = (h + TILE - 1) // TILE, (w + TILE - 1) // TILE
    root, rgb = np.empty((SIDE, SIDE), np.float32), np.empty((3, SIDE, SIDE), np.float32)
    for k in range(down * across):
        top, left = k // across * TILE, k % across * TILE
        for y in range(SIDE):
            row = codes[mirrored(top + y - HALO, h)]
            for x in range(SIDE):
                root[y, x] = math.sqrt(f(row[mirrored(left + x - HALO, w)]))
        interpolate(root, red_y, red_x, rgb)
        right = min(TILE, w - left)
        for y in range(min(TILE, h - top)):
            res = out[top + y, left : left + right].reshape(3 * right)
            for c in range(3):
                values = rgb[c, y + HALO, HALO : HALO + right]
                for x in range(right):
                    res[3 * x + c] = np.int32(min(max(values[x], f(0)) ** 2 + f(0.5), f(65535)))


@inline
def mirrored(i, size):
    """The index beyond either edge of `size` pixels, reflected about the last pixel: one of the same colour."""
    i = abs(i) % (2 * size - 2)
    return min(i, 2 * size - 2 - i)


@inline
def interpolate(z, red_y, red_x, rgb):
    """rgb (3, SIDE, SIDE) of the numbers z (SIDE, SIDE) of a mosaic, but for HALO pixels around."""
    across, down = np.empty_like(z), np.empty_like(z)  # the difference to green, found along rows and along columns
    change_x, change_y = np.empty_like(z), np.empty_like(z)
    part = np.empty_like(z)  # how much the row counts
    red, green, blue = rgb[0], rgb[1], rgb[2]
    for y in range(2, SIDE - 2):
        for x in range(2 + (y + red_y + red_x) % 2, SIDE - 2, 2):  # where red or blue is
            here = z[y, x]
            across[y, x] = here - between(z[y, x - 1], z[y, x + 1], here, z[y, x - 2], z[y, x + 2])
            down[y, x] = here - between(z[y - 1, x], z[y + 1, x], here, z[y - 2, x], z[y + 2, x])
    for y in range(2, SIDE - 2):
        for x in range(2 + (y + red_y + red_x) % 2, SIDE - 4, 2):
            change_x[y, x] = abs(across[y, x] - across[y, x + 2])
    for y in range(2, SIDE - 4):
        for x in range(2 + (y + red_y + red_x) % 2, SIDE - 2, 2):
            change_y[y, x] = abs(down[y, x] - down[y + 2, x])
    for y in range(4, SIDE - 4):
        first = 4 + (y + red_y + red_x) % 2
        a, b, c, d, e = change_x[y - 2], change_x[y - 1], change_x[y], change_x[y + 1], change_x[y + 2]
        for x in range(first, SIDE - 4, 2):
            near = c[x - 2] + c[x] + b[x - 1] + d[x - 1]
            part[y, x] = f(3) * near + a[x - 2] + a[x] + e[x - 2] + e[x]
        a, b, c = change_y[y - 2], change_y[y - 1], change_y[y]
        for x in range(first, SIDE - 4, 2):
            near = a[x] + c[x] + b[x - 1] + b[x + 1]
            other = f(3) * near + a[x - 2] + c[x - 2] + a[x + 2] + c[x + 2]
            p, q = part[y, x] * part[y, x] + ALIKE, other * other + ALIKE
            part[y, x] = q / (p + q)
            green[y, x] = z[y, x] - (down[y, x] + part[y, x] * (across[y, x] - down[y, x]))
        for x in range(9 - first, SIDE - 4, 2):
            green[y, x] = z[y, x]
    for y in range(5, SIDE - 5):  # at green, from the red or blue on either side
        beside, above = (red, blue) if (y + red_y) % 2 == 0 else (blue, red)
        for x in range(5 + (y + red_y + red_x) % 2, SIDE - 5, 2):
            g = z[y, x]
            beside[y, x] = g + f(0.5) * (z[y, x - 1] - green[y, x - 1] + z[y, x + 1] - green[y, x + 1])
            above[y, x] = g + f(0.5) * (z[y - 1, x] - green[y - 1, x] + z[y + 1, x] - green[y + 1, x])
    for y in range(HALO, SIDE - HALO):  # blue at red and red at blue, by their difference at the greens around
        own, other = (red, blue) if (y + red_y) % 2 == 0 else (blue, red)
        for x in range(HALO + (y + red_y + red_x) % 2, SIDE - HALO, 2):
            rows = other[y, x - 1] - own[y, x - 1] + other[y, x + 1] - own[y, x + 1]
            columns = other[y - 1, x] - own[y - 1, x] + other[y + 1, x] - own[y + 1, x]
            own[y, x] = z[y, x]
            other[y, x] = z[y, x] + f(0.5) * (columns + part[y, x] * (rows - columns))


@inline
def between(low, high, here, before, after):
    """Green between two greens, by how far what is counted here stands out of its own colour's neighbours."""
    value = f(0.5) * (low + high) + f(0.25) * (f(2) * here - before - after)
    return min(max(value, min(low, high)), max(low, high))
