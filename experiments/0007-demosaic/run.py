"""Camera RAW brackets of known light, demosaiced frame by frame or once after the merge.

Run: python experiments/0007-demosaic/run.py
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import rawpy

from fullwell import Bracket, Frame, read_bracket
from fullwell.color import srgb_encode
from fullwell.image import Array
from fullwell.merge.robertson03 import Robertson03
from fullwell.response.profile import Profile
from fullwell.simulate import hills
from fullwell.simulate.scene import room

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))
from rawfiles import BLACK, WHITE, filtered, numbers, write_dng  # noqa: E402

TIMES = (1 / 64, 1 / 8, 1.0)  # light of 1.0 fills green in the middle one
NEUTRAL = np.array([0.5, 1.0, 0.625])
WELL, READ = 20_000, 4.0
EVEN, EDGE = 0.5, 1.5  # stops of green in the 5 x 5 pixels around: less is even, more is an edge
WAYS = ("LibRaw's AHD, frame by frame", "frame by frame", "once, after the merge")
BEGIN, END = "<!-- table, written by run.py -->\n", "<!-- end of table -->"


def discs(size: int = 600) -> Array:
    """Discs of all colours over 12 stops, some striped, their edges hard but for half a pixel."""
    rng, light = np.random.default_rng(1), np.full((2 * size, 2 * size, 3), 0.02)
    y, x = np.mgrid[0 : 2 * size, 0 : 2 * size]
    for _ in range(60):
        (v, u), radius, turn = rng.uniform(0, 2 * size, 2), rng.uniform(8, 160), rng.uniform(0, np.pi)
        colour = 2.0 ** rng.uniform(-8, 4) * rng.uniform(0.4, 1, 3)
        inside = (y - v) ** 2 + (x - u) ** 2 < radius**2
        if rng.random() < 0.3:
            inside &= np.sin((x * np.cos(turn) + y * np.sin(turn)) * 2 * np.pi / rng.uniform(12, 40)) > 0
        light[inside] = colour
    return np.asarray(light.reshape(size, 2, size, 2, 3).mean(axis=(1, 3)))


def taken(light: Array, folder: Path) -> list[Path]:
    """A DNG for each time."""
    rng, paths = np.random.default_rng(0), []
    for k, time in enumerate(TIMES):
        share = filtered(light * NEUTRAL * time * 8)
        electrons = rng.poisson(np.minimum(share, 4.0) * WELL) + rng.normal(0, READ, share.shape)
        paths.append(write_dng(folder / f"{k}.dng", numbers(np.maximum(electrons / WELL, -0.02)), time))
    return paths


def by_libraw(frame: Frame) -> Frame:
    """The frame as LibRaw demosaics its numbers, and rescales nothing."""
    with rawpy.imread(frame.name) as raw:
        share = (raw.raw_image_visible.astype(float) - BLACK) / (WHITE - BLACK)
        raw.raw_image_visible[:] = np.round(np.clip(share, 0, 1) * 65535)
        rgb = raw.postprocess(
            demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD, output_color=rawpy.ColorSpace.raw, output_bps=16,
            gamma=(1, 1), user_wb=[1, 1, 1, 1], user_black=0, user_cblack=[0, 0, 0, 0], no_auto_scale=True,
            no_auto_bright=True, adjust_maximum_thr=0.0, user_flip=0,
        )  # fmt: skip
    return frame.replace(source=np.round(srgb_encode(rgb / 65535) * 65535).astype(np.uint16))


def errors(rgb: Array, light: Array) -> dict[str, float]:
    """Stops, the root mean square over pixels that the frames measure, and false colour: red and blue over green."""
    measured = ((light * NEUTRAL * TIMES[0] * 8 < 0.9) & (light * NEUTRAL * TIMES[-1] * 8 > 0.008)).all(axis=2)
    green = np.log2(np.pad(light[..., 1], 2, "edge"))
    h, w = light.shape[:2]
    around = np.stack([green[y : y + h, x : x + w] for y in range(5) for x in range(5)])
    change = around.max(axis=0) - around.min(axis=0)
    off = np.log2(np.maximum(rgb, 1e-7) / light)
    colour = (off - off[..., 1:2])[..., ::2]
    found = {}
    for name, where in (("even", measured & (change < EVEN)), ("edge", measured & (change > EDGE))):
        found[name] = float(np.sqrt(np.mean(off[where] ** 2)))
        found[f"{name} colour"] = float(np.sqrt(np.mean(colour[where] ** 2)))
        found[f"{name} worst"] = float(np.quantile(np.abs(off[where]), 0.99))
    return found


def measured(light: Array) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        bracket = read_bracket(taken(light, Path(folder)))
        response = Profile()(bracket)
        old = Bracket(tuple(by_libraw(f) for f in bracket))
        merged = (
            Robertson03()(old, response),
            Robertson03(demosaic="before")(bracket, response),
            Robertson03()(bracket, response),
        )
    return {way: errors(m.rgb, light) for way, m in zip(WAYS, merged, strict=True)}


def table(result: dict[str, Any]) -> str:
    columns = ("even", "even colour", "edge", "edge worst", "edge colour")
    lines = [
        "| scene | demosaiced | even parts | their colour | edges | 99 % of edges | their colour |",
        "|" + " --- |" * 7,
    ]
    for scene, ways in result["scenes"].items():
        for way, found in ways.items():
            lines.append(f"| {scene} | {way} | " + " | ".join(f"{found[c]:.3f}" for c in columns) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    scenes = {
        "coloured noise over 12 stops": np.maximum(hills(600, 800, 3, stops=12), 1e-6),
        "discs": discs(),
        "room of the demo": np.maximum(room(900, 600).astype(np.float64), 1e-5),
    }
    versions = {"machine": platform.machine(), "python": platform.python_version(), "rawpy": version("rawpy")}
    result = {"versions": versions, "scenes": {name: measured(light) for name, light in scenes.items()}}
    (HERE / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    readme = HERE / "README.md"
    head, _, rest = readme.read_text().partition(BEGIN)
    readme.write_text(f"{head}{BEGIN}{table(result)}{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
