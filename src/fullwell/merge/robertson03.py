"""Robertson, Borman and Stevenson 2003: the most likely radiance when noise is the same at every code.

Source: M. A. Robertson, S. Borman, R. L. Stevenson, "Estimation-theoretic approach to dynamic range enhancement using
multiple exposures", Journal of Electronic Imaging 12(2), 2003, eq. (9): long exposures count by the square of their
time. The weight is the Gaussian of their 1999 paper (eq. 13), 4 at the middle, brought to 0 at both ends of the
range.
Differs from the paper: a pixel that no frame measured gets a bound and is marked, where eq. (9) is 0 / 0; codes where
the response climbs steeply count as clipped; frames of other white balance are matched. From 0.94 of full scale a code
counts only where no frame has a better one: beside clipped edges JPEG leaves clipped pixels up to 15 codes below white,
and the square of the time would let them outvote all that is right, as dark specks. From 0.8 on weight fades towards
that, so that no edge shows in a sky where a frame that tells another story gives up its say.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fullwell.image import Array
from fullwell.merge._weighted import TableMerger, trust
from fullwell.params import operator


@operator(family="merge", title="Robertson, Borman and Stevenson", cite="robertson03")
class Robertson03(TableMerger):
    logarithmic: ClassVar[bool] = False

    def weigh(self, code: Array) -> Array:
        gauss = (np.exp(4 - (4 * code - 2) ** 2) - 1) / (np.exp(4) - 1)
        return gauss * trust(code)

    def terms(self, weight: Array, exposure: Array, time: float) -> tuple[Array, Array]:
        return weight * time * exposure, weight * time**2  # eq. (9)
