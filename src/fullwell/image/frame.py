"""One photograph: what the camera was set to, how it lies over the others, what travels with it, its code values."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fullwell.color import Array
from fullwell.errors import InputError
from fullwell.image.mosaic import Mosaic

COUNTED = 250_000  # pixels whose codes are counted


@dataclass(frozen=True)
class Settled:
    """What was made of a frame's exposure: the one that counts, and what speaks for it.

    `relative` is the exposure that counts, in s * (ISO / 100) / f-number ** 2, or over the reference's where no frame
    has a time. `snapped_ev` and `solved_ev` are log2 over the reference's exposure: by the series of stops that the
    settings are rounded from, and by the pixels. `residual_ev` is how much more the pixels say than the settings, with
    median 0 over the frames, `error_ev` the standard error of that. None where it is not known.
    """

    relative: float
    snapped_ev: float | None = None
    solved_ev: float | None = None
    residual_ev: float | None = None
    error_ev: float | None = None


@dataclass(frozen=True)
class Exposure:
    """What the camera was set to; None where nobody said.

    `source` tells where the time came from, `settings_source` where f-number and ISO did. `settled` is what counts
    instead, once it was looked into.
    """

    time_s: float | None = None
    f_number: float | None = None
    iso: float | None = None
    source: str = "unknown"
    settings_source: str = "unknown"
    settled: Settled | None = None

    @property
    def relative(self) -> float | None:
        """Exposure by the settings in s * (ISO / 100) / f-number ** 2; an unknown factor is left out.

        None without a time.
        """
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
class Camera:
    """The colours of a camera's sensor. Matrices are rows, of nine numbers."""

    to_d50: tuple[float, ...]  # its numbers, balanced as shot, to XYZ D50
    from_xyz: tuple[float, ...]  # XYZ under D65 to its numbers, as DNG's ColorMatrix
    neutral: tuple[float, ...]  # what it counted for white, the largest of the three being 1


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
    camera: Camera | None = None  # of a camera RAW file


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
    transfer: Array | None = None  # (levels, 3) light of each code, 0 to 1, as the file says; None: as sRGB has it
    scene_light: bool = False  # that light is proportional to the scene's: no camera curve came before
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

    @property
    def mosaic(self) -> Mosaic | None:
        """What a sensor counted, of which the codes are made; None where the source has no such thing."""
        return getattr(self.source, "mosaic", None)

    def counts(self) -> Array:
        """How many of some pixels have each code, (256, 3); of 16 bits the upper eight. Kept by a source that can."""
        kept: Array | None = getattr(self.source, "counts", None)
        return histogram(self.codes()) if kept is None else kept

    def replace(self, **changes: Any) -> Frame:
        return dataclasses.replace(self, **changes)


def histogram(codes: Array) -> Array:
    """How many of some COUNTED pixels have each code in each channel, (256, 3); of 16 bits the upper eight."""
    step = math.isqrt(codes.shape[0] * codes.shape[1] // COUNTED) | 1  # odd, so that no block of JPEG is favoured
    some = codes[::step, ::step].reshape(-1, 3)
    some = some if some.dtype == np.uint8 else (some >> 8).astype(np.uint8)
    return np.stack([np.bincount(some[:, c], minlength=256) for c in range(3)], axis=1)


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


def widened(codes: Array) -> Array:
    """8-bit code values as the 16-bit ones of the same share of full scale."""
    return codes.astype(np.uint16) * np.uint16(257)
