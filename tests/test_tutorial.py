"""The recipe `tutorial` gives the picture of the OpenCV HDR tutorials' script."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scenes import hills

from fullwell.compat import cv2 as dropin
from fullwell.image import Exposure
from fullwell.io.photograph import write_photograph
from fullwell.job import make
from fullwell.recipe import Recipe
from fullwell.simulate import Camera

TIMES = np.array([1 / 8, 1 / 2, 2.0, 8.0], np.float32)


def script(cv, paths: list[Path]) -> np.ndarray:
    """Code values, RGB, of the script, run with one or the other module."""
    frames = [cv.imread(str(p)) for p in paths]
    response = cv.createCalibrateDebevec().process(frames, TIMES)
    radiance = cv.createMergeDebevec().process(frames, TIMES, response)
    codes = 3 * cv.createTonemapDrago(1.0, 0.7).process(radiance) * 255
    return np.clip(np.round(codes), 0, 255)[:, :, ::-1]


def test_the_recipe_gives_the_picture_of_the_script(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.png" for i in range(4)]
    for shot, path in zip(Camera("srgb").shoot(hills(240, 320, 3), TIMES), paths, strict=True):
        write_photograph(shot.codes, path, Exposure(float(shot.time_s), 8.0, 100.0))
    make(paths, tmp_path / "tutorial.png", Recipe.load("tutorial"))
    made = cv2.imread(str(tmp_path / "tutorial.png"))[:, :, ::-1].astype(float)
    wanted = script(dropin, paths)
    assert np.abs(made - wanted).max() <= 1
    off = np.abs(made - script(cv2, paths))
    assert off.mean() < 1  # OpenCV solves for its response in float32
    assert made.std() > 20
