"""The same handheld brackets of known light through Fullwell and the tools that people use, each as it is meant to be.

Run: python experiments/0006-peers/run.py, with --table only to write the table of result.json into README.md again.
Tools that are not installed are left out: Debian's packages hugin-tools, pfstools and luminance-hdr, OpenCV of the
extra `opencv`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fullwell import Exposure, Recipe, make, read_bracket, read_radiance
from fullwell.image import Array
from fullwell.io.photograph import write_photograph
from fullwell.simulate import Camera, best_estimate, hills
from fullwell.simulate.camera import Shot
from fullwell.simulate.handheld import Shake, view
from fullwell.simulate.scene import room

HERE = Path(__file__).parent
WIDTH, HEIGHT, MARGIN, FINENESS = 1200, 800, 60, 2
TIMES = [4.0**k / 8 for k in range(5)]  # s, 2 EV apart
REFERENCE = 2
SEEDS = range(2)
REACH = 12  # px of shift, in either direction
HANDS = {  # what the hand does between frames
    "tripod": None,
    "shift": Shake(REACH / WIDTH, 0.0, 0.0),
    "shift and roll": Shake(REACH / WIDTH, 0.8, 0.0),
}
CAMERAS = ("srgb", "film")
BORDER = 40  # px around the picture that are not compared
BEGIN, END = "<!-- table, written by run.py -->\n", "<!-- end of table -->"


@dataclass(frozen=True)
class Case:
    """Photographs in a folder, the reference first among `files`, and what is true."""

    files: list[Path]
    times: list[float]
    truth: Array
    told: float  # rms error, stops, of the estimate that knows camera and pose, from frames that did not move
    told_jpeg: float  # the same from frames stored as the files are
    where: Array  # which pixels some frame measured


def draw(camera_curve: str, hand: Shake | None, seed: int, folder: Path) -> Case:
    """A bracket of a scene of hills or of the room."""
    rng = np.random.default_rng([6, seed])
    size = FINENESS * (HEIGHT + 2 * MARGIN), FINENESS * (WIDTH + 2 * MARGIN)
    light = room(size[1], size[0], 2) if seed == 0 else hills(*size, seed, 12)
    still = view(light, FINENESS, MARGIN, np.eye(3), (HEIGHT, WIDTH))
    camera = Camera(camera_curve, seed=seed)
    noise, again = np.random.default_rng([7, seed]), np.random.default_rng([7, seed])
    shots, unmoved, files = [], [], []
    for k, t in enumerate(TIMES):
        motion = np.eye(3) if k == REFERENCE or hand is None else hand.draw(rng, (HEIGHT, WIDTH))
        seen = still if hand is None else view(light, FINENESS, MARGIN, motion, (HEIGHT, WIDTH))
        shots.append(camera.expose(seen, t, noise))
        files.append(folder / f"{k}.jpg")
        write_photograph(shots[-1], files[-1], Exposure(t, 8.0, 100.0))
        unmoved.append(Shot(camera.expose(still, t, again), t, (0, 0)))
    stored = [replace(shot, codes=as_stored(shot.codes, folder / "still.jpg")) for shot in unmoved]
    best, best_jpeg = best_estimate(camera, unmoved), best_estimate(camera, stored)
    where = np.isfinite(best) & np.isfinite(best_jpeg)
    where[:BORDER], where[-BORDER:], where[:, :BORDER], where[:, -BORDER:] = False, False, False, False
    return Case(files, TIMES, still, rms(best, still, where), rms(best_jpeg, still, where), where)


def as_stored(codes: Array, file: Path) -> Array:
    """Code values as JPEG leaves them."""
    write_photograph(codes, file, Exposure(1.0, 8.0, 100.0))
    return read_bracket([file]).frames[0].codes()


def rms(light: Array, truth: Array, where: Array) -> float:
    """Root mean square error in stops with the median taken out; no light and NaN count as 10 stops."""
    with np.errstate(all="ignore"):
        error = np.log2(np.maximum(light[where], 0) / truth[where])
    finite = np.isfinite(error)
    error = np.where(finite, error - np.median(error[finite]), 10.0)
    return float(np.sqrt(np.mean(np.clip(error, -10, 10) ** 2)))


def settled(light: Array, case: Case) -> float:
    """The error, also once the picture as a whole lies over the truth: whose frame is the reference is no error."""
    errors = []
    if light.shape == case.truth.shape:
        errors.append(rms(light, case.truth, case.where))
    ours, true = (np.log2(np.maximum(x.mean(axis=2), 1e-6)).astype(np.float32) for x in (light, case.truth))
    warp = np.eye(3, dtype=np.float32)
    warp[:2, 2] = (ours.shape[1] - true.shape[1]) / 2, (ours.shape[0] - true.shape[0]) / 2
    low, high = np.percentile(true, (2, 98))
    ours = np.clip(ours - np.median(ours) + np.median(true), low, high)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-6)
    try:
        _, warp = cv2.findTransformECC(np.clip(true, low, high), ours, warp, cv2.MOTION_HOMOGRAPHY, criteria, None, 5)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        logs = np.log2(np.maximum(light, 1e-9)).astype(np.float32)  # cubic in logs does not undershoot below 0
        moved = cv2.warpPerspective(logs, warp, case.truth.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        errors.append(rms(2.0**moved, case.truth, case.where))
    except cv2.error:
        pass
    return min(errors, default=10.0)


# The tools ------------------------------------------------------------------------------------------------------------


def fullwell(case: Case, folder: Path, recipe: Recipe) -> Array:
    make(case.files, folder / "fullwell.exr", recipe)
    return read_radiance(folder / "fullwell.exr").rgb


def opencv(files: list[Path], times: list[float], align: bool) -> Array:
    """The tutorial's script: AlignMTB, CalibrateDebevec, MergeDebevec."""
    images = [cv2.imread(str(p)) for p in files]
    if align:
        cv2.createAlignMTB().process(images, images)
    seconds = np.array(times, np.float32)
    response = cv2.createCalibrateDebevec().process(images, seconds)
    return cv2.createMergeDebevec().process(images, seconds, response)[:, :, ::-1]


