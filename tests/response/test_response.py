"""Responses: recovered from cameras whose curve is known, solved as the naive system is, kept in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenes import bracket_of, hills, true_curve

from fullwell.color import srgb_decode
from fullwell.errors import ExposureError, InputError
from fullwell.image import Bracket, Response
from fullwell.operators import Calibrator
from fullwell.progress import QUIET
from fullwell.response._channels import SRGB, gains
from fullwell.response._eliminated import equations
from fullwell.response._samples import rising, sample
from fullwell.response.debevec97 import CANDIDATES, HAT, LOG, Debevec97, _foretelling
from fullwell.response.gamma import Gamma
from fullwell.response.linear import Linear
from fullwell.response.robertson03 import GAUSS, Robertson03
from fullwell.response.saved import Saved, load, save
from fullwell.response.srgb import Srgb
from fullwell.simulate import Camera

TIMES = [1 / 8 * 4.0**k for k in range(5)]


def shoot(response: str, seed: int = 1) -> Bracket:
    return bracket_of(Camera(response, seed=seed).shoot(hills(400, 600, seed), TIMES))


@pytest.mark.parametrize(("response", "bound"), [("srgb", 0.04), ("linear", 0.03), ("film", 0.06)])
def test_debevec_finds_the_curve_of_the_camera(response: str, bound: float) -> None:
    found = Debevec97()(shoot(response)).curve
    error = np.log2(found / true_curve(Camera(response))[:, None])[16:240]
    assert np.sqrt(np.mean(error**2)) < bound
    assert found[128].tolist() == [1, 1, 1]


@pytest.mark.parametrize(("response", "bound"), [("srgb", 0.06), ("linear", 0.02), ("film", 0.12)])
def test_robertson_finds_the_curve_of_the_camera(response: str, bound: float) -> None:
    found = Robertson03()(shoot(response)).curve
    error = np.log2(found / true_curve(Camera(response))[:, None])[16:240]
    assert np.sqrt(np.mean(error**2)) < bound


@pytest.mark.parametrize("calibrator", [Debevec97(), Robertson03()], ids=lambda c: c.id)
@pytest.mark.parametrize("response", ["srgb", "film"])
def test_a_camera_with_one_curve_gets_one_and_grey_stays_grey(calibrator: Calibrator, response: str) -> None:
    found = calibrator(shoot(response))
    assert found.name == calibrator.id
    assert found.notes == ()
    assert (found.curve == found.curve[:, :1]).all()
    assert found.white == pytest.approx(1 / srgb_decode(128 / 255))


@pytest.mark.parametrize("calibrator", [Debevec97(), Robertson03()], ids=lambda c: c.id)
def test_channels_that_differ_as_in_film_get_a_curve_each(calibrator: Calibrator) -> None:
    powers = np.array([0.85, 1.0, 1.2])
    frames = [np.round(255 * (f.codes() / 255.0) ** powers).astype(np.uint8) for f in shoot("film")]
    found = calibrator(frames, TIMES)
    assert "film" in found.notes[0]
    truth = np.stack([np.interp((np.arange(256) / 255) ** (1 / p), np.arange(256) / 255, true_curve(Camera("film")))
                      for p in powers], axis=1)  # fmt: skip
    error = np.log2(found.curve / truth)[32:224]
    assert np.std(error, axis=0).max() < 0.1
    assert np.exp(np.mean(np.log(found.curve[128]))) == pytest.approx(1)


def test_gains_give_the_reference_frame_the_colours_of_srgb() -> None:
    codes = np.random.default_rng(1).integers(0, 256, (500, 3))
    curve = SRGB[:, None] / SRGB[128] * [1.3, 1.0, 0.7]
    found = gains(curve, codes) * [1.3, 1.0, 0.7]
    np.testing.assert_allclose(found, found[0], rtol=1e-12)
    assert np.prod(gains(curve, codes)) == pytest.approx(1)
    assert gains(curve, codes[:10]).tolist() == [1, 1, 1]  # too few to say


def test_frames_toned_one_by_one_fall_back_to_srgb_and_film_does_not() -> None:
    def toned(codes: np.ndarray) -> np.ndarray:
        """As phones do: a frame is bent by where it is dark, here one way from left to right, or the other."""
        bend = np.linspace(0.75, 1.3, codes.shape[1])[:: 1 if codes.mean() < 128 else -1]
        return np.round(255 * (codes / 255.0) ** bend[None, :, None]).astype(np.uint8)

    found = Debevec97()([toned(f.codes()) for f in shoot("srgb")], TIMES)
    assert found.name == "srgb"
    assert "sRGB is used" in found.notes[0]
    np.testing.assert_allclose(found.curve[1:, 0], srgb_decode(np.arange(1, 256) / 255) / srgb_decode(128 / 255))


def test_debevec_solves_the_system_of_the_paper() -> None:
    """The eliminated unknowns change nothing: eq. (3) as one dense least squares problem, smooth beside a power law."""
    rng = np.random.default_rng(3)
    codes, log_t = rng.integers(0, 256, (50, 4)), np.log([0.1, 0.4, 1.6, 6.4])
    weight = HAT[codes]
    lam = 7.0
    a, b = np.zeros((200 + 254 + 257, 256 + 50 + 1)), np.zeros(200 + 254 + 257)
    for i in range(50):
        for j in range(4):
            k = 4 * i + j
            a[k, codes[i, j]], a[k, 256 + i], b[k] = weight[i, j], -weight[i, j], weight[i, j] * log_t[j]
    for z in range(1, 255):
        a[199 + z, z - 1 : z + 2] = lam * HAT[z] * np.array([1, -2, 1])
        a[199 + z, -1] = -a[199 + z, z - 1 : z + 2] @ LOG[z - 1 : z + 2]  # the power of the law is unknown
    a[454:710, :256], b[454:710] = 1e-2 * np.eye(256), 1e-2 * LOG  # faintly a straight line
    a[-1, 128] = 1e6  # g(128) = 0
    expected = np.linalg.lstsq(a, b, rcond=None)[0][:256]
    found = Debevec97(smoothness=lam)._solve(codes, weight**2, log_t)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_power_law_is_smooth_whatever_its_power() -> None:
    """Lambda, however large, does not bend a straight line or a gamma; that of the paper bends both."""
    for power in (1.0, 2.2):
        light = np.exp2(np.random.default_rng(1).uniform(-9, 3, 2000))
        codes = np.round(255 * np.minimum(light[:, None] * [0.25, 1.0, 4.0], 1) ** (1 / power)).astype(int)
        found = Debevec97(smoothness=1000.0)._fit(codes, np.array([0.25, 1.0, 4.0])).curve
        error = np.log(found[5:251] / (np.arange(5, 251) / 128) ** power)
        assert np.abs(error - np.median(error)).max() < 0.02


def test_a_first_curve_that_turns_up_in_the_dark_does_no_harm() -> None:
    """As beside the borders of scans, where dark codes stay whatever the exposure."""
    rng, times = np.random.default_rng(1), 2.0 ** np.arange(12)
    light = np.exp2(rng.uniform(-14, 2, 1000))[:, None] * times
    codes = np.round(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(int)
    codes[:350] = np.minimum(rng.integers(1, 4, (350, 1)) + np.arange(12)[::-1], 12)
    found = Debevec97()._fit(codes, times).curve
    error = np.log2(found[32:240] / (np.arange(32, 240) / 128) ** 2.2)
    assert np.abs(error).max() < 0.1


def test_the_samples_choose_how_smooth_the_curve_is() -> None:
    """Noise asks for a smoother curve than a curve with a bend in it, of which there is no noise."""
    rng, times = np.random.default_rng(2), np.array([0.3, 1.0, 2.5, 7.0])
    light = np.exp2(rng.uniform(-9, 2, 1500))[:, None] * times
    chosen = []
    for bend, noise in ((0.0, 4.0), (0.05, 0.0)):
        code = np.clip(light, 0, 1) ** (1 / 2.2)
        code = 255 * (code + bend * np.sin(3 * np.pi * code)) + rng.normal(0, 1, light.shape) * noise
        codes = np.clip(np.round(code), 0, 255).astype(int)
        weight = HAT[codes] ** 2
        halves = [(codes[i::2], weight[i::2]) for i in (0, 1)]
        systems = [equations(*half, np.log(times)) for half in halves]
        chosen.append(_foretelling(halves, systems, np.log(times), 30.0))
    assert chosen[0] > chosen[1]
    assert set(chosen) <= set(CANDIDATES)


def test_one_turn_of_robertson_is_eq_9_and_12(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    codes, times = np.sort(rng.integers(1, 255, (3000, 3)), axis=1), np.array([0.25, 1.0, 4.0])
    weight = GAUSS[codes]
    start = np.maximum(np.arange(256), 0.5) / 128.0
    monkeypatch.setattr("fullwell.response.robertson03._power", lambda *_: start)
    found, _ = Robertson03(max_iter=1)._alternate(codes, weight, times)
    said: dict[int, list[float]] = {}
    for row, w in zip(codes, weight, strict=True):
        radiance = sum(w * times * start[row]) / sum(w * times**2)
        for z, t in zip(row, times, strict=True):
            said.setdefault(int(z), []).append(t * radiance)
    mean = np.array([np.mean(said[z]) for z in range(1, 255)])
    np.testing.assert_allclose(found[1:255], rising(mean, 127), rtol=1e-9)


def test_samples_are_the_same_every_time_and_lie_in_every_frame() -> None:
    bracket = shoot("srgb")
    moved = bracket.replace([f.replace(pose=f.pose.__class__("shift", (3 * i, -2 * i))) for i, f in enumerate(bracket)])
    first, again = sample(moved, 500, QUIET), sample(moved, 500, QUIET)
    assert np.array_equal(first[0], again[0])
    assert 400 < len(first[0]) <= 600
    assert first[0].shape[1:] == (5, 3)


def test_equal_exposures_are_refused_in_words() -> None:
    a = np.full((50, 60, 3), 90, np.uint8)
    with pytest.raises(ExposureError, match="two different exposures"):
        Debevec97()([a, a], times=[0.5, 0.5])


def test_frames_without_overlap_in_tone_are_refused_in_words() -> None:
    black, white = np.zeros((50, 60, 3), np.uint8), np.full((50, 60, 3), 255, np.uint8)
    for operator in (Debevec97(), Robertson03()):
        with pytest.raises(InputError, match="well exposed in two frames"):
            operator([black, white], times=[0.01, 100])


def test_known_curves_are_their_formulas() -> None:
    narrow, wide = [np.zeros((4, 4, 3), np.uint8)], [np.zeros((4, 4, 3), np.uint16)]
    for operator, formula in ((Linear(), lambda x: x), (Srgb(), srgb_decode), (Gamma(gamma=1.8), lambda x: x**1.8)):
        for frames, levels in ((narrow, 256), (wide, 65536)):
            curve = operator(frames, times=[1]).curve
            code = np.arange(levels) / (levels - 1)
            assert len(curve) == levels
            np.testing.assert_allclose(curve[1:, 1], formula(code[1:]) / formula(code[levels // 2]), rtol=1e-12)


def test_a_saved_response_reads_back_bit_for_bit(tmp_path: Path) -> None:
    response = Debevec97(samples=200)(shoot("srgb"))
    save(response, tmp_path / "camera.json")
    again = Saved(path=str(tmp_path / "camera.json"))([np.zeros((2, 2, 3), np.uint8)])
    assert np.array_equal(again.curve, response.curve)
    assert again.residual_stops == response.residual_stops
    assert again.white == response.white


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", '"x"', "{}", '{"fullwell_response": 1}', '{"fullwell_response": 2, "curve": []}',
        '{"fullwell_response": 1, "name": "x", "residual_stops": null, "curve": [[1, 2], [3]]}',
        '{"fullwell_response": 1, "name": "x", "residual_stops": null, "curve": [[1, 2, 3]]}',
    ],
)  # fmt: skip
def test_what_is_no_response_is_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=r"x\.json cannot be used"):
        load(tmp_path / "x.json")


def test_a_missing_response_names_the_file() -> None:
    with pytest.raises(InputError, match=r"nowhere\.json"):
        load("nowhere.json")


def test_rising_keeps_a_rising_curve_and_mends_another() -> None:
    curve = np.linspace(0.1, 3, 256)
    np.testing.assert_allclose(rising(curve, 128), curve / curve[128])
    curve[200] = 0.2
    assert (np.diff(rising(curve, 128)) >= 0).all()


def test_table_of_16_bit_meets_the_8_bit_curve() -> None:
    response = Response(np.linspace(0.01, 4, 256) ** 2)
    np.testing.assert_allclose(response.table(65536)[::257], response.curve, rtol=1e-9)
