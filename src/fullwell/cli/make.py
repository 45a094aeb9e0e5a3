"""fullwell make: frames to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fullwell.cli import as_json
from fullwell.cli.options import (
    chosen_looks,
    finish_options,
    force_option,
    given_times,
    limit_option,
    output_flags,
    output_values,
    stage_options,
)
from fullwell.cli.scale import scale_options, scale_values
from fullwell.errors import UsageError


@click.command("make", short_help="Bracketed photographs to HDR files and pictures.")
@click.argument("frames", nargs=-1, metavar="FRAMES...")
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="OUT",
    help="A result, named as its kind. Repeatable. [REFERENCE-HDR.jpg and .exr in this folder]",
)  # fmt: skip
@stage_options
@click.option("--merge", metavar="ID", help="How to merge. [robertson03]")
@click.option("--deghost", metavar="HOW", help="Where things moved: off, auto, low, medium, high. [auto]")
@click.option("--layers", metavar="NAME,NAME", help="Layers of .exr beside the light: mask, sigma, source.")
@click.option("--tonemap", metavar="ID,ID|all", help="How to tone map; several make a picture each. [natural]")
@click.option("--fuse", metavar="ID|none", help="Fuse the frames; needs no times. Beside --tonemap, a picture more.")
@finish_options
@scale_options
@click.option("--primaries", metavar="NAME", help="Primaries of the radiance. [rec709]")
@click.option("--hdr", is_flag=True, help="Make .jpg (Ultra HDR), .png and .heic (PQ) HDR pictures.")
@click.option("--crop/--no-crop", default=None, help="Keep only what all frames show. [--crop]")
@click.option("--recipe", metavar="NAME|FILE", help="A named recipe, one in TOML, or a result to be made again.")
@click.option(
    "--every", metavar="N|auto", help="Every N frames, or all that look like one, are a bracket of their own."
)
@click.option("--verify", is_flag=True, help="Decode what was written and tell the error in stops.")
@click.option(
    "--report", "reports", multiple=True, metavar="FILE", help="What was done and how well it fitted: .json or .html."
)
@click.option("--ghost-map", metavar="FILE", help="Picture of what --deghost left out of each frame: .png.")
@click.option("--plot-response", metavar="FILE", help="Plot the response: .svg, or .png with matplotlib.")
@click.option("--json", "machine", is_flag=True, help="Print the report as JSON.")
@click.option("--dry-run", is_flag=True, help="Show frames, recipe, outputs and memory, and do nothing.")
@force_option
def command(
    frames: tuple[str, ...],
    outputs: tuple[str, ...],
    settings: tuple[str, ...],
    hdr: bool,
    verify: bool,
    recipe: str | None,
    every: str | None,
    reports: tuple[str, ...],
    plot_response: str | None,
    ghost_map: str | None,
    machine: bool,
    dry_run: bool,
    force: bool,
    threads: int | None,
    reference: int | None,
    primaries: str | None,
    trust_times: bool,
    wb_match: str | None,
    deghost: str | None,
    layers: str | None,
    scale: str | None,
    scale_like: str | None,
    calibrate: str | None,
    regions: tuple[str, ...],
    crop: bool | None,
    **given: Any,
) -> int:
    """Bracketed photographs to HDR files and pictures.

    FRAMES are files, folders or patterns. Radiance goes to .hdr, .exr, .dng, .html (a page to look at) and, with
    --set output.bits=32, .tif and .jxl; pictures to .jpg, .png, .webp, .heic and .tif; HDR pictures to .avif, .jxl
    and, with --hdr, .jpg, .png and .heic. In a name {reference} stands for the reference frame's: fullwell make photos
    --every 3 -o '{reference}-HDR.jpg', and {tonemap} for what made the picture: with several, contact-sheet.jpg shows
    them all.
    What a stage can be is told by `fullwell operators`.
    """
    if not frames:
        raise UsageError("make: needs the frames of a bracket, for example: fullwell make *.jpg")
    from fullwell.cli.dry_run import as_text, foreseen, of_memory
    from fullwell.cli.progress import working
    from fullwell.io.targets import MAP, PLOT, REPORT, Target
    from fullwell.job import prepare, run, write_report
    from fullwell.report import ghost_map as maps
    from fullwell.report.regions import Region
    from fullwell.report.response_plot import plot

    boxes = [Region.of(text) for text in regions]
    if hdr:
        settings = ("output.hdr=true", *settings)
    output = output_values(given)
    times, times_from = given_times(given)
    flags = scale_values(wb_match, scale, scale_like, calibrate)
    if deghost is not None:
        flags.setdefault("merge", {})["deghost"] = deghost
    flags["output"] = output | ({"exr_layers": layers} if layers is not None else {})
    rest = {"times_s": tuple(times) if times else None, "trust_times": trust_times or None, "crop": crop}
    recipes = chosen_looks(given, settings, recipe, flags, reference=reference, primaries=primaries, **rest)
    told = [*((path, REPORT) for path in reports), (plot_response, PLOT), (ghost_map, MAP)]
    beside = [Target(Path(path), kind) for path, kind in told if path]
    if every:
        from fullwell.cli.every import make_sets

        if dry_run:
            raise UsageError("--dry-run: is of one bracket; `fullwell inspect --every N` shows the sets.")
        if beside or regions:
            raise UsageError(
                "--every: a report of all sets is --json; --report, --plot-response, --ghost-map, --region are of one."
            )
        return make_sets(frames, every, outputs, recipes, times_from, verify, force, threads, machine)

    def ahead() -> Any:
        from fullwell.cli.ahead import start

        return start(recipes[0], outputs or ("a.jpg",))  # which unnamed pictures are

    with working(threads, ahead) as bar:
        with bar.stage("read"):
            job = prepare(
                frames, outputs, recipes, times_from=times_from, verify=verify, regions=boxes, force=force,
                beside=beside,
            )  # fmt: skip
        if dry_run:
            found = foreseen(job, bar)
            as_json(found) if machine else click.echo(as_text(job, found))
            return 0
        if said := of_memory(job):
            click.echo(said, err=True)
        result = run(job, bar)
    if plot_response and result.response:
        plot(result.response, plot_response)
    if ghost_map and result.radiance:
        maps.write(result.radiance, [f.name for f in job.bracket], ghost_map)
    for path in reports:
        write_report(result, path)
    if machine:
        as_json(result.report)
        return 0
    show(result.brief)
    if not outputs:
        from fullwell.cli.next import useful

        click.echo(useful(job, frames), err=True)
    return 0


def told_crop(size: dict[str, int], reference: dict[str, Any]) -> str:
    """One line where the results are smaller than the frames."""
    width, height = size["width"], size["height"]
    if (width, height) == (reference["width"], reference["height"]):
        return ""
    return (
        f"cropped to what all frames show, {width} x {height} of {reference['width']} x {reference['height']} pixels; "
        "--no-crop keeps all"
    )


def show(report: dict[str, Any]) -> None:
    """Warnings to stderr; the luminance of regions and the files that were written to stdout."""
    from fullwell.report.record import told_ghosts
    from fullwell.report.regions import told

    for warning in report["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    if cropped := told_crop(report["size"], report["frames"][report["reference"]]):
        click.echo(cropped, err=True)
    if ghosts := told_ghosts(report["deghost"], [frame["path"] for frame in report["frames"]]):
        click.echo(ghosts, err=True)
    for measured in report["regions"]:
        click.echo(told(measured))
    headrooms = {shown["path"]: f" (diffuse white + {shown['headroom_stops']:.1f} stops)" for shown in report["hdr"]}
    for path in report["outputs"]:
        click.echo(path + headrooms.get(path, ""))
    for found in report["verified"]:
        click.echo(
            f"{found['path']}: reads back within {found['median_stops']:.3f} stops in the median, "
            f"{found['p99_stops']:.3f} for 99 %, of {found['share']:.0%} of the values"
        )


command.params += [*output_flags(), limit_option()]
