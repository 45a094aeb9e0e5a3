"""Drago as OpenCV computes it: the picture of the OpenCV HDR tutorials, code for code.

Source: OpenCV, modules/photo/src/tonemap.cpp, TonemapDrago; after F. Drago, K. Myszkowski, T. Annen, N. Chiba,
"Adaptive Logarithmic Mapping For Displaying High Contrast Scenes", Eurographics 2003, eq. (4). The defaults are
those of the tutorials' scripts, which take saturation 0.7 and multiply by 3.
Differs from the paper, as OpenCV does: the image is stretched between its smallest and largest value before and after
the mapping, so that a single hot pixel darkens the picture; red weighs what blue should, since OpenCV reads BGR as RGB;
and the result is stored as code values without the curve of sRGB. `drago03` is the operator as published.
Differs from OpenCV: black pixels are black, where OpenCV has NaN.
"""

from __future__ import annotations

import math

import numpy as np

from fullwell.color import srgb_decode
from fullwell.image import Array, Radiance
from fullwell.kernels import opencv_tone
from fullwell.kernels._jit import f
from fullwell.kernels.minmax import Span, between, finish, span
from fullwell.operators import WholeOp
from fullwell.params import operator, param
from fullwell.progress import Progress

BAND = 256  # rows that are decoded at once


@operator(family="tonemap", title="Drago in OpenCV", cite="drago03")
class DragoCV(WholeOp):
    saturation: float = param(0.7, lo=0.0, hi=2.0, soft=(0.5, 1.5), help="Colour strength; 0 is grey, 1 keeps ratios.")
    bias: float = param(0.85, lo=0.0, hi=1.0, soft=(0.7, 0.95), help="Darker and more contrasty as it grows.")
    gain: float = param(3.0, lo=0.1, hi=10.0, soft=(1.0, 3.0), help="Factor of the code values.")

    def map(self, scene: Radiance, ceiling: float, progress: Progress) -> Array:
        bgr = np.ascontiguousarray(scene.rgb[:, :, ::-1])
        out, known = mapped(bgr, span(bgr), self.saturation, self.bias)
        finish(known.floats(), None, out.reshape(len(out), -1))
        progress.stepped(0.6)
        codes = out[:, :, ::-1]
        for y in range(0, len(out), BAND):  # display light, whose sRGB codes are these
            bgr[y : y + BAND] = srgb_decode(np.minimum(codes[y : y + BAND] * f(self.gain), f(1)))
        return bgr


def mapped(bgr: Array, known: Span, saturation: float, bias: float) -> tuple[Array, Span]:
    """The image (h, w, 3) float32 of a range, mapped and not yet stretched again, and the range of the result."""
    stats, out, ends = opencv_tone.Stats(bgr, known), np.empty_like(bgr), np.empty((len(bgr), 2), np.float32)
    power = math.log(max(bias, 1e-4)) / math.log(0.5)
    log_mean, log_max = f(stats.log), f(math.log2(max(stats.highest, 1e-30)))
    opencv_tone.drago(bgr, known.floats(), log_mean, log_max, f(power), *opencv_tone.powers(saturation), out, ends)
    return out, between(ends)
