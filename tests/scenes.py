"""Radiance with known truth, and brackets of it."""

from __future__ import annotations

import numpy as np

from fullwell.image import Bracket, Exposure, Frame
from fullwell.simulate import Camera, Shot, hills, rms_stops
from fullwell.simulate.handheld import Shake, view

__all__ = ["bracket_of", "handheld", "hills", "rms_stops", "true_curve"]


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


def handheld(
    times: list[float],
    seed: int = 0,
    shape: tuple[int, int] = (280, 420),
    response: str = "srgb",
    shake: Shake | None = None,
) -> tuple[Bracket, list[np.ndarray], np.ndarray]:
    """A bracket out of hand with the middle frame for reference, the true motions (3, 3), and the light it shows."""
    rng, (h, w), margin = np.random.default_rng([7, seed]), shape, 45
    light = hills(2 * (h + 2 * margin), 2 * (w + 2 * margin), seed, stops=12)
    camera, middle = Camera(response), (len(times) - 1) // 2
    motions = [np.eye(3) if i == middle else (shake or Shake()).draw(rng, shape) for i in range(len(times))]
    frames = []
    for t, motion in zip(times, motions, strict=True):
        codes = camera.expose(view(light, 2, margin, motion, shape), t, rng)
        frames.append(Frame(f"at {t:g} s", codes, shape, Exposure(t, source="simulated")))
    return Bracket(tuple(frames), middle), motions, view(light, 2, margin, np.eye(3), shape)
