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

from fullwell.color import srgb_decode
from fullwell.image import Array, Bracket, Frame, Picture
from fullwell.kernels._jit import f
from fullwell.kernels.fusion import LaplacianBlend, develop, quality
from fullwell.kernels.warp import lay, shifted, shifted_spans
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
        twice = bracket.replace([*bracket, *bracket])  # a weight is a share in the sum over all frames
        steps = zip(twice, twice.decoded(progress), strict=True)
        for frame, decoded in islice(steps, len(bracket)):
            codes, scale, spans = _laid(frame, decoded)
            quality(codes, scale, LUMA, powers, FLOORS, spans, False, total, weight)
        for frame, decoded in steps:
            codes, scale, spans = _laid(frame, decoded)
            quality(codes, scale, LUMA, powers, FLOORS, spans, True, total, weight)
            blend.add(codes, scale, weight)
        rgb = blend.collapse()
        develop(rgb)
        if (worked := bracket.in_working(rgb)) is not rgb:
            rgb = np.clip(worked, 0, 1)
        return Picture(rgb, meta=bracket.meta)


def _laid(frame: Frame, codes: Array) -> tuple[Array, np.float32, Array]:
    """The frame's codes in the reference's geometry, their unit, and the columns of each row that are its own (h, 2).

    Outside, its edge goes on. A motion is undone in linear light, as sRGB has it.
    """
    top = np.iinfo(codes.dtype).max
    if frame.pose.to_frame:
        curve = srgb_decode(np.linspace(0, 1, top + 1))[:, None].repeat(3, axis=1)
        codes, spans = lay(codes, frame.pose.matrix, curve, top + 1)
        return codes, f(1 / 65535), spans
    shift = int(frame.pose.shift_px[0]), int(frame.pose.shift_px[1])
    return shifted(codes, shift), f(1 / top), shifted_spans(shift, frame.shape)
