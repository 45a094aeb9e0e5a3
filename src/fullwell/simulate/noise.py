"""A scene of coloured noise: structure of all sizes over a chosen range, for measuring and not for looking at."""

from __future__ import annotations

import numpy as np

from fullwell.color import Array


def hills(height: int, width: int, seed: int = 0, stops: float = 12.0) -> Array:
    """Coloured noise of all sizes over a range of so many stops, 8.0 at the brightest; (h, w, 3) float32."""
    rng = np.random.default_rng(seed)

    def noise(cells: int) -> Array:
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
