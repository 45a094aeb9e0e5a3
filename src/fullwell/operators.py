"""Base classes of the operators: how each kind gets at the data. The mathematics is in the operators' own files."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt

from fullwell.errors import InputError, ResultRefused, UsageError
from fullwell.image import Array, Bracket, Picture, Radiance, Response, saturation
from fullwell.params import Operator, build, param
from fullwell.progress import QUIET, Progress

UNKNOWN = "it cannot be aligned: it has too little in common with the other frames"  # why a frame is left out
Images = Bracket | Sequence[npt.ArrayLike]

__all__ = [
    "HEADROOM",
    "UNKNOWN",
    "Aligner",
    "Calibrator",
    "Exposer",
    "Finisher",
    "Fuser",
    "Images",
    "Merger",
    "PointOp",
    "ToneMapper",
    "WholeOp",
]

HEADROOM = 16.0  # times white: what a finish can bring back


@dataclass(frozen=True, kw_only=True)
class Aligner(Operator):
    """Finds each frame's pose over the reference. Bracket to Bracket; no pixel is moved."""

    on_misaligned: str = param(
        "drop",
        choices=("drop", "refuse"),
        help="What to do where a frame cannot be aligned: go on without it, or stop.",
    )

    def __call__(self, bracket: Images, progress: Progress = QUIET) -> Bracket:
        """Raises ResultRefused where a frame cannot be aligned and `on_misaligned` is "refuse"."""
        found = self.register(Bracket.of(bracket), progress)
        lost = [f for f in found if f.left_out]
        if lost and self.on_misaligned == "refuse":
            raise ResultRefused(
                f"{lost[0].name}: {lost[0].left_out}; leave it out, or let it be left out: --on-misaligned drop."
            )
        return found

    @abstractmethod
    def register(self, bracket: Bracket, progress: Progress) -> Bracket:
        """The same frames with their poses; a frame that cannot be aligned gets `left_out`."""


class Exposer(Operator):
    """Settles which exposures of the frames count. Bracket to Bracket; what the settings say stays with it."""

    def __call__(
        self,
        bracket: Images,
        times: npt.ArrayLike | None = None,
        response: Response | npt.ArrayLike | None = None,
        progress: Progress = QUIET,
    ) -> Bracket:
        """A response that is known beforehand is taken; else the pixels tell which curve they follow."""
        whole = Bracket.of(bracket, times)
        known = None if response is None else Response.of(response)
        return whole.with_used(self.settle(whole.used, known, progress))

    @abstractmethod
    def settle(self, bracket: Bracket, response: Response | None, progress: Progress) -> Bracket:
        """The same registered frames, each with its exposure settled."""


class Calibrator(Operator):
    """Finds the camera's response. Bracket to Response. That of linear light is known, whatever was asked for."""

    known: ClassVar[bool] = False  # before the frames are looked at

    def __call__(self, bracket: Images, times: npt.ArrayLike | None = None, progress: Progress = QUIET) -> Response:
        bracket = Bracket.of(bracket, times).used
        response = self._meant(bracket).recover(bracket, progress)
        return dataclasses.replace(response, full=saturation(bracket))

    def beforehand(self, bracket: Bracket) -> Response | None:
        """The response, where it is known before the frames are looked at."""
        calibrator = self._meant(bracket.used)
        return calibrator.recover(bracket.used, QUIET) if calibrator.known else None

    def _meant(self, bracket: Bracket) -> Calibrator:
        linear = all(frame.scene_light for frame in bracket)
        return cast(Calibrator, build("response", "profile")) if linear else self

    @abstractmethod
    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        """The response of the camera that took the bracket."""


class Merger(Operator):
    """Registered frames to radiance in linear Rec.709. Bracket and Response to Radiance."""

    layers: ClassVar[tuple[str, ...]] = ("mask",)  # what it can tell beside the light, of `LAYERS`
    images: ClassVar[float] = 1.1  # images of the size of the radiance that it holds while all frames are in memory

    def __call__(
        self,
        bracket: Images,
        response: Response | npt.ArrayLike,
        times: npt.ArrayLike | None = None,
        progress: Progress = QUIET,
        *,
        layers: Collection[str] = (),
    ) -> Radiance:
        """`layers`: what the radiance shall carry beside light and mask, "sigma" and "source".

        Raises UsageError where the operator cannot tell that.
        """
        self.check(layers)
        bracket = Bracket.of(bracket, times)
        merged = self.among(bracket).merge(bracket.used, Response.of(response), frozenset(layers), progress)
        numbers = bracket.kept
        if len(numbers) == len(bracket):
            return merged
        source, ghosts = merged.source, merged.ghosts  # by the frames that are used; told by those that were given
        if source is not None:
            source = np.array([*numbers, -1], np.int16)[source]  # -1, none, is the last
        if ghosts is not None:
            rejected = np.zeros(len(bracket))
            shares = np.ones((len(bracket), *ghosts.shares.shape[1:]), np.float32)
            rejected[numbers], shares[numbers] = ghosts.rejected, ghosts.shares
            reference, misfits = numbers[ghosts.reference], tuple(numbers[k] for k in ghosts.misfits)
            ghosts = ghosts._replace(reference=reference, rejected=rejected, shares=shares, misfits=misfits)
        return dataclasses.replace(merged, source=source, ghosts=ghosts)

    def among(self, bracket: Bracket) -> Self:
        """The same where it names no frame; else with its number among those that are used. Raises UsageError."""
        return self

    @classmethod
    def check(cls, layers: Collection[str]) -> None:
        """Raises UsageError for a layer that it cannot tell."""
        if lacking := [layer for layer in layers if layer not in cls.layers]:
            raise UsageError(
                f"{cls.id}: cannot tell the layer {lacking[0]}, which needs a model of the noise; "
                "merge with one that has it: --merge granados10."
            )

    @abstractmethod
    def merge(self, bracket: Bracket, response: Response, layers: Collection[str], progress: Progress) -> Radiance:
        """One radiance in the reference frame's geometry, of used frames alone."""


