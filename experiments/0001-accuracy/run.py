"""Error of the radiance from noisy handheld JPEG brackets, against the best estimate that anybody could make of them.

Run: python experiments/0001-accuracy/run.py
"""

from __future__ import annotations

import dataclasses
import json
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from fullwell.image import Exposure
from fullwell.io.photograph import write_photograph
from fullwell.recipe import Recipe, make
from fullwell.simulate import Camera, best_estimate, hills, rms_stops

BRACKETS = {
    "5 frames, 2 EV apart": [4.0**k / 8 for k in range(5)],
    "4 frames, 3 EV apart": [8.0**k / 8 for k in range(4)],
}
SEEDS = range(8)
HEIGHT, WIDTH, STOPS = 600, 800, 12
REACH = 12  # pixels of hand shift in either direction
RECIPES = {
    "default": Recipe.of(),
    "debevec97 merge": Recipe.of({"merge": "debevec97"}),
    "robertson03 response": Recipe.of({"response": "robertson03"}),
}


def measure(response: str, times: list[float], seed: int, folder: Path) -> dict[str, float]:
    """rms error in stops of the best estimate and of each recipe, over the pixels that some frame measured."""
    rng = np.random.default_rng(seed)
    shifts = [(int(y), int(x)) for y, x in rng.integers(-REACH, REACH + 1, (len(times), 2))]
    light = hills(HEIGHT, WIDTH, seed, STOPS)
    camera = Camera(response, seed=seed)
    shots = camera.shoot(light, times, shifts)
    margin = max(max(abs(y), abs(x)) for y, x in shifts)
    paths = [folder / f"{i}.jpg" for i in range(len(shots))]
    for shot, path in zip(shots, paths, strict=True):
        write_photograph(shot.codes, path, Exposure(shot.time_s, 8.0, 100.0))
    errors = {}
    for name, recipe in RECIPES.items():
        result = make(paths, folder / "radiance.exr", recipe)
        home = shifts[result.bracket.reference]
        known = [(y - home[0], x - home[1]) for y, x in shifts]
        seen = [dataclasses.replace(s, codes=f.codes()) for s, f in zip(shots, result.bracket, strict=True)]
        best = best_estimate(camera, seen, known)
        top, left = margin + home[0], margin + home[1]
        truth = light[top : top + best.shape[0], left : left + best.shape[1]]
        where = np.isfinite(best)
        errors["best"] = rms_stops(best, truth, where)
        errors[name] = rms_stops(result.radiance.rgb, truth, where)
    return errors


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for response in ("srgb", "film"):
            for bracket, times in BRACKETS.items():
                for seed in SEEDS:
                    errors = measure(response, times, seed, Path(folder))
                    rows.append({"camera": response, "bracket": bracket, "seed": seed, "rms_stops": errors})
                    print(response, bracket, seed, {k: round(v, 4) for k, v in errors.items()})
    ratios = {name: [r["rms_stops"][name] / r["rms_stops"]["best"] for r in rows] for name in RECIPES}
    summary = {k: {"mean": float(np.mean(v)), "worst": float(np.max(v))} for k, v in ratios.items()}
    machine = {"machine": platform.machine(), "python": platform.python_version(), "numpy": version("numpy")}
    result = {"versions": machine, "ratio_to_best": summary, "rows": rows}
    Path(__file__).with_name("result.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
