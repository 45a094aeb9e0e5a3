"""Many brackets from many files: sets of so many frames, made one by one, a bad one not stopping the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fullwell import io
from fullwell.errors import Cancelled, FullwellError, InputError, UsageError
from fullwell.io import targets
from fullwell.job import check_outputs, make, prepare
from fullwell.progress import Progress
from fullwell.recipe import Recipe, Result

Outputs = Sequence[str | Path]


@dataclass(frozen=True)
class Outcome:
    """What became of one set: a result, or the error that stopped it. Sets are counted from 1."""

    number: int
    frames: io.Selection
    outputs: tuple[Path, ...]
    result: Result | None = None
    error: FullwellError | None = None


def make_every(
    paths: Iterable[str | Path] | str | Path,
    every: int | None,
    outputs: Sequence[str | Path] | str | Path | None = None,
    recipe: Recipe | Sequence[Recipe] | None = None,
    *,
    times_from: Mapping[str, float] | str | Path | None = None,
    verify: bool = False,
    force: bool = False,
    progress: Callable[[], AbstractContextManager[Progress]] = lambda: nullcontext(Progress()),
) -> Iterator[Outcome]:
    """Make each set of `every` frames, in their order; `{reference}` in the outputs tells the sets apart.

    Without `every` the sets are those that the files look like, as `fullwell inspect` shows them. Times in the recipe
    count for every set. With as many frames as there are, they are one bracket, whatever they look like. A set that
    cannot be made is an outcome with its error. Raises UsageError, before any work, where the frames do not divide into
    sets, and where two sets would write one file. The other parameters are those of `make`.
    """
    recipes = (recipe,) if isinstance(recipe, Recipe) else tuple(recipe or (Recipe.of(),))
    outputs = [outputs] if isinstance(outputs, (str, Path)) else list(outputs or ())
    chosen = io.select(paths)
    if every is None:
        sets = io.read_frames(chosen).sets
    elif every > 0 and len(chosen.paths) % every == 0:
        sets = [range(k, k + every) for k in range(0, len(chosen.paths), every)]
    else:
        raise UsageError(
            f"--every {every}: {len(chosen.paths)} files do not divide into sets of {every}; "
            "see with `fullwell inspect` which file is missing or too many."
        )
    check_outputs(outputs, recipes)
    each = [io.Selection(chosen.paths[s.start : s.stop], copies=chosen.copies) for s in sets]
    each[0] = dataclasses.replace(each[0], notes=chosen.notes)  # told once
    whole = every is None or len(sets) == 1
    options: dict[str, Any] = {"times_from": times_from, "whole": whole, "verify": verify, "force": force}
    planned = [_plan(n, frames, outputs, recipes, options) for n, frames in enumerate(each, 1)]
    _refuse_collisions(planned)
    return (_made(plan, outputs, recipes, options, progress) for plan in planned)


def _plan(number: int, frames: io.Selection, outputs: Outputs, recipes: Sequence[Recipe], options: Any) -> Outcome:
    """What a set is going to write, or why it cannot be made."""
    try:
        job = prepare(frames, outputs, recipes, **options)
    except InputError as failed:
        return Outcome(number, frames, (), error=failed)
    return Outcome(number, frames, tuple(t.path for t in job.targets))


def _refuse_collisions(planned: list[Outcome]) -> None:
    inputs = {targets.identity(path) for plan in planned for path in (*plan.frames.paths, *plan.frames.copies)}
    takers: dict[object, int] = {}
    for plan in planned:
        for path in plan.outputs:
            targets.spare(path, inputs)
            other = takers.setdefault(targets.identity(path), plan.number)
            if other != plan.number:
                raise UsageError(
                    f"{path}: would be written by set {other} and by set {plan.number}; put {{reference}}, the name of "
                    f"the reference frame, into the name: -o '{{reference}}-HDR{path.suffix}', and make frames of the "
                    "same name in several folders one folder at a time."
                )


def _made(
    plan: Outcome, outputs: Outputs, recipes: Sequence[Recipe], options: Any, progress: Callable[[], Any]
) -> Outcome:
    if plan.error:
        return plan
    try:
        with progress() as listener:
            result = make(plan.frames, outputs, recipes, progress=listener, **options)
    except Cancelled:
        raise
    except FullwellError as failed:
        return Outcome(plan.number, plan.frames, plan.outputs, error=failed)
    return Outcome(plan.number, plan.frames, plan.outputs, result)
