"""Durand and Dorsey 2002: less contrast in the large, all of it in the detail.

Source: F. Durand, J. Dorsey, "Fast Bilateral Filtering for the Display of High-Dynamic-Range Images", SIGGRAPH 2002,
and the recipe that the authors published with it: intensity (20 R + 40 G + B) / 61; its log10 is split by a bilateral
filter (spatial sigma 2 % of the larger image side, range sigma 0.4) into base and detail; the base is scaled to a
contrast of 5 : 1 and shifted so that its brightest part becomes 1; the detail is kept and the colours' ratios too.
Differs from the paper: the filter is a bilateral grid, not the piecewise-linear one; the base's extent is taken between
percentiles, so that one hot pixel does not flatten the picture; the default contrast is 20 : 1, since 5 : 1 on a screen
of today looks washed out and shows the noise of the darks; a scene with less contrast than that is not stretched.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.image import Array, Radiance
from fullwell.kernels._jit import f, kernel
from fullwell.kernels.edge_aware import bilateral
from fullwell.kernels.histogram import sample
from fullwell.kernels.recolor import STOPS_PER_DECADE, bounded_log_luminance, recolor
from fullwell.operators import WholeOp
from fullwell.params import operator, param
from fullwell.progress import Progress

INTENSITY = np.array([20, 40, 1], np.float32) / np.float32(61)
DARKEST, BRIGHTEST = 0.1, 99.9  # percentiles that bound the base


@operator(family="tonemap", title="Durand and Dorsey", cite="durand02")
class Durand02(WholeOp):
    contrast: float = param(
        20.0, lo=1.0, hi=1000.0, soft=(2.0, 100.0), scale="log", help="Contrast of the base, as x : 1."
    )
    saturation: float = param(1.0, lo=0.0, hi=2.0, soft=(0.5, 1.5), help="Colour strength; 0 is grey, 1 keeps ratios.")
    sigma_space: float = param(
        2.0, lo=0.5, hi=20.0, soft=(1.0, 5.0), unit="%", help="Width of the filter, % of the larger side."
    )
    sigma_color: float = param(
        0.4, lo=0.05, hi=2.0, soft=(0.2, 0.8), unit="log10", help="Steps above this stay in the base."
    )

    def map(self, scene: Radiance, ceiling: float, progress: Progress) -> Array:
        out = np.zeros_like(scene.rgb)
        measured = bounded_log_luminance(scene.rgb, INTENSITY)
        if measured is None:
            return out
        log, low, high = measured
        progress.stepped(0.2)
        sigma_px = self.sigma_space / 100 * max(log.shape)
        base = bilateral(log, sigma_px, self.sigma_color * STOPS_PER_DECADE, low, high)
        progress.stepped(0.7)
        darkest, brightest = np.percentile(sample(base, log > low), [DARKEST, BRIGHTEST])
        scale = min(math.log2(self.contrast) / max(brightest - darkest, 1e-6), 1.0)
        compress(log, base, f(scale), f(brightest), log)
        recolor(scene.rgb, INTENSITY, log, f(self.saturation), f(ceiling), out)
        return out


@kernel()
def compress(log, base, scale, brightest, out):
    """scale * (base - brightest) + detail."""
    for y in prange(log.shape[0]):
        row, smooth, res = log[y], base[y], out[y]
        for x in range(log.shape[1]):
            res[x] = scale * (smooth[x] - brightest) + row[x] - smooth[x]
