"""Options that the commands share, and the recipe that they add up to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import click

from fullwell.errors import UsageError
from fullwell.params import Param

OUTPUT_FLAGS = ("quality", "long_edge")


def times_options(command: Any) -> Any:
    """The options that say exposure times."""
    for option in (
        click.option("--times-from", metavar="FILE", help="A list of names and seconds or 1/seconds."),
        click.option("--times", metavar="T,T,...", help="Seconds per frame: 1/30,0.25,2.5 or a.jpg=1/30,b.jpg=0.25"),
    ):
        command = option(command)
    return command


def given_times(given: dict[str, Any]) -> tuple[list[float] | None, Any]:
    """What `--times` and `--times-from` say, taken out of all that was said: times in order, and times by name."""
    from fullwell.io import parse_times

    text, listed = given.pop("times", None), given.pop("times_from", None)
    if text is not None and listed is not None:
        raise UsageError("--times and --times-from: only one of them can say the times.")
    times = parse_times(text) if text is not None else None
    return (None, times) if isinstance(times, dict) else (times, listed)


def stage_options(command: Any) -> Any:
    """The options that choose operators and exposures, shared by the commands that read a bracket."""
    for option in reversed(
        (
            click.option("--align", metavar="ID|none", help="How to align. [ladder]"),
            click.option(
                "--on-misaligned",
                type=click.Choice(["drop", "refuse"]),
                help="Leave out a frame that cannot be aligned, or stop. [drop]",
            ),
            click.option(
                "--exposures",
                metavar="ID",
                help="Exposures that count: nominal, snapped, solved (needs no times) or auto. [snapped]",
            ),
            click.option("--response", metavar="ID|FILE", help="Camera response, or a saved one. [debevec97]"),
            click.option("--set", "settings", metavar="STAGE.PARAM=VALUE", multiple=True, help="Set a parameter."),
            click.option("--reference", type=int, help="Frame that keeps its place, from 0. [middle exposure]"),
            times_options,
            click.option("--trust-times", is_flag=True, help="Exposures are right, whatever EXIF and brightness say."),
            click.option("--threads", type=click.IntRange(1), help="Threads to use; the result is the same. [all]"),
        )
    ):
        command = option(command)
    return command


def finish_flags(taken: Collection[str] = ()) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Names and description of `--finish` and of every slider that all finishes have, as click takes them.

    A slider whose name is taken by something else of the command is called `--finish-NAME`.
    """
    from fullwell.operators import Finisher

    yield ["--finish", "finish"], {"metavar": "ID|none", "help": "The last touch; none is the bare paper. [develop]"}
    for p in Finisher.params():
        flag = f"--finish-{p.name}" if p.name in taken else f"--{p.name}"
        yield [flag, f"finish_{p.name}"], {"metavar": "VALUE", "help": f"Finish: {p.told}"}


def finish_options(command: Any) -> Any:
    """The options of the finish, for a command whose own operators are set by `--set`."""
    for names, told in reversed(list(finish_flags())):
        command = click.option(*names, **told)(command)
    return command


def finish_values(given: dict[str, Any]) -> dict[str, Any]:
    """The sliders that were set, taken out of what click hands over."""
    names = [name for name in given if name.startswith("finish_")]
    return {name.removeprefix("finish_"): v for name in names if (v := given.pop(name)) is not None}


def limit_option() -> click.Option:
    """The option that says how large a picture may be before it is refused."""
    return click.Option(
        ["--max-megapixels"],
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        expose_value=False,
        callback=_limit,
        help="Refuse larger pictures before they are decoded. [500]",
    )


def _limit(context: click.Context, _: click.Parameter, most: float | None) -> None:
    if most is not None:
        from fullwell.io import max_megapixels

        context.with_resource(max_megapixels(most))


def force_option(command: Any) -> Any:
    """The option that lets a command replace files."""
    return click.option("--force", is_flag=True, help="Replace files that are no results of Fullwell, too.")(command)


def flag(p: Param) -> click.Option:
    """The flag of a declared parameter."""
    return click.Option([f"--{p.name.replace('_', '-')}", p.name], metavar="VALUE", help=p.told)


def output_flags() -> list[click.Option]:
    """Those of `io.Encoding` that are asked for often; `--set output.NAME=VALUE` reaches the others."""
    from fullwell.io import Encoding

    return [flag(p) for p in Encoding.params() if p.name in OUTPUT_FLAGS]


