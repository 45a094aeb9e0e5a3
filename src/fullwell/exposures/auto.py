"""Auto: the settings, the stops that they are rounded from, or the pixels: the first that is not contradicted.

The series counts where the pixels favour it. The pixels themselves count where they surely say something else of a
frame, by more than a tenth of a stop, and where the frames follow one curve; phones that tone every frame by itself
are left as they are.
"""

from __future__ import annotations

import numpy as np

from fullwell.exposures._evidence import POOR, look, settled
from fullwell.image import Bracket, Response
from fullwell.operators import Exposer
from fullwell.params import operator
from fullwell.progress import Progress


@operator(family="exposures", title="Auto", cite="no source: the least that the pixels do not contradict")
class Auto(Exposer):
    def settle(self, bracket: Bracket, response: Response | None, progress: Progress) -> Bracket:
        nominal, found = np.log2(bracket.nominal_exposures), look(bracket, response, progress)
        likelier = found.likelier(nominal)
        said = found.disagreement(bracket, likelier)
        if not said or found.solved is None:
            return settled(bracket, found, likelier)
        if found.solved.miss > POOR:
            return settled(bracket, found, likelier, f"{said}; no curve fits all frames, so the settings count")
        return settled(bracket, found, found.corrected(likelier), f"{said}; the pixels count")
