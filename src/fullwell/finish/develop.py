"""Develop: black and white where they belong, brightness by the scene's key, and the six sliders.

Source: none; it is what a raw developer does last. With `auto` at 1 the percentiles 0.3 and 99.7 of the luminance are
brought to 0 and 0.89, and a power brings the mean lightness L* to where the scene's key wants it, which is how far its
log-average lies below its white: 51 to 55 in even light, 40 to 43 for a night, so that it stays one. Then come white
balance, contrast, exposure and saturation as asked. From 0.7 a shoulder bends what is brighter towards 1: half by one
factor for the three channels, which keeps the hue and the colour of a lamp, and half channel by channel, which lets it
whiten; the first alone looks painted, the second alone turns orange to yellow. Pixels darker than the noise floor of
the longest frame are shown neutral, since their colour is noise.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fullwell.color import lightness
from fullwell.image import Array, Picture, Radiance
from fullwell.kernels._jit import f
from fullwell.kernels.finishing import SHOULDER, grade, sharpened
from fullwell.kernels.histogram import LogStats
from fullwell.operators import Finisher
from fullwell.params import operator
from fullwell.progress import Progress

BLACK, WHITE = 0.3, 99.7  # percentiles
WHITE_AT = 1.0  # before the shoulder, which makes it 0.89
GAINS = (0.8, 8.0)  # between which the stretch stays
MOST_BLACK = 0.25  # of white: haze is thinned, not cut away
EVEN, NIGHT = 4.0, 8.5  # stops from the log-average to white, in even light and at night
LIGHTNESS = (53.0, 41.5)  # wanted mean L* of these, within
TOLERANCE = 1.5
POWERS = (0.6, 1.7)  # between which the steering stays
MIDDLE = 0.18  # tone that contrast leaves alone


class Tones(NamedTuple):
    """Luminance y becomes gain * max(y - black, 0) ** power."""

    black: float
    gain: float
    power: float


@operator(family="finish", title="Develop", cite="none")
class Develop(Finisher):
    def finish(self, picture: Picture, scene: Radiance | None, progress: Progress) -> Picture:
        balance, weights = self.balance(picture.luminance_weights), picture.luminance_weights
        tones = self.tones(LogStats(picture.rgb, weights * balance), scene)
        out = np.empty_like(picture.rgb)
        lights, lights_weights, floor = picture.rgb, weights, 0.0
        if scene is not None and scene.noise_floor:
            lights, lights_weights, floor = scene.rgb, scene.luminance_weights, scene.noise_floor
        grade(
            picture.rgb, weights, balance, f(tones.black), f(math.log2(tones.gain)), f(tones.power),
            f(self.saturation), lights, lights_weights, f(floor), out,
        )  # fmt: skip
        progress.stepped(0.8)
        if self.sharpen:
            out = sharpened(out, weights, f(self.sharpen))
        return Picture(out, picture.primaries, picture.meta)

    def balance(self, weights: Array) -> Array:
        """Gains of the channels, (3,) float32, which leave the luminance of grey alone."""
        warm, magenta = self.temperature / 200, self.tint / 200
        gains = 2.0 ** np.array([warm, -magenta, -warm])
        return (gains / (weights @ gains)).astype(np.float32)

    def tones(self, stats: LogStats, scene: Radiance | None) -> Tones:
        """The curve: levels and steering as far as `auto` goes, then contrast about the middle, then exposure."""
        black, gain, power = 0.0, 1.0, 1.0
        if self.auto and stats.lit:
            white = 2.0 ** stats.percentile_log2(WHITE)
            black = self.auto * min(2.0 ** stats.percentile_log2(BLACK), MOST_BLACK * white)
            gain = min(max(WHITE_AT / max(white - black, 1e-9), GAINS[0]), GAINS[1]) ** self.auto
            power = steering(stats, black, gain, wanted(scene)) ** self.auto
        gain = lift(power) * gain**power
        contrast = 2.0**self.contrast
        gain = MIDDLE * (gain / MIDDLE) ** contrast * 2.0**self.exposure
        return Tones(black, gain, power * contrast)


def wanted(scene: Radiance | None) -> tuple[float, float]:
    """Between which the mean L* should lie; without a scene, wherever it is no night and not glaring."""
    if scene is None:
        return LIGHTNESS[1], LIGHTNESS[0] + TOLERANCE
    stats = LogStats(scene.rgb, scene.luminance_weights)
    depth = stats.percentile_log2(99.8) - stats.mean_log2_between(1.0, 99.0)
    middle = float(np.interp(depth, (EVEN, NIGHT), LIGHTNESS))
    return middle - TOLERANCE, middle + TOLERANCE


def lift(power: float) -> float:
    """The factor that goes with a power: it alone would brighten the blacks most, and make haze of a night."""
    return max(power**-0.5, 1.0)


def steering(stats: LogStats, black: float, gain: float, between: tuple[float, float]) -> float:
    """The power of the luminance that brings the mean L* between two values, or as near as the bounds let it."""
    levels, share = stats.levels()
    stretched = np.maximum(levels - black, 0.0) * gain

    def mean(power: float) -> float:
        return float(lightness(shoulder(lift(power) * stretched**power)) @ share)

    now = mean(1.0)
    target = min(max(now, between[0]), between[1])
    low, high = POWERS
    if target == now:
        return 1.0
    for _ in range(30):
        power = math.sqrt(low * high)
        low, high = (power, high) if mean(power) > target else (low, power)
    return math.sqrt(low * high)


def shoulder(y: Array) -> Array:
    """As the kernel bends it."""
    over = np.maximum(y - SHOULDER, 0.0) / (1 - SHOULDER)
    return np.where(y > SHOULDER, SHOULDER + (1 - SHOULDER) * (1 - np.exp(-over)), y)
