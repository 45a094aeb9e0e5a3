"""How far recovered responses are from the curves of simulated cameras, and how much colour they cast on real frames.

Run: FULLWELL_DATA=folder python experiments/0005-response/run.py, with --table only to write the tables of result.json.
"""

from __future__ import annotations

import ctypes
import importlib.util
import io
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fullwell import Bracket, Recipe
from fullwell.color import Array, srgb_encode
from fullwell.params import build
from fullwell.progress import QUIET
from fullwell.report.colour import cast
from fullwell.simulate import Camera, hills
from fullwell.simulate.scene import room

HERE = Path(__file__).parent
BEGIN, END = "<!-- tables, written by run.py -->\n", "<!-- end of tables -->"
OPERATORS = ("debevec97", "robertson03", "debevec97cv")
BRACKETS = {"5 frames, 2 EV": [4.0**k / 8 for k in range(5)], "9 frames, 1 EV": [2.0**k / 16 for k in range(9)]}
FILES = ("uncompressed", "JPEG")
HEIGHT, WIDTH = 400, 600
SHARE = 0.005  # of the pixels are sampled
FIRST, LAST = 5, 250  # codes that count
NEAR = 0.01  # of full scale: the aim
X = np.linspace(0, 1, 1024) ** 2  # exposures, dense near black
EMOR = "/usr/lib/hugin/libhuginbase.so.0.0"  # of Debian's hugin-tools
EMOR_SPREAD = (3.0, 0.8, 0.3, 0.15, 0.05)  # about what linear, sRGB, gamma and film have in these directions


class Bent(Camera):
    """A camera of any curve: code (0 to 1) at the exposures X, (1024, 3)."""

    def encode(self, exposure: Array) -> Array:
        return np.stack([np.interp(exposure[..., c], X, self.curve[:, c]) for c in range(3)], axis=-1)

    @classmethod
    def of(cls, curve: Array, seed: int) -> Bent:
        camera = cls(seed=seed)
        object.__setattr__(camera, "curve", curve)
        return camera


def cameras() -> dict[str, dict[str, Array]]:
    """Curves (1024, 3) by family and name."""
    film = np.sqrt((1 - np.exp(-3 * X)) / (1 - np.exp(-3)))
    gamma = X ** (1 / 2.2)
    known = {
        "linear": X,
        "gamma 1.8": X ** (1 / 1.8),
        "gamma 2.2": gamma,
        "sRGB": srgb_encode(X),
        "film": film,
        "s-curve": 0.4 * gamma + 0.6 * gamma**2 * (3 - 2 * gamma),
    }
    families = {
        "formulas": {name: np.repeat(f[:, None], 3, axis=1) for name, f in known.items()},
        "held out": {f"camera {i}": drawn(i, 0.0) for i in range(6)},
        "held out, channels apart": {f"camera {i}": drawn(i, 0.05) for i in range(20, 23)},
    }
    if Path(EMOR).exists():
        families["EMoR"] = {f"curve {i}": emor(i) for i in range(6)}
    return families


def drawn(seed: int, apart: float) -> Array:
    """A gamma over a shoulder, mixed with an s-curve, and bent by four slow waves; channels may be apart by a share."""
    rng = np.random.default_rng([99, seed])
    power, shoulder, mix = rng.uniform(1.2, 2.8), rng.uniform(0, 4), rng.uniform(0, 0.6)
    waves = rng.normal(0, 0.25, 4) / np.arange(1, 5)
    grid = np.linspace(0, 1, 2001)
    slope = np.exp(sum(a * np.cos(np.pi * (k + 1) * grid) for k, a in enumerate(waves)))
    wave = np.concatenate([[0], np.cumsum(slope[1:] + slope[:-1])])
    channels = []
    for _ in range(3):
        p, k = power * (1 + apart * rng.normal()), max(shoulder * (1 + apart * rng.normal()), 1e-6)
        code = ((1 - np.exp(-k * X)) / (1 - np.exp(-k))) ** (1 / p)
        code = (1 - mix) * code + mix * code**2 * (3 - 2 * code)
        channels.append(np.interp(code, grid, wave / wave[-1]))
    return np.stack(channels, axis=1)


def emor(seed: int) -> Array:
    """The mean of measured curves and five of their directions, as Hugin holds them, drawn until it rises."""
    hugin = ctypes.CDLL(EMOR)
    mean = np.array((ctypes.c_double * 1024).in_dll(hugin, "_ZN9vigra_ext4EMoR2f0E"))
    directions = np.array((ctypes.c_double * 5120).in_dll(hugin, "_ZN9vigra_ext4EMoR1hE")).reshape(5, 1024)
    rng = np.random.default_rng([5, seed])
    while True:
        code = mean + rng.normal(0, EMOR_SPREAD) @ directions
        if (np.diff(code) > 1e-6).all():
            code = (code - code[0]) / (code[-1] - code[0])
            return np.repeat(np.interp(X, np.linspace(0, 1, 1024), code)[:, None], 3, axis=1)


def jpeg(codes: Array) -> Array:
    """The picture after JPEG of quality 95 with halved colour."""
    file = io.BytesIO()
    Image.fromarray(codes).save(file, "JPEG", quality=95, subsampling=2)
    return np.asarray(Image.open(file))


