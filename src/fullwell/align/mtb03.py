"""Ward 2003: median threshold bitmaps. Translation by whole pixels, whatever the exposure.

Source: G. Ward, "Fast, Robust Image Registration for Compositing High Dynamic Range Photographs from Handheld
Exposures", Journal of Graphics Tools 8(2), 2003. Two frames are compared as bitmaps, brighter or darker than the
median, without the pixels close to it; the shift is found bit by bit in a pyramid.
Differs from the paper: neighbours in brightness are compared and their shifts added up; the threshold is the percentile
that leaves most structure on both sides in both frames, since the median of a night frame is black; the pyramid
averages instead of dropping pixels; differences are counted per overlapping pixel, so that large shifts are not
cheap; of equally good shifts the smaller wins; a shift that is no better than chance, or no better than none, is not
applied, and each frame carries a confidence.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fullwell.image import Array, Bracket, Pose
from fullwell.kernels._jit import threads_for
from fullwell.kernels.mtb import WORD, bitmaps, compare, count_codes, grey, halve
from fullwell.operators import UNKNOWN, Aligner
from fullwell.params import operator, param
from fullwell.progress import Progress

PERCENTILES = (50, 33, 67, 17, 83, 8, 92, 4, 96, 2, 98, 1, 99, 0.5, 99.5, 0.2, 99.8)
THRESHOLDS = 3  # how many of them are compared: at one, 1 frame in 15 of smooth scenes was a pixel off
BLOCKS = 16  # of rows, counted in parallel
SMALLEST = 16  # pixels of the short side at the top of the pyramid
CERTAIN = 0.5


class Scale(NamedTuple):
    """One level of a frame's pyramid."""

    image: Array  # grey, (h, w) uint8
    up_to: Array  # how many of its pixels have at most each code, (256,)


