"""How well exposures are solved, and what each way to settle them does to the radiance.

Run: FULLWELL_DATA=folder python experiments/0004-exposures/run.py
Without FULLWELL_DATA only the simulated brackets take part.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from fullwell import Exposure, FullwellError, Recipe, read_bracket
from fullwell.io.photograph import write_photograph
from fullwell.params import build, ids
from fullwell.progress import Progress
from fullwell.simulate import Camera, hills, rms_stops

HERE = Path(__file__).parent
WRITTEN_S = np.array([1 / 1000, 1 / 250, 1 / 60, 1 / 15, 1 / 4])
KINDS = ("as written", "rounded", "up to 0.3 EV off")
RESPONSES = ("srgb", "film", "linear")
SEEDS = range(3)
HEIGHT, WIDTH = 300, 450
BRIGHT = 64.0  # so that 1/60 s is the middle of the scene
NO_BRACKETS = ("odd", "raw", "hdr", "icc", "orientation")  # beginnings of the names of folders with other files
BEGIN, END = "<!-- table, written by run.py -->\n", "<!-- end of table -->"


def taken(kind: str, seed: int) -> np.ndarray:
    """The times that were in truth."""
    if kind == "rounded":
        return 2.0 ** np.round(np.log2(WRITTEN_S))
    off = np.random.default_rng([4, seed]).uniform(-0.3, 0.3, len(WRITTEN_S))
    return WRITTEN_S * 2.0**off if kind != "as written" else WRITTEN_S


def simulated(kind: str, response: str, seed: int) -> dict[str, Any]:
    """Errors of exposures and radiance by every operator; JPEG files, whose EXIF has the times as written."""
    light, times = hills(HEIGHT, WIDTH, seed) * np.float32(BRIGHT), taken(kind, seed)
    shots = Camera(response, seed=seed).shoot(light, times)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.jpg" for i in range(len(shots))]
        for shot, path, written in zip(shots, paths, WRITTEN_S, strict=True):
            write_photograph(shot.codes, path, Exposure(written, 8.0, 100.0))
        bracket = read_bracket(paths, trust_times=True)
        bracket = bracket.replace([f.replace(source=f.codes()) for f in bracket])
    found: dict[str, Any] = {"kind": kind, "response": response, "seed": seed}
    for name in ids("exposures"):
        recipe = Recipe.of({"align": "none", "exposures": name}, trust_times=True)
        result = recipe.run(bracket, radiance=True, progress=Progress())
        error = np.log2(result.bracket.exposures) - np.log2(times)
        radiance = result.radiance
        found[name] = {
            "error_ev": round(float(np.abs(error - np.median(error)).max()), 4),
            "power_free_ev": round(up_to_a_power(np.log2(result.bracket.exposures), np.log2(times)), 4),
            "rms_stops": round(rms_stops(radiance.rgb, light, (radiance.mask == 0)[..., None] & (light > 0)), 4),
        }
    return found


def up_to_a_power(ev: np.ndarray, true: np.ndarray) -> float:
    """The largest error in EV after the best scale and power."""
    return float(np.abs(ev - np.polyval(np.polyfit(true, ev, 1), true)).max())


def photographed(folder: Path) -> dict[str, Any] | None:
    """What a folder's pixels say of its exposures, and how well a response fits with each operator's."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif"))
    lists = [*folder.glob("*_list.txt")]
    try:
        bracket = read_bracket(paths, times_from=lists[0] if lists else None, whole=True)
        bracket.nominal_exposures  # noqa: B018
    except FullwellError:
        return None
    bracket = build("align", "mtb03")(bracket).used
    row: dict[str, Any] = {"folder": folder.name, "frames": len(bracket)}
    for name in ids("exposures"):
        settled = build("exposures", name)(bracket)
        response = build("response", "debevec97")(settled)
        row[name] = {
            "used_ev": [round(float(v), 3) for v in np.log2(settled.exposures / bracket.nominal_exposures)],
            "residual_stops": response.residual_stops and round(response.residual_stops, 4),
            "response": response.name,
            "notes": list(settled.notes[len(bracket.notes) :]),
        }
    said = [f.exposure.settled for f in settled]
    row["residual_ev"] = [s.residual_ev and round(s.residual_ev, 3) for s in said]
    row["error_ev"] = [s.error_ev and round(s.error_ev, 3) for s in said]
    return row


def table(result: dict[str, Any]) -> str:
    """The simulated brackets by kind, then the real ones."""
    lines = [
        "| camera | times are | largest error, EV: solved | after a power | auto | rms of radiance, stops: nominal | "
        "snapped | auto | solved |",
        "|" + " --- |" * 9,
    ]
    for response in RESPONSES:
        for kind in KINDS:
            rows = [r for r in result["simulated"] if (r["response"], r["kind"]) == (response, kind)]
            worst = [
                max(r[n][k] for r in rows)
                for n, k in (("solved", "error_ev"), ("solved", "power_free_ev"), ("auto", "error_ev"))
            ]
            rms = [np.mean([r[n]["rms_stops"] for r in rows]) for n in ("nominal", "snapped", "auto", "solved")]
            lines.append(f"| {response} | {kind} | " + " | ".join(f"{v:.3f}" for v in (*worst, *rms)) + " |")
    lines += [
        "",
        "| photographs | frames | largest residual, EV | auto takes | misfit of the response, stops: nominal "
        "| auto | solved |",
        "|" + " --- |" * 7,
    ]
    for row in result["real"]:
        told = [
            abs(r) for r, e in zip(row["residual_ev"], row["error_ev"], strict=True) if r is not None and e and e < 0.1
        ]
        auto, solved = row["auto"]["used_ev"], row["solved"]["used_ev"]
        kinds = {"settings": row["nominal"]["used_ev"], "series": row["snapped"]["used_ev"], "pixels": solved}
        took = next((k for k, v in kinds.items() if v == auto), "series and pixels")
        misses = [
            "sRGB taken" if (m := row[n]["residual_stops"]) is None else f"{m:.4f}"
            for n in ("nominal", "auto", "solved")
        ]
        lines.append(
            f"| {row['folder']} | {row['frames']} | {max(told, default=0):.2f} | {took} | {' | '.join(misses)} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    simulations: list[dict[str, Any]] = []
    for response in RESPONSES:
        for kind in KINDS:
            simulations += [simulated(kind, response, seed) for seed in SEEDS]
            print(response, kind, simulations[-1], flush=True)
    real: list[dict[str, Any]] = []
    write(simulations, real)
    data = os.environ.get("FULLWELL_DATA")
    for folder in sorted(p for p in Path(data).iterdir() if p.is_dir()) if data else []:
        if folder.name.split("_")[0] not in NO_BRACKETS and (row := photographed(folder)):
            real.append(row)
            print(row, flush=True)
            write(simulations, real)


def write(simulations: list[dict[str, Any]], real: list[dict[str, Any]]) -> None:
    """The result so far, and the table in the README."""
    versions = {"machine": platform.machine(), "python": platform.python_version(), "numpy": version("numpy")}
    result = {"versions": versions, "simulated": simulations, "real": real}
    (HERE / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    readme = HERE / "README.md"
    head, _, rest = readme.read_text().partition(BEGIN)
    readme.write_text(f"{head}{BEGIN}{table(result)}{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
