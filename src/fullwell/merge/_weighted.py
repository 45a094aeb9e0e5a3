"""What all merges have in common that are a weighted mean over frames: tables per code, bounds, scale, primaries."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fullwell.image import Array, Bracket, Radiance, Response
from fullwell.kernels.merge import merge_tables
from fullwell.kernels.rows import addresses
from fullwell.kernels.warp import lay, shifted_spans
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
        middle = bracket.middle_exposure
        knees = [knee(response.table(256)[:, c]) for c in range(3)]
        frames, shifts, spans = registered(bracket, response, min(self.high, *knees), progress)
        levels = 256 if frames[0].dtype == np.uint8 else 65536
        code = np.arange(levels) / (levels - 1)
        curve = np.maximum(response.table(levels) / (response.white or 1.0), 1e-30)
        bottom = exposure_at(np.full(3, self.low), code, curve)
        drift = np.zeros((len(frames), 3))
        if self.wb_match == "auto":
            drift = white_balance_drift(bracket, frames, shifts, np.log2(curve))

        value, norm = np.empty((len(frames), 3, levels), np.float32), np.empty((len(frames), 3, levels), np.float32)
        below, above = np.empty((len(frames), 3), np.float32), np.empty((len(frames), 3), np.float32)
        ends = np.minimum(self.high, knees)
        bounds = (bottom, exposure_at(ends, code, curve))
        weights = [np.where((code > self.low) & (code < end), self.weigh(code), 0.0) for end in ends]
        for k, times in enumerate(bracket.exposures[:, None] / middle * 2.0**drift):
            for c, t in enumerate(times):
                value[k, c], norm[k, c] = self.terms(weights[c], curve[:, c], float(t))
            below[k], above[k] = (np.log2(b / times) if self.logarithmic else b / times for b in bounds)

        rgb, mask = np.empty((*bracket.shape, 3), np.float32), np.empty(bracket.shape, np.uint8)
        like = frames[0][0, 0]
        merge_tables(
            addresses(frames), like, shifts, spans, value, norm, above, below, self.logarithmic, True, rgb, mask
        )  # fmt: skip
        matrix = bracket.to_working
        if not np.array_equal(matrix, np.eye(3)):
            rgb = rgb @ matrix.T.astype(np.float32)
        noise = max(np.interp(max(self.low, NOISE), code, curve[:, c]) for c in range(3))
        floor = float(noise * middle / bracket.exposures.max())
        return Radiance(
            rgb,
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


def registered(
    bracket: Bracket, response: Response, high: float, progress: Progress
) -> tuple[list[Array], Array, Array]:
    """The frames' code values, of one type, their shifts (n, 2), and the columns that each row shows of them (n, h, 2).

    A frame that is shifted by whole pixels stays as it is; another is resampled into the reference's geometry, once, to
    16 bits, and so all become.
    """
    frames = bracket.codes(progress)
    shifts, spans = np.zeros((len(frames), 2), np.int64), np.zeros((len(frames), bracket.shape[0], 2), np.int64)
    moved = any(f.pose.to_frame for f in bracket)
    for k, (frame, codes) in enumerate(zip(bracket, frames, strict=True)):
        levels = 256 if codes.dtype == np.uint8 else 65536
        if frame.pose.to_frame:
            clip = math.ceil(high * (levels - 1))
            frames[k], spans[k] = lay(codes, frame.pose.matrix, response.table(levels), clip)
            continue
        if moved and levels == 256:
            frames[k] = codes.astype(np.uint16) * np.uint16(257)
        shifts[k] = frame.pose.shift_px
        spans[k] = shifted_spans(shifts[k], bracket.shape)
    return frames, shifts, spans
