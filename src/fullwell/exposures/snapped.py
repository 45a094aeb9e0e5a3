"""Snapped: the stops that cameras round, 1/32 s for 1/30 s, where the pixels favour them over the settings as written.

Which series it is, in thirds or in halves of a stop, the settings tell; that times are rounded is a custom that some
cameras do not keep, so that only the pixels can tell whether this one does.
"""

from __future__ import annotations

import numpy as np

from fullwell.exposures._evidence import by_settings, look
from fullwell.image import Bracket, Response
from fullwell.operators import Exposer
from fullwell.params import operator
from fullwell.progress import Progress


@operator(family="exposures", title="Snapped", cite="no source: powers of two")
class Snapped(Exposer):
    def settle(self, bracket: Bracket, response: Response | None, progress: Progress) -> Bracket:
        nominal, found = np.log2(bracket.nominal_exposures), look(bracket, response, progress)
        return by_settings(bracket, found, found.likelier(nominal))
