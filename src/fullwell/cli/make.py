"""fullwell make: frames to files."""

from __future__ import annotations

from typing import Any

import click

from fullwell.cli import as_json
from fullwell.cli.options import chosen, stage_options
from fullwell.cli.scale import scale_options, scale_values
from fullwell.errors import UsageError


@click.command("make", short_help="Bracketed photographs to HDR files and pictures.")
@click.argument("frames", nargs=-1, metavar="FRAMES...")
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="OUT", help="A result, named as its kind. Repeatable."
)
@stage_options
@click.option("--merge", metavar="ID", help="How to merge. [robertson03]")
@click.option("--tonemap", metavar="ID", help="How to tone map. [reinhard05]")
@click.option("--fuse", metavar="ID|none", help="Fuse the frames instead; needs no exposure times.")
@scale_options
@click.option("--primaries", metavar="NAME", help="Primaries of the radiance. [rec709]")
@click.option("--recipe", metavar="FILE", help="A recipe in TOML, or a result of Fullwell to be made again.")
@click.option("--report", metavar="FILE.json", help="Write what was done and how well it fitted.")
@click.option("--plot-response", metavar="FILE", help="Plot the response: .svg, or .png with matplotlib.")
@click.option("--json", "machine", is_flag=True, help="Print the report as JSON.")
def command(
    frames: tuple[str, ...],
    outputs: tuple[str, ...],
    settings: tuple[str, ...],
    recipe: str | None,
    report: str | None,
    plot_response: str | None,
    machine: bool,
    threads: int | None,
    times_from: str | None,
    reference: int | None,
    primaries: str | None,
    wb_match: str | None,
    scale: str | None,
    scale_like: str | None,
    calibrate: str | None,
    regions: tuple[str, ...],
    **given: Any,
) -> None:
    """Bracketed photographs to HDR files and pictures.

    Radiance goes to .hdr, .exr and (with --set output.bits=32) .tif; pictures to .jpg, .png, .webp and .tif. What a
    stage can be is told by `fullwell operators`.
    """
    if not frames:
        raise UsageError("make: needs the frames of a bracket, for example: fullwell make *.jpg -o scene.exr")
    if not outputs:
        raise UsageError("make: say where the result goes, for example -o scene.exr or -o scene.jpg.")
    from fullwell.cli.progress import working
    from fullwell.recipe import make
    from fullwell.report.files import check_text_output, write_json
    from fullwell.report.regions import Region, told
    from fullwell.report.response_plot import check_plot, plot

    for path in (report, plot_response):
        if path:
            check_text_output(path, (*frames, *outputs))
    boxes = [Region.of(text) for text in regions]
    flags = scale_values(wb_match, scale, scale_like, calibrate)
    built = chosen(given, settings, recipe, flags, reference=reference, primaries=primaries)
    if plot_response:
        check_plot(plot_response)
        if built.fuse:
            raise UsageError("--plot-response: fused frames need no response; leave out --fuse or the plot.")
    with working(threads) as bar:
        result = make(frames, outputs, built, times_from=times_from, regions=boxes, progress=bar)
    if plot_response and result.response:
        plot(result.response, plot_response)
    if report:
        write_json(result.report, report)
    if machine:
        as_json(result.report)
        return
    for warning in result.report["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    for measured in result.report["regions"]:
        click.echo(told(measured))
    for path in outputs:
        click.echo(path)
