"""Nominal: exposures count as the settings say them; where the pixels disagree, a note says so."""

from __future__ import annotations

import numpy as np

from fullwell.exposures._evidence import by_settings, look
from fullwell.image import Bracket, Response
from fullwell.operators import Exposer
from fullwell.params import operator
from fullwell.progress import Progress


@operator(family="exposures", title="Nominal", cite="no source: what the camera wrote")
class Nominal(Exposer):
    def settle(self, bracket: Bracket, response: Response | None, progress: Progress) -> Bracket:
        nominal, found = np.log2(bracket.nominal_exposures), look(bracket, response, progress)
        return by_settings(bracket, found, nominal)
