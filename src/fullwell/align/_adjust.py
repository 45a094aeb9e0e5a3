"""Poses of all frames at once, from where tiles of one frame are found in another: robust least squares.

A pose is a (3, 3) matrix that takes the reference's pixel (x, y, 1) to the frame's. It is improved by small motions in
the reference's geometry, whose eight parameters are pixels at the corner of the frame, so that all of them weigh alike:
shift in x and y; growth and roll; stretch along the axes and along the diagonals; and the two tips of a homography.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fullwell.image import Array, Pose
from fullwell.kernels.cholesky import solve

TUKEY = 4.685  # of the scale: 95 % as efficient as least squares where the errors are normal
RAYLEIGH = 1.1774  # median length of a vector of two normal errors
UNDERRATED = 2.0  # how much larger errors of poses were, on synthetic brackets, than independent tiles would make them
FLOOR_PX = 0.02  # displacements of tiles are never better known than this
# Standard deviation of the parameters over hands and lenses, as a share of the frame's half diagonal.
HANDS = np.array([0.1, 0.1, 0.005, 0.05, 0.002, 0.002, 0.01, 0.01])
KIND = np.array([0, 0, 1, 2, 3, 3, 4, 4])  # parameters that hands do not tell apart
ALIKE = [np.flatnonzero(k == KIND) for k in range(5)]
RUNGS = {"none": 0, "shift": 2, "similarity": 4}  # parameters of each rung below the homography
STEADIEST = 1e-3  # of HANDS, on a tripod
STILL_PX = 1e-3  # a step this small ends the adjustment
NEAR_PX = 0.1  # motions that differ by less at the corners are the same
WHOLE_PX = 0.25  # a motion this close to whole pixels is one: resampling would blur more
INFORMATIVE_PX = 0.5  # a tile that shows where it is, is known this well


@dataclass(frozen=True, eq=False)
class Matches:
    """Tiles of frame `a` found again in frame `b`: a's pixel `at` (n, 2) shows what b's pixel `found` does, (x, y).

    `certainty` (n, 2, 2) is the inverse covariance of the place in a, 1 / px ^ 2.
    """

    a: int
    b: int
    at: Array
    found: Array
    certainty: Array

    @classmethod
    def of(cls, a: int, b: int, at: Array, found: Array, xx: Array, xy: Array, yy: Array) -> Matches:
        """With the floor added to what xx, xy and yy, the entries of the certainty, say."""
        determinant = np.maximum(xx * yy - xy * xy, 1e-30)
        cxx, cxy, cyy = yy / determinant + FLOOR_PX**2, -xy / determinant, xx / determinant + FLOOR_PX**2
        entries = np.stack([cyy, -cxy, -cxy, cxx], axis=1) / (cxx * cyy - cxy * cxy)[:, None]
        return cls(a, b, at, found, entries.reshape(-1, 2, 2))

    def agreement(self, rest: Array, scale: float) -> tuple[float, float, int]:
        """Share of the tiles that show where they are and are where they should be, their median error in px, and how
        many show it; rest (n, 2) px is what is left of each."""
        xx, xy, yy = self.certainty[:, 0, 0], self.certainty[:, 0, 1], self.certainty[:, 1, 1]
        least = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
        length = np.hypot(*rest.T)[least * INFORMATIVE_PX**2 > scale**2]
        if not len(length):
            return 0.0, 0.0, 0
        return float(np.mean(length < 2 * INFORMATIVE_PX)), float(np.median(length)), len(length)


@dataclass(frozen=True, eq=False)
class Adjustment:
    """Poses (frames, 3, 3); the covariance of each frame's parameters (frames, 8, 8) in px ^ 2; and for every pair what
    is left of its displacements (n, 2) in px, and the scale of that over what was expected."""

    poses: Array
    covariance: Array
    rests: list[Array]
    scales: list[float]


def adjust(
    matches: Sequence[Matches], poses: Array, reference: int, shape: tuple[int, int], rounds: int, hands: Array = HANDS
) -> Adjustment:
    """The poses that agree best with all matches; the reference's stays. Iteratively reweighted, Tukey's biweight.

    What hands and lenses do is known beforehand, by `hands`, so that frames which show little keep to simple motions.
    """
    n, radius = len(poses), _frame(shape)[1]
    prior = 1 / (hands * radius) ** 2
    free = np.delete(np.arange(n * 8).reshape(n, 8), reference, axis=0).ravel()
    for _ in range(rounds):
        normal, right = np.zeros((n, 8, n, 8)), np.zeros((n, 8))
        rests, scales = [], []
        for i in range(n):
            normal[i, :, i] += np.diag(prior)
            right[i] -= prior * parameters(poses[i], shape)
        for m in matches:
            known = apply(np.linalg.inv(poses[m.b]), m.found)
            rest = m.at - apply(poses[m.a], known)
            (x, y), (xx, xy, _, yy) = rest.T, m.certainty.reshape(-1, 4).T
            length = np.sqrt(xx * x * x + 2 * xy * x * y + yy * y * y)
            scale = max(1.0, float(np.median(length)) / RAYLEIGH) if len(length) else 1.0
            weight = (1 - np.minimum(length / (TUKEY * scale), 1) ** 2) ** 2 / (UNDERRATED * scale) ** 2
            basis = poses[m.a][:2, :2] @ _basis(known, shape)
            certain = weight[:, None, None] * m.certainty
            weighted = (certain[:, :, :1] * basis[:, :1] + certain[:, :, 1:] * basis[:, 1:]).reshape(-1, 8)
            block = basis.reshape(-1, 8).T @ weighted
            side = weighted.T @ rest.ravel()
            for one, other in ((m.a, m.b), (m.b, m.a)):
                normal[one, :, one] += block
                normal[one, :, other] -= block
            right[m.a] += side
            right[m.b] -= side
            rests.append(rest)
            scales.append(scale)
        inner, found = normal.reshape(8 * n, 8 * n)[np.ix_(free, free)], np.empty(len(free))
        solve(inner, right.ravel()[free], found)
        step = np.zeros(n * 8)
        step[free] = np.clip(found, -radius / 20, radius / 20)
        poses = np.stack([normalised(p @ motion(s, shape)) for p, s in zip(poses, step.reshape(n, 8), strict=True)])
        if np.abs(step).max() < STILL_PX:
            break
    covariance = np.zeros((n * 8, n * 8))
    covariance[np.ix_(free, free)] = np.linalg.inv(inner)
    own = np.stack([covariance.reshape(n, 8, n, 8)[i, :, i] for i in range(n)])
    return Adjustment(poses, own, rests, scales)


def simplest(matrix: Array, covariance: Array, shape: tuple[int, int], hands: Array) -> Pose:
    """The lowest rung of the ladder, none to homography, that the evidence does not speak against, or hardly differs.

    covariance (8, 8) is that of the parameters of `matrix`; `hands` is what is known of the motion beforehand. What a
    rung leaves out is as probable to be nothing now as it was before any frame was seen, or more (Savage and Dickey's
    ratio of densities). A motion of about whole pixels is one, which needs no resampling.
    """
    values, prior = parameters(matrix, shape), (hands * _frame(shape)[1]) ** 2
    model, chosen = "homography", matrix
    for rung, k in RUNGS.items():
        over, known, simple = values[k:], covariance[k:, k:], restricted(matrix, covariance, k, shape)
        speaks = over @ np.linalg.solve(known, over) - over @ (over / prior[k:])
        expected = np.log(prior[k:]).sum() - np.linalg.slogdet(known)[1]
        if speaks <= expected or apart_px(simple, matrix, shape) <= NEAR_PX:
            model, chosen = rung, simple
            break
    whole = np.eye(3)
    middle = _frame(shape)[0]
    whole[:2, 2] = np.round(apply(chosen, middle[None])[0] - middle)
    if apart_px(whole, chosen, shape) <= WHOLE_PX:
        model, chosen = "shift" if whole[:2, 2].any() else "none", whole
    return Pose.of(model, chosen, shape)


def restricted(matrix: Array, covariance: Array, k: int, shape: tuple[int, int]) -> Array:
    """The motion of the first k parameters only that is most probable, where a pose and its covariance are known."""
    values, kept = parameters(matrix, shape), np.zeros(8)
    kept[:k] = values[:k] - covariance[:k, k:] @ np.linalg.solve(covariance[k:, k:], values[k:])
    return motion(kept, shape)


def spread_px(covariance: Array, places: Array, shape: tuple[int, int]) -> float:
    """Standard deviation of the worst of the places (n, 2), from the covariance of a frame's parameters."""
    basis = _basis(places, shape)
    return float(np.sqrt(np.einsum("nij,jk,nik->n", basis, covariance, basis).max(initial=0.0)))