def off(true: Array, found: Array) -> tuple[float, float]:
    """Largest and rms difference of the code at an exposure, as a share of full scale, after the best scale.

    true (1024,) code at the exposures X; found (256,) exposure of each code. The best scale has the least largest
    difference, which is where the greatest on either side are equal: bisection finds it.
    """
    codes = np.arange(FIRST, LAST + 1)
    exposure = np.log(np.interp(codes / 255, true, X))
    curve = np.maximum.accumulate(np.log(found)) + 1e-9 * np.arange(256)
    middle = curve[128] - exposure[128 - FIRST]
    low, high = middle - 2.0, middle + 2.0
    for _ in range(40):
        scale = (low + high) / 2
        away = (np.interp(exposure + scale, curve, np.arange(256.0)) - codes) / 255
        low, high = (low, scale) if away.max() + away.min() > 0 else (scale, high)
    return float(np.abs(away).max()), float(np.sqrt(np.mean(away**2)))


def simulated() -> list[dict[str, Any]]:
    """Every operator on every camera, bracket and kind of file; of the channels the worst."""
    rows = []
    indoors = room(WIDTH, HEIGHT)
    scenes = [hills(HEIGHT, WIDTH, 1, stops=12), indoors * (8.0 / np.percentile(indoors, 99))]
    samples = round(SHARE * HEIGHT * WIDTH)
    for family, curves in cameras().items():
        for number, (name, curve) in enumerate(curves.items()):
            light = scenes[number % 2]  # both reach 8.0
            for bracket, times in BRACKETS.items():
                shots = Bent.of(curve, number).shoot(light, times)
                for files in FILES:
                    frames = Bracket.of([s.codes if files == "uncompressed" else jpeg(s.codes) for s in shots], times)
                    row = {"family": family, "camera": name, "bracket": bracket, "files": files}
                    for operator in OPERATORS:
                        found = build("response", operator, {"samples": samples})(frames).curve
                        worst = np.max([off(curve[:, c], found[:, c]) for c in range(3)], axis=0)
                        row[operator] = [round(float(v), 5) for v in worst]
                    rows.append(row)
                    print(row, flush=True)
    return rows


def photographed(data: Path) -> list[dict[str, Any]]:
    """The colour that each operator casts on real brackets, by `report.colour`, and how it fits them."""
    spec = importlib.util.spec_from_file_location("look", HERE.parent / "0002-look" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    look = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(look)
    look.PIXELS = 4e5
    recipe, rows = Recipe.of(), []
    for name in look.SETS:
        bracket = recipe.exposed(look.bracket_of(data / name), QUIET)
        row: dict[str, Any] = {"set": name, "frames": len(bracket)}
        for operator in OPERATORS:
            response = build("response", operator)(bracket)
            found = cast(bracket, response, recipe.merge(bracket, response))
            row[operator] = {
                "tint_de": found and round(found.tint_de, 2),
                "residual_stops": response.residual_stops and round(response.residual_stops, 4),
                "response": response.name,
            }
        rows.append(row)
        print(row, flush=True)
    return rows


def tables(result: dict[str, Any]) -> str:
    """By family, bracket and files over the cameras; and the real brackets."""
    lines = [
        "| cameras | bracket | files | " + " | ".join(f"{o}: within | median | worst" for o in OPERATORS) + " |",
        "|" + " --- |" * (3 + 3 * len(OPERATORS)),
    ]
    rows = result["simulated"]
    for kind in dict.fromkeys((r["family"], r["bracket"], r["files"]) for r in rows):
        these = [r for r in rows if (r["family"], r["bracket"], r["files"]) == kind]
        cells = list(kind)
        for operator in OPERATORS:
            worst = np.array([r[operator][0] for r in these])
            cells += [f"{np.sum(worst <= NEAR)} of {len(worst)}", f"{np.median(worst):.4f}", f"{worst.max():.4f}"]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "| camera, by `debevec97` | " + " | ".join(f"{b}, {f}" for b in BRACKETS for f in FILES) + " |"]
    lines.append("|" + " --- |" * (1 + len(BRACKETS) * len(FILES)))
    for kind in dict.fromkeys((r["family"], r["camera"]) for r in rows):
        these = [r["debevec97"] for r in rows if (r["family"], r["camera"]) == kind]
        lines.append(f"| {kind[0]}: {kind[1]} | " + " | ".join(f"{m:.4f} ({s:.4f})" for m, s in these) + " |")
    lines += ["", "| photographs | frames | " + " | ".join(f"{o}: `tint_de` | misfit, stops" for o in OPERATORS) + " |"]
    lines.append("|" + " --- |" * (2 + 2 * len(OPERATORS)))
    for row in result["real"]:
        cells = [row["set"], str(row["frames"])]
        for operator in OPERATORS:
            found = row[operator]
            missed = found["residual_stops"]
            cells.append("-" if found["tint_de"] is None else f"{found['tint_de']:.1f}")
            cells.append(("-" if missed is None else f"{missed:.3f}") if found["response"] != "srgb" else "sRGB taken")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    path, page = HERE / "result.json", HERE / "README.md"
    if "--table" not in sys.argv:
        data = os.environ.get("FULLWELL_DATA")
        versions = {"machine": platform.machine(), "python": platform.python_version(), "numpy": version("numpy")}
        result = {"versions": versions, "simulated": simulated(), "real": photographed(Path(data)) if data else []}
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    made = tables(json.loads(path.read_text(encoding="utf-8")))
    page.write_text(f"{head}{BEGIN}{made}{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(made)


if __name__ == "__main__":
    main()
