"""Debevec and Malik 1997: the smoothest response that explains all samples.

Source: P. E. Debevec, J. Malik, "Recovering High Dynamic Range Radiance Maps from Photographs", SIGGRAPH 1997, eq. (3)
with the hat weight of eq. (4). For every sample i in frame j,  g(z_ij) = ln E_i + ln t_j.
Differs from the paper: a few thousand flat patches instead of some fifty pixels picked by hand, since the unknown E_i
are eliminated and cost nothing; a second solution without the samples that the first contradicts (things that moved);
the curve is made to rise; all channels share one unless they plainly differ, and sRGB takes the place of a curve that
the frames do not follow. As in the authors' program, lambda multiplies the residual, not its square.
"""

from __future__ import annotations

import numpy as np

from fullwell.errors import InputError
from fullwell.image import Array, Bracket, Response
from fullwell.kernels.cholesky import bending, solve
from fullwell.operators import Calibrator
from fullwell.params import operator, param
from fullwell.progress import Progress
from fullwell.response._channels import CODES, HAT, MIDDLE, Fit, settled
from fullwell.response._eliminated import equations
from fullwell.response._samples import rising, sample


@operator(family="response", title="Debevec and Malik", cite="debevec97")
class Debevec97(Calibrator):
    samples: int = param(3000, lo=50, hi=100000, soft=(500, 10000), scale="log", help="How many places to look at.")
    smoothness: float = param(
        10.0, lo=0.01, hi=1000.0, soft=(1, 100), scale="log", help="Lambda: the curve is smoother as it grows."
    )
    outlier: float = param(
        0.5, lo=0.05, hi=10.0, soft=(0.2, 2.0), unit="stops", help="Samples further off than this are left out."
    )

    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        z, exposures = sample(bracket, self.samples, progress)
        return settled(self.id, self._fit, z, exposures, bracket)

    def _fit(self, codes: Array, exposures: Array) -> Fit:
        """The curve of the places' codes (n, frames)."""
        log_t = np.log(exposures)
        weight = HAT[codes] ** 2  # the weight multiplies the residual, so its square the squared residual
        for _ in range(2):
            weight = weight * ((weight > 0).sum(axis=1) > 1)[:, None]  # one frame alone says nothing
            if not weight.any():
                raise InputError(
                    "debevec97: no place is well exposed in two frames; the exposures lie too far apart or the frames "
                    "are black or white. Add frames between, or pass a known response: --response srgb."
                )
            g = self._solve(codes, weight, log_t)
            log_e, residual = _residual(g, codes, weight, log_t)
            weight = np.where(np.abs(residual) < self.outlier * np.log(2), weight, 0.0)
        return Fit(rising(np.exp(g), MIDDLE), (log_e[:, None] + log_t) / np.log(2), weight)

    def _solve(self, codes: Array, weight: Array, log_t: Array) -> Array:
        """g(0..255) of eq. (3), with g(128) = 0 exactly."""
        a, b = equations(codes, weight, log_t)

        # The paper's samples number some 50; the balance of data and smoothness stays the same for any number.
        balance = max(1.0, (weight > 0).any(axis=1).sum() / 50.0)
        a += bending(self.smoothness * HAT[1:255]) * balance

        free = CODES != MIDDLE
        g, found = np.zeros(256), np.empty(255)
        solve(a[np.ix_(free, free)], b[free], found)
        g[free] = found
        return g


def _residual(g: Array, codes: Array, weight: Array, log_t: Array) -> tuple[Array, Array]:
    """ln E_i (n,) and how far each observation is from the curve, in ln."""
    said = g[codes] - log_t
    log_e = (weight * said).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300)
    return log_e, said - log_e[:, None]
