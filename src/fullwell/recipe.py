"""A recipe: one operator per arrow of the work. It runs, and it goes to and from TOML."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import tomli_w

from fullwell import __version__, io
from fullwell.color import primaries
from fullwell.errors import InputError, UsageError, did_you_mean
from fullwell.image import Bracket, Picture, Radiance, Response
from fullwell.io import formats
from fullwell.operators import Aligner, Calibrator, Fuser, Merger, ToneMapper
from fullwell.params import FAMILIES, Operator, build
from fullwell.progress import Progress
from fullwell.report.record import record
from fullwell.report.regions import Region
from fullwell.scale import Scale

DEFAULTS = {"align": "mtb03", "response": "debevec97", "merge": "robertson03", "tonemap": "reinhard05", "fuse": "none"}
FIXED: dict[str, type[Operator]] = {
    "scale": Scale,
    "output": io.Encoding,
}  # stages with one operator, which no recipe names
STAGES = (*FAMILIES, *FIXED)


def _default(family: str) -> Callable[[], Any]:
    return lambda: build(family, DEFAULTS[family])


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to do to a bracket, whole: the same recipe and frames give the same bytes.

    With `fuse`, pictures are fused from the frames; otherwise they are tone mapped from the radiance. `reference` and
    `times_s` follow the order in which the frames are given; empty times are read from the files.
    """

    align: Aligner | None = field(default_factory=_default("align"))
    response: Calibrator = field(default_factory=_default("response"))
    merge: Merger = field(default_factory=_default("merge"))
    fuse: Fuser | None = None
    tonemap: ToneMapper = field(default_factory=_default("tonemap"))
    scale: Scale = field(default_factory=Scale)
    output: io.Encoding = field(default_factory=io.Encoding)
    primaries: str = "rec709"
    reference: int = -1
    times_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        primaries(self.primaries)

    @classmethod
    def of(
        cls,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Mapping[str, Any]] | None = None,
        **rest: Any,
    ) -> Recipe:
        """A recipe from operator names per family ("none" for no alignment or fusion) and values per stage.

        The names and values that are not given are the defaults. Raises UsageError with a hint for unknown ones.
        """
        names, values = DEFAULTS | dict(names or {}), values or {}
        for stage in values:
            if stage not in STAGES:
                raise UsageError(f"no stage is called {stage!r}; {did_you_mean(stage, STAGES)}")
        stages: dict[str, Any] = {stage: one.of(values.get(stage, {})) for stage, one in FIXED.items()}
        for family in FAMILIES:
            name = names[family]
            if name == "none" and family in ("align", "fuse"):
                if family in values:
                    raise UsageError(
                        f"{family}: values are set for a stage that is switched off; drop them or switch it on."
                    )
                stages[family] = None
            else:
                stages[family] = build(family, name, values.get(family))
        return cls(**stages, **rest)

    def to_toml(self) -> str:
        """The recipe as text; it holds every parameter and nothing about when or where."""
        text: dict[str, Any] = {"fullwell": __version__, "primaries": self.primaries, "reference": self.reference}
        if self.times_s:
            text["times_s"] = list(self.times_s)
        for stage in STAGES:
            operator = cast(Operator | None, getattr(self, stage))
            text[stage] = {"id": operator.id, **operator.values()} if operator else {"id": "none"}
        return tomli_w.dumps(text)

    @classmethod
    def from_toml(cls, text: str, name: str = "recipe") -> Recipe:
        """The recipe of a text that `to_toml` wrote, or a person did: what is left out is the default."""
        try:
            found = tomllib.loads(text)
        except tomllib.TOMLDecodeError as e:
            raise InputError(f"{name}: is not a recipe, which is written in TOML: {e}.") from None
        known = ("fullwell", "primaries", "reference", "times_s", *STAGES)
        for key in found:
            if key not in known:
                raise UsageError(f"{name}: has an unknown entry {key!r}; {did_you_mean(key, known)}")
        names, values = {}, {}
        for stage in STAGES:
            table = found.get(stage, {})
            if not isinstance(table, dict):
                raise UsageError(f"{name}: {stage} must be a table such as [{stage}], got {table!r}.")
            if "id" in table and stage not in FIXED:
                names[stage] = str(table["id"])
            if rest := {k: v for k, v in table.items() if k != "id"}:
                values[stage] = rest
        times, reference = found.get("times_s", []), found.get("reference", -1)
        if not isinstance(times, list) or not all(type(t) in (int, float) and t > 0 for t in times):
            raise UsageError(f"{name}: times_s must be a list of seconds above 0, got {times!r}.")
        if type(reference) is not int:
            raise UsageError(f"{name}: reference must be the number of a frame, from 0, or -1, got {reference!r}.")
        rest = {"times_s": tuple(map(float, times)), "reference": reference}
        return cls.of(names, values, primaries=str(found.get("primaries", "rec709")), **rest)

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """The recipe of a TOML file, or the one that a result of Fullwell carries."""
        path = Path(path)
        if path.suffix.lower() in formats.WRITERS:
            return cls.from_toml(io.read_recipe(path), str(path))
        try:
            return cls.from_toml(path.read_text(encoding="utf-8"), str(path))
        except OSError as e:
            raise InputError(f"{path}: the recipe cannot be read: {e.strerror}.") from None
        except UnicodeDecodeError:
            raise InputError(f"{path}: is not a recipe, which is a text in TOML.") from None

    def run(self, bracket: Bracket, radiance: bool, picture: bool, progress: Progress) -> Result:
        """Do the work on a bracket: what is asked for, and what that needs."""
        with progress.stage("align"):
            if self.align:
                bracket = self.align(bracket, progress)
        result = Result(self, bracket)
        meta = dataclasses.replace(bracket.meta, recipe=self.to_toml())
        if radiance or not (picture and self.fuse):
            with progress.stage("response"):
                result.response = self.response(bracket, progress=progress)
            with progress.stage("merge"):
                merged = self.merge(bracket, result.response, progress=progress)
                result.radiance = dataclasses.replace(self.scale(merged.to(self.primaries)), meta=meta)
        if picture and self.fuse:
            with progress.stage("fuse"):
                result.picture = dataclasses.replace(self.fuse(bracket, progress), meta=meta)
        elif picture and result.radiance:
            with progress.stage("tonemap"):
                result.picture = self.tonemap(result.radiance, progress)
        return result


