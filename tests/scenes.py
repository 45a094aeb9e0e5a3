"""Radiance with known truth, and brackets of it."""

from __future__ import annotations

import numpy as np

from fullwell.image import Bracket, Exposure, Frame
from fullwell.simulate import Camera, Shot, hills, rms_stops

__all__ = ["bracket_of", "hills", "rms_stops", "true_curve"]


def bracket_of(shots: list[Shot], reference: int = -1) -> Bracket:
    """The shots as a bracket whose poses are not known."""
    frames = [
        Frame(f"shot {i}", s.codes, s.codes.shape[:2], Exposure(s.time_s, source="simulated"))
        for i, s in enumerate(shots)
    ]
    return Bracket(tuple(frames), reference)


def true_curve(camera: Camera, levels: int = 256) -> np.ndarray:
    """The camera's inverse response at every code, 1 in the middle, (levels,)."""
    curve = camera.decode(np.arange(levels) / (levels - 1))
    curve[0] = max(curve[0], 1e-9)
    return curve / curve[levels // 2]
