"""The record of a run, as plain data: what was used, how well it fitted, what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fullwell import __version__
from fullwell.image import Bracket, Radiance, Response
from fullwell.report.inspection import inspect, row_dict

LEAST_SURE = 0.5  # alignment confidence below which the reader is warned
POOR_FIT = 0.25  # stops: a response that misses its samples by more deserves a warning


def record(
    bracket: Bracket,
    response: Response | None,
    radiance: Radiance | None,
    outputs: Sequence[str],
    seconds: Mapping[str, float],
    recipe: str,
    hdr: Sequence[Mapping[str, Any]] = (),
    verified: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Everything that `--report` writes; keys are added in time, none is renamed.

    Frames come in the order given and `reference` counts them from 0. `nominal_ev` is log2 of a frame's exposure over
    the reference's. `unmeasured` is a share of pixels, `residual_stops` in stops, `shift_px` is (y, x). `hdr` tells the
    radiance shown as diffuse white and the stops above it of every HDR picture; `verified`, of each output that was
    decoded again, how many stops it is from what it should hold.
    """
    inspection = inspect(bracket)
    frames = []
    for frame, row in zip(bracket, inspection.rows, strict=True):
        pose = frame.pose
        alignment = {"model": pose.model, "shift_px": list(pose.shift_px), "confidence": pose.confidence}
        frames.append(row_dict(row) | {"alignment": alignment})
    return {
        "fullwell": __version__,
        "frames": frames,
        "reference": bracket.reference,
        "size": {"width": bracket.shape[1], "height": bracket.shape[0]},
        "response": {"id": response.name, "residual_stops": response.residual_stops} if response else None,
        "unmeasured": radiance.unmeasured if radiance else None,
        "radiance": {"primaries": radiance.primaries, "to_absolute": radiance.to_absolute} if radiance else None,
        "outputs": list(outputs),
        "hdr": [dict(h) for h in hdr],
        "verified": [dict(v) for v in verified],
        "seconds": {stage: round(s, 4) for stage, s in seconds.items()},
        "warnings": [*inspection.warnings, *_warnings(bracket, response)],
        "recipe": recipe,
    }


def _warnings(bracket: Bracket, response: Response | None) -> list[str]:
    found = list(bracket.notes) + [f"{frame.name}: {note}" for frame in bracket for note in frame.notes]
    for frame in bracket:
        sure = frame.pose.confidence
        if sure is not None and sure < LEAST_SURE:
            found.append(
                f"{frame.name}: alignment is unsure ({sure:.2f} of 1); look for doubled edges, or leave the frame out."
            )
    if response and response.residual_stops is not None and response.residual_stops > POOR_FIT:
        found.append(
            f"response: {response.name} misses its samples by {response.residual_stops:.2f} stops; the exposure times "
            "may be wrong, or the camera treats every frame differently."
        )
    return found
