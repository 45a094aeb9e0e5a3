"""fullwell tonemap ID IN OUT: one subcommand an operator, its flags made from the declared parameters."""

from __future__ import annotations

from typing import Any

import click

from fullwell.cli.options import (
    finish_flags,
    finish_values,
    flag,
    force_option,
    limit_option,
    output_flags,
    output_values,
)
from fullwell.params import find, ids


class Operators(click.Group):
    """The tone mappers by id or short name; an operator's module is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(ids("tonemap"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        operator = find("tonemap", cmd_name)

        def run(source: str, target: str, hdr: bool, force: bool, threads: int | None, **values: Any) -> None:
            names = {"tonemap": operator.id, "finish": values.pop("finish") or "develop"}
            stages = {"finish": finish_values(values), "output": {"hdr": hdr} | output_values(values)}
            stages["tonemap"] = {k: v for k, v in values.items() if v is not None}
            _tonemap(names, {k: v for k, v in stages.items() if v}, source, target, force, threads)

        options: list[click.Parameter] = [
            click.Argument(["source"], metavar="IN"),
            click.Argument(["target"], metavar="OUT"),
            *(flag(p) for p in operator.params()),
            *(click.Option(names, **told) for names, told in finish_flags([p.name for p in operator.params()])),
            click.Option(["--hdr"], is_flag=True, help="Make .jpg (Ultra HDR), .png and .heic (PQ) HDR pictures."),
            *output_flags(),
            limit_option(),
            click.Option(["--threads"], type=click.IntRange(1), help="Threads to use; the result is the same. [all]"),
        ]
        command = click.Command(operator.id, callback=run, params=options, help=operator.summary())
        return force_option(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Operators"):
            formatter.write_dl([(i, "") for i in ids("tonemap")])


def _tonemap(
    names: dict[str, str],
    values: dict[str, dict[str, Any]],
    source: str,
    target: str,
    force: bool,
    threads: int | None,
) -> None:
    from dataclasses import replace
    from pathlib import Path

    from fullwell import io
    from fullwell.cli.progress import working
    from fullwell.io import targets
    from fullwell.recipe import Recipe

    recipe = Recipe.of(names, values)
    kind = targets.HDR if recipe.output.kind(target) == targets.HDR else targets.PICTURE
    targets.check([targets.Target(Path(target), kind)], [source], force)
    with working(threads) as bar:
        with bar.stage("read"):
            scene = io.read_radiance(source)
        picture = recipe.picture(scene, bar)
        with bar.stage("write"):  # how the radiance was made is not known here, or may have been another way
            meta = replace(picture.meta, recipe=recipe.to_toml(("tonemap", "finish", "output")))
            picture = replace(picture, meta=meta)
            io.write(io.hdr_picture(scene, picture) if kind == targets.HDR else picture, target, recipe.output)
    click.echo(target)


@click.group("tonemap", cls=Operators, short_help="A radiance file to a picture.")
def command() -> None:
    """A radiance file (.hdr, .exr, float .tif) or an HDR picture (gain map, PQ, HLG) to a picture.

    fullwell tonemap drago scene.exr scene.jpg --bias 0.8
    """
