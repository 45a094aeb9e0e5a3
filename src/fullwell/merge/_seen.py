"""A bracket as a weighted mean wants it: exposure of every code, true times, where a frame is black or clipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from fullwell.image import Array, Bracket, Response
from fullwell.kernels.merge import merge_tables
from fullwell.kernels.rows import addresses
from fullwell.merge._noise import Noise, measured, rounding
from fullwell.merge._registered import Registered
from fullwell.merge._white_balance import white_balance_drift
from fullwell.progress import Progress

STEEP = 0.1  # stops a code: no response climbs so fast but where the camera is full before its codes are


@dataclass(frozen=True, eq=False)
class Seen:
    """The frames and what their codes stand for. Exposure 1 is white, and radiance is exposure over time."""

    registered: Registered
    code: Array  # (levels,), 0 to 1
    curve: Array  # (levels, 3), exposure of each code
    times: Array  # (frames, 3), relative to the middle exposure, with what white balance did to them
    drift: Array  # (frames, 3), log2 of that
    low: float  # code (0 to 1) up to which a channel is black
    ends: Array  # (3,), code from which it is clipped
    full: Array  # (3,), code of white, which others are weighed against
    gains: Array  # (frames,), ISO over the reference's, 1 where somebody does not know it
    depth: int  # levels of the files: those of a resampled frame, or of one beside deeper ones, are no finer
    noise: Callable[[], Noise]  # what the frames show of it, measured when first asked for
    shares: Array  # (frames, rows, columns) float32, how much each frame counts; no rows where all count everywhere
    cell: int = 1  # pixels a side of what a share is for

    @classmethod
    def of(cls, bracket: Bracket, response: Response, low: float, high: float, match: bool, progress: Progress) -> Seen:
        """`match`: whether frames of other white balance are brought to the reference's."""
        ends = np.array([min(high * full, knee(response.table(256)[:, c])) for c, full in enumerate(response.full)])
        registered = Registered(bracket, response, float(ends.min()), progress)
        levels = registered.levels
        curve = np.maximum(response.table(levels) / (response.white or 1.0), 1e-30)
        drift = white_balance_drift(bracket, registered, np.log2(curve)) if match else np.zeros((len(bracket), 3))
        times = bracket.exposures[:, None] / bracket.middle_exposure * 2.0**drift
        code = np.arange(levels) / (levels - 1)
        iso, depth = gains(bracket), min(f.levels for f in bracket)
        return cls(
            registered, code, curve, times, drift, low, ends, np.array(response.full), iso, depth,
            cache(partial(measured, registered, curve, times, iso, rounding(depth))),
            np.empty((len(bracket), 0, 0), np.float32),
        )  # fmt: skip

    def exposure_at(self, codes: Array) -> Array:
        """The exposure that a code (0 to 1) of each channel stands for, (3,)."""
        return np.array([np.interp(z, self.code, self.curve[:, c]) for c, z in enumerate(codes)])

    @property
    def below(self) -> Array:
        """(frames, 3): radiance that a frame records as black has at most this."""
        return self.exposure_at(np.full(3, self.low)) / self.times

    @property
    def above(self) -> Array:
        """(frames, 3): radiance that a frame records as clipped has at least this."""
        return self.exposure_at(self.ends) / self.times

    @property
    def white(self) -> Array:
        """(3,): what white has of the frames' own red, green and blue; a sensor is full at the same count of each."""
        white = np.linalg.solve(self.registered.bracket.to_working, np.ones(3))
        return np.asarray(white if (white > 0).all() else np.ones(3), np.float32)

    def mean(self, value: Array, weight: Array, logarithmic: bool) -> tuple[Array, Array]:
        """Sum of value / sum of weight, tables (frames, 3, levels) float32 by code, with bounds where no weight is.

        Values may be log2. Returns radiance (h, w, 3) float32 and the mask of what no frame measured.
        """
        shape = self.registered.bracket.shape
        below, above = ((np.log2(b) if logarithmic else b).astype(np.float32) for b in (self.below, self.above))
        rgb, mask = np.empty((*shape, 3), np.float32), np.empty(shape, np.uint8)
        sums = self.between()
        for part, last, frames in self.batches():
            merge_tables(
                *frames, value[part], weight[part], above[part], below[part], below.min(axis=0), self.white,
                logarithmic, part.start == 0, last, rgb, sums, mask,
            )  # fmt: skip
        return rgb, mask

    def between(self) -> Array:
        """Room for what a kernel keeps from batch to batch, (h, w, 3) float32; no rows where there is one batch."""
        h, w = self.registered.bracket.shape
        return np.empty((0, 0, 3) if self.registered.together else (h, w, 3), np.float32)

    def batches(self) -> Iterator[tuple[slice, bool, tuple[Any, ...]]]:
        """As many frames at once as memory allows: which they are, whether they are the last, and a kernel's arguments.

        These are addresses, an item of their type, shifts, spans, shares and the size of their cells.
        """
        for part, laid in self.registered.batches():
            codes, shifts, spans = zip(*laid, strict=True)
            yield part, part.stop == len(self.times), (
                addresses(codes), codes[0][0, 0], np.array(shifts, np.int64), np.stack(spans), self.shares[part],
                self.cell,
            )  # fmt: skip


def gains(bracket: Bracket) -> Array:
    """(frames,): how many times the reference's ISO each frame has; 1 where somebody's is not known."""
    iso = [f.exposure.iso for f in bracket]
    return np.array([(i or 1.0) / (iso[bracket.reference] or 1.0) for i in iso] if all(iso) else np.ones(len(iso)))


def knee(curve: Array) -> float:
    """The code (0 to 1) where a channel's curve (256,) begins to climb steeply, 1 where it does not.

    Some cameras record white as 245, not 255. Such codes say that a pixel is clipped, not how bright it is.
    """
    climb = np.convolve(np.diff(np.log2(np.maximum(curve, 1e-30))), np.full(4, 0.25), "same")
    steep = np.flatnonzero(climb[128:] > STEEP)
    return float(128 + steep[0]) / 255.0 if len(steep) else 1.0
