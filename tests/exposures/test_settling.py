"""What counts, what is recorded and what is said, by each operator, in the library and in files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scenes import hills

from fullwell.errors import ExposureError
from fullwell.exposures.auto import Auto
from fullwell.exposures.nominal import Nominal
from fullwell.exposures.snapped import Snapped
from fullwell.exposures.solved import Solved
from fullwell.image import Bracket, Exposure
from fullwell.io.photograph import write_photograph
from fullwell.job import make
from fullwell.params import build, ids
from fullwell.progress import QUIET
from fullwell.recipe import Recipe
from fullwell.response.srgb import Srgb
from fullwell.simulate import Camera

WRITTEN = np.array([1 / 60, 1 / 15, 1 / 4, 1.0])
ROUNDED = 2.0 ** np.array([-6.0, -4.0, -2.0, 0.0])
OFF = WRITTEN * 2.0 ** np.array([0.0, 0.3, 0.0, 0.0])
LIGHT = hills(160, 240, 1) * np.float32(6)


def taken(times: np.ndarray, response: str = "srgb") -> Bracket:
    """Frames exposed for some times, which say those that are written."""
    return Bracket.of([s.codes for s in Camera(response, seed=1).shoot(LIGHT, times)], WRITTEN)


def ev(bracket: Bracket) -> np.ndarray:
    """What counts over what is written, with median 0."""
    more = np.log2(bracket.exposures / WRITTEN)
    return more - np.median(more)


@pytest.mark.parametrize("response", ["srgb", "film"])
def test_the_series_counts_where_the_pixels_favour_it_and_only_there(response: str) -> None:
    rounded = np.log2(ROUNDED)
    for operator in (Snapped(), Auto()):
        np.testing.assert_allclose(np.log2(operator(taken(ROUNDED, response)).exposures), rounded, atol=1e-9)
        exact = operator(taken(WRITTEN, response))
        np.testing.assert_allclose(exact.exposures, WRITTEN, rtol=1e-12)
        assert exact.notes == ()


def test_a_frame_that_is_off_is_told_of_and_corrected_where_that_is_asked() -> None:
    nominal, snapped, auto, solved = (operator(taken(OFF)) for operator in (Nominal(), Snapped(), Auto(), Solved()))
    assert nominal.exposures.tolist() == pytest.approx(WRITTEN.tolist())
    assert snapped.exposures.tolist() == pytest.approx(WRITTEN.tolist())
    for told in (nominal, snapped):
        assert "frame 1 +0.30 EV; the settings count, --exposures solved takes the pixels" in told.notes[0]
    for found in (auto, solved):
        np.testing.assert_allclose(ev(found), [0, 0.3, 0, 0], atol=0.02)
    assert "frame 1 +0.30 EV; the pixels count" in auto.notes[0]


@pytest.mark.parametrize("name", ids("exposures"))
def test_what_was_written_stays_and_what_was_found_is_recorded(name: str) -> None:
    before = taken(OFF)
    after = build("exposures", name)(before)
    assert after.nominal_exposures.tolist() == before.nominal_exposures.tolist()
    assert [dataclasses.replace(f.exposure, settled=None) for f in after] == [f.exposure for f in before]
    said = [f.exposure.settled for f in after]
    np.testing.assert_allclose([s.residual_ev for s in said], [0, 0.3, 0, 0], atol=0.02)
    true = np.log2(OFF / OFF[before.reference])
    np.testing.assert_allclose([s.solved_ev for s in said], true, atol=0.02)
    np.testing.assert_allclose([s.snapped_ev for s in said], np.log2(ROUNDED / ROUNDED[before.reference]), atol=1e-9)
    assert all(0 < s.error_ev < 0.1 for s in said)


def test_new_times_settle_anew() -> None:
    settled = Solved()(taken(OFF))
    assert Bracket.of(settled, WRITTEN).exposures.tolist() == WRITTEN.tolist()


def test_frames_that_are_left_out_stay_so() -> None:
    bracket = taken(OFF)
    bracket = bracket.replace([f.replace(left_out="blurred") if i == 3 else f for i, f in enumerate(bracket)])
    found = Solved()(bracket)
    assert [f.exposure.settled is None for f in found] == [False, False, False, True]
    more = np.log2(found.used.exposures / WRITTEN[:3])
    np.testing.assert_allclose(more - np.median(more), [0, 0.3, 0], atol=0.02)


def test_frames_without_times_are_solved_only_when_that_is_asked() -> None:
    untimed = taken(OFF)
    untimed = untimed.replace([f.replace(exposure=Exposure()) for f in untimed])
    for operator in (Nominal(), Snapped(), Auto()):
        with pytest.raises(ExposureError, match=r"frame 0 has no exposure time.*--exposures solved"):
            operator(untimed)
    found = Solved()(untimed)
    np.testing.assert_allclose(np.log2(found.exposures), np.log2(OFF / OFF[found.reference]), atol=0.02)
    assert "from the pixels alone" in found.notes[0]
    assert "to a power" in found.notes[0]
    assert all(f.exposure.settled.residual_ev is None for f in found)


def test_frames_that_share_nothing_cannot_be_solved() -> None:
    black, white = np.zeros((40, 50, 3), np.uint8), np.full((40, 50, 3), 255, np.uint8)
    with pytest.raises(ExposureError, match="frame 0: its exposure cannot be solved"):
        Solved()([black, white])
    assert Nominal()([black, white], [1.0, 2.0]).exposures.tolist() == [1, 2]
    assert "do not tell frame 0, frame 1" in Solved()([black, white], [1.0, 2.0]).notes[0]


def test_a_known_response_is_taken() -> None:
    """As linear, the steps of a camera with the sRGB curve look about half as large."""
    bracket = taken(WRITTEN)
    as_srgb = Solved()(bracket, response=Srgb()(bracket))
    np.testing.assert_allclose(ev(as_srgb), 0, atol=0.02)
    as_linear = Solved()(bracket, response=np.linspace(0.001, 2, 256))
    assert np.ptp(np.log2(as_linear.exposures)) < 0.7 * np.ptp(np.log2(WRITTEN))


def test_linear_light_is_looked_at_as_linear_whichever_response_is_asked_for() -> None:
    """As RAW frames are: what is known is not guessed."""
    bracket = taken(OFF, "linear")
    ramp = np.repeat(np.linspace(0, 1, 256)[:, None], 3, axis=1)
    raw = bracket.replace([f.replace(scene_light=True, transfer=ramp) for f in bracket])
    for name in ("debevec97", "profile"):
        recipe = Recipe.of({"exposures": "solved", "response": name})
        assert recipe.response.beforehand(raw).name == "linear"
        settled = recipe.exposed(raw, QUIET)
        direct = Solved()(raw, response=ramp + 1e-9)
        np.testing.assert_allclose(settled.exposures, direct.exposures, rtol=1e-4)
    assert Recipe.of({"response": "debevec97"}).response.beforehand(bracket) is None
    assert Recipe.of({"response": "profile"}).response.beforehand(bracket) is not None


def test_the_right_exposures_make_the_better_radiance() -> None:
    from fullwell.progress import Progress
    from fullwell.simulate import rms_stops

    error = {}
    for name in ("nominal", "solved"):
        recipe = Recipe.of({"align": "none", "exposures": name})
        scene = recipe.run(taken(OFF), True, Progress()).radiance
        error[name] = rms_stops(scene.rgb, LIGHT, np.repeat(scene.mask[..., None] == 0, 3, axis=2))
    assert error["solved"] < 0.7 * error["nominal"]


def test_the_report_tells_what_counted(tmp_path: Path) -> None:
    paths = []
    for i, (shot, written) in enumerate(zip(Camera("srgb", seed=1).shoot(LIGHT, OFF), WRITTEN, strict=True)):
        paths.append(tmp_path / f"{i}.png")
        write_photograph(shot.codes, paths[-1], Exposure(float(written)))
    reports = {}
    for name in ("nominal", "solved"):
        recipe = Recipe.of({"align": "none", "exposures": name})
        reports[name] = make(paths, tmp_path / f"{name}.exr", recipe).report
    for name, report in reports.items():
        exposures = [f["exposure"] for f in report["frames"]]
        assert [e["nominal_ev"] for e in exposures] == pytest.approx(np.log2(WRITTEN / WRITTEN[1]).tolist(), abs=0.01)
        assert [e["residual_ev"] for e in exposures] == pytest.approx([0, 0.3, 0, 0], abs=0.02)
        took = WRITTEN if name == "nominal" else OFF
        assert [e["used_ev"] for e in exposures] == pytest.approx(np.log2(took / took[1]).tolist(), abs=0.02)
        assert Recipe.from_toml(report["recipe"]).exposures == build("exposures", name)
    assert any("1.png +0.30 EV; the settings count" in w for w in reports["nominal"]["warnings"])
