"""sRGB: code values are those of the sRGB transfer function, as if the camera added no curve of its own.

Source: IEC 61966-2-1:1999.
"""

from __future__ import annotations

from typing import ClassVar

from fullwell.color import srgb_decode
from fullwell.image import Bracket, Response
from fullwell.operators import Calibrator
from fullwell.params import operator
from fullwell.progress import Progress
from fullwell.response._known import known


@operator(family="response", title="sRGB", cite="IEC 61966-2-1:1999")
class Srgb(Calibrator):
    known: ClassVar[bool] = True

    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        return known(bracket, srgb_decode, self.id)
