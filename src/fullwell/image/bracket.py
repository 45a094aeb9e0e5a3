"""Frames of one scene at several exposures."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fullwell.color import MIDDLE_GREY, Array, primaries
from fullwell.errors import ExposureError, InputError, UsageError
from fullwell.image.frame import Frame, Metadata, widened
from fullwell.progress import QUIET, Progress, ahead

METER_CONSTANT = 12.5  # K of ISO 2720 in cd s / m2, as Canon, Nikon and Sekonic have it


@dataclass(frozen=True, eq=False)
class Bracket:
    """Frames of one scene at several exposures, all of one size, in the order they were given.

    `reference` is the frame whose geometry and metadata the result keeps.
    """

    frames: tuple[Frame, ...]
    reference: int = -1
    notes: tuple[str, ...] = ()  # what concerns several frames at once
    doubt: str = ""  # why the exposures cannot be true; whoever needs them is refused with it

    def __post_init__(self) -> None:
        if not self.frames:
            raise InputError("a bracket needs at least one frame, got none.")
        first = self.frames[0]
        for frame in self.frames[1:]:
            if frame.shape != first.shape:
                raise InputError(
                    f"all frames of a bracket must have one size: {first.name} is {first.shape[1]} x {first.shape[0]}, "
                    f"{frame.name} is {frame.shape[1]} x {frame.shape[0]}; leave the odd one out."
                )
            if frame.scene_light != first.scene_light:
                linear, other = (frame, first) if frame.scene_light else (first, frame)
                raise InputError(
                    f"{linear.name} holds linear light, as RAW does, and {other.name} does not; "
                    "merge files of one kind, and leave the others out."
                )
        if self.reference == -1:
            object.__setattr__(self, "reference", self._middle())
        if not 0 <= self.reference < len(self):
            raise UsageError(
                f"the reference must be one of the frames 0 to {len(self) - 1}, got {self.reference}; "
                "frames are counted from 0 in the order given."
            )

    def _middle(self) -> int:
        """The frame of the middle exposure; without exposures the middle one as given."""
        values = [f.exposure.relative for f in self.frames]
        if None in values:
            return (len(self) - 1) // 2
        return sorted(range(len(self)), key=lambda i: (values[i], i))[(len(self) - 1) // 2]

    @classmethod
    def of(cls, images: Bracket | Sequence[npt.ArrayLike], times: npt.ArrayLike | None = None) -> Bracket:
        """A bracket from arrays and their exposure times in seconds, or the bracket itself, with new times if given."""
        if not isinstance(images, Bracket):
            arrays = [np.asarray(a) for a in images]
            images = cls(tuple(Frame(f"frame {i}", a, _size(a, i)) for i, a in enumerate(arrays)))
        if times is None:
            return images
        seconds = [float(t) for t in np.ravel(np.asarray(times, np.float64))]
        if len(seconds) != len(images):
            raise ExposureError(
                f"there must be one exposure time per frame: {len(images)} frames, {len(seconds)} times."
            )
        for frame, t in zip(images.frames, seconds, strict=True):
            if not (math.isfinite(t) and t > 0):
                raise ExposureError(f"{frame.name}: an exposure time must be a number of seconds above 0, got {t:g}.")
        timed = (
            f.replace(exposure=dataclasses.replace(f.exposure, time_s=t, source="given", settled=None))
            for f, t in zip(images.frames, seconds, strict=True)
        )
        return cls(tuple(timed))

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self.frames)

    @property
    def shape(self) -> tuple[int, int]:
        return self.frames[0].shape

    @property
    def meta(self) -> Metadata:
        """The reference frame's metadata and the names of all frames."""
        reference = self.frames[self.reference].meta
        settings = [f.exposure for f in self.frames]
        values = {"f-number": {s.f_number for s in settings}, "ISO": {s.iso for s in settings}}
        varies = tuple(what for what, differing in values.items() if len(differing) > 1)
        times = tuple(s.time_s for s in settings if s.time_s is not None)
        return dataclasses.replace(
            reference,
            sources=tuple(f.name for f in self.frames),
            varies=varies,
            times_s=times if len(times) == len(settings) else (),
        )

    def replace(self, frames: Sequence[Frame]) -> Bracket:
        return dataclasses.replace(self, frames=tuple(frames))

    @property
    def used(self) -> Bracket:
        """The bracket without the frames that are left out; the reference always stays."""
        kept = self.kept
        if len(kept) == len(self):
            return self
        return dataclasses.replace(
            self, frames=tuple(self.frames[i] for i in kept), reference=kept.index(self.reference)
        )

    def with_used(self, used: Bracket) -> Bracket:
        """The bracket with other frames and notes in place of `used`; what is left out stays as it is."""
        changed = dict(zip(self.kept, used.frames, strict=True))
        frames = tuple(changed.get(i, f) for i, f in enumerate(self.frames))
        return dataclasses.replace(self, frames=frames, notes=used.notes)

    @property
    def kept(self) -> list[int]:
        """The numbers of the frames that are used."""
        return [i for i, f in enumerate(self.frames) if not f.left_out or i == self.reference]

    @property
    def common(self) -> tuple[slice, slice]:
        """The rows and columns of the reference that all frames show, as a rectangle. Raises InputError without one."""
        h, w = self.shape
        ends = np.array([[0, 0, 1], [w - 1, 0, 1], [0, h - 1, 1], [w - 1, h - 1, 1]], np.float64).T
        top, left, bottom, right = 0, 0, h, w
        for frame in self.frames:
            x, y, depth = np.linalg.inv(frame.pose.matrix) @ ends
            x, y = np.round(x / depth, 6), np.round(y / depth, 6)  # top left, top right, bottom left, bottom right
            top, bottom = max(top, math.ceil(max(y[:2]))), min(bottom, math.floor(min(y[2:])) + 1)
            left, right = max(left, math.ceil(max(x[::2]))), min(right, math.floor(min(x[1::2])) + 1)
        if top >= bottom or left >= right:
            raise InputError("the frames have no part in common that could be kept; pass --no-crop.")
        return slice(top, bottom), slice(left, right)

    @property
    def exposures(self) -> Array:
        """Relative exposure of each frame that counts, float64: what was settled, else what the settings say.

        Raises what `nominal_exposures` raises.
        """
        settled = [f.exposure.settled for f in self.frames]
        if all(settled):
            return np.array([s.relative for s in settled if s], np.float64)
        return self.nominal_exposures

    @property
    def nominal_exposures(self) -> Array:
        """Relative exposure of each frame by its settings, s * (ISO / 100) / f-number ** 2, float64.

        Raises ExposureError naming the first frame without a time, where f-number or ISO is known for some frames only
        and not the same in those, and where the exposures are in doubt.
        """
        if self.doubt:
            raise ExposureError(self.doubt)
        for frame in self.frames:
            if frame.exposure.time_s is None:
                raise ExposureError(
                    f"{frame.name} has no exposure time; pass --times or --times-from FILE, solve the exposures from "
                    "the pixels: --exposures solved, or fuse the frames without times: --fuse mertens07."
                )
        settings = [f.exposure for f in self.frames]
        for what, values in (("f-number", [s.f_number for s in settings]), ("ISO", [s.iso for s in settings])):
            known = {v for v in values if v is not None}
            if None in values and len(known) > 1:
                lacking = self.frames[values.index(None)].name
                raise ExposureError(
                    f"{lacking} has no {what} and the other frames differ in it; pass the exposures as --times, "
                    f"each time multiplied by ISO / 100 / f-number squared, or leave that frame out."
                )
            if None in values and known:  # one value throughout: assumed of the others too, which changes no ratio
                value = known.pop()
                settings = [
                    dataclasses.replace(s, f_number=value) if what == "f-number" else dataclasses.replace(s, iso=value)
                    for s in settings
                ]
        return np.array([s.relative for s in settings], np.float64)

    @property
    def middle_exposure(self) -> float:
        """The middle one of the exposures, the lower of two: what the scale of radiance rests on."""
        return float(np.sort(self.exposures)[(len(self) - 1) // 2])

    @property
    def nominal_cd_m2(self) -> float | None:
        """Luminance in cd/m2 that the middle exposure should record as white; None where a setting is unknown.

        A reflected-light meter sets N ** 2 / t = L S / K with K = 12.5 cd s / m2 (ISO 2720) for a luminance L that is
        to be middle grey, 0.18 of white.
        """
        settings = [f.exposure for f in self.frames]
        if any(s.time_s is None or not s.f_number or not s.iso for s in settings):
            return None
        return METER_CONSTANT / MIDDLE_GREY / (100.0 * self.middle_exposure)

    @property
    def levels(self) -> int:
        """Levels of the deepest frame, 256 or 65536."""
        return max(f.levels for f in self.frames)

    def decoded(self, progress: Progress = QUIET) -> Iterator[Array]:
        """Code values of one frame after another, all of one type: 8-bit frames among 16-bit ones are widened.

        Files are decoded ahead, one per core at a time.
        """
        from fullwell.kernels import _jit  # numba, which who only reads a bracket does not need

        deep = self.levels > 256

        def alike(decoded: Array) -> Array:  # a name in the loop below would keep one frame more in memory
            return widened(decoded) if deep and decoded.dtype == np.uint8 else decoded

        workers = _jit.thread_count() if any(callable(f.source) for f in self.frames) else 1
        codes = ahead([f.codes for f in self.frames], workers)
        for _ in progress.each(self.frames):
            yield alike(next(codes))

    def in_working(self, rgb: Array) -> Array:
        """Linear light (h, w, 3) float32 of the reference frame's primaries in Rec.709; itself where it is that."""
        matrix = self.to_working
        return rgb if np.array_equal(matrix, np.eye(3)) else rgb @ matrix.T.astype(np.float32)

    @property
    def to_working(self) -> Array:
        """3x3 matrix from the reference frame's linear RGB to linear Rec.709."""
        to_d50 = self.frames[self.reference].to_d50
        if to_d50 is None:
            return np.eye(3)
        return np.linalg.solve(primaries("rec709").to_d50, to_d50)


def _size(a: Array, index: int) -> tuple[int, int]:
    if a.ndim not in (2, 3):
        raise InputError(f"frame {index}: a frame must be (height, width) or (height, width, 3), got shape {a.shape}.")
    return int(a.shape[0]), int(a.shape[1])