@dataclass
class Result:
    """What a run made. `report` is the record of it as plain data."""

    recipe: Recipe
    bracket: Bracket
    response: Response | None = None
    radiance: Radiance | None = None
    picture: Picture | None = None
    report: dict[str, Any] = field(default_factory=dict)


def make(
    paths: Sequence[str | Path],
    outputs: Sequence[str | Path] | str | Path,
    recipe: Recipe | None = None,
    *,
    times_from: str | Path | None = None,
    regions: Sequence[Region] = (),
    progress: Progress | None = None,
) -> Result:
    """Frames in, files out: the twin of `fullwell make`.

    The extension of each output decides what it holds: .hdr and .exr radiance; .jpg, .png and .webp a picture; .tif a
    picture, or radiance where the recipe says output.bits = 32. The report gives the luminance of `regions`. Raises a
    FullwellError before any work where an output cannot be written, and an input is never overwritten.
    """
    recipe, progress = recipe or Recipe.of(), progress or Progress()
    if isinstance(outputs, (str, Path)):
        outputs = [outputs]
    wanted = [(Path(o), _kind(Path(o), recipe)) for o in outputs]
    for i, (path, kind) in enumerate(wanted):
        io.check_output(path, kind)
        if any(os.path.abspath(path) == os.path.abspath(other) for other, _ in wanted[:i]):
            raise UsageError(f"{path}: is named twice; every output needs a file of its own.")
        if any(os.path.exists(p) and os.path.exists(path) and os.path.samefile(p, path) for p in paths):
            raise UsageError(
                f"{path}: is one of the frames; name another output, the photographs are never overwritten."
            )
    kinds = {kind for _, kind in wanted}
    with progress.stage("read"):
        bracket = io.read_bracket(
            paths, times=recipe.times_s or None, times_from=times_from, reference=recipe.reference
        )  # fmt: skip
    if times_from:  # the recipe alone is to give the same result again
        recipe = dataclasses.replace(recipe, times_s=tuple(f.exposure.time_s or 0.0 for f in bracket))
    recipe.scale.check(*bracket.shape)
    for region in regions:
        region.check(*bracket.shape)
    result = recipe.run(bracket, "radiance" in kinds or bool(regions), "picture" in kinds, progress)
    with progress.stage("write"):
        for path, kind in progress.each(wanted):
            io.write(getattr(result, kind), path, recipe.output)
    result.report = record(
        result.bracket,
        result.response,
        result.radiance,
        [str(p) for p, _ in wanted],
        progress.seconds,
        recipe.to_toml(),
        regions,
    )
    return result


def _kind(path: Path, recipe: Recipe) -> str:
    """Whether a path is to hold "radiance" or a "picture"."""
    held = formats.holds(path)
    if len(held) > 1:
        return "radiance" if recipe.output.bits == 32 else "picture"
    return next(iter(held))
