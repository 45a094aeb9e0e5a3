"""Natural: exposures that the radiance would have given, fused.

Source: T. Mertens, J. Kautz, F. Van Reeth, "Exposure Fusion", Pacific Graphics 2007: exposures are weighed by how near
the middle of the range they show a pixel (the well-exposedness of section 3.1), and blended level by level in a
Laplacian pyramid (section 3.2).
Differs from the paper: the exposures are not photographs but made from the radiance, evenly, at most `step` apart, from
the one that shows the `white` percentile as 1 to the one that shows the `shadows` percentile as 0.06, with the one that
gives the log-average the `key` among them or between. They are of luminance, power-encoded, and the colours are put
back by ratio: fusion cannot shift a hue. Contrast and saturation carry no weight: every exposure has the same ones. The
weight is (4 v (1 - v))^3 + 0.04, near the paper's Gaussian and quicker. Where a pyramid says less than black, as in a
dark corner of a bright room, what the longest exposure shows of it remains (`lifted`).
"""

from __future__ import annotations

import math

import numpy as np

from fullwell import memory
from fullwell.image import Array, Radiance
from fullwell.kernels._jit import f
from fullwell.kernels.histogram import LogStats
from fullwell.kernels.synthetic import encoded_luminance, fuse, fuse_finest
from fullwell.operators import WholeOp
from fullwell.params import operator, param
from fullwell.progress import Progress

DARKEST, BRIGHTEST = 1.0, 99.0  # percentiles between which the log-average is taken
SHADOW = 0.06  # what the `shadows` percentile becomes in the longest exposure
NOISE = 0.01  # what the noise floor becomes there at most
GAMMA = 2.2  # of the encoding in which the exposures are fused


@operator(family="tonemap", title="Natural", cite="mertens07")
class Natural(WholeOp):
    key: float = param(
        0.16, lo=0.01, hi=1.0, soft=(0.08, 0.32), scale="log", help="Tone of the scene's log-average; more is brighter."
    )
    white: float = param(
        99.9, lo=50.0, hi=100.0, soft=(98.0, 100.0), unit="%", help="Percentile white in the shortest exposure."
    )
    shadows: float = param(
        3.0, lo=0.0, hi=50.0, soft=(0.0, 10.0), unit="%", help="Percentile that the longest exposure opens."
    )
    step: float = param(2.0, lo=0.5, hi=4.0, soft=(1.0, 3.0), unit="EV", help="Most between two exposures.")
    saturation: float = param(1.0, lo=0.0, hi=2.0, soft=(0.5, 1.5), help="Colour strength; 0 is grey, 1 keeps ratios.")

    def map(self, scene: Radiance, ceiling: float, progress: Progress) -> Array:
        weights = scene.luminance_weights
        stats = LogStats(scene.rgb, weights)
        if not stats.lit:
            return np.zeros_like(scene.rgb)
        shortest, exposures = self.exposures(stats, scene.noise_floor)
        light = np.empty(scene.rgb.shape[:2], np.float32)
        encoded_luminance(scene.rgb, weights, f(shortest), f(1 / GAMMA), light)
        progress.stepped(0.2)
        groups, fused = fuse(light, exposures)
        memory.trim()  # of the pyramids' upper levels
        progress.stepped(0.7)
        out = np.empty_like(scene.rgb)
        fuse_finest(
            scene.rgb, weights, light, exposures, groups, fused, f(self.saturation), f(GAMMA), f(ceiling), out
        )  # fmt: skip
        return out

    def exposures(self, stats: LogStats, noise_floor: float | None) -> tuple[float, Array]:
        """log2 of the shortest exposure's gain, and all gains over it, encoded, (n,) float32.

        None is so long that it shows what no frame could tell from black brighter than NOISE.
        """
        middle = math.log2(self.key) - stats.mean_log2_between(DARKEST, BRIGHTEST)
        shortest = min(-stats.percentile_log2(self.white), middle)
        longest = math.log2(SHADOW) - stats.percentile_log2(self.shadows)
        if noise_floor:
            longest = min(longest, math.log2(NOISE / noise_floor))
        longest = max(longest, middle)
        steps = math.ceil((longest - shortest) / self.step)
        stops = np.linspace(0.0, longest - shortest, steps + 1)
        return shortest, (2.0 ** (stops / GAMMA)).astype(np.float32)
