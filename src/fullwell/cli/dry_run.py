"""What `fullwell make` tells before any work: with --dry-run all of it, and always that much memory is needed."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from fullwell.image import KEPT_BYTES
from fullwell.io.bracket import decoded_bytes
from fullwell.job import Job
from fullwell.kernels._jit import thread_count
from fullwell.operators import PointOp
from fullwell.progress import Progress
from fullwell.report.inspection import as_dict, as_table, inspect

MUCH_BYTES = 2_000_000_000  # of memory; less is not worth a word
PROGRAM_BYTES = 250_000_000  # Python, its libraries and the compiled kernels
# Float images of the frames' size beside the radiance, at their peak; measured at 6 megapixels.
POINT_IMAGES, WHOLE_IMAGES = 1.5, 5.0


def foreseen(job: Job, progress: Progress) -> dict[str, Any]:
    """Frames, recipes, outputs and memory as plain data; `table` shows the frames to a reader."""
    with progress.stage("inspect"):
        found = inspect(job.bracket, progress)
    found = replace(found, warnings=(*job.bracket.notes, *found.warnings))
    return as_dict(found) | {
        "table": as_table(found),
        "recipes": [r.to_toml() for r in job.recipes],
        "outputs": [{"path": str(t.path), "replaces": t.path.exists()} for t in (*job.targets, *job.beside)],
        "memory_bytes": peak_bytes(job),
    }


def as_text(job: Job, found: dict[str, Any]) -> str:
    """The same for a reader; of several recipes, the first whole and what the others do otherwise."""
    recipes = [found["recipes"][0], *(r.to_toml(("fuse", "tonemap", "finish")) for r in job.recipes[1:])]
    outputs = [f"  {o['path']}{' (replaces what is there)' if o['replaces'] else ''}" for o in found["outputs"]]
    memory = f"at most about {found['memory_bytes'] / 1e9:.1f} GB of memory; nothing was done."
    return "\n\n".join([found["table"], *(r.rstrip() for r in recipes), "\n".join(["outputs:", *outputs]), memory])


def of_memory(job: Job) -> str:
    """A sentence where a job takes much memory; empty where it does not."""
    needed = peak_bytes(job)
    if needed < MUCH_BYTES:
        return ""
    there = _machine_bytes()
    said = f"this takes up to {needed / 1e9:.1f} GB of memory"
    if there and needed > there:
        return f"{said}, of which this machine has {there / 1e9:.1f} GB: it may be slow, or fail."
    return said + "."


def _machine_bytes() -> int:
    """The machine's memory; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0


def peak_bytes(job: Job) -> int:
    """The most memory that a job will take, in bytes: a bound, near for the hungriest operators.

    Decoded frames are all kept where they fit into KEPT_BYTES, resampled ones likewise; else there is one per core, one
    more being compared with the next, and the merge's sums take an image beside the radiance. Only what fuses frames
    still needs them when the picture is made.
    """
    h, w = job.bracket.shape
    image, largest = 12 * h * w, (3 if job.bracket.levels == 256 else 6) * h * w  # three float32, and three codes
    kept = sum(decoded_bytes(f) for f in job.bracket)
    together = kept <= KEPT_BYTES
    frames = kept + min(6 * h * w * len(job.bracket), KEPT_BYTES) if together else (thread_count() + 1) * largest
    pictures = [POINT_IMAGES if not r.fuse and isinstance(r.tonemap, PointOp) else WHOLE_IMAGES for r in job.recipes]
    several = 2.0 if len(job.recipes) > 1 else 0.0  # the first is kept
    first = job.recipes[0]
    layers = 1.3 * bool({"sigma", "source"} & {*first.output.layers, *job.layers})
    merging = frames + (first.merge.images + (0.0 if together else 1.0) + layers) * image
    fusing = kept if together and any(r.fuse for r in job.recipes) else 0
    finishing = fusing + (max(pictures) + several + (1.1 + layers if job.radiance else 0.0)) * image
    return round(PROGRAM_BYTES + max(merging, finishing))
