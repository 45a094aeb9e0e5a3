"""createAlignMTB: whole-pixel shifts, by Fullwell's own `align.MTB03`; the bitmaps are OpenCV's, bit for bit.

OpenCV's search prefers (-1, -1) among equals, takes large shifts for good because they overlap little, and fails on
narrow images; the true shift is what both look for, so that is what is returned.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fullwell.align.mtb03 import MTB03
from fullwell.compat.cv2.arguments import Algorithm, Array, images, refuse, setting
from fullwell.image import Bracket
from fullwell.kernels._jit import threads_for
from fullwell.kernels.warp import move


class AlignExposures(Algorithm):
    """Base of the aligners."""


class AlignMTB(AlignExposures):
    """Shifts reach 2 ** max_bits - 1 pixels; grays within `exclude_range` of the threshold take no part."""

    def __init__(self, max_bits: int = 6, exclude_range: int = 4, cut: bool = True) -> None:
        self._max_bits, self._exclude_range, self._cut = int(max_bits), int(exclude_range), bool(cut)

    getMaxBits, setMaxBits = setting("_max_bits", int)
    getExcludeRange, setExcludeRange = setting("_exclude_range", int)
    getCut, setCut = setting("_cut", bool)

    def process(self, src: Any, dst: Any, times: Any = None, response: Any = None) -> None:
        """Move all images onto the middle one of the list; `times` and `response` are not used.

        `dst` is a list of arrays of the same size, `src` itself for instance, which are written with what moved out of
        sight black; or an empty list, which is filled, cut to what all images show if `cut` is on.
        """
        frames = images("AlignMTB", src)
        if not isinstance(dst, list | tuple | np.ndarray) or (len(dst) and len(dst) != len(frames)):
            raise refuse(
                "AlignMTB",
                f"dst must be a list of {len(frames)} images to write into, or an empty list, got {dst!r:.80}.",
            )
        shifts = self._shifts(frames, len(frames) // 2)
        if len(dst):
            for target, a, shift in zip(dst, frames, shifts, strict=True):
                _move(a, shift, target)
        elif isinstance(dst, list):
            moved = [_moved(a, shift) for a, shift in zip(frames, shifts, strict=True)]
            dst.extend(_cut(moved, shifts) if self._cut else moved)

    def calculateShift(self, img0: Any, img1: Any) -> tuple[int, int]:
        """The shift (x, y) that moves the second image onto the first."""
        y, x = self._shifts(images("AlignMTB", [img0, img1]), 0)[1]
        return x, y

    def shiftMat(self, src: Any, shift: Any, dst: Any = None) -> Array:
        """The image moved by (x, y), what comes in black."""
        x, y = (int(s) for s in shift)
        out = _moved(np.asarray(src), (y, x))
        if isinstance(dst, np.ndarray) and dst.shape == out.shape and dst.dtype == out.dtype:
            np.copyto(dst, out)
            return dst
        return out

    def computeBitmaps(self, img: Any, tb: Any = None, eb: Any = None) -> tuple[Array, Array]:
        """The threshold and the exclusion bitmap of a gray image, (h, w) uint8 of 0 and 255."""
        gray = images("AlignMTB", [img])[0]
        if gray.ndim != 2 or gray.dtype != np.uint8:
            raise refuse("AlignMTB", f"bitmaps are made of 8-bit gray images, got {gray.dtype} {gray.shape}.")
        total = np.cumsum(np.bincount(gray.ravel(), minlength=256))
        half = gray.size // 2
        median = int(np.searchsorted(total, half)) + 1 if half else 0  # one above the usual one, as in OpenCV
        level = gray.astype(np.int16) - median
        pair = (level > 0, np.abs(level) > self._exclude_range)
        threshold, exclusion = (np.where(b, 255, 0).astype(np.uint8) for b in pair)
        return threshold, exclusion

    def _shifts(self, frames: list[Array], pivot: int) -> list[tuple[int, int]]:
        """(y, x) for each frame."""
        aligner = MTB03(
            max_bits=min(max(self._max_bits, 1), 12), exclude_range=min(max(self._exclude_range, 0), 64)
        )  # fmt: skip
        bracket = Bracket(Bracket.of(frames).frames, pivot)
        return [(int(y), int(x)) for y, x in (f.pose.shift_px for f in aligner(bracket))]


def _moved(a: Array, shift: tuple[int, int]) -> Array:
    """An image moved down by y and right by x, black coming in."""
    out = np.empty_like(a)
    _move(a, shift, out)
    return out


def _move(a: Array, shift: tuple[int, int], out: Array) -> None:
    """The image moved, into `out`, which may be the image itself."""
    h, w = a.shape[:2]
    y, x = min(max(shift[0], -h), h), min(max(shift[1], -w), w)
    apart = not np.may_share_memory(a, out)
    same = a.dtype == out.dtype and a.shape == out.shape and a.size > 0
    if apart and same and a.flags.c_contiguous and out.flags.c_contiguous:
        item = a.nbytes // (h * w)
        with threads_for(h * w):
            move(a.view(np.uint8).reshape(h, w * item), y, x * item, out.view(np.uint8).reshape(h, w * item))
        return
    top, bottom, left, right = max(0, y), min(h, h + y), max(0, x), min(w, w + x)
    if apart:
        out[top:bottom, left:right] = a[top - y : bottom - y, left - x : right - x]
    elif (y, x) != (0, 0):  # row by row, in an order that overwrites none before it is moved: no second image
        for row in range(top, bottom) if y <= 0 else range(bottom - 1, top - 1, -1):
            out[row, left:right] = a[row - y, left - x : right - x]
    out[:top] = out[bottom:] = 0
    out[:, :left] = 0
    out[:, right:] = 0


def _cut(frames: list[Array], shifts: list[tuple[int, int]]) -> list[Array]:
    """What every frame shows; all of it where they have nothing in common."""
    h, w = frames[0].shape[:2]
    ys, xs = zip((0, 0), *shifts, strict=True)
    top, bottom, left, right = max(ys), h + min(ys), max(xs), w + min(xs)
    if top >= bottom or left >= right:
        return frames
    return [a[top:bottom, left:right].copy() for a in frames]


def createAlignMTB(max_bits: int = 6, exclude_range: int = 4, cut: bool = True) -> AlignMTB:
    return AlignMTB(max_bits, exclude_range, cut)
