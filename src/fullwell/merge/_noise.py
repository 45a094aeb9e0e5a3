"""How much a camera's exposures scatter: photons, the read-out and the rounding of codes, by what it was told or shows.

Where two frames expose the same light, each foretells the other. Over pixels of one brightness the scatter of the
difference is the noise of both; how it grows with brightness, from frame to frame, tells its three parts apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fullwell.image import Array
from fullwell.merge._registered import Laid, Registered, common

PLACES = 90_000  # pixels of a regular grid that are looked at
LOW, HIGH = 0.03, 0.92  # share of full scale between which the longer's code must lie, and that which it foretells
LEVELS, LEAST = 12, 150  # brightnesses that are told apart, and pixels that each must have
OUTLIERS = 6.0  # standard deviations from which a difference is no noise


class Noise(NamedTuple):
    """Variance of an exposure x, a share of white: shot * x + read + code * slope ** 2.

    The slope is that of exposure over code (0 to 1); of a frame of `gain` times the ISO, shot and read take the gain
    and its square.
    """

    shot: float  # 1 / electrons at white
    read: float
    code: float  # variance of the code, rounding included

    def variance(self, exposure: Array, slope: Array, gain: float = 1.0) -> Array:
        return self.shot * gain * exposure + self.read * gain**2 + self.code * slope**2


USUAL = Noise(1 / 20_000, (4 / 20_000) ** 2, (0.5 / 255) ** 2)  # where the frames have nothing in common to tell


def rounding(levels: int) -> float:
    """Variance of a code (0 to 1) that was rounded to so many levels."""
    return 1 / 12 / (levels - 1) ** 2


def slopes(curve: Array) -> Array:
    """How much exposure a whole range of codes stands for at each code, (levels, 3), over some codes of 256 around."""
    levels = len(curve)
    reach = 2 * (levels // 256)
    at = np.arange(levels)
    low, high = np.maximum(at - reach, 0), np.minimum(at + reach, levels - 1)
    return (curve[high] - curve[low]) / ((high - low) / (levels - 1))[:, None]


def measured(registered: Registered, curve: Array, times: Array, gains: Array, least: float) -> Noise:
    """The noise that neighbours in exposure show of each other; `USUAL` where that is too little to go by.

    curve (levels, 3) is the exposure of each code as a share of white, times (frames, 3) relative, gains (frames,) by
    ISO; `least` is the variance of a code (0 to 1) by its rounding alone.
    """
    order = [int(k) for k in np.argsort(times[:, 1], kind="stable")]
    slope = slopes(curve)
    rows = []
    for (i, j), (near, far) in zip(itertools.pairwise(order), itertools.pairwise(registered.each(order)), strict=True):
        rows += list(_rows(near, far, curve, slope, times[i] / times[j], gains[i], gains[j], least))
    if len(rows) < 3:
        return USUAL._replace(code=max(USUAL.code, least))
    parts = np.array(rows)
    terms, seen = parts[:, :3], parts[:, 3]
    expected = seen
    for _ in range(3):  # relative to what is expected: relative to what was seen, the low ones would count too much
        shot, read, code = _not_below_zero(terms / expected[:, None], (seen - least * terms[:, 2]) / expected)
        expected = terms @ (shot, read + 1e-9, least + code)
    return Noise(shot, read + 1e-9, least + code)  # no camera reads without noise: a share of 3e-5 of white


def _rows(
    near: Laid, far: Laid, curve: Array, slope: Array, ratios: Array, gain: float, far_gain: float, least: float
) -> Iterator[tuple[float, float, float, float]]:
    """Per channel and brightness: what shot, read and code are multiplied by, and the variance that was seen.

    The difference is of the near frame's exposure to what the far one, the longer, foretells.
    """
    views = common(near, far)
    if views is None:
        return
    step = math.ceil(math.sqrt(views[0].shape[0] * views[0].shape[1] / PLACES))
    full = len(curve) - 1
    for c in range(3):
        z, y = (v[::step, ::step, c].ravel() for v in views)
        foretold = curve[y, c] * ratios[c]  # the near frame's own code must not choose: its noise would be cut
        good = np.flatnonzero((y < HIGH * full) & (foretold > curve[int(LOW * full), c]) & (z > 0) & (z < full))
        if len(good) < LEAST:
            continue
        for level in np.array_split(good[np.argsort(y[good], kind="stable")], min(LEVELS, len(good) // LEAST)):
            x, longer = curve[z[level], c], curve[y[level], c]
            error = x - longer * ratios[c]
            error -= np.median(error)
            s, t = float(np.mean(slope[z[level], c] ** 2)), float(np.mean(slope[y[level], c] ** 2)) * ratios[c] ** 2
            width = max(1.4826 * float(np.median(np.abs(error))), float(np.sqrt(least * (s + t))))
            seen = float(np.mean(error[np.abs(error) < OUTLIERS * width] ** 2))
            shot = gain * float(x.mean()) + far_gain * float(longer.mean()) * ratios[c] ** 2
            yield shot, gain**2 + far_gain**2 * ratios[c] ** 2, s + t, max(seen, 1e-14)


def _not_below_zero(terms: Array, wanted: Array) -> tuple[float, float, float]:
    """Least squares with no factor below 0: the best of the seven ways to leave some of three out."""
    best, error = np.zeros(3), float("inf")
    for kept in ([0, 1, 2], [0, 1], [0, 2], [1, 2], [0], [1], [2]):
        scale = np.maximum(np.abs(terms[:, kept]).max(axis=0), 1e-30)
        found = np.linalg.lstsq(terms[:, kept] / scale, wanted, rcond=None)[0] / scale
        left = float(np.sum((terms[:, kept] @ found - wanted) ** 2))
        if (found >= 0).all() and left < error:
            best, error = np.zeros(3), left
            best[kept] = found
    return float(best[0]), float(best[1]), float(best[2])
