"""Contrast mapping: the transducer's facts, the least squares, and that it is no global curve."""

from __future__ import annotations

import numpy as np
import oracles
import pytest
from scenes import hills

from fullwell.kernels._jit import f
from fullwell.kernels.solve import halve, least_squares, pyramid
from fullwell.params import build
from fullwell.tonemap.mantiuk06 import ITERATIONS, map_contrasts

A, B = 0.00424, 0.108


def test_thresholds_agree_with_the_papers():
    g = np.geomspace(0.01, 2, 200)
    weber = 10**g - 1
    ours = (A + B * weber) / ((1 + weber) * np.log(10))  # a threshold of W, in log10
    ratio = ours / (0.038737 * g**0.537756)
    assert 1 / 1.23 < ratio.min() < ratio.max() < 1.23


def test_transducer_agrees_with_the_papers():
    g = np.geomspace(0.03, 3, 200)
    ratio = np.log(1 + B / A * (10**g - 1)) / B / (54.09288 * g**0.4185)
    assert 0.75 < ratio.min() < ratio.max() < 1.25


def wanted_of(log2_image, scale):
    weights, flows = [], []
    levels = pyramid(log2_image, 3)
    for level in levels:
        wx, wy, fx, fy = (np.empty_like(level) for _ in range(4))
        map_contrasts(level, f(scale), wx, wy, fx, fy)
        weights.append((wx, wy))
        flows.append((fx, fy))
    return levels, weights, flows


def test_contrasts_are_mapped_by_the_transducer():
    log2 = (np.cumsum(2.0 ** np.linspace(-8, 3, 40)) * np.ones((4, 1))).astype(np.float32)
    _, weights, flows = wanted_of(log2, 0.4)
    kept = (flows[0][0] / np.where(weights[0][0] > 0, weights[0][0], 1))[0, :-1]
    g = np.diff(log2[0].astype(np.float64)) * np.log10(2)
    np.testing.assert_allclose(kept * np.log10(2), oracles.kept_contrast(g, 0.4), rtol=2e-3)


@pytest.mark.parametrize("shape", [(20, 24), (17, 23), (13, 9)])
def test_the_image_is_the_least_squares_one(shape):
    log10 = 2 * np.log10(oracles.luminance(hills(*shape, seed=2)))
    log2 = np.ascontiguousarray(log10 / np.log10(2), np.float32)
    levels, weights, flows = wanted_of(log2, 0.4)
    ours = least_squares(weights, flows, [v * np.float32(0.4) for v in levels], 200, 1e-7, lambda share: None)
    ours = (ours - ours.mean()) * np.log10(2)
    expected = oracles.contrast_mapping(log10, 0.4)
    assert expected.std() > 0.1
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_its_iterations_are_near_the_solution():
    log2 = np.log2(oracles.luminance(hills(150, 200, seed=4))).astype(np.float32)
    levels, weights, flows = wanted_of(log2, 0.4)
    guess = [v * np.float32(0.4) for v in levels]
    few, many = (least_squares(weights, flows, guess, n, 1e-7, lambda share: None) for n in (ITERATIONS, 200))
    error = (few - few.mean()) - (many - many.mean())
    assert error.std() < 0.02  # stops
    assert many.std() > 0.2


def test_halving_keeps_the_mean_of_even_images_and_the_values_of_flat_ones():
    image = np.random.default_rng(0).random((8, 6), dtype=np.float32)
    out = np.empty((4, 3), np.float32)
    halve(image, out)
    np.testing.assert_allclose(out, image.reshape(4, 2, 3, 2).mean(axis=(1, 3)), rtol=1e-6)
    flat = np.empty((3, 4), np.float32)
    halve(np.full((5, 7), 2.5, np.float32), flat)
    np.testing.assert_array_equal(flat, 2.5)


def textured():
    """Two halves of 10 stops between them, each with the same fine texture of a twentieth of a stop."""
    rng = np.random.default_rng(1)
    log2 = np.where(np.arange(160) < 80, 0.0, 10.0)[None, :] + 0.05 * rng.standard_normal((120, 160))
    return np.repeat((2.0**log2)[:, :, None], 3, axis=2).astype(np.float32)


def test_equal_light_looks_different_in_different_surroundings():
    """The same grey on a dark and on a light ground; a global curve gives one value."""
    scene = np.repeat(np.where(np.arange(160) < 80, 0.05, 50.0)[None, :, None], 3, axis=2)
    scene = np.repeat(scene, 120, axis=0).astype(np.float32)
    scene[50:60, 30:40] = scene[50:60, 120:130] = 1.5
    out = build("tonemap", "mantiuk06")(scene).rgb[..., 1]
    on_dark, on_light = out[55, 35], out[55, 125]
    assert abs(np.log2(on_dark / on_light)) > 0.3


def test_texture_keeps_more_contrast_than_under_a_power_law():
    out = np.log2(build("tonemap", "mantiuk06", {"white": 100.0})(textured()).rgb[..., 1].astype(np.float64))
    dark, light = out[:, 10:60], out[:, 100:150]
    between = light.mean() - dark.mean()
    power = between / 10.0  # the exponent that would give the same contrast between the halves
    assert dark.std() / 0.05 > 1.5 * power
    assert light.std() / 0.05 > 1.5 * power


def test_a_smaller_scale_keeps_relatively_more_texture():
    def ratio(scale):
        out = np.log2(build("tonemap", "mantiuk06", {"scale": scale})(textured()).rgb[..., 1].astype(np.float64))
        return out[:, 10:60].std() / (out[:, 100:150].mean() - out[:, 10:60].mean())

    assert ratio(0.2) > 1.2 * ratio(0.5) > 1.2 * 1.2 * ratio(1.0)


def test_scale_1_is_the_scene_itself():
    """Every contrast is kept, so only brightness and overall contrast change: a straight line in logarithms."""
    lum = oracles.luminance(hills(60, 80, seed=6))
    grey = np.repeat(lum[:, :, None], 3, axis=2).astype(np.float32)
    out = build("tonemap", "mantiuk06", {"scale": 1.0, "white": 100.0})(grey).rgb[..., 1]
    x, y = np.log2(lum).ravel(), np.log2(out.astype(np.float64)).ravel()
    inside = (x > np.percentile(x, 1)) & (x < np.percentile(x, 99))
    slope, offset = np.polyfit(x[inside], y[inside], 1)
    assert 0.2 < slope < 1.01
    np.testing.assert_allclose(y[inside], slope * x[inside] + offset, atol=0.02)


def test_smooth_light_stays_smooth():
    """No blocks of the pyramid: a soft gradient beside a strong edge has no jumps."""
    y, x = np.mgrid[0:128, 0:192]
    log2 = 3 * np.sin(x / 40.0) + 2 * np.cos(y / 30.0) + 8 * (x > 130)
    grey = np.repeat((2.0**log2)[:, :, None], 3, axis=2).astype(np.float32)
    out = np.log2(build("tonemap", "mantiuk06", {"white": 100.0})(grey).rgb[..., 1].astype(np.float64))
    assert np.abs(np.diff(out[:, :116], n=2, axis=1)).max() < 0.02  # stops
