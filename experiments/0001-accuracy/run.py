"""Error of the radiance from noisy handheld brackets, against an estimate that is told what has to be guessed.

Run: python experiments/0001-accuracy/run.py, with --table only to write the table of result.json into README.md again.
"""

from __future__ import annotations

import dataclasses
import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from fullwell import Bracket, Exposure, Recipe, read_bracket
from fullwell.io.photograph import write_photograph
from fullwell.progress import Progress
from fullwell.simulate import Camera, best_estimate, hills, rms_stops
from fullwell.simulate.camera import Shot
from fullwell.simulate.scene import room

HERE = Path(__file__).parent
BRACKETS = {
    "5 frames, 2 EV apart": [4.0**k / 8 for k in range(5)],
    "4 frames, 3 EV apart": [8.0**k / 8 for k in range(4)],
}
RESPONSES = ("srgb", "film")
FILES = ("JPEG", "uncompressed")
SEEDS = range(8)
HEIGHT, WIDTH, STOPS = 600, 800, 12
REACH = 12  # pixels of hand shift in either direction
RECIPES = {
    "default": Recipe.of(crop=False),
    "debevec97 merge": Recipe.of({"merge": "debevec97"}, crop=False),
    "granados10 merge": Recipe.of({"merge": "granados10"}, crop=False),
    "robertson03 response": Recipe.of({"response": "robertson03"}, crop=False),
}
EDGE_COLUMNS = (("rms_stops", ".3f"), ("dark_specks", ".2%"))
BEGIN, END = "<!-- table, written by run.py -->\n", "<!-- end of table -->"


def measure(response: str, times: list[float], seed: int, files: str) -> dict[str, float]:
    """rms error in stops of the told estimate and of each recipe, over the pixels that some frame measured."""
    rng = np.random.default_rng(seed)
    shifts = [(int(y), int(x)) for y, x in rng.integers(-REACH, REACH + 1, (len(times), 2))]
    light = hills(HEIGHT, WIDTH, seed, STOPS)
    camera = Camera(response, seed=seed)
    shots = camera.shoot(light, times, shifts)
    bracket = photographed(shots) if files == "JPEG" else Bracket.of([s.codes for s in shots], times)
    home = shifts[bracket.reference]
    seen = [dataclasses.replace(s, codes=f.codes()) for s, f in zip(shots, bracket, strict=True)]
    told = best_estimate(camera, seen, [(y - home[0], x - home[1]) for y, x in shifts])
    margin = max(max(abs(y), abs(x)) for y, x in shifts)
    top, left = margin + home[0], margin + home[1]
    truth = light[top : top + told.shape[0], left : left + told.shape[1]]
    where = np.isfinite(told)
    errors = {"told": rms_stops(told, truth, where)}
    for name, recipe in RECIPES.items():
        result = recipe.run(bracket, radiance=True, progress=Progress())
        errors[name] = rms_stops(result.radiance.rgb, truth, where)
    return errors


def beside_edges() -> dict[str, dict[str, float]]:
    """Errors where a room is bright, seen through a window with bars: JPEG rings beside hard edges, which hills lack.

    rms in stops, and the share of values that are more than half a stop too dark.
    """
    times = [4.0**k / 1000 for k in range(7)]
    light = room(900, 600)
    bracket = photographed(Camera("film", seed=1).shoot(light, times))
    found = {}
    for name, recipe in RECIPES.items():
        radiance = recipe.run(bracket, radiance=True, progress=Progress()).radiance
        error = np.log2(radiance.rgb / light)[radiance.mask == 0]
        error -= np.median(error)
        bright = error[(light.max(axis=2) > 0.5)[radiance.mask == 0]]
        found[name] = {"rms_stops": float(np.sqrt(np.mean(bright**2))), "dark_specks": float(np.mean(bright < -0.5))}
    return found


def photographed(shots: list[Shot]) -> Bracket:
    """The shots as JPEG files with EXIF, read again."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.jpg" for i in range(len(shots))]
        for shot, path in zip(shots, paths, strict=True):
            write_photograph(shot.codes, path, Exposure(shot.time_s, 8.0, 100.0))
        bracket = read_bracket(paths)
        return bracket.replace([f.replace(source=f.codes()) for f in bracket])


def table(result: dict[str, Any]) -> str:
    """The result as Markdown: a row for each kind of bracket, over its seeds, and the rows of all of a kind of file."""
    lines = [
        f"| files | camera's curve | bracket | told | {' | '.join(RECIPES)} |",
        f"| --- | --- | --- | ---{' | ---' * len(RECIPES)} |",
    ]
    for files in FILES:
        for camera in RESPONSES:
            for bracket in BRACKETS:
                kind = {"files": files, "camera": camera, "bracket": bracket}
                rows = [r["rms_stops"] for r in result["rows"] if kind.items() <= r.items()]
                told = np.mean([r["told"] for r in rows])
                ratios = [_mean_and_worst([r[name] / r["told"] for r in rows]) for name in RECIPES]
                cells = [
                    files,
                    camera,
                    bracket,
                    f"{told:.3f}",
                    *(f"{mean:.2f} ({worst:.2f})" for mean, worst in ratios),
                ]
                lines.append(f"| {' | '.join(cells)} |")
        overall = [f"**{r['mean']:.2f} ({r['worst']:.2f})**" for r in summary(result["rows"])[files].values()]
        lines.append(f"| **{files}** | all | all | | {' | '.join(overall)} |")
    lines += [
        "",
        f"| bright pixels of a room, JPEG | {' | '.join(RECIPES)} |",
        f"| ---{' | ---' * len(RECIPES)} |",
    ]
    edges = result["beside_edges"].values()
    rms, specks = (" | ".join(format(e[key], how) for e in edges) for key, how in EDGE_COLUMNS)
    lines += [f"| rms error, stops | {rms} |", f"| more than half a stop too dark | {specks} |"]
    return "\n".join(lines) + "\n"


def _mean_and_worst(ratios: list[float]) -> tuple[float, float]:
    return float(np.mean(ratios)), float(np.max(ratios))


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and worst ratio to the error of the told estimate, by kind of file and recipe."""
    found: dict[str, Any] = {}
    for files in FILES:
        errors = [r["rms_stops"] for r in rows if r["files"] == files]
        ratios = {name: _mean_and_worst([e[name] / e["told"] for e in errors]) for name in RECIPES}
        found[files] = {name: {"mean": mean, "worst": worst} for name, (mean, worst) in ratios.items()}
    return found


def run() -> dict[str, Any]:
    rows = []
    for files in FILES:
        for response in RESPONSES:
            for bracket, times in BRACKETS.items():
                for seed in SEEDS:
                    errors = measure(response, times, seed, files)
                    rows.append(
                        {"files": files, "camera": response, "bracket": bracket, "seed": seed, "rms_stops": errors}
                    )
                    print(files, response, bracket, seed, {k: round(v, 4) for k, v in errors.items()}, flush=True)
    machine = {"machine": platform.machine(), "python": platform.python_version(), "numpy": version("numpy")}
    return {"versions": machine, "ratio_to_told": summary(rows), "beside_edges": beside_edges(), "rows": rows}


def main() -> None:
    path, page = HERE / "result.json", HERE / "README.md"
    if "--table" not in sys.argv:
        path.write_text(json.dumps(run(), indent=1) + "\n", encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = table(json.loads(path.read_text(encoding="utf-8")))
    page.write_text(f"{before}{BEGIN}{made}{END}{after}", encoding="utf-8")
    print(made)


if __name__ == "__main__":
    main()
