"""What holds for tone mappers whatever the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import hills

from fullwell.params import build, ids

EVERY = ids("tonemap")
GLOBAL = [i for i in EVERY if i in ("linear", "drago03", "reinhard05")]
SCENE = hills(96, 128, seed=1)


def mapped(name, rgb, **values):
    return build("tonemap", name, values)(rgb).rgb


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("factor", [2.0**-12, 1e-3, 1000.0])
def test_the_unit_of_the_radiance_does_not_matter(name, factor):
    """Percentiles move by up to one bin of 1/64 stop, a percent, unless the factor is a power of two."""
    error = np.abs(mapped(name, SCENE * np.float32(factor)) - mapped(name, SCENE))
    assert error.max() < (1e-4 if factor == 2.0**-12 else 0.02)


@pytest.mark.parametrize("name", [i for i in EVERY if i != "dragocv"])  # OpenCV's stretch, which one pixel governs
def test_one_hot_pixel_changes_nothing_much(name):
    hot = SCENE.copy()
    hot[40, 50] = 1e6
    before, after = mapped(name, SCENE), mapped(name, hot)
    assert abs(after.mean() / before.mean() - 1) < 0.01
    assert after[40, 50].min() > 0.95
    elsewhere = np.ones(SCENE.shape[:2], bool)
    elsewhere[24:57, 34:67] = False
    assert np.abs(after - before)[elsewhere].max() < 0.03


@pytest.mark.parametrize("name", EVERY)
def test_black_border_changes_little(name):
    """A frame of exact black, as alignment or rendering leaves it, is not part of the scene's range."""
    framed, cut = SCENE.copy(), np.ascontiguousarray(SCENE[:, :-4])
    framed[:, -4:] = 0
    assert abs(mapped(name, framed)[:, :-20].mean() / mapped(name, cut)[:, :-16].mean() - 1) < 0.06


@pytest.mark.parametrize("name", GLOBAL)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_global_operators_are_monotonic(name, data):
    """More light never looks darker, wherever the sliders are: a grey ramp of 20 stops."""
    cls = type(build("tonemap", name))
    values = {
        p.name: data.draw(st.floats(*(p.soft or (p.lo, p.hi))), label=p.name) for p in cls.params() if p.name != "gamma"
    }
    ramp = np.repeat(2.0 ** np.linspace(-14, 6, 512, dtype=np.float32)[None, :, None], 3, axis=2)
    steps = np.diff(mapped(name, ramp, **values)[0, :, 0])
    assert steps.min() > -2e-6
    assert steps.max() > 1e-4


@pytest.mark.parametrize("name", EVERY)
def test_grey_stays_grey(name):
    grey = np.repeat(SCENE[:, :, 1:2], 3, axis=2)
    out = mapped(name, grey)
    assert np.ptp(out, axis=2).max() < 2e-6


@pytest.mark.parametrize("name", [n for n in EVERY if n != "linear"])
def test_pictures_of_twelve_stops_are_well_exposed(name):
    """Neither dark nor washed out: the middle near middle grey, and a span from shadows to lights."""
    out = mapped(name, SCENE) @ np.float32([0.2126, 0.7152, 0.0722])
    dark, middle, light = np.percentile(out, [5, 50, 95])
    assert 0.05 < middle < 0.4
    assert light / dark > 5
    assert light > 0.3


def test_saturation_0_is_grey_and_more_is_more():
    for name in ("drago03", "durand02", "mantiuk06"):
        spread = [np.ptp(mapped(name, SCENE, saturation=s), axis=2).mean() for s in (0.0, 0.5, 1.0)]
        assert spread[0] < 1e-6
        assert spread[0] < spread[1] < spread[2]
