"""Exposures from pixels: against simulated cameras whose frames are off from what is written."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import bracket_of, hills

from fullwell.color import srgb_decode
from fullwell.exposures._evidence import look, trend
from fullwell.exposures._solve import free, under
from fullwell.image import Bracket, Response
from fullwell.progress import QUIET
from fullwell.sampling import patches
from fullwell.simulate import Camera

WRITTEN = np.log2([1 / 16, 1 / 4, 1.0, 4.0])
CODES = np.arange(256) / 255.0
TARGET_EV = 0.02


def off_by_chance(seed: int) -> np.ndarray:
    """Exposures up to 0.3 EV from what is written, log2."""
    return WRITTEN + np.random.default_rng([5, seed]).uniform(-0.3, 0.3, len(WRITTEN))


def taken(response: str, true: np.ndarray, seed: int, bits: int = 8) -> Bracket:
    """A bracket that says the times as written and was exposed otherwise."""
    shots = Camera(response, bits=bits, seed=seed).shoot(hills(160, 240, seed) * np.float32(2), 2.0**true)
    return Bracket.of(bracket_of(shots), 2.0**WRITTEN)


def worst(found: np.ndarray, true: np.ndarray) -> float:
    """The largest error in EV, the common factor apart."""
    return float(np.abs(found - true - np.median(found - true)).max())


def worst_to_a_power(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(found - np.polyval(np.polyfit(true, found, 1), true)).max())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("response", "bits", "curve"), [("srgb", 8, "sRGB"), ("linear", 8, "linear"), ("linear", 16, "linear")]
)
def test_a_curve_that_is_known_is_found_and_tells_exposures(response: str, bits: int, curve: str, seed: int) -> None:
    true = off_by_chance(seed)
    found = look(taken(response, true, seed, bits), None, QUIET)
    assert found.solved is not None
    assert (found.curve, found.trendless) == (curve, False)
    assert worst(found.solved.ev, true) < TARGET_EV
    assert worst(found.off(WRITTEN), true - WRITTEN) < TARGET_EV


@pytest.mark.parametrize("seed", range(3))
def test_a_response_that_is_given_tells_exposures(seed: int) -> None:
    true = off_by_chance(seed)
    curve = Camera("film").decode(CODES)
    curve[0] = curve[1] / 2
    found = look(taken("film", true, seed), Response(curve / curve[128], "saved"), QUIET)
    assert found.solved is not None
    assert found.curve == "saved"
    assert worst(found.solved.ev, true) < TARGET_EV


@pytest.mark.parametrize("seed", range(3))
def test_a_free_curve_tells_exposures_up_to_a_power(seed: int) -> None:
    true = off_by_chance(seed)
    found = look(taken("film", true, seed), None, QUIET)
    assert found.solved is not None
    assert (found.curve, found.trendless) == ("", True)
    assert worst_to_a_power(found.solved.ev, true) < TARGET_EV
    assert trend(found.solved.ev, WRITTEN) == pytest.approx(1)


@pytest.mark.parametrize(("response", "bound"), [("srgb", 1.01), ("film", 1.5)])
def test_without_settings_the_power_is_that_of_srgb_or_assumed(response: str, bound: float) -> None:
    true = off_by_chance(1)
    untimed = taken(response, true, 1)
    untimed = untimed.replace([f.replace(exposure=f.exposure.__class__()) for f in untimed])
    found = look(untimed, None, QUIET)
    assert found.nominal is None
    assert found.solved is not None
    assert found.curve == ("sRGB" if response == "srgb" else "")
    assert worst_to_a_power(found.solved.ev, true) < TARGET_EV
    assert 1 / bound < trend(found.solved.ev, true) < bound


def test_no_method_can_see_a_power() -> None:
    """The camera of a power of a curve, at times to that power, takes the very same pictures."""
    bracket = taken("srgb", WRITTEN, 2)
    z = patches(bracket, 600, QUIET)
    curve = np.repeat(srgb_decode(np.maximum(CODES, 0.5 / 255))[:, None], 3, axis=1)
    plain, steeper = under(curve, z, 1), under(curve**1.5, z, 1)
    np.testing.assert_allclose(steeper.ev, 1.5 * plain.ev, atol=0.005)


@pytest.mark.parametrize("method", ["known", "free"])
def test_what_moves_does_not_decide(method: str) -> None:
    true, rng = off_by_chance(3), np.random.default_rng(8)
    bracket = taken("srgb", true, 3)
    frames = []
    for k, frame in enumerate(bracket):
        codes = frame.codes().copy()
        codes[20:60, 30 + 40 * k : 60 + 40 * k] = rng.integers(40, 200, 3)  # what passes by covers an eighth
        frames.append(frame.replace(source=codes))
    z = patches(bracket.replace(frames), 1500, QUIET)
    curve = np.repeat(srgb_decode(np.maximum(CODES, 0.5 / 255))[:, None], 3, axis=1)
    found = under(curve, z, 1) if method == "known" else free(z, 1)
    assert worst_to_a_power(found.ev, true) < TARGET_EV


def test_the_error_says_where_pixels_tell_little() -> None:
    """A frame that shares next to nothing with the others is not told, and does not spoil them."""
    times = np.log2([1 / 4, 1.0, 4.0, 4096.0])
    shots = Camera("srgb", seed=1).shoot(hills(160, 240, 1) * np.float32(2), 2.0**times)
    found = look(bracket_of(shots), None, QUIET)
    assert found.solved is not None
    assert found.told.tolist() == [True, True, True, False]
    np.testing.assert_allclose(found.corrected(times), times, atol=TARGET_EV)


@pytest.mark.parametrize("codes", [0, 128, 255])
def test_flat_frames_give_no_nonsense(codes: int) -> None:
    """Black and white tell nothing; one grey in two frames says that they were exposed alike."""
    flat = np.full((40, 50, 3), codes, np.uint8)
    found = look(Bracket.of([flat, flat], [1.0, 2.0]), None, QUIET)
    assert (found.solved is None) == (codes != 128)
    assert not np.isnan(found.corrected(np.array([0.0, 1.0]))).any()


def test_exposures_fit_the_normal_equations() -> None:
    """One round of weights, against the whole system with every light an unknown, by dense least squares."""
    from fullwell.exposures import _solve

    rng = np.random.default_rng(1)
    weight, said = rng.random((30, 4, 3)), rng.normal(size=(30, 4, 3))
    a, b = np.zeros((361, 94)), np.zeros(361)
    for k, (i, j, c) in enumerate(np.ndindex(30, 4, 3)):
        root = np.sqrt(weight[i, j, c])
        a[k, 3 * i + c], a[k, 90 + j], b[k] = root, root, root * said[i, j, c]
    a[-1, 90:] = 1
    expected = np.linalg.lstsq(a, b, rcond=None)[0][90:]
    found = _solve._exposures(weight, said, np.ones(4, bool))
    np.testing.assert_allclose(found - found.mean(), expected - expected.mean(), atol=1e-9)


def test_the_system_of_the_free_curve_is_the_sum_of_squares() -> None:
    from fullwell.exposures import _solve

    rng = np.random.default_rng(2)
    codes, weight, g, t = rng.integers(0, 256, (20, 3)), rng.random((20, 3)), rng.normal(size=256), rng.normal(size=3)
    labels = np.concatenate([codes, np.broadcast_to(256 + np.arange(3), codes.shape)], axis=1)
    a = _solve._system(labels, np.tile(weight, 2), np.repeat([1.0, -1.0], 3), weight.sum(axis=1), 259)
    x = np.concatenate([g, t])
    off = g[codes] - t
    off -= (weight * off).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    assert x @ a @ x == pytest.approx((weight * off**2).sum())
