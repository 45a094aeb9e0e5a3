"""Robertson, Borman and Stevenson 2003: radiance and response in turn, until neither moves.

Source: M. A. Robertson, S. Borman, R. L. Stevenson, "Estimation-theoretic approach to dynamic range enhancement using
multiple exposures", Journal of Electronic Imaging 12(2), 2003: eq. (9) for the radiance given the response, eq. (12)
for the response given the radiance, I(middle) = 1, with the Gaussian weight of their 1999 paper.
Differs from the paper: it starts from the power law that fits best, not from a straight line, because the alternation
moves so slowly (the slowest of its modes shrink by 1e-4 a turn) that it ends where it starts in all that is smooth;
flat patches stand for all pixels; codes 0 and 255 and places that no frame measured take no part, so that clipping
does not bend the curve; codes that never occur are interpolated; the curve is made to rise; all channels
share one unless they plainly differ, and sRGB takes the place of a curve that the frames do not follow.
"""

from __future__ import annotations

import numpy as np

from fullwell.errors import InputError
from fullwell.image import Array, Bracket, Response
from fullwell.operators import Calibrator
from fullwell.params import operator, param
from fullwell.progress import Progress
from fullwell.response._channels import CODES, MIDDLE, Fit, settled
from fullwell.response._samples import rising, sample

GAUSS = (np.exp(4 - (4 * CODES / 255.0 - 2) ** 2) - 1) / (np.exp(4) - 1)  # 0 at both ends, 1 in the middle
GAUSS[[0, 255]] = 0.0


@operator(family="response", title="Robertson, Borman and Stevenson", cite="robertson03")
class Robertson03(Calibrator):
    max_iter: int = param(30, lo=1, hi=10000, soft=(30, 500), scale="log", help="Turns at most.")
    threshold: float = param(
        0.01, lo=0.0, hi=10.0, soft=(0.001, 0.1), scale="log", help="Stop when a turn moves the curve by less."
    )
    samples: int = param(20000, lo=50, hi=1000000, soft=(5000, 100000), scale="log", help="How many places to look at.")

    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        z, exposures = sample(bracket, self.samples, progress)
        return settled(self.id, self._fit, z, exposures / np.exp(np.mean(np.log(exposures))), bracket)

    def _fit(self, codes: Array, times: Array) -> Fit:
        """The curve of the places' codes (n, frames); places that no two frames measured have no light."""
        weight = GAUSS[codes]
        weight = weight * ((weight > 0).sum(axis=1) > 1)[:, None]
        places = weight.any(axis=1)
        if not places.any():
            raise InputError(
                "robertson03: no place is well exposed in two frames; the exposures lie too far apart or the frames "
                "are black or white. Add frames between, or pass a known response: --response srgb."
            )
        curve, radiance = self._alternate(codes[places], weight[places], times)
        light = np.zeros(len(codes))
        light[places] = np.log2(radiance)
        return Fit(curve, light[:, None] + np.log2(times), weight)

    def _alternate(self, codes: Array, weight: Array, times: Array) -> tuple[Array, Array]:
        """The curve (256,) and the radiance of each place (n,)."""
        norm = (weight * times**2).sum(axis=1)
        counts = np.bincount(codes.ravel(), (weight > 0).ravel(), 256)
        occurs = counts > 0
        curve = _power(codes, weight, times)
        for _ in range(self.max_iter):
            radiance = (weight * times * curve[codes]).sum(axis=1) / norm  # eq. (9)
            light = np.bincount(codes.ravel(), ((weight > 0) * radiance[:, None] * times).ravel(), 256)
            mean = light / np.maximum(counts, 1)  # eq. (12)
            filled = np.interp(CODES, CODES[occurs], mean[occurs])
            new = np.maximum(rising(_extend(filled, occurs), MIDDLE), 1e-9)
            moved, curve = float(np.abs(new - curve).sum()), new
            if moved < self.threshold:
                break
        return curve, radiance


def _power(codes: Array, weight: Array, times: Array) -> Array:
    """The power law that fits best: the slope of ln t over ln z within places, by least squares."""
    share = weight / weight.sum(axis=1, keepdims=True)
    log_z, log_t = np.log(np.maximum(codes, 0.5)), np.broadcast_to(np.log(times), codes.shape)
    dz, dt = (a - (share * a).sum(axis=1, keepdims=True) for a in (log_z, log_t))
    power = (weight * dz * dt).sum() / max((weight * dz**2).sum(), 1e-12)
    return (np.maximum(CODES, 0.5) / MIDDLE) ** np.clip(power, 0.2, 10.0)


def _extend(curve: Array, occurs: Array) -> Array:
    """Continue below the first and above the last code that occurs with the slope found there."""
    first, last = np.flatnonzero(occurs)[[0, -1]]
    if last - first < 16:
        return curve
    low, high = (curve[first + 8] - curve[first]) / 8, (curve[last] - curve[last - 8]) / 8
    curve[last:] = curve[last] + high * (CODES[last:] - last)
    curve[:first] = np.maximum(
        curve[first] - low * (first - CODES[:first]), curve[first] * (CODES[:first] + 0.5) / (first + 0.5)
    )
    return curve
