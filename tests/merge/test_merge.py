"""Merging: the papers' equations in plain NumPy, every bit depth alike, bounds where nothing was measured."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scenes import bracket_of, hills, rms_stops, true_curve

from fullwell import image
from fullwell.image import BLACK_IN_ALL, CLIPPED_IN_ALL, Bracket, Frame, Pose, Response
from fullwell.kernels import _jit
from fullwell.merge.debevec97 import Debevec97
from fullwell.merge.granados10 import Granados10
from fullwell.merge.robertson03 import Robertson03
from fullwell.response.debevec97 import Debevec97 as Debevec
from fullwell.simulate import Camera

TIMES = [1 / 8 * 4.0**k for k in range(5)]
MERGERS = [Debevec97(), Robertson03(), Granados10(full_well_e=20000)]


def shoot(response: str = "srgb", **camera: int) -> tuple[Camera, list]:
    made = Camera(response, **camera)
    return made, made.shoot(hills(120, 160, 1), TIMES)


def plain_debevec(codes: list, curve: np.ndarray, times: list[float], low: float, high: float) -> np.ndarray:
    """Eq. (6) of Debevec and Malik with the hat of eq. (4)."""
    total, norm = 0.0, 0.0
    for z, t in zip(codes, times, strict=True):
        x = z / 255.0
        w = np.maximum(np.minimum(x - low, high - x), 0)
        total = total + w * (np.log(curve[z]) - np.log(t))
        norm = norm + w
    return np.exp(total / np.where(norm > 0, norm, np.nan))


def smoothstep(x: np.ndarray) -> np.ndarray:
    return x * x * (3 - 2 * x)


def plain_robertson(codes: list, curve: np.ndarray, times: list[float], low: float, high: float) -> np.ndarray:
    """Eq. (9) of Robertson et al.; from 0.8 of full scale weight fades, from 0.94 a trace is left."""
    total, norm = 0.0, 0.0
    for z, t in zip(codes, times, strict=True):
        x = z / 255.0
        w = np.where((x > low) & (x < high), np.exp(-((4 * x - 2) ** 2)) - np.exp(-4), 0)
        w = w * np.maximum(smoothstep(np.clip((0.94 - x) / 0.14, 0, 1)), 1e-12)
        total = total + w * t * curve[z]
        norm = norm + w * t**2
    return total / np.where(norm > 0, norm, np.nan)


@pytest.mark.parametrize(("merger", "plain"), [(MERGERS[0], plain_debevec), (MERGERS[1], plain_robertson)])
def test_a_merge_is_the_equation_of_its_paper(merger, plain) -> None:
    camera, shots = shoot()
    curve = true_curve(camera)
    merged = merger(bracket_of(shots), Response(curve))
    expected = plain([s.codes for s in shots], curve, TIMES, merger.low, merger.high)
    measured = np.isfinite(expected)
    assert measured.mean() > 0.99
    scale = TIMES[2] / curve[-1]  # 1.0 is what the middle exposure records as white
    np.testing.assert_allclose(merged.rgb[measured], (expected * scale)[measured], rtol=2e-5)
    assert merged.to_absolute == pytest.approx(1 / TIMES[2])
    assert merged.primaries == "rec709"


@pytest.mark.parametrize("merger", MERGERS[:2])  # granados10 knows that codes of 16 bits are rounded less
def test_8_bit_16_bit_and_float_frames_give_the_same_radiance(merger) -> None:
    camera, shots = shoot()
    response = Response(true_curve(camera))
    eight = merger([s.codes for s in shots], response, times=TIMES)
    sixteen = merger([s.codes.astype(np.uint16) * 257 for s in shots], response, times=TIMES)
    floating = merger([s.codes / np.float32(255) for s in shots], response, times=TIMES)
    mixed = merger([shots[0].codes, *(s.codes.astype(np.uint16) * 257 for s in shots[1:])], response, times=TIMES)
    for other in (sixteen, floating, mixed):
        np.testing.assert_allclose(other.rgb, eight.rgb, rtol=1e-6)
        assert np.array_equal(other.mask, eight.mask)


@pytest.mark.parametrize("merger", MERGERS)
def test_what_no_frame_measured_is_a_bound_and_marked(merger) -> None:
    curve = true_curve(Camera("srgb"))
    frames = [np.full((3, 4, 3), 100, np.uint8) for _ in range(3)]
    for k, codes in enumerate(frames):
        codes[0] = 255  # clipped in all
        codes[1] = 0  # black in all
        codes[2, 0] = (120, 255, 0) if k == 0 else (255, 255, 0)
    merged = merger(frames, Response(curve), times=[0.25, 1, 4])
    bottom, top = np.interp([merger.low, merger.high], np.arange(256) / 255, curve) / curve[-1]
    np.testing.assert_allclose(merged.rgb[0], top / 0.25, rtol=1e-5)  # the shortest says most
    np.testing.assert_allclose(merged.rgb[1], bottom / 4, rtol=1e-5)  # the longest says most
    assert (merged.mask[0] == CLIPPED_IN_ALL).all()
    assert (merged.mask[1] == BLACK_IN_ALL).all()
    assert merged.mask[2, 0] == CLIPPED_IN_ALL | BLACK_IN_ALL
    assert (merged.mask[2, 1:] == 0).all()
    assert merged.unmeasured == pytest.approx(9 / 12)
    assert np.isfinite(merged.rgb).all()


@pytest.mark.parametrize("merger", MERGERS)
def test_noise_of_short_frames_does_not_shine_where_the_longest_is_black(merger) -> None:
    frames = [np.full((1, 3, 3), 1, np.uint8) for _ in range(3)]
    frames[0][0, 1] = 7  # says 100 times as much as the longest frame allows
    frames[1][0, 2] = 120  # the longest is dark here, but not black
    frames[2][0, 2] = 30
    response = Response(true_curve(Camera("srgb")))
    merged = replace(merger, deghost="off")(frames, response, times=[0.25, 1, 4])  # pixels that are at odds on purpose
    assert (merged.rgb[0, 1] == merged.rgb[0, 0]).all()
    assert (merged.rgb[0, 2] > 10 * merged.rgb[0, 0]).all()
    assert merged.mask[0, 1] == 0


@pytest.mark.parametrize("merger", MERGERS)
def test_the_noise_floor_is_what_the_longest_frame_barely_records(merger) -> None:
    curve = true_curve(Camera("srgb"))
    frames = [np.full((2, 2, 3), 100, np.uint8) for _ in range(3)]
    merged = merger(frames, Response(curve), times=[0.25, 1, 4])
    assert merged.noise_floor == pytest.approx(np.interp(0.03, np.arange(256) / 255, curve) / curve[-1] / 4)


@pytest.mark.parametrize("merger", MERGERS)
@pytest.mark.parametrize("shape", [(37, 53), (1, 1), (2, 131)])
def test_frame_by_frame_gives_the_same_bits(merger, shape, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory is short, sums and bounds wait in two images; codes of all kinds, in every order."""
    rng = np.random.default_rng(0)
    codes = [rng.choice(np.array([0, 1, 90, 120, 254, 255], np.uint8), (*shape, 3)) for _ in range(5)]
    codes[3] = np.ascontiguousarray(codes[3][::-1])[::-1]  # not contiguous
    shifts = [(0, 0), (1, -2), (0, 0), (-3, 1), (0, 0)]
    frames = [
        Frame(f"{i}", c, shape, pose=Pose("shift", s)) for i, (c, s) in enumerate(zip(codes, shifts, strict=True))
    ]
    bracket = Bracket.of(Bracket(tuple(frames), 0), TIMES)
    response = Response(true_curve(Camera("srgb")))
    together = merger(bracket, response)
    monkeypatch.setattr(image, "KEPT_BYTES", 0)
    reversed_ = Bracket.of(Bracket(bracket.frames[::-1], len(frames) - 1), TIMES[::-1])  # the same frame decides
    one_by_one, backwards = (merger(b, response) for b in (bracket, reversed_))
    assert np.array_equal(one_by_one.rgb, together.rgb)
    np.testing.assert_allclose(backwards.rgb, together.rgb, rtol=1e-5)
    assert np.array_equal(one_by_one.mask, together.mask)
    assert np.array_equal(backwards.mask, together.mask)


