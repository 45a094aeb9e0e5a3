"""What moved between the frames: which of them may speak where, so that nothing is there twice.

One frame decides: the reference, unless another is well exposed over far more of what the others confirm. The others
are compared with it in small cells of pixels, the nearest in exposure first, and what agrees with it joins it, so that
light which it clips is foretold by the frame that may fill it in. A cell disagrees where the difference exceeds noise,
the misfit of the response and what a fraction of a pixel of misalignment would do; codes near black, where flare and
black level add to the light, are no more than an upper bound. A region is rejected where most of its cells disagree.
Where all that agrees is clipped, one that was rejected fills in; where it is black, its bound is all there is to say.
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
WHOLE = 0.5  # share of what can be compared above which "auto" takes a frame for something else than a ghost
SOME = 0.05  # of the picture that this must be
RINGING = 0.03  # of full scale, by which JPEG sets a channel off that is clipped, beside others that are
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
    frames = small(seen, noise, cell)
    if reference < 0:
        few = [bounded(thinned(frame, FEW), t) for frame, t in zip(frames, seen.times, strict=True)]
        reference = decisive(few, seen.registered.bracket.reference)
    order = nearest(seen.times[:, 1], reference)
    known = bounded(frames[reference], seen.times[reference])
    moved, unsure, blind = np.zeros((3, len(frames), *known.light.shape[:2]), np.bool_)
    whole, misfits = either(known.state) == 0, []  # where one that agrees measures every channel
    for k in order[1:]:
        frame = fitted(bounded(frames[k], seen.times[k]), known)
        apart = regions(disagreement(known, frame, TOLERANCE[level]))
        compared = lit(frame) & lit(known)
        enough = level == "auto" and compared.mean() > SOME
        if enough and (np.mean(apart[compared]) > WHOLE or misfit(known, frame) > MOST):
            misfits.append(k)
            continue
        if (apart & lit(frames[k])).any():
            moved[k] = apart
        whole |= ~apart & (either(frame.state) == 0)
        unsure[k], blind[k] = either(frame.state) != 0, ~lit(frame)
        known = joined(known, frame, ~apart)
    if misfits:
        none = np.ones(moved.shape, np.float32)
        return Ghosts(reference, np.zeros(len(frames)), none, cell, tuple(sorted(misfits)))
    if not moved.any():
        return None
    # what nobody could compare does not speak where something moved: it may be of that
    open_ended = either(known.state) & CLIPPED != 0
    moved |= moved.any(axis=0) & ((unsure & whole) | (blind & ~open_ended))
    shares = np.stack([1 - faded(each) for each in moved])
    fall_back(shares, moved, known, frames, order)
    return Ghosts(reference, np.mean(shares < 0.5, axis=(1, 2)), shares, cell)


def nearest(times: Array, reference: int) -> list[int]:
    """The frames by how near they are to the reference in exposure, itself first, and of two the longer."""
    away = np.abs(np.log2(times / times[reference]))
    away[reference] = -1
    return [int(k) for k in np.lexsort((-times, away))]


def fall_back(shares: Array, moved: Array, known: Small, frames: list[Small], order: list[int]) -> None:
    """Where the deciding frame clips and nobody speaks, the first that measures every channel does, and does alone.

    One that agrees, whose share fades beside what it disagrees in, comes first: else a bound would be a grey patch in
    a window. Channels of several frames that disagree would make a colour that nothing had.
    """
    whole = np.array([either(frame.state) == 0 for frame in frames])
    clipped = either(frames[order[0]].state) & CLIPPED != 0
    lacking = (either(known.state) & CLIPPED != 0) | (clipped & ~(whole & (shares > 0.5)).any(axis=0))
    for agreed in (whole & ~moved, whole):
        for k in order:
            taken = lacking & agreed[k]
            shares[:, taken] = 0
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
        for c, end in enumerate(ends):  # a clipped code says no more than that: the curve goes on to climb
            light[c, end:], variance[c, end:] = light[c, end], variance[c, end]
        made.append(Small(np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.uint8)))
        cell_means(
            laid.codes, np.array(laid.shift, np.int64), laid.spans, cell, step, light,
            np.ascontiguousarray(variance, np.float32), low, ends, *made[-1],
        )  # fmt: skip
        mean_light, _, state = made[-1]
        almost = mean_light >= [light[c, end - int(RINGING * len(exposure))] for c, end in enumerate(ends)]
        state[(either(state) & CLIPPED != 0)[..., None] & almost] |= CLIPPED
        blank = ~either(state == 0) & (either(state) & (CLIPPED | BLACK) == CLIPPED | BLACK)
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
    well = [lit(frame) & (either(frame.state) & CLIPPED == 0) for frame in frames]
    scores = []
    for k, frame in enumerate(frames):
        votes = np.zeros(well[k].shape, np.int64)
        for i, other in enumerate(frames):
            if i != k:
                apart = disagreement(frame, fitted(other, frame), 1.0) > 1
                votes += np.where(well[i], np.where(apart, -1, 1), 0)
        clipped = np.mean(either(frame.state) & CLIPPED != 0)
        scores.append(float(np.mean(well[k] & (votes > 0)) - clipped))
    best = int(np.argmax(scores))
    return best if scores[best] > scores[wanted] + BETTER else wanted


def lit(frame: Small) -> Array:
    """Where a frame measures some channel, (rows, columns)."""
    return either(frame.state == 0)


def either(a: Array) -> Array:
    """The bits that any channel has, (rows, columns): several times as fast as NumPy over an axis of three."""
    return np.asarray(a[..., 0] | a[..., 1] | a[..., 2])


def thinned(frame: Small, wanted: int) -> Small:
    """About so many cells of a frame, of a regular grid."""
    rows, columns = frame.state.shape[:2]
    step = max(1, round(math.sqrt(rows * columns / wanted)))
    return Small(*(np.ascontiguousarray(a[::step, ::step]) for a in frame))


def fitted(frame: Small, known: Small) -> Small:
    """The frame without what sets it off evenly at each brightness: that is the response, not a thing that moved.

    A thing of one brightness sets off that of the frame where it is, but behind it are many: what tells is the less of
    what the brightnesses of either frame are set off by. A bound is not sharpened by it.
    """
    light = frame.light.copy()
    few, other = thinned(frame, MANY), thinned(known, MANY)
    both = (few.state == 0) & (other.state == 0) & (few.light > 0) & (other.light > 0)
    for c in range(3):
        a, b = few.light[..., c][both[..., c]], other.light[..., c][both[..., c]]
        size = a.size // TREND_BINS
        if size < LEAST_CELLS:
            continue
        off = np.log2(a / b)
        ends = np.linspace(np.log2(a.min()), np.log2(a.max()), TREND_TABLE)
        trends = []
        for at in (np.log2(a), np.log2(b)):
            bins = np.argsort(at, kind="stable")[: size * TREND_BINS].reshape(TREND_BINS, size)
            trends.append(np.interp(ends, at[bins[:, size // 2]], np.median(off[bins], axis=1)))
        least = np.clip(0.0, np.min(trends, axis=0), np.max(trends, axis=0))  # 0 where they are of two minds
        trend = np.clip(least, -TREND, TREND)
        light[..., c] *= np.interp(light[..., c], np.exp2(ends), 2.0**-trend)  # by light: no logarithm of each cell
    light = np.where(frame.state & CLIPPED, np.minimum(light, frame.light), light)
    light = np.where(frame.state & BLACK, np.maximum(light, frame.light), light)
    return frame._replace(light=light)


def misfit(known: Small, frame: Small) -> float:
    """The difference, a share of the light, that is put down to the response where two frames measure well."""
    few, other = thinned(known, MANY), thinned(frame, MANY)
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