def steadiness(values: Sequence[Array], shape: tuple[int, int]) -> Array:
    """What the motions (8,) of a few frames say of the hands that moved the others, at most HANDS."""
    if len(values) < 2:
        return HANDS
    square = np.mean((np.stack(values) / (HANDS * _frame(shape)[1])) ** 2, axis=0)
    alike = np.array([square[group].mean() for group in ALIKE])[KIND]
    return np.asarray(HANDS * np.clip((2 + 4 / len(values)) * np.sqrt(alike), STEADIEST, 1))


def moved_px(matrix: Array, shape: tuple[int, int]) -> float:
    """How far a motion moves the frame, root mean square."""
    ends = corners(shape)
    grid = np.stack([g.ravel() for g in np.meshgrid(*np.linspace(ends[0], ends[3], 5).T)], axis=1)
    return float(np.sqrt(np.mean(np.sum((apply(matrix, grid) - grid) ** 2, axis=1))))


def apart_px(one: Array, other: Array, shape: tuple[int, int]) -> float:
    """How far two motions differ at the corner where they differ most."""
    return float(np.hypot(*(apply(one, corners(shape)) - apply(other, corners(shape))).T).max())


def apply(matrix: Array, points: Array) -> Array:
    """Points (n, 2) as (x, y), moved by a (3, 3) matrix."""
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:])


