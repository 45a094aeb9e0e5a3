"""fullwell tonemap ID IN OUT: one subcommand an operator, its flags made from the declared parameters."""

from __future__ import annotations

from typing import Any

import click

from fullwell.cli.options import finish_flags, finish_values
from fullwell.params import Param, find, ids


class Operators(click.Group):
    """The tone mappers by id or short name; an operator's module is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(ids("tonemap"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        operator = find("tonemap", cmd_name)

        def run(source: str, target: str, hdr: bool, threads: int | None, **values: Any) -> None:
            finish, sliders = values.pop("finish") or "develop", finish_values(values)
            given = {k: v for k, v in values.items() if v is not None}
            _tonemap((operator.id, given), (finish, sliders), source, target, hdr, threads)

        options: list[click.Parameter] = [
            click.Argument(["source"], metavar="IN"),
            click.Argument(["target"], metavar="OUT"),
            *(_option(p) for p in operator.params()),
            *(click.Option(names, **told) for names, told in finish_flags([p.name for p in operator.params()])),
            click.Option(["--hdr"], is_flag=True, help="Make .jpg (Ultra HDR) and .png (PQ) HDR pictures."),
            click.Option(["--threads"], type=click.IntRange(1), help="Threads to use; the result is the same. [all]"),
        ]
        return click.Command(operator.id, callback=run, params=options, help=operator.summary())

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Operators"):
            formatter.write_dl([(i, "") for i in ids("tonemap")])


def _option(p: Param) -> click.Option:
    return click.Option([f"--{p.name.replace('_', '-')}", p.name], metavar="VALUE", help=p.told)


def _tonemap(
    mapper: tuple[str, dict[str, Any]],
    finish: tuple[str, dict[str, Any]],
    source: str,
    target: str,
    hdr: bool,
    threads: int | None,
) -> None:
    from dataclasses import replace
    from pathlib import Path

    from fullwell import io
    from fullwell.cli.progress import working
    from fullwell.errors import UsageError
    from fullwell.recipe import Recipe

    values = {"tonemap": mapper[1]} | ({"finish": finish[1]} if finish[1] else {})
    recipe = Recipe.of({"tonemap": mapper[0], "finish": finish[0]}, values)
    encoding = io.Encoding(hdr=hdr)
    kind = "hdr" if encoding.kind(target) == "hdr" else "picture"
    io.check_output(target, kind)
    if Path(source).exists() and Path(target).exists() and Path(source).samefile(target):
        raise UsageError(f"{target}: is the input; name another output.")
    with working(threads) as bar:
        with bar.stage("read"):
            scene = io.read_radiance(source)
        picture = recipe.picture(scene, bar)
        with bar.stage("write"):
            picture = replace(picture, meta=replace(picture.meta, recipe=""))
            io.write(io.hdr_picture(scene, picture) if kind == "hdr" else picture, target, encoding)
    click.echo(target)


@click.group("tonemap", cls=Operators, short_help="A radiance file to a picture.")
def command() -> None:
    """A radiance file (.hdr, .exr, float .tif) to a picture.

    fullwell tonemap drago scene.exr scene.jpg --bias 0.8
    """
