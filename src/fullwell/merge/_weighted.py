"""What all merges have in common that are a weighted mean over frames: tables per code, bounds, scale, primaries."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import numpy as np

from fullwell.errors import UsageError
from fullwell.image import Array, Bracket, Ghosts, Radiance, Response, mixed_sigma
from fullwell.kernels.likelihood import FAINT
from fullwell.merge import _ghosts, _mosaic
from fullwell.merge._noise import Noise
from fullwell.merge._seen import Seen
from fullwell.operators import Merger
from fullwell.params import param
from fullwell.progress import Progress

NOISE = 0.03  # code (0 to 1) of the longest frame up to which colour is noise: eight codes of JPEG
FULL = 0.80  # share of full scale up to which a code has all of its weight
FIRM = 0.94  # share of full scale from which JPEG may have left there, beside an edge, what is clipped


def trust(code: Array, least: Array | float = 1.0) -> Array:
    """How far a code (0 to 1, white) is from clipping: 1 up to FULL, falling to `least` of FAINT at FIRM."""
    firm = np.clip((FIRM - code) / (FIRM - FULL), 0.0, 1.0)
    return np.maximum(firm**2 * (3 - 2 * firm), FAINT * least)


class Merged(NamedTuple):
    """Radiance (h, w, 3) float32 and the mask of what is not measured; sigma and source as `Radiance` has them."""

    rgb: Array
    mask: Array
    sigma: Array | None = None
    source: Array | None = None


@dataclass(frozen=True, kw_only=True)
class WeightedMerger(Merger):
    """A pixel that no frame measured gets the tightest bound.

    Radiance 1.0 is what the middle exposure records as white: the scale rests on the settings and the response, never
    on the frame that is the reference.
    """

    low: float = param(0.01, lo=0.0, hi=0.4, soft=(0.0, 0.05), help="Codes up to this share of full scale are black.")
    high: float = param(0.985, lo=0.6, hi=1.0, soft=(0.9, 1.0), help="Codes from this share of full scale are clipped.")
    wb_match: str = param(
        "auto", choices=("auto", "off"), help="Whether frames whose white balance differs are matched to the reference."
    )
    demosaic: str = param(
        "auto", choices=("auto", "before"),
        help="When camera RAW frames are demosaiced: auto is once, after the merge, where no frame must be resampled.",
    )  # fmt: skip
    deghost: str = param(
        "auto", choices=("off", "auto", "low", "medium", "high"),
        help="How readily a frame is not used where something moved; auto is medium, but not for frames toned apart.",
    )  # fmt: skip
    deghost_reference: int = param(
        -1,
        lo=-1,
        hi=10_000,
        soft=(-1, 20),
        help="Frame, from 0 in the order given, that decides where things are; -1 chooses.",
    )

    @abstractmethod
    def combine(self, seen: Seen, layers: Collection[str]) -> Merged:
        """The frames in one, in the reference frame's own primaries."""

    def among(self, bracket: Bracket) -> Self:
        wanted, count = self.deghost_reference, len(bracket)
        if self.deghost == "off" or wanted < 0:
            return self
        if wanted >= count:
            raise UsageError(f"{self.id}: deghost_reference must be one of the frames 0 to {count - 1}, got {wanted}.")
        if wanted not in bracket.kept:
            left = bracket.frames[wanted]
            raise UsageError(
                f"{self.id}: deghost_reference must be a frame that is used; {wanted}, {left.name}, is not: "
                f"{left.left_out}."
            )
        return dataclasses.replace(self, deghost_reference=bracket.kept.index(wanted))

    def merge(self, bracket: Bracket, response: Response, layers: Collection[str], progress: Progress) -> Radiance:
        folded = _mosaic.folded(bracket) if self.demosaic == "auto" else None
        seen = Seen.of(folded or bracket, response, self.low, self.high, self.wb_match == "auto", progress)
        ghosts = self.ghosts(seen)
        if ghosts:
            seen = dataclasses.replace(seen, shares=ghosts.shares, cell=ghosts.cell)
        noise, drift = seen.exposure_at(np.full(3, max(self.low, NOISE))).max(), seen.drift
        rgb, mask, sigma, source = self.combine(seen, layers)
        del seen  # and with it the frames, which are as large as the light
        if folded:
            rgb, mask = _mosaic.demosaiced(rgb, bracket), _mosaic.unfolded(mask)
            sigma, source = (None if layer is None else _mosaic.unfolded(layer) for layer in (sigma, source))
            ghosts = ghosts and _mosaic.unfolded_ghosts(ghosts, bracket.shape)
        sigma = None if sigma is None else mixed_sigma(sigma, bracket.to_working)
        return Radiance(
            bracket.in_working(rgb),
            "rec709",
            mask,
            1.0 / bracket.middle_exposure,
            noise_floor=float(noise * bracket.middle_exposure / bracket.exposures.max()),
            meta=bracket.meta,
            cd_m2=bracket.nominal_cd_m2,
            wb_gain_ev=drift if drift.any() else None,
            sigma=sigma,
            source=source,
            ghosts=ghosts,
            from_mosaic=folded is not None,
        )

    def ghosts(self, seen: Seen) -> Ghosts | None:
        """Where frames may not speak; None where all may everywhere."""
        if self.deghost == "off" or len(seen.times) < 2:
            return None
        return _ghosts.found(seen, self.noise(seen), self.deghost, self.deghost_reference)

    def noise(self, seen: Seen) -> Noise:
        """What the bracket shows of the camera's noise."""
        return seen.noise()


class TableMerger(WeightedMerger):
    """The weight of a frame is a matter of its code alone; a code is measured where its weight is above 0."""

    logarithmic: ClassVar[bool]

    @abstractmethod
    def weigh(self, code: Array) -> Array:
        """Weight of a code value, as a share (0 to 1) of the code of white, before `low` and `high` are cut."""

    @abstractmethod
    def terms(self, weight: Array, exposure: Array, time: float) -> tuple[Array, Array]:
        """Numerator and denominator that one code of a frame adds."""

    def combine(self, seen: Seen, layers: Collection[str]) -> Merged:
        code, count = seen.code, len(seen.times)
        value, norm = np.empty((2, count, 3, len(code)), np.float32)
        weights = [
            np.where((code > self.low) & (code < end), self.weigh(np.minimum(code / full, 1.0)), 0.0)
            for end, full in zip(seen.ends, seen.full, strict=True)
        ]
        for k, times in enumerate(seen.times):
            for c, t in enumerate(times):
                value[k, c], norm[k, c] = self.terms(weights[c], seen.curve[:, c], float(t))
        return Merged(*seen.mean(value, norm, self.logarithmic))
