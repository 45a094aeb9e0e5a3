"""fullwell inspect FRAMES: the table of what is known before any work."""

from __future__ import annotations

import click

from fullwell.cli import as_json
from fullwell.errors import UsageError


@click.command("inspect", short_help="What is known of each frame, before any work.")
@click.argument("frames", nargs=-1, metavar="FRAMES...")
@click.option("--times", metavar="T,T,...", help="Exposure times in seconds, one per frame: 1/30,0.25,2.5")
@click.option("--times-from", metavar="FILE", help="A list of names and seconds or 1/seconds.")
@click.option("--json", "machine", is_flag=True, help="Print as JSON.")
def command(frames: tuple[str, ...], times: str | None, times_from: str | None, machine: bool) -> int:
    """Size, exposure and where it came from, clipping and warnings for every frame.

    Exits with 3 where a file cannot be used.
    """
    if not frames:
        raise UsageError("inspect: needs photographs, for example: fullwell inspect *.jpg")
    from fullwell.cli.progress import working
    from fullwell.io import parse_times
    from fullwell.report.inspection import as_dict, as_table, inspect_files

    with working() as bar, bar.stage("inspect"):
        found = inspect_files(frames, parse_times(times) if times else None, times_from, bar)
    if machine:
        as_json(as_dict(found))
    else:
        click.echo(as_table(found))
    return 3 if any(r.error for r in found.rows) else 0
