"""What is measured on: a simulated bracket with noise, shake and fourteen stops, tiled up to any size.

A tile of 1.5 MP is shot once; larger frames repeat it, so that 100 MP are there in seconds and every size shows the
same content.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from fullwell.image import Exposure
from fullwell.io.photograph import write_photograph
from fullwell.simulate import Camera, hills

TILE = (1000, 1500)
SHIFTS_PX = ((3, -5), (0, 0), (-2, 4), (6, 1), (-7, 2), (1, 8), (-4, -6), (2, -3), (5, 5))


def tiled(image: np.ndarray, megapixels: float) -> np.ndarray:
    """`image` repeated, then cut to about so many megapixels, 3 : 2."""
    h = max(round((megapixels * 1e6 / 1.5) ** 0.5), 8)
    w = round(1.5 * h)
    times = (-(-h // image.shape[0]), -(-w // image.shape[1]), 1)
    return np.ascontiguousarray(np.tile(image, times)[:h, :w])


class Scene:
    """A bracket of `count` frames of so many megapixels, and its radiance. Arrays are made when first asked for."""

    def __init__(self, megapixels: float, count: int = 4) -> None:
        self.megapixels, self.count = megapixels, count
        # As the tutorial's bracket: three stops apart; more frames lie closer.
        self.times = np.array([2.0 ** (9 * (k / (count - 1) - 0.5)) for k in range(count)], np.float32)

    @cached_property
    def light(self) -> np.ndarray:
        """Radiance of one tile, (1000, 1500, 3), wider by the shake."""
        return hills(TILE[0] + 16, TILE[1] + 16, 1, stops=14)

    @cached_property
    def tiles(self) -> list[np.ndarray]:
        shots = Camera("film", seed=3).shoot(self.light, self.times.tolist(), SHIFTS_PX[: self.count])
        return [s.codes for s in shots]

    @cached_property
    def frames(self) -> list[np.ndarray]:
        """(h, w, 3) uint8."""
        return [tiled(t, self.megapixels) for t in self.tiles]

    @cached_property
    def moved(self) -> list[np.ndarray]:
        """Where aligned frames go."""
        return [frame.copy() for frame in self.frames]

    @cached_property
    def radiance(self) -> np.ndarray:
        """(h, w, 3) float32, as a merge leaves it."""
        return tiled(self.light.astype(np.float32)[: TILE[0], : TILE[1]], self.megapixels)

    def photographs(self, folder: Path) -> list[Path]:
        """The frames as JPEG files with exposure times; kept from one run to the next."""
        folder = folder / f"{self.count}x{self.megapixels:g}MP"
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"frame{k}.jpg" for k in range(self.count)]
        for path, tile, t in zip(paths, self.tiles, self.times, strict=True):
            if not path.exists():
                write_photograph(tiled(tile, self.megapixels), path, Exposure(float(t)))
        return paths
