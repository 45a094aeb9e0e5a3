"""What is measured on: a simulated bracket with noise, shake and fourteen stops, tiled up to any size.

A tile of 1.5 MP is shot once and kept from one process to the next; larger frames repeat it, so that 100 MP are there
in seconds and every size shows the same content.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np

from fullwell.image import Exposure
from fullwell.io.photograph import write_photograph
from fullwell.simulate import Camera, hills

TILE = (1000, 1500)
KEPT = Path(tempfile.gettempdir()) / "fullwell-bench"
SHIFTS_PX = ((3, -5), (0, 0), (-2, 4), (6, 1), (-7, 2), (1, 8), (-4, -6), (2, -3), (5, 5))


def tiled(image: np.ndarray, megapixels: float) -> np.ndarray:
    """`image` repeated, then cut to about so many megapixels, 3 : 2."""
    h = max(round((megapixels * 1e6 / 1.5) ** 0.5), 8)
    w = round(1.5 * h)
    times = (-(-h // image.shape[0]), -(-w // image.shape[1]), 1)
    return np.ascontiguousarray(np.tile(image, times)[:h, :w])


def kept(name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """An array that was made once, read from its file."""
    path = KEPT / f"{name}.npy"
    if not path.exists():
        KEPT.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=KEPT, delete=False) as whole:
            np.save(whole, make())
        Path(whole.name).rename(path)
    return np.load(path)


class Scene:
    """A bracket of `count` frames of so many megapixels, and its radiance. Arrays are made when first asked for."""

    def __init__(self, megapixels: float, count: int = 4) -> None:
        self.megapixels, self.count = megapixels, count
        # As the tutorial's bracket: three stops apart; more frames lie closer.
        self.times = np.array([2.0 ** (9 * (k / (count - 1) - 0.5)) for k in range(count)], np.float32)

    @cached_property
    def light(self) -> np.ndarray:
        """Radiance of one tile, (1000, 1500, 3), wider by the shake."""
        return kept("light", lambda: hills(TILE[0] + 16, TILE[1] + 16, 1, stops=14))

    @cached_property
    def tiles(self) -> np.ndarray:
        """(count, 1000, 1500, 3) uint8."""

        def shots() -> np.ndarray:
            shot = Camera("film", seed=3).shoot(self.light, self.times.tolist(), SHIFTS_PX[: self.count])
            return np.stack([s.codes for s in shot])

        return kept(f"tiles-{self.count}", shots)

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

    def photographs(self) -> list[Path]:
        """The frames as JPEG files with exposure times; kept from one run to the next."""
        folder = KEPT / f"{self.count}x{self.megapixels:g}MP"
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"frame{k}.jpg" for k in range(self.count)]
        for path, tile, t in zip(paths, self.tiles, self.times, strict=True):
            if not path.exists():
                write_photograph(tiled(tile, self.megapixels), path, Exposure(float(t)))
        return paths
