"""The record of a run, as plain data: what was used, how well it fitted, what came out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fullwell import __version__
from fullwell.errors import InputError
from fullwell.image import Array, Bracket, Radiance, Response
from fullwell.report.colour import cast
from fullwell.report.inspection import inspect, row_dict
from fullwell.report.regions import Region
from fullwell.report.verdict import POOR_FIT, UNSURE, verdict

WB_DRIFT = 0.15  # EV: a frame whose white balance differs by more deserves a warning


def record(
    bracket: Bracket,
    part: tuple[slice, slice],
    response: Response | None,
    radiance: Radiance | None,
    outputs: Sequence[str],
    seconds: Mapping[str, float],
    recipe: str,
    hdr: Sequence[Mapping[str, Any]] = (),
    verified: Sequence[Mapping[str, Any]] = (),
    regions: Sequence[Region] = (),
    deghost: str = "off",
    pixels: bool = True,
) -> dict[str, Any]:
    """Everything that `--report` writes; keys are added in time, none is renamed.

    `size` is that of the results, whose first pixel is the reference frame's `origin_px`, (y, x). Frames come in the
    order given and `reference` counts them from 0. `nominal_ev` is log2 of a frame's exposure over the reference's by
    the settings, `snapped_ev` by the series of stops, `solved_ev` by the pixels, and `used_ev` what the merge took.
    `residual_ev` is how much more exposure the pixels say than the settings, with median 0, `error_ev` its standard
    error. What nobody knows is None. `unmeasured` is a share of pixels, `residual_stops` in stops. `shift_px` is (y, x)
    of the middle of the frame, `roll_deg` and `scale` are what lays it over the reference. A frame with `used` false
    took no part, and `reason` says why. `wb_gain_ev` is log2 of what a frame recorded too much of red, green and blue,
    and was divided by. `full` is the code, 0 to 1, that is white in red, green and blue. `cast_de` and `tint_de` are
    those of `report.colour`. `cd_m2` is the luminance of 1.0. `hdr` tells the radiance shown as diffuse white and the
    stops above it of every HDR picture; `verified`, of each output that was decoded again, how many stops it is from
    what it should hold. `deghost` tells the level, the frame that decided where things are, and in which share of the
    picture each frame was not used because something moved. `demosaiced` says whether camera RAW frames were demosaiced
    "after" or "before" the merge. `verdict` says it in words. Without `pixels` no frame is decoded: `clipped`,
    `cast_de` and `tint_de` are None then.

    Raises InputError where a frame was read for the result and cannot be now.
    """
    inspection = inspect(bracket, pixels=pixels)
    if gone := [row.error for row in inspection.rows if row.error]:
        raise InputError(gone[0])
    rows, columns = (range(n)[s] for n, s in zip(bracket.shape, part, strict=True))
    height, width = len(rows), len(columns)
    frames, used = [], _used_ev(bracket)
    drift = np.zeros((len(bracket), 3))
    if radiance is not None and radiance.wb_gain_ev is not None:
        drift[[not f.left_out for f in bracket]] = radiance.wb_gain_ev
    for frame, row, gain, ev in zip(bracket, inspection.rows, drift, used, strict=True):
        pose = frame.pose
        alignment = {
            "model": pose.model,
            "shift_px": list(pose.shift_px),
            "roll_deg": pose.roll_deg,
            "scale": pose.scale,
            "residual_px": pose.residual_px,
            "confidence": pose.confidence,
        }
        use = {"used": not frame.left_out, "reason": frame.left_out or None}
        found = row_dict(row) | use | {"alignment": alignment, "wb_gain_ev": [round(float(g), 4) for g in gain]}
        found["exposure"]["used_ev"] = ev
        frames.append(found)
    report = {
        "fullwell": __version__,
        "frames": frames,
        "reference": bracket.reference,
        "size": {"width": width, "height": height},
        "origin_px": [rows.start, columns.start],
        "response": _response(bracket, response, radiance if pixels else None) if response else None,
        "demosaiced": _demosaiced(bracket, radiance) if radiance else None,
        "unmeasured": radiance.unmeasured if radiance else None,
        "radiance": _radiance(radiance) if radiance else None,
        "deghost": _deghost(radiance, deghost),
        "regions": [region.measure(radiance) for region in regions] if radiance else [],
        "outputs": list(outputs),
        "hdr": [dict(h) for h in hdr],
        "verified": [dict(v) for v in verified],
        "seconds": {stage: round(s, 4) for stage, s in seconds.items()},
        "warnings": [*inspection.warnings, *_warnings(bracket, response, drift)],
        "recipe": recipe,
    }
    return report | {"verdict": verdict(report)}


def _used_ev(bracket: Bracket) -> list[float | None]:
    """log2 of what the merge took for each frame's exposure over the reference's; None where nothing was settled."""
    settled = [f.exposure.settled for f in bracket]
    reference = settled[bracket.reference]
    return [math.log2(s.relative / reference.relative) if s and reference else None for s in settled]


def _response(bracket: Bracket, response: Response, radiance: Radiance | None) -> dict[str, Any]:
    found = cast(bracket, response, radiance) if radiance else None
    return {
        "id": response.name,
        "residual_stops": response.residual_stops,
        "full": [round(level, 4) for level in response.full],
        "cast_de": found and found.cast_de,
        "tint_de": found and found.tint_de,
        "notes": list(response.notes),
    }


def _radiance(radiance: Radiance) -> dict[str, Any]:
    return {
        "primaries": radiance.primaries,
        "to_absolute": radiance.to_absolute,
        "cd_m2": radiance.cd_m2,
        "luminance": radiance.luminance_kind,
    }


def _demosaiced(bracket: Bracket, radiance: Radiance) -> str | None:
    if radiance.from_mosaic:
        return "after"
    return "before" if any(f.mosaic for f in bracket) else None


def _deghost(radiance: Radiance | None, level: str) -> dict[str, Any] | None:
    if radiance is None:
        return None
    moved = radiance.ghosts
    return {
        "level": level,
        "reference": moved and moved.reference,
        "rejected": [round(float(r), 4) for r in moved.rejected] if moved else [],
        "misfits": list(moved.misfits) if moved else [],
    }


def told_ghosts(deghost: dict[str, Any] | None, names: Sequence[str]) -> str:
    """One line that says what was rejected; empty where ghosts were not looked for, or by default and nothing moved."""
    if deghost is None or deghost["level"] == "off":
        return ""
    names = [Path(name).name for name in names]
    parts = [
        f"{name} in {share:.1%}" for name, share in zip(names, deghost["rejected"], strict=False) if share >= 0.0005
    ]
    decides = "" if deghost["reference"] is None else names[deghost["reference"]]
    if odd := ", ".join(names[k] for k in deghost["misfits"]):
        return f"deghost: left nothing out, as all over the picture {odd} is not as {decides} foretells."
    if not parts:
        return "" if deghost["level"] == "auto" else "deghost: nothing moved."
    return f"deghost: {decides} decides; not used of the picture: {', '.join(parts)}."


def _warnings(bracket: Bracket, response: Response | None, drift: Array) -> list[str]:
    found = list(bracket.notes) + [f"{frame.name}: {note}" for frame in bracket for note in frame.notes]
    for frame in bracket:
        sure = frame.pose.confidence
        if frame.left_out:
            found.append(f"{frame.name}: is not used: {frame.left_out}.")
        elif sure is not None and sure < UNSURE:
            found.append(
                f"{frame.name}: alignment is unsure ({sure:.2f} of 1); look for doubled edges, or leave the frame out."
            )
    for frame, gain in zip(bracket, drift, strict=True):
        if np.abs(gain).max() > WB_DRIFT:
            red, green, blue = gain
            found.append(
                f"{frame.name}: its white balance differs by {red:+.2f} EV in red, {green:+.2f} in green, {blue:+.2f} "
                "in blue; it was matched to the reference. --wb-match off leaves it."
            )
    if response:
        found += [f"response: {note}." for note in response.notes]
    if response and response.residual_stops is not None and response.residual_stops > POOR_FIT:
        found.append(
            f"response: {response.name} misses its samples by {response.residual_stops:.2f} stops; the exposure times "
            "may be wrong, or the camera treats every frame differently."
        )
    return found
