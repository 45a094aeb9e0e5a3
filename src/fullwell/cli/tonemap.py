"""fullwell tonemap ID IN OUT: one subcommand an operator, its flags made from the declared parameters."""

from __future__ import annotations

from typing import Any

import click

from fullwell.params import Param, find, ids


class Operators(click.Group):
    """The tone mappers by id or short name; an operator's module is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(ids("tonemap"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        operator = find("tonemap", cmd_name)

        def run(source: str, target: str, threads: int | None, **values: Any) -> None:
            given = {k: v for k, v in values.items() if v is not None}
            _tonemap(operator.id, source, target, threads, given)

        options: list[click.Parameter] = [
            click.Argument(["source"], metavar="IN"),
            click.Argument(["target"], metavar="OUT"),
            *(_option(p) for p in operator.params()),
            click.Option(["--threads"], type=click.IntRange(1), help="Threads to use; the result is the same. [all]"),
        ]
        return click.Command(operator.id, callback=run, params=options, help=operator.summary())

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Operators"):
            formatter.write_dl([(i, "") for i in ids("tonemap")])


def _option(p: Param) -> click.Option:
    unit = f" {p.unit}" if p.unit else ""
    told = f"{p.help} Legal: {p.legal}. [{p.default}{unit}]"
    return click.Option([f"--{p.name.replace('_', '-')}", p.name], metavar="VALUE", help=told)


def _tonemap(name: str, source: str, target: str, threads: int | None, values: dict[str, Any]) -> None:
    from dataclasses import replace
    from pathlib import Path

    from fullwell import io
    from fullwell.cli.progress import working
    from fullwell.errors import UsageError
    from fullwell.operators import ToneMapper
    from fullwell.params import build

    operator = build("tonemap", name, values)
    assert isinstance(operator, ToneMapper)
    io.check_output(target, "picture")
    if Path(source).exists() and Path(target).exists() and Path(source).samefile(target):
        raise UsageError(f"{target}: is the input; name another output.")
    with working(threads) as bar:
        with bar.stage("read"):
            scene = io.read_radiance(source)
        with bar.stage("tonemap"):
            picture = operator(scene, bar)
        with bar.stage("write"):
            io.write(replace(picture, meta=replace(picture.meta, recipe="")), target)
    click.echo(target)


@click.group("tonemap", cls=Operators, short_help="A radiance file to a picture.")
def command() -> None:
    """A radiance file (.hdr, .exr, float .tif) to a picture.

    fullwell tonemap drago scene.exr scene.jpg --bias 0.8
    """
