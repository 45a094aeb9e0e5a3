"""Debevec and Malik 1997: the smoothest response that explains all samples.

Source: P. E. Debevec, J. Malik, "Recovering High Dynamic Range Radiance Maps from Photographs", SIGGRAPH 1997, eq. (3)
with the hat weight of eq. (4). For every sample i in frame j,  g(z_ij) = ln E_i + ln t_j.
Differs from the paper: a few thousand flat patches instead of some fifty pixels picked by hand, since the unknown E_i
are eliminated and cost nothing; what is asked to be smooth is what a power law leaves of the curve, so that a straight
line and every gamma cost nothing; the samples choose lambda; a second solution weighs each sample by the code that
the first expects there, not by its own, whose noise would choose its own weight, and leaves out those that the first
contradicts (things that moved); the curve is made to rise; all channels share one unless they plainly differ, and sRGB
takes the place of a curve that the frames do not follow. As in the authors' program, lambda multiplies the residual,
not its square.
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

LOG = np.log(np.maximum(CODES, 0.5) / MIDDLE)


def _rough() -> Array:
    """How rough a g (256,) is, g' m g: its bending by eq. (3), less what the best power law in it bends."""
    m = bending(HAT[1:255])
    log = m @ LOG
    return np.asarray(m - np.outer(log, log) / (LOG @ log))


ROUGH = _rough()

# Tuning --------------------------------------------------------------------------------------------------------------

CANDIDATES = (8.0, 16.0, 32.0)  # lambda; with 2 and 4 places that are like their neighbours chose waves
AS_GOOD = 1.01  # times: a smoother curve may miss the held-out samples so much more
FAINT = 1e-4  # of the weight of one sample: a straight line decides what no sample does


@operator(family="response", title="Debevec and Malik", cite="debevec97")
class Debevec97(Calibrator):
    samples: int = param(3000, lo=50, hi=100000, soft=(500, 10000), scale="log", help="How many places to look at.")
    smoothness: float = param(
        0.0, lo=0.0, hi=1000.0, soft=(0, 100),
        help="Lambda: the curve is smoother as it grows. 0 takes what foretells held-out samples best.",
    )  # fmt: skip
    outlier: float = param(
        0.5, lo=0.05, hi=10.0, soft=(0.2, 2.0), unit="stops", help="Samples further off than this are left out."
    )

    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        z, exposures = sample(bracket, self.samples, progress)
        return settled(self.id, self._fit, z, exposures, bracket)

    def _fit(self, codes: Array, exposures: Array) -> Fit:
        """The curve of the places' codes (n, frames)."""
        log_t = np.log(exposures)
        weight = _measured(HAT[codes] ** 2)  # the weight multiplies the residual, so its square the squared residual
        g = self._solve(codes, weight, log_t)
        log_e, residual = _residual(g, codes, weight, log_t)
        expected = np.interp(log_e[:, None] + log_t, np.log(rising(np.exp(g), MIDDLE)), CODES)
        fits = (np.abs(residual) < self.outlier * np.log(2)) & (HAT[codes] > 0)
        weight = _measured(np.where(fits, np.interp(expected, CODES, HAT) ** 2, 0.0))
        g = self._solve(codes, weight, log_t)
        log_e, _ = _residual(g, codes, weight, log_t)
        return Fit(rising(np.exp(g), MIDDLE), (log_e[:, None] + log_t) / np.log(2), weight)

    def _solve(self, codes: Array, weight: Array, log_t: Array) -> Array:
        """g(0..255) of eq. (3), with g(128) = 0 exactly."""
        # The paper's samples number some 50; the balance of data and smoothness stays the same for any number.
        balance = max(1.0, weight.any(axis=1).sum() / 50.0)
        halves = [(codes[i::2], weight[i::2]) for i in (0, 1)]
        systems = [equations(*half, log_t) for half in halves]
        lam = self.smoothness or _foretelling(halves, systems, log_t, balance)
        return _minimum(systems[0][0] + systems[1][0], systems[0][1] + systems[1][1], lam**2 * balance)


def _foretelling(
    halves: list[tuple[Array, Array]], systems: list[tuple[Array, Array]], log_t: Array, balance: float
) -> float:
    """The lambda with which either half of the places, as codes and weights, best foretells the other.

    What no place tells is wavy: where all frames are twice as bright as the last, a curve may wave once a stop unseen.
    So of those that foretell about as well the smoothest is taken.
    """
    misses = []
    for lam in CANDIDATES:
        found = [_minimum(a, b, lam**2 * balance / 2.0) for a, b in systems]
        told = zip(found, reversed(halves), strict=True)
        misses.append(sum(float((w * _residual(g, z, w, log_t)[1] ** 2).sum()) for g, (z, w) in told))
    return max(lam for lam, miss in zip(CANDIDATES, misses, strict=True) if miss <= AS_GOOD * min(misses))


def _minimum(a: Array, b: Array, smooth: float) -> Array:
    """The g (256,), 0 at the middle, that fits a g = b and is smooth."""
    free, g, found = CODES != MIDDLE, np.zeros(256), np.empty(255)
    solve(
        np.ascontiguousarray((a + smooth * ROUGH + FAINT * np.eye(256))[free][:, free]), (b + FAINT * LOG)[free], found
    )
    g[free] = found
    return g


def _measured(weight: Array) -> Array:
    """The weights (n, frames) of places that two frames measure; one alone says nothing. InputError without any."""
    weight = weight * ((weight > 0).sum(axis=1) > 1)[:, None]
    if not weight.any():
        raise InputError(
            "debevec97: no place is well exposed in two frames; the exposures lie too far apart or the frames "
            "are black or white. Add frames between, or pass a known response: --response srgb."
        )
    return weight


def _residual(g: Array, codes: Array, weight: Array, log_t: Array) -> tuple[Array, Array]:
    """ln E_i (n,) and how far each observation is from the curve, in ln."""
    said = g[codes] - log_t
    log_e = (weight * said).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300)
    return log_e, said - log_e[:, None]
