"""How finished pictures look on real brackets, and what became of the scenes' edges: numbers, operator by operator.

Run: FULLWELL_DATA=folder python experiments/0002-look/run.py [SHEETS]

SHEETS names a folder for contact sheets, to be looked at; nothing else leaves the photographs but numbers.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

import fullwell as fw
from fullwell.color import srgb_encode
from fullwell.image import Bracket, Picture
from fullwell.metrics import edges, look
from fullwell.params import ids
from fullwell.recipe import Recipe

HERE = Path(__file__).parent
PIXELS = 1.0e6  # frames are made this small
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
# What a set needs that its files do not say: a list of times, or times in seconds.
TIMES: dict[str, dict[str, Any]] = {
    "memorial_debevec": {"times_from": "memorial.hdr_image_list.txt"},
    "sculpture_garden_tiff": {"times": [1 / 320, 1 / 160, 1 / 80, 1 / 40, 1 / 20]},
    "venice_no_shutter": {"times": [1.0, 1.0, 1.0]},  # the ISO tells the exposures
}
SETS = (
    "airport_people_t2i", "arch_night_learnopencv", "building_iso_bracket_xperia", "cafe_pixel7",
    "cannon_aperture_650d", "lamp_iso12800_nex5", "library_night_d90", "lighthouse_d3", "memorial_debevec",
    "room_lamp_t2i", "sculpture_garden_tiff", "street_night_iphonexr_ori8", "venice_no_shutter",
    "window_350d_aeb_bias", "window_indoor_e995", "window_iphone6_ori6",
)  # fmt: skip
TARGETS = {"mean": (38.0, 60.0), "deviation": 14.0, "white": 0.01}


def bracket_of(folder: Path) -> Bracket:
    """The frames of a folder, made small, aligned."""
    given = dict(TIMES.get(folder.name, {}))
    if "times_from" in given:
        given["times_from"] = folder / given["times_from"]
    bracket = fw.read_bracket(sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES), **given)
    h, w = bracket.shape
    scale = min(1.0, (PIXELS / (h * w)) ** 0.5)
    size = round(w * scale), round(h * scale)
    frames = []
    for frame in bracket:
        codes = frame.codes()
        if codes.dtype == np.uint16:
            codes = np.round(codes / 257).astype(np.uint8)
        small = np.asarray(Image.fromarray(codes).resize(size, Image.Resampling.BOX))
        frames.append(frame.replace(source=small, shape=small.shape[:2]))
    recipe = Recipe.of()
    bracket = dataclasses.replace(bracket, frames=tuple(frames))
    return recipe.align(bracket) if recipe.align else bracket


def measure(picture: Picture, scene: fw.Radiance, white: float) -> dict[str, float]:
    seen, found = look(picture), edges(picture, scene)
    return {
        "mean": round(seen.mean, 1), "deviation": round(seen.deviation, 1), "white": round(seen.white, 4),
        "reference_white": round(white, 4), "reversals": round(found.reversals, 4), "halos": round(found.halos, 4),
    }  # fmt: skip


def misses(row: dict[str, float]) -> list[str]:
    """Which of the targets a row misses."""
    low, high = TARGETS["mean"]
    found = {
        "dark": row["mean"] < low,
        "bright": row["mean"] > high,
        "flat": row["deviation"] < TARGETS["deviation"],
        "white": row["white"] > row["reference_white"] + TARGETS["white"],
    }
    return [name for name, missed in found.items() if missed]


def contact_sheet(pictures: dict[str, Picture], path: Path, cell: int = 400, columns: int = 4) -> None:
    rows = -(-len(pictures) // columns)
    out = Image.new("RGB", (cell * columns, cell * rows), (40, 40, 40))
    for i, (name, picture) in enumerate(pictures.items()):
        tile = Image.fromarray(np.round(srgb_encode(np.clip(picture.rgb, 0, 1)) * 255).astype(np.uint8))
        tile.thumbnail((cell - 4, cell - 24), Image.Resampling.LANCZOS)
        place = (i % columns) * cell, (i // columns) * cell
        out.paste(tile, place)
        ImageDraw.Draw(out).text((place[0] + 4, place[1] + cell - 18), name, "white")
    out.save(path, quality=90)


def table(rows: list[dict[str, Any]]) -> str:
    """The means over all sets, operator by operator, and then natural's rows."""
    lines = [
        "| picture | mean L* | least sd | misses | reversals | halos |", "| --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for name in dict.fromkeys(r["picture"] for r in rows):
        own = [r for r in rows if r["picture"] == name]
        means = [r["mean"] for r in own]
        missed = sum(bool(r["misses"]) for r in own)
        reversals, halos = (100 * float(np.mean([r[k] for r in own])) for k in ("reversals", "halos"))
        lines.append(
            f"| {name} | {min(means):.0f} to {max(means):.0f} | {min(r['deviation'] for r in own):.0f} | "
            f"{missed} of {len(own)} | {reversals:.2f} % | {halos:.2f} % |"
        )
    lines += [
        "", "| set, natural finished | mean L* | sd | white, of the reference | reversals | halos |",
        "| --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for r in (r for r in rows if r["picture"] == "natural, finished"):
        lines.append(
            f"| {r['set']} | {r['mean']:.1f} | {r['deviation']:.1f} | {100 * r['white']:.1f} %, "
            f"{100 * r['reference_white']:.1f} % | {100 * r['reversals']:.2f} % | {100 * r['halos']:.2f} % |"
        )
    return "\n".join(lines)


def main() -> None:
    data = Path(os.environ["FULLWELL_DATA"])
    sheets = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    rows, shown = [], {}
    recipe = Recipe.of()
    for name in SETS:
        bracket = bracket_of(data / name)
        scene = recipe.merge(bracket, recipe.response(bracket))
        reference = bracket.frames[bracket.reference].codes()
        white = float((reference.max(axis=2) >= 254).mean())
        for mapper in (*ids("tonemap"), "mertens07"):
            if mapper == "mertens07":
                bare = fw.fuse.Mertens07()(bracket)
                finished = recipe.finish(bare, scene)
            else:
                own = Recipe.of({"tonemap": mapper})
                bare, finished = own.tonemap(scene), own.picture(scene)
            for kind, picture in (("bare", bare), ("finished", finished)):
                row = measure(picture, scene, white)
                rows.append({"set": name, "picture": f"{mapper}, {kind}", **row, "misses": misses(row)})
            if sheets:
                shown.setdefault(mapper, {})[f"{name} {rows[-1]['mean']:.0f}"] = finished
        print(name, {r["picture"]: (r["mean"], r["deviation"], r["misses"]) for r in rows if r["set"] == name})
    (HERE / "result.json").write_text(json.dumps({"targets": TARGETS, "rows": rows}, indent=1) + "\n")
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    begin, end = "<!-- table -->\n", "<!-- end -->"
    head, tail = text.split(begin)[0], text.split(end)[1]
    readme.write_text(f"{head}{begin}\n{table(rows)}\n\n{end}{tail}", encoding="utf-8")
    for mapper, pictures in shown.items():
        contact_sheet(pictures, sheets / f"{mapper}.jpg")


if __name__ == "__main__":
    main()
