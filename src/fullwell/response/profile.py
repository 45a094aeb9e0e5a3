"""Profile: code values stand for the light that the colour profile of the reference frame says; sRGB without one.

It is the response of what was developed without a look, and of linear light, such as RAW, whichever response was asked
for: what is known is not estimated.
Source: ICC.1:2022, clause 10; LittleCMS evaluates the profile's curves.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fullwell.color import srgb_decode
from fullwell.image import Bracket, Response
from fullwell.operators import Calibrator
from fullwell.params import operator
from fullwell.progress import Progress
from fullwell.response._known import known

LEAST = 1e-9  # light of code 0, and of what a profile takes for it


@operator(family="response", title="Profile", cite="ICC.1:2022")
class Profile(Calibrator):
    known: ClassVar[bool] = True

    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        reference = bracket.frames[bracket.reference]
        name = "linear" if reference.scene_light else self.id
        if reference.transfer is None:
            return known(bracket, srgb_decode, name)
        light = reference.transfer
        rising = np.linspace(LEAST, 2 * LEAST, len(light))[:, None]  # also where a profile's curve is flat
        middle = np.exp(np.mean(np.log(light[len(light) // 2])))
        return Response(np.maximum(light, rising) / middle, name)
