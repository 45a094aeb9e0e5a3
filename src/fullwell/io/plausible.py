"""Whether exposures can be true: against EXIF, and against the brightness of the photographs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fullwell.errors import ExposureError
from fullwell.image import Frame
from fullwell.io.thumbnail import Thumbnails

SAME_EV = 0.05  # exposures this close are equal
ROUNDED_EV = 0.5  # a given time this close to EXIF's is the same, rounded: 1/30 s for 1/33 s, or 0.3 s for 1/4 s
ORDERED_EV = 0.3  # of exposures further apart, the longer must be the brighter
DARKER = 0.02, 1.5, 0.008  # mean codes differ by this; or, near black, by this factor where the larger is above this
UNEQUAL_STOPS, UNEQUAL_CODE = 0.7, 0.1  # photographs of one exposure differ by less, in stops or mean code

Pair = tuple[int, int]


def check_given(told: Sequence[Frame], frames: Sequence[Frame], thumbnails: Thumbnails, what: str) -> list[str]:
    """Check times that were given against EXIF, which `told` holds, and against brightness; notes on what is odd.

    EXIF that says the same of all frames says nothing. Where given times differ from EXIF's and brightness clearly
    supports them, they count. Raises ExposureError, with a table, where they contradict EXIF or brightness.
    """
    notes, strange = _against_exif(told, frames)
    if strange:
        if not _supported(told, frames, thumbnails):
            one = strange[0]
            raise ExposureError(
                f"{what}: EXIF says something else; {_name(frames[one])} is given {_time(frames[one])} and was "
                f"exposed {_time(told[one])}; leave the times out, or say each frame's by name, "
                f"--times {_by_name(told, strange)}; if EXIF is wrong, add --trust-times.",
                _table(told, frames, thumbnails, strange),
            )
        notes.append(f"{what}: the times differ from EXIF's; the brightness of the frames supports them")
    if pairs := reversed_pairs(frames, thumbnails):
        less, more = frames[pairs[0][0]], frames[pairs[0][1]]
        raise ExposureError(
            f"{what}: {_name(less)} is given {_time(less)} and is brighter than {_name(more)} with {_time(more)}; "
            f"files in the order of their names need not be in that of the times: say each frame's, "
            f"--times {_name(less)}=...,{_name(more)}=...; if the times are right, add --trust-times.",
            _table(told, frames, thumbnails, {i for pair in pairs for i in pair}),
        )
    if doubt := doubt_of_equal(frames, thumbnails):
        raise ExposureError(doubt)
    return notes


def reversed_pairs(frames: Sequence[Frame], thumbnails: Thumbnails) -> list[Pair]:
    """Pairs (a, b) where a has clearly less exposure and is clearly brighter than b."""
    levels = _levels(frames)
    if None in levels:
        return []
    means = [thumbnails.brightness(f) for f in frames]
    order = sorted(range(len(frames)), key=lambda i: levels[i] or 0.0)
    return [
        (i, j)
        for i, j in itertools.combinations(order, 2)
        if (levels[j] or 0.0) - (levels[i] or 0.0) > ORDERED_EV and _clearly_darker(means[j], means[i])
    ]


def _clearly_darker(dark: float, light: float) -> bool:
    by, factor, least = DARKER
    return light - dark > by or (light > least and light > dark * factor)


def doubt_of_equal(frames: Sequence[Frame], thumbnails: Thumbnails) -> str:
    """A sentence where frames of one exposure differ in brightness; pixels are decoded if exposures are equal only."""
    levels = _levels(frames)
    for i, j in itertools.combinations(range(len(frames)), 2):
        a, b = levels[i], levels[j]
        if a is None or b is None or abs(a - b) > SAME_EV or not _differ(frames[i], frames[j], thumbnails):
            continue
        known = [v for v in levels if v is not None]
        which = "all frames" if max(known) - min(known) <= SAME_EV else f"{_name(frames[i])} and {_name(frames[j])}"
        return (
            f"{which} have the same exposure although their brightness differs: the times are wrong; pass --times or "
            "--times-from FILE, solve the exposures from the pixels: --exposures solved, or fuse the frames without "
            "times: --fuse mertens07; if they are right: --trust-times."
        )
    return ""


def _differ(a: Frame, b: Frame, thumbnails: Thumbnails) -> bool:
    stops = thumbnails.stops(a, b)
    if stops is None:
        return abs(thumbnails.brightness(a) - thumbnails.brightness(b)) > UNEQUAL_CODE
    return abs(stops) > UNEQUAL_STOPS


def rises(values: Sequence[float], frames: Sequence[Frame], thumbnails: Thumbnails) -> bool | None:
    """Whether frames grow brighter with these values (True) or darker (False); None where it is neither or nothing."""
    means = [thumbnails.brightness(f) for f in frames]
    signs = {
        math.copysign(1.0, (values[j] - values[i]) * (means[j] - means[i]))
        for i, j in itertools.combinations(range(len(frames)), 2)
        if values[i] != values[j] and _clearly_darker(*sorted((means[i], means[j])))
    }
    return signs.pop() > 0 if len(signs) == 1 else None


def _against_exif(told: Sequence[Frame], frames: Sequence[Frame]) -> tuple[list[str], list[int]]:
    """Notes, and the frames whose given exposure is another than EXIF's; one factor for all is none."""
    exif, given = _levels(told), _levels(frames)
    both = [i for i in range(len(frames)) if exif[i] is not None and given[i] is not None]
    before, after = np.array([exif[i] for i in both], float), np.array([given[i] for i in both], float)
    if len(both) < 2 or np.ptp(before) <= SAME_EV:
        return [], []
    offset = float(np.median(after - before))
    strange = [i for i, off in zip(both, after - before - offset, strict=True) if abs(off) > ROUNDED_EV]
    if not strange and abs(offset) > ROUNDED_EV:
        return [f"the given exposures are all {2**offset:.4g} times those in EXIF; only their ratios count here"], []
    return [], strange


