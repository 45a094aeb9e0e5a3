"""How far the white balance of each frame is from the reference's, where automatic white balance went on between them.

The colour of a pixel that two frames expose well is the same light twice: how much more the one makes of a channel than
the other, beyond what it makes of the middle one of the three channels, is white balance. Frames are compared with
their neighbours in exposure, from the reference outwards.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from fullwell.image import Array, Bracket
from fullwell.merge._registered import Laid, Registered, common

PLACES = 40_000  # pixels of a regular grid that are looked at
LEAST = 200  # of them, below which two frames are not compared
LOW, HIGH = 0.12, 0.88  # share of full scale between which all channels of both frames must lie
SMALLEST_EV = 0.07  # less is left alone
SURE = 5.0  # standard errors that a difference must exceed


def white_balance_drift(bracket: Bracket, registered: Registered, log2_curve: Array) -> Array:
    """(frames, 3) float64: log2 of how much more than the reference each frame records; 0 where that is not sure.

    log2_curve (levels, 3) is the log2 exposure of each code. A difference that grows evenly with exposure is a matter
    of the response, whose channels differ, and is not counted; nor is one that the darker and the brighter half of the
    pixels do not agree in.
    """
    times = bracket.exposures
    order = [int(k) for k in np.argsort(times, kind="stable")]
    steps = np.diff(np.log2(times[order]))
    pairs = [
        _difference(near, far, log2_curve, float(ev))
        for (near, far), ev in zip(itertools.pairwise(registered.each(order)), steps, strict=True)
    ]
    known = np.array([i for i, p in enumerate(pairs) if p is not None and steps[i] > 0.1], int)
    slope = _even([pairs[i][0] / steps[i] for i in known])
    drift, variance = np.zeros((len(order), 3)), np.zeros((len(order), 3))
    home = order.index(bracket.reference)
    for way in (range(home, len(order) - 1), range(home - 1, -1, -1)):
        for i in way:
            pair = pairs[i]
            if pair is None:
                break  # what lies beyond is not known
            near, far, sign = (order[i], order[i + 1], 1) if i >= home else (order[i + 1], order[i], -1)
            drift[far] = drift[near] + sign * (pair[0] - slope * steps[i])
            variance[far] = variance[near] + pair[1] ** 2
    drift -= np.median(drift, axis=1, keepdims=True)
    sure = np.abs(drift) > np.maximum(SMALLEST_EV, SURE * np.sqrt(variance))
    return np.where(sure.any(axis=1, keepdims=True), drift, 0.0)


def _difference(near: Laid, far: Laid, log2_curve: Array, ev: float) -> tuple[Array, Array] | None:
    """How much more the far frame, exposed `ev` stops more, records than the near one in each channel, beyond that.

    And the standard error of it; None if unknown.
    """
    views = common(near, far)
    if views is None:
        return None
    step = max(1, math.isqrt(views[0].shape[0] * views[0].shape[1] // PLACES))
    seen = [v[::step, ::step].reshape(-1, 3) for v in views]
    full = len(log2_curve) - 1
    good = np.logical_and.reduce([((z > LOW * full) & (z < HIGH * full)).all(axis=1) for z in seen])
    n = int(np.count_nonzero(good))
    if n < LEAST:
        return None
    said = [log2_curve[z[good], np.arange(3)] for z in seen]
    more = said[1] - said[0] - ev
    bright = said[0].mean(axis=1)
    darker = bright < np.median(bright)
    if not darker.any():  # a flat picture
        return None
    halves = [np.median(more[half], axis=0) for half in (darker, ~darker)]
    spread = 1.4826 * np.median(np.abs(more - np.median(more, axis=0)), axis=0)
    return _agreed([d - np.median(d) for d in halves]), 1.2533 * spread / math.sqrt(n)


def _even(slopes: list[Array]) -> Array:
    """What the differences per stop have in common; one alone says nothing of that."""
    if len(slopes) < 2:
        return np.zeros(3)
    return _agreed(slopes) if len(slopes) == 2 else np.asarray(np.median(slopes, axis=0))


def _agreed(pair: list[Array]) -> Array:
    """The smaller of two differences per channel where they agree in sign, else 0."""
    a, b = pair
    return np.where(a * b > 0, np.where(np.abs(a) < np.abs(b), a, b), 0.0)
