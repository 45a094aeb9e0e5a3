"""The nouns: what they accept, refuse and know."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fullwell as fw
from fullwell.errors import ExposureError, InputError, UsageError
from fullwell.image import Bracket, Exposure, Frame, Picture, Radiance, Response, as_codes


def frame(name: str, **exposure: float) -> Frame:
    return Frame(name, np.zeros((4, 5, 3), np.uint8), (4, 5), Exposure(**exposure))


@given(st.floats(1e-5, 1e3), st.floats(0.5, 64), st.floats(25, 1e6))
def test_exposure_is_time_times_iso_over_f_number_squared(t: float, n: float, iso: float) -> None:
    exposure = Exposure(t, n, iso).relative
    assert exposure == pytest.approx(t * iso / 100 / n**2)
    assert Exposure(t * 2, n, iso).relative == pytest.approx(2 * exposure)
    assert Exposure(t, n * 2**0.5, iso * 2).relative == pytest.approx(exposure)


def test_an_iso_bracket_has_the_exposures_of_its_iso() -> None:
    """Shutter alone says 1 EV, the truth is 4 EV."""
    bracket = Bracket((frame("a", time_s=1 / 50, iso=100), frame("b", time_s=1 / 25, iso=800)))
    assert np.log2(np.divide(*bracket.exposures[::-1])) == pytest.approx(4)


def test_one_iso_for_some_frames_counts_for_all() -> None:
    bracket = Bracket((frame("a", time_s=1, iso=400), frame("b", time_s=2)))
    assert bracket.exposures.tolist() == [4, 8]


def test_differing_iso_with_one_missing_is_refused() -> None:
    bracket = Bracket((frame("a", time_s=1, iso=400), frame("b", time_s=1, iso=200), frame("c", time_s=1)))
    with pytest.raises(ExposureError, match="c has no ISO and the other frames differ"):
        bracket.exposures  # noqa: B018


def test_a_missing_time_names_the_frame_and_the_way_out() -> None:
    bracket = Bracket((frame("a.jpg", time_s=1), frame("b.jpg")))
    with pytest.raises(ExposureError, match=r"b\.jpg has no exposure time; pass --times"):
        bracket.exposures  # noqa: B018


def test_the_reference_is_the_middle_exposure_whatever_the_order() -> None:
    frames = [frame(str(t), time_s=t) for t in (4.0, 0.25, 1.0, 64.0, 16.0)]
    assert Bracket(tuple(frames)).reference == 0
    assert Bracket(tuple(frames[::-1])).reference == 4


def test_frames_of_different_sizes_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"frame 0 is 5 x 4, frame 1 is 4 x 5"):
        Bracket.of([np.zeros((4, 5, 3), np.uint8), np.zeros((5, 4, 3), np.uint8)])


@pytest.mark.parametrize("times", [[1], [1, 2, 3], [1, 0], [1, -2], [1, float("nan")], [1, float("inf")]])
def test_times_that_make_no_sense_are_refused(times: list[float]) -> None:
    with pytest.raises(ExposureError):
        Bracket.of([np.zeros((4, 5, 3), np.uint8)] * 2, times)


def test_no_frames_and_a_reference_outside_are_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        Bracket.of([])
    with pytest.raises(UsageError, match="frames 0 to 1, got 2"):
        Bracket((frame("a"), frame("b")), 2)


def test_codes_take_what_photographs_come_as() -> None:
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5)
    assert as_codes(grey).shape == (4, 5, 3)
    assert as_codes(np.dstack([grey] * 4)).shape == (4, 5, 3)
    assert as_codes(np.array([[0, 0.5, 1, np.nan, 2, -1, np.inf]], np.float32))[0, :, 0].tolist() == [
        0, 32768, 65535, 0, 65535, 0, 65535,
    ]  # fmt: skip


@pytest.mark.parametrize("bad", [np.zeros((2, 3, 5), np.uint8), np.zeros(7, np.uint8), np.zeros((2, 2), np.int64)])
def test_codes_refuse_what_is_no_photograph(bad: np.ndarray) -> None:
    with pytest.raises(InputError):
        as_codes(bad)


@pytest.mark.parametrize("bad", [np.ones((7, 3)), np.zeros((256, 3)), np.full((256, 3), np.nan), np.ones((1, 256, 3))])
def test_a_response_that_is_none_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match="response"):
        Response(bad)


def test_opencv_curves_are_taken() -> None:
    curve = np.linspace(0.01, 2, 768).reshape(256, 1, 3).astype(np.float32)
    assert np.allclose(Response.of(curve).curve, curve[:, 0])


def test_results_are_arrays_too() -> None:
    rgb = np.random.default_rng(0).random((3, 4, 3))
    for noun in (Radiance, Picture):
        assert np.asarray(noun(rgb)).dtype == np.float32
        assert np.allclose(noun(rgb), rgb)
    with pytest.raises(InputError, match="radiance"):
        Radiance(np.zeros((2, 2, 4)))


def test_the_example_of_the_library_works(tmp_path) -> None:
    from scenes import hills

    from fullwell.io.photograph import write_photograph
    from fullwell.simulate import Camera

    paths = []
    for i, shot in enumerate(Camera().shoot(hills(60, 80) * 3, [1 / 60, 1 / 15, 1 / 4])):
        paths.append(tmp_path / f"{i}.jpg")
        write_photograph(shot.codes, paths[-1], Exposure(shot.time_s))
    bracket = fw.read_bracket(paths)
    bracket = fw.align.MTB03()(bracket)
    response = fw.response.Debevec97()(bracket)
    radiance = fw.merge.Debevec97()(bracket, response)
    picture = fw.tonemap.Drago03(bias=0.85)(radiance)
    fw.write(radiance, tmp_path / "scene.exr")
    fw.write(picture, tmp_path / "scene.jpg")
    assert fw.read_radiance(tmp_path / "scene.exr").rgb.shape == (60, 80, 3)


def test_public_names_are_these() -> None:
    assert set(fw.__all__) == {
        "Bracket", "Exposure", "Frame", "FullwellError", "Picture", "Radiance", "Recipe", "Response", "__version__",
        "align", "color", "compat", "errors", "exposures", "finish", "fuse", "io", "make", "make_every", "merge",
        "metrics", "read_bracket", "read_radiance", "response", "simulate", "tonemap", "write",
    }  # fmt: skip
    assert all(getattr(fw, name) is not None for name in fw.__all__)
    with pytest.raises(AttributeError, match="nothing_here"):
        fw.nothing_here  # noqa: B018


def test_radiance_in_another_unit_is_the_same_light() -> None:
    scene = Radiance(np.full((2, 3, 3), 0.5), to_absolute=8.0, noise_floor=0.01)
    halved = scene.scaled(0.5)
    assert (halved.rgb == 0.25).all()
    assert (halved.to_absolute, halved.noise_floor) == (16.0, 0.005)


@pytest.mark.parametrize("part", [np.s_[:, :], np.s_[3:40, 2:9], np.s_[0:20, 0:11], np.s_[36:37, 10:11]])
def test_a_cropped_radiance_is_the_part_in_the_same_memory(part: tuple[slice, slice]) -> None:
    rgb = np.arange(37 * 11 * 3, dtype=np.float32).reshape(37, 11, 3)
    whole = Radiance(rgb, mask=rgb[..., 0].astype(np.uint8), origin_px=(5, 6))
    expected = Radiance(rgb.copy(), mask=whole.mask, origin_px=(5, 6))[part]
    found = whole.cropped(part)
    np.testing.assert_array_equal(found.rgb, expected.rgb)
    np.testing.assert_array_equal(found.mask, expected.mask)
    assert found.origin_px == expected.origin_px
    assert found.rgb.flags.c_contiguous
    assert np.shares_memory(found.rgb, rgb)
