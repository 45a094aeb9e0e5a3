"""Relative exposures from pixels: under a curve that is known, or together with the smoothest one that fits.

For every place i, frame j and channel, g(z_ij) = log E_i + log t_j: eq. (3) of Debevec and Malik 1997, with t unknown
too. Then g, E and t may be multiplied by one number and fit as well: an exposure f and a time t to a power make the
same picture (Grossberg and Nayar, "What can be known about the radiometric response from images", ECCV 2002). A known
curve fixes that power; a free one is taken to be as steep as sRGB on the whole. With E eliminated, what is left is
x' A x = min for x = (g, t), and of all x as steep along c, A^-1 c fits best.

A place counts by the code that the other frames make expect there, not by its own, whose noise would choose its own
weight; and less the further it is off, as what moved is. Light is in log2 throughout, so that differences are stops.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fullwell.color import srgb_decode
from fullwell.image import Array
from fullwell.kernels.cholesky import bending, solve

CODES = np.arange(256)
MIDDLE = 128
SRGB = np.log2(srgb_decode(np.maximum(CODES, 0.5) / 255.0))

# Tuning --------------------------------------------------------------------------------------------------------------

EDGE = 2.0  # codes at either end that say nothing
SMOOTHNESS = 1.0  # of the free curve
TURNS = 6  # of reweighting
TOLERANCE = 2.0  # standard deviations off where a place counts half
LINK = 0.1  # places of middle grey, or as many darker ones as weigh as much, that must tie a frame to the others
GROUPS = 8  # classes of brightness, each left out once to learn the error
LEAST_ERROR_EV = 0.01  # simulated brackets with frames up to 3 EV apart are off by that where the classes agree


@dataclass(frozen=True, eq=False)
class Fit:
    """Exposures (frames,) in log2, with median 0; NaN where nothing ties a frame to others.

    `miss` is how far the frames are from agreeing on each place: mean absolute difference in stops, half a stop at most
    counting of each. `errors` works out their standard errors.
    """

    ev: Array
    errors: Callable[[], Array]
    miss: float

    @cached_property
    def error_ev(self) -> Array:
        """Standard errors of the exposures, (frames,); only who asks for them waits for them."""
        return self.errors()

    def flatter(self, times: float) -> Fit:
        """The same where the curve is less steep, and so the exposures are closer together, by a factor."""
        return Fit(self.ev / times, lambda: self.error_ev / times, self.miss / times)


def under(curve: Array, z: Array, reference: int) -> Fit:
    """Exposures from code values z (n, frames, 3), 0 to 255, under a known curve (levels, 3) of rising exposures."""
    return _alternated(z, reference, lambda weight: curve)


def free(z: Array, reference: int) -> Fit:
    """Exposures under the smoothest curve that fits, the same for all channels and as steep as sRGB on the whole."""
    n, frames, _ = z.shape
    codes = np.rint(z).astype(np.int64).transpose(2, 0, 1).reshape(3 * n, frames)
    labels = np.concatenate([codes, np.broadcast_to(256 + np.arange(frames), codes.shape)], axis=1)
    signs = np.repeat([1.0, -1.0], frames)
    smooth = bending(SMOOTHNESS * np.minimum(CODES, 255 - CODES)[1:255] / 127.0) * max(1.0, n / 50.0)

    def smoothest(weight: Array) -> Array:
        w = weight.transpose(2, 0, 1).reshape(3 * n, frames)
        a = _system(labels, np.tile(w, 2), signs, w.sum(axis=1), 256 + frames)
        a[:256, :256] += smooth
        used = np.bincount(codes.ravel(), w.ravel(), 256)
        steep = np.zeros(256 + frames)
        steep[:256] = used * (SRGB - np.average(SRGB, weights=used))
        unknown = np.diag(a) > 0  # not frames that nothing ties to the others
        unknown[[MIDDLE, 256 + reference]] = False
        x, found = np.zeros(256 + frames), np.empty(np.count_nonzero(unknown))
        solve(np.ascontiguousarray(a[np.ix_(unknown, unknown)]), steep[unknown], found)
        x[unknown] = found
        reached = steep @ x  # 0 where all pixels are of one code
        g = x[:256] * (steep[:256] @ SRGB) / reached if reached > 0 else SRGB
        return np.repeat(np.exp2(np.maximum.accumulate(g))[:, None], 3, axis=1)

    return _alternated(z, reference, smoothest)


def _system(labels: Array, weight: Array, signs: Array, total: Array, size: int) -> Array:
    """A of sum over places and frames of w (g(z) - t - E)^2 with each E eliminated, (size, size).

    labels (n, 2 frames): the unknowns of each observation, codes first, then frames; they enter with `signs`.
    """
    twice = labels.shape[1]
    half = twice // 2
    a = np.zeros(size * size)
    for j in range(half):  # the squares of g - t ...
        pair = labels[:, [j, half + j]]
        both = pair[:, :, None] * size + pair[:, None, :]
        a += np.bincount(both.ravel(), (weight[:, j, None, None] * np.array([[1, -1], [-1, 1]])).ravel(), size * size)
    signed = weight * signs
    share = signed / np.maximum(total, 1e-300)[:, None]
    for j in range(twice):  # ... less the square of their mean
        both = labels[:, j, None] * size + labels
        a -= np.bincount(both.ravel(), (share[:, j, None] * signed).ravel(), size * size)
    return a.reshape(size, size)


def _alternated(z: Array, reference: int, curve_of: Callable[[Array], Array]) -> Fit:
    """Exposures and weights in turn; `curve_of` gives the curve (levels, 3) for weights (n, frames, 3)."""
    z = z.astype(np.float64)
    weight = _pairs(_trust(z))
    linked = _linked(weight, reference)
    weight = weight * linked[:, None]
    nothing, curve = np.full(len(linked), np.nan), np.empty(0)
    for _ in range(TURNS):
        if np.count_nonzero(linked) < 2 or not weight.any():
            return Fit(nothing, lambda: nothing, math.nan)
        before, curve = curve, curve_of(weight)
        if curve is not before:  # a known one stays
            codes = np.linspace(0.0, 255.0, len(curve))
            said = np.log2(np.stack([np.interp(z[..., c], codes, curve[:, c]) for c in range(3)], axis=2).clip(1e-30))
        ev = _exposures(weight, said, linked)
        light = _mean(weight, said - ev[:, None])
        expected = light[:, None] + ev[:, None]
        off = said - expected
        code = np.stack([np.interp(np.exp2(expected[..., c]), curve[:, c], codes) for c in range(3)], axis=2)
        plain = _pairs(_trust(code) * ((z > 0) & (z < 255)) * linked[:, None])
        spread = 1.4826 * float(np.median(np.abs(off[plain > 0]))) if plain.any() else 1.0
        weight = plain / (1.0 + (off / (TOLERANCE * max(spread, 1e-3))) ** 2)
    miss = float((plain * np.minimum(np.abs(off), 0.5)).sum() / max(plain.sum(), 1e-300))

    def errors() -> Array:
        return np.where(linked, _jackknife(weight, said, linked, light.mean(axis=1), ev), np.nan)

    return Fit(np.where(linked, ev - np.median(ev[linked]), np.nan), errors, miss)


def _trust(code: Array) -> Array:
    """What a code counts, before it is known how it fits: about the inverse variance of its log2 exposure."""
    return (np.maximum(np.minimum(code, 255.0 - code) - EDGE, 0.0) / 127.5) ** 2


def _pairs(weight: Array) -> Array:
    """The weights of places that at least two frames see; one alone says nothing."""
    return weight * ((weight > 0).sum(axis=1, keepdims=True) > 1)


def _mean(weight: Array, values: Array) -> Array:
    """Over frames, (n, 3)."""
    return np.asarray((weight * values).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300))


def _ties(weight: Array) -> Array:
    """How strongly frames are tied by the places that both see, (frames, frames)."""
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    ties = np.einsum("ijc,ikc->jk", weight, share)
    np.fill_diagonal(ties, 0.0)
    return ties


def _linked(weight: Array, reference: int) -> Array:
    """Which frames (frames,) are tied to the reference, directly or by others."""
    ties, linked = _ties(weight) > LINK, np.zeros(weight.shape[1], bool)
    linked[reference] = True
    for _ in linked:
        linked |= ties[linked].any(axis=0)
    return linked


def _exposures(weight: Array, said: Array, linked: Array) -> Array:
    """Least squares of said = light + exposure, (frames,), up to a constant over the linked; 0 for the others."""
    ties = _ties(weight)
    a = np.diag(ties.sum(axis=1)) - ties
    b = (weight * (said - _mean(weight, said)[:, None])).sum(axis=(0, 2))
    k = np.flatnonzero(linked)
    ev = np.zeros(len(linked))
    ev[k] = np.linalg.lstsq(a[np.ix_(k, k)], b[k], rcond=1e-12)[0]
    return ev


def _jackknife(weight: Array, said: Array, linked: Array, light: Array, ev: Array) -> Array:
    """Standard error of exposures ev (frames,), from leaving out one class of brightness (n,) after the other."""
    order, found = np.argsort(light, kind="stable"), []
    for group in range(GROUPS):
        kept = np.ones(len(order), bool)
        kept[np.array_split(order, GROUPS)[group]] = False
        away = _exposures(weight[kept], said[kept], linked) - ev
        found.append(away - np.median(away[linked]))
    return np.hypot(np.std(found, axis=0) * np.sqrt(GROUPS - 1), LEAST_ERROR_EV)
