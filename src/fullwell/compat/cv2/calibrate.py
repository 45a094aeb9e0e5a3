"""createCalibrateDebevec, createCalibrateRobertson: OpenCV's equations, solved exactly.

Frames are 8-bit; 16-bit and float ones are taken in 256 levels. The inverse response is (256, 1, 3) float32, 1 at level
128; of (h, w) frames (256, 1).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fullwell.compat.cv2.arguments import Algorithm, Array, deliver, images, refuse, seconds, setting
from fullwell.compat.cv2.merge import MergeRobertson, robertson_weight
from fullwell.image import as_codes
from fullwell.kernels.cooccurrence import cooccurrence
from fullwell.kernels.rows import addresses
from fullwell.response import debevec97cv

CODES = np.arange(256)
MIDDLE = 128


class CalibrateCRF(Algorithm):
    """Frames and times to the inverse camera response."""

    def process(self, src: Any, times: Any, dst: Any = None) -> Array:
        who = type(self).__name__
        frames = images(who, src)
        time = seconds(who, times, len(frames))
        gray = frames[0].ndim == 2
        codes = [debevec97cv.eight_bit(as_codes(a)) for a in frames]
        curve = self._recover(codes, time).astype(np.float32)
        return deliver(curve[:, :1].copy() if gray else curve[:, None, :], dst)

    def _recover(self, codes: list[Array], time: Array) -> Array:
        raise NotImplementedError


class CalibrateDebevec(CalibrateCRF):
    """Debevec and Malik 1997, eq. (3), at the samples OpenCV takes: `fullwell.response.Debevec97CV`."""

    def __init__(self, samples: int = 70, lambda_: float = 10.0, random: bool = False) -> None:
        self._samples, self._lambda, self._random = int(samples), float(lambda_), bool(random)

    getSamples, setSamples = setting("_samples", int)
    getLambda, setLambda = setting("_lambda", float)
    getRandom, setRandom = setting("_random", bool)

    def _recover(self, codes: list[Array], time: Array) -> Array:
        y, x = self._places(codes[0].shape)
        return debevec97cv.curve(np.stack([a[y, x] for a in codes], axis=1), time, self._lambda)

    def _places(self, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Rows and columns of the samples: a grid, or at random but the same for each call."""
        samples = max(self._samples, 1)
        if not self._random:
            return debevec97cv.grid(shape, samples)
        rng = np.random.default_rng(0)
        return rng.integers(shape[0], size=samples), rng.integers(shape[1], size=samples)


class CalibrateRobertson(CalibrateCRF):
    """Robertson's alternation. Levels that never occur are interpolated, where OpenCV has NaN.

    A turn is linear in the response: R'(m) = sum_n M(m, n) R(n), where M sums over all pixels how often levels m and n
    stand at one place. The pixels are read once, the turns cost nothing.
    """

    def __init__(self, max_iter: int = 30, threshold: float = 0.01) -> None:
        self._max_iter, self._threshold = int(max_iter), float(threshold)
        self._radiance: Array | None = None

    getMaxIter, setMaxIter = setting("_max_iter", int)
    getThreshold, setThreshold = setting("_threshold", float)

    def getRadiance(self) -> Array:
        """Radiance (h, w, 3) float32 of the last `process`, merged with the response before the last turn."""
        if self._radiance is None:
            raise refuse("CalibrateRobertson", "there is no radiance before process() was called.")
        return self._radiance

    def _recover(self, codes: list[Array], time: Array) -> Array:
        height, width, _ = codes[0].shape
        blocks = min(8, height)
        pairs, counts = np.zeros((blocks, 3, 65536)), np.zeros((blocks, 3, 256), np.int64)
        weight = robertson_weight(256)
        cooccurrence(addresses(codes), codes[0][0, 0], height, width, time, weight, pairs, counts)
        summed, card = pairs.sum(axis=0).reshape(3, 256, 256), counts.sum(axis=0)
        turns = [
            (summed[c] + summed[c].T) * weight / np.maximum(card[c], 1)[:, None] for c in range(3)
        ]  # M of each channel
        for c in range(3):
            if not turns[c].any():
                raise refuse(
                    "CalibrateRobertson", f"channel {c} is black or white in every frame; add frames in between."
                )
        curve = np.repeat(CODES[:, None] / MIDDLE, 3, axis=1)
        before = curve
        for _ in range(self._max_iter):
            turned = np.stack([_filled(turns[c] @ curve[:, c], card[c] > 0) for c in range(3)], axis=1)
            before, curve = curve, turned / turned[MIDDLE]
            if np.abs(curve - before).sum() / 3 < self._threshold:
                break
        self._radiance = MergeRobertson()._merge(codes, time, before)
        return curve


def _filled(curve: Array, occurs: Array) -> Array:
    """Levels that never occur, by interpolation, and in proportion to the level beyond the last one that does."""
    first, last = np.flatnonzero(occurs)[[0, -1]]
    full = np.interp(CODES, CODES[occurs], curve[occurs])
    full[last:] = curve[last] * CODES[last:] / max(last, 1)
    full[:first] = curve[first] * CODES[:first] / max(first, 1)
    return full


def createCalibrateDebevec(samples: int = 70, lambda_: float = 10.0, random: bool = False) -> CalibrateDebevec:
    return CalibrateDebevec(samples, lambda_, random)


def createCalibrateRobertson(max_iter: int = 30, threshold: float = 0.01) -> CalibrateRobertson:
    return CalibrateRobertson(max_iter, threshold)
