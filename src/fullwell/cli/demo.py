"""fullwell demo: photograph a scene that exists only here, then make everything from the photographs."""

from __future__ import annotations

import time
from pathlib import Path

import click

from fullwell.cli.options import force_option
from fullwell.errors import UsageError

TIMES_S = (1 / 1000, 1 / 250, 1 / 60, 1 / 15, 1 / 4, 1.0, 4.0, 15.0)
SHIFTS_PX = ((3, -5), (-2, 4), (1, -1), (0, 0), (5, 2), (-4, -3), (6, 7), (-3, 6))  # an unsteady hand
WIDTH, HEIGHT = 1200, 800


@click.command("demo", short_help="Make a bracket and everything from it.")
@click.argument("folder", default="demo", metavar="[DIR]")
@force_option
@click.option("--threads", type=click.IntRange(1), help="Threads to use; the result is the same. [all]")
def command(folder: str, force: bool, threads: int | None) -> None:
    """Photograph a simulated room of 14 stops and make everything from the bracket, into DIR (default: demo)."""
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target}: is a file; name a folder for the demo.")
    if not force and target.is_dir() and any(target.iterdir()) and not (target / "frames" / "frame_0.jpg").exists():
        raise UsageError(f"{target}: has files in it that are no demo's; name another folder, or add --force.")
    try:
        (target / "frames").mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise UsageError(f"{target}: cannot be made: {e.strerror}.") from None
    from fullwell.cli.progress import working

    with working(threads) as bar:
        click.echo(f"Into {target}/ (the first run on a machine also compiles the kernels, about a minute)\n")
        _everything(target, force, bar)


def _everything(target: Path, force: bool, bar: object) -> None:
    from fullwell import io
    from fullwell.io import targets
    from fullwell.job import make, write_report
    from fullwell.params import ids
    from fullwell.progress import Progress
    from fullwell.recipe import Recipe
    from fullwell.report.contact_sheet import before_after
    from fullwell.report.response_plot import plot

    assert isinstance(bar, Progress)
    report, response = target / "report.json", target / "response.svg"
    pair = targets.Target(target / "before-after.jpg", targets.PICTURE)
    targets.check([targets.Target(report, targets.REPORT), targets.Target(response, targets.PLOT), pair], (), force)
    start = time.perf_counter()
    frames = photograph(target / "frames")
    click.echo(f"  {time.perf_counter() - start:6.2f} s  {len(frames)} photographs: {frames[0]} .. {frames[-1].name}")

    looks = [{"tonemap": default_look()}, *({"tonemap": i} for i in ids("tonemap") if i != default_look())]
    recipes = [Recipe.of(look) for look in [*looks, {"fuse": "mertens07"}]]
    outputs = [target / "scene.hdr", target / "scene.exr", target / "{tonemap}.jpg"]
    result = make(frames, outputs, recipes, force=force, progress=bar)
    for stage, seconds in bar.seconds.items():
        click.echo(f"  {seconds:6.2f} s  {stage}")

    assert result.response is not None
    assert result.picture is not None
    beside = before_after(result.bracket.frames[result.bracket.reference], result.part, result.picture)
    meta = result.picture.meta
    io.write(beside, pair.path, meta=meta)
    plot(result.response, response)
    write_report(result, report)
    made = [Path(p).name for p in result.report["outputs"]]
    click.echo(f"\nIn {target}/: {', '.join(made)}, before-after.jpg, response.svg, report.json")
    click.echo("Look at before-after.jpg and contact-sheet.jpg first. With your own photographs:\n")
    click.echo("  fullwell make IMG_1.jpg IMG_2.jpg IMG_3.jpg")


def default_look() -> str:
    """The tone mapper that `fullwell make` takes by itself."""
    from fullwell.recipe import DEFAULTS

    return DEFAULTS["tonemap"]


def photograph(folder: Path) -> list[Path]:
    """The bracket of the demo, shot by a simulated camera with noise and an unsteady hand."""
    from fullwell.image import Exposure
    from fullwell.io.photograph import write_photograph
    from fullwell.simulate import Camera
    from fullwell.simulate.scene import room

    margin = max(max(abs(y), abs(x)) for y, x in SHIFTS_PX)
    light = room(WIDTH + 2 * margin, HEIGHT + 2 * margin)
    camera = Camera("srgb")
    paths = []
    for i, shot in enumerate(camera.shoot(light, TIMES_S, SHIFTS_PX)):
        paths.append(folder / f"frame_{i}.jpg")
        write_photograph(shot.codes, paths[-1], Exposure(shot.time_s, 8.0, 100.0))
    return paths
