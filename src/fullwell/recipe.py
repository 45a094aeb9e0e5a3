"""A recipe: one operator per arrow of the work. It runs, and it goes to and from TOML."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import tomli_w

from fullwell import __version__, io
from fullwell.color import primaries
from fullwell.errors import InputError, ResultRefused, UsageError, did_you_mean
from fullwell.image import Bracket, Picture, Radiance, Response
from fullwell.io import formats, naming
from fullwell.operators import HEADROOM, Aligner, Calibrator, Finisher, Fuser, Merger, ToneMapper
from fullwell.params import FAMILIES, Operator, build
from fullwell.progress import QUIET, Progress
from fullwell.report.record import record
from fullwell.report.regions import Region
from fullwell.scale import Scale

DEFAULTS = {
    "align": "mtb03", "response": "debevec97", "merge": "robertson03", "fuse": "none", "tonemap": "natural",
    "finish": "develop",
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
    crop: bool = False  # to what all frames show

    def __post_init__(self) -> None:
        primaries(self.primaries)

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

    def to_toml(self) -> str:
        """The recipe as text; it holds every parameter and nothing about when or where."""
        text: dict[str, Any] = {"fullwell": __version__, "primaries": self.primaries, "reference": self.reference}
        if self.times_s:
            text["times_s"] = list(self.times_s)
        if self.trust_times:
            text["trust_times"] = True
        if self.crop:
            text["crop"] = True
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
        flags = {flag: found.get(flag, False) for flag in ("trust_times", "crop")}
        for flag, value in flags.items():
            if type(value) is not bool:
                raise UsageError(f"{name}: {flag} must be true or false, got {value!r}.")
        rest = {"times_s": tuple(map(float, times)), "reference": reference, **flags}
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
        if len(bracket.used) == 1 < len(bracket):
            name = bracket.frames[bracket.reference].name
            raise ResultRefused(
                f"no other frame could be aligned with {name}; where the camera stood still, pass --align none."
            )
        part = bracket.used.common if self.crop else (slice(None), slice(None))
        result = Result(self, bracket)
        meta = dataclasses.replace(bracket.meta, recipe=self.to_toml())
        if radiance or not (picture and self.fuse):
            with progress.stage("response"):
                result.response = self.response(bracket, progress=progress)
            with progress.stage("merge"):
                merged = self.merge(bracket, result.response, progress=progress)
                result.radiance = dataclasses.replace(self.scale(merged.to(self.primaries))[part], meta=meta)
        if picture and self.fuse:
            with progress.stage("fuse"):
                fused = self.fuse(bracket, progress)
                result.picture = dataclasses.replace(fused, rgb=fused.rgb[part], meta=meta)
            result.picture = self._finished(result.picture, result.radiance, progress)
        elif picture and result.radiance:
            result.picture = self.picture(result.radiance, progress)
        return result

    def picture(self, scene: Radiance, progress: Progress = QUIET) -> Picture:
        """The radiance tone mapped and finished."""
        with progress.stage("tonemap"):
            mapped = self.tonemap(scene, progress, ceiling=HEADROOM if self.finish else 1.0)
        return self._finished(mapped, scene, progress)

    def _finished(self, picture: Picture, scene: Radiance | None, progress: Progress) -> Picture:
        if not self.finish:
            return picture
        with progress.stage("finish"):
            return self.finish(picture, scene, progress)


@dataclass
class Result:
    """What a run made. `report` is the record of it as plain data."""

    recipe: Recipe
    bracket: Bracket
    response: Response | None = None
    radiance: Radiance | None = None
    picture: Picture | None = None
    hdr: io.HdrPicture | None = None
    report: dict[str, Any] = field(default_factory=dict)


def make(
    paths: Iterable[str | Path] | str | Path | io.Selection,
    outputs: Sequence[str | Path] | str | Path,
    recipe: Recipe | None = None,
    *,
    times_from: Mapping[str, float] | str | Path | None = None,
    whole: bool = False,
    verify: bool = False,
    regions: Sequence[Region] = (),
    progress: Progress | None = None,
) -> Result:
    """Frames in, files out: the twin of `fullwell make`.

    The frames are files, folders and patterns, and `times_from` and `whole` mean what they do to `io.read_bracket`. The
    extension of each output decides what it holds: .hdr and .exr radiance; .jpg, .png and .webp a picture; .tif a
    picture, or radiance where the recipe says output.bits = 32; .jpg and .png an HDR picture where it says output.hdr.
    `{reference}` in a name stands for the name of the reference frame. Raises a FullwellError before any work where an
    output cannot be written, and an input is never overwritten. With `verify` every output is decoded again and the
    error in stops goes into the report, which gives the luminance of `regions` too.
    """
    recipe, progress = recipe or Recipe.of(), progress or Progress()
    outputs = [outputs] if isinstance(outputs, (str, Path)) else outputs
    check_outputs(outputs, recipe)
    frames = io.select(paths)
    with progress.stage("read"):
        bracket = io.read_bracket(
            frames,
            times=recipe.times_s or None,
            times_from=times_from,
            reference=recipe.reference,
            trust_times=recipe.trust_times,
            whole=whole,
        )
    wanted = _targets(outputs, bracket, frames, recipe)
    kinds = {kind for _, kind in wanted}
    if times_from:  # the recipe alone is to give the same result again
        recipe = dataclasses.replace(recipe, times_s=tuple(f.exposure.time_s or 0.0 for f in bracket))
    hdr = "hdr" in kinds
    recipe.scale.check(*bracket.shape)
    for region in regions:
        region.check(*bracket.shape)
    result = recipe.run(bracket, hdr or "radiance" in kinds or bool(regions), hdr or "picture" in kinds, progress)
    if hdr and result.radiance:
        result.hdr = io.hdr_picture(result.radiance, result.picture)
    with progress.stage("write"):
        for path, kind in progress.each(wanted):
            io.write(getattr(result, kind), path, recipe.output)
    verified = []
    if verify:
        with progress.stage("verify"):
            verified = [io.verify(getattr(result, kind), path, recipe.output) for path, kind in progress.each(wanted)]
    result.report = record(
        result.bracket,
        result.response,
        result.radiance,
        [str(p) for p, _ in wanted],
        progress.seconds,
        recipe.to_toml(),
        [io.shown(result.hdr, p, recipe.output)._asdict() for p, kind in wanted if kind == "hdr" and result.hdr],
        [v._asdict() for v in verified],
        regions,
    )
    return result


def check_outputs(outputs: Sequence[str | Path], recipe: Recipe) -> None:
    """Raises UsageError for outputs that cannot be written, before the frames and so the names are known."""
    for output in outputs:
        path = naming.fill(output, reference="reference")
        io.check_output(path, recipe.output.kind(path))


def _targets(
    outputs: Sequence[str | Path], bracket: Bracket, frames: io.Selection, recipe: Recipe
) -> list[tuple[Path, str]]:
    """Every file to be written and what it holds. Raises UsageError where one cannot be, or is an input."""
    paths = [naming.fill(o, reference=naming.reference_name(bracket)) for o in outputs]
    wanted = [(p, recipe.output.kind(p)) for p in paths]
    for i, (path, kind) in enumerate(wanted):
        io.check_output(path, kind)
        if any(os.path.abspath(path) == os.path.abspath(other) for other in paths[:i]):
            raise UsageError(f"{path}: is named twice; every output needs a file of its own.")
        if path.exists() and any(os.path.samefile(p, path) for p in frames.paths):
            raise UsageError(
                f"{path}: is one of the frames; name another output, the photographs are never overwritten."
            )
    return wanted
