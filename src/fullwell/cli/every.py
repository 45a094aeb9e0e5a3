"""fullwell make --every: bracket after bracket, a line for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from fullwell.cli import as_json, tell
from fullwell.cli.make import show
from fullwell.cli.progress import working
from fullwell.errors import FullwellError, UsageError
from fullwell.io.grouping import span


def make_sets(
    frames: Sequence[str],
    every: str,
    outputs: Sequence[str],
    recipes: Any,
    times_from: Any,
    verify: bool,
    force: bool,
    threads: int | None,
    machine: bool,
) -> int:
    """Make all sets and tell of each; the exit code is that of the first that failed."""
    from fullwell.batch import make_every

    reports: list[dict[str, Any]] = []
    codes: list[int] = []
    sets = make_every(
        frames, of(every), outputs, recipes,
        times_from=times_from, verify=verify, force=force, progress=lambda: working(threads),
    )  # fmt: skip
    for outcome in sets:
        names = [p.name for p in outcome.frames.paths]
        about = f"set {outcome.number} ({span(names)}): "
        error, report = outcome.error, {}
        if outcome.result:
            click.echo(f"{about}done", err=True)
            try:
                report = outcome.result.report if machine else outcome.result.brief
            except FullwellError as gone:  # a photograph that cannot be read again
                error = gone
        if error:
            codes.append(tell(error, about))
            report = {"frames": names, "error": str(error)}
        elif not machine:
            show(report)
        reports.append(report)
    if machine:
        as_json(reports)
    if codes:
        click.echo(f"fullwell: {len(codes)} of {len(reports)} sets could not be made.", err=True)
    return codes[0] if codes else 0


def of(every: str) -> int | None:
    """The number of frames in a set, None for sets as they look."""
    if every == "auto":
        return None
    if not every.isdecimal() or not int(every):
        raise UsageError(f"--every: must be a number of frames from 1 on, or auto, got {every!r}.")
    return int(every)
