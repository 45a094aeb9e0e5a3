"""A ladder of motions from the displacements of tiles: shift, similarity, homography; sub-pixel, with its error.

Sources: B. D. Lucas, T. Kanade, "An Iterative Image Registration Technique with an Application to Stereo Vision",
IJCAI 1981 (eq. 9, section 5), for the displacement of a tile; S. Baker, I. Matthews, "Lucas-Kanade 20 Years On",
International Journal of Computer Vision 56(3), 2004, for composing motions. Frames next to each other in brightness,
and those two apart, are compared tile by tile from coarse to fine, and one robust adjustment finds all poses.
Differs from the papers: every tile has a gain and an offset of its own, so that neither response nor exposure times
are needed; pixels that are clipped in either frame do not count; tiles that move otherwise than most lose their weight
(Tukey's biweight); the coarsest level is searched exhaustively; a rung of the ladder is taken only where what it
explains is beyond chance; and a frame whose corners are not known well enough is left out, not blended.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fullwell.align._adjust import (
    HANDS,
    Adjustment,
    Matches,
    adjust,
    apply,
    farthest_px,
    normalised,
    parameters,
    simplest,
    spread_px,
)
from fullwell.color import srgb_decode
from fullwell.image import Array, Bracket, Frame, Pose
from fullwell.kernels import tiles
from fullwell.operators import UNKNOWN, Aligner
from fullwell.params import operator, param
from fullwell.progress import Progress

COARSEST = 200  # pixels of the long side, at most, that are searched exhaustively
LARGEST = 8_000_000  # pixels of the finest level
TILE = 16  # pixels
MOST_TILES = 1200  # of a pair and level
REGIONS = (6, 8)  # of the frame, which share the tiles evenly
TONES = 65536 >> tiles.TONE_SHIFT
DARK = 5 / 255  # codes around this and below fade out: noise
CLIP = 250 / 255
ROLLS = np.radians(np.arange(-4, 5, 2))
FEWEST = 12  # tiles that a pair needs
AGREE = 0.8  # share of them that must
STEADY = 0.007  # of the half diagonal: where the known frames moved less, the camera stood, and the others stay in
NEAR_PX = 0.1  # motions that differ by less at the corners are the same
USUAL_RATIO = 8.0  # of light between neighbours where no grey value tells
ROUNDS = 8  # of reweighting
STEPS = 3  # on each level


@operator(family="align", title="Ladder of motions", cite="lucas81")
class Ladder(Aligner):
    reach: float = param(
        0.12, lo=0.0, hi=0.4, soft=(0.02, 0.2), help="How far frames may be shifted, as a share of the longer side."
    )
    tolerance: float = param(
        0.7, lo=0.05, hi=5.0, soft=(0.1, 1.0), unit="pixels",
        help="A frame whose corners are known worse than this (one standard deviation) counts as misaligned.",
    )  # fmt: skip

    def register(self, bracket: Bracket, progress: Progress) -> Bracket:
        pyramids = [_pyramid(codes) for codes in bracket.decoded(progress)]
        order = _by_brightness(pyramids)
        place = order.index(bracket.reference)
        pairs = [(order[i + k], order[i]) for k in (1, 2) for i in range(len(order) - k)]  # the brighter one first
        tones = {pair: _tones(pyramids[pair[0]][-1], pyramids[pair[1]][-1]) for pair in pairs}
        poses = np.stack([np.eye(3)] * len(bracket))
        for side in (order[place + 1 :], order[:place][::-1]):
            placed = [bracket.reference]
            for far in side:
                tried = [self._search(near, far, pyramids, tones, poses) for near in placed[-2:]]
                poses[far] = max(tried, key=lambda t: t[0])[1]
                placed.append(far)
        for level in reversed(range(len(pyramids[0]))):
            if pyramids[0][level].size > LARGEST:
                break
            for _ in range(STEPS):
                matches = [_match(pair, pyramids, level, tones[pair], poses) for pair in pairs]
                found = adjust(matches, poses, bracket.reference, bracket.shape, ROUNDS)
                poses = found.poses
        sound = [m for m, k in zip(matches, _agreements(matches, found), strict=True) if k.share >= AGREE]
        found = adjust(sound, poses, bracket.reference, bracket.shape, 2 * ROUNDS)
        found = adjust(sound, found.poses, bracket.reference, bracket.shape, 2 * ROUNDS, self._hands(found, bracket))
        return bracket.replace(self._verdicts(bracket, found, _agreements(sound, found)))

    def _verdicts(self, bracket: Bracket, found: Adjustment, agreements: Sequence[Agreement]) -> list[Frame]:
        """The frames with the simplest motions that are within what is known of their poses, or left out."""
        shape, frames = bracket.shape, list(bracket)
        spreads = [spread_px(c, shape) for c in found.covariance]
        own = [[k for k in agreements if i in k.pair] for i in range(len(frames))]
        others = [i for i in range(len(frames)) if i != bracket.reference]
        known = [i for i in others if own[i] and spreads[i] <= self.tolerance]
        steady = STEADY * math.hypot(*shape) / 2
        stands = len(known) >= 2 and all(farthest_px(found.poses[i], shape) <= steady for i in known)
        for i in others:
            share = max((k.share for k in own[i]), default=0.0)
            confidence = round(share / (1 + (spreads[i] / self.tolerance) ** 2), 4)
            if i not in known and not stands:
                frames[i] = frames[i].replace(pose=Pose(confidence=confidence), left_out=UNKNOWN)
                continue
            pose = simplest(found.poses[i], shape, min(max(spreads[i], NEAR_PX), steady))
            residual = round(min(k.residual_px for k in own[i]), 4) if own[i] else None
            frames[i] = frames[i].replace(pose=dataclasses.replace(pose, confidence=confidence, residual_px=residual))
        return frames

    def _hands(self, found: Adjustment, bracket: Bracket) -> float:
        """How steady the hands were, 1 as usual, 0 not at all moved: as the frames that are known well tell."""
        moved = [
            parameters(pose, bracket.shape)
            for i, (pose, covariance) in enumerate(zip(found.poses, found.covariance, strict=True))
            if i != bracket.reference and spread_px(covariance, bracket.shape) < self.tolerance
        ]
        if not moved:
            return 1.0
        usual = HANDS * math.hypot(*bracket.shape) / 2
        return float(np.clip(2 * np.sqrt(np.max(np.mean((np.stack(moved) / usual) ** 2, axis=0))), 0.01, 1))

    def _search(
        self,
        near: int,
        far: int,
        pyramids: list[list[Array]],
        tones: dict[tuple[int, int], tuple[Array, Array]],
        poses: Array,
    ) -> tuple[float, Array]:
        """How alike a frame and a placed one are at best, over all rolls and shifts, and the frame's pose then."""
        pair = (far, near) if (far, near) in tones else (near, far)
        # What is clipped in the brighter one is as bright in both: the outline of what is clipped counts, too.
        ceiling = tones[pair][0][int(CLIP * TONES) - 1]
        a, b = (_normalised(pyramids[i][-1], tone, ceiling) for i, tone in zip(pair, tones[pair], strict=True))
        reach, nearby = math.ceil(self.reach * min(max(a.shape), COARSEST)), np.arange(-1, 2)
        down, across = (np.arange(-n, n + 1) for n in (min(reach, side // 2) for side in a.shape))
        roll, y, x, _ = _best(a, b, ROLLS, down, across, 3)
        roll, y, x, score = _best(a, b, roll + np.radians(np.linspace(-1, 1, 5)), y + nearby, x + nearby, 1)
        (h, w), cos, sin = a.shape, math.cos(roll), math.sin(roll)
        my, mx = (h - 1) / 2, (w - 1) / 2
        step = np.array(
            [[cos, sin, mx + x - cos * mx - sin * my], [-sin, cos, my + y + sin * mx - cos * my], [0, 0, 1]]
        )
        step = _full(step, len(pyramids[near]) - 1)
        return score, normalised((step if pair[0] == near else np.linalg.inv(step)) @ poses[near])


def _pyramid(codes: Array) -> list[Array]:
    """Grey planes, each half as large as the one before; the last is small enough to be searched. Smoothed if used."""
    top = 255 if codes.dtype == np.uint8 else 65535
    planes = [np.empty(codes.shape[:2], np.uint16)]
    tiles.grey(codes, 0 if top == 255 else 8, codes.dtype.type(round(CLIP * top)), planes[0])
    h, w = codes.shape[:2]
    while max(h, w) > COARSEST and min(h, w) > 4 * TILE:
        planes.append(np.empty((h // 2, w // 2), np.uint16))
        tiles.halve(planes[-2], planes[-1])
        h, w = h // 2, w // 2
    for k, plane in enumerate(planes):
        if plane.size <= LARGEST:
            planes[k] = np.empty_like(plane)
            tiles.smooth(plane, planes[k])
    return planes


def _by_brightness(pyramids: list[list[Array]]) -> list[int]:
    means = [float(p[-1].mean(dtype=np.float64)) for p in pyramids]
    return sorted(range(len(means)), key=lambda i: (means[i], i))


def _tones(bright: Array, dark: Array) -> tuple[Array, Array]:
    """Tables from grey to log2 of light for a pair, alike but for an offset, with the darker one's noise faded out.

    How much more light the bright one got is told by the grey values of equal rank, where neither is black or clipped.
    """
    ranks = np.linspace(0.01, 0.99, 99)
    light = _light(np.arange(TONES) * (1 << tiles.TONE_SHIFT))
    top, low = 65280 * CLIP, 65280 * DARK
    a, b = (np.quantile(image, ranks) for image in (bright, dark))
    both = (a < top) & (b < top) & (a > low) & (b > low)
    ratio = float(np.median(_light(a[both]) / _light(b[both]))) if both.sum() >= 3 else USUAL_RATIO
    floor = float(srgb_decode(np.array(DARK)))
    return np.log2(light / max(ratio, 1) + floor).astype(np.float32), np.log2(light + floor).astype(np.float32)


def _light(grey: Array) -> Array:
    return srgb_decode(np.minimum(grey / 65280, 1))


def _normalised(image: Array, tone: Array, ceiling: float) -> Array:
    out = np.empty(image.shape, np.float32)
    tiles.normalise(image, tone, ceiling, 5, 0.15, out)
    return out


def _best(a: Array, b: Array, rolls: Array, ys: Array, xs: Array, stride: int) -> tuple[float, int, int, float]:
    """The most significant of all combinations: correlation times the root of what overlaps."""
    roll, y, x = (g.ravel() for g in np.meshgrid(rolls, ys, xs, indexing="ij"))
    sums = np.empty((len(roll), 3))
    tiles.correlate(a, b, np.stack([np.cos(roll), np.sin(roll), y, x], axis=1).astype(np.float64), stride, sums)
    score = sums[:, 0] / np.sqrt(np.sqrt(np.maximum(sums[:, 1] * sums[:, 2], 1e-12)))
    best = int(np.argmax(score))
    return float(roll[best]), int(y[best]), int(x[best]), float(score[best])


def _full(matrix: Array, level: int) -> Array:
    """A motion between pixels of a level as one between pixels of the frame."""
    up = _up(level)
    return np.asarray(up @ matrix @ np.linalg.inv(up))


def _up(level: int) -> Array:
    scale = 2.0**level
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]])


def _match(
    pair: tuple[int, int], pyramids: list[list[Array]], level: int, tones: tuple[Array, Array], poses: Array
) -> Matches:
    """The tiles of the brighter frame as they are found in the darker one."""
    a, b = (pyramids[i][level] for i in pair)
    up = _up(level)
    to_b = normalised(np.linalg.inv(up) @ poses[pair[1]] @ np.linalg.inv(poses[pair[0]]) @ up)
    chosen = _choose(a, tones[0])
    out = np.empty((len(chosen), 8))
    tiles.displace(a, b, *tones, to_b, chosen, TILE, out)
    kept = (out[:, 2] > 0) & (np.hypot(out[:, 0], out[:, 1]) < 3)
    out, middle = out[kept], chosen[kept][:, ::-1] + (TILE - 1) / 2
    scale = 4.0**level
    found = apply(up @ to_b, middle)
    return Matches.of(*pair, apply(up, middle + out[:, 1::-1]), found, *(out[:, [4, 3, 2]] / scale).T)


class Agreement(NamedTuple):
    pair: tuple[int, int]
    share: float  # of the tiles that show where they are, of those that are where they should be; 0 where few show it
    residual_px: float


def _agreements(matches: Sequence[Matches], found: Adjustment) -> list[Agreement]:
    agreements = []
    for m, rest, scale in zip(matches, found.rests, found.scales, strict=True):
        share, residual, count = m.agreement(rest, scale)
        agreements.append(Agreement((m.a, m.b), share if count >= FEWEST else 0.0, residual))
    return agreements


def _choose(image: Array, tone: Array) -> Array:
    """The tiles that show most, spread over the frame, (n, 2) as (top, left)."""
    h, w = image.shape
    if h * w < MOST_TILES * (TILE // 2) ** 2 or min(h, w) < REGIONS[1] * TILE:
        ys, xs = np.arange(0, max(h - TILE, 0) + 1, TILE // 2), np.arange(0, max(w - TILE, 0) + 1, TILE // 2)
        return np.stack([g.ravel() for g in np.meshgrid(ys, xs, indexing="ij")], axis=1)
    shown = np.empty((h // TILE, w // TILE), np.float32)
    tiles.structure(image, tone, TILE, shown)
    rows, columns = shown.shape
    most = MOST_TILES // (REGIONS[0] * REGIONS[1])
    chosen = []
    for ys in np.array_split(np.arange(rows), REGIONS[0]):
        for xs in np.array_split(np.arange(columns), REGIONS[1]):
            part = shown[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
            best = np.argsort(-part.ravel(), kind="stable")[:most]
            best = best[part.ravel()[best] > 0]
            chosen.append(np.stack([ys[0] + best // part.shape[1], xs[0] + best % part.shape[1]], axis=1))
    return np.concatenate(chosen) * TILE
