"""A recipe: one operator per arrow of the work. It runs, and it goes to and from TOML."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import tomli_w

from fullwell import __version__, io, memory, recipes
from fullwell.color import primaries
from fullwell.errors import InputError, ResultRefused, UsageError, did_you_mean
from fullwell.image import Bracket, Picture, Radiance, Response
from fullwell.io import formats
from fullwell.operators import HEADROOM, Aligner, Calibrator, Exposer, Finisher, Fuser, Merger, ToneMapper
from fullwell.params import FAMILIES, Operator, build
from fullwell.progress import QUIET, Progress
from fullwell.scale import Scale

DEFAULTS = {
    "align": "ladder", "exposures": "snapped", "response": "debevec97", "merge": "robertson03", "fuse": "none",
    "tonemap": "natural", "finish": "develop",
}  # fmt: skip
OPTIONAL = ("align", "fuse", "finish")  # families that "none" switches off
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

    With `fuse`, pictures are fused from the frames; otherwise they are tone mapped from the radiance; either is
    finished. `reference` and `times_s` follow the order in which the frames are given; empty times are read from the
    files. `trust_times` takes exposures that EXIF or brightness contradict.
    """

    align: Aligner | None = field(default_factory=_default("align"))
    exposures: Exposer = field(default_factory=_default("exposures"))
    response: Calibrator = field(default_factory=_default("response"))
    merge: Merger = field(default_factory=_default("merge"))
    fuse: Fuser | None = None
    tonemap: ToneMapper = field(default_factory=_default("tonemap"))
    scale: Scale = field(default_factory=Scale)
    finish: Finisher | None = field(default_factory=_default("finish"))
    output: io.Encoding = field(default_factory=io.Encoding)
    primaries: str = "rec709"
    reference: int = -1
    times_s: tuple[float, ...] = ()
    trust_times: bool = False
    crop: bool = True  # to what all frames show

    def __post_init__(self) -> None:
        primaries(self.primaries)
        self.merge.check(self.output.layers)

    @classmethod
    def of(
        cls,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Mapping[str, Any]] | None = None,
        **rest: Any,
    ) -> Recipe:
        """A recipe from operator names per family ("none" for no alignment, fusion or finish) and values per stage.

        The names and values that are not given are the defaults. Raises UsageError with a hint for unknown ones.
        """
        names, values = DEFAULTS | dict(names or {}), values or {}
        for stage in values:
            if stage not in STAGES:
                raise UsageError(f"no stage is called {stage!r}; {did_you_mean(stage, STAGES)}")
        stages: dict[str, Any] = {stage: one.of(values.get(stage, {})) for stage, one in FIXED.items()}
        for family in FAMILIES:
            name = names[family]
            if name == "none" and family in OPTIONAL:
                if family in values:
                    raise UsageError(
                        f"{family}: values are set for a stage that is switched off; drop them or switch it on."
                    )
                stages[family] = None
            else:
                stages[family] = build(family, name, values.get(family))
        return cls(**stages, **rest)

    def to_toml(self, only: Sequence[str] = STAGES) -> str:
        """The recipe as text, or some of its stages; it holds every parameter and nothing about when or where."""
        text: dict[str, Any] = {"fullwell": __version__, "primaries": self.primaries, "reference": self.reference}
        if self.times_s:
            text["times_s"] = list(self.times_s)
        if self.trust_times:
            text["trust_times"] = True
        if not self.crop:
            text["crop"] = False
        for stage in only:
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
        known = ("fullwell", "primaries", "reference", "times_s", "trust_times", "crop", *STAGES)
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
        flags = {flag: found.get(flag, usual) for flag, usual in (("trust_times", False), ("crop", True))}
        for flag, value in flags.items():
            if type(value) is not bool:
                raise UsageError(f"{name}: {flag} must be true or false, got {value!r}.")
        rest = {"times_s": tuple(map(float, times)), "reference": reference, **flags}
        return cls.of(names, values, primaries=str(found.get("primaries", "rec709")), **rest)

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """The recipe of a name (`fullwell recipes`), of a TOML file, or the one that a result of Fullwell carries."""
        if str(path) in recipes.names():
            return cls.from_toml(recipes.text(str(path)), str(path))
        path = Path(path)
        if not path.suffix and not path.exists():
            raise UsageError(f"no recipe is called {str(path)!r}; {did_you_mean(str(path), recipes.names())}")
        if path.suffix.lower() in formats.WRITERS:
            return cls.from_toml(io.read_recipe(path), str(path))
        try:
            return cls.from_toml(path.read_text(encoding="utf-8"), str(path))
        except OSError as e:
            raise InputError(f"{path}: the recipe cannot be read: {e.strerror}.") from None
        except UnicodeDecodeError:
            raise InputError(f"{path}: is not a recipe, which is a text in TOML.") from None

    @property
    def look(self) -> str:
        """What makes the picture: the id of the fuser or of the tone mapper."""
        return (self.fuse or self.tonemap).id

    @property
    def deghost(self) -> str:
        """How the merge looks for what moved; "off" of one that cannot."""
        return str(self.merge.values().get("deghost", "off"))

    def run(self, bracket: Bracket, radiance: bool, progress: Progress, layers: Collection[str] = ()) -> Result:
        """Register a bracket and, if asked to, merge it; pictures of the result are developed one by one.

        `layers` are what the radiance shall carry beside those of the outputs, if the merge can tell them.
        """
        with progress.stage("align"):
            if self.align:
                bracket = self.align(bracket, progress)
        if len(bracket.used) == 1 < len(bracket):
            name = bracket.frames[bracket.reference].name
            raise ResultRefused(
                f"no other frame could be aligned with {name}; where the camera stood still, pass --align none."
            )
        part = bracket.used.common if self.crop else np.s_[:, :]
        result = Result(self, bracket, part)
        if radiance:
            result.bracket = bracket = self.exposed(bracket, progress)
            with progress.stage("response"):
                result.response = self.response(bracket, progress=progress)
            with progress.stage("merge"):
                told = {*self.output.layers, *set(layers).intersection(self.merge.layers)}
                merged = self.merge(bracket, result.response, progress=progress, layers=told)
                meta = dataclasses.replace(bracket.meta, recipe=self.to_toml())
                result.radiance = dataclasses.replace(self.scale(merged.to(self.primaries).cropped(part)), meta=meta)
        return result

    def exposed(self, bracket: Bracket, progress: Progress) -> Bracket:
        """A registered bracket with its exposures settled, by the response if that is known beforehand."""
        with progress.stage("exposures"):
            return self.exposures(bracket, response=self.response.beforehand(bracket), progress=progress)

    def develop(self, result: Result, progress: Progress) -> Picture:
        """The picture of this recipe from what a run made: from its registered frames, or from its radiance.

        A fused picture is finished without the scene, so that it is the same whether or not the frames were merged.
        """
        if self.fuse:
            with progress.stage("fuse"):
                fused = self.fuse(result.bracket, progress)
            fused = dataclasses.replace(fused, rgb=fused.rgb[result.part])
            picture = self._finished(fused, None, progress)
        else:
            assert result.radiance is not None
            picture = self.picture(result.radiance, progress)
        return dataclasses.replace(picture, meta=dataclasses.replace(result.bracket.meta, recipe=self.to_toml()))

    def picture(self, scene: Radiance, progress: Progress = QUIET) -> Picture:
        """The radiance tone mapped and finished."""
        with progress.stage("tonemap"):
            mapped = self.tonemap(scene, progress, ceiling=HEADROOM if self.finish else 1.0)
        return self._finished(mapped, scene, progress)

    def _finished(self, picture: Picture, scene: Radiance | None, progress: Progress) -> Picture:
        if not self.finish:
            return picture
        with progress.stage("finish"):
            memory.trim()  # of what pyramids took
            return self.finish(picture, scene, progress)


@dataclass
class Result:
    """What a run made; of several pictures, the first.

    `part` is the rows and columns of the reference frame that the results show. `record` makes the record of it, with
    what the pixels of the frames tell or without.
    """

    recipe: Recipe
    bracket: Bracket
    part: tuple[slice, slice]
    response: Response | None = None
    radiance: Radiance | None = None
    picture: Picture | None = None
    hdr: io.HdrPicture | None = None
    record: Callable[[bool], dict[str, Any]] = lambda pixels: {}

    @cached_property
    def report(self) -> dict[str, Any]:
        """The record as plain data, made when first asked for: the photographs are decoded again for it.

        Raises InputError where one is gone, or is another file now.
        """
        return self.record(True)

    @property
    def brief(self) -> dict[str, Any]:
        """The report at once: without how much of the frames is clipped, and how far the colours are from theirs."""
        return self.record(False)
