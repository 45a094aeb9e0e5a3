"""Solved: the exposures that make the pixels of all frames agree; frames need no times.

The equations are those of Debevec and Malik 1997, eq. (3), with the exposures unknown too. Pixels that follow sRGB, a
linear curve or a gamma, or a response that is known, tell exposures whole. Others tell them up to a power: an exposure
f and a time t to that power make the same picture. It is then the one for which the settings are right on the whole;
without settings, the one that cameras have on average.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fullwell.errors import ExposureError
from fullwell.exposures._evidence import CONTRAST, Evidence, look, settled
from fullwell.image import Bracket, Response
from fullwell.operators import Exposer
from fullwell.params import operator
from fullwell.progress import Progress

POWER = "an exposure and a curve to a power make the same pictures"


@operator(family="exposures", title="Solved", cite="debevec97")
class Solved(Exposer):
    def settle(self, bracket: Bracket, response: Response | None, progress: Progress) -> Bracket:
        found = look(bracket, response, progress)
        if found.nominal is None:
            return self._alone(bracket, found)
        notes, told = [], np.zeros(len(bracket), bool) if found.solved is None else found.told
        if found.trendless:
            notes.append(f"exposures: the settings tell the contrast, which the pixels cannot: {POWER}")
        if not told.all():
            untold = ", ".join(Path(f.name).name for f, yes in zip(bracket, told, strict=True) if not yes)
            notes.append(f"exposures: the pixels do not tell {untold}; there the settings count")
        return settled(bracket, found, found.corrected(found.nominal), *notes)

    def _alone(self, bracket: Bracket, found: Evidence) -> Bracket:
        """From the pixels alone. Raises ExposureError where nothing ties a frame to the others."""
        ev = np.full(len(bracket), np.nan) if found.solved is None else found.solved.ev
        for frame, known in zip(bracket, np.isfinite(ev), strict=True):
            if not known:
                raise ExposureError(
                    f"{frame.name}: its exposure cannot be solved, since no part of it is well exposed in another "
                    "frame too; pass --times, or leave it out."
                )
        contrast = f"the curve of {found.curve}" if found.curve else f"{CONTRAST:g} times the contrast of sRGB"
        note = f"exposures: from the pixels alone, which do not tell the contrast of the light: {POWER}; "
        note += f"{contrast} is taken"
        return settled(bracket, found, ev - ev[bracket.reference], note)
