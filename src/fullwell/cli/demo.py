"""fullwell demo: photograph a scene that exists only here, then make everything from the photographs."""

from __future__ import annotations

import time
from pathlib import Path

import click

from fullwell.errors import UsageError

TIMES_S = (1 / 1000, 1 / 250, 1 / 60, 1 / 15, 1 / 4, 1.0, 4.0)
SHIFTS_PX = ((3, -5), (-2, 4), (1, -1), (0, 0), (5, 2), (-4, -3), (6, 7))  # an unsteady hand
WIDTH, HEIGHT = 1200, 800


@click.command("demo", short_help="Make a bracket and everything from it.")
@click.argument("folder", default="demo", metavar="[DIR]")
@click.option("--threads", type=click.IntRange(1), help="Threads to use; the result is the same. [all]")
def command(folder: str, threads: int | None) -> None:
    """Photograph a simulated scene of 14 stops and make everything from the bracket, into DIR (default: demo)."""
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target}: is a file; name a folder for the demo.")
    try:
        (target / "frames").mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise UsageError(f"{target}: cannot be made: {e.strerror}.") from None
    from fullwell.cli.progress import working

    with working(threads) as bar:
        click.echo(f"Into {target}/ (the first run on a machine also compiles the kernels, about a minute)\n")
        _everything(target, bar)


def _everything(target: Path, bar: object) -> None:
    from fullwell import io
    from fullwell.params import ids
    from fullwell.progress import Progress
    from fullwell.recipe import Recipe, make
    from fullwell.report.files import write_json
    from fullwell.report.response_plot import plot

    assert isinstance(bar, Progress)
    start = time.perf_counter()
    frames = photograph(target / "frames")
    _told(f"photographs, {TIMES_S[0]:g} to {TIMES_S[-1]:g} s, 8-bit JPEG", frames, start)

    result = make(frames, [target / "scene.hdr", target / "scene.exr"], Recipe.of(), progress=bar)
    for stage, seconds in result.report["seconds"].items():
        click.echo(f"  {stage:<12}{seconds:6.2f} s")
    click.echo("  radiance: " + ", ".join(result.report["outputs"]))

    assert result.radiance is not None
    assert result.response is not None
    for name in ids("tonemap"):
        start = time.perf_counter()
        path = target / f"{name}.jpg"
        io.write(Recipe.of({"tonemap": name}).picture(result.radiance), path)
        _told(name, [path], start)
    start = time.perf_counter()
    make(frames, target / "mertens07.jpg", Recipe.of({"fuse": "mertens07"}))
    _told("mertens07 (fused, no times)", [target / "mertens07.jpg"], start)

    plot(result.response, target / "response.svg")
    write_json(result.report, target / "report.json")
    click.echo(f"  response plot and report: {target / 'response.svg'}, {target / 'report.json'}")


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


def _told(what: str, paths: list[Path], start: float) -> None:
    shown = f"{paths[0]} .. {paths[-1].name}" if len(paths) > 1 else str(paths[0])
    click.echo(f"  {time.perf_counter() - start:6.2f} s  {what}: {shown}")