@operator(family="align", title="Median threshold bitmaps", cite="ward03")
class MTB03(Aligner):
    max_bits: int = param(
        0, lo=0, hi=12, soft=(4, 9), help="Shifts reach 2^max_bits - 1 pixels; 0: a twelfth of the longer side."
    )
    exclude_range: int = param(
        4, lo=0, hi=64, soft=(2, 12), unit="codes", help="Pixels this close to the threshold are left out."
    )
    min_confidence: float = param(
        0.15,
        lo=0.0,
        hi=1.0,
        soft=(0.0, 0.5),
        help="Frames below this cannot be aligned, and stay only where no frame moves: 0 is chance, 1 perfect.",
    )

    def register(self, bracket: Bracket, progress: Progress) -> Bracket:
        levels, radius = self._reach(bracket.shape)
        pyramids = []
        for codes in bracket.decoded(progress):
            base = np.empty(codes.shape[:2], np.uint8)
            grey(codes, base)
            pyramids.append(_pyramid(base, levels))
        # For all pairs: fresh memory for each took as long as making the bitmaps.
        room = [
            np.empty((2, THRESHOLDS, 2, h, -(-w // WORD)), np.uint64) for h, w in (s.image.shape for s in pyramids[0])
        ]
        order = sorted(range(len(bracket)), key=lambda i: (float(pyramids[i][-1].image.mean(dtype=np.float64)), i))
        place = order.index(bracket.reference)
        poses = {bracket.reference: Pose("shift", (0, 0), 1.0)}
        for side in (order[place + 1 :], order[:place][::-1]):
            near = bracket.reference
            for i in side:
                (dy, dx), confidence = self._shift(pyramids[near], pyramids[i], radius, room)
                y, x = poses[near].shift_px
                poses[i] = Pose("shift", (y + dy, x + dx), confidence)
                near = i
        still = all(pose.shift_px == (0, 0) for pose in poses.values())
        lost = {i for i, pose in poses.items() if not still and (pose.confidence or 0) < self.min_confidence}
        return bracket.replace(
            [f.replace(pose=poses[i], left_out=UNKNOWN if i in lost else "") for i, f in enumerate(bracket)]
        )

    def _reach(self, shape: tuple[int, int]) -> tuple[int, int]:
        """How many times the image is halved, and how far the search goes at the top, where the short side ends it."""
        bits = self.max_bits or max(6, math.ceil(math.log2(max(shape) / 12 + 1)))
        levels = max(0, min(bits - 1, int(math.log2(max(1, min(shape) / SMALLEST)))))
        return levels, 2 ** (bits - levels) - 1

    def _shift(
        self, near: list[Scale], far: list[Scale], radius: int, room: list[Array]
    ) -> tuple[tuple[int, int], float]:
        """The shift (y, x) that lays `far` over `near`, and how sure it is; `room` is where bitmaps are made."""
        dy = dx = 0
        for a, b, bits in zip(reversed(near), reversed(far), reversed(room), strict=True):
            dy, dx = 2 * dy, 2 * dx
            (h, w), levels = a.image.shape, self._thresholds(a, b)
            tried = _around(dy, dx, min(radius, h // 2), min(radius, w // 2))
            if a is near[0]:
                tried.insert(0, (0, 0))  # what was found on the way down must be better than none where it is applied
            shifts = np.array(tried, np.int64)
            with threads_for(h * w):
                for scale, level, out in zip((a, b), levels, bits, strict=True):
                    bitmaps(scale.image, level, self.exclude_range, out)
                best = _least(compare(bits[0], bits[1], w, shifts, False, BLOCKS))
            dy, dx = (int(s) for s in shifts[best])
            radius = 1
        confidence = _confidence(compare(bits[0], bits[1], w, shifts[best : best + 1], True, BLOCKS)[0])
        return ((dy, dx), confidence) if confidence >= self.min_confidence else ((0, 0), confidence)

    def _thresholds(self, a: Scale, b: Scale) -> Array:
        """Levels (2, k) of the same percentile in both, for the percentiles with most pixels clear on either side."""
        totals = a.up_to, b.up_to
        ranked = []
        for rank, percent in enumerate(PERCENTILES):
            levels, usable = [], math.inf
            for total in totals:
                level = int(np.searchsorted(total, total[-1] * percent / 100))
                below = total[level - self.exclude_range - 1] if level > self.exclude_range else 0
                above = total[-1] - total[min(level + self.exclude_range, 255)]
                usable = min(usable, min(below, above) / total[-1])
                levels.append(level)
            ranked.append((-usable, rank, levels))
        return np.array([levels for _, _, levels in sorted(ranked)[:THRESHOLDS]], np.int64).T.copy()


def _around(dy: int, dx: int, high: int, wide: int) -> list[tuple[int, int]]:
    """The shifts within a rectangle around one, the smallest move first."""
    moves = [(y, x) for y in range(-high, high + 1) for x in range(-wide, wide + 1)]
    return [(dy + y, dx + x) for y, x in sorted(moves, key=lambda m: abs(m[0]) + abs(m[1]))]


def _pyramid(base: Array, levels: int) -> list[Scale]:
    images = [base]
    for _ in range(levels):
        h, w = images[-1].shape
        images.append(np.empty((h // 2, w // 2), np.uint8))
        with threads_for(images[-1].size):
            halve(images[-2], images[-1])
    return [Scale(image, _pixels_up_to(image)) for image in images]


def _pixels_up_to(image: Array) -> Array:
    blocks = np.empty((min(BLOCKS, image.shape[0]), 256), np.int64)
    with threads_for(image.size):
        count_codes(image, blocks)
    return np.cumsum(blocks.sum(axis=0))


def _least(counts: Array) -> int:
    """The candidate with the smallest share of differing pixels; a larger move must be better beyond chance."""
    best = 0
    for i in range(1, len(counts)):
        expected = counts[best, 1] * counts[i, 0] / max(1, counts[best, 0])
        if expected - counts[i, 1] > CERTAIN * math.sqrt(expected + 1):
            best = i
    return best


def _confidence(counts: Array) -> float:
    """1 - differing pixels over what two unrelated bitmaps of the same brightness would differ in; 0 to 1."""
    part, differ, over_a, over_b, overlap = (float(c) for c in counts)
    if part < max(64.0, 1e-4 * overlap):
        return 0.0
    p, q = over_a / part, over_b / part
    chance = part * (p * (1 - q) + q * (1 - p))
    return max(0.0, 1 - differ / chance) if chance > 0 else 0.0