@pytest.mark.parametrize("merger", MERGERS)
def test_memory_does_not_grow_with_the_frames(merger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Radiance, weights and mask are 26 bytes a pixel, a pilot 12, a decoded frame 3: one per core and one more.

    What looks for ghosts keeps every frame in small, 27 bytes a cell of 6 x 6 pixels here, of 12 x 12 at 24 megapixels:
    before there is any radiance, and so below its peak. What stays is a share a cell and frame, 4 bytes.
    """
    monkeypatch.setattr(image, "KEPT_BYTES", 0)
    merger, (h, w), workers = replace(merger, wb_match="off"), (2000, 3000), 2
    response = Response(true_curve(Camera("srgb")))

    def decode(k: int) -> np.ndarray:
        return np.full((h, w, 3), 40 * k, np.uint8)

    for count in (2, 6):
        frames = [Frame(f"{k}", partial(decode, k), (h, w)) for k in range(count)]
        bracket = Bracket.of(Bracket(tuple(frames), 0), TIMES[:1] * count)
        with _jit.threads(workers):
            merger(bracket, response)
            tracemalloc.start()
            merger(bracket, response)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < (12 * (merger.images + 1) + 3 * (workers + 1) + 1) * h * w


@pytest.mark.parametrize("merger", MERGERS)
def test_a_highlight_clipped_everywhere_is_no_dark_hole(merger) -> None:
    """One frame says 254 by JPEG noise where all are white: its long exposure must not pull the light down."""
    frames = [np.full((1, 2, 3), 255, np.uint8) for _ in range(3)]
    frames[2][0, 1] = 254
    merged = merger(frames, Response(true_curve(Camera("srgb"))), times=[0.25, 1, 4])
    assert (merged.rgb[0, 0] == merged.rgb[0, 1]).all()


@pytest.mark.parametrize("merger", MERGERS)
def test_a_pose_moves_the_frame_and_its_border_counts_for_nothing(merger) -> None:
    camera, shots = shoot()
    response = Response(true_curve(camera))
    still = merger(bracket_of(shots), response)
    moved = []
    for i, s in enumerate(shots):
        dy, dx = [(4, -7), (-3, 5), (0, 0), (2, 2), (-6, -1)][i]
        moved.append(
            Frame(f"{i}", np.roll(s.codes, (-dy, -dx), (0, 1)), s.codes.shape[:2], pose=Pose("shift", (dy, dx)))
        )
    again = merger(Bracket.of(Bracket(tuple(moved), 2), TIMES), response)
    np.testing.assert_array_equal(again.rgb[8:-8, 8:-8], still.rgb[8:-8, 8:-8])
    assert np.isfinite(again.rgb).all()


def test_the_order_of_frames_does_not_matter() -> None:
    camera, shots = shoot()
    response = Response(true_curve(camera))
    for merger in MERGERS:
        a, b = merger(bracket_of(shots), response), merger(bracket_of(shots[::-1]), response)
        np.testing.assert_allclose(a.rgb, b.rgb, rtol=1e-5)


def test_a_frame_outside_altogether_is_ignored() -> None:
    a = np.full((5, 6, 3), 100, np.uint8)
    frames = (Frame("a", a, (5, 6)), Frame("b", a, (5, 6), pose=Pose("shift", (90, -90))))
    bracket = Bracket.of(Bracket(frames, 0), [1, 4])
    response = Response(true_curve(Camera("srgb")))
    both, one = (Robertson03()(b, response) for b in (bracket, Bracket((bracket.frames[0],), 0)))
    assert np.array_equal(both.rgb, one.rgb)


def test_absolute_radiance_does_not_depend_on_the_exposures_chosen() -> None:
    camera = Camera("srgb", seed=2)
    light = hills(100, 120, 2)
    response = Response(true_curve(camera))
    found = []
    for times in (TIMES, [t * 2 for t in TIMES]):
        merged = Robertson03()(bracket_of(camera.shoot(light, times)), response)
        found.append(merged.rgb * merged.to_absolute)
    assert np.median(found[0] / found[1]) == pytest.approx(1, abs=0.01)
    assert rms_stops(found[0], light) < 0.05


@pytest.mark.parametrize("merger", MERGERS)
def test_the_scale_rests_on_the_exposures_not_on_the_reference(merger) -> None:
    camera, shots = shoot()
    response = Response(true_curve(camera))
    a, b = (merger(bracket_of(shots, reference), response) for reference in (0, 4))
    assert np.array_equal(a.rgb, b.rgb)
    assert a.to_absolute == b.to_absolute == 1 / TIMES[2]


@pytest.mark.parametrize("merger", MERGERS)
def test_white_that_is_recorded_below_255_counts_as_clipped(merger) -> None:
    """A camera that is full at code 245: a curve recovered from it climbs steeply there."""
    curve = np.repeat(true_curve(Camera("srgb"))[:, None], 3, axis=1)
    curve[245:] *= 2.0 ** (0.3 * np.arange(11))[:, None]
    frames = [np.full((2, 3, 3), code, np.uint8) for code in (120, 246, 250)]
    merged = merger(frames, Response(curve, white=curve[244, 0]), times=[1, 30, 900])
    np.testing.assert_allclose(merged.rgb, curve[120, 0] / curve[244, 0] * 30, rtol=1e-5)
    assert not merged.mask.any()


# White balance --------------------------------------------------------------------------------------------------------


def drifting(
    frame: int, gain: list[float], response: str = "film", times: list[float] = TIMES
) -> tuple[Bracket, np.ndarray]:
    """A bracket with a lamp that clips, of which one frame has other gains; and the light."""
    camera, light = Camera(response, seed=4), hills(240, 320, 4)
    light[20:60, 20:60] = (90, 50, 12)
    shots = [camera.shoot(light * (gain if k == frame else 1), [t])[0] for k, t in enumerate(times)]
    return bracket_of(shots), light


@pytest.mark.parametrize("frame", [0, 1, 4])
def test_a_frame_of_other_white_balance_is_found_and_matched(frame: int) -> None:
    bracket, light = drifting(frame, [1.3, 1.0, 0.8])
    response = Debevec()(bracket)
    on, off = Robertson03()(bracket, response), Robertson03(wb_match="off")(bracket, response)
    expected = np.zeros((5, 3))
    expected[frame] = np.log2([1.3, 1.0, 0.8])
    np.testing.assert_allclose(on.wb_gain_ev, expected, atol=0.06)
    assert off.wb_gain_ev is None
    seen = (on.mask == 0) & (off.mask == 0)
    assert rms_stops(on.rgb, light, seen) < 0.6 * rms_stops(off.rgb, light, seen)


def test_when_the_reference_is_the_odd_one_the_others_are_matched_to_it() -> None:
    bracket, light = drifting(2, [1.3, 1.0, 0.8])
    merged = Robertson03()(bracket, Debevec()(bracket))
    expected = np.tile(-np.log2([1.3, 1.0, 0.8]), (5, 1))
    expected[2] = 0
    np.testing.assert_allclose(merged.wb_gain_ev, expected, atol=0.06)
    assert rms_stops(merged.rgb, light * [1.3, 1.0, 0.8], merged.mask == 0) < 0.05


@pytest.mark.parametrize("response", ["srgb", "film"])
@pytest.mark.parametrize("times", [TIMES, [0.25, 1, 4], [0.5, 2]])
def test_noise_and_a_clipped_lamp_are_no_drift(response: str, times: list[float]) -> None:
    bracket, _ = drifting(-1, [1, 1, 1], response, times)
    assert Robertson03()(bracket, Debevec()(bracket)).wb_gain_ev is None


def test_channels_that_drift_apart_evenly_with_exposure_are_the_response_not_white_balance() -> None:
    camera, shots = shoot()
    powers = np.array([0.9, 1.0, 1.1])
    frames = [np.round(255 * (s.codes / 255.0) ** powers).astype(np.uint8) for s in shots]
    assert Robertson03()(frames, Response(true_curve(camera)), TIMES).wb_gain_ev is None


# Colour of what is blown ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("merger", MERGERS)
def test_blown_light_has_no_colour_that_nobody_saw(merger) -> None:
    """Green is clipped in all: what the frames say of red and blue by a response of their own is no magenta."""
    curve = np.repeat(true_curve(Camera("srgb"))[:, None], 3, axis=1) * [1.3, 1.0, 1.2]
    frames = [np.full((1, 3, 3), 255, np.uint8) for _ in range(3)]
    frames[0][0, 1] = (230, 255, 235)
    frames[0][0, 2] = (80, 255, 90)
    merged = replace(merger, deghost="off")(frames, Response(curve), times=[0.25, 1, 4])  # at odds on purpose
    assert (merged.mask == CLIPPED_IN_ALL).all()
    red, green, blue = merged.rgb[0, 0]
    assert (red, blue) == pytest.approx((green, green), rel=1e-5)  # blown in all channels is white
    red, green, blue = merged.rgb[0, 1]
    assert green == pytest.approx((red + blue) / 2, rel=1e-4)  # above its bound, which others exceed
    assert (merged.rgb[0, 2, [0, 2]] < 0.3 * merged.rgb[0, 2, 1]).all()  # a green lamp stays green
