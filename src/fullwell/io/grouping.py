"""Whether files are one bracket or several: sizes, cameras, and exposures that repeat with other content."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fullwell.image import Frame
from fullwell.io import exif
from fullwell.io.thumbnail import Thumbnails

SAME_EV = 0.25  # exposures this close are the same setting, rounded by the camera
SAME_CODE = 0.15  # steps of the mean code this close may be one step of exposure, where none is known
RISES = 0.02  # a mean code falls where it does so by more
NEAR_CODE = 0.25  # frames whose mean codes differ by less can be compared
MOST_PAIRS = 3  # of two runs that are compared, those nearest in brightness
UNLIKE, ALIKE = 0.4, 0.65  # likeness: between them the time of day decides, and without it the middle
REACH = 3  # frames on either side of a cut that are compared where no cycle is found
MOST_NAMES = 4  # sets that a message names
OTHER_SIZE, OTHER_CAMERA, OTHER_CONTENT = (
    "the size changes",
    "the camera changes",
    "the exposures repeat with other content",
)


@dataclass(frozen=True)
class Sets:
    """Files that look like several brackets: the indices of each, in order, and what told them apart."""

    sets: tuple[range, ...]
    names: tuple[str, ...]
    why: str

    @property
    def every(self) -> int | None:
        """The number of frames in each set, where it is one number."""
        sizes = {len(s) for s in self.sets}
        return sizes.pop() if len(sizes) == 1 else None

    def __str__(self) -> str:
        files = f"{len(self.names)} files look like {len(self.sets)} brackets"
        if self.every:
            return (
                f"{files} of {self.every}: use --every {self.every} ({self.why} from {self._starts()} on)"
                f"{self._together('; --every {} makes one bracket of all')}."
            )
        spans = ", ".join(span([self.names[i] for i in s]) for s in self.sets[:MOST_NAMES])
        more = f" and {len(self.sets) - MOST_NAMES} more" if len(self.sets) > MOST_NAMES else ""
        together = self._together(", or use --every {} to make one bracket of all")
        return f"{files} ({self.why}): {spans}{more}; use --every auto to make each{together}."

    def _together(self, words: str) -> str:
        return "" if OTHER_SIZE in self.why else words.format(len(self.names))

    def _starts(self) -> str:
        starts = [self.names[s[0]] for s in self.sets[1:]]
        return ", ".join(starts[: MOST_NAMES - 1]) + (", ..." if len(starts) >= MOST_NAMES else "")


def span(names: Sequence[str]) -> str:
    """Files of a set as a person names them."""
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def find_sets(frames: Sequence[Frame], thumbnails: Thumbnails) -> Sets | None:
    """The brackets that files look like, in the order given; None where they may be one.

    One bracket holds frames of one size and camera. Where its exposures repeat, what they show is compared: the same is
    a repetition, as of a burst, and stays; something else begins another bracket. Without exposures, the brightness
    takes their place. Pixels are looked at where exposures repeat only.
    """
    if len(frames) < 3:
        return None
    seen = _Seen(frames, thumbnails)
    sets, why = _by_cycle(seen)
    if len(sets) < 2:
        sets, why = _by_cuts(seen)
    if len(sets) < 2:
        return None
    return Sets(tuple(sets), tuple(Path(f.name).name for f in frames), why)


class _Seen:
    """What is known of the files, and how pairs of blocks of them compare."""

    def __init__(self, frames: Sequence[Frame], thumbnails: Thumbnails) -> None:
        self.frames, self.thumbnails = frames, thumbnails
        shots = [exif.shot(f.meta.exif) for f in frames]
        self.cameras = [s.camera for s in shots]
        self.taken_s = [s.taken_s for s in shots]
        exposures = [f.exposure.relative for f in frames]
        self.evs = [math.log2(e) for e in exposures if e] if all(exposures) else None

    def levels(self) -> tuple[list[float], float]:
        """A number per file that exposure alone changes within a scene, and the difference that means nothing."""
        if self.evs is not None:
            return self.evs, SAME_EV
        means = [self.thumbnails.brightness(f) for f in self.frames]
        if any(all(sign * (b - a) > -RISES for a, b in itertools.pairwise(means)) for sign in (1, -1)):
            return [], SAME_CODE  # in order of brightness: no cycle
        return means, SAME_CODE

    def other_kind(self, i: int, j: int) -> str:
        """What keeps two files from being of one bracket, whatever they show."""
        if self.frames[i].shape != self.frames[j].shape:
            return OTHER_SIZE
        a, b = self.cameras[i], self.cameras[j]
        return OTHER_CAMERA if a and b and a != b else ""

    def same(self, before: range, after: range) -> bool | None:
        """Whether two runs of files, one behind the other, show the same; None where nothing tells."""
        means = {i: self.thumbnails.brightness(self.frames[i]) for i in (*before, *after)}
        pairs = sorted(itertools.product(before, after), key=lambda pair: abs(means[pair[0]] - means[pair[1]]))
        near = [(i, j) for i, j in pairs if abs(means[i] - means[j]) <= NEAR_CODE]
        told = (self.thumbnails.likeness(self.frames[i], self.frames[j]) for i, j in near)
        values = list(itertools.islice((v for v in told if v is not None), MOST_PAIRS))
        if not values:
            return None
        mean = sum(values) / len(values)
        if UNLIKE < mean < ALIKE and (pause := self._pause(before, after)) is not None:
            return not pause
        return mean >= (UNLIKE + ALIKE) / 2

    def _pause(self, before: range, after: range) -> bool | None:
        """Whether the photographer paused between two runs; None where no time is known."""
        times = [self.taken_s[i] for i in (*before, *after)]
        known = [t for t in times if t is not None]
        if len(known) < len(times):
            return None
        gaps = [abs(b - a) for a, b in itertools.pairwise(known)]
        between = gaps.pop(len(before) - 1)
        return between > 2 + 2 * max(gaps, default=0.0)


def _by_cycle(seen: _Seen) -> tuple[list[range], str]:
    """Sets of a regular cycle: blocks of equal length with the same exposures, or the same steps between them.

    Steps alone also repeat within one bracket of even steps. So the first cycle counts whose blocks can all be
    compared, and neighbours that show the same are one set.
    """
    fallback: tuple[list[range], str] = [], ""
    for size in _cycles(seen):
        blocks = [range(k, k + size) for k in range(0, len(seen.frames), size)]
        if any(seen.other_kind(b[0], i) for b in blocks for i in b):
            continue
        kinds = [seen.other_kind(a[-1], b[0]) for a, b in itertools.pairwise(blocks)]
        told = [False if k else seen.same(a, b) for k, (a, b) in zip(kinds, itertools.pairwise(blocks), strict=True)]
        why = next(filter(None, kinds), OTHER_CONTENT)
        sets = [blocks[0]]
        for block, same in zip(blocks[1:], told, strict=True):
            if same is False:
                sets.append(block)
            else:
                sets[-1] = range(sets[-1].start, block.stop)
        if None not in told:
            return sets, why
        if len(sets) > 1 and not fallback[0]:
            fallback = sets, why
    return fallback


def _cycles(seen: _Seen) -> Iterator[int]:
    """Lengths after which exposures repeat, then those after which their steps do, shorter first."""
    n = len(seen.frames)
    sizes = [size for size in range(2, n // 2 + 1) if n % size == 0]
    levels, tolerance = seen.levels()
    if not sizes or not levels:
        return

    def repeats(size: int, start: Callable[[int], float]) -> bool:
        return all(
            abs((levels[i] - start(i - i % size)) - (levels[i % size] - start(0))) <= tolerance for i in range(size, n)
        )

    exact = [size for size in sizes if repeats(size, lambda first: 0.0)] if seen.evs is not None else []
    yield from exact
    yield from (size for size in sizes if size not in exact and repeats(size, lambda first: levels[first]))


def _by_cuts(seen: _Seen) -> tuple[list[range], str]:
    """Sets of any lengths: cut where size or camera change, and where content does if exposures repeat."""
    n = len(seen.frames)
    changes = {i: why for i in range(1, n) if (why := seen.other_kind(i - 1, i))}
    if not changes and seen.evs is not None and _repeats_otherwise(seen):
        changes = dict.fromkeys(_content_cuts(seen), OTHER_CONTENT)
    starts = [0, *changes, n]
    sets = [range(a, b) for a, b in itertools.pairwise(starts)]
    if any(why == OTHER_SIZE for why in changes.values()) and min(map(len, sets)) < 2:
        return [], ""  # an odd one out, which the bracket names
    return sets, ", ".join(dict.fromkeys(changes.values()))


def _repeats_otherwise(seen: _Seen) -> bool:
    """Whether two files of the same exposure show different things."""
    evs = seen.evs or []
    pairs = [(i, j) for i, j in itertools.combinations(range(len(evs)), 2) if abs(evs[i] - evs[j]) <= SAME_EV]
    return any(seen.same(range(i, i + 1), range(j, j + 1)) is False for i, j in pairs)


def _content_cuts(seen: _Seen) -> list[int]:
    """Where content changes: no file shortly before shows what one shortly behind does, and some differ.

    A black or white frame beside a cut may belong to either side. Then the longer pause decides, and next whether the
    exposure is that of the very first file.
    """
    n = len(seen.frames)
    runs: list[list[int]] = []
    for cut in range(1, n):
        before, after = range(max(0, cut - REACH), cut), range(cut, min(n, cut + REACH))
        told = [seen.same(range(i, i + 1), range(j, j + 1)) for i, j in itertools.product(before, after)]
        if True not in told and False in told:
            if runs and runs[-1][-1] == cut - 1:
                runs[-1].append(cut)
            else:
                runs.append([cut])

    def likely(cut: int) -> tuple[float, bool]:
        last, first = seen.taken_s[cut - 1], seen.taken_s[cut]
        pause = abs(first - last) if first is not None and last is not None else 0.0
        return round(pause), seen.evs is not None and abs(seen.evs[cut] - seen.evs[0]) <= SAME_EV

    return [max(run, key=likely) for run in runs]
