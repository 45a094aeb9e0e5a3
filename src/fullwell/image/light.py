"""Light: how code values stand for it, what came from the scene, what a display shows."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fullwell.color import Array, conversion, primaries
from fullwell.errors import InputError
from fullwell.image.frame import Metadata

CLIPPED_IN_ALL = 1  # bit of Radiance.mask: too bright for every frame, the value is a lower bound
BLACK_IN_ALL = 2  # bit of Radiance.mask: too dark for every frame, the value is an upper bound
BAND = 16  # rows that are moved at a time, through the processor's cache
LAYERS = ("mask", "sigma", "source")  # what radiance may carry beside the light


@dataclass(frozen=True, eq=False)
class Response:
    """The inverse camera response: relative exposure of every code value.

    `curve` is (levels, 3) float64, 256 or 65536 levels, above 0 but for its first entry, rising, and 1 at the middle
    level (levels // 2), on the geometric mean of the channels. `white` is what counts as white, on the scale of the
    curve; without it that is what the last code stands for. `samples` (optional) are (n, 3) rows of channel, code value
    and log2 exposure, for the plot; `residual_stops` says how well the curve fits them. `notes` are sentences about how
    the curve came about that a reader should know. `full` is the code (0 to 1) that the bracket records as white in
    each channel (`saturation`).
    """

    curve: Array
    name: str = "given"
    samples: Array | None = None
    residual_stops: float | None = None
    white: float | None = None
    notes: tuple[str, ...] = ()
    full: tuple[float, float, float] = (1.0, 1.0, 1.0)

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


class Ghosts(NamedTuple):
    """What a merge left out because it moved: `reference`, from 0, is the frame that decided where things are."""

    reference: int
    rejected: Array  # (frames,): share of the picture where a frame that measured something was not used
    shares: Array  # (frames, rows, columns) float32: how much a frame counts, 0 to 1, in cells of the reference frame
    cell: int  # pixels a side of a cell
    misfits: tuple[int, ...] = ()  # frames that differ all over, which is no ghost: nothing was left out


@dataclass(frozen=True, eq=False)
class Radiance:
    """Linear scene light.

    `rgb` is (h, w, 3) float32 in the working `primaries`; it may exceed 1. `mask` is (h, w) uint8 with the bits
    CLIPPED_IN_ALL and BLACK_IN_ALL where a channel was measured by no frame. Multiply by `to_absolute` for
    1 / (s * ISO / 100 / f-number ** 2), the unit that is the same for all brackets of one camera, and by `cd_m2` for
    luminance in cd/m2, which is nominal, by the camera's settings, unless it is `calibrated`, by a meter. `noise_floor`
    is the least that the longest exposure tells from black, in the unit of `rgb`; None where nobody knows.
    `sigma` (h, w, 3) float32 is the standard deviation of `rgb` by the camera's noise, infinite where a channel was not
    measured; `source` (h, w) int16 is the number of the frame that says most of a pixel, from 0 in the order given, -1
    for none: both where somebody asked for them. `ghosts` tells what was left out as moving. `wb_gain_ev` is
    (frames, 3): log2 of how much more a frame recorded in a channel than its neighbours make expect.
    `origin_px` is where (y, x) its first pixel is in the reference frame. `from_mosaic` says that
    the numbers of a sensor were merged as they are, and demosaiced after.
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
    sigma: Array | None = None
    source: Array | None = None
    ghosts: Ghosts | None = None
    origin_px: tuple[int, int] = (0, 0)
    from_mosaic: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb", _as_rgb(self.rgb, "radiance"))
        primaries(self.primaries)

    @classmethod
    def of(cls, scene: Radiance | npt.ArrayLike) -> Radiance:
        return scene if isinstance(scene, Radiance) else cls(np.asarray(scene))

    def __getitem__(self, part: tuple[slice, slice]) -> Radiance:
        """A rectangle of it."""
        return self._part(part, self.rgb[part])

    def cropped(self, part: tuple[slice, slice]) -> Radiance:
        """The same rectangle, packed into the memory of this image, which is used up: a copy would be a second one."""
        wanted = self.rgb[part]
        packed = self.rgb.reshape(-1)[: wanted.size].reshape(wanted.shape)
        for y in range(0, len(wanted), BAND):  # no row comes to lie behind where it was
            packed[y : y + BAND] = wanted[y : y + BAND].copy()
        return self._part(part, packed)

    def _part(self, part: tuple[slice, slice], rgb: Array) -> Radiance:
        y, x = (o + (s.start or 0) for o, s in zip(self.origin_px, part, strict=True))
        found = {name: getattr(self, name) for name in LAYERS}
        layers: dict[str, Any] = {name: np.ascontiguousarray(a[part]) for name, a in found.items() if a is not None}
        return dataclasses.replace(self, rgb=rgb, origin_px=(y, x), **layers)

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
        sigma = None if self.sigma is None else self.sigma * np.float32(factor)
        return dataclasses.replace(self, rgb=self.rgb * np.float32(factor), sigma=sigma, noise_floor=floor, **per_unit)

    @property
    def unmeasured(self) -> float:
        """Share of pixels with a channel that no frame measured."""
        return 0.0 if self.mask is None else float(np.count_nonzero(self.mask)) / self.mask.size

    def unused(self, frame: int) -> Array:
        """How much of a frame, from 0, was left out of each pixel because something moved, (h, w) float32, 0 to 1."""
        h, w, _ = self.rgb.shape
        if self.ghosts is None:
            return np.zeros((h, w), np.float32)
        rows, columns = ((np.arange(n) + o) // self.ghosts.cell for n, o in zip((h, w), self.origin_px, strict=True))
        return 1 - self.ghosts.shares[frame][np.ix_(rows, columns)]

    def to(self, name: str) -> Radiance:
        """The same light in other working primaries."""
        if name == self.primaries:
            return self
        matrix = conversion(self.primaries, name).astype(np.float32)
        sigma = None if self.sigma is None else mixed_sigma(self.sigma, matrix)
        return dataclasses.replace(self, rgb=self.rgb @ matrix.T, sigma=sigma, primaries=name)

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


def mixed_sigma(sigma: Array, matrix: Array) -> Array:
    """Standard deviations (h, w, 3) after a matrix (3, 3) on channels whose errors are independent."""
    return np.asarray(np.sqrt((sigma**2) @ np.maximum(matrix.T**2, 1e-20)), np.float32)  # infinity stays one


def _as_rgb(rgb: npt.ArrayLike, what: str) -> Array:
    a = np.asarray(rgb)
    if a.ndim == 2:
        a = np.repeat(a[:, :, None], 3, axis=2)
    if a.ndim != 3 or a.shape[2] != 3 or 0 in a.shape or a.dtype.kind not in "fiu":
        raise InputError(f"{what}: pixels must be numbers of shape (height, width, 3), got {a.dtype} {a.shape}.")
    return np.ascontiguousarray(a, np.float32)


def _as_array(a: Array, dtype: Any, copy: bool | None) -> Array:
    return np.array(a, dtype=dtype, copy=copy)
