"""createTonemap, -Drago, -Reinhard, -Mantiuk and -Durand: OpenCV's numbers, without its NaN.

Each stretches the image between its smallest and largest value, maps it, and (Durand apart) stretches the result. An
image is BGR float32 (h, w, 3), and the gray has OpenCV's weights: 0.299 on the first channel. (h, w) is taken too.
Black pixels come out 0 where OpenCV has NaN; NaN and -inf in the input count as its smallest value, +inf as its
largest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fullwell.compat.cv2.arguments import Algorithm, Array, deliver, refuse, setting
from fullwell.kernels import opencv_tone
from fullwell.kernels.bilateral import bilateral
from fullwell.kernels.minmax import Span, between, finish, finish_into, span
from fullwell.kernels.vecmath import BRIGHTEST
from fullwell.tonemap.dragocv import mapped

f = np.float32
LN2 = math.log(2.0)


class Tonemap(Algorithm):
    """The stretch alone, then gamma."""

    def __init__(self, gamma: float = 1.0) -> None:
        self._gamma = float(gamma)

    getGamma, setGamma = setting("_gamma", float)

    def process(self, src: Any, dst: Any = None) -> Array:
        """Display values, (h, w, 3) float32, mostly 0..1, gamma applied. `src` is not changed."""
        rgb = self._image(src)
        out = self._map(rgb, span(rgb))
        if np.ndim(src) == 2:
            out = np.ascontiguousarray(out[:, :, 0])
        return deliver(out, dst)

    def _image(self, src: Any) -> Array:
        a = np.asarray(src)
        if a.dtype.kind != "f":
            raise refuse(type(self).__name__, f"the image must be float32 radiance, got {a.dtype}; merge first.")
        if a.ndim == 2:
            a = np.repeat(a[:, :, None], 3, axis=2)
        if a.ndim != 3 or a.shape[2] != 3 or a.size == 0:
            raise refuse(type(self).__name__, f"the image must be (height, width, 3), got shape {a.shape}.")
        return np.ascontiguousarray(a, np.float32)

    def _map(self, rgb: Array, known: Span) -> Array:
        out = np.empty_like(rgb)
        finish_into(rgb.reshape(len(rgb), -1), known.floats(), self._power, out.reshape(len(out), -1))
        return out

    def _finish(self, out: Array, known: Span) -> Array:
        finish(known.floats(), self._power, out.reshape(len(out), -1))
        return out

    @property
    def _power(self) -> Any:
        return None if self._gamma == 1 else f(1 / self._gamma)


class TonemapDrago(Tonemap):
    def __init__(self, gamma: float = 1.0, saturation: float = 1.0, bias: float = 0.85) -> None:
        super().__init__(gamma)
        self._saturation, self._bias = float(saturation), float(bias)

    getSaturation, setSaturation = setting("_saturation", float)
    getBias, setBias = setting("_bias", float)

    def _map(self, rgb: Array, known: Span) -> Array:
        return self._finish(*mapped(rgb, known, self._saturation, self._bias))


class TonemapReinhard(Tonemap):
    """Processing leaves the object as it was: a second picture is mapped like the first."""

    def __init__(
        self, gamma: float = 1.0, intensity: float = 0.0, light_adapt: float = 1.0, color_adapt: float = 0.0
    ) -> None:
        super().__init__(gamma)
        self._intensity, self._light_adapt, self._color_adapt = float(intensity), float(light_adapt), float(color_adapt)

    getIntensity, setIntensity = setting("_intensity", float)
    getLightAdaptation, setLightAdaptation = setting("_light_adapt", float)
    getColorAdaptation, setColorAdaptation = setting("_color_adapt", float)

    def _map(self, rgb: Array, known: Span) -> Array:
        stats, out, ends = opencv_tone.Stats(rgb, known), np.empty_like(rgb), np.empty((len(rgb), 2), f)
        low, high = (math.log2(max(v, 1e-4)) for v in (stats.lowest, stats.highest))
        key = (high - stats.log) / (high - low) if high > low else 0.5
        power = 0.3 + 0.7 * max(key, 0.0) ** 1.4
        light, colour = self._light_adapt, self._color_adapt
        means = (colour * stats.rgb + (1 - colour) * stats.gray).astype(np.float32)
        gain = math.exp(-self._intensity)
        opencv_tone.reinhard(rgb, known.floats(), means, f(light), f(colour), f(gain), f(power), out, ends)
        return self._finish(out, between(ends))


class TonemapMantiuk(Tonemap):
    """The exact solution of OpenCV's equations: a power of the gray.

    Its transducer turns a contrast G into scale ** (1 / 0.4185) * G, a constant factor, so the image whose contrasts
    come nearest has that factor in its logarithm; OpenCV's conjugate gradients stop some 1e-3 short of it.
    """

    def __init__(self, gamma: float = 1.0, scale: float = 0.7, saturation: float = 1.0) -> None:
        super().__init__(gamma)
        self._scale, self._saturation = float(scale), float(saturation)

    getScale, setScale = setting("_scale", float)
    getSaturation, setSaturation = setting("_saturation", float)

    def _map(self, rgb: Array, known: Span) -> Array:
        base, out, ends = _log_gray(rgb, known), np.empty_like(rgb), np.empty((len(rgb), 2), f)
        gain = 1.0 if known.flat else max(self._scale, 0.0) ** (1 / 0.4185)
        opencv_tone.rescale_base(rgb, known.floats(), base, f(gain), *opencv_tone.powers(self._saturation), out, ends)
        return self._finish(out, between(ends))


class TonemapDurand(Tonemap):
    """Contrast of the bilateral base reduced to `contrast` (in ln units); no final stretch, values may pass 1."""

    def __init__(
        self,
        gamma: float = 1.0,
        contrast: float = 4.0,
        saturation: float = 1.0,
        sigma_color: float = 2.0,
        sigma_space: float = 2.0,
    ) -> None:
        super().__init__(gamma)
        self._contrast, self._saturation = float(contrast), float(saturation)
        self._sigma_color, self._sigma_space = float(sigma_color), float(sigma_space)

    getContrast, setContrast = setting("_contrast", float)
    getSaturation, setSaturation = setting("_saturation", float)
    getSigmaColor, setSigmaColor = setting("_sigma_color", float)
    getSigmaSpace, setSigmaSpace = setting("_sigma_space", float)

    def _map(self, rgb: Array, known: Span) -> Array:
        log, out, unused = _log_gray(rgb, known), np.empty_like(rgb), np.empty((len(rgb), 2), f)
        base = log if span(log).flat else bilateral(log, max(self._sigma_color, 0.0) / LN2, self._sigma_space)
        extent = span(base)
        gain = 1.0 if extent.flat else self._contrast / ((extent.hi - extent.lo) * LN2)
        opencv_tone.rescale_base(rgb, known.floats(), base, f(gain), *opencv_tone.powers(self._saturation), out, unused)
        return self._finish(out, Span(0.0, float(BRIGHTEST), 1.0, 0.0))


def _log_gray(rgb: Array, known: Span) -> Array:
    out = np.empty(rgb.shape[:2], np.float32)
    opencv_tone.log_gray(rgb, known.floats(), out)
    return out


def createTonemap(gamma: float = 1.0) -> Tonemap:
    return Tonemap(gamma)


def createTonemapDrago(gamma: float = 1.0, saturation: float = 1.0, bias: float = 0.85) -> TonemapDrago:
    return TonemapDrago(gamma, saturation, bias)


def createTonemapReinhard(
    gamma: float = 1.0, intensity: float = 0.0, light_adapt: float = 1.0, color_adapt: float = 0.0
) -> TonemapReinhard:
    return TonemapReinhard(gamma, intensity, light_adapt, color_adapt)


def createTonemapMantiuk(gamma: float = 1.0, scale: float = 0.7, saturation: float = 1.0) -> TonemapMantiuk:
    return TonemapMantiuk(gamma, scale, saturation)


def createTonemapDurand(
    gamma: float = 1.0,
    contrast: float = 4.0,
    saturation: float = 1.0,
    sigma_color: float = 2.0,
    sigma_space: float = 2.0,
) -> TonemapDurand:
    return TonemapDurand(gamma, contrast, saturation, sigma_color, sigma_space)
