"""Frames in, files out: everything is decided first, then done."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fullwell import io, memory
from fullwell.atomic import write_text
from fullwell.errors import UsageError
from fullwell.image import Bracket, Picture, Radiance
from fullwell.io import naming, targets
from fullwell.io.targets import HDR, MAP, PICTURE, PLOT, RADIANCE, REPORT, Target
from fullwell.progress import Progress
from fullwell.recipe import Recipe, Result
from fullwell.report.record import record
from fullwell.report.regions import Region

# Stages that the pictures of one job have in common.
SHARED = ("align", "exposures", "response", "merge", "scale", "output")
PAGE_LAYERS = ("sigma",)  # of the radiance, which the page of a report shows


@dataclass(frozen=True)
class Job:
    """Work that is known to be possible: the frames and their headers are read, every output may be written.

    The recipes make a picture each, of one radiance.
    """

    bracket: Bracket
    recipes: tuple[Recipe, ...]
    targets: tuple[Target, ...]
    verify: bool = False
    regions: tuple[Region, ...] = ()
    beside: tuple[Target, ...] = ()  # what tells of the work: reports, plots and maps

    @property
    def kinds(self) -> set[str]:
        return {t.kind for t in self.targets}

    @property
    def radiance(self) -> bool:
        """Whether the radiance is wanted, or a picture needs it."""
        mapped = PICTURE in self.kinds and any(not r.fuse for r in self.recipes)
        return mapped or bool({RADIANCE, HDR} & self.kinds) or bool(self.regions)

    @property
    def layers(self) -> tuple[str, ...]:
        """What a report shows of the radiance beside what the outputs hold."""
        return PAGE_LAYERS if any(is_page(t.path) for t in self.beside if t.kind == REPORT) else ()


def make(
    paths: Iterable[str | Path] | str | Path | io.Selection,
    outputs: Sequence[str | Path] | str | Path | None = None,
    recipe: Recipe | Sequence[Recipe] | None = None,
    *,
    times_from: Mapping[str, float] | str | Path | None = None,
    whole: bool = False,
    verify: bool = False,
    regions: Sequence[Region] = (),
    force: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Frames in, files out: the twin of `fullwell make`.

    The frames are files, folders and patterns, and `times_from` and `whole` mean what they do to `io.read_bracket`. The
    extension of each output decides what it holds: .hdr and .exr radiance; .jpg, .png, .heic and .webp a picture; .tif
    a picture, .jxl an HDR picture, and both radiance where the recipe says output.bits = 32; .avif an HDR picture, and
    so .jpg, .png and .heic where it says output.hdr. `{reference}` in a name stands for the name of the reference
    frame; without outputs they are `{reference}-HDR.jpg` and `.exr` in the current folder.

    Recipes that differ in `tonemap`, `fuse` and `finish` only are made at once from one radiance: `{tonemap}` in a name
    stands for what made the picture, and contact-sheet.jpg shows them all.

    Raises a FullwellError before any work where an output cannot be written. An input is never overwritten, a result
    of Fullwell is replaced, and any other file only with `force`. With `verify` every output is decoded again and the
    error in stops goes into the report, which gives the luminance of `regions` too.
    """
    progress = progress or Progress()
    with progress.stage("read"):
        job = prepare(
            paths, outputs, recipe,
            times_from=times_from, whole=whole, verify=verify, regions=regions, force=force,
        )  # fmt: skip
    return run(job, progress)


def prepare(
    paths: Iterable[str | Path] | str | Path | io.Selection,
    outputs: Sequence[str | Path] | str | Path | None = None,
    recipe: Recipe | Sequence[Recipe] | None = None,
    *,
    times_from: Mapping[str, float] | str | Path | None = None,
    whole: bool = False,
    verify: bool = False,
    regions: Sequence[Region] = (),
    force: bool = False,
    beside: Sequence[Target] = (),
) -> Job:
    """Everything that `make` decides before any work; the parameters are those of `make` and `Job`."""
    outputs = [outputs] if isinstance(outputs, (str, Path)) else list(outputs or ())
    recipes = (recipe,) if isinstance(recipe, Recipe) else tuple(recipe or (Recipe.of(),))
    check_outputs(outputs, recipes)
    for target in beside:
        target.check()
    first, looks = recipes[0], [r.look for r in recipes]
    frames = io.select(paths)
    bracket = io.read_bracket(
        frames,
        times=first.times_s or None,
        times_from=times_from,
        reference=first.reference,
        trust_times=first.trust_times,
        whole=whole,
    )
    if times_from:  # the recipe alone is to give the same result again
        times_s = tuple(f.exposure.time_s or 0.0 for f in bracket)
        recipes = tuple(dataclasses.replace(r, times_s=times_s) for r in recipes)
    name, encoding = naming.reference_name(bracket), first.output
    wanted = targets.named(outputs, looks, encoding, name) if outputs else targets.unnamed(looks, encoding, name, force)
    targets.check([*wanted, *beside], inputs(frames, first, times_from), force)
    first.scale.check(*bracket.shape)
    for region in regions:
        region.check(*bracket.shape)
    job = Job(bracket, recipes, tuple(wanted), verify, tuple(regions), tuple(beside))
    for target in beside:
        if target.kind in (PLOT, MAP) and not job.radiance:
            raise UsageError(
                f"{target.path}: fused frames are not merged, which a {target.kind} tells of; leave out --fuse, or "
                "make the radiance, too: -o scene.exr."
            )
        if target.kind == MAP and first.deghost == "off":
            raise UsageError(
                f"{target.path}: there are no ghosts to show where none are looked for; add --deghost auto."
            )
    return job


