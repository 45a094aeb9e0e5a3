"""The finish: its curve in NumPy, what each slider does, and that a night stays one."""

from __future__ import annotations

import numpy as np
import oracles
import pytest
from scenes import hills

from fullwell.color import lightness
from fullwell.errors import InputError
from fullwell.finish import Develop
from fullwell.image import Radiance
from fullwell.kernels.histogram import LogStats
from fullwell.metrics import look

RNG = np.random.default_rng(2)
PICTURE = np.ascontiguousarray(hills(60, 84, 3, 6.0) ** 0.5, np.float32)
PICTURE /= PICTURE.max() / 1.5
PLAIN = Develop(auto=0.0)


def test_without_anything_a_picture_is_only_bent_at_the_top():
    dim = PICTURE * np.float32(0.4)
    np.testing.assert_allclose(PLAIN(dim).rgb, dim, rtol=5e-6, atol=1e-7)
    assert (dim > 0.5).any()
    bent = PLAIN(PICTURE).rgb
    np.testing.assert_allclose(bent, oracles.graded(PICTURE), atol=4e-6)
    assert bent.max() < 1


def test_the_curve_is_the_one_described():
    operator = Develop(exposure=0.5, contrast=0.3, saturation=1.4, temperature=40.0, tint=-20.0)
    balance = operator.balance(np.float32(oracles.REC709))
    tones = operator.tones(LogStats(PICTURE, np.float32(oracles.REC709) * balance), None)
    expected = oracles.graded(PICTURE, *tones, saturation=1.4, balance=balance)
    np.testing.assert_allclose(operator(PICTURE).rgb, expected, atol=2e-5)


def grey(value):
    return np.full((8, 8, 3), value, np.float32)


def test_each_slider_does_what_it_is_named():
    assert Develop(auto=0.0, exposure=1.0)(grey(0.1)).rgb[0, 0, 0] == pytest.approx(0.2, rel=1e-5)
    for value in (0.05, 0.4):  # the middle, 0.18, stays
        expected = 0.18 * (value / 0.18) ** 2
        assert Develop(auto=0.0, contrast=1.0)(grey(value)).rgb[0, 0, 0] == pytest.approx(min(expected, 0.9), rel=0.1)
    assert Develop(auto=0.0, contrast=1.0)(grey(0.18)).rgb[0, 0, 0] == pytest.approx(0.18, rel=1e-5)
    assert np.ptp(Develop(auto=0.0, saturation=0.0)(PICTURE).rgb, axis=2).max() < 1e-6
    warm = Develop(auto=0.0, temperature=50.0)(grey(0.3)).rgb[0, 0]
    assert warm[0] > warm[1] > warm[2]
    magenta = Develop(auto=0.0, tint=50.0)(grey(0.3)).rgb[0, 0]
    assert magenta[0] == pytest.approx(magenta[2]) and magenta[1] < magenta[0]  # noqa: PT018
    for shifted in (warm, magenta):
        assert shifted @ oracles.REC709 == pytest.approx(0.3, rel=5e-5)


def test_sharpening_steepens_an_edge_and_leaves_flats_and_hues():
    edge = grey(0.1)
    edge[:, 4:] = 0.4
    out = Develop(auto=0.0, sharpen=1.0)(edge).rgb
    assert out[4, 3, 0] < 0.1 < 0.4 < out[4, 4, 0]
    np.testing.assert_allclose(out[:, [0, 1, 6, 7]], edge[:, [0, 1, 6, 7]], rtol=1e-5)
    colour = edge * np.float32([1.0, 0.5, 0.2])
    ratio = Develop(auto=0.0, sharpen=1.0)(colour).rgb
    np.testing.assert_allclose(ratio[..., 1] / ratio[..., 0], 0.5, rtol=1e-4)


@pytest.mark.parametrize("gain", [0.05, 0.3, 1.0, 1.5])
def test_whatever_the_operator_did_the_picture_is_well_exposed(gain):
    found = look(Develop()(PICTURE * np.float32(gain)))
    assert 39 < found.mean < 56
    assert found.deviation > 10
    assert found.white < 0.01


def scene(depth):
    """Grey of mean log 0 with half a percent of lamps `depth` stops above it."""
    log = RNG.normal(0, 1, (60, 84))
    log.flat[::150] = depth
    return np.repeat(2.0 ** log[:, :, None], 3, axis=2).astype(np.float32)


def test_a_night_stays_darker_than_a_day():
    day, night = (look(Develop()(PICTURE, Radiance(scene(d)))).mean for d in (3.0, 9.0))
    assert 49 < day < 56
    assert 38 < night < 45


def test_below_the_noise_floor_there_is_no_colour():
    speckle = np.float32(RNG.uniform(0.5, 1.5, (40, 40, 3)) * 1e-3)
    speckle[:, 20:] *= 100
    shown = speckle**0.3
    out = Develop(auto=0.0)(shown, Radiance(speckle, noise_floor=2e-3)).rgb
    assert np.ptp(out[:, :20], axis=2).max() < 1e-5
    np.testing.assert_allclose(out[:, 20:], Develop(auto=0.0)(shown).rgb[:, 20:], atol=1e-6)
    luminance = [lightness(a @ oracles.REC709) for a in (out, Develop(auto=0.0)(shown).rgb)]
    np.testing.assert_allclose(luminance[0], luminance[1], atol=0.2)


def test_the_shoulder_keeps_a_lamp_orange():
    """Neither pink nor yellow: of a lamp of 1.5 times white, hue goes less than half as far as channel by channel."""
    lamp = np.float32([[[3.0, 1.2, 0.3]]])
    out = PLAIN(lamp).rgb[0, 0]
    assert out[0] > out[1] > out[2]
    per_channel = 1 - 0.3 * np.exp((0.7 - lamp[0, 0]) / 0.3)
    assert out[1] < per_channel[1] - 0.1
    assert out[2] > out[0] * 0.1


def test_picture_and_scene_must_match():
    with pytest.raises(InputError, match="one size"):
        Develop()(PICTURE, PICTURE[1:])