def _supported(told: Sequence[Frame], frames: Sequence[Frame], thumbnails: Thumbnails) -> bool:
    """Whether the stops that are seen between frames speak for the given exposures, not for EXIF's."""
    order = sorted(range(len(frames)), key=lambda i: thumbnails.brightness(frames[i]))
    exif, given = _levels(told), _levels(frames)
    misses = []
    for i, j in itertools.pairwise(order):
        seen = thumbnails.stops(frames[i], frames[j])
        if seen is not None and None not in (exif[i], exif[j], given[i], given[j]):
            misses.append([abs((v[j] or 0.0) - (v[i] or 0.0) - seen) for v in (exif, given)])
    if not misses:
        return False
    of_exif, of_given = np.sum(misses, axis=0)
    return bool(of_given < of_exif / 2)


def _levels(frames: Sequence[Frame]) -> list[float | None]:
    """log2 exposure of each frame; None without a time."""
    return [math.log2(e) if (e := f.exposure.relative) else None for f in frames]


def _name(frame: Frame) -> str:
    return Path(frame.name).name


def _time(frame: Frame) -> str:
    return written_time(frame.exposure.time_s) if frame.exposure.time_s else "-"


def _by_name(frames: Sequence[Frame], some: Sequence[int]) -> str:
    """EXIF's times as `--times` takes them, of two frames."""
    return ",".join(f"{_name(frames[i])}={frames[i].exposure.time_s:.4g}" for i in some[:2]) + ",..."


def _table(
    told: Sequence[Frame], frames: Sequence[Frame], thumbnails: Thumbnails, marked: Sequence[int] | set[int]
) -> str:
    """Lines of file, given time, EXIF's time and brightness, darkest first; contradictions are marked."""
    order = sorted(range(len(frames)), key=lambda i: thumbnails.brightness(frames[i]))
    rows: list[tuple[str, ...]] = [("file", "given", "EXIF", "brightness", "")]
    for i in order:
        mean = f"{100 * thumbnails.brightness(frames[i]):.1f} %"
        rows.append((_name(frames[i]), _time(frames[i]), _time(told[i]), mean, "<" if i in marked else ""))
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    lines = []
    for file, *numbers, mark in rows:
        right = "  ".join(n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))
        lines.append(f"  {file.ljust(widths[0])}  {right}  {mark}".rstrip())
    return "\n".join(lines)


def written_time(time_s: float) -> str:
    """Seconds as photographers write them: 2.5 s, 1/30 s."""
    under = round(1 / time_s)
    if time_s < 0.4 and math.isclose(time_s * under, 1.0, rel_tol=0.01):
        return f"1/{under} s"
    return f"{time_s:.3g} s"
