"""What one may want to do after `fullwell make`, as commands to copy: real names, quoted for the shell."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from fullwell.io import is_result
from fullwell.io.targets import HDR, PICTURE, RADIANCE
from fullwell.job import Job
from fullwell.params import ids

MOST_FRAMES = 4  # that are spelt out; more are written as a pattern where one fits


def useful(job: Job, frames: Sequence[str]) -> str:
    """Another look from the radiance, how well it all fitted, and the frames themselves."""
    shown = spelled(frames)
    picture = next(t.path for t in job.targets if t.kind in (PICTURE, HDR))
    radiance = next(t.path for t in job.targets if t.kind == RADIANCE)
    used = {r.look for r in job.recipes}
    other = next((i for i in ids("tonemap") if i not in used), ids("tonemap")[0])
    new = radiance.with_name(f"{radiance.stem}-{other}.jpg")
    lines = [
        (f"fullwell tonemap {other} {_quoted(radiance)} {_quoted(new)}", "another look"),
        (
            f"fullwell make {shown} --recipe {_quoted(picture)} --report {_quoted(radiance.with_suffix('.json'))}",
            "the same again, with a report of how well it fitted",
        ),
        (f"fullwell inspect {shown}", "exposures and clipping of each frame"),
    ]
    return "\n".join(["", "Next, for example:", *(f"  {command}\n      {why}" for command, why in lines)])


def spelled(frames: Sequence[str]) -> str:
    """Frames as one would type them, quoted; many of them as a pattern, if it means these and results only."""
    folder = Path(frames[0]).parent
    if len(frames) > MOST_FRAMES and all(Path(f).parent == folder for f in frames):
        names = [Path(f).name for f in frames]
        start, end = _shared(names), _shared([n[::-1] for n in names])[::-1]
        meant = [p for p in folder.iterdir() if p.name.startswith(start) and p.name.endswith(end)]
        if {p.name for p in meant if p.name in names or not is_result(p)} == set(names):
            prefix, suffix = os.path.join(str(folder), start) if folder != Path() else start, end
            return "*".join(_quoted(part) if part else "" for part in (prefix, suffix))
    return " ".join(map(_quoted, frames))


def _shared(names: list[str]) -> str:
    """The characters that all begin with."""
    return "".join(letters[0] for letters in itertools.takewhile(lambda c: len(set(c)) == 1, zip(*names, strict=False)))


def _quoted(path: str | Path) -> str:
    text = str(path)
    return shlex.quote(text if not text.startswith("-") else f"./{text}")