def normalised(matrix: Array) -> Array:
    return np.asarray(matrix / matrix[2, 2])


def corners(shape: tuple[int, int]) -> Array:
    """The middle of the four corner pixels, (4, 2) as (x, y)."""
    h, w = shape
    return np.array([[0, 0], [w - 1, 0], [0, h - 1], [w - 1, h - 1]], np.float64)


def motion(values: Array, shape: tuple[int, int]) -> Array:
    """The (3, 3) matrix of a small motion of 8 parameters in pixels at the corner."""
    p, to_unit = values / _frame(shape)[1], _to_unit(shape)
    small = np.array([[1 + p[2] + p[4], -p[3] + p[5], p[0]], [p[3] + p[5], 1 + p[2] - p[4], p[1]], [-p[6], -p[7], 1]])
    return np.asarray(np.linalg.inv(to_unit) @ small @ to_unit)


def parameters(matrix: Array, shape: tuple[int, int]) -> Array:
    """The 8 parameters of a (3, 3) matrix: `motion` undone."""
    to_unit = _to_unit(shape)
    m = normalised(to_unit @ matrix @ np.linalg.inv(to_unit))
    grown, roll, along, across = m[0, 0] + m[1, 1], m[1, 0] - m[0, 1], m[0, 0] - m[1, 1], m[1, 0] + m[0, 1]
    small = [m[0, 2], m[1, 2], grown / 2 - 1, roll / 2, along / 2, across / 2, -m[2, 0], -m[2, 1]]
    return np.array(small) * _frame(shape)[1]


def _basis(points: Array, shape: tuple[int, int]) -> Array:
    """Displacement (x, y) of points for each parameter, (n, 2, 8)."""
    middle, radius = _frame(shape)
    x, y = ((points - middle) / radius).T
    one, nil = np.ones_like(x), np.zeros_like(x)
    along_x = [one, nil, x, -y, x, y, x * x, x * y]
    along_y = [nil, one, y, x, -y, x, x * y, y * y]
    return np.stack([np.stack(along_x, axis=1), np.stack(along_y, axis=1)], axis=1)


def _frame(shape: tuple[int, int]) -> tuple[Array, float]:
    """The middle of a frame (x, y), and half its diagonal."""
    h, w = shape
    return np.array([(w - 1) / 2, (h - 1) / 2]), max(float(np.hypot(h, w)) / 2, 1.0)


def _to_unit(shape: tuple[int, int]) -> Array:
    """From pixels to half diagonals from the middle, (3, 3)."""
    middle, radius = _frame(shape)
    return np.array([[1 / radius, 0, -middle[0] / radius], [0, 1 / radius, -middle[1] / radius], [0, 0, 1]])