def output_values(given: dict[str, Any]) -> dict[str, Any]:
    """What those flags said, taken out of all that was said."""
    asked = {name: given.pop(name, None) for name in OUTPUT_FLAGS}
    return {name: value for name, value in asked.items() if value is not None}


def looks(given: dict[str, Any]) -> list[dict[str, Any]]:
    """What `--tonemap` and `--fuse` ask for, a picture each: an id, a list of ids or "all", and a fuser beside."""
    from fullwell.params import find, ids

    asked, fuse = given.get("tonemap"), given.get("fuse")
    names = [n.strip() for n in (asked or "").split(",") if n.strip()]
    if asked is not None and not names:
        raise UsageError("--tonemap: needs the id of an operator, several with commas between, or all.")
    names = list(ids("tonemap")) if names == ["all"] else [find("tonemap", n).id for n in names]
    found = [{"tonemap": n, "fuse": "none"} for n in names]
    return found + ([{"tonemap": None, "fuse": fuse}] if fuse and (fuse != "none" or not found) else [])


def chosen_looks(
    given: dict[str, Any],
    settings: tuple[str, ...],
    recipe_name: str | None,
    flags: dict[str, dict[str, Any]] | None = None,
    **rest: Any,
) -> list[Any]:
    """A recipe for each picture that is asked for; of several, each takes the settings that it has."""
    asked = looks(given) or [{}]
    if len(asked) == 1:
        return [chosen(given | asked[0], settings, recipe_name, flags, **rest)]
    kept: list[list[str]] = [[] for _ in asked]
    for text in settings:
        fitting = [_has(look, text) for look in asked]
        for mine, fits in zip(kept, fitting, strict=True):
            if fits or not any(fitting):  # which none has is refused below
                mine.append(text)
    return [
        chosen(given | look, tuple(mine), recipe_name, flags, **rest) for look, mine in zip(asked, kept, strict=True)
    ]  # fmt: skip


def _has(look: dict[str, Any], setting: str) -> bool:
    """Whether a picture is made with the parameter of a setting STAGE.PARAM=VALUE."""
    from fullwell.params import find

    stage, _, name = setting.partition("=")[0].partition(".")
    if stage == "tonemap":
        return look["tonemap"] is not None and name in [p.name for p in find("tonemap", look["tonemap"]).params()]
    return stage != "fuse" or look["fuse"] != "none"


def chosen(
    given: dict[str, Any],
    settings: tuple[str, ...],
    recipe_name: str | None,
    flags: dict[str, dict[str, Any]] | None = None,
    **rest: Any,
) -> Any:
    """The recipe of a name or file or the default, with what the options say put over it.

    `flags` are values by stage and parameter that have options of their own; `settings` go over them.
    """
    from fullwell.params import find
    from fullwell.recipe import FIXED, STAGES, Recipe

    base = Recipe.load(recipe_name) if recipe_name else Recipe.of()
    names: dict[str, str] = {}
    values: dict[str, dict[str, Any]] = {stage: getattr(base, stage).values() for stage in FIXED}
    for stage in (s for s in STAGES if s not in FIXED):
        operator = getattr(base, stage)
        asked = given.get(stage)
        if stage == "response" and asked and (asked.endswith(".json") or "/" in asked):
            names[stage], values[stage] = "saved", {"path": asked}
            continue
        names[stage] = asked or (operator.id if operator else "none")
        if operator and names[stage] != "none" and find(stage, names[stage]).id == operator.id:
            values[stage] = operator.values()
    if sliders := finish_values(given):
        values.setdefault("finish", {}).update(sliders)
    for stage, flagged in (flags or {}).items():
        values.setdefault(stage, {}).update(flagged)
    for text in settings:
        left, equals, value = text.partition("=")
        stage, dot, name = left.partition(".")
        if not equals or not dot:
            raise UsageError(f"--set: must look like STAGE.PARAM=VALUE, for example tonemap.gamma=1.2, got {text!r}.")
        values.setdefault(stage, {})[name] = value
    if given.get("on_misaligned"):
        values.setdefault("align", {})["on_misaligned"] = given["on_misaligned"]
    changes = {k: v for k, v in rest.items() if v is not None}
    kept = {k: getattr(base, k) for k in ("primaries", "reference", "times_s", "trust_times", "crop")}
    return Recipe.of(names, values, **(kept | changes))
