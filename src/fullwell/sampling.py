"""Which pixels to look at: places seen by every frame, flat around, and spread over the brightness of the scene."""

from __future__ import annotations

import math

import numpy as np

from fullwell.image import Array, Bracket, Frame, saturation
from fullwell.progress import Progress

STRATA = 64  # brightness classes that share the samples equally
CLIPPED = 0.985  # of the code at which a channel is full, where that is not the last: JPEG scatters what is there


def patches(bracket: Bracket, count: int, progress: Progress) -> Array:
    """Code values (n, frames, 3) float32, 0 to 255, at about `count` places; none where the frames do not overlap.

    A place is a 3x3 patch in the registered geometry and its value the patch's mean, which has a third of the noise of
    a pixel; a patch with a clipped pixel counts as clipped, 0 or 255, also where white is another code. Of a regular
    grid of candidates, those are kept in each class of brightness whose patches are flattest. Deterministic.
    """
    ys, xs = _grid(bracket, 16 * count)
    means, highs, spreads = [], [], []
    for frame, codes in zip(bracket, bracket.decoded(progress), strict=True):
        (v, u), w = _places(frame, ys, xs), codes.shape[1]
        pixels, at = codes.reshape(-1, 3), v * w + u
        patch = np.stack([pixels.take(at + (dy * w + dx), axis=0) for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
        fine = patch.astype(np.float32) / np.float32(1 if patch.dtype == np.uint8 else 257)
        low, high = np.rint(fine.min(axis=0)), np.rint(fine.max(axis=0))
        means.append(np.where(low == 0, 0, fine.mean(axis=0)).astype(np.float32))
        highs.append(high.astype(np.uint8))
        spreads.append((high - low).max(axis=1))
    full = np.array([255 if level == 1.0 else math.floor(CLIPPED * level * 255) for level in saturation(bracket)])
    z = np.where(np.stack(highs, axis=1) >= full, np.float32(255), np.stack(means, axis=1))
    order = np.argsort(np.rint(z).mean(axis=(1, 2), dtype=np.float64), kind="stable")
    spread = np.stack(spreads, axis=1).max(axis=1)
    kept = []
    for stratum in np.array_split(order, STRATA):
        kept.append(stratum[np.argsort(spread[stratum], kind="stable")][: math.ceil(count / STRATA)])
    return z[np.sort(np.concatenate(kept))]


def _grid(bracket: Bracket, count: int) -> tuple[Array, Array]:
    """About `count` places (y, x) in reference pixels whose 3x3 patch lies inside every frame."""
    h, w = bracket.shape
    rows, columns, shared = (np.ones(size, bool) for size in ((h, 1), (1, w), (1, 1)))
    for frame in bracket:
        v, u = _places(frame, *np.ogrid[0:h, 0:w])
        high, wide = (v >= 1) & (v < h - 1), (u >= 1) & (u < w - 1)
        if frame.pose.to_frame is None:  # a column and a row, joined at last and not over the image of every frame
            rows, columns = rows & high, columns & wide
        else:
            shared = shared & (high & wide)
    area = np.count_nonzero(rows) * np.count_nonzero(columns)
    if shared.size > 1:  # else a rectangle, known by its sides: over the image it took 0.05 s at 24 MP
        shared = shared & (rows & columns)
        rows, columns = (np.asarray(shared.any(axis=axis, keepdims=True)) for axis in (1, 0))
        area = np.count_nonzero(shared)
    if not area:
        return np.zeros(0, int), np.zeros(0, int)
    top, left = int(np.flatnonzero(rows)[0]), int(np.flatnonzero(columns)[0])
    step = max(1.0, math.sqrt(area / count))
    ys, xs = np.arange(top, h, step).astype(int), np.arange(left, w, step).astype(int)
    ys, xs = np.repeat(ys, len(xs)), np.tile(xs, len(ys))
    inside = np.broadcast_to(shared, (h, w))[ys, xs] & rows[ys, 0] & columns[0, xs]
    return ys[inside], xs[inside]


def _places(frame: Frame, ys: Array, xs: Array) -> tuple[Array, Array]:
    """The frame's pixels (y, x) that are nearest to what it shows of the reference's."""
    if frame.pose.to_frame is None:
        dy, dx = (int(s) for s in frame.pose.shift_px)
        return ys - dy, xs - dx
    x, y, depth = (row[0] * xs + row[1] * ys + row[2] for row in frame.pose.matrix)
    return np.rint(y / depth).astype(int), np.rint(x / depth).astype(int)
