"""Debevec and Malik 1997: the weighted geometric mean of what the frames say.

Source: P. E. Debevec, J. Malik, "Recovering High Dynamic Range Radiance Maps from Photographs", SIGGRAPH 1997, eq. (6)
with the hat weight of eq. (4); `low` and `high` are its Z_min and Z_max.
Differs from the paper: a pixel that no frame measured gets a bound and is marked, where eq. (6) is 0 / 0;
codes where the response climbs steeply count as clipped; frames of other white balance are matched.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fullwell.image import Array
from fullwell.merge._weighted import TableMerger
from fullwell.params import operator


@operator(family="merge", title="Debevec and Malik", cite="debevec97")
class Debevec97(TableMerger):
    logarithmic: ClassVar[bool] = True

    def weigh(self, code: Array) -> Array:
        return np.maximum(np.minimum(code - self.low, self.high - code), 0.0)  # eq. (4)

    def terms(self, weight: Array, exposure: Array, time: float) -> tuple[Array, Array]:
        return weight * (np.log2(exposure) - np.log2(time)), weight  # eq. (6)
