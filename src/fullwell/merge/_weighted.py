"""What all merges have in common that are a weighted mean over frames: tables per code, bounds, scale, primaries."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fullwell.image import Array, Bracket, Radiance, Response
from fullwell.kernels.merge import merge_tables
from fullwell.kernels.rows import addresses
from fullwell.merge._highlights import untint
from fullwell.merge._registered import Registered
from fullwell.merge._white_balance import white_balance_drift
from fullwell.operators import Merger
from fullwell.params import param
from fullwell.progress import Progress

NOISE = 0.03  # code (0 to 1) of the longest frame up to which colour is noise: eight codes of JPEG
STEEP = 0.1  # stops a code: no response climbs so fast but where the camera is full before its codes are


@dataclass(frozen=True, kw_only=True)
class WeightedMerger(Merger):
    """A code is measured where its weight is above 0; a pixel that no frame measured gets the tightest bound.

    Radiance 1.0 is what the middle exposure records as white: the scale rests on the settings and the response, never
    on the frame that is the reference.
    """

    low: float = param(0.01, lo=0.0, hi=0.4, soft=(0.0, 0.05), help="Codes up to this share of full scale are black.")
    high: float = param(0.985, lo=0.6, hi=1.0, soft=(0.9, 1.0), help="Codes from this share of full scale are clipped.")
    wb_match: str = param(
        "auto", choices=("auto", "off"), help="Whether frames whose white balance differs are matched to the reference."
    )

    logarithmic: ClassVar[bool]

    @abstractmethod
    def weigh(self, code: Array) -> Array:
        """Weight of a code value (0 to 1), before `low` and `high` are cut."""

    @abstractmethod
    def terms(self, weight: Array, exposure: Array, time: float) -> tuple[Array, Array]:
        """Numerator and denominator that one code of a frame adds."""

    def merge(self, bracket: Bracket, response: Response, progress: Progress) -> Radiance:
        middle, count = bracket.middle_exposure, len(bracket)
        knees = [knee(response.table(256)[:, c]) for c in range(3)]
        registered = Registered(bracket, response, min(self.high, *knees), progress)
        levels = registered.levels
        code = np.arange(levels) / (levels - 1)
        curve = np.maximum(response.table(levels) / (response.white or 1.0), 1e-30)
        bottom = exposure_at(np.full(3, self.low), code, curve)
        drift = np.zeros((count, 3))
        if self.wb_match == "auto":
            drift = white_balance_drift(bracket, registered, np.log2(curve))

        value, norm = np.empty((count, 3, levels), np.float32), np.empty((count, 3, levels), np.float32)
        below, above = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
        ends = np.minimum(self.high, knees)
        bounds = (bottom, exposure_at(ends, code, curve))
        weights = [np.where((code > self.low) & (code < end), self.weigh(code), 0.0) for end in ends]
        for k, times in enumerate(bracket.exposures[:, None] / middle * 2.0**drift):
            for c, t in enumerate(times):
                value[k, c], norm[k, c] = self.terms(weights[c], curve[:, c], float(t))
            below[k], above[k] = (np.log2(b / times) if self.logarithmic else b / times for b in bounds)

        rgb, mask = np.empty((*bracket.shape, 3), np.float32), np.empty(bracket.shape, np.uint8)
        sums = np.empty((0, 0, 3), np.float32)
        for part, laid in registered.batches():
            first, last = part.start == 0, part.stop == count
            if first and not last:
                sums = np.empty_like(rgb)
            codes, shifts, spans = zip(*laid, strict=True)
            merge_tables(
                addresses(codes), codes[0][0, 0], np.array(shifts, np.int64), np.stack(spans), value[part], norm[part],
                above[part], below[part], below.min(axis=0), self.logarithmic, first, last, rgb, sums, mask,
            )  # fmt: skip
        clipped = above.max(axis=0)
        untint(rgb, mask, np.exp2(clipped) if self.logarithmic else clipped, bracket.to_working)
        noise = max(np.interp(max(self.low, NOISE), code, curve[:, c]) for c in range(3))
        floor = float(noise * middle / bracket.exposures.max())
        return Radiance(
            bracket.in_working(rgb),
            "rec709",
            mask,
            1.0 / middle,
            noise_floor=floor,
            meta=bracket.meta,
            cd_m2=bracket.nominal_cd_m2,
            wb_gain_ev=drift if drift.any() else None,
        )


def exposure_at(codes: Array, code: Array, curve: Array) -> Array:
    """The exposure that a code value (0 to 1) of each channel stands for, (3,)."""
    return np.array([np.interp(z, code, curve[:, c]) for c, z in enumerate(codes)])


def knee(curve: Array) -> float:
    """The code (0 to 1) where a channel's curve (256,) begins to climb steeply, 1 where it does not.

    Some cameras record white as 245, not 255. Such codes say that a pixel is clipped, not how bright it is.
    """
    climb = np.convolve(np.diff(np.log2(np.maximum(curve, 1e-30))), np.full(4, 0.25), "same")
    steep = np.flatnonzero(climb[128:] > STEEP)
    return float(128 + steep[0]) / 255.0 if len(steep) else 1.0
