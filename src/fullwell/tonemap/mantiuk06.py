"""Mantiuk et al. 2006: contrasts at every scale, reduced the way the eye responds to them.

Source: R. Mantiuk, K. Myszkowski, H.-P. Seidel, "A Perceptual Framework for Contrast Processing of High Dynamic Range
Images", ACM Transactions on Applied Perception 3(3), 2006, contrast mapping: the log10 luminance becomes a pyramid of
contrasts G between neighbours; a transducer turns them into responses of the eye, which are scaled and turned back; and
the picture is the image whose contrasts come closest to these, in least squares, each weighted by 1 / DeltaG(G) with
DeltaG = 0.038737 G^0.537756, the least visible difference. Down to 3 pixels, as in the authors' program.
Differs from the paper: the transducer is R = ln(1 + k W) / b of the Weber contrast W = 10^G - 1, the integral of
thresholds a + b W (Weber's law with a floor). Thresholds with a = 0.00424, b = 0.108 are within 23 % of DeltaG for G
between 0.01 and 2, and R within 25 % of the paper's 54.09 G^0.4185 between 0.03 and 3; but a power of G, when scaled,
multiplies all contrasts by one factor, which makes a power of the luminance and nothing else. Levels count by their
area. The display's range is not filled from the darkest to the brightest percentile: a percentile is white and the
log-average becomes 0.13, or as near as the scene's own range allows, which keeps brightness alike from scene to scene.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.image import Array, Radiance
from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.histogram import sample
from fullwell.kernels.recolor import STOPS_PER_DECADE, bounded_log_luminance, recolor
from fullwell.kernels.solve import least_squares, pyramid
from fullwell.kernels.vecmath import exp2f, log2f
from fullwell.operators import WholeOp
from fullwell.params import operator, param
from fullwell.progress import Progress

WEBER = 0.108 / 0.00424  # k = b / a of the thresholds a + b W
COARSEST = 3  # pixels of the short side
ITERATIONS = 16
DARKEST = 1.0  # percentile that bounds the range
AVERAGE = 0.13  # what the log-average becomes: chosen by looking


@operator(family="tonemap", title="Mantiuk, contrast mapping", cite="mantiuk06")
class Mantiuk06(WholeOp):
    scale: float = param(
        0.4, lo=0.1, hi=1.0, soft=(0.2, 0.8), help="Share of the response that is kept; less is flatter."
    )
    saturation: float = param(0.8, lo=0.0, hi=2.0, soft=(0.5, 1.5), help="Colour strength; 0 is grey, 1 keeps ratios.")
    white: float = param(99.0, lo=50.0, hi=100.0, soft=(95.0, 100.0), unit="%", help="Percentile shown as white.")

    def map(self, scene: Radiance, ceiling: float, progress: Progress) -> Array:
        out = np.zeros_like(scene.rgb)
        measured = bounded_log_luminance(scene.rgb, scene.luminance_weights)
        if measured is None:
            return out
        log, low, _ = measured
        levels = pyramid(log, COARSEST)
        weights, flows = [], []
        for level in levels:
            wx, wy, fx, fy = (np.empty_like(level) for _ in range(4))
            map_contrasts(level, f(self.scale), wx, wy, fx, fy)
            weights.append((wx, wy))
            flows.append((fx, fy))
        guess = [level * np.float32(self.scale) for level in levels]
        mapped = least_squares(weights, flows, guess, ITERATIONS, 1e-3, progress.stepped)
        before, after = sample(log, log > low), sample(mapped, log > low)
        scene_range = float(np.diff(np.percentile(before, [DARKEST, self.white]))[0])
        darkest, white = (float(v) for v in np.percentile(after, [DARKEST, self.white]))
        average = float(after.mean(dtype=np.float64))
        gain = min(math.log2(AVERAGE) / min(average - white, -1e-6), scene_range / max(white - darkest, 1e-6))
        mapped -= np.float32(white)
        mapped *= np.float32(gain)
        recolor(scene.rgb, scene.luminance_weights, mapped, f(self.saturation), f(ceiling), out)
        return out


@kernel(outs=4)
def map_contrasts(log, scale, wx, wy, fx, fy):
    """Wanted contrasts of log2 luminance (h, w) to the right and down, times their weights, and the weights."""
    h, w = log.shape
    for y in prange(h):
        row = log[y]
        wanted(row[: w - 1], row[1:], scale, wx[y], fx[y])
        wx[y, w - 1], fx[y, w - 1] = f(0), f(0)
        if y < h - 1:
            wanted(row, log[y + 1], scale, wy[y], fy[y])
        else:
            wy[y], fy[y] = f(0), f(0)


@inline
def wanted(near, far, scale, weights, flows):
    """Scale the response to each contrast: 1 + k W' = (1 + k W)^scale."""
    for x in range(near.size):
        step = far[x] - near[x]
        response = log2f(f(1) + f(WEBER) * (exp2f(abs(step)) - f(1)))
        kept = log2f(f(1) + (exp2f(scale * response) - f(1)) / f(WEBER))
        decades = max(kept * f(1 / STOPS_PER_DECADE), f(1e-3))
        weights[x] = exp2f(f(-0.537756) * log2f(decades))  # the constant of DeltaG cancels
        flows[x] = weights[x] * (kept if step > f(0) else -kept)
