"""Mertens, Kautz and Van Reeth 2007: exposure fusion, the best of every frame without exposure times.

Source: T. Mertens, J. Kautz, F. Van Reeth, "Exposure Fusion", Pacific Graphics 2007. Each pixel of each frame is
weighed by contrast, saturation and well-exposedness (section 3.1); the frames' Laplacian pyramids are blended with the
Gaussian pyramids of the normalised weights (section 3.2).
Differs from the paper: contrast and saturation count as at least one 8-bit code, so that rounding noise does not choose
between frames where both are about 0, as at neutral and at flat pixels; a pixel outside a shifted frame has no weight
and continues the frame's edge. The fused values are code values, clipped to 0..1; the picture holds their linear light.
"""

from __future__ import annotations

from itertools import islice

import numpy as np

from fullwell.image import Array, Bracket, Frame, Picture
from fullwell.kernels._jit import f
from fullwell.kernels.fusion import LaplacianBlend, develop, quality
from fullwell.operators import Fuser
from fullwell.params import operator, param
from fullwell.progress import Progress

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # gray of code values, Rec.601
FLOORS = np.full(2, 1 / 255, np.float32)  # of contrast and saturation


@operator(family="fuse", title="Exposure fusion", cite="mertens07")
class Mertens07(Fuser):
    contrast_weight: float = param(1.0, lo=0.0, hi=10.0, soft=(0.0, 2.0), help="Prefers frames with local contrast.")
    saturation_weight: float = param(1.0, lo=0.0, hi=10.0, soft=(0.0, 2.0), help="Prefers frames with vivid colour.")
    exposure_weight: float = param(
        1.0, lo=0.0, hi=10.0, soft=(0.0, 2.0), help="Prefers values in the middle of the range."
    )

    def fuse(self, bracket: Bracket, progress: Progress) -> Picture:
        powers = np.array([self.contrast_weight, self.saturation_weight, self.exposure_weight], f)
        total, weight = np.zeros(bracket.shape, f), np.empty(bracket.shape, f)
        blend = LaplacianBlend(*bracket.shape)
        steps = progress.each([*bracket, *bracket])  # twice: a weight is a share in the sum over all frames
        for frame in islice(steps, len(bracket)):
            codes, scale, inside = _laid(frame)
            quality(codes, scale, LUMA, powers, FLOORS, inside, False, total, weight)
        for frame in steps:
            codes, scale, inside = _laid(frame)
            quality(codes, scale, LUMA, powers, FLOORS, inside, True, total, weight)
            blend.add(codes, scale, weight)
        rgb = blend.collapse()
        develop(rgb)
        matrix = bracket.to_working
        if not np.array_equal(matrix, np.eye(3)):
            rgb = np.clip(rgb @ matrix.T.astype(f), 0, 1)
        return Picture(rgb, meta=bracket.meta)


def _laid(frame: Frame) -> tuple[Array, np.float32, Array]:
    """The frame's codes in the reference's geometry, their unit, and where they are its own [top, bottom, left, right].

    Outside, its edge goes on.
    """
    codes = frame.codes()
    unit = f(1 / np.iinfo(codes.dtype).max)
    (h, w), (dy, dx) = frame.shape, frame.pose.shift_px
    dy, dx = min(max(dy, 1 - h), h - 1), min(max(dx, 1 - w), w - 1)
    top, bottom, left, right = max(0, dy), min(h, h + dy), max(0, dx), min(w, w + dx)
    if (dy, dx) != (0, 0):
        moved = np.empty_like(codes)
        moved[top:bottom, left:right] = codes[top - dy : bottom - dy, left - dx : right - dx]
        moved[top:bottom, :left], moved[top:bottom, right:] = moved[top:bottom, [left]], moved[top:bottom, [right - 1]]
        moved[:top], moved[bottom:] = moved[top], moved[bottom - 1]
        codes = moved
    return codes, unit, np.array([top, bottom, left, right])
