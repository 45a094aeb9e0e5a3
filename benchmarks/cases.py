"""The table of what is measured and what each case is to reach. A stage is written once, for OpenCV and the drop-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from scenes import Scene

HDR = str(Path(gettempdir()) / "fullwell-bench.hdr")


@dataclass(frozen=True)
class Stage:
    """The same call on the same arrays: `work(cv2, scene)` with OpenCV's module and with `fullwell.compat.cv2`."""

    name: str
    megapixels: float
    target: float  # time of OpenCV / time of Fullwell
    work: Callable[[Any, Scene], Any]


@dataclass(frozen=True)
class Native:
    """One of Fullwell's own operators, compared with the stage of OpenCV that has its name, and with a copy."""

    name: str
    megapixels: float
    peer: str  # name of a Stage of that size; empty where OpenCV has none
    target: float | None  # time of OpenCV / time of Fullwell, or copies of the image where there is no peer
    work: Callable[[Scene], Any]


@dataclass(frozen=True)
class Job:
    """A command from files to files, process start included, against the tutorial's script with OpenCV."""

    name: str
    options: tuple[str, ...]
    outputs: tuple[str, ...]
    target: float  # time of OpenCV / time of Fullwell
    memory: float  # peak of Fullwell / peak of OpenCV, at most


def hdr_read(cv2: Any, scene: Scene) -> Any:
    """The file is OpenCV's, so that both read the same bytes."""
    path = Path(HDR).with_stem(f"fullwell-bench-{scene.megapixels:g}")
    if not path.exists():
        import cv2 as opencv

        opencv.imwrite(str(path), scene.radiance)
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def align(cv2: Any, scene: Scene) -> Any:
    return cv2.createAlignMTB().process(scene.frames, scene.moved)


def tonemapped(name: str, **values: Any) -> Callable[[Scene], Any]:
    def work(scene: Scene) -> Any:
        from fullwell.params import build

        return build("tonemap", name, values)(scene.radiance)

    return work


def merged(name: str) -> Callable[[Scene], Any]:
    def work(scene: Scene) -> Any:
        from fullwell import response
        from fullwell.params import build

        return build("merge", name)(scene.frames, response.Srgb()(scene.frames), scene.times)

    return work


def fused(scene: Scene) -> Any:
    from fullwell.fuse import Mertens07

    return Mertens07()(scene.frames)


STAGES = (
    Stage("AlignMTB", 24, 10, align),
    Stage("CalibrateDebevec", 24, 5, lambda cv2, s: cv2.createCalibrateDebevec().process(s.frames, s.times)),
    Stage("CalibrateRobertson", 1.5, 30, lambda cv2, s: cv2.createCalibrateRobertson().process(s.frames, s.times)),
    Stage("MergeDebevec", 24, 15, lambda cv2, s: cv2.createMergeDebevec().process(s.frames, s.times)),
    Stage("MergeRobertson", 24, 10, lambda cv2, s: cv2.createMergeRobertson().process(s.frames, s.times)),
    Stage("MergeMertens", 24, 4, lambda cv2, s: cv2.createMergeMertens().process(s.frames)),
    Stage("Tonemap", 24, 6, lambda cv2, s: cv2.createTonemap(2.2).process(s.radiance)),
    Stage("TonemapDrago", 24, 6, lambda cv2, s: cv2.createTonemapDrago(1.0, 0.7).process(s.radiance)),
    Stage("TonemapReinhard", 24, 6, lambda cv2, s: cv2.createTonemapReinhard(1.5, 0, 0, 0).process(s.radiance)),
    Stage("TonemapMantiuk", 1.5, 25, lambda cv2, s: cv2.createTonemapMantiuk(2.2, 0.85, 1.2).process(s.radiance)),
    Stage(".hdr write", 24, 3, lambda cv2, s: cv2.imwrite(HDR, s.radiance)),
    Stage(".hdr read", 24, 3, hdr_read),
)

NATIVES = (
    Native("debevec97", 24, "MergeDebevec", 15, merged("debevec97")),
    Native("robertson03", 24, "MergeRobertson", 10, merged("robertson03")),
    Native("mertens07", 24, "MergeMertens", 4, fused),
    Native("linear", 24, "Tonemap", 20, tonemapped("linear")),
    Native("drago03", 24, "TonemapDrago", 20, tonemapped("drago03")),
    Native("reinhard05", 24, "TonemapReinhard", 20, tonemapped("reinhard05")),
    Native("durand02", 24, "", 30, tonemapped("durand02")),
    Native("natural", 24, "", 20, tonemapped("natural")),
    Native("mantiuk06", 6, "", None, tonemapped("mantiuk06")),
)

TUTORIAL = (
    "--align",
    "mtb03",
    "--response",
    "debevec97",
    "--merge",
    "debevec97",
    "--tonemap",
    "drago03",
    "--finish",
    "none",
    "--exposures",
    "nominal",
)

JOBS = (
    Job("the tutorial's work", TUTORIAL, ("scene.hdr", "scene.jpg"), 6, 0.6),
    Job("all defaults", (), ("scene.hdr", "scene.jpg"), 3, 0.6),
)


@dataclass(frozen=True)
class Program:
    """A program of others: `commands(frames, evs, radiance, out)` gives its command and the words of ours.

    The first word of its name is what must be installed.
    """

    name: str
    megapixels: float
    commands: Callable[[list[str], str, str, str], tuple[list[str], list[str]]]


def luminance(frames: list[str], evs: str, radiance: str, out: str) -> tuple[list[str], list[str]]:
    theirs = ["luminance-hdr-cli", "-a", "AIS", "-e", evs, "-s", f"{out}.hdr", "-o", f"{out}.jpg", "--tmo", "drago"]
    return [*theirs, *frames], ["make", *frames, *TUTORIAL, "-o", f"{out}.hdr", "-o", f"{out}.jpg"]


def luminance_mantiuk06(frames: list[str], evs: str, radiance: str, out: str) -> tuple[list[str], list[str]]:
    theirs = ["luminance-hdr-cli", "-l", radiance, "--tmo", "mantiuk06", "-o", f"{out}.png"]
    return theirs, ["tonemap", "mantiuk06", radiance, f"{out}.png"]


def enfuse(frames: list[str], evs: str, radiance: str, out: str) -> tuple[list[str], list[str]]:
    mine = ["make", *frames, "--align", "none", "--fuse", "mertens07", "-o", f"{out}.tif"]
    return ["enfuse", "-o", f"{out}.tif", *frames], mine


def pfstmo(frames: list[str], evs: str, radiance: str, out: str) -> tuple[list[str], list[str]]:
    theirs = ["sh", "-c", f"pfsin {radiance} | pfstmo_mantiuk06 | pfsout {out}.png"]
    return theirs, ["tonemap", "mantiuk06", radiance, f"{out}.png"]


PROGRAMS = (
    Program("luminance-hdr-cli", 24, luminance),
    Program("luminance-hdr-cli mantiuk06", 6, luminance_mantiuk06),
    Program("enfuse", 24, enfuse),
    Program("pfstmo_mantiuk06", 6, pfstmo),
)

SCALED = ("MergeDebevec", "robertson03", "drago03")
SCALING_MP = (3, 12, 24, 50, 100)
LARGE = (9, 100)  # frames, megapixels
LARGE_BYTES = 4e9
