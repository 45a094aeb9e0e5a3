"""Brackets of simulated rooms as files, as several of them lie in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scenes import hills

from fullwell.image import Exposure
from fullwell.io.photograph import write_photograph
from fullwell.simulate import Camera

CYCLE = (1 / 15, 1 / 60, 1 / 4)  # the normal exposure first, as cameras do


def shoot(
    folder: Path,
    seed: int,
    first: int = 1,
    times: Sequence[float] = CYCLE,
    size: tuple[int, int] = (90, 120),
    shift: tuple[int, int] = (0, 0),
    name: str = "IMG_{}.jpg",
) -> list[Path]:
    """Photographs of the scene of a seed, numbered on from `first`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name.format(first + k) for k in range(len(times))]
    unused = (4, 4)  # one more, which sets the margin that all lose
    shots = Camera("srgb").shoot(hills(*size, seed) * 3, [*times, 1.0], [shift] * len(times) + [unused])[:-1]
    for path, shot in zip(paths, shots, strict=True):
        write_photograph(shot.codes, path, Exposure(shot.time_s, 8.0, 100.0))
    return paths
