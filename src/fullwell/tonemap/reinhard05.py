"""Reinhard and Devlin 2005: the response of photoreceptors that adapt.

Source: E. Reinhard, K. Devlin, "Dynamic Range Reduction Inspired by Photoreceptor Physiology", IEEE Transactions on
Visualization and Computer Graphics 11(1), 2005: response V = I / (I + (f I_a)^m), its adaptation level I_a between
pixel and image and between channel and luminance, m from the key of the scene, and a final stretch to 0 and 1.
Differs from the paper: since m < 1, the paper's picture depends on the unit of the radiance. Here the unit is chosen so
that grey of the scene's log-average luminance ends at 0.18, the photographer's middle grey, at intensity 0. The stretch
and the key use percentiles of the luminance, not the extremes, so that one hot pixel changes neither; and the stretch
moves a pixel's channels together, because subtracting the same black from each makes dark colours gaudy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import prange

from fullwell.color import MIDDLE_GREY
from fullwell.image import Array, Radiance
from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.histogram import LogStats
from fullwell.kernels.vecmath import clean, powf
from fullwell.operators import PointOp
from fullwell.params import operator, param

BLACK = 0.1  # percentile shown as black


class Stats(NamedTuple):
    log_average: float  # luminance, scene units; the others are relative to it
    mean_lum: float
    mean_rgb: tuple[float, float, float]
    low: float  # luminance shown as black
    high: float  # luminance shown as white
    key: float  # 0: mostly bright, 1: mostly dark
    weights: Array  # of R, G, B in luminance


@operator(family="tonemap", title="Reinhard and Devlin", cite="reinhard05")
class Reinhard05(PointOp):
    intensity: float = param(0.0, lo=-8.0, hi=8.0, soft=(-3.0, 3.0), help="Brighter as it grows.")
    light_adapt: float = param(1.0, lo=0.0, hi=1.0, help="Each pixel adapts to itself at 1, to the image's mean at 0.")
    color_adapt: float = param(0.0, lo=0.0, hi=1.0, help="Each channel adapts alone at 1, which takes off a tint.")
    contrast: float = param(0.0, lo=0.0, hi=0.9, help="The exponent m, from 0.3; 0 takes it from the scene's key.")
    white: float = param(99.5, lo=50.0, hi=100.0, soft=(95.0, 100.0), unit="%", help="Percentile shown as white.")

    def measure(self, scene: Radiance) -> Stats:
        log = LogStats(scene.rgb, scene.luminance_weights)
        low, high = log.percentile_log2(BLACK), log.percentile_log2(self.white)
        if high <= low:  # a flat image: all of it white
            low = -math.inf
        key = min(max((high - log.mean_log2) / (high - low), 0.0), 1.0)
        average = 2.0**log.mean_log2
        red, green, blue = (mean / average for mean in log.mean_rgb)
        return Stats(
            average, log.mean_lum / average, (red, green, blue), 2.0**low / average, 2.0**high / average, key,
            scene.luminance_weights,
        )  # fmt: skip

    def apply(self, rgb: Array, stats: Stats, ceiling: float, out: Array) -> None:
        a, c = self.light_adapt, self.color_adapt
        m = min(max(self.contrast or 0.3 + 0.7 * stats.key**1.4, 0.3), 0.9)

        def response(lum: float, unit: float, gain: float = 1.0) -> float:  # of grey
            adaptation = gain * unit * (a * lum + (1 - a) * stats.mean_lum)
            return lum * unit / (lum * unit + adaptation**m) if lum > 0 else 0.0

        unit, gain = middle_grey_unit(response, stats, m), math.exp(-self.intensity)
        black, white = response(stats.low, unit, gain), response(stats.high, unit, gain)
        means = np.array([(c * mean + (1 - c) * stats.mean_lum) for mean in (*stats.mean_rgb, stats.mean_lum)])
        photoreceptors(
            rgb, stats.weights, ((1 - a) * unit * means).astype(np.float32), f(unit / stats.log_average), f(gain), f(m),
            f(a * c), f(a * (1 - c)), f(black), f(1 / max(white - black, 1e-6)), f(ceiling), out,
        )  # fmt: skip


def middle_grey_unit(response: Callable[[float, float], float], stats: Stats, m: float) -> float:
    """The scale of the radiance that shows its log-average as middle grey, or as near as m allows, by bisection."""
    darkest, brightest = -2.0 / (1 - m), 2.0 / (1 - m)  # decades; the responses then span about 0.01 to 0.99
    for _ in range(40):
        middle = (darkest + brightest) / 2
        black, grey, white = (response(lum, 10.0**middle) for lum in (stats.low, 1.0, stats.high))
        if grey - black > MIDDLE_GREY * (white - black):
            brightest = middle
        else:
            darkest = middle
    return 10.0 ** ((darkest + brightest) / 2)


@kernel()
def photoreceptors(rgb, weights, world, scale, gain, m, own, luminous, black, stretch, ceiling, out):
    """I_a = own * channel + luminous * luminance + world; V = I / (I + (gain * I_a)^m), grey stretched from `black`.

    Where channels do not adapt alone, as by default, I_a is the same for all three: one power a pixel and not four.
    """
    h, w = rgb.shape[0], rgb.shape[1]
    wr, wg, wb = weights[0], weights[1], weights[2]
    together = (own == f(0)) & (world[0] == world[3]) & (world[1] == world[3]) & (world[2] == world[3])
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y].reshape(3 * w)
        if together:
            for x in range(w):
                r, g, b = scale * clean(row[3 * x]), scale * clean(row[3 * x + 1]), scale * clean(row[3 * x + 2])
                lum = wr * r + wg * g + wb * b
                adapted = powf(gain * (luminous * lum + world[3]), m)
                share = stretched(lum / (lum + adapted), black, stretch)
                res[3 * x] = min(r / (r + adapted) * share, ceiling)
                res[3 * x + 1] = min(g / (g + adapted) * share, ceiling)
                res[3 * x + 2] = min(b / (b + adapted) * share, ceiling)
            continue
        for x in range(w):
            r, g, b = scale * clean(row[3 * x]), scale * clean(row[3 * x + 1]), scale * clean(row[3 * x + 2])
            lum = wr * r + wg * g + wb * b
            vr = r / (r + powf(gain * (own * r + luminous * lum + world[0]), m))
            vg = g / (g + powf(gain * (own * g + luminous * lum + world[1]), m))
            vb = b / (b + powf(gain * (own * b + luminous * lum + world[2]), m))
            share = stretched(lum / (lum + powf(gain * ((own + luminous) * lum + world[3]), m)), black, stretch)
            res[3 * x] = min(vr * share, ceiling)
            res[3 * x + 1] = min(vg * share, ceiling)
            res[3 * x + 2] = min(vb * share, ceiling)


@inline
def stretched(grey, black, stretch):
    """The factor of grey's stretch from `black`, which its channels share: they keep their ratios."""
    return max(grey - black, f(0)) * stretch / max(grey, f(1e-30))
