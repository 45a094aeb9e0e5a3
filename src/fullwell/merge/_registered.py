"""The frames of a bracket as a merge wants them: of one type, over each other, as many at once as memory allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from fullwell import image
from fullwell.image import Array, Bracket, Frame, Response, widened
from fullwell.kernels.warp import lay, shifted_spans
from fullwell.progress import QUIET, Progress


class Laid(NamedTuple):
    """One frame: its pixel p lies over the reference's p + shift."""

    codes: Array  # (h, w, 3) uint8 or uint16
    shift: tuple[int, int]  # (y, x)
    spans: Array  # (h, 2) int64, the columns [first, last) that each row of the reference shows of it


def common(near: Laid, far: Laid) -> tuple[Array, Array] | None:
    """The codes of two frames where both show something, as views; None where they do nowhere."""
    h, w, _ = near.codes.shape
    shifts = np.array([near.shift, far.shift])
    top, left = np.maximum(shifts.max(axis=0), 0)
    bottom, right = np.array([h, w]) + np.minimum(shifts.min(axis=0), 0)
    if bottom <= top or right <= left:
        return None
    a, b = (
        laid.codes[top - sy : bottom - sy, left - sx : right - sx]
        for laid, (sy, sx) in zip((near, far), shifts, strict=True)
    )
    return a, b


class Registered:
    """A frame that is shifted by whole pixels stays as it is; another is resampled, to 16 bits, and so all become.

    `high` (0 to 1) is the code that counts as clipped where a frame is resampled. Where all frames fit in memory they
    are made once, else again for every pass over them, one per core at a time.
    """

    def __init__(self, bracket: Bracket, response: Response, high: float, progress: Progress) -> None:
        self.bracket, self.response, self.high, self.progress = bracket, response, high, progress
        self.levels = 65536 if any(f.pose.to_frame for f in bracket) else bracket.levels
        size = len(bracket) * 3 * math.prod(bracket.shape) * (1 if self.levels == 256 else 2)
        self.together = size <= image.KEPT_BYTES
        self._kept: list[Laid] = []

    def batches(self) -> Iterator[tuple[slice, list[Laid]]]:
        """All frames at once where they fit in memory, else one after the other, each with its place among them."""
        everyone = range(len(self.bracket))
        if self.together:
            yield slice(0, len(self.bracket)), list(self.each(everyone, self.progress))
            return
        for k, laid in enumerate(self.each(everyone, self.progress)):
            yield slice(k, k + 1), [laid]

    def each(self, order: Sequence[int], progress: Progress = QUIET) -> Iterator[Laid]:
        """The frames in this order."""
        if self.together and not self._kept:
            self._kept = list(self._made(self.bracket, progress))
        if self._kept:
            yield from (self._kept[k] for k in order)
        else:
            yield from self._made(self.bracket.replace([self.bracket.frames[k] for k in order]), progress)

    def _made(self, bracket: Bracket, progress: Progress) -> Iterator[Laid]:
        for frame, codes in zip(bracket, bracket.decoded(progress), strict=True):
            yield self._laid(frame, codes)

    def _laid(self, frame: Frame, codes: Array) -> Laid:
        levels = 256 if codes.dtype == np.uint8 else 65536
        if frame.pose.to_frame:
            clip = math.ceil(self.high * (levels - 1))
            moved, spans = lay(codes, frame.pose.matrix, self.response.table(levels), clip)
            return Laid(moved, (0, 0), spans)
        if levels < self.levels:
            codes = widened(codes)
        shift = int(frame.pose.shift_px[0]), int(frame.pose.shift_px[1])
        return Laid(codes, shift, shifted_spans(shift, frame.shape))
