"""Options that the commands share, and the recipe that they add up to."""

from __future__ import annotations

from typing import Any

import click

from fullwell.errors import UsageError


def stage_options(command: Any) -> Any:
    """The options that choose operators and exposures, shared by the commands that read a bracket."""
    for option in reversed(
        (
            click.option("--align", metavar="ID|none", help="How to align. [mtb03]"),
            click.option("--response", metavar="ID|FILE", help="Camera response, or a saved one. [debevec97]"),
            click.option("--set", "settings", metavar="STAGE.PARAM=VALUE", multiple=True, help="Set a parameter."),
            click.option("--reference", type=int, help="Frame that keeps its place, from 0. [middle exposure]"),
            click.option("--times", metavar="T,T,...", help="Exposure times in seconds, one per frame: 1/30,0.25,2.5"),
            click.option("--times-from", metavar="FILE", help="A list of names and seconds or 1/seconds."),
            click.option("--threads", type=click.IntRange(1), help="Threads to use; the result is the same. [all]"),
        )
    ):
        command = option(command)
    return command


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
    from fullwell.io import parse_times
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
    for stage, flagged in (flags or {}).items():
        values.setdefault(stage, {}).update(flagged)
    for text in settings:
        left, equals, value = text.partition("=")
        stage, dot, name = left.partition(".")
        if not equals or not dot:
            raise UsageError(f"--set: must look like STAGE.PARAM=VALUE, for example tonemap.gamma=1.2, got {text!r}.")
        values.setdefault(stage, {})[name] = value
    changes = {k: v for k, v in rest.items() if v is not None}
    if given.get("times"):
        changes["times_s"] = tuple(parse_times(given["times"]))
    kept = {k: getattr(base, k) for k in ("primaries", "reference", "times_s")}
    return Recipe.of(names, values, **(kept | changes))
