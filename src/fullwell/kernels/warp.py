"""A frame laid over the reference: the one resampling between a file and the merge.

Catmull and Rom's cubic (Keys 1981, a = -1/2) on linear exposure, no brighter or darker than the four nearest pixels,
which keeps it from ringing beside a lamp. Where one of the sixteen is clipped the four nearest decide linearly, and
where one of those is, the result is.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel

LEVELS = 65536
ROOTS = 16384  # entries of the table from the root of exposure to code
BLOCK = 64  # pixels; a block's source is made linear once
OUTSIDE = f(1e-6)  # of a pixel: rounding at the frame's edge


def lay(codes, to_frame, curve, clip):
    """The frame in the reference's geometry: (h, w, 3) uint16, and the columns [first, last) of each row that it shows.

    codes (h, w, 3) uint8 or uint16; to_frame (3, 3) takes the reference's pixel (x, y, 1) to the frame's; curve
    (levels, 3) is the exposure of every code, rising; codes from `clip` on are clipped, and give 65535. Beyond its
    columns the frame's edge goes on. Returns (codes, spans (h, 2) int64).
    """
    linear = np.ascontiguousarray((curve / curve[-1]).T, np.float32)
    levels = len(curve)
    inverse = np.empty((3, ROOTS + 1), np.float32)
    for c in range(3):
        inverse[c] = np.interp(
            np.linspace(0, 1, ROOTS + 1) ** 2, curve[:, c] / curve[-1, c], np.linspace(0, LEVELS - 1, levels)
        )
    out, spans = np.empty(codes.shape, np.uint16), np.empty((codes.shape[0], 2), np.int64)
    to_frame = np.ascontiguousarray(to_frame, np.float64)
    inside(to_frame, codes.shape[1], spans)
    resample(codes, to_frame, linear, inverse, clip, out)
    return out, spans


@kernel()
def move(image, dy, dx, out):
    """image (h, w) of bytes moved by rows and columns into `out`, 0 coming in; half the time of NumPy's one thread."""
    h, w = image.shape
    first, last = min(max(dx, 0), w), max(min(w + dx, w), 0)
    for y in prange(h):
        res = out[y]
        if y - dy < 0 or y - dy >= h or first >= last:
            for x in range(w):
                res[x] = 0
            continue
        for x in range(first):
            res[x] = 0
        source, target = image[y - dy][first - dx : last - dx], res[first:last]
        for i in range(target.size):
            target[i] = source[i]
        for x in range(last, w):
            res[x] = 0


def shifted(codes, shift):
    """Codes (h, w, 3) moved by whole pixels (y, x), their edges continued; themselves where they stay."""
    (h, w), (dy, dx) = codes.shape[:2], shift
    if (dy, dx) == (0, 0):
        return codes
    rows, columns = np.clip(np.arange(h) - dy, 0, h - 1), np.clip(np.arange(w) - dx, 0, w - 1)
    return np.ascontiguousarray(codes[rows][:, columns])


def shifted_spans(shift, shape):
    """The columns [first, last) of each row that a frame shifted by whole pixels (y, x) shows, (h, 2) int64."""
    (dy, dx), (h, w) = shift, shape
    spans = np.zeros((h, 2), np.int64)
    if -w < dx < w:
        spans[max(0, dy) : max(0, h + min(0, dy))] = max(0, dx), min(w, w + dx)
    return spans


@inline
def source(to_frame, x, y):
    """Where the reference's pixel is in the frame, (x, y)."""
    depth = to_frame[2, 0] * x + to_frame[2, 1] * y + to_frame[2, 2]
    u = to_frame[0, 0] * x + to_frame[0, 1] * y + to_frame[0, 2]
    v = to_frame[1, 0] * x + to_frame[1, 1] * y + to_frame[1, 2]
    near = 1.0 / depth
    return u * near, v * near


@kernel()
def inside(to_frame, width, out):
    """The columns [first, last) of every row that lie in the frame, out (h, 2) int64; (0, 0) where none do.

    A frame is convex and stays so: from either side the first pixel that lies in it is the end.
    """
    h = out.shape[0]
    for y in prange(h):
        first, last = 0, width
        while first < width and not lies_in(to_frame, first, y, h, width):
            first += 1
        while last > first and not lies_in(to_frame, last - 1, y, h, width):
            last -= 1
        out[y, 0], out[y, 1] = (first, last) if last > first else (0, 0)


@inline
def lies_in(to_frame, x, y, h, w):
    u, v = source(to_frame, x, y)
    return (-OUTSIDE <= u <= w - 1 + OUTSIDE) and (-OUTSIDE <= v <= h - 1 + OUTSIDE)


