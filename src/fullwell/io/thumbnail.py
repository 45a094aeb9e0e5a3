"""Frames as thumbnails of their brightness: what tells scenes apart and exposures in order, without a full decode."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from fullwell.color import srgb_decode
from fullwell.image import Array, Frame
from fullwell.io import exif, formats
from fullwell.io.header import upright

WIDE, TALL = 48, 36  # small enough that an unsteady hand moves little, large enough to tell rooms apart
DARK, LIGHT = 0.03, 0.97  # codes between these are measured, not clipped
SHARED = 0.15  # share of the pixels that two frames must both measure to be compared
MIDDLE = (0.1, 0.9)  # codes where the slope of any camera's curve is near that of sRGB


class Thumbnails:
    """Thumbnails (36, 48) float32 of code values 0 to 1, each made once; those of `frames` when the first is asked for.

    They are made on as many threads as there are cores.
    """

    def __init__(self, frames: Iterable[Frame] = ()) -> None:
        self._frames = tuple(frames)
        self._made: dict[int, tuple[object, Future[Array]]] = {}  # the sources are held, so that no id is used again

    def of(self, frame: Frame) -> Array:
        if id(frame.source) not in self._made:
            pool = ThreadPoolExecutor(os.cpu_count())
            for each in (*self._frames, frame):
                if id(each.source) not in self._made:
                    self._made[id(each.source)] = each.source, pool.submit(thumbnail, each)
            pool.shutdown(wait=False)
        return self._made[id(frame.source)][1].result()

    def brightness(self, frame: Frame) -> float:
        """The mean code value, 0 to 1. It rises with the exposure of a scene."""
        return float(self.of(frame).mean())

    def likeness(self, a: Frame, b: Frame) -> float | None:
        """How far two frames show the same, -1 to 1; None where they have too little in common to tell.

        Correlation of the codes where both are measured, the best of small shifts, after a slope and a bend over the
        picture are taken out of either: that rooms are light above and dark below says nothing. Between exposures,
        codes are related by a rising curve, which correlation forgives.
        """
        x, y = self.of(a), self.of(b)
        if not x.std() > FLAT < y.std():
            return None
        unmoved = _correlation(x, y)
        if unmoved is None or unmoved > SURE:
            return unmoved
        moved = (_correlation(*_over(x, y, dy, dx)) for dy, dx in SHIFTS)
        return max(unmoved, *(m for m in moved if m is not None))

    def stops(self, a: Frame, b: Frame) -> float | None:
        """About how many stops `b` is brighter than `a`, from where both are in the middle of their curve; or None."""
        x, y = self.of(a), self.of(b)
        both = (x > MIDDLE[0]) & (x < MIDDLE[1]) & (y > MIDDLE[0]) & (y < MIDDLE[1])
        if both.mean() < SHARED / 3:
            return None
        return float(np.median(np.log2(srgb_decode(y[both]) / srgb_decode(x[both]))))


def _correlation(x: Array, y: Array) -> float | None:
    both = (x > DARK) & (x < LIGHT) & (y > DARK) & (y < LIGHT)
    if both.mean() < SHARED:
        return None
    basis = np.linalg.qr(BENDS[: x.shape[0], : x.shape[1]][both])[0]
    u, v = ((t[both] - basis @ (basis.T @ t[both])) for t in (x, y))
    norm = math.sqrt(float(u @ u) * float(v @ v))
    return float(u @ v) / norm if norm > both.sum() * FLAT**2 else None


def _over(x: Array, y: Array, dy: int, dx: int) -> tuple[Array, Array]:
    """The parts of two pictures that lie over each other when one is shifted."""

    def part(t: Array, dy: int, dx: int) -> Array:
        return t[max(dy, 0) : TALL + min(dy, 0), max(dx, 0) : WIDE + min(dx, 0)]

    return part(x, dy, dx), part(y, -dy, -dx)


FLAT = 0.004  # a thumbnail that varies by less, root mean square, shows nothing
SURE = 0.6  # of a likeness this high no shift is tried
SHIFTS = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if (dy, dx) != (0, 0)]  # by 4 % of the width
_y, _x = np.mgrid[-1 : 1 : TALL * 1j, -1 : 1 : WIDE * 1j]
BENDS = np.stack([np.ones_like(_x), _x, _y, _x * _y, _x * _x, _y * _y], axis=2).astype(np.float32)


def thumbnail(frame: Frame) -> Array:
    """One frame's brightness, upright. Raises InputError.

    JPEG is decoded at an eighth of its size, unless the source says that its pixels stay once decoded, and RAW is not
    demosaiced; others are decoded whole.
    """
    path, small = Path(frame.name), getattr(frame.source, "small", None)
    if small is not None and (gray := small()) is not None:
        return _small(gray)
    if callable(frame.source) and not getattr(frame.source, "stays", False) and formats.sniff(path) == "jpeg":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                with Image.open(path) as image:
                    image.draft("L", (2 * max(WIDE, TALL), 2 * max(WIDE, TALL)))
                    gray = image.convert("L")
            except (OSError, ValueError, SyntaxError):
                return _small(_luma(frame.codes()))  # which says what is wrong, or decodes it all the same
        return _small(upright(np.asarray(gray), exif.read(frame.meta.exif).orientation))
    return _small(_luma(frame.codes()))


def _luma(codes: Array) -> Array:
    step = max(1, min(codes.shape[:2]) // (4 * WIDE))  # every pixel is more than a mean needs
    few = codes[::step, ::step].astype(np.float32) / np.float32(np.iinfo(codes.dtype).max)
    return few @ np.array([0.299, 0.587, 0.114], np.float32)


def _small(gray: Array) -> Array:
    values = gray.astype(np.float32) / np.float32(255) if gray.dtype == np.uint8 else gray
    made = Image.fromarray(values).resize((WIDE, TALL), Image.Resampling.BOX)
    return np.asarray(made, np.float32)
