"""One curve for all channels or three, and whether any is better than sRGB: the last step of what recovers a response.

A camera balances white first and bends tones last, with one curve: equal codes are grey at every level, and one curve
for all channels keeps them so. Three independent curves explain a coloured scene a little better, since a camera's
saturation bends its channels apart, but tint what is grey. They are taken only where one curve plainly fails, as with
film, whose layers differ; then one gain per channel makes the well exposed parts of the reference frame agree with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fullwell.color import srgb_decode
from fullwell.errors import InputError
from fullwell.image import Array, Bracket, Response
from fullwell.response._known import known

MIDDLE = 128
CODES = np.arange(256)
SRGB = srgb_decode(np.maximum(CODES, 0.5) / 255.0)
HAT = np.minimum(CODES, 255 - CODES) / 127.0
WELL_EXPOSED = (CODES > 25) & (CODES < 230)
ENOUGH = 50  # patches of the reference frame that a gain may rest on
ONE_CURVE = 3.0  # times: the most that one curve may miss more than three; 2.3 in cameras, 6 with gammas 10 % apart
POOR = 0.1  # stops that a curve misses on average where frames do not follow one curve
SRGB_AS_GOOD = 1.25  # times: sRGB instead of a poor curve that misses hardly less


class Fit(NamedTuple):
    """A curve, 1 at the middle, and what it says of the places it was found from."""

    curve: Array  # (256,)
    log2_seen: Array  # (n, frames): exposure of each observation, light of the place times exposure of the frame
    weight: Array  # (n, frames): 0 for observations left out


def settled(name: str, fit: Callable[[Array, Array], Fit], z: Array, exposures: Array, bracket: Bracket) -> Response:
    """The response from samples z (n, frames, 3) uint8, by an algorithm that finds a curve from codes (n, frames).

    White is where sRGB has it over the middle code, because the end of a recovered curve is not well known.
    Raises InputError where no place is well exposed in two frames.
    """
    n, frames, _ = z.shape
    pooled = fit(z.transpose(2, 0, 1).reshape(3 * n, frames).astype(np.int64), exposures)
    seen, weight = (a.reshape(3, n, frames) for a in pooled[1:])
    fits = [Fit(pooled.curve, seen[c], weight[c]) for c in range(3)]
    curve = np.stack([f.curve for f in fits], axis=1)
    try:
        three = [fit(z[:, :, c].astype(np.int64), exposures) for c in range(3)]
    except InputError:  # a channel without contrast
        three = fits
    apart = np.stack([f.curve for f in three], axis=1)
    notes = []
    # Of two frames, another white balance would look just like other curves.
    if frames > 2 and miss_stops(curve, z, exposures) > ONE_CURVE * miss_stops(apart, z, exposures):
        fits, curve = three, apart * gains(apart, z[:, bracket.reference])
        notes.append("the channels follow different curves, as film does, and have one each")
    missed = miss_stops(curve, z, exposures)
    by_srgb = miss_stops(np.repeat(SRGB[:, None], 3, axis=1), z, exposures)
    if missed > POOR and by_srgb < SRGB_AS_GOOD * missed:
        note = (
            f"{name} found no curve that all frames follow, as with phones that tone every frame by itself: it misses "
            f"them by {missed:.2f} stops on average, plain sRGB by {by_srgb:.2f}; sRGB is used"
        )
        return known(bracket, srgb_decode, "srgb", (note,))
    residual = np.concatenate([(np.log2(f.curve)[z[:, :, c]] - f.log2_seen).ravel() for c, f in enumerate(fits)])
    weights = np.concatenate([f.weight.ravel() for f in fits])
    rms = float(np.sqrt(np.average(residual**2, weights=weights)))
    rows = np.concatenate([_plot_rows(c, z[:, :, c], f) for c, f in enumerate(fits)])
    return Response(curve, name, rows, rms, float(1.0 / SRGB[MIDDLE]), tuple(notes))


def miss_stops(curve: Array, z: Array, exposures: Array) -> float:
    """How far the frames are from agreeing on each place, under a curve (256, 3): mean absolute difference in stops.

    Half a stop at most counts of each, so that what moved does not decide.
    """
    seen = np.log2(np.maximum(curve, 1e-12))[z, np.arange(3)] - np.log2(exposures)[:, None]
    weight = HAT[z]
    weight = weight * ((weight > 0).sum(axis=1) > 1)[:, None]
    light = (weight * seen).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300)
    return float((weight * np.minimum(np.abs(seen - light[:, None]), 0.5)).sum() / max(weight.sum(), 1e-300))


def gains(curve: Array, reference: Array) -> Array:
    """One gain per channel, of geometric mean 1, after which the reference frame has the colours sRGB gives it.

    curve (256, 3); reference (n, 3): codes of the reference frame, of which the well exposed count.
    """
    good = reference[WELL_EXPOSED[reference].all(axis=1)]
    if len(good) < ENOUGH:
        return np.ones(3)
    apart = np.median(np.log(SRGB)[good] - np.log(curve)[good, np.arange(3)], axis=0)
    return np.asarray(np.exp(apart - apart.mean()))


def _plot_rows(channel: int, codes: Array, fit: Fit) -> Array:
    """(n, 3) of channel, code and log2 exposure: at most 500 observations for the plot."""
    i, j = np.argwhere(fit.weight > 0)[:: max(1, np.count_nonzero(fit.weight) // 500)].T
    return np.stack([np.full(len(i), channel), codes[i, j], fit.log2_seen[i, j]], axis=1)
