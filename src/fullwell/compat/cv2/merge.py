"""createMergeDebevec, -Robertson and -Mertens: OpenCV's numbers.

Frames are 8-bit, 16-bit, or float in 0..1 (clipped and rounded to 16 bits); without a response, radiance is in code
values, linear. (h, w) frames give (h, w) radiance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fullwell.compat.cv2.arguments import Algorithm, Array, deliver, images, refuse, seconds, setting
from fullwell.image import as_codes
from fullwell.kernels.fusion import LaplacianBlend, quality
from fullwell.kernels.opencv_merge import merge_own_weight
from fullwell.kernels.rows import addresses
from fullwell.kernels.warp import shifted_spans
from fullwell.merge import debevec97cv

f = np.float32


class MergeExposures(Algorithm):
    """Frames and times to radiance, (h, w, 3) float32 in the channels' order."""

    def process(self, src: Any, times: Any, response: Any = None, dst: Any = None) -> Array:
        """Merge a list of frames taken at `times` seconds, with an inverse response (256, 1, 3) or without."""
        who = type(self).__name__
        frames = images(who, src)
        time = seconds(who, times, len(frames))
        gray = frames[0].ndim == 2
        codes = [as_codes(a) for a in frames]  # three channels, integers
        levels = 256 if codes[0].dtype == np.uint8 else 65536
        curve = self._linear(levels) if response is None else inverse_response(who, response, levels)
        out = self._merge(codes, time, curve)
        return deliver(np.ascontiguousarray(out[:, :, 0]) if gray else out, dst)

    def _linear(self, levels: int) -> Array:
        raise NotImplementedError

    def _merge(self, codes: list[Array], time: Array, curve: Array) -> Array:
        raise NotImplementedError


class MergeDebevec(MergeExposures):
    """Weighted geometric mean, one weight a pixel."""

    def _linear(self, levels: int) -> Array:
        return np.repeat(np.maximum(np.arange(levels, dtype=np.float64), 1.0)[:, None], 3, axis=1)

    def _merge(self, codes: list[Array], time: Array, curve: Array) -> Array:
        return debevec97cv.merged(codes, curve, time)


class MergeRobertson(MergeExposures):
    """Maximum likelihood, a weight a channel. Clipped in every frame: what the shortest frame says at least."""

    def _linear(self, levels: int) -> Array:
        return np.repeat(np.arange(levels)[:, None] / (levels / 2), 3, axis=1)

    def _merge(self, codes: list[Array], time: Array, curve: Array) -> Array:
        out = np.empty(codes[0].shape, f)
        weight = robertson_weight(len(curve)) * time[:, None, None]  # (n, 1, levels)
        norm = np.repeat(weight * time[:, None, None], 3, axis=1)
        ends = [np.ascontiguousarray(curve[z] / time[:, None], f) for z in (-1, 0)]
        merge_own_weight(
            addresses(codes), codes[0][0, 0], np.ascontiguousarray(weight * curve.T, f), np.ascontiguousarray(norm, f),
            *ends, out,
        )  # fmt: skip
        return out


class MergeMertens(MergeExposures):
    """Exposure fusion of frames, no times needed. The result is not clipped: it may leave 0..1 by some tenths.

    Roundings follow OpenCV's, because at neutral and flat pixels they decide which frame wins. Frames of any depth are
    divided by their largest value, where OpenCV divides by 255; `fullwell.fuse.Mertens07` is the operator as published.
    """

    def __init__(
        self, contrast_weight: float = 1.0, saturation_weight: float = 1.0, exposure_weight: float = 0.0
    ) -> None:
        self._contrast, self._saturation = float(contrast_weight), float(saturation_weight)
        self._exposure = float(exposure_weight)

    getContrastWeight, setContrastWeight = setting("_contrast", float)
    getSaturationWeight, setSaturationWeight = setting("_saturation", float)
    getExposureWeight, setExposureWeight = setting("_exposure", float)

    def process(self, src: Any, *args: Any, times: Any = None, response: Any = None, dst: Any = None) -> Array:
        """process(src[, dst]) or process(src, times, response[, dst]): times and response are not used."""
        if args:
            dst = args[0] if len(args) == 1 and times is None else args[2] if len(args) > 2 else dst
        frames = images(type(self).__name__, src)
        gray = frames[0].ndim == 2
        codes = [as_codes(a) for a in frames]
        h, w, _ = codes[0].shape
        scale = f(1) / f(255 if codes[0].dtype == np.uint8 else 65535)
        luma, powers = [0.299, 0.587, 0.114], [self._contrast, self._saturation, self._exposure]
        if gray:  # three equal channels: no saturation, and each has a third of the say
            luma, powers = [0.0, 1.0, 0.0], [self._contrast, 0.0, self._exposure / 3]
        settings = (
            scale, np.array(luma, f), np.array(powers, f), np.zeros(2, f), shifted_spans((0, 0), (h, w)),
        )  # fmt: skip
        total, weight, blend = np.zeros((h, w), f), np.empty((h, w), f), LaplacianBlend(h, w)
        for frame in codes:
            quality(frame, *settings, False, total, weight)
        for frame in codes:
            quality(frame, *settings, True, total, weight)
            blend.add(frame, scale, weight)
        fused = blend.collapse()
        return deliver(fused[:, :, 0].copy() if gray else fused, dst)


def robertson_weight(levels: int) -> Array:
    """Gaussian over the codes, shifted and scaled to 0 at both ends and 1 in the middle, (levels,) float64."""
    v = 4 * np.arange(levels) / (levels - 1) - 2
    weight = (np.exp(4 - v**2) - 1) / (np.exp(4) - 1)
    weight[[0, -1]] = 0.0
    return weight


def inverse_response(who: str, response: Any, levels: int) -> Array:
    """An inverse response as (levels, 3) float64; OpenCV's shape is (256, 1, 3).

    Levels that are no finite number of at least 0, as OpenCV's CalibrateRobertson leaves where a level never occurs,
    are interpolated; 256 levels serve 16-bit frames too.
    """
    a = np.asarray(response, np.float64)
    if a.ndim == 3 and a.shape[1] == 1:
        a = a[:, 0]
    if a.ndim == 1:
        a = a[:, None]
    if a.ndim != 2 or a.shape[0] not in (256, 65536) or a.shape[1] not in (1, 3):
        raise refuse(who, f"the response must be of shape (256, 1, 3) or (65536, 1, 3), got {np.shape(response)}.")
    code, at = np.arange(len(a)) / (len(a) - 1), np.arange(levels) / (levels - 1)
    curve = np.empty((levels, 3))
    for c in range(3):
        channel = a[:, c % a.shape[1]]
        known = np.isfinite(channel) & (channel >= 0)
        if not known.any():
            raise refuse(who, f"channel {c} of the response has no usable level; calibrate with other frames.")
        curve[:, c] = np.interp(at, code[known], channel[known])
    return curve


def createMergeMertens(
    contrast_weight: float = 1.0, saturation_weight: float = 1.0, exposure_weight: float = 0.0
) -> MergeMertens:
    return MergeMertens(contrast_weight, saturation_weight, exposure_weight)


def createMergeDebevec() -> MergeDebevec:
    return MergeDebevec()


def createMergeRobertson() -> MergeRobertson:
    return MergeRobertson()
