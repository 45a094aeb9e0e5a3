"""Stops that cameras round."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.exposures._series import rounding_ev
from fullwell.image import Exposure


def snapped(**settings: list[float]) -> np.ndarray:
    count = len(next(iter(settings.values())))
    frames = [Exposure(**{"time_s": 1.0} | {k: v[i] for k, v in settings.items()}) for i in range(count)]
    found = rounding_ev(frames)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("written", "true"),
    [
        ([1 / 1000, 1 / 250, 1 / 60, 1 / 15, 1 / 4, 1, 4, 15], [2.0**k for k in (-10, -8, -6, -4, -2, 0, 2, 4)]),
        ([1 / 30, 1 / 13, 1 / 5, 0.5], [2.0 ** (k / 3) for k in (-15, -11, -7, -3)]),
        ([1 / 45, 1 / 15, 1 / 5.6, 0.7], [2.0 ** (k / 2) for k in (-11, -8, -5, -1)]),
        ([0.3, 0.6, 1.3, 2.5, 30], [2.0 ** (k / 3) for k in (-5, -2, 1, 4, 15)]),
    ],
)
def test_times_come_to_the_powers_of_two_they_stand_for(written: list[float], true: list[float]) -> None:
    np.testing.assert_allclose(np.log2(written) + snapped(time_s=written), np.log2(true), atol=1e-9)


def test_f_numbers_and_iso_are_rounded_too() -> None:
    exposure = -2 * np.log2([5.6, 3.5, 11.0]) + np.log2([100, 125, 800])
    true = -2 * np.log2([2.0**2.5, 2.0 ** (11 / 6), 2.0**3.5]) + np.log2([100, 100 * 2 ** (1 / 3), 800])
    np.testing.assert_allclose(exposure + snapped(f_number=[5.6, 3.5, 11.0], iso=[100, 125, 800]), true, atol=1e-9)


def test_a_setting_that_is_the_same_for_all_stays() -> None:
    np.testing.assert_allclose(snapped(time_s=[0.5, 1.0, 2.0], f_number=[7.7] * 3, iso=[123.0] * 3), 0)


@pytest.mark.parametrize("times", [[1 / 17.9, 1 / 33.4], [1.0, 2.24, 4.0], [1.0, 1.0]])
def test_times_of_no_series_have_none(times: list[float]) -> None:
    assert rounding_ev([Exposure(t) for t in times]) is None
