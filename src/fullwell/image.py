"""The nouns: Frame, Bracket, Response, Radiance, Picture. Each is frozen, owns its arrays and says their units."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fullwell.color import conversion, primaries
from fullwell.errors import ExposureError, InputError, UsageError
from fullwell.progress import QUIET, Progress, ahead

Array = npt.NDArray[Any]

__all__ = [
    "BLACK_IN_ALL",
    "CLIPPED_IN_ALL",
    "KEPT_BYTES",
    "Bracket",
    "Exposure",
    "Frame",
    "Metadata",
    "Picture",
    "Pose",
    "Radiance",
    "Response",
    "as_codes",
]  # fmt: skip

CLIPPED_IN_ALL = 1  # bit of Radiance.mask: too bright for every frame, the value is a lower bound
KEPT_BYTES = 1_000_000_000  # decoded frames that may be in memory together; more are decoded one per core, and again
BLACK_IN_ALL = 2  # bit of Radiance.mask: too dark for every frame, the value is an upper bound
METER_CONSTANT = 12.5  # K of ISO 2720 in cd s / m2, as Canon, Nikon and Sekonic have it
MIDDLE_GREY = 0.18


@dataclass(frozen=True)
class Exposure:
    """What the camera was set to; None where nobody said.

    `source` tells where the time came from, `settings_source` where f-number and ISO did.
    """

    time_s: float | None = None
    f_number: float | None = None
    iso: float | None = None
    source: str = "unknown"
    settings_source: str = "unknown"

    @property
    def relative(self) -> float | None:
        """Exposure in s * (ISO / 100) / f-number ** 2; a factor that is unknown is left out. None without a time."""
        if self.time_s is None:
            return None
        return self.time_s * ((self.iso or 100.0) / 100.0) / (self.f_number or 1.0) ** 2


@dataclass(frozen=True)
class Pose:
    """How a frame lies over the reference: its pixel (y, x) shows the reference's (y, x) + shift_px.

    `to_frame` is set where that is not all, or the shift is not of whole pixels: the rows of the matrix that takes the
    reference's pixel (x, y, 1) to the frame's. `shift_px` then holds for the middle of the frame.
    """

    model: str = "none"  # none, shift, similarity or homography
    shift_px: tuple[float, float] = (0, 0)
    confidence: float | None = None  # 0: no better than chance, 1: every structure agrees
    to_frame: tuple[tuple[float, float, float], ...] | None = None
    residual_px: float | None = None  # how far what was compared is from where the pose puts it, in the median

    @classmethod
    def of(cls, model: str, to_frame: Array, shape: tuple[int, int]) -> Pose:
        """The pose of a (3, 3) matrix, reference to frame, for frames of a shape (h, w)."""
        rows = np.asarray(to_frame, np.float64) / to_frame[2][2]
        h, w = shape
        middle = np.array([(w - 1) / 2, (h - 1) / 2, 1.0])
        x, y = (middle - rows @ middle / (rows @ middle)[2])[:2]
        shift = np.eye(3)
        shift[:2, 2] = -np.round(x), -np.round(y)
        if np.abs(rows - shift).max() < 1e-9:
            return cls(model, (int(np.round(y)), int(np.round(x))))
        return cls(model, (float(y), float(x)), to_frame=tuple((float(a), float(b), float(c)) for a, b, c in rows))

    @property
    def matrix(self) -> Array:
        """(3, 3) float64, the reference's pixel (x, y, 1) to the frame's."""
        if self.to_frame is not None:
            return np.array(self.to_frame)
        return np.array([[1, 0, -self.shift_px[1]], [0, 1, -self.shift_px[0]], [0, 0, 1]], np.float64)

    @property
    def roll_deg(self) -> float:
        """How far the frame is turned to lie over the reference, clockwise as seen."""
        m = self.matrix
        return math.degrees(math.atan2(m[0, 1] - m[1, 0], m[0, 0] + m[1, 1]))

    @property
    def scale(self) -> float:
        """How much the frame is enlarged to lie over the reference."""
        m = self.matrix
        return 1 / math.sqrt(max(m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0], 1e-12))


@dataclass(frozen=True)
class Metadata:
    """What travels from the reference frame to the results, untouched by the mathematics."""

    exif: bytes | None = None  # a TIFF-structured EXIF block without the "Exif\\0\\0" prefix
    sources: tuple[str, ...] = ()  # names of the files it was made from
    recipe: str = ""  # TOML
    varies: tuple[str, ...] = ()  # "f-number" and "ISO" where the sources differ in them
    times_s: tuple[float, ...] = ()  # exposure times of the sources, where all are known
    xmp: bytes | None = None  # a packet
    iptc: bytes | None = None  # IPTC-IIM datasets


@dataclass(frozen=True, eq=False)
class Frame:
    """One photograph: where its pixels come from, its exposure and its pose, not the pixels themselves.

    `source` is an array (h, w), (h, w, 3) or (h, w, 4), or a function that decodes one; `shape` is (h, w).
    """

    name: str
    source: Array | Callable[[], Array]
    shape: tuple[int, int]
    exposure: Exposure = field(default_factory=Exposure)
    pose: Pose = field(default_factory=Pose)
    to_d50: Array | None = None  # linear RGB of the file's profile to XYZ D50; None: Rec.709
    profile: str = "sRGB (assumed)"
    white_balance: str = ""
    meta: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()
    levels: int = 256  # 256, or 65536 for 16-bit and float pixels
    left_out: str = ""  # why the frame is not used; empty: it is

    def __post_init__(self) -> None:
        if isinstance(self.source, np.ndarray):
            object.__setattr__(self, "levels", 256 if self.source.dtype == np.uint8 else 65536)

    def codes(self) -> Array:
        """The code values as stored, (h, w, 3) uint8 or uint16; decodes when the source is a file."""
        return as_codes(self.source() if callable(self.source) else self.source, self.name)

    def replace(self, **changes: Any) -> Frame:
        return dataclasses.replace(self, **changes)


def as_codes(pixels: npt.ArrayLike, name: str = "image") -> Array:
    """Any picture array as (h, w, 3) uint8 or uint16 code values in C order.

    Greyscale is repeated, alpha dropped, floats in 0 to 1 become 16-bit codes (NaN counts as 0, more than 1 as 1).
    Raises InputError for other shapes and types.
    """
    a = np.asarray(pixels)
    if a.ndim == 2:
        a = a[:, :, None]
    if a.ndim != 3 or a.shape[2] not in (1, 3, 4) or 0 in a.shape:
        raise InputError(f"{name}: a frame must be (height, width) or (height, width, 3), got shape {a.shape}.")
    a = a[:, :, :3] if a.shape[2] >= 3 else np.repeat(a, 3, axis=2)
    if a.dtype.kind == "f":
        a = np.round(np.clip(np.nan_to_num(a, nan=0.0, posinf=1.0, neginf=0.0), 0, 1) * 65535.0).astype(np.uint16)
    if a.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{name}: pixels must be uint8, uint16 or float between 0 and 1, got {a.dtype}.")
    return np.ascontiguousarray(a)


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
            f.replace(exposure=dataclasses.replace(f.exposure, time_s=t, source="given"))
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
        kept = [i for i, f in enumerate(self.frames) if not f.left_out or i == self.reference]
        if len(kept) == len(self):
            return self
        return dataclasses.replace(
            self, frames=tuple(self.frames[i] for i in kept), reference=kept.index(self.reference)
        )

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
            raise InputError("the frames have no part in common that could be kept; make it without --crop.")
        return slice(top, bottom), slice(left, right)

    @property
    def exposures(self) -> Array:
        """Relative exposure of each frame, s * (ISO / 100) / f-number ** 2, float64.

        Raises ExposureError naming the first frame without a time, where f-number or ISO is known for some frames only
        and not the same in those, and where the exposures are in doubt.
        """
        if self.doubt:
            raise ExposureError(self.doubt)
        for frame in self.frames:
            if frame.exposure.time_s is None:
                raise ExposureError(
                    f"{frame.name} has no exposure time; pass --times or --times-from FILE, "
                    "or fuse the frames without times: --fuse mertens07."
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

        def widened(codes: Array) -> Array:
            return codes.astype(np.uint16) * np.uint16(257) if self.levels > 256 and codes.dtype == np.uint8 else codes

        workers = _jit.thread_count() if any(callable(f.source) for f in self.frames) else 1
        codes = ahead([f.codes for f in self.frames], workers)
        for _ in progress.each(self.frames):
            yield widened(next(codes))

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


@dataclass(frozen=True, eq=False)
class Response:
    """The inverse camera response: relative exposure of every code value.

    `curve` is (levels, 3) float64, 256 or 65536 levels, above 0 but for its first entry, rising, and 1 at the middle
    level (levels // 2), on the geometric mean of the channels. `white` is what counts as white, on the scale of the
    curve; without it that is what the last code stands for. `samples` (optional) are (n, 3) rows of channel, code value
    and log2 exposure, for the plot; `residual_stops` says how well the curve fits them. `notes` are sentences about how
    the curve came about that a reader should know.
    """

    curve: Array
    name: str = "given"
    samples: Array | None = None
    residual_stops: float | None = None
    white: float | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        curve = np.ascontiguousarray(self.curve, np.float64)
        if curve.ndim == 3 and curve.shape[1] == 1:  # OpenCV's (256, 1, 3)
            curve = np.ascontiguousarray(curve[:, 0])
        if curve.ndim == 1:
            curve = np.repeat(curve[:, None], 3, axis=1)
        if curve.shape not in ((256, 3), (65536, 3)):
            raise InputError(f"response: the curve must be (256, 3) or (65536, 3), got shape {self.curve.shape}.")
        if not np.isfinite(curve).all() or (curve < 0).any() or (curve[1:] <= 0).any():
            raise InputError("response: every entry of the curve must be a finite number above 0 (the first may be 0).")
        object.__setattr__(self, "curve", curve)
        if self.white is None:
            object.__setattr__(self, "white", float(np.exp(np.mean(np.log(curve[-1])))))
        if not (math.isfinite(self.white or 0.0) and (self.white or 0.0) > 0):
            raise InputError(f"response: white must be a finite number above 0, got {self.white!r}.")

    @classmethod
    def of(cls, curve: Response | npt.ArrayLike) -> Response:
        return curve if isinstance(curve, Response) else cls(np.asarray(curve))

    def table(self, levels: int) -> Array:
        """The curve at 256 or 65536 levels (code / (levels - 1) matches), interpolated linearly, (levels, 3)."""
        if levels == len(self.curve):
            return self.curve
        x, xp = np.linspace(0, 1, levels), np.linspace(0, 1, len(self.curve))
        return np.stack([np.interp(x, xp, self.curve[:, c]) for c in range(3)], axis=1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return _as_array(self.curve, dtype, copy)


@dataclass(frozen=True, eq=False)
class Radiance:
    """Linear scene light.

    `rgb` is (h, w, 3) float32 in the working `primaries`; it may exceed 1. `mask` is (h, w) uint8 with the bits
    CLIPPED_IN_ALL and BLACK_IN_ALL where a channel was measured by no frame. Multiply by `to_absolute` for
    1 / (s * ISO / 100 / f-number ** 2), the unit that is the same for all brackets of one camera, and by `cd_m2` for
    luminance in cd/m2, which is nominal, by the camera's settings, unless it is `calibrated`, by a meter. `noise_floor`
    is the least that the longest exposure tells from black, in the unit of `rgb`; None where nobody knows.
    `wb_gain_ev` is (frames, 3): log2 of how much more a frame recorded in a channel than its neighbours make expect.
    `origin_px` is where (y, x) its first pixel is in the reference frame.
    """

    rgb: Array
    primaries: str = "rec709"
    mask: Array | None = None
    to_absolute: float | None = None
    noise_floor: float | None = None
    meta: Metadata = field(default_factory=Metadata)
    cd_m2: float | None = None
    calibrated: bool = False
    wb_gain_ev: Array | None = None
    origin_px: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb", _as_rgb(self.rgb, "radiance"))
        primaries(self.primaries)

    @classmethod
    def of(cls, scene: Radiance | npt.ArrayLike) -> Radiance:
        return scene if isinstance(scene, Radiance) else cls(np.asarray(scene))

    def __getitem__(self, part: tuple[slice, slice]) -> Radiance:
        """A rectangle of it."""
        y, x = (o + (s.start or 0) for o, s in zip(self.origin_px, part, strict=True))
        mask = None if self.mask is None else np.ascontiguousarray(self.mask[part])
        return dataclasses.replace(self, rgb=self.rgb[part], mask=mask, origin_px=(y, x))

    @property
    def luminance_weights(self) -> Array:
        return primaries(self.primaries).luminance.astype(np.float32)

    @property
    def luminance_kind(self) -> str | None:
        """How `cd_m2` is known: "calibrated" by a meter, "nominal" by the settings; None where it is not."""
        return None if self.cd_m2 is None else "calibrated" if self.calibrated else "nominal"

    def scaled(self, factor: float) -> Radiance:
        """The same light in other units: numbers `factor` times as large."""
        if factor == 1.0:
            return self
        per_unit = {k: v / factor for k in ("to_absolute", "cd_m2") if (v := getattr(self, k)) is not None}
        floor = None if self.noise_floor is None else self.noise_floor * factor
        return dataclasses.replace(self, rgb=self.rgb * np.float32(factor), noise_floor=floor, **per_unit)

    @property
    def unmeasured(self) -> float:
        """Share of pixels with a channel that no frame measured."""
        return 0.0 if self.mask is None else float(np.count_nonzero(self.mask)) / self.mask.size

    def to(self, name: str) -> Radiance:
        """The same light in other working primaries."""
        if name == self.primaries:
            return self
        matrix = conversion(self.primaries, name).astype(np.float32)
        return dataclasses.replace(self, rgb=self.rgb @ matrix.T, primaries=name)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return _as_array(self.rgb, dtype, copy)


@dataclass(frozen=True, eq=False)
class Picture:
    """Display light: `rgb` is (h, w, 3) float32, linear, in `primaries`; files store it encoded as sRGB.

    1 is white. Only on its way to a finish may a picture exceed it; a file clips.
    """

    rgb: Array
    primaries: str = "rec709"
    meta: Metadata = field(default_factory=Metadata)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb", _as_rgb(self.rgb, "picture"))
        primaries(self.primaries)

    @classmethod
    def of(cls, picture: Picture | npt.ArrayLike) -> Picture:
        return picture if isinstance(picture, Picture) else cls(np.asarray(picture))

    @property
    def luminance_weights(self) -> Array:
        return primaries(self.primaries).luminance.astype(np.float32)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return _as_array(self.rgb, dtype, copy)


def _as_rgb(rgb: npt.ArrayLike, what: str) -> Array:
    a = np.asarray(rgb)
    if a.ndim == 2:
        a = np.repeat(a[:, :, None], 3, axis=2)
    if a.ndim != 3 or a.shape[2] != 3 or 0 in a.shape or a.dtype.kind not in "fiu":
        raise InputError(f"{what}: pixels must be numbers of shape (height, width, 3), got {a.dtype} {a.shape}.")
    return np.ascontiguousarray(a, np.float32)


def _as_array(a: Array, dtype: Any, copy: bool | None) -> Array:
    return np.array(a, dtype=dtype, copy=copy)
