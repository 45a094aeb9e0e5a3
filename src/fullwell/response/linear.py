"""Linear: code values are proportional to exposure, as in a linear raw conversion."""

from __future__ import annotations

from typing import ClassVar

from fullwell.image import Bracket, Response
from fullwell.operators import Calibrator
from fullwell.params import operator
from fullwell.progress import Progress
from fullwell.response._known import known


@operator(family="response", title="Linear", cite="no source: the identity")
class Linear(Calibrator):
    known: ClassVar[bool] = True

    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        return known(bracket, lambda code: code, self.id)
