"""Handheld noisy JPEG brackets of known light: the default recipe comes close to the best that can be known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fullwell.image import Exposure
from fullwell.io.photograph import write_photograph
from fullwell.job import make
from fullwell.recipe import Recipe
from fullwell.simulate import Camera, best_estimate, hills, rms_stops

SHIFTS = [(5, -9), (-7, 3), (0, 0), (12, 8), (-2, -12)]
MARGIN = 12  # the largest of them


@pytest.mark.parametrize("response", ["srgb", "film"])
@pytest.mark.parametrize("times", [[4.0**k / 8 for k in range(5)], [8.0**k / 8 for k in range(4)]])
def test_the_error_is_at_most_half_again_that_of_the_best_estimate(
    response: str, times: list[float], tmp_path: Path
) -> None:
    light, camera, shifts = hills(480, 640, 11), Camera(response, seed=11), SHIFTS[: len(times)]
    shots = camera.shoot(light, times, shifts)
    paths = [tmp_path / f"{i}.jpg" for i in range(len(shots))]
    for shot, path in zip(shots, paths, strict=True):
        write_photograph(shot.codes, path, Exposure(shot.time_s, 8.0, 100.0))
    result = make(paths, tmp_path / "radiance.exr", Recipe.of(crop=False))
    home = shifts[result.bracket.reference]
    known = [(y - home[0], x - home[1]) for y, x in shifts]
    seen = [dataclasses.replace(s, codes=f.codes()) for s, f in zip(shots, result.bracket, strict=True)]
    best = best_estimate(camera, seen, known)
    h, w = best.shape[:2]
    truth = light[MARGIN + home[0] :, MARGIN + home[1] :][:h, :w]
    where = np.isfinite(best)
    assert where.mean() > 0.98
    assert rms_stops(best, truth, where) < 0.04
    assert rms_stops(result.radiance.rgb, truth, where) <= 1.5 * rms_stops(best, truth, where)
