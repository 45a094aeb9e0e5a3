"""Primaries, luminance and transfer functions. All matrices multiply column vectors: `rgb @ m.T`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fullwell.errors import UsageError, did_you_mean

Array = npt.NDArray[Any]

MIDDLE_GREY = 0.18  # of white, in linear light
D50 = np.array([0.9642, 1.0, 0.8249])  # the connection space of ICC profiles
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True)
class Primaries:
    """Chromaticities of red, green, blue and white, CIE 1931 (x, y)."""

    name: str
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float]

    @property
    def to_xyz(self) -> Array:
        """Linear RGB to XYZ relative to this white, Y of white being 1."""
        columns = np.array([_xyz(*c) for c in (self.red, self.green, self.blue)]).T
        return columns * np.linalg.solve(columns, _xyz(*self.white))

    @property
    def to_d50(self) -> Array:
        """Linear RGB to XYZ adapted to D50 (Bradford), as ICC matrix profiles store it."""
        return adapt(_xyz(*self.white), D50) @ self.to_xyz

    @property
    def luminance(self) -> Array:
        """Weights of R, G, B in luminance; they sum to 1."""
        return self.to_xyz[1]


def _xyz(x: float, y: float) -> Array:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def adapt(white: Array, to: Array) -> Array:
    """Bradford adaptation of XYZ from one white to another (ICC.1:2022, annex E)."""
    return np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ to) / (BRADFORD @ white)) @ BRADFORD


D65 = (0.3127, 0.3290)
WORKING = {
    p.name: p
    for p in (
        Primaries("rec709", (0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65),  # also the primaries of sRGB
        Primaries("p3", (0.68, 0.32), (0.265, 0.69), (0.15, 0.06), D65),
        Primaries("rec2020", (0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
        Primaries("acescg", (0.713, 0.293), (0.165, 0.830), (0.128, 0.044), (0.32168, 0.33767)),
    )
}


def primaries(name: str) -> Primaries:
    """The working primaries of a name; raises UsageError with a hint."""
    if name not in WORKING:
        raise UsageError(f"no primaries are called {name!r}; {did_you_mean(name, WORKING)}")
    return WORKING[name]


def conversion(source: str, target: str) -> Array:
    """3x3 matrix from linear RGB of one set of primaries to another."""
    if source == target:
        return np.eye(3)
    return np.linalg.solve(primaries(target).to_d50, primaries(source).to_d50)


def srgb_encode(linear: npt.ArrayLike) -> Array:
    """Linear 0 to 1 to sRGB code values 0 to 1 (IEC 61966-2-1); negatives count as 0."""
    x = np.maximum(np.asarray(linear, np.float64), 0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)


def srgb_decode(code: npt.ArrayLike) -> Array:
    """sRGB code values 0 to 1 to linear (IEC 61966-2-1)."""
    x = np.asarray(code, np.float64)
    return np.where(x <= 0.04045, x / 12.92, ((np.maximum(x, 0) + 0.055) / 1.055) ** 2.4)


def lightness(lum: npt.ArrayLike) -> Array:
    """CIE 1976 L*, 0 to 100, of luminance relative to white."""
    y = np.asarray(lum, np.float64)
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)
