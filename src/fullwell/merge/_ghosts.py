"""What moved between the frames: which of them may speak where, so that nothing is there twice.

One frame decides: the reference, unless another is well exposed over far more of what the others confirm. The others
are compared with it in small cells of pixels, the nearest in exposure first, and what agrees with it joins it, so that
light which it clips is foretold by the frame that may fill it in. A cell disagrees where the difference exceeds noise,
the misfit of the response and what a fraction of a pixel of misalignment would do; codes near black, where flare and
black level add to the light, are no more than an upper bound. A region is rejected where most of its cells disagree.
A rejected frame keeps a trace of its weight: where no other measures anything, it still speaks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fullwell.image import Array, Ghosts
from fullwell.kernels.cells import BLACK, CLIPPED, OUTSIDE, cell_means, cells_apart
from fullwell.merge._noise import Noise, slopes
from fullwell.merge._seen import Seen

TOLERANCE = {"low": 2.0, "medium": 1.0, "high": 0.6, "auto": 1.0}  # times what is put down to the camera
ACROSS, SAMPLES = 600, 4  # cells along the diagonal, at least 2 pixels each, and pixels a side that are looked at
LEAST, MOST = 0.08, 0.5  # share of the light up to which frames may always differ, and beyond which they never may
MISFIT = 2.5  # standard deviations of what agrees that are put down to the response
SURE, SIGMAS = 0.15, 3.0  # standard deviation, a share of the light, of what tells that; how many of them noise may be
EDGE = 0.2  # share of the range of light around a cell: a fraction of a pixel of misalignment
NEAR = 1  # cells around one that vote with it
MARGIN, SOFT = 3, 2  # cells by which what is rejected grows, and over which it fades
TRACE = 1e-22  # of its weight that a rejected frame keeps: less than what a code that is hardly trusted keeps
WHOLE = 0.5  # share of what can be compared above which "auto" takes a frame for something else than a ghost
SOME = 0.05  # of the picture that this must be
DARK = 0.02  # share of white by which flare, black level and denoising set a code off: below it says no more than that
BETTER = 0.25  # of the picture, by which another frame must measure more that others confirm, or clip less, to decide
TREND_BINS, TREND = 12, 0.4  # brightnesses whose misfit is told apart, and the most stops of it
LEAST_CELLS = 40  # in each of them
TREND_TABLE = 64  # brightnesses at which a table tells it
FEW, MANY = 4000, 20_000  # cells that choose the deciding frame, and that tell the misfit


class Small(NamedTuple):
    """A frame in cells: light, its variance, and what is no measurement."""

    light: Array  # (rows, columns, 3) float32
    variance: Array
    state: Array  # uint8, bits of kernels.cells


def found(seen: Seen, noise: Noise, level: str, reference: int = -1) -> Ghosts | None:
    """Compare the frames; None where nothing moved. `reference` -1 chooses the frame that decides.

    "auto" rejects nothing where a frame differs over most of what can be compared: the frames were toned or timed one
    by one, and what moved cannot be told from that.
    """
    h, w = seen.registered.bracket.shape
    cell = max(2, round(math.hypot(h, w) / ACROSS))
    count = len(seen.times)
    frames = small(seen, noise, cell)
    wary = [bounded(frame, t) for frame, t in zip(frames, seen.times, strict=True)]
    if reference < 0:
        reference = decisive(wary, seen.registered.bracket.reference)
    away = np.abs(np.log2(seen.times[:, 1] / seen.times[reference, 1]))
    known = wary[reference]
    shares = np.ones((count, *known.light.shape[:2]), np.float32)
    rejected, misfits = np.zeros(count), []
    for k in map(int, np.argsort(away, kind="stable")):
        if k == reference:
            continue
        frame = fitted(wary[k], known)
        moved = regions(disagreement(known, frame, TOLERANCE[level]))
        compared = lit(frame) & lit(known)
        enough = level == "auto" and compared.mean() > SOME
        if enough and (np.mean(moved[compared]) > WHOLE or misfit(known, frame) > MOST):
            misfits.append(k)
            continue
        rejected[k] = np.mean(moved & lit(frames[k]))
        if rejected[k]:
            shares[k] = np.maximum(1 - faded(moved), TRACE)
        known = joined(known, frame, ~moved)
    if misfits:
        return Ghosts(reference, np.zeros(count), np.ones_like(shares), cell, tuple(sorted(misfits)))
    if not rejected.any():
        return None
    order = sorted(range(count), key=lambda k: (away[k], k))
    fall_back(shares, known, [frames[k] for k in order], order)
    return Ghosts(reference, rejected, shares, cell)


def fall_back(shares: Array, known: Small, frames: list[Small], order: list[int]) -> None:
    """Where all that agrees is clipped, the first frame that measures every channel speaks, and speaks alone.

    Channels of several frames that disagree would make a colour that nothing had.
    """
    lacking = (known.state & CLIPPED).any(axis=2)
    for k, frame in zip(order, frames, strict=True):
        taken = lacking & (frame.state == 0).all(axis=2)
        shares[:, taken] = TRACE
        shares[k][taken] = 1
        lacking &= ~taken


def small(seen: Seen, noise: Noise, cell: int) -> list[Small]:
    """Every frame in cells of `cell` pixels, of which SAMPLES a side are looked at."""
    h, w = seen.registered.bracket.shape
    shape = (-(-h // cell), -(-w // cell), 3)
    step = max(1, cell // SAMPLES)
    exposure, slope, count = seen.curve, slopes(seen.curve), (cell // step) ** 2
    low, ends = int(seen.low * (len(exposure) - 1)), np.ceil(seen.ends * (len(exposure) - 1)).astype(np.int64)
    mean = noise._replace(shot=noise.shot / count, read=noise.read / count)  # codes of a block of JPEG err together
    made = []
    for k, laid in enumerate(seen.registered.each(range(len(seen.times)))):
        light = np.ascontiguousarray((exposure / seen.times[k]).T, np.float32)
        variance = (mean.variance(exposure, slope, seen.gains[k]) / seen.times[k] ** 2).T
        made.append(Small(np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.uint8)))
        cell_means(
            laid.codes, np.array(laid.shift, np.int64), laid.spans, cell, step, light,
            np.ascontiguousarray(variance, np.float32), low, ends, *made[-1],
        )  # fmt: skip
        state = made[-1].state
        blank = (state != 0).all(axis=2) & (state & CLIPPED).any(axis=2) & (state & BLACK).any(axis=2)
        state[blank] = OUTSIDE  # codes at both ends and none between: the border of a scan, or nothing to go by
    return made


def bounded(frame: Small, times: Array) -> Small:
    """The frame with DARK for what is darker, as a bound, and as SIGMAS deviations by which the rest may be wrong."""
    dark = (DARK / times).astype(np.float32)
    state = frame.state | np.where((frame.state == 0) & (frame.light < dark), np.uint8(BLACK), np.uint8(0))
    light = np.where(state & BLACK, np.maximum(frame.light, dark), frame.light)
    return Small(light, frame.variance + (dark / SIGMAS) ** 2, state)


def decisive(frames: list[Small], wanted: int) -> int:
    """The frame well exposed in most that others confirm, and clipped in least; the wanted one if none stands out.

    The dark confirms nothing, and is confirmed by nothing: it would agree with everything.
    """
    step = stride(frames[0].state[..., 0].size, FEW)
    few = [Small(*(np.ascontiguousarray(a[::step, ::step]) for a in frame)) for frame in frames]
    well = [lit(frame) & ((frame.state & CLIPPED) == 0).all(axis=2) for frame in few]
    scores = []
    for k, frame in enumerate(few):
        votes = np.zeros(well[k].shape, np.int64)
        for i, other in enumerate(few):
            if i != k:
                apart = disagreement(frame, fitted(other, frame), 1.0) > 1
                votes += np.where(well[i], np.where(apart, -1, 1), 0)
        clipped = np.mean((frame.state & CLIPPED).any(axis=2))
        scores.append(float(np.mean(well[k] & (votes > 0)) - clipped))
    best = int(np.argmax(scores))
    return best if scores[best] > scores[wanted] + BETTER else wanted


def lit(frame: Small) -> Array:
    """Where a frame measures some channel, (rows, columns)."""
    return np.asarray((frame.state == 0).any(axis=2))


def stride(count: int, wanted: int) -> int:
    """Every how many rows and columns to look at, of so many cells, to see about as many as wanted."""
    return max(1, round(math.sqrt(count / wanted)))


def fitted(frame: Small, known: Small) -> Small:
    """The frame without what sets it off evenly at each brightness: that is the response, not a thing that moved."""
    light = frame.light.copy()
    step = stride(light[..., 0].size, MANY)
    few, other = (Small(*(a[::step, ::step] for a in each)) for each in (frame, known))
    both = (few.state == 0) & (other.state == 0) & (few.light > 0) & (other.light > 0)
    for c in range(3):
        a, b = few.light[..., c][both[..., c]], other.light[..., c][both[..., c]]
        size = a.size // TREND_BINS
        if size < LEAST_CELLS:
            continue
        at, off = np.log2(a), np.log2(a / b)
        bins = np.argsort(at, kind="stable")[: size * TREND_BINS].reshape(TREND_BINS, size)
        trend, middles = np.clip(np.median(off[bins], axis=1), -TREND, TREND), at[bins[:, size // 2]]
        ends = np.exp2(np.linspace(middles[0], middles[-1], TREND_TABLE))  # a table by light: no logarithm of each cell
        light[..., c] *= np.interp(light[..., c], ends, 2.0 ** -np.interp(np.log2(ends), middles, trend))
    return frame._replace(light=light)


def misfit(known: Small, frame: Small) -> float:
    """The difference, a share of the light, that is put down to the response where two frames measure well."""
    step = stride(known.state[..., 0].size, MANY)
    few, other = (Small(*(a[::step, ::step] for a in each)) for each in (known, frame))
    sure = (few.state | other.state) == 0
    sure &= few.variance + other.variance < (SURE * few.light) ** 2
    if np.count_nonzero(sure) <= 100:
        return LEAST
    return max(LEAST, MISFIT * 1.4826 * float(np.median(np.abs(other.light[sure] / few.light[sure] - 1))))


def disagreement(known: Small, frame: Small, tolerance: float) -> Array:
    """How far apart two frames are in units of what may be, (rows, columns): more than 1 disagrees."""
    score = np.empty(known.state.shape[:2], np.float32)
    share, edge = tolerance * min(misfit(known, frame), MOST), tolerance * EDGE
    cells_apart(*known, *frame, *np.array([SIGMAS, share, edge], np.float32), score)
    return score


def regions(score: Array) -> Array:
    """Where most cells around one disagree, grown over neighbours that half do, and by a margin."""
    core = box((score > 1).astype(np.float32), NEAR) > 0.5
    if not core.any():
        return core
    weak = (score > 0.5) | core
    for _ in range(2 * MARGIN):
        core = (box(core.astype(np.float32), 1) > 0) & weak
    return box(core.astype(np.float32), MARGIN) > 0


def faded(moved: Array) -> Array:
    """1 in what moved, falling to 0 over some cells around it."""
    wide = box(moved.astype(np.float32), SOFT) > 0
    return box(wide.astype(np.float32), SOFT)


def joined(known: Small, frame: Small, agrees: Array) -> Small:
    """What is known, with what agrees: the mean of two measurements, or the only one, or else what was known."""
    here = agrees[..., None] & (frame.state == 0)
    both = here & (known.state == 0)
    filled = here & ~both
    a, b = 1 / np.maximum(known.variance, 1e-30), 1 / np.maximum(frame.variance, 1e-30)
    light = np.where(both, (a * known.light + b * frame.light) / (a + b), np.where(filled, frame.light, known.light))
    variance = np.where(both, 1 / (a + b), np.where(filled, frame.variance, known.variance))
    return Small(light, variance, np.where(filled, np.uint8(0), known.state))


def box(a: Array, reach: int) -> Array:
    """The mean of the (2 reach + 1)^2 cells around each; the edge goes on."""
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (reach, reach)
        wide, n = np.pad(a, pad, mode="edge"), a.shape[axis]
        parts = [np.take(wide, range(i, i + n), axis=axis) for i in range(2 * reach + 1)]
        a = sum(parts[1:], parts[0]) / np.float32(len(parts))
    return a
