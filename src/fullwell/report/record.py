"""The record of a run, as plain data: what was used, how well it fitted, what came out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fullwell import __version__
from fullwell.image import Array, Bracket, Frame, Radiance, Response

LEAST_SURE = 0.5  # alignment confidence below which the reader is warned
POOR_FIT = 0.25  # stops: a response that misses its samples by more deserves a warning


def record(
    bracket: Bracket,
    response: Response | None,
    radiance: Radiance | None,
    outputs: Sequence[str],
    seconds: Mapping[str, float],
    recipe: str,
) -> dict[str, Any]:
    """Everything that `--report` writes. Frames come in the order given, counted from 0."""
    frames = [_frame(f) for f in bracket]
    return {
        "fullwell": __version__,
        "frames": frames,
        "reference": bracket.reference,
        "size": {"width": bracket.shape[1], "height": bracket.shape[0]},
        "response": {"id": response.name, "residual_stops": response.residual_stops} if response else None,
        "unmeasured": radiance.unmeasured if radiance else None,
        "radiance": {"primaries": radiance.primaries, "to_absolute": radiance.to_absolute} if radiance else None,
        "outputs": list(outputs),
        "seconds": {stage: round(s, 4) for stage, s in seconds.items()},
        "warnings": _warnings(bracket, response),
        "recipe": recipe,
    }


def _frame(frame: Frame) -> dict[str, Any]:
    relative = frame.exposure.relative
    exposure = dataclasses.asdict(frame.exposure)
    exposure["nominal_ev"] = None if relative is None else float(np.log2(relative))
    low, high = clipped(frame.codes())
    return {
        "path": frame.name,
        "used": True,
        "exposure": exposure,
        "clipped": {"low": low, "high": high},
        "alignment": {
            "model": frame.pose.model,
            "shift_px": list(frame.pose.shift_px),
            "confidence": frame.pose.confidence,
        },
        "notes": list(frame.notes),
    }


def clipped(codes: Array) -> tuple[float, float]:
    """Share of pixels with a channel at the bottom and at the top of the range."""
    top = np.iinfo(codes.dtype).max
    flat = codes.reshape(-1, 3)
    return float((flat.min(axis=1) == 0).mean()), float((flat.max(axis=1) == top).mean())


def _warnings(bracket: Bracket, response: Response | None) -> list[str]:
    found = [f"{frame.name}: {note}" for frame in bracket for note in frame.notes]
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
