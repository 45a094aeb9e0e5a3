"""Radiance with known truth, and brackets of it."""

from __future__ import annotations

import numpy as np

from fullwell.image import Bracket, Exposure, Frame
from fullwell.simulate import Camera, Shot


def hills(height: int, width: int, seed: int = 0, stops: float = 12.0) -> np.ndarray:
    """Coloured noise of all sizes over a range of so many stops, 8.0 at the brightest; (h, w, 3) float32."""
    rng = np.random.default_rng(seed)

    def noise(cells: int) -> np.ndarray:
        grid = rng.standard_normal((cells * height // width + 3, cells + 3, 1))
        y, x = np.linspace(0, grid.shape[0] - 2, height), np.linspace(0, grid.shape[1] - 2, width)
        top, left = y.astype(int), x.astype(int)
        fy, fx = (y - top)[:, None, None], (x - left)[None, :, None]
        upper = grid[top][:, left] * (1 - fx) + grid[top][:, left + 1] * fx
        lower = grid[top + 1][:, left] * (1 - fx) + grid[top + 1][:, left + 1] * fx
        return upper * (1 - fy) + lower * fy

    level = 1.5 * noise(3) + noise(9) + 0.6 * noise(40) + 0.3 * noise(200)
    level = (level - level.min()) / (level.max() - level.min())
    tint = 1 + 0.2 * np.concatenate([noise(6), noise(7), noise(8)], axis=2).clip(-2, 2)
    return (8.0 * 2.0 ** (stops * (level - 1)) * tint).astype(np.float32)


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


def rms_stops(estimate: np.ndarray, truth: np.ndarray, where: np.ndarray | None = None) -> float:
    """Root mean square of the error in stops, the median taken out (the scale is not what is asked)."""
    with np.errstate(all="ignore"):
        error = np.log2(np.asarray(estimate, np.float64) / truth)
    error = error[np.isfinite(error) if where is None else where]
    return float(np.sqrt(np.mean((error - np.median(error)) ** 2)))
