"""Whole-image measurements: sums and a histogram of log2 luminance, the same bits on any number of threads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, kernel, threads_for
from fullwell.kernels.vecmath import clean, log2f

BINS_PER_STOP = 64
LOWEST, HIGHEST = -126, 61  # stops; below is black
BINS = (HIGHEST - LOWEST) * BINS_PER_STOP


@kernel(outs=2)
def log_luminance(rgb, weights, sums, counts):
    """Per block of rows: sums (blocks, 5) of [log2 lum, lum, r, g, b], counts (blocks, BINS).

    rgb (h, w, 3) float32; weights (3,) float32 of luminance. Pixels of no luminance enter no bin and no log sum.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    blocks = sums.shape[0]
    wr, wg, wb = weights[0], weights[1], weights[2]
    for k in prange(blocks):
        bins = np.empty(w, np.int32)
        held = np.zeros(BINS + 1, np.uint32)  # the last is of what is black
        for y in range(h * k // blocks, h * (k + 1) // blocks):
            row = rgb[y].reshape(3 * w)
            sum_r, sum_g, sum_b, sum_lum, sum_log = f(0), f(0), f(0), f(0), f(0)
            for x in range(w):  # this loop vectorises, the next cannot
                r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
                lum = wr * r + wg * g + wb * b
                log = log2f(lum)
                lit = log > f(LOWEST)
                bins[x] = np.int32(min((log - f(LOWEST)) * f(BINS_PER_STOP), f(BINS - 1))) if lit else np.int32(BINS)
                sum_log += log if lit else f(0)
                sum_r += r
                sum_g += g
                sum_b += b
                sum_lum += lum
            for x in range(w):
                held[bins[x]] += np.uint32(1)
            sums[k, 0] += sum_log
            sums[k, 1] += sum_lum
            sums[k, 2] += sum_r
            sums[k, 3] += sum_g
            sums[k, 4] += sum_b
        for z in range(BINS):
            counts[k, z] = held[z]


@kernel()
def count_clipped(codes, low, high, out):
    """Per block of rows of codes (h, w, 3): pixels with a channel up to `low`, with one from `high` on, and the sum.

    out (blocks, 3) int64.
    """
    h, w = codes.shape[0], codes.shape[1]
    blocks = out.shape[0]
    for k in prange(blocks):
        dark, lit, total = 0, 0, 0
        for y in range(h * k // blocks, h * (k + 1) // blocks):
            row = codes[y].reshape(3 * w)
            row_dark, row_lit, row_total = np.int32(0), np.int32(0), np.uint64(0)
            for x in range(w):
                r, g, b = row[3 * x], row[3 * x + 1], row[3 * x + 2]
                row_dark += np.int32((r <= low) | (g <= low) | (b <= low))
                row_lit += np.int32((r >= high) | (g >= high) | (b >= high))
                row_total += np.uint32(r) + np.uint32(g) + np.uint32(b)
            dark, lit, total = dark + row_dark, lit + row_lit, total + np.int64(row_total)
        out[k, 0], out[k, 1], out[k, 2] = dark, lit, total


def clipping(codes: Any, low: int, high: int) -> tuple[float, float, float]:
    """Shares of the pixels (h, w, 3) with a channel up to `low` and with one from `high` on, and the mean code."""
    pixels = codes.shape[0] * codes.shape[1]
    blocks = np.empty((min(64, codes.shape[0]), 3), np.int64)
    with threads_for(pixels):
        count_clipped(codes, codes.dtype.type(low), codes.dtype.type(high), blocks)
    dark, lit, total = (int(n) for n in blocks.sum(axis=0))
    return dark / pixels, lit / pixels, total / (3 * pixels)


class LogStats:
    """Luminance of an image: log2 mean and percentiles over the pixels above black; linear means over all."""

    def __init__(self, rgb, weights):
        blocks = min(64, rgb.shape[0])
        sums, counts = np.zeros((blocks, 5)), np.empty((blocks, BINS), np.int64)
        log_luminance(rgb, np.asarray(weights, np.float32), sums, counts)
        total = [0.0] * 5
        for row in sums:  # in order, so that threads do not matter
            total = [a + float(b) for a, b in zip(total, row, strict=True)]
        self._cumulative = np.cumsum(counts.sum(axis=0))
        self.lit = int(self._cumulative[-1])
        self.mean_log2 = total[0] / self.lit if self.lit else 0.0
        pixels = rgb.shape[0] * rgb.shape[1]
        self.mean_lum = total[1] / pixels
        self.mean_rgb = (total[2] / pixels, total[3] / pixels, total[4] / pixels)

    def mean_log2_between(self, low, high):
        """Mean log2 luminance of the pixels between two percentiles, to half a bin; 0 for a black image."""
        if not self.lit:
            return 0.0
        counts = np.diff(self._cumulative, prepend=0)
        below = self._cumulative - counts
        first, last = self.lit * low / 100.0, self.lit * high / 100.0
        kept = np.clip(np.minimum(self._cumulative, last) - np.maximum(below, first), 0, None)
        if not kept.any():
            return self.mean_log2
        return float(LOWEST + ((np.arange(BINS) + 0.5) @ kept) / kept.sum() / BINS_PER_STOP)

    def levels(self):
        """Luminance at the middle of every bin that has pixels, and their shares of the pixels above black; float64."""
        counts = np.diff(self._cumulative, prepend=0)
        (held,) = np.nonzero(counts)
        return 2.0 ** (LOWEST + (held + 0.5) / BINS_PER_STOP), counts[held] / self.lit

    def percentile_log2(self, percent):
        """Upper edge of the 1/64-stop bin that holds this percentile of the pixels above black; 0 for a black image."""
        if not self.lit:
            return 0.0
        rank = max(1, int(np.ceil(self.lit * percent / 100.0)))
        return LOWEST + (int(np.searchsorted(self._cumulative, rank)) + 1) / BINS_PER_STOP


def sample(image, lit):
    """About a hundred thousand values of an image (h, w), evenly spread; of those, the ones where `lit` is true."""
    step = max(1, math.isqrt(image.size // 100_000))
    values, chosen = image[::step, ::step], lit[::step, ::step]
    return values[chosen] if chosen.any() else values.ravel()