class Fuser(Operator):
    """Frames straight to a picture; exposures are not needed. Bracket to Picture."""

    def __call__(self, bracket: Images, progress: Progress = QUIET) -> Picture:
        return self.fuse(Bracket.of(bracket).used, progress)

    @abstractmethod
    def fuse(self, bracket: Bracket, progress: Progress) -> Picture:
        """A picture in the reference frame's geometry."""


@dataclass(frozen=True, kw_only=True)
class ToneMapper(Operator):
    """Radiance to display light, 1 being white.

    A picture ends at 1, unless a `ceiling` above is asked for: a finish takes HEADROOM, to bring highlights back.
    """

    gamma: float = param(
        1.0, lo=0.1, hi=10.0, soft=(0.5, 2.5), scale="log",
        help="Extra display gamma; 1 leaves the operator's own tones, more brightens the middle.",
    )  # fmt: skip

    def __call__(self, scene: Radiance | npt.ArrayLike, progress: Progress = QUIET, *, ceiling: float = 1.0) -> Picture:
        scene = Radiance.of(scene)
        rgb = self.map(scene, ceiling, progress)
        if self.gamma != 1.0:
            np.power(rgb, np.float32(1.0 / self.gamma), out=rgb)
            np.minimum(rgb, np.float32(ceiling), out=rgb)
        return Picture(rgb, scene.primaries, dataclasses.replace(scene.meta, recipe=""))  # which is not how it was made

    @abstractmethod
    def map(self, scene: Radiance, ceiling: float, progress: Progress) -> Array:
        """A new array (h, w, 3) float32, display-referred, linear, finite, clipped to 0 and `ceiling`."""


@dataclass(frozen=True, kw_only=True)
class Finisher(Operator):
    """The last stage of every picture, and the sliders that every finish has. Picture and scene to Picture."""

    auto: float = param(1.0, lo=0.0, hi=1.0, help="Strength of what it does by itself; 0 is none.")
    exposure: float = param(0.0, lo=-10.0, hi=10.0, soft=(-2.0, 2.0), unit="EV", help="Brighter as it grows.")
    contrast: float = param(0.0, lo=-2.0, hi=2.0, soft=(-0.5, 0.5), help="About middle grey; 1 doubles it.")
    saturation: float = param(1.0, lo=0.0, hi=3.0, soft=(0.5, 1.5), help="Colour strength; 0 is grey.")
    temperature: float = param(0.0, lo=-100.0, hi=100.0, soft=(-50.0, 50.0), help="Warmer as it grows.")
    tint: float = param(0.0, lo=-100.0, hi=100.0, soft=(-50.0, 50.0), help="From green to magenta as it grows.")
    sharpen: float = param(0.0, lo=0.0, hi=3.0, soft=(0.0, 1.0), help="Strength of the sharpening.")

    def __call__(
        self,
        picture: Picture | npt.ArrayLike,
        scene: Radiance | npt.ArrayLike | None = None,
        progress: Progress = QUIET,
    ) -> Picture:
        """Finish a picture, whose values may exceed 1. The scene it shows, if known, tells its key and its noise."""
        picture = Picture.of(picture)
        if scene is not None:
            scene = Radiance.of(scene)
            if scene.rgb.shape != picture.rgb.shape:
                raise InputError(
                    f"{self.id}: picture and scene must be of one size, got {picture.rgb.shape[:2]} and "
                    f"{scene.rgb.shape[:2]} rows and columns."
                )
        return self.finish(picture, scene, progress)

    @abstractmethod
    def finish(self, picture: Picture, scene: Radiance | None, progress: Progress) -> Picture:
        """A new picture, 0 to 1."""


class PointOp(ToneMapper):
    """Looks at the whole image once, then at each pixel alone: any band of rows gives the rows of the whole."""

    def map(self, scene: Radiance, ceiling: float, progress: Progress) -> Array:
        stats = self.measure(scene)
        out = np.empty_like(scene.rgb)
        self.apply(scene.rgb, stats, ceiling, out)
        return out

    @abstractmethod
    def measure(self, scene: Radiance) -> Any:
        """What must be known of the whole image."""

    @abstractmethod
    def apply(self, rgb: Array, stats: Any, ceiling: float, out: Array) -> None:
        """Map a band of rows (h, w, 3) float32 into `out` of the same shape, clipped to 0 and `ceiling`."""


class WholeOp(ToneMapper):
    """Needs the whole image at once: pyramids, solvers, wide filters."""
