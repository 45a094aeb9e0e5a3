"""A ladder of motions from the displacements of tiles: shift, similarity, homography; sub-pixel, with its error.

Sources: B. D. Lucas, T. Kanade, "An Iterative Image Registration Technique with an Application to Stereo Vision",
IJCAI 1981 (eq. 9, section 5), for the displacement of a tile; S. Baker, I. Matthews, "Lucas-Kanade 20 Years On",
International Journal of Computer Vision 56(3), 2004, for composing motions. Frames next to each other in brightness,
and those two apart, are compared tile by tile from coarse to fine, and one robust adjustment finds all poses.
Differs from the papers: every tile has a gain, an offset and a slight curve of its own, so that neither response nor
exposure times are needed; pixels that are clipped in either frame do not count; what noise adds to the structure of a
tile is taken off; tiles that move otherwise than most lose their weight (Tukey's biweight); the coarsest level is
searched exhaustively, and finer ones around what that found; a rung of the ladder is taken only where the evidence is
for it, and none where the frames look as alike unmoved; and a frame is left out, not blended, where it is not known
well enough where what it shows belongs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fullwell.align._adjust import (
    RUNGS,
    Adjustment,
    Matches,
    adjust,
    apart_px,
    corners,
    moved_px,
    parameters,
    restricted,
    simplest,
    spread_px,
    steadiness,
)
from fullwell.align._compare import Views
from fullwell.image import Array, Bracket, Pose
from fullwell.operators import UNKNOWN, Aligner
from fullwell.params import operator, param
from fullwell.progress import Progress

LOST = f"{UNKNOWN}; --align mtb03 would lay it by whole pixels, right or not"
FEWEST = 12  # tiles that a pair needs
AGREE = 0.8  # share of them that must
HARDLY = 4.2  # times the tolerance: where all known frames moved less, the camera stood, and the others stay in
SURE = 4.0  # standard deviations
ROUNDS = 8  # of reweighting
MOST_STEPS = 12  # on each level
NEARLY_PX = 0.1  # of a level: after a smaller step the next level goes on
STEPS, SETTLED_PX = 3, 0.01  # on the finest level the first few go on to a smaller one


@operator(family="align", title="Ladder of motions", cite="lucas81")
class Ladder(Aligner):
    reach: float = param(
        0.12, lo=0.0, hi=0.4, soft=(0.02, 0.2), help="How far frames may be shifted, as a share of the longer side."
    )
    tolerance: float = param(
        0.5, lo=0.05, hi=5.0, soft=(0.1, 1.0), unit="pixels",
        help="A frame counts as misaligned where what it shows is placed worse than this (one standard deviation).",
    )  # fmt: skip

    def register(self, bracket: Bracket, progress: Progress) -> Bracket:
        views, shape, reference = Views(bracket.decoded(progress)), bracket.shape, bracket.reference
        poses = self._placed(views, reference)
        for level in views.levels:
            for step in range(MOST_STEPS):
                matches = [views.match(pair, level, poses) for pair in views.pairs]
                found = adjust(matches, poses, reference, shape, ROUNDS)
                unseen = [i for i in range(len(poses)) if sum(len(m.at) for m in matches if i in (m.a, m.b)) < FEWEST]
                found.poses[unseen] = poses[unseen]  # a coarser level may show nothing of what a finer one does
                step_px = max(apart_px(a, b, shape) for a, b in zip(poses, found.poses, strict=True))
                poses = found.poses
                settled = SETTLED_PX if level == views.finest and step + 1 < STEPS else NEARLY_PX
                if step_px < settled * 2**level:
                    break
        sound = [m for m, k in zip(matches, _agreements(matches, found), strict=True) if k.share >= AGREE]
        found = adjust(sound, poses, reference, shape, 2 * ROUNDS)
        places = [views.places(i) for i in range(len(bracket))]
        bare = [not len(p) for p in places]
        places = [p if len(p) >= FEWEST else corners(shape) for p in places]
        known = {i for i, c in enumerate(found.covariance) if spread_px(c, places[i], shape) <= self.tolerance}
        known -= {reference}
        hands = steadiness([parameters(found.poses[i], shape) for i in known], shape)
        found = adjust(sound, found.poses, reference, shape, 2 * ROUNDS, hands)
        stood = all(moved_px(found.poses[i], shape) <= HARDLY * self.tolerance for i in known)
        fewest = FEWEST if known else 1  # where nothing says that the camera stood, anything speaks against it
        poses = self._lowest_rung(views, found, bracket) if stood else found.poses
        agreements, frames = _agreements(sound, found), list(bracket)
        for i in (i for i in range(len(frames)) if i != reference):
            own = [k for k in agreements if i in k.pair]
            spread = spread_px(found.covariance[i], places[i], shape)
            confidence = round(max((k.share for k in own), default=0.0) / (1 + (spread / self.tolerance) ** 2), 4)
            lost = spread > self.tolerance and not (stood and (known or bare[i]))
            if lost or (i not in known and views.contradicted(i, poses, fewest)):
                frames[i] = frames[i].replace(pose=Pose(confidence=confidence), left_out=LOST)
                continue
            pose = simplest(poses[i], found.covariance[i], shape, hands)
            residual = round(min(k.residual_px for k in own), 4) if own else None
            frames[i] = frames[i].replace(pose=dataclasses.replace(pose, confidence=confidence, residual_px=residual))
        return bracket.replace(frames)

    def _lowest_rung(self, views: Views, found: Adjustment, bracket: Bracket) -> Array:
        """Poses of a camera that hardly moved: of as few parameters as leave the frames as alike as they are found."""
        for k in RUNGS.values():
            lower = found.poses.copy()
            for i in (i for i in range(len(bracket)) if i != bracket.reference):
                lower[i] = restricted(found.poses[i], found.covariance[i], k, bracket.shape)
            if views.better(found.poses, lower) < SURE:
                return lower
        return found.poses

    def _placed(self, views: Views, reference: int) -> Array:
        """Rough poses: from the reference on, every frame next to those that are placed."""
        poses, place = np.stack([np.eye(3)] * len(views.order)), views.order.index(reference)
        for side in (views.order[place + 1 :], views.order[:place][::-1]):
            placed = [reference]
            for far in side:
                tried = [views.search(near, far, poses, self.reach) for near in placed[-2:]]
                poses[far] = max(tried, key=lambda t: t[0])[1]
                placed.append(far)
        return poses


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
