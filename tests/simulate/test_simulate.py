"""The simulated camera and its scenes are what they say they are."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.errors import UsageError
from fullwell.kernels import _jit
from fullwell.simulate import Camera, best_estimate, hills, rms_stops
from fullwell.simulate.scene import room


@pytest.mark.parametrize("response", ["linear", "srgb", "film"])
def test_decode_undoes_encode(response: str) -> None:
    camera, x = Camera(response), np.linspace(0, 1, 1001)
    np.testing.assert_allclose(camera.decode(camera.encode(x)), x, atol=1e-9)
    assert (np.diff(camera.encode(x)) > 0).all()


def test_noise_is_that_of_counted_electrons() -> None:
    """At a quarter of a well of 20000 e: sigma = sqrt(5000 + 16) e."""
    shot = Camera("linear", bits=16, seed=3).shoot(np.full((200, 200, 3), 0.25), [1.0])[0]
    share = shot.codes / 65535
    assert share.mean() == pytest.approx(0.25, rel=1e-3)
    assert share.std() * 20000 == pytest.approx(np.sqrt(5000 + 16), rel=0.01)


def test_a_shift_shows_another_part_of_the_scene() -> None:
    light = np.arange(40 * 50 * 3).reshape(40, 50, 3) / 6000.0
    still, moved = Camera("linear", read_noise_e=0, full_well_e=1e14, bits=16).shoot(light, [1, 1], [(0, 0), (3, -2)])
    difference = moved.codes[:-3, 2:].astype(int) - still.codes[3:, :-2]
    assert abs(difference).max() <= 1  # the last electron is counted by chance


def test_the_best_estimate_is_the_truth_without_noise() -> None:
    light, camera = hills(60, 80, 2), Camera("film", read_noise_e=0, full_well_e=1e10, bits=16)
    best = best_estimate(camera, camera.shoot(light, [0.1, 0.4, 1.6, 6.4]))
    assert rms_stops(best, light) < 1e-3


def test_an_unknown_response_gets_a_hint() -> None:
    with pytest.raises(UsageError, match="did you mean 'film'"):
        Camera("flim")


def test_the_room_has_fourteen_stops_and_no_odd_pixel() -> None:
    light = room(240, 160)
    assert light.shape == (160, 240, 3)
    assert light.dtype == np.float32
    assert np.isfinite(light).all()
    assert light.min() >= 0
    low, high = np.percentile(light.mean(axis=2), [0.1, 99.9])
    assert np.log2(high / low) > 14


def test_the_room_is_the_same_on_one_thread_and_at_another_size() -> None:
    light = room(96, 64)
    with _jit.threads(1):
        np.testing.assert_array_equal(room(96, 64), light)
    large = np.log(room(192, 128).reshape(64, 2, 96, 2, 3).mean(axis=(1, 3)) + 1e-3)
    assert np.corrcoef(large.ravel(), np.log(light + 1e-3).ravel())[0, 1] > 0.98
