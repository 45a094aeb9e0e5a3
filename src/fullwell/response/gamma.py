"""Gamma: code values are a power of exposure; 2.2 is the usual guess for a camera that says nothing."""

from __future__ import annotations

from typing import ClassVar

from fullwell.image import Bracket, Response
from fullwell.operators import Calibrator
from fullwell.params import operator, param
from fullwell.progress import Progress
from fullwell.response._known import known


@operator(family="response", title="Gamma", cite="no source: a power law")
class Gamma(Calibrator):
    known: ClassVar[bool] = True
    gamma: float = param(2.2, lo=0.2, hi=5.0, soft=(1.0, 3.0), help="Exposure is the code value to this power.")

    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        return known(bracket, lambda code: code**self.gamma, self.id)
