"""RGBE pixels of Radiance files with their run lengths, a row on each thread.

A pixel is three mantissas of 8 bits under one exponent: channel = mantissa * 2 ** (exponent - 136). A row is stored as
the bytes 2, 2, width (two bytes), then its four planes; in a plane, a count above 128 repeats the next byte count - 128
times, another count is followed by so many bytes.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel

MOST = f(255.0 * 2.0**119)  # the largest channel that there is
BLACK = f(1e-32)  # up to here, as in Radiance itself
SHORTEST, LONGEST, LITERALS = 4, 127, 128  # bytes of a run, and of what lies between runs
UNITS = np.ldexp(np.float32(1), np.arange(256) - 136).astype(np.float32)  # what a mantissa of 1 means
UNITS[0] = 0.0


def room(width: int) -> int:
    """Bytes that a row takes at most."""
    return 4 + 4 * (width + width // LITERALS + 1)


@kernel(outs=2)
def encode(rgb, lengths, out):
    """Rows of rgb (h, w, 3) float32 with run lengths into out (h, room(w)) uint8, the bytes of each in lengths (h,).

    Mantissas are rounded to the nearest. NaN and negatives become 0, too much becomes the largest number there is.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    for y in prange(h):
        planes = np.empty((4, w), np.uint8)
        mantissas(rgb[y].reshape(3 * w), planes)
        row = out[y]
        row[0], row[1], row[2], row[3] = 2, 2, w >> 8, w & 255
        at = 4
        for c in range(4):
            at = write_runs(planes[c], row, at)
        lengths[y] = at


@kernel()
def encode_flat(rgb, out):
    """The pixels without run lengths, out (h, w, 4) uint8, for widths that run lengths do not allow."""
    h, w = rgb.shape[0], rgb.shape[1]
    for y in prange(h):
        planes = np.empty((4, w), np.uint8)
        mantissas(rgb[y].reshape(3 * w), planes)
        for x in range(w):
            for c in range(4):
                out[y, x, c] = planes[c, x]


@inline
def bounded(v):
    v = v if v > f(0) else f(0)
    return v if v < MOST else MOST


@inline
def mantissas(row, planes):
    """A row (3 w,) float32 as planes (4, w) of mantissas and exponent."""
    red, green, blue, exponents = planes[0], planes[1], planes[2], planes[3]
    for x in range(exponents.size):
        r, g, b = bounded(row[3 * x]), bounded(row[3 * x + 1]), bounded(row[3 * x + 2])
        largest = max(r, max(g, b))
        biased = f(largest).view(np.int32) >> np.int32(23)  # largest < 2 ** (biased - 126)
        per_unit = np.int32((np.int32(261) - biased) << np.int32(23)).view(np.float32)  # 2 ** (134 - biased)
        if largest * per_unit >= f(255.5):  # rounds up to the next exponent
            biased += np.int32(1)
            per_unit *= f(0.5)
        if largest <= BLACK:
            biased, per_unit = np.int32(-2), f(0)
        red[x] = np.int32(r * per_unit + f(0.5))
        green[x] = np.int32(g * per_unit + f(0.5))
        blue[x] = np.int32(b * per_unit + f(0.5))
        exponents[x] = biased + np.int32(2)


@inline
def copy(source, target):
    """As target[:] = source, whose error messages would compile for seconds."""
    for i in range(target.size):
        target[i] = source[i]


@inline
def write_runs(plane, out, at):
    """Append a plane to out from index `at`; returns the index behind it."""
    w, start = plane.size, 0
    eights = np.zeros((w + 7) // 8, np.uint64)
    begins = eights.view(np.uint8)  # where a run begins: rare, so it is marked in a loop that vectorises,
    for x in range(w - 3):
        begins[x] = (plane[x] == plane[x + 1]) & (plane[x] == plane[x + 2]) & (plane[x] == plane[x + 3])
    while start < w:
        run = start
        while run < w and not begins[run]:  # and looked for eight bytes at a time
            run = run + 1 if eights[run >> 3] else ((run >> 3) + 1) << 3
        run = min(run, w)
        while start < run:
            count = min(run - start, LITERALS)
            out[at] = count
            copy(plane[start : start + count], out[at + 1 : at + 1 + count])
            at, start = at + 1 + count, start + count
        if run < w:
            length = SHORTEST
            while length < LONGEST and run + length < w and plane[run + length] == plane[run]:
                length += 1
            out[at], out[at + 1] = 128 + length, plane[run]
            at, start = at + 2, run + length
    return at


@kernel(parallel=False)
def find_rows(data, width, out):
    """Where each row begins in data (n,) uint8, into out (rows,) int64; -1 from the first on that is damaged."""
    at = 0
    for y in range(out.size):
        out[y] = at if at >= 0 else -1
        if at < 0:
            continue
        if at + 4 > data.size or data[at] != 2 or data[at + 1] != 2 or data[at + 2] * 256 + data[at + 3] != width:
            out[y] = at = -1
            continue
        at += 4
        for _ in range(4):
            x = 0
            while x < width and 0 <= at < data.size:
                count = np.int64(data[at])
                x += count - 128 if count > 128 else count
                at = at + (2 if count > 128 else 1 + count) if count else -1
            if x != width or at > data.size or at < 0:
                out[y] = at = -1
                break


@kernel()
def decode(data, starts, units, out):
    """Rows with run lengths, which `find_rows` found whole, to out (h, w, 3) float32; units is UNITS."""
    h, w = out.shape[0], out.shape[1]
    for y in prange(h):
        planes = np.empty((4, w), np.uint8)
        at = starts[y] + 4
        for c in range(4):
            plane, x = planes[c], 0
            while x < w:
                count = np.int64(data[at])
                if count > 128:
                    run, same = plane[x : x + count - 128], data[at + 1]
                    for i in range(run.size):
                        run[i] = same
                    at, x = at + 2, x + count - 128
                else:
                    copy(data[at + 1 : at + 1 + count], plane[x : x + count])
                    at, x = at + 1 + count, x + count
        res = out[y].reshape(3 * w)
        for x in range(w):
            unit = units[planes[3, x]]
            res[3 * x], res[3 * x + 1], res[3 * x + 2] = planes[0, x] * unit, planes[1, x] * unit, planes[2, x] * unit
