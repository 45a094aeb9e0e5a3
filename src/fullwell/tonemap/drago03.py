"""Drago et al. 2003: adaptive logarithmic mapping.

Source: F. Drago, K. Myszkowski, T. Annen, N. Chiba, "Adaptive Logarithmic Mapping For Displaying High Contrast Scenes",
Computer Graphics Forum 22(3), 2003. The curve is eq. (4), with L_dmax = 100 cd/m2 shown as 1.0.
Differs from the paper: white is a percentile of the luminance, not its maximum, so that one hot pixel does not darken
the picture; the sRGB encoding of the file stands in for the paper's fitted gamma.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import prange

from fullwell.image import Array, Radiance
from fullwell.kernels._jit import f, kernel
from fullwell.kernels.histogram import LogStats
from fullwell.kernels.recolor import recolor_row
from fullwell.kernels.vecmath import clean, log2f, powf
from fullwell.operators import PointOp
from fullwell.params import operator, param


class Stats(NamedTuple):
    adaptation: float  # log-average luminance, scene units
    white: float  # luminance that becomes 1.0, scene units
    weights: Array  # of R, G, B in luminance


@operator(family="tonemap", title="Drago", cite="drago03")
class Drago03(PointOp):
    saturation: float = param(1.0, lo=0.0, hi=2.0, soft=(0.5, 1.5), help="Colour strength; 0 is grey, 1 keeps ratios.")
    bias: float = param(0.85, lo=0.0, hi=1.0, soft=(0.7, 0.95), help="Darker and more contrasty as it grows.")
    white: float = param(99.9, lo=50.0, hi=100.0, soft=(99.0, 100.0), unit="%", help="Percentile shown as white.")

    def measure(self, scene: Radiance) -> Stats:
        log = LogStats(scene.rgb, scene.luminance_weights)
        return Stats(2.0**log.mean_log2, 2.0 ** log.percentile_log2(self.white), scene.luminance_weights)

    def apply(self, rgb: Array, stats: Stats, ceiling: float, out: Array) -> None:
        # A higher bias darkens the middle; dividing the world adaptation by this, as the authors do, makes up for it.
        adaptation = stats.adaptation / (1.0 + self.bias - 0.85) ** 5
        white = max(stats.white / adaptation, 1e-6)
        power = math.log(max(self.bias, 1e-4)) / math.log(0.5)
        gain = 1.0 / math.log10(white + 1.0)
        drago(
            rgb, stats.weights, f(1.0 / adaptation), f(1.0 / white), f(power), f(gain), f(self.saturation),
            f(ceiling), out,
        )  # fmt: skip


@kernel()
def drago(rgb, weights, inv_adaptation, inv_white, power, gain, saturation, ceiling, out):
    """Eq. (4); `power` is log(bias) / log(0.5), `gain` 1 / log10(L_wmax + 1)."""
    h, w = rgb.shape[0], rgb.shape[1]
    wr, wg, wb = weights[0], weights[1], weights[2]
    for y in prange(h):
        row, mapped = rgb[y].reshape(3 * w), np.empty(w, np.float32)
        for x in range(w):
            r, g, b = clean(row[3 * x]), clean(row[3 * x + 1]), clean(row[3 * x + 2])
            scaled = inv_adaptation * (wr * r + wg * g + wb * b)
            base = f(2) + f(8) * powf(min(scaled * inv_white, f(1)), power)
            mapped[x] = gain * log2f(scaled + f(1)) / log2f(base)  # ln(a) / ln(b) = log2(a) / log2(b)
        recolor_row(row, weights, mapped, saturation, ceiling, out[y].reshape(3 * w))
