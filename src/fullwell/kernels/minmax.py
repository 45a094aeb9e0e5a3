"""Smallest and largest finite value, and the linear stretch from them to 0..1 with OpenCV's rounding."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.rounding import fma
from fullwell.kernels.vecmath import powf

LANES = 48  # independent minima: a single one stays scalar as long as NaN must be honoured
LARGEST = np.finfo(np.float32).max
EPSILON = np.finfo(np.float64).eps


@inline
def lane_extremes(row, lo, hi):
    """Lower `lo` and raise `hi`, (LANES,) float32, by the finite values of a row."""
    whole = row.size // LANES * LANES
    for i in range(0, whole, LANES):
        for j in range(LANES):
            v = row[i + j]
            lo[j] = v if (v < lo[j]) & (v >= -LARGEST) else lo[j]
            hi[j] = v if (v > hi[j]) & (v <= LARGEST) else hi[j]
    for i in range(whole, row.size):
        v = row[i]
        lo[0] = v if (v < lo[0]) & (v >= -LARGEST) else lo[0]
        hi[0] = v if (v > hi[0]) & (v <= LARGEST) else hi[0]


@kernel()
def extremes(rows, out):
    """Smallest and largest finite value of rows (h, w) float32 by block into out (blocks, 2)."""
    h, blocks = rows.shape[0], out.shape[0]
    for k in prange(blocks):
        lo, hi = np.full(LANES, np.inf, np.float32), np.full(LANES, -np.inf, np.float32)
        for y in range(h * k // blocks, h * (k + 1) // blocks):
            lane_extremes(rows[y], lo, hi)
        out[k, 0], out[k, 1] = lo.min(), hi.max()


@inline
def row_extremes(row):
    """Smallest and largest finite value of a row just written, while it is in the cache."""
    lo, hi = np.full(LANES, np.inf, np.float32), np.full(LANES, -np.inf, np.float32)
    lane_extremes(row, lo, hi)
    return lo.min(), hi.max()


@inline
def stretched(v, lo, hi, scale, offset):
    """A value stretched; NaN and -inf count as the smallest, +inf as the largest."""
    v = v if v >= lo else lo
    v = v if v <= hi else hi
    return fma(v, scale, offset)


@inline
def finished(v, hi, scale, offset, power):
    """A value stretched and raised to a power, None for 1; NaN and negatives become 0, +inf the largest."""
    v = fma(hi if v > hi else v, scale, offset)
    raised = v if power is None else powf(v, power)
    return raised if v > f(0) else f(0)


@kernel()
def finish(span, power, rows):
    """Finish rows (h, w) float32 in place."""
    hi, scale, offset = span[1], span[2], span[3]
    for y in prange(rows.shape[0]):
        row = rows[y]
        for i in range(row.size):
            row[i] = finished(row[i], hi, scale, offset, power)


@kernel()
def finish_into(rows, span, power, out):
    """Finish rows (h, w) float32 into `out`. Apart from `finish`: one array as both would not vectorise."""
    hi, scale, offset = span[1], span[2], span[3]
    for y in prange(rows.shape[0]):
        row, res = rows[y], out[y]
        for i in range(row.size):
            res[i] = finished(row[i], hi, scale, offset, power)


class Span(NamedTuple):
    """The range of an image's finite values and the stretch `x * scale + offset` that takes it to 0..1."""

    lo: float
    hi: float
    scale: float
    offset: float

    @property
    def flat(self) -> bool:
        return not self.hi - self.lo > EPSILON

    def floats(self) -> npt.NDArray[np.float32]:
        """[lo, hi, scale, offset] float32, as kernels take it."""
        return np.array(self, np.float32)


def span(image: npt.NDArray[Any]) -> Span:
    """Of all values of an image (h, w) or (h, w, 3) float32 together; a constant image is left as it is."""
    rows = image.reshape(image.shape[0], -1)
    found = np.empty((min(64, len(rows)), 2), np.float32)
    extremes(rows, found)
    return between(found)


def between(ends: npt.NDArray[np.float32]) -> Span:
    """Of the smallest and largest values (n, 2) of an image's parts; those without a finite value say +inf, -inf."""
    lo, hi = float(ends[:, 0].min()), float(ends[:, 1].max())
    if not lo <= hi:  # no finite value at all
        lo = hi = 0.0
    if not hi - lo > EPSILON:
        return Span(lo, hi, 1.0, 0.0)
    width = float(np.float32(min(hi - lo, float(LARGEST))))
    return Span(lo, hi, float(np.float32(1 / width)), float(np.float32(-lo / width)))
