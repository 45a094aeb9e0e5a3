"""A report in words: can the result be trusted, and why."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

GOOD, CARE, POOR = "good", "care", "poor"
OFF_EV = 0.1  # EV between the exposures that count and the pixels that deserve a word
FAR_OFF_EV = 0.3  # EV beyond which they are wrong, not rounded
UNSURE = 0.5  # alignment confidence below which edges may be doubled
FIT, POOR_FIT = 0.1, 0.25  # stops by which a response misses its samples
BOUNDS, MANY_BOUNDS = 0.01, 0.10  # share of the picture that no frame measured
SIGMAS = 3.0  # standard errors that a disagreement must exceed to be one

HEADLINES = {
    GOOD: "The result can be trusted.",
    CARE: "The result can be used, with care.",
    POOR: "Do not rely on the result before you have looked.",
}


def verdict(report: dict[str, Any]) -> dict[str, Any]:
    """`grade`, "good", "care" or "poor", the worst of what was found; `sentences`, the first of which says so."""
    found = [*_frames(report["frames"]), *_exposures(report["frames"])]
    if report["response"]:
        found += _response(report["response"])
    if report["unmeasured"] is not None:
        found.append(_measured(report["unmeasured"]))
    grades = [grade for grade, _ in found]
    worst = POOR if POOR in grades else CARE if CARE in grades else GOOD
    return {"grade": worst, "sentences": [HEADLINES[worst], *(sentence for _, sentence in found)]}


def _frames(frames: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    used = [f for f in frames if f["used"]]
    lost = len(frames) - len(used)
    everyone = f"All {len(frames)} frames are used." if len(frames) > 1 else "The one frame is used."
    said = [(CARE, f"{lost} of {len(frames)} frames are left out.") if lost else (GOOD, everyone)]
    unsure = [f for f in used if (sure := f["alignment"]["confidence"]) is not None and sure < UNSURE]
    residuals = [f["alignment"]["residual_px"] for f in used if f["alignment"]["residual_px"] is not None]
    if unsure:
        said.append((POOR, f"The alignment of {_count(unsure)} is unsure; edges may be doubled."))
    elif residuals:
        said.append((GOOD, f"They lie over each other within {max(residuals):.1f} pixels."))
    return said


def _exposures(frames: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    told = [e for f in frames if (e := f["exposure"])["solved_ev"] is not None and e["used_ev"] is not None]
    if not told:
        return []
    off = [e["solved_ev"] - e["used_ev"] for e in told]
    middle = statistics.median(off)  # the scale is not what is asked
    sure = [abs(o - middle) for o, e in zip(off, told, strict=True) if abs(o - middle) > SIGMAS * (e["error_ev"] or 0)]
    worst = max(sure, default=0.0)
    if worst <= OFF_EV:
        return [(GOOD, f"The pixels agree with the exposures that count within {max(worst, 0.01):.2f} EV.")]
    grade = POOR if worst > FAR_OFF_EV else CARE
    return [(grade, f"The exposures that count and the pixels disagree by up to {worst:.2f} EV.")]


def _response(response: dict[str, Any]) -> list[tuple[str, str]]:
    misses = response["residual_stops"]
    if misses is None:
        return []
    grade = POOR if misses > POOR_FIT else CARE if misses > FIT else GOOD
    return [(grade, f"The camera response misses its samples by {misses:.2f} stops.")]


def _measured(unmeasured: float) -> tuple[str, str]:
    if unmeasured == 0:
        return GOOD, "Every pixel was measured."
    grade = POOR if unmeasured > MANY_BOUNDS else CARE if unmeasured > BOUNDS else GOOD
    share = f"{unmeasured:.1%}" if unmeasured >= 0.0005 else "Less than 0.1%"
    return grade, f"{share} of the pixels are too bright or too dark for every frame; what they hold are bounds."


def _count(frames: Sequence[dict[str, Any]]) -> str:
    return "one frame" if len(frames) == 1 else f"{len(frames)} frames"
