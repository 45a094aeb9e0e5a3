"""A camera whose every property is known: response, noise, shake and rounding.

Light falls on the sensor, electrons are counted (Poisson) and read out (Gaussian read noise), the count is cut at full
well, bent by the response and rounded to code values. What any method could know at best about such a bracket is
`best_estimate`, which is told response, pose and noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fullwell.color import Array, srgb_decode, srgb_encode
from fullwell.errors import UsageError, did_you_mean

RESPONSES = ("linear", "srgb", "film")
FILM_SHOULDER, FILM_GAMMA = 3.0, 2.0


@dataclass(frozen=True)
class Shot:
    """One picture taken: code values, the exposure it was taken at and where the camera pointed."""

    codes: Array  # (h, w, 3) uint8 or uint16
    time_s: float
    shift_px: tuple[int, int]  # (y, x): its pixel p shows what the unmoved camera has at p + shift_px


@dataclass(frozen=True)
class Camera:
    """Radiance 1.0 for 1 s fills the wells exactly."""

    response: str = "srgb"
    full_well_e: float = 20000.0
    read_noise_e: float = 4.0
    bits: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.response not in RESPONSES:
            raise UsageError(
                f"camera: no response is called {self.response!r}; {did_you_mean(self.response, RESPONSES)}"
            )

    def encode(self, exposure: Array) -> Array:
        """Share of full well (0 to 1) to code value (0 to 1)."""
        x = np.clip(exposure, 0, 1)
        if self.response == "linear":
            return x
        if self.response == "srgb":
            return srgb_encode(x)
        return ((1 - np.exp(-FILM_SHOULDER * x)) / (1 - np.exp(-FILM_SHOULDER))) ** (1 / FILM_GAMMA)

    def decode(self, code: Array) -> Array:
        """Code value (0 to 1) to share of full well (0 to 1): the inverse response."""
        if self.response == "linear":
            return np.asarray(code, np.float64)
        if self.response == "srgb":
            return srgb_decode(code)
        squeezed = np.asarray(code, np.float64) ** FILM_GAMMA * (1 - np.exp(-FILM_SHOULDER))
        return -np.log1p(-squeezed) / FILM_SHOULDER

    def shoot(
        self, radiance: Array, times_s: Sequence[float], shifts_px: Sequence[tuple[int, int]] | None = None
    ) -> list[Shot]:
        """Take one picture per time. The pictures are smaller than the radiance by the margin that the shifts need.

        radiance (h, w, 3), linear. Returns shots whose unmoved geometry is `radiance[m : h - m, m : w - m]`, with m the
        largest shift in either direction.
        """
        shifts = list(shifts_px) if shifts_px is not None else [(0, 0)] * len(times_s)
        margin = max((max(abs(y), abs(x)) for y, x in shifts), default=0)
        h, w = radiance.shape[0] - 2 * margin, radiance.shape[1] - 2 * margin
        rng = np.random.default_rng(self.seed)
        shots = []
        for t, (dy, dx) in zip(times_s, shifts, strict=True):
            seen = radiance[margin + dy : margin + dy + h, margin + dx : margin + dx + w]
            shots.append(Shot(self.expose(seen, t, rng), t, (dy, dx)))
        return shots

    def expose(self, seen: Array, time_s: float, rng: np.random.Generator) -> Array:
        """The code values (h, w, 3) of one picture of what is seen (h, w, 3), linear."""
        top = 2**self.bits - 1
        counted = rng.poisson(np.minimum(seen * time_s, 4.0) * self.full_well_e)
        electrons = counted + rng.normal(0, self.read_noise_e, seen.shape)
        codes = np.round(self.encode(electrons / self.full_well_e) * top)
        return codes.astype(np.uint8 if self.bits == 8 else np.uint16)


def best_estimate(camera: Camera, shots: Sequence[Shot], shifts_px: Sequence[tuple[int, int]] | None = None) -> Array:
    """Radiance (h, w, 3) from shots by inverse variance, with response, pose and noise known; NaN where none measured.

    `shifts_px` are the shots' shifts over the reference, theirs by default. The variance is that of the estimate so
    far, not of the single code, whose own noise would bias the weights; two rounds settle it.
    """
    top = 2**camera.bits - 1
    estimate = None
    for _ in range(3):
        total = norm = np.zeros(shots[0].codes.shape)
        for shot, (dy, dx) in zip(shots, shifts_px or [s.shift_px for s in shots], strict=True):
            codes = _moved(shot.codes, dy, dx)
            exposure = camera.decode(codes / top)
            expected = exposure if estimate is None else np.nan_to_num(estimate * shot.time_s)
            step = _slope(camera, expected) / top
            variance = expected / camera.full_well_e + (camera.read_noise_e / camera.full_well_e) ** 2 + step**2 / 12
            seen = (codes > 0.01 * top) & (codes < 0.985 * top) & (expected < 0.95)
            weight = np.where(seen, shot.time_s**2 / variance, 0.0)
            total = total + weight * exposure / shot.time_s
            norm = norm + weight
        with np.errstate(invalid="ignore"):
            estimate = np.where(norm > 0, total / norm, np.nan)
    assert estimate is not None
    return estimate


def _slope(camera: Camera, exposure: Array) -> Array:
    """How much exposure one whole range of codes stands for, at an exposure."""
    code = camera.encode(exposure)
    low, high = np.maximum(code - 1e-3, 0), np.minimum(code + 1e-3, 1)
    return (camera.decode(high) - camera.decode(low)) / (high - low)


def _moved(codes: Array, dy: int, dx: int) -> Array:
    """The frame in the reference's geometry; what it does not show is 0."""
    h, w = codes.shape[:2]
    out = np.zeros_like(codes)
    out[max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)] = codes[
        max(-dy, 0) : h + min(-dy, 0), max(-dx, 0) : w + min(-dx, 0)
    ]
    return out


def rms_stops(estimate: Array, truth: Array, where: Array | None = None) -> float:
    """Root mean square of the error in stops, the median taken out (the scale is not what is asked)."""
    with np.errstate(all="ignore"):
        error = np.log2(np.asarray(estimate, np.float64) / truth)
    error = error[np.isfinite(error) if where is None else where]
    return float(np.sqrt(np.mean((error - np.median(error)) ** 2)))
