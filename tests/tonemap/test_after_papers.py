"""Each operator against its paper's equations in float64."""

from __future__ import annotations

import numpy as np
import oracles
import pytest
from scenes import hills

from fullwell.image import Radiance
from fullwell.params import build

SCENE = hills(60, 84, seed=3)

EXACT = [
    ("linear", {}),
    ("linear", {"exposure": 2.0, "white": 90.0}),
    ("drago03", {}),
    ("drago03", {"bias": 0.7, "saturation": 0.6}),
    ("drago03", {"bias": 0.95, "white": 99.0}),
    ("reinhard05", {}),
    ("reinhard05", {"intensity": 2.0, "contrast": 0.5}),
    ("reinhard05", {"intensity": -3.0, "light_adapt": 0.4, "color_adapt": 0.7}),
    ("reinhard05", {"light_adapt": 0.0, "color_adapt": 1.0, "contrast": 0.3}),
]


@pytest.mark.parametrize(("name", "values"), EXACT)
def test_point_operators_follow_their_papers(name, values):
    ours = build("tonemap", name, values)(SCENE).rgb
    expected = getattr(oracles, name)(SCENE.astype(np.float64), **values)
    np.testing.assert_allclose(ours, expected, atol=1e-4)
    assert 0.02 < expected.mean() < 0.9  # there is something to compare


@pytest.mark.parametrize("values", [{}, {"contrast": 5.0, "saturation": 0.5}, {"sigma_space": 6.0, "sigma_color": 0.2}])
def test_durand02_follows_the_paper(values):
    """The bilateral grid is an approximation; the base's extent is a percentile of all pixels here and there."""
    ours = build("tonemap", "durand02", values)(SCENE).rgb
    error = np.abs(ours - oracles.durand02(SCENE.astype(np.float64), **values))
    assert error.mean() < 0.004
    assert error.max() < 0.06


@pytest.mark.parametrize(
    ("name", "values"), [("linear", {"exposure": -3.0}), ("drago03", {}), ("mantiuk06", {"saturation": 1.0})]
)
def test_luminance_is_that_of_the_primaries(name, values):
    """The same light in other primaries gets the same luminance from an operator that keeps the channels' ratios."""
    scene = Radiance(SCENE)
    wide = scene.to("rec2020")
    operator = build("tonemap", name, values | {"white": 100.0})
    here, there = operator(scene), operator(wide)
    assert there.primaries == "rec2020"
    unclipped = (here.rgb.max(axis=2) < 1) & (there.rgb.max(axis=2) < 1)
    lum_here, lum_there = here.rgb @ scene.luminance_weights, there.rgb @ wide.luminance_weights
    assert unclipped.mean() > 0.5
    np.testing.assert_allclose(lum_there[unclipped], lum_here[unclipped], rtol=2e-3)


def test_drago03_keeps_its_brightness_when_the_bias_changes():
    """What the authors' scaling of the world adaptation is for: without it the log-average moves by a stop and more."""
    grey = [
        np.exp(np.log(build("tonemap", "drago03", {"bias": b})(SCENE).rgb + 1e-6).mean()) for b in (0.75, 0.85, 0.95)
    ]
    assert max(grey) / min(grey) < 1.6


def test_reinhard05_shows_the_log_average_as_middle_grey():
    lum = oracles.luminance(SCENE)
    grey = np.repeat(lum[:, :, None], 3, axis=2)
    grey[0, 0] = oracles.log_average(lum)
    for contrast in (0.3, 0.4, 0.5):  # beyond, this scene's span of responses is too small for it
        shown = build("tonemap", "reinhard05", {"contrast": contrast})(grey).rgb[0, 0]
        np.testing.assert_allclose(shown, 0.18, atol=2e-3)
