"""What a bracket is made of: exposures and where they came from, clipping, and what should give pause.

It works on what cannot be merged, too: files of different sizes, without exposure, or unreadable.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fullwell.errors import ExposureError, InputError
from fullwell.image import Bracket, Exposure, Frame
from fullwell.io import Unreadable, read_frames, written_time
from fullwell.io.plausible import SAME_EV, doubt_of_equal
from fullwell.io.thumbnail import Thumbnails
from fullwell.kernels.histogram import clipping
from fullwell.progress import QUIET, Progress

__all__ = ["Inspection", "Row", "as_dict", "as_table", "inspect", "inspect_files", "row_dict"]

CLIPPED_HIGH = 254 / 255  # codes from here up, in any channel, count as clipped
CLIPPED_LOW = 1 / 255  # codes up to here, in any channel, count as clipped
MOST_NAMES = 4  # that a warning lists


@dataclass(frozen=True)
class Row:
    """One file. `ev` is log2 of its exposure over the reference's; `clipped_*` are shares of pixels, 0 to 1."""

    path: str
    error: str | None = None
    width: int | None = None
    height: int | None = None
    exposure: Exposure = field(default_factory=Exposure)
    ev: float | None = None
    clipped_low: float | None = None
    clipped_high: float | None = None
    mean_code: float | None = None  # 0 to 1
    white_balance: str = ""
    profile: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """All rows in the order given, and what concerns several of them. `sets` are rows that belong together."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()
    sets: tuple[range, ...] = ()


def inspect_files(
    paths: Iterable[str | Path] | str | Path,
    times: Iterable[float] | None = None,
    times_from: Mapping[str, float] | str | Path | None = None,
    progress: Progress = QUIET,
    every: int | None = None,
) -> Inspection:
    """Inspect files as `read_bracket` would read them, bracket by bracket where they look like several.

    Raises InputError where there is no photograph, and ExposureError for times or a list that make no sense.
    """
    found = read_frames(paths, times, times_from, every)
    rows: list[Row] = []
    warnings = list(found.notes)
    decoded = progress.each(found.frames)
    for number, each in enumerate(found.sets, 1):
        part = inspect([next(decoded) for _ in each])
        rows += part.rows
        warnings += part.warnings if len(found.sets) == 1 else [f"set {number}: {w}" for w in part.warnings]
    return Inspection(tuple(rows), tuple(dict.fromkeys(warnings)), tuple(found.sets))


def inspect(
    frames: Bracket | Sequence[Frame | Unreadable], progress: Progress = QUIET, *, pixels: bool = True
) -> Inspection:
    """Inspect frames, and files that are none. Every frame is decoded once; nothing is kept.

    Without `pixels` none is decoded, and how much of it is clipped stays None.
    """
    reference = frames.reference if isinstance(frames, Bracket) else None
    rows = [_row(f, pixels) for f in progress.each(frames)]
    usable = [f for f in frames if isinstance(f, Frame)]
    evs, warnings = _relative_evs(usable, reference)
    levels = iter(evs)
    rows = [
        dataclasses.replace(r, ev=next(levels)) if isinstance(f, Frame) else r
        for r, f in zip(rows, frames, strict=True)
    ]
    warnings = _unfit(rows) + warnings + _settings(rows)
    try:
        doubt = "" if all(f.exposure.settled for f in usable) else doubt_of_equal(usable, Thumbnails(usable))
    except InputError:  # damaged pixels, which the row tells
        doubt = ""
    warnings += [doubt] if doubt else _repeated(rows)
    return Inspection(tuple(rows), tuple(warnings), (range(len(rows)),))


def _row(frame: Frame | Unreadable, pixels: bool) -> Row:
    if isinstance(frame, Unreadable):
        return Row(frame.name, str(frame.error))
    row = Row(
        frame.name,
        height=frame.shape[0],
        width=frame.shape[1],
        exposure=frame.exposure,
        white_balance=frame.white_balance,
        profile=frame.profile,
        notes=frame.notes,
    )
    if not pixels:
        return row
    try:
        codes = frame.codes()
    except InputError as failed:
        return dataclasses.replace(row, error=str(failed))
    top = np.iinfo(codes.dtype).max
    low, high, mean = clipping(codes, round(CLIPPED_LOW * top), round(CLIPPED_HIGH * top))
    return dataclasses.replace(row, clipped_low=low, clipped_high=high, mean_code=mean / top)


def _relative_evs(frames: list[Frame], reference: int | None) -> tuple[list[float | None], list[str]]:
    """log2 of each nominal exposure over the reference's, or the middle one's; None where it is unknown."""
    timed = [f.replace(shape=(1, 1)) for f in frames if f.exposure.time_s is not None]  # sizes do not matter here
    if not timed:
        return [None] * len(frames), []
    try:
        bracket = Bracket(tuple(timed))
        logs = np.log2(bracket.nominal_exposures)
    except ExposureError as failed:
        return [None] * len(frames), [str(failed)]
    values = iter(logs.tolist())
    evs = [next(values) if f.exposure.time_s is not None else None for f in frames]
    zero = evs[reference] if reference is not None else None
    zero = logs[bracket.reference] if zero is None else zero
    return [None if ev is None else float(ev - zero) for ev in evs], []


# Warnings -------------------------------------------------------------------------------------------------------------


def _unfit(rows: list[Row]) -> list[str]:
    """Frames that keep the rest from being merged."""
    warnings = []
    if failed := [r for r in rows if r.error]:
        warnings.append(f"{len(failed)} of {len(rows)} files cannot be used: {_names(failed)}")
    sizes = {(r.width, r.height) for r in rows if r.width}
    if len(sizes) > 1:
        warnings.append("the frames have different sizes: " + ", ".join(f"{w} x {h}" for w, h in sorted(sizes)))
    if lacking := [r for r in rows if r.width and r.exposure.time_s is None and not r.exposure.settled]:
        warnings.append(f"no exposure time: {_names(lacking)}; pass --times or --times-from FILE")
    return warnings


def _settings(rows: list[Row]) -> list[str]:
    """What the camera changed beside the time."""
    warnings = []
    isos = sorted({r.exposure.iso for r in rows if r.exposure.iso})
    if len(isos) > 1:
        warnings.append(f"the ISO differs ({isos[0]:g} to {isos[-1]:g}), as with auto ISO; it counts in the exposure")
    stops = sorted({r.exposure.f_number for r in rows if r.exposure.f_number})
    if len(stops) > 1:
        warnings.append(
            f"the f-number differs ({stops[0]:g} to {stops[-1]:g}); it counts in the exposure, but blurs differently"
        )
    balances = sorted({r.white_balance for r in rows if r.white_balance})
    if len(balances) > 1:
        warnings.append(f"the white balance differs ({', '.join(balances)}); colours of the frames do not agree")
    return warnings


def _repeated(rows: list[Row]) -> list[str]:
    """Frames of the same exposure."""
    known = sorted((r for r in rows if r.ev is not None), key=lambda r: r.ev or 0.0)
    if len(known) < 2:
        return []
    groups: list[list[Row]] = [[known[0]]]
    for before, row in itertools.pairwise(known):
        if (row.ev or 0.0) - (before.ev or 0.0) <= SAME_EV:
            groups[-1].append(row)
        else:
            groups.append([row])
    return [f"the same exposure: {_names(group)}" for group in groups if len(group) > 1]


def _names(rows: list[Row]) -> str:
    names = ", ".join(Path(r.path).name for r in rows[:MOST_NAMES])
    return names if len(rows) <= MOST_NAMES else f"{names} and {len(rows) - MOST_NAMES} more"


# Rendering ------------------------------------------------------------------------------------------------------------

HEADINGS = ("file", "size", "time", "f", "ISO", "EV", "dark", "clipped", "white balance", "time from")


def as_table(inspection: Inspection) -> str:
    """Aligned text: one line per file, sets apart, then the errors, the notes and the warnings."""
    cells = [HEADINGS, *(_cells(r) for r in inspection.rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(HEADINGS))]
    left = (0, len(HEADINGS) - 2, len(HEADINGS) - 1)
    heading, *rows = [
        "  ".join(c.ljust(w) if k in left else c.rjust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in cells
    ]
    lines: list[str] = []
    for number, each in enumerate(inspection.sets, 1):
        lines += [f"set {number} of {len(inspection.sets)}"] if len(inspection.sets) > 1 else []
        lines += [heading, *(rows[i] for i in each)]
        lines += [""] if number < len(inspection.sets) else []
    lines += [f"error: {r.error}" for r in inspection.rows if r.error]
    lines += [f"note: {Path(r.path).name}: {note}" for r in inspection.rows for note in r.notes]
    lines += [f"warning: {w}" for w in inspection.warnings]
    return "\n".join(line.rstrip() for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    e = row.exposure
    return (
        Path(row.path).name,
        f"{row.width} x {row.height}" if row.width else "-",
        written_time(e.time_s) if e.time_s else "-",
        f"{e.f_number:.3g}" if e.f_number else "-",
        f"{e.iso:g}" if e.iso else "-",
        f"{row.ev:+.2f}" if row.ev is not None else "-",
        f"{row.clipped_low:.1%}" if row.clipped_low is not None else "-",
        f"{row.clipped_high:.1%}" if row.clipped_high is not None else "-",
        row.white_balance or "-",
        e.source if e.time_s else "-",
    )


def as_dict(inspection: Inspection) -> dict[str, Any]:
    """Plain data for JSON."""
    return {
        "frames": [row_dict(r) for r in inspection.rows],
        "sets": [list(each) for each in inspection.sets],
        "warnings": list(inspection.warnings),
    }


def row_dict(row: Row) -> dict[str, Any]:
    """One file as plain data."""
    e = row.exposure
    settled = dataclasses.asdict(e.settled) if e.settled else {}
    return {
        "path": row.path,
        "used": row.error is None,
        "error": row.error,
        "width": row.width,
        "height": row.height,
        "exposure": {
            "source": e.source,
            "nominal_ev": row.ev,
            "time_s": e.time_s,
            "f_number": e.f_number,
            "iso": e.iso,
            "settings_source": e.settings_source,
            **{name: settled.get(name) for name in ("snapped_ev", "solved_ev", "residual_ev", "error_ev")},
        },
        "clipped": {"low": row.clipped_low, "high": row.clipped_high},
        "white_balance": row.white_balance,
        "profile": row.profile,
        "notes": list(row.notes),
    }
