"""What all merges have in common that are a weighted mean over frames: tables per code, bounds, scale, primaries."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fullwell.image import Array, Bracket, Radiance, Response
from fullwell.kernels.merge import merge_tables
from fullwell.kernels.rows import addresses
from fullwell.operators import Merger
from fullwell.params import param
from fullwell.progress import Progress

NOISE = 0.03  # code (0 to 1) of the longest frame up to which colour is noise: eight codes of JPEG


@dataclass(frozen=True, kw_only=True)
class WeightedMerger(Merger):
    """A code is measured where its weight is above 0; a pixel that no frame measured gets the tightest bound.

    Radiance 1.0 is what the frame of the middle exposure records as white.
    """

    low: float = param(0.01, lo=0.0, hi=0.4, soft=(0.0, 0.05), help="Codes up to this share of full scale are black.")
    high: float = param(0.985, lo=0.6, hi=1.0, soft=(0.9, 1.0), help="Codes from this share of full scale are clipped.")

    logarithmic: ClassVar[bool]

    @abstractmethod
    def weigh(self, code: Array) -> Array:
        """Weight of a code value (0 to 1), before `low` and `high` are cut."""

    @abstractmethod
    def terms(self, weight: Array, exposure: Array, time: float) -> tuple[Array, Array]:
        """Numerator and denominator that one code of a frame adds."""

    def merge(self, bracket: Bracket, response: Response, progress: Progress) -> Radiance:
        times = bracket.exposures
        middle = float(np.sort(times)[(len(times) - 1) // 2])
        frames = bracket.codes(progress)
        levels = 256 if frames[0].dtype == np.uint8 else 65536
        code = np.arange(levels) / (levels - 1)
        curve = response.table(levels) / np.exp(np.mean(np.log(response.curve[-1])))
        weight = np.where((code > self.low) & (code < self.high), self.weigh(code), 0.0)
        bottom, top = (
            np.array([max(np.interp(end, code, curve[:, c]), 1e-30) for c in range(3)]) for end in (self.low, self.high)
        )

        value, norm = np.empty((len(times), 3, levels), np.float32), np.empty((len(times), 3, levels), np.float32)
        below, above = np.empty((len(times), 3), np.float32), np.empty((len(times), 3), np.float32)
        for k, t in enumerate(times / middle):
            for c in range(3):
                exposure = np.maximum(curve[:, c], 1e-30)
                value[k, c], norm[k, c] = self.terms(weight, exposure, t)
            below[k], above[k] = (np.log2(b / t) if self.logarithmic else b / t for b in (bottom, top))

        shifts = np.array([f.pose.shift_px for f in bracket], np.int64)
        rgb, mask = np.empty((*bracket.shape, 3), np.float32), np.empty(bracket.shape, np.uint8)
        merge_tables(addresses(frames), frames[0][0, 0], shifts, value, norm, above, below, self.logarithmic, rgb, mask)
        matrix = bracket.to_working
        if not np.array_equal(matrix, np.eye(3)):
            rgb = rgb @ matrix.T.astype(np.float32)
        noise = max(np.interp(max(self.low, NOISE), code, curve[:, c]) for c in range(3))
        floor = float(noise * middle / times.max())
        return Radiance(rgb, "rec709", mask, 1.0 / middle, meta=bracket.meta, noise_floor=floor)
