"""How far aligned frames are from the truth: random hand-held brackets, and how many frames are given up.

Run: FULLWELL_DATA=folder python experiments/0003-alignment/run.py [brackets [rows.jsonl]]
Without FULLWELL_DATA only the drawn scenes take part. What was measured is added to the file of rows, if one is named,
and a later run goes on where it ends.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from brackets import Case, draw

from fullwell.image import Array
from fullwell.kernels import _jit
from fullwell.params import build
from fullwell.simulate.handheld import corner_error_px

OPERATORS = ("ladder", "mtb03")
DARK, BRIGHT = 5, 250  # codes at and beyond which a pixel is black or clipped
HERE = Path(__file__).parent


def measure(name: str, case: Case) -> list[dict[str, float] | None]:
    """Errors of every frame but the reference, px: of its worst corner, and of the worst pixel that is neither black
    nor clipped; None where it is left out."""
    found = build("align", name)(case.bracket)
    errors: list[dict[str, float] | None] = []
    for i, (frame, true) in enumerate(zip(found, case.truth, strict=True)):
        if i == found.reference:
            continue
        if frame.left_out:
            errors.append(None)
            continue
        recorded = ((frame.codes() > DARK) & (frame.codes() < BRIGHT)).any(axis=2)
        error = pixel_errors_px(frame.pose.matrix, true, found.shape)
        errors.append(
            {
                "corner": round(corner_error_px(frame.pose.matrix, true, found.shape), 4),
                "recorded": round(float(error[recorded].max(initial=0)), 4),
            }
        )
    return errors


def pixel_errors_px(found: Array, true: Array, shape: tuple[int, int]) -> Array:
    """How far every pixel of a frame is from where it belongs, (h, w)."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    here = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    there = found @ np.linalg.inv(true) @ here
    return np.hypot(*(there[:2] / there[2] - here[:2])).reshape(shape)


def summary(rows: Sequence[dict], name: str) -> dict[str, float]:
    errors = [e for row in rows for e in row["error_px"][name]]
    kept = np.array([e["corner"] for e in errors if e is not None])
    recorded = np.array([e["recorded"] for e in errors if e is not None])
    return {
        "frames": len(errors),
        "accepted": round(len(kept) / len(errors), 4),
        "median_px": round(float(np.median(kept)), 4),
        "p99_px": round(float(np.quantile(kept, 0.99)), 4),
        "worst_px": round(float(kept.max()), 4),
        "over_1_px": int((kept > 1).sum()),
        "recorded_worst_px": round(float(recorded.max()), 4),
        "recorded_over_2_px": int((recorded > 2).sum()),
    }


def table(result: dict) -> str:
    lines = [
        "| | frames | accepted | median px | 99 % px | worst px | over 1 px | where it shows: worst px | over 2 px |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for group, found in result["groups"].items():
        for name, s in found.items():
            lines.append(
                f"| {group}: {name} | {s['frames']} | {s['accepted']:.1%} | {s['median_px']:.3f} | {s['p99_px']:.2f} "
                f"| {s['worst_px']:.2f} | {s['over_1_px']} | {s['recorded_worst_px']:.2f} | {s['recorded_over_2_px']} |"
            )
    return "\n".join(lines)


def main(count: int, file: Path | None = None) -> None:
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file and file.exists() else []
    done = {row["seed"] for row in rows}
    with _jit.threads(1):
        for seed in (s for s in range(count) if s not in done):
            case = draw(seed)
            errors = {name: measure(name, case) for name in OPERATORS}
            rows.append({"seed": seed, "scene": case.scene, "step_ev": case.step_ev, "error_px": errors})
            print(seed, case.scene, case.step_ev, errors["ladder"], flush=True)
            if file:
                with file.open("a") as more:
                    more.write(json.dumps(rows[-1]) + "\n")
    write(sorted(rows, key=lambda row: row["seed"]))


def write(rows: list[dict]) -> None:
    """The result, and the table in the README."""
    groups = {"all": rows}
    for step in sorted({r["step_ev"] for r in rows}):
        groups[f"{step:g} EV apart"] = [r for r in rows if r["step_ev"] == step]
    for scene in sorted({r["scene"] for r in rows}):
        groups[scene] = [r for r in rows if r["scene"] == scene]
    found = {
        group: {name: summary(part, name) for name in (OPERATORS if group == "all" else OPERATORS[:1])}
        for group, part in groups.items()
    }
    versions = {"machine": platform.machine(), "python": platform.python_version(), "numpy": version("numpy")}
    result = {"versions": versions, "brackets": len(rows), "groups": found}
    lines = ",\n".join(json.dumps(row) for row in rows)  # a bracket a line
    head = json.dumps(result, indent=1).removesuffix("\n}")
    (HERE / "result.json").write_text(f'{head},\n "rows": [\n{lines}\n]\n}}\n')
    readme = HERE / "README.md"
    if readme.exists():
        head, _, rest = readme.read_text().partition("<!-- table -->")
        tail = rest.partition("<!-- end -->")[2]
        readme.write_text(f"{head}<!-- table -->\n{table(result)}\n<!-- end -->{tail}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
