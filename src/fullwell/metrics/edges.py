"""Strong edges of a scene, and what a picture made of them: gradient reversals and halos.

A strong edge is a step of at least a stop between two places, across or down, that lie STEP percent of the diagonal
apart. It is reversed where the picture's step goes the other way. It has a halo where the scene is even on both sides
and the picture is not: towards the edge the light side grows lighter, or the dark side darker, by a visible part of the
step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fullwell.color import lightness
from fullwell.errors import InputError
from fullwell.image import Array, Picture, Radiance

STEP = 0.75  # % of the diagonal, between the two sides of an edge
REACH = 3.0  # % of the diagonal, how far a side is looked at
STRONG = 1.0  # stops
EVEN = 0.25  # stops by which an even side may vary
VISIBLE = 1.0  # L* that an eye may see
OVERSHOOT = 0.05  # of the picture's step, what counts as a halo


@dataclass(frozen=True)
class Edges:
    """Counts of strong edges, and the shares of them that are reversed and, of those with even sides, with a halo."""

    strong: int
    reversals: float
    even: int
    halos: float


def edges(picture: Picture | npt.ArrayLike, scene: Radiance | npt.ArrayLike) -> Edges:
    """Compare a picture (h, w, 3), linear, with the radiance that it shows, of the same size."""
    picture, scene = Picture.of(picture), Radiance.of(scene)
    if picture.rgb.shape != scene.rgb.shape:
        raise InputError(
            f"edges: picture and scene must be of one size, got {picture.rgb.shape} and {scene.rgb.shape}."
        )
    shown = lightness(np.clip(picture.rgb, 0, 1) @ picture.luminance_weights)
    light = scene.rgb @ scene.luminance_weights
    valid = np.isfinite(light) & (light > max(scene.noise_floor or 0.0, 0.0))
    stops = np.where(valid, np.log2(np.where(valid, light, 1.0)), np.nan)
    apart, reach = (max(1, round(share / 100 * float(np.hypot(*stops.shape)))) for share in (STEP, REACH))
    totals = np.zeros(4)
    with np.errstate(invalid="ignore", divide="ignore"):
        for there, seen in ((stops, shown), (stops.T, shown.T)):
            totals += _along_rows(there, seen, apart, reach)
    strong, reversed_, even, halos = totals
    return Edges(int(strong), float(reversed_ / max(strong, 1)), int(even), float(halos / max(even, 1)))


def _along_rows(stops: Array, shown: Array, apart: int, reach: int) -> Array:
    """Strong edges, reversed ones, those with even sides, and halos, across the rows."""
    if stops.shape[1] <= apart + 2 * reach:
        return np.zeros(4)
    step, drawn = _difference(stops, apart), _difference(shown, apart)
    strong = np.abs(step) >= STRONG  # NaN is not
    turned = strong & (drawn * np.sign(step) < -VISIBLE)
    # An edge lies between b and c of a, b | c, d; a and d are `reach` away from it.
    step, drawn = step[:, reach:-reach], drawn[:, reach:-reach]
    sides, drawn_sides = _difference(stops, reach), _difference(shown, reach)
    even = np.abs(step) >= STRONG
    halo = np.zeros(even.shape, bool)
    for side in (slice(0, step.shape[1]), slice(reach + apart, None)):
        even &= np.abs(sides[:, side]) <= EVEN
        # What the scene itself does there, drawn like the edge, is no overshoot; an overshoot goes against the edge.
        own = np.abs(drawn / step) * sides[:, side]
        halo |= -(drawn_sides[:, side] - own) * np.sign(step) > np.maximum(VISIBLE, OVERSHOOT * np.abs(drawn))
    return np.array([strong.sum(), turned.sum(), even.sum(), (even & halo).sum()], float)


def _difference(a: Array, apart: int) -> Array:
    return a[:, apart:] - a[:, :-apart]
