"""The bilateral grid against the exact filter."""

from __future__ import annotations

import numpy as np
import oracles
import pytest
from scenes import hills

from fullwell.kernels.edge_aware import bilateral


def log10_scene():
    return np.log10(oracles.luminance(hills(70, 100, seed=5))).astype(np.float32)


@pytest.mark.parametrize("sigma_space", [1.0, 2.0, 5.0, 12.0])
@pytest.mark.parametrize("sigma_range", [0.2, 0.4])
def test_close_to_the_exact_filter(sigma_space, sigma_range):
    log = log10_scene()
    ours = bilateral(log, sigma_space, sigma_range, float(log.min()), float(log.max()))
    error = np.abs(ours - oracles.bilateral(log, sigma_space, sigma_range))
    assert error.mean() < 0.01
    assert error.max() < 0.12
    assert np.abs(oracles.bilateral(log, sigma_space, sigma_range) - log).mean() > 2 * error.mean()


def test_edges_stay_and_noise_goes():
    rng = np.random.default_rng(0)
    step = np.where(np.arange(80) < 40, 0.0, 3.0)[None, :] + 0.05 * rng.standard_normal((60, 80))
    base = bilateral(step.astype(np.float32), 6.0, 0.4, -1.0, 4.0)
    assert base[:, :40].std() < 0.02
    assert abs(base[:, 36:40].mean()) < 0.02
    assert abs(base[:, 40:44].mean() - 3.0) < 0.02


def test_a_wide_range_sigma_is_a_gaussian_blur():
    image = np.zeros((61, 61), np.float32)
    image[30, 30] = 1.0
    ours = bilateral(image, 5.0, 1000.0, 0.0, 1.0)
    y, x = np.mgrid[-30:31, -30:31]
    gaussian = np.exp(-(x**2 + y**2) / 50) / (50 * np.pi)
    assert np.abs(ours - gaussian).max() < 0.12 * gaussian.max()
    np.testing.assert_allclose((ours * x**2).sum() / ours.sum(), 25, rtol=0.05)
