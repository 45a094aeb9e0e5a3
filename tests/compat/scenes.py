"""Small synthetic radiance and brackets, BGR, for comparison with OpenCV."""

from __future__ import annotations

import numpy as np


def radiance(h: int, w: int, seed: int, stops: float = 8.0) -> np.ndarray:
    """Smooth coloured light over `stops` stops with some texture, (h, w, 3) float32, above 0."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w] / max(h, w)
    waves = rng.normal(size=(5, 3, 2)) * 6
    phase = rng.uniform(0, 2 * np.pi, (5, 3))
    light = sum(np.sin(waves[i, :, 0] * y[..., None] + waves[i, :, 1] * x[..., None] + phase[i]) for i in range(5))
    grain = rng.normal(size=(h, w, 3)) * 0.1
    return (2.0 ** (light / np.abs(light).max() * stops / 2 + grain)).astype(np.float32)


def bracket(h: int, w: int, seed: int, times, gamma: float = 2.2) -> list[np.ndarray]:
    """8-bit frames of that radiance at these times."""
    light = radiance(h, w, seed)
    return [np.round(255 * np.clip(light * t, 0, 1) ** (1 / gamma)).astype(np.uint8) for t in times]


def detailed(h, w, seed):
    """Light with structure of all sizes, (h, w, 3), median about 0.2."""
    rng = np.random.default_rng(seed)
    light = np.ones((h, w, 1)) * rng.uniform(0.7, 1.3, 3)
    for cells in (5, 17, 60):
        y, x = np.linspace(0, cells - 1.001, h), np.linspace(0, cells - 1.001, w)
        light = light * 2.0 ** rng.normal(0, 0.8, (cells, cells))[y.astype(int)[:, None], x.astype(int)][..., None]
    return light / np.median(light) * 0.2
