"""What a sensor under Bayer's filter counts: one colour a pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fullwell.color import Array


@dataclass(frozen=True, eq=False)
class Mosaic:
    """One colour of every pixel, red, green and green, blue in each 2 x 2 pixels.

    `source` gives (h, w) uint16, both even, codes that stand for light as sRGB's do; it decodes when it is called.
    `red` is the row and column of red in each 2 x 2; blue is diagonal to it.
    """

    source: Callable[[], Array]
    red: tuple[int, int]

    def folded(self) -> Array:
        """(h, w / 2, 3): a pixel for each half of 2 x 2, of its row's own green and the red and blue of the four.

        An ordinary picture, in which every number is found once or twice.
        """
        codes, (y, x) = self.source(), self.red
        h, w = codes.shape
        out = np.empty((h, w // 2, 3), codes.dtype)
        out[y::2, :, 1], out[1 - y :: 2, :, 1] = codes[y::2, 1 - x :: 2], codes[1 - y :: 2, x::2]
        for row in (0, 1):
            out[row::2, :, 0], out[row::2, :, 2] = codes[y::2, x::2], codes[1 - y :: 2, 1 - x :: 2]
        return out

    def demosaiced(self) -> Array:
        """Codes (h, w, 3) uint16, of this frame alone."""
        from fullwell.kernels.demosaic import demosaic_codes  # numba, which who only reads a bracket does not need

        codes = self.source()
        out = np.empty((*codes.shape, 3), np.uint16)
        demosaic_codes(codes, *self.red, out)
        return out
