"""The default tone mapper against its description in NumPy, and what it promises of edges and of noise."""

from __future__ import annotations

import numpy as np
import oracles
import pytest
from scenes import hills

from fullwell.color import lightness
from fullwell.image import Radiance
from fullwell.kernels.histogram import LogStats
from fullwell.metrics import edges
from fullwell.tonemap import Natural


@pytest.mark.parametrize(("size", "values"), [((60, 84), {}), ((37, 53), {"step": 0.7, "saturation": 0.5})])
def test_is_the_fusion_that_it_says(size, values):
    scene = np.ascontiguousarray(hills(*size, 3), np.float32)
    operator = Natural(**values)
    stats = LogStats(scene, Radiance(scene).luminance_weights)
    shortest, gains = operator.exposures(stats, None)
    ours = operator(scene).rgb
    expected = oracles.natural(scene.astype(np.float64), shortest, gains, values.get("saturation", 1.0))
    np.testing.assert_allclose(ours, expected, atol=2e-4)
    assert 0.05 < expected.mean() < 0.9


@pytest.mark.parametrize("step", [0.5, 2.0, 4.0])
def test_exposures_reach_from_the_lights_to_the_shadows_evenly(step):
    scene = np.ascontiguousarray(hills(90, 120, 1, 14.0), np.float32)
    stats = LogStats(scene, Radiance(scene).luminance_weights)
    shortest, gains = Natural(step=step).exposures(stats, None)
    stops = np.log2(gains) * 2.2
    assert 2.0 ** (shortest + stats.percentile_log2(99.9)) == pytest.approx(1)
    assert 2.0 ** (shortest + stops[-1] + stats.percentile_log2(3)) == pytest.approx(0.06, rel=1e-4)
    assert stops[0] == 0
    assert np.diff(stops).max() <= step + 1e-5
    np.testing.assert_allclose(np.diff(stops), np.diff(stops)[0], rtol=1e-4)


def test_noise_is_not_opened_up():
    scene = np.ascontiguousarray(hills(90, 120, 1, 14.0), np.float32)
    stats = LogStats(scene, Radiance(scene).luminance_weights)
    floor = 2.0 ** stats.percentile_log2(20)
    shortest, gains = Natural().exposures(stats, floor)
    assert (
        2.0**shortest * gains[-1] ** 2.2 * floor
        <= max(0.01, 0.16 * floor / 2.0 ** stats.mean_log2_between(1, 99)) * 1.001
    )


def test_a_bright_window_has_no_halo_and_no_reversal():
    """Ten stops at a clean edge, on grey walls of a little texture."""
    rng = np.random.default_rng(5)
    room = np.full((240, 360), 0.02) * 2.0 ** rng.normal(0, 0.02, (240, 360))
    room[60:180, 120:240] = 20 * 2.0 ** rng.normal(0, 0.02, (120, 120))
    scene = np.repeat(room[:, :, None], 3, axis=2).astype(np.float32)
    found = edges(Natural()(scene), scene)
    assert found.even > 500
    assert found.reversals == 0
    assert found.halos < 0.05


def test_a_dark_corner_of_a_bright_room_keeps_what_is_in_it():
    """Eight stops below the walls, the books in it one stop apart."""
    room = np.full((240, 360), 1.0)
    room[60:180, 20:150] = 200.0
    books = room[120:240, 310:360]
    books[:] = 1 / 256
    books[:, ::10] *= 2
    mapped = Natural()(np.repeat(room[:, :, None], 3, axis=2).astype(np.float32)).rgb[150:230, 312:358, 0]
    shown = lightness(mapped)
    assert shown.min() > 2
    assert (shown[:, 8] - shown[:, 3]).min() > 0.5
