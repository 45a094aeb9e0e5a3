"""How far the radiance is from the colours of the reference frame, where that frame is well exposed."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fullwell.color import D50, conversion, primaries, srgb_decode
from fullwell.image import Array, Bracket, Radiance, Response

PLACES = 60_000  # pixels of a regular grid that are looked at
LOW, HIGH = 0.1, 0.9  # share of full scale between which all channels of the reference frame must lie
LEAST = 200  # of them, below which nothing is said


class Cast(NamedTuple):
    """Median CIE 1976 differences. `cast_de` is between the reference frame and the radiance encoded as sRGB at that
    frame's exposure; `tint_de` is between it and the radiance encoded by the mean of the channels' own curves, so that
    the camera's tone curve, which bends all channels alike and is no cast, does not count."""

    cast_de: float
    tint_de: float


def cast(bracket: Bracket, response: Response, radiance: Radiance) -> Cast | None:
    """The difference in colour; None where the reference frame is hardly well exposed anywhere."""
    frame = bracket.frames[bracket.reference]
    (h, w), (y, x) = radiance.rgb.shape[:2], radiance.origin_px
    step = max(1, math.isqrt(h * w // PLACES))
    codes = frame.codes()[y : y + h, x : x + w]
    shown = codes[::step, ::step].reshape(-1, 3) / float(np.iinfo(codes.dtype).max)
    to_frame = np.linalg.inv(bracket.to_working) @ conversion(radiance.primaries, "rec709")
    merged = bracket.used
    exposure = merged.exposures[merged.reference] * (radiance.to_absolute or 1.0)
    seen = radiance.rgb[::step, ::step].reshape(-1, 3) @ to_frame.T * exposure
    good = ((shown > LOW) & (shown < HIGH)).all(axis=1) & np.isfinite(seen).all(axis=1)
    if np.count_nonzero(good) < LEAST:
        return None
    to_d50 = frame.to_d50 if frame.to_d50 is not None else primaries("rec709").to_d50
    wanted = lab(srgb_decode(shown[good]), to_d50)
    curve = np.exp(np.mean(np.log(np.maximum(response.table(256) / (response.white or 1.0), 1e-30)), axis=1))
    toned = srgb_decode(np.interp(seen[good], curve, np.arange(256) / 255.0))
    return Cast(*(float(np.median(np.linalg.norm(lab(x, to_d50) - wanted, axis=1))) for x in (seen[good], toned)))


def lab(rgb: Array, to_d50: Array) -> Array:
    """CIE 1976 L*a*b* (n, 3), white D50, from linear RGB (n, 3) clipped to 0..1."""
    xyz = np.clip(rgb, 0, 1) @ to_d50.T / D50
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
