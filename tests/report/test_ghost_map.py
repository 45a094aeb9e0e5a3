"""The picture of what deghosting left out."""

from __future__ import annotations

import numpy as np

from fullwell import Bracket
from fullwell.image import Radiance
from fullwell.merge.robertson03 import Robertson03
from fullwell.report.ghost_map import ghost_map
from fullwell.response.srgb import Srgb


def moved() -> Radiance:
    rng = np.random.default_rng(1)
    wall = rng.integers(90, 110, (120, 160, 3)).astype(np.uint8)
    thing = wall.copy()
    thing[40:80, 60:100] = 230
    bracket = Bracket.of([wall, wall, thing], [1, 1, 1])
    return Robertson03(deghost="auto")(bracket, Srgb()(bracket))


def test_what_was_left_out_is_red_and_the_rest_is_grey() -> None:
    radiance = moved()
    unused = radiance.unused(2)
    assert unused[60, 80] > 0.99
    assert unused[10, 10] == 0
    assert (radiance.unused(1) == 0).all()
    shown = ghost_map(radiance, ["a", "b", "c"]).astype(int)
    assert shown.shape == (120, 160, 3)  # of one frame only
    red, green, blue = shown[60, 80]
    assert red > green + 50
    assert green == blue
    assert np.ptp(shown[10, 10]) <= 1


def test_a_part_knows_where_it_lies() -> None:
    radiance = moved()
    part = radiance[30:90, 50:120]
    assert np.array_equal(part.unused(2), radiance.unused(2)[30:90, 50:120])


def test_where_nothing_moved_there_is_the_scene() -> None:
    scene = Radiance(np.random.default_rng(1).random((40, 60, 3), np.float32))
    assert ghost_map(scene, ["a"]).shape == (40, 60, 3)
    assert (scene.unused(0) == 0).all()