def inputs(frames: io.Selection, recipe: Recipe, times_from: Any) -> list[str | Path]:
    """All files that are read, which nothing may overwrite."""
    listed = [times_from] if isinstance(times_from, (str, Path)) else []
    saved = recipe.response.values().get("path")
    return [*frames.paths, *frames.copies, *listed, *([str(saved)] if saved else [])]


def check_outputs(outputs: Sequence[str | Path], recipes: Sequence[Recipe]) -> None:
    """Raises UsageError for what cannot be written or made at once, before the frames and so the names are known."""
    first, looks = recipes[0], [r.look for r in recipes]
    if any(
        dataclasses.replace(r, tonemap=first.tonemap, fuse=first.fuse, finish=first.finish) != first for r in recipes
    ):
        raise UsageError("make: recipes that are made at once may differ in tonemap, fuse and finish only.")
    if twice := [look for look in looks if looks.count(look) > 1]:
        raise UsageError(f"make: {twice[0]} is asked for twice; one picture of a kind at a time.")
    for target in targets.named(outputs, looks, first.output, "reference"):
        target.check()


def run(job: Job, progress: Progress) -> Result:
    """Do a job: every file is written as soon as what it holds is made."""
    first = job.recipes[0]
    result = first.run(job.bracket, job.radiance, progress, job.layers)
    if result.radiance:
        for region in job.regions:  # before anything is written
            region.check(*result.radiance.rgb.shape[:2])
    if not any(recipe.fuse for recipe in job.recipes):
        io.drop_pixels(job.bracket)  # as much memory as the picture will take
    memory.trim()  # of what decoding took
    written = _Written(job, progress)
    if result.radiance:
        written.write(result.radiance, RADIANCE)
    thumbnails: dict[str, Picture] = {}
    for recipe in job.recipes if {PICTURE, HDR} & job.kinds else ():
        picture = recipe.develop(result, progress)
        written.write(picture, PICTURE, recipe.look)
        if HDR in job.kinds and result.radiance:
            hdr = io.hdr_picture(result.radiance, picture)
            written.write(hdr, HDR, recipe.look)
            result.hdr = result.hdr or hdr
        result.picture = result.picture or picture
        if len(job.recipes) > 1:
            from fullwell.report import contact_sheet

            thumbnails[recipe.look] = contact_sheet.thumbnail(picture)
    if thumbnails:
        from fullwell.report import contact_sheet

        meta = dataclasses.replace(job.bracket.meta, recipe=first.to_toml(SHARED))
        io.write(contact_sheet.sheet(thumbnails), job.targets[-1].path, meta=meta)
    result.record = partial(
        record,
        result.bracket,
        result.part,
        result.response,
        result.radiance,
        [str(t.path) for t in job.targets],
        dict(progress.seconds),
        first.to_toml(),
        written.in_order(written.shown),
        written.in_order(written.verified),
        job.regions,
        first.deghost,
    )
    return result


def write_report(result: Result, path: str | Path) -> None:
    """The report of a run: data in .json, a page with pictures in .html. Raises UsageError."""
    if is_page(path):
        from fullwell.report.page import page

        text = page(result.report, result.bracket, result.response, result.radiance, result.picture)
    else:
        text = json.dumps(result.report, indent=2, ensure_ascii=False) + "\n"
    write_text(text, path)


def is_page(path: str | Path) -> bool:
    """Whether a report of this name is a page and not data."""
    return Path(path).suffix.lower() == ".html"


class _Written:
    """Writes what targets hold, and keeps how HDR pictures show the scene and how well files read back."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self.job, self.progress = job, progress
        self.shown: dict[Path, dict[str, Any]] = {}
        self.verified: dict[Path, dict[str, Any]] = {}

    def write(self, image: Radiance | Picture | io.HdrPicture, kind: str, look: str = "") -> None:
        encoding = self.job.recipes[0].output
        paths = [t.path for t in self.job.targets if (t.kind, t.look) == (kind, look)]
        with self.progress.stage("write"):
            for path in self.progress.each(paths):
                io.write(image, path, encoding)
        for path in paths:
            if isinstance(image, io.HdrPicture):
                self.shown[path] = io.shown(image, path, encoding)._asdict()
            if self.job.verify:
                with self.progress.stage("verify"):
                    self.verified[path] = io.verify(image, path, encoding)._asdict()

    def in_order(self, found: dict[Path, dict[str, Any]]) -> list[dict[str, Any]]:
        """In the order of the outputs."""
        return [found[t.path] for t in self.job.targets if t.path in found]
