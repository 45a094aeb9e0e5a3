"""fullwell inspect FRAMES: the table of what is known before any work."""

from __future__ import annotations

from typing import Any

import click

from fullwell.cli import as_json
from fullwell.cli.options import given_times, limit_option, times_options
from fullwell.errors import UsageError


@click.command("inspect", short_help="What is known of each frame, before any work.")
@click.argument("frames", nargs=-1, metavar="FRAMES...")
@times_options
@click.option("--every", type=click.IntRange(1), metavar="N", help="Every N frames are a bracket.")
@click.option("--json", "machine", is_flag=True, help="Print as JSON.")
def command(frames: tuple[str, ...], every: int | None, machine: bool, **given: Any) -> int:
    """Size, exposure and where it came from, clipping and warnings for every frame.

    FRAMES are files, folders or patterns. Files that look like several brackets are shown bracket by bracket. Exits
    with 3 where a file cannot be used.
    """
    if not frames:
        raise UsageError("inspect: needs photographs, for example: fullwell inspect *.jpg")
    from fullwell.cli.progress import working
    from fullwell.report.inspection import as_dict, as_table, inspect_files

    times, times_from = given_times(given)
    with working() as bar, bar.stage("inspect"):
        found = inspect_files(frames, times, times_from, bar, every)
    if machine:
        as_json(as_dict(found))
    else:
        click.echo(as_table(found))
    return 3 if any(r.error for r in found.rows) else 0


command.params.append(limit_option())
