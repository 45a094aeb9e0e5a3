"""Frames of a bracket compared two by two: which ones, how far one roughly lies from another, where tiles are found."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from fullwell.align._adjust import Matches, apply, normalised
from fullwell.color import srgb_decode
from fullwell.image import Array
from fullwell.kernels import tiles

COARSEST = 200  # pixels of the long side, at most, that are searched exhaustively
LARGEST = 8_000_000  # pixels of the finest level: photographs of more show nothing sharp to a pixel
TILE = 16  # pixels
MOST_TILES = 1200  # of a pair on the finest level
MOST_COARSE = 480  # on those before it, which only have to be right to a pixel
LOOKED_AT = 2_000_000  # pixels of the level on which it is seen where a frame shows anything
REGIONS = (6, 8)  # of the frame, which share the tiles evenly
TONES = 65536 >> tiles.TONE_SHIFT
DARK = 5 / 255  # codes around this and below fade out: noise
CLIP = 250 / 255
LEAST_STEP = 256  # grey values: a smaller difference between pixels says nothing about which frame is brighter
SHOWS = 0.003 * TILE**2  # squared stops, twice a tile's gradient: one that has less shows nothing
SEARCHED = 250_000  # pixels of the finest level on which what was found on a coarser one is searched again
ROLLS = np.radians(np.arange(-4, 5, 2))
USUAL_RATIO = 8.0  # of light between neighbours where no grey value tells

Pair = tuple[int, int]  # the brighter frame first


class Views:
    """Grey pyramids of all frames. Neighbours in brightness, and those two apart, are compared.

    A pose is a (3, 3) matrix that takes the reference's pixel (x, y, 1) to the frame's.
    """

    def __init__(self, codes: Iterable[Array]) -> None:
        self.pyramids = [_pyramid(c) for c in codes]
        self.order = _by_brightness(self.pyramids)  # from dark to bright
        n, order = len(self.order), self.order
        self.pairs = [(order[i + k], order[i]) for k in (1, 2) for i in range(n - k)]
        self.levels = sorted(self.pyramids[0], reverse=True)  # coarse to fine
        self.coarsest, self.finest = self.levels[0], self.levels[-1]
        tops = [p[self.coarsest] for p in self.pyramids]
        self.tones = {(a, b): _tones(tops[a], tops[b]) for a, b in self.pairs}
        self._chosen: dict[tuple[Pair, int], Array] = {}

    def search(self, near: int, far: int, poses: Array, reach: float) -> tuple[float, Array]:
        """How alike a frame and a placed one are at best, over all rolls and shifts, and the frame's pose then."""
        pair = (far, near) if (far, near) in self.tones else (near, far)
        a, b = self._correlated(pair, self.coarsest)
        roll, y, x = _roughly(a, b, ROLLS, math.ceil(reach * min(max(a.shape), COARSEST)))
        turned, around = np.radians(np.linspace(-1, 1, 5)), np.arange(-1, 2)
        roll, y, x, score = _best(a, b, roll + turned, y + around, x + around)
        level = self.coarsest
        while level > self.finest and self.pyramids[near][level - 1].size <= SEARCHED:
            level, turned, around = level - 1, turned / 2, np.arange(-2, 3)  # around twice what was found
            a, b = self._correlated(pair, level)
            roll, y, x, score = _best(a, b, roll + turned, 2 * y + around, 2 * x + around)
        (h, w), cos, sin = a.shape, math.cos(roll), math.sin(roll)
        my, mx = (h - 1) / 2, (w - 1) / 2
        step = np.array(
            [[cos, sin, mx + x - cos * mx - sin * my], [-sin, cos, my + y + sin * mx - cos * my], [0, 0, 1]]
        )
        up = _up(level)
        step = up @ step @ np.linalg.inv(up)
        return score, normalised((step if pair[0] == near else np.linalg.inv(step)) @ poses[near])

    def _correlated(self, pair: Pair, level: int) -> tuple[Array, Array]:
        """Both frames' planes as they are correlated."""
        tones = self.tones[pair]
        # What is clipped in the brighter one is as bright in both: the outline of what is clipped counts, too.
        ceiling = tones[0][int(CLIP * TONES) - 1]
        a, b = (_normalised(self.pyramids[i][level], tone, ceiling) for i, tone in zip(pair, tones, strict=True))
        return a, b

    def match(self, pair: Pair, level: int, poses: Array) -> Matches:
        """The tiles of the brighter frame as they are found in the darker one."""
        chosen, to_b, out = self._displaced(pair, level, poses)
        kept = (out[:, 2] > 0) & (np.hypot(out[:, 0], out[:, 1]) < 3)
        out, middle = out[kept], chosen[kept][:, ::-1] + (TILE - 1) / 2
        up, scale = _up(level), 4.0**level
        found = apply(up @ to_b, middle)
        return Matches.of(*pair, apply(up, middle + out[:, 1::-1]), found, *(out[:, [4, 3, 2]] / scale).T)

    def better(self, some: Array, other: Array) -> float:
        """By how many standard deviations more tiles look alike under some poses than under others."""
        more, less = 0, 0
        for pair in self.pairs:
            a, b = (self._displaced(pair, self.finest, poses)[2] for poses in (some, other))
            seen = (a[:, 6] > 0) & (b[:, 6] > 0) & (np.maximum(a[:, 2], b[:, 2]) > 0)
            more += int((a[seen, 8] > b[seen, 8]).sum())
            less += int((a[seen, 8] < b[seen, 8]).sum())
        return (more - less) / math.sqrt(max(more + less, 1))

    def places(self, frame: int) -> Array:
        """Where a frame shows anything: the middle of its tiles that do, (n, 2) as (x, y), pixels of the frame."""
        level = next(k for k in self.levels[::-1] if self.pyramids[frame][k].size <= LOOKED_AT or k == self.coarsest)
        return apply(_up(level), np.argwhere(self._shows(frame, level))[:, ::-1] * TILE + (TILE - 1) / 2)

    def contradicted(self, frame: int, poses: Array, fewest: int) -> bool:
        """Whether most of what a frame and one that it is compared with show in the same place is not the same.

        It is looked at where noise is least, in the coarsest planes.
        """
        level = self.coarsest
        for pair in (p for p in self.pairs if frame in p):
            to_b, corners = self._between(pair, level, poses), np.argwhere(self._shows(pair[0], level)) * TILE
            middle = apply(to_b, corners[:, ::-1] + (TILE - 1) / 2)
            cells, shows = (middle[:, ::-1] // TILE).astype(np.int64), self._shows(pair[1], level)
            inside = ((cells >= 0) & (cells < shows.shape)).all(axis=1)
            corners = corners[inside][shows[tuple(cells[inside].T)]]
            out = self._displaced_tiles(pair, level, to_b, corners)
            seen = out[:, 6] > 0
            if seen.sum() >= fewest and np.mean(out[seen, 8] < tiles.EXPLAINED) > 0.5:
                return True
        return False

    def _displaced(self, pair: Pair, level: int, poses: Array) -> tuple[Array, Array, Array]:
        """Tiles chosen (n, 2) in the brighter frame, the motion to the darker one, and what the kernel says of them."""
        if (pair, level) not in self._chosen:
            plane, most = self.pyramids[pair[0]][level], MOST_TILES if level == self.finest else MOST_COARSE
            coarser = self.pyramids[pair[0]].get(level + 1, plane)
            self._chosen[pair, level] = _choose(plane, coarser, self.tones[pair][0], most)
        to_b, chosen = self._between(pair, level, poses), self._chosen[pair, level]
        return chosen, to_b, self._displaced_tiles(pair, level, to_b, chosen)

    def _displaced_tiles(self, pair: Pair, level: int, to_b: Array, corners: Array) -> Array:
        out = np.empty((len(corners), 9))
        a, b = (self.pyramids[i][level] for i in pair)
        tiles.displace(a, b, *self.tones[pair], to_b, corners, TILE, out)
        return out

    def _between(self, pair: Pair, level: int, poses: Array) -> Array:
        """The motion from the brighter frame to the darker one, between pixels of a level."""
        up = _up(level)
        return normalised(np.linalg.inv(up) @ poses[pair[1]] @ np.linalg.inv(poses[pair[0]]) @ up)

    def _shows(self, frame: int, level: int) -> Array:
        """Which tiles of a frame show where they are, (rows, columns)."""
        plane = self.pyramids[frame][level]
        tone = np.log2(_light(np.arange(TONES) * (1 << tiles.TONE_SHIFT)) + srgb_decode(np.array(DARK)))
        shown = np.empty((plane.shape[0] // TILE, plane.shape[1] // TILE), np.float32)
        tiles.structure(plane, tone.astype(np.float32), TILE, shown)
        return np.asarray(shown > SHOWS)


def _pyramid(codes: Array) -> dict[int, Array]:
    """Smoothed grey planes by level, whose pixels are 2 ** level wide; none is large, the last may be searched."""
    (h, w, _), top, level, planes = codes.shape, 255 if codes.dtype == np.uint8 else 65535, 0, {}
    shift, clip = 0 if top == 255 else 8, codes.dtype.type(round(CLIP * top))
    if h * w > LARGEST and _halved((h, w)):
        level, plane = 1, np.empty((h // 2, w // 2), np.uint16)
        tiles.grey_halved(codes, shift, clip, plane)
    else:
        plane = np.empty((h, w), np.uint16)
        tiles.grey(codes, shift, clip, plane)
    while True:
        halved = _halved(plane.shape)
        if plane.size <= LARGEST or not halved:
            planes[level] = np.empty_like(plane)
            tiles.smooth(plane, planes[level])
        if not halved:
            return planes
        fine, plane, level = plane, np.empty(halved, np.uint16), level + 1
        tiles.halve(fine, plane)


def _halved(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """The size of the next level, if there is one."""
    h, w = shape
    return (h // 2, w // 2) if max(h, w) > COARSEST and min(h, w) > 4 * TILE else None


def _by_brightness(pyramids: list[dict[int, Array]]) -> list[int]:
    """The frames from dark to bright: what most pixels say, whatever a few of a border or a lamp do."""
    tops = np.stack([p[max(p)] for p in pyramids]).astype(np.int64)
    wins = [int(sum(np.sign((np.abs(d) > LEAST_STEP) * d).sum() for d in top - tops)) for top in tops]
    return sorted(range(len(tops)), key=lambda i: (wins[i], i))


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


def _roughly(a: Array, b: Array, rolls: Array, reach: int) -> tuple[float, int, int]:
    """The most significant of all rolls and of all shifts up to `reach`, as `_best` has them."""
    down, across = (min(reach, side // 2) for side in a.shape)
    # So large that shifts do not wrap around, and of small factors.
    size = tuple(-(-(side + more) // 32) * 32 for side, more in zip(a.shape, (down, across), strict=True))
    ys, xs = np.arange(-down, down + 1), np.arange(-across, across + 1)
    (h, w), (y, x) = a.shape, np.indices(a.shape)
    in_b = [np.fft.rfft2(plane, size) for plane in (b, np.square(b), np.ones_like(b))]
    found = []
    for roll in rolls:
        cos, sin, my, mx = math.cos(roll), math.sin(roll), (h - 1) / 2, (w - 1) / 2
        u = np.rint(cos * (x - mx) - sin * (y - my) + mx).astype(np.int64)  # a's pixel that b's is, unshifted
        v = np.rint(cos * (y - my) + sin * (x - mx) + my).astype(np.int64)
        inside = ((u >= 0) & (u < w) & (v >= 0) & (v < h)).astype(np.float32)
        turned = a[np.clip(v, 0, h - 1), np.clip(u, 0, w - 1)] * inside
        in_a = [np.conj(np.fft.rfft2(plane, size)) for plane in (turned, inside, np.square(turned))]
        ab, bb, aa = (np.fft.irfft2(p * q, size)[np.ix_(ys, xs)] for p, q in zip(in_a, in_b, strict=True))
        score = _significance(ab, aa, bb)
        best = np.unravel_index(int(np.argmax(score)), score.shape)
        found.append((float(score[best]), float(roll), int(ys[best[0]]), int(xs[best[1]])))
    return max(found, key=lambda f: f[0])[1:]


def _best(a: Array, b: Array, rolls: Array, ys: Array, xs: Array) -> tuple[float, int, int, float]:
    """The most significant of all combinations, and how significant it is."""
    roll, y, x = (g.ravel() for g in np.meshgrid(rolls, ys, xs, indexing="ij"))
    sums = np.empty((len(roll), 3))
    tiles.correlate(a, b, np.stack([np.cos(roll), np.sin(roll), y, x], axis=1).astype(np.float64), sums)
    score = _significance(*sums.T)
    best = int(np.argmax(score))
    return float(roll[best]), int(y[best]), int(x[best]), float(score[best])


def _significance(ab: Array, aa: Array, bb: Array) -> Array:
    """Correlation times the root of what overlaps."""
    return np.asarray(ab / np.sqrt(np.sqrt(np.maximum(aa, 1e-6) * np.maximum(bb, 1e-6))))


def _up(level: int) -> Array:
    scale = 2.0**level
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]])


def _choose(image: Array, coarser: Array, tone: Array, most: int) -> Array:
    """The tiles that show most, spread over the frame, (n, 2) as (top, left): as the next coarser level says."""
    h, w = image.shape
    if h * w < MOST_TILES * (TILE // 2) ** 2 or min(h, w) < REGIONS[1] * TILE:
        ys, xs = np.arange(0, max(h - TILE, 0) + 1, TILE // 2), np.arange(0, max(w - TILE, 0) + 1, TILE // 2)
        return np.stack([g.ravel() for g in np.meshgrid(ys, xs, indexing="ij")], axis=1)
    shown = np.empty((h // TILE, w // TILE), np.float32)
    tiles.structure(coarser, tone, TILE // (h // coarser.shape[0]), shown)
    rows, columns = shown.shape
    most //= REGIONS[0] * REGIONS[1]
    chosen = []
    for ys in np.array_split(np.arange(rows), REGIONS[0]):
        for xs in np.array_split(np.arange(columns), REGIONS[1]):
            part = shown[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
            best = np.argsort(-part.ravel(), kind="stable")[:most]
            best = best[part.ravel()[best] > 0]
            chosen.append(np.stack([ys[0] + best // part.shape[1], xs[0] + best % part.shape[1]], axis=1))
    return np.concatenate(chosen) * TILE
