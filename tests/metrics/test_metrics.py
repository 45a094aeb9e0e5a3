"""Numbers that are known beforehand: pictures with a halo, a reversal, or neither."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.color import lightness
from fullwell.errors import InputError
from fullwell.image import Radiance
from fullwell.metrics import edges, look

WIDTH = 200


def grey(row):
    """A row of luminance as an image, (120, w, 3) float32."""
    return np.repeat(np.tile(np.float32(row), (120, 1))[:, :, None], 3, axis=2)


STEP = np.where(np.arange(WIDTH) < WIDTH // 2, 0.05, 0.4)  # three stops


def test_a_plain_curve_has_neither_reversal_nor_halo():
    found = edges(grey(STEP**0.6), grey(STEP))
    assert found.strong > 100
    assert found.even > 100
    assert (found.reversals, found.halos) == (0, 0)


@pytest.mark.parametrize("side", ["dark", "light", "both"])
def test_an_overshoot_is_a_halo(side):
    """Unsharp masking of the logarithm as wide as 10 pixels."""
    log = np.log2(STEP)
    mean = np.convolve(np.pad(log, 40, mode="edge"), np.full(21, 1 / 21), "same")[40:-40]
    over = 0.5 * (log - mean)
    if side != "both":
        over = np.where((log < -3) == (side == "dark"), over, 0)
    found = edges(grey(np.exp2(log + over - 0.5)), grey(STEP))
    assert found.halos > 0.9
    assert found.reversals == 0


def test_a_soft_edge_is_no_halo():
    soft = np.convolve(np.pad(STEP, 10, mode="edge"), np.full(9, 1 / 9), "same")[10:-10]
    assert edges(grey(soft), grey(STEP)).halos == 0


def test_an_edge_that_goes_the_other_way_is_reversed():
    assert edges(grey(0.4 - STEP * 0.5), grey(STEP)).reversals == 1
    down = np.ascontiguousarray(grey(STEP).transpose(1, 0, 2))
    assert edges(0.4 - down * 0.5, down).reversals == 1


def test_noise_and_holes_are_no_edges():
    holes = grey(STEP)
    holes[50:60, 50:60] = np.nan
    assert edges(grey(STEP), holes).reversals == 0
    assert edges(grey(STEP), Radiance(grey(STEP), noise_floor=0.1)).strong == 0
    assert edges(grey(STEP[:1]), grey(STEP[:1])).strong == 0
    with pytest.raises(InputError, match="one size"):
        edges(grey(STEP), grey(STEP[:10]))


def test_the_look_of_a_known_picture():
    found = look(grey(np.where(np.arange(WIDTH) < 50, 1.0, 0.184187)))
    assert found.mean == pytest.approx(0.25 * 100 + 0.75 * 50, abs=0.01)
    assert found.deviation == pytest.approx(50 * (0.25 * 0.75) ** 0.5, abs=0.01)
    assert found.white == 0.25


def test_lightness_is_that_of_cie():
    np.testing.assert_allclose(lightness([0, 0.001, 0.184187, 1]), [0, 0.9033, 50, 100], atol=1e-3)