def hugin(case: Case, folder: Path) -> Array:
    """align_image_stack on the reference first, then OpenCV."""
    order = [REFERENCE, *(k for k in range(len(TIMES)) if k != REFERENCE)]
    run("align_image_stack", "-a", str(folder / "hugin_"), "--use-given-order", *(str(case.files[k]) for k in order))
    aligned = sorted(folder.glob("hugin_*.tif"))
    return opencv(aligned, [TIMES[k] for k in order], align=False)


def pfstools(case: Case, folder: Path) -> Array:
    """pfshdrcalibrate with its own response, Robertson's; Debian's package aligns nothing."""
    script = folder / "script.hdrgen"
    lines = [f"{p} {1 / t:.9g} 8 100 0" for p, t in zip(case.files, TIMES, strict=True)]
    script.write_text("\n".join(lines) + "\n")
    out = folder / "pfstools.hdr"
    run("sh", "-c", f"pfsinhdrgen {script} | pfshdrcalibrate | pfsoutrgbe {out}")
    return read_radiance(out).rgb


def luminance(case: Case, folder: Path, align: str, *model: str) -> Array:
    out = folder / f"luminance{align}.hdr"
    run("luminance-hdr-cli", "-a", align, *model, "-s", str(out), *map(str, case.files))
    return read_radiance(out).rgb


def run(*command: str) -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    subprocess.run(command, check=True, capture_output=True, env=environment, timeout=300)


TOOLS: dict[str, tuple[str | None, Callable[[Case, Path], Array]]] = {
    "Fullwell": (None, lambda case, folder: fullwell(case, folder, Recipe.of(crop=False))),
    "OpenCV": (None, lambda case, folder: opencv(case.files, TIMES, align=True)),
    "OpenCV, not aligned": (None, lambda case, folder: opencv(case.files, TIMES, align=False)),
    "Hugin, then OpenCV": ("align_image_stack", hugin),
    "pfstools, not aligned": ("pfshdrcalibrate", pfstools),
    "Luminance HDR, AIS, sRGB curve": (  # with its own response it stops at an assertion
        "luminance-hdr-cli",
        lambda case, folder: luminance(case, folder, "AIS", "--hdrResponseCurve", "srgb"),
    ),
    "Luminance HDR, MTB, own curve": (
        "luminance-hdr-cli",
        lambda case, folder: luminance(case, folder, "MTB", "--hdrModel", "robertsonauto"),
    ),
}


def measure(curve: str, hand: str, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        case = draw(curve, HANDS[hand], seed, Path(name))
        row: dict[str, Any] = {"camera": curve, "hand": hand, "seed": seed, "told": case.told, "rms_stops": {}}
        row["told_jpeg"] = case.told_jpeg
        for tool, (program, merged) in TOOLS.items():
            if program and not shutil.which(program):
                continue
            try:
                row["rms_stops"][tool] = settled(merged(case, Path(name)), case)
            except Exception as failed:  # what a tool dies of is its result
                said = getattr(failed, "stderr", b"") or b""
                print(tool, "failed:", failed, said[-300:], file=sys.stderr)
                row["rms_stops"][tool] = None
    return row


def table(result: dict[str, Any]) -> str:
    """Mean error in stops of each tool by hand and camera, `told` being what could be known."""
    kinds = [(hand, curve) for hand in HANDS for curve in CAMERAS]
    lines = [
        f"| rms error, stops | {' | '.join(f'{hand}, {curve}' for hand, curve in kinds)} |",
        f"| --- | {' | '.join('---' for _ in kinds)} |",
    ]
    rows = {kind: [r for r in result["rows"] if (r["hand"], r["camera"]) == kind] for kind in kinds}
    for what, key in (("could be known", "told"), ("could be known from JPEG", "told_jpeg")):
        told = [np.mean([r[key] for r in rows[kind]]) for kind in kinds]
        lines.append(f"| {what} | {' | '.join(f'{t:.3f}' for t in told)} |")
    for tool in TOOLS:
        cells = []
        for kind in kinds:
            errors = [r["rms_stops"].get(tool) for r in rows[kind]]
            known = [e for e in errors if e is not None]
            failed = f", {len(errors) - len(known)} failed" if len(known) < len(errors) else ""
            cells.append(f"{np.mean(known):.3f}{failed}" if known else "-")
        lines.append(f"| {tool} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    path, page = HERE / "result.json", HERE / "README.md"
    if "--table" not in sys.argv:
        rows = []
        for curve in CAMERAS:
            for hand in HANDS:
                for seed in SEEDS:
                    rows.append(measure(curve, hand, seed))
                    print(json.dumps(rows[-1]), flush=True)
        path.write_text(json.dumps({"opencv": cv2.__version__, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    made = table(json.loads(path.read_text(encoding="utf-8")))
    if page.exists():
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        page.write_text(f"{before}{BEGIN}{made}{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(made)


if __name__ == "__main__":
    main()
