"""Options that the commands share, and the recipe that they add up to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import click

from fullwell.errors import UsageError


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
            click.option("--align", metavar="ID|none", help="How to align. [mtb03]"),
            click.option(
                "--on-misaligned",
                type=click.Choice(["drop", "refuse"]),
                help="Leave out a frame that cannot be aligned, or stop. [drop]",
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


def chosen(
    given: dict[str, Any],
    settings: tuple[str, ...],
    recipe_file: str | None,
    flags: dict[str, dict[str, Any]] | None = None,
    **rest: Any,
) -> Any:
    """The recipe of a file or the default, with what the options say put over it.

    `flags` are values by stage and parameter that have options of their own; `settings` go over them.
    """
    from fullwell.recipe import FIXED, STAGES, Recipe

    base = Recipe.load(recipe_file) if recipe_file else Recipe.of()
    names: dict[str, str] = {}
    values: dict[str, dict[str, Any]] = {}
    for stage in STAGES:
        operator = getattr(base, stage)
        asked = given.get(stage)
        if stage == "response" and asked and (asked.endswith(".json") or "/" in asked):
            names[stage], values[stage] = "saved", {"path": asked}
        elif stage not in FIXED and asked:
            names[stage] = asked
        elif operator is not None:
            values[stage] = operator.values()
            if stage not in FIXED:
                names[stage] = operator.id
        elif stage not in FIXED:
            names[stage] = "none"
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
