"""fullwell response FRAMES -o curve.json: find and save the camera's response."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fullwell.cli.options import chosen, force_option, given_times, limit_option, stage_options
from fullwell.errors import UsageError


@click.command("response", short_help="Find and save the camera's response.")
@click.argument("frames", nargs=-1, metavar="FRAMES...")
@click.option("-o", "--output", metavar="FILE.json", help="Where the response goes.")
@click.option("--plot", metavar="FILE", help="Plot it: .svg, or .png with matplotlib.")
@force_option
@stage_options
def command(
    frames: tuple[str, ...],
    output: str | None,
    plot: str | None,
    settings: tuple[str, ...],
    threads: int | None,
    reference: int | None,
    force: bool,
    **given: Any,
) -> None:
    """Find the camera's response from a bracket and save it, for brackets to come.

    fullwell response *.jpg -o camera.json --plot camera.svg, then fullwell make ... --response camera.json
    """
    if not frames or not (output or plot):
        raise UsageError("response: needs frames and a place for the curve: fullwell response *.jpg -o camera.json")
    from fullwell import io
    from fullwell.cli.progress import working
    from fullwell.io import targets
    from fullwell.job import inputs
    from fullwell.report import response_plot
    from fullwell.response.saved import save

    times, times_from = given_times(given)
    recipe = chosen(given, settings, None, reference=reference)
    with working(threads) as bar:
        with bar.stage("read"):
            photographs = io.select(frames)
            wanted = [targets.Target(Path(output), targets.RESPONSE)] if output else []
            wanted += [targets.Target(Path(plot), targets.PLOT)] if plot else []
            targets.check(wanted, inputs(photographs, recipe, times_from), force)
            bracket = io.read_bracket(
                photographs, times, times_from, recipe.reference, trust_times=given["trust_times"]
            )
        with bar.stage("align"):
            bracket = recipe.align(bracket, bar) if recipe.align else bracket
        bracket = recipe.exposed(bracket, bar)
        with bar.stage("response"):
            response = recipe.response(bracket, progress=bar)
    if output:
        save(response, output)
    if plot:
        response_plot.plot(response, plot)
    fit = "" if response.residual_stops is None else f", misses its samples by {response.residual_stops:.3f} stops"
    click.echo(f"{response.name}{fit}")
    for path in (output, plot):
        if path:
            click.echo(path)


command.params.append(limit_option())
