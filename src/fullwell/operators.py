"""Base classes of the operators: how each kind gets at the data. The mathematics is in the operators' own files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fullwell.image import Array, Bracket, Picture, Radiance, Response
from fullwell.params import Operator, param
from fullwell.progress import QUIET, Progress

Images = Bracket | Sequence[npt.ArrayLike]

__all__ = ["Aligner", "Calibrator", "Fuser", "Images", "Merger", "PointOp", "ToneMapper", "WholeOp"]


class Aligner(Operator):
    """Finds each frame's pose over the reference. Bracket to Bracket; no pixel is moved."""

    def __call__(self, bracket: Images, progress: Progress = QUIET) -> Bracket:
        return self.register(Bracket.of(bracket), progress)

    @abstractmethod
    def register(self, bracket: Bracket, progress: Progress) -> Bracket:
        """The same frames with their poses."""


class Calibrator(Operator):
    """Finds the camera's response. Bracket to Response."""

    def __call__(self, bracket: Images, times: npt.ArrayLike | None = None, progress: Progress = QUIET) -> Response:
        return self.recover(Bracket.of(bracket, times), progress)

    @abstractmethod
    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        """The response of the camera that took the bracket."""


class Merger(Operator):
    """Registered frames to radiance in linear Rec.709. Bracket and Response to Radiance."""

    def __call__(
        self,
        bracket: Images,
        response: Response | npt.ArrayLike,
        times: npt.ArrayLike | None = None,
        progress: Progress = QUIET,
    ) -> Radiance:
        return self.merge(Bracket.of(bracket, times), Response.of(response), progress)

    @abstractmethod
    def merge(self, bracket: Bracket, response: Response, progress: Progress) -> Radiance:
        """One radiance in the reference frame's geometry."""


class Fuser(Operator):
    """Frames straight to a picture; exposures are not needed. Bracket to Picture."""

    def __call__(self, bracket: Images, progress: Progress = QUIET) -> Picture:
        return self.fuse(Bracket.of(bracket), progress)

    @abstractmethod
    def fuse(self, bracket: Bracket, progress: Progress) -> Picture:
        """A picture in the reference frame's geometry."""


@dataclass(frozen=True, kw_only=True)
class ToneMapper(Operator):
    """Radiance to display light between 0 and 1."""

    gamma: float = param(
        1.0, lo=0.1, hi=10.0, soft=(0.5, 2.5), scale="log",
        help="Extra display gamma; 1 leaves the operator's own tones, more brightens the middle.",
    )  # fmt: skip

    def __call__(self, scene: Radiance | npt.ArrayLike, progress: Progress = QUIET) -> Picture:
        scene = Radiance.of(scene)
        rgb = self.map(scene, progress)
        if self.gamma != 1.0:
            np.power(rgb, np.float32(1.0 / self.gamma), out=rgb)
        return Picture(rgb, scene.primaries, scene.meta)

    @abstractmethod
    def map(self, scene: Radiance, progress: Progress) -> Array:
        """A new array (h, w, 3) float32, display-referred, linear, finite, 0 to 1."""


class PointOp(ToneMapper):
    """Looks at the whole image once, then at each pixel alone: any band of rows gives the rows of the whole."""

    def map(self, scene: Radiance, progress: Progress) -> Array:
        stats = self.measure(scene)
        out = np.empty_like(scene.rgb)
        self.apply(scene.rgb, stats, out)
        return out

    @abstractmethod
    def measure(self, scene: Radiance) -> Any:
        """What must be known of the whole image."""

    @abstractmethod
    def apply(self, rgb: Array, stats: Any, out: Array) -> None:
        """Map a band of rows (h, w, 3) float32 into `out` of the same shape."""


class WholeOp(ToneMapper):
    """Needs the whole image at once: pyramids, solvers, wide filters."""