@inline
def cubic(t):
    """The four weights of Catmull and Rom's spline at t, 0 to 1 past the second sample."""
    s = f(1) - t
    a, d = f(-0.5) * t * s * s, f(-0.5) * s * t * t
    b = f(1) + t * t * (f(1.5) * t - f(2.5))
    return a, b, f(1) - a - b - d, d


@kernel()
def resample(codes, to_frame, linear, inverse, clip, out):
    """Codes under a motion, (h, w, 3) uint16; linear (3, levels) and inverse (3, ROOTS + 1) float32."""
    h, w = out.shape[0], out.shape[1]
    down, across = (h + BLOCK - 1) // BLOCK, (w + BLOCK - 1) // BLOCK
    for k in prange(down * across):
        top, left = k // across * BLOCK, k % across * BLOCK
        bottom, right = min(top + BLOCK, h), min(left + BLOCK, w)
        # The part of the frame that the block shows, made linear; -1 marks what is clipped. One pixel more on every
        # side: inside the block rounding may fall on the other side of a whole number than at its corners.
        u0, u1, v0, v1 = np.inf, -np.inf, np.inf, -np.inf
        for corner in range(4):
            u, v = source(to_frame, left if corner % 2 else right - 1, top if corner // 2 else bottom - 1)
            u0, u1, v0, v1 = min(u0, u), max(u1, u), min(v0, v), max(v1, v)
        x0, y0 = math.floor(min(max(u0, 0.0), w - 1.0)) - 2, math.floor(min(max(v0, 0.0), h - 1.0)) - 2
        x1, y1 = math.floor(min(max(u1, 0.0), w - 1.0)) + 4, math.floor(min(max(v1, 0.0), h - 1.0)) + 4
        part, lit = np.empty((y1 - y0, 3 * (x1 - x0)), np.float32), False
        for y in range(y0, y1):
            row = codes[min(max(y, 0), h - 1)].reshape(3 * w)
            for x in range(x0, x1):
                i = 3 * min(max(x, 0), w - 1)
                for c in range(3):
                    z = row[i + c]
                    part[y - y0, 3 * (x - x0) + c] = f(-1) if z >= clip else linear[c, z]
                    lit |= z >= clip
        for y in range(top, bottom):
            res = out[y].reshape(3 * w)
            for x in range(left, right):
                u, v = source(to_frame, x, y)
                u, v = min(max(u, 0.0), w - 1.0), min(max(v, 0.0), h - 1.0)
                iu, iv = int(u), int(v)
                tu, tv = f(u - iu), f(v - iv)
                a0, a1, a2, a3 = cubic(tu)
                b0, b1, b2, b3 = cubic(tv)
                i, j = 3 * (iu - 1 - x0), iv - 1 - y0
                one, two, three, four = part[j], part[j + 1], part[j + 2], part[j + 3]
                for c in range(3):
                    n = i + c
                    p, q, r, s = two[n + 3], two[n + 6], three[n + 3], three[n + 6]
                    low, high = min(min(p, q), min(r, s)), max(max(p, q), max(r, s))
                    if lit and low < f(0):
                        res[3 * x + c] = LEVELS - 1
                        continue
                    least = low
                    if lit:
                        least = min(min(one[n], one[n + 3]), min(one[n + 6], one[n + 9]))
                        least = min(least, min(min(four[n], four[n + 3]), min(four[n + 6], four[n + 9])))
                        least = min(least, min(min(two[n], two[n + 9]), min(three[n], three[n + 9])))
                    if least < f(0):
                        value = (f(1) - tv) * (p + tu * (q - p)) + tv * (r + tu * (s - r))
                    else:
                        value = b0 * (a0 * one[n] + a1 * one[n + 3] + a2 * one[n + 6] + a3 * one[n + 9])
                        value += b1 * (a0 * two[n] + a1 * p + a2 * q + a3 * two[n + 9])
                        value += b2 * (a0 * three[n] + a1 * r + a2 * s + a3 * three[n + 9])
                        value += b3 * (a0 * four[n] + a1 * four[n + 3] + a2 * four[n + 6] + a3 * four[n + 9])
                        value = min(max(value, low), high)
                    root = f(math.sqrt(value)) * f(ROOTS)
                    entry = min(int(root), ROOTS - 1)
                    code = inverse[c, entry] + (root - f(entry)) * (inverse[c, entry + 1] - inverse[c, entry])
                    res[3 * x + c] = int(code + f(0.5))
