"""Motions known from simulated brackets come back to a fraction of a pixel; what cannot be aligned is not used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenes import bracket_of, handheld, hills, true_curve

from fullwell import io
from fullwell.align import _compare
from fullwell.align._compare import Views
from fullwell.align.ladder import Ladder
from fullwell.errors import ResultRefused
from fullwell.image import Bracket, Frame, Response
from fullwell.kernels import _jit
from fullwell.kernels.tiles import CLIPPED, CURVED, GRAINY, displace, grey, grey_halved, halve, smooth
from fullwell.merge.robertson03 import Robertson03
from fullwell.simulate import Camera
from fullwell.simulate.handheld import Shake, corner_error_px

FRAMES = {".jpg", ".jpeg", ".png", ".tif", ".tiff"}
TIMES = [1 / 8, 1 / 2, 2.0]


def errors(found: Bracket, motions: list[np.ndarray]) -> list[float]:
    return [corner_error_px(f.pose.matrix, m, found.shape) for f, m in zip(found, motions, strict=True)]


@pytest.mark.parametrize(("response", "seed"), [("srgb", 0), ("film", 1), ("linear", 2)])
def test_known_motions_come_back(response: str, seed: int) -> None:
    """Shift to 5 % of the width, roll to 3 degrees, scale to 1 %, perspective; no response, no exposure times."""
    bracket, motions, _ = handheld(TIMES, seed, response=response)
    found = Ladder()(bracket)
    assert not any(f.left_out for f in found)
    assert max(errors(found, motions)) < 0.3
    assert all(f.pose.confidence > 0.8 for f in found if f.pose.confidence is not None)


def test_neighbours_may_be_four_stops_apart_and_in_any_order() -> None:
    bracket, motions, _ = handheld([1 / 16, 1, 16], 3)
    turned = Bracket(bracket.frames[::-1], 1)
    found = Ladder()(turned)
    assert max(errors(found, motions[::-1])) < 0.5


def test_things_that_move_do_not_carry_the_frame_along() -> None:
    bracket, motions, _ = handheld(TIMES, 4)
    frames = list(bracket)
    for i, frame in enumerate(frames):  # a striped thing over a tenth of the picture, elsewhere in each
        codes = frame.codes().copy()
        codes[60:160, 60 + 70 * i : 170 + 70 * i] = np.where(np.arange(110) % 12 < 6, 60, 190)[None, :, None]
        frames[i] = frame.replace(source=codes)
    assert max(errors(Ladder()(bracket.replace(frames)), motions)) < 0.3


def test_what_stands_still_is_not_resampled() -> None:
    shots = Camera("srgb").shoot(hills(280, 420, 7, stops=14), [1 / 16, 1 / 4, 1, 4])
    for frame in Ladder()(bracket_of(shots)):
        assert frame.pose.model == "none"
        assert frame.pose.to_frame is None
        assert frame.pose.shift_px == (0, 0)


def test_whole_pixels_are_found_as_such() -> None:
    shots = Camera("srgb").shoot(hills(280, 420, 2), TIMES, [(0, 0), (5, -3), (-7, 4)])
    found = Ladder()(bracket_of(shots))
    assert [f.pose.shift_px for f in found] == [(-5, 3), (0, 0), (-12, 7)]
    assert all(f.pose.to_frame is None for f in found)


def test_a_frame_of_something_else_is_left_out_and_not_merged() -> None:
    bracket, _, _ = handheld(TIMES, 5)
    other, _, _ = handheld(TIMES, 99)
    strange = other.frames[2].replace(name="strange")
    found = Ladder()(Bracket((*bracket.frames, strange), 1))
    assert [bool(f.left_out) for f in found] == [False, False, False, True]
    assert [f.name for f in found.used] == [f.name for f in bracket]
    response = Response(true_curve(Camera("srgb")))
    with_it, without = Robertson03()(found, response), Robertson03()(Ladder()(bracket), response)
    assert np.array_equal(with_it.rgb, without.rgb) or np.median(np.abs(with_it.rgb / without.rgb - 1)) < 0.01
    with pytest.raises(ResultRefused, match=r"strange: it cannot be aligned.*--on-misaligned drop"):
        Ladder(on_misaligned="refuse")(Bracket((*bracket.frames, strange), 1))


def test_a_frame_that_shows_nothing_stays_where_the_camera_stood() -> None:
    shots = Camera("srgb").shoot(hills(200, 300, 1), TIMES)
    black = Frame("black", np.zeros_like(shots[0].codes), shots[0].codes.shape[:2])
    still = Bracket((*bracket_of(shots).frames, black), 1)
    found = Ladder()(still)
    assert not any(f.left_out for f in found)
    assert found.frames[3].pose.shift_px == (0, 0)
    assert found.frames[3].pose.confidence == 0
    moving, _, _ = handheld(TIMES, 6, (200, 300))
    assert [bool(f.left_out) for f in Ladder()(Bracket((*moving.frames, black), 1))] == [False, False, False, True]


def test_frames_that_show_nothing_at_all_stay_where_they_are() -> None:
    """No edge can be doubled: a bracket of an even wall is no reason to refuse it. One of two things is."""
    wall = np.broadcast_to(np.linspace(0.01, 1, 64)[None, :, None], (48, 64, 3))
    found = Ladder()([np.clip(wall * t * 255, 0, 255).astype(np.uint8) for t in (0.25, 1, 4)])
    assert [(f.pose.model, bool(f.left_out), f.pose.confidence or 0) for f in found] == [("none", False, 0)] * 3
    a, b = np.random.default_rng(0).integers(0, 256, (2, 100, 150, 3), np.uint8)
    assert [bool(f.left_out) for f in Ladder()([a, b])].count(True) == 1


def test_a_border_does_not_say_which_frame_is_brighter() -> None:
    rng = np.random.default_rng(0)
    scene = rng.integers(0, 200, (60, 90))
    planes = [np.minimum(scene * t, 255).astype(np.uint16) << np.uint16(8) for t in (0.1, 0.3, 1.0)]
    planes[0][:, :20] = 60000  # the darkest has the highest mean
    views = Views([np.repeat((p >> np.uint16(8)).astype(np.uint8)[..., None], 3, axis=2) for p in planes])
    assert views.order == [0, 1, 2]


def test_large_frames_are_compared_at_half_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    bracket, motions, _ = handheld(TIMES, 0)
    monkeypatch.setattr(_compare, "LARGEST", bracket.shape[0] * bracket.shape[1] // 2)
    monkeypatch.setattr(_compare, "LOOKED_AT", _compare.LARGEST // 4)
    assert Views(bracket.decoded()).finest == 1
    assert max(errors(Ladder()(bracket), motions)) < 0.3


def test_the_rough_search_finds_roll_and_shift() -> None:
    rng = np.random.default_rng(0)
    b = rng.normal(0, 1, (90, 150)).astype(np.float32)
    y, x = np.indices(b.shape)
    cos, sin = np.cos(np.radians(2)), np.sin(np.radians(2))
    u, v = cos * (x - 74.5) + sin * (y - 44.5) + 74.5 - 9, cos * (y - 44.5) - sin * (x - 74.5) + 44.5 + 6
    v, u = (np.clip(np.rint(c).astype(int), 0, n - 1) for c, n in ((v, 90), (u, 150)))
    roll, down, across = _compare._roughly(b[v, u], b, _compare.ROLLS, 18)
    assert (round(np.degrees(roll)), down, across) == (2, 6, -9)


def test_one_thread_or_two_give_the_same() -> None:
    bracket, _, _ = handheld(TIMES, 8, (201, 303))
    many = Ladder()(bracket)
    with _jit.threads(1):
        one = Ladder()(bracket)
    assert [f.pose for f in one] == [f.pose for f in many]


def test_16_bit_frames_give_the_same_motions() -> None:
    bracket, _, _ = handheld(TIMES, 9, (200, 300))
    wide = bracket.replace([f.replace(source=f.codes().astype(np.uint16) * 257, levels=65536) for f in bracket])
    for a, b in zip(Ladder()(bracket), Ladder()(wide), strict=True):
        assert corner_error_px(a.pose.matrix, b.pose.matrix, bracket.shape) < 0.02


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (3, 400), (20, 6000), (7000, 12), (64, 1300)])
def test_narrow_pictures_are_no_problem(shape: tuple[int, int]) -> None:
    a = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    assert [f.pose.shift_px for f in Ladder()([a, a])] == [(0, 0), (0, 0)]


@pytest.mark.parametrize("name", ["lighthouse_d3", "library_night_d90", "room_lamp_t2i", "window_350d_aeb_bias"])
def test_photographs_from_a_tripod_stay_within_three_pixels(data: Path, name: str) -> None:
    found = Ladder()(photographs(data / name))
    assert not any(f.left_out for f in found)
    assert max(errors(found, [np.eye(3)] * len(found))) < 5  # at the corners
    assert max(abs(s) for f in found for s in f.pose.shift_px) < 3  # in the middle


def test_photographs_out_of_hand_are_brought_together(data: Path) -> None:
    """As OpenCV's ECC finds them on these at half size, to its pixel."""
    found = Ladder()(photographs(data / "cafe_pixel7"))
    shifts = np.array([f.pose.shift_px for f in found])
    expected = [(-26.2, 1.4), (-8.1, 0.3), (-13.9, -0.1), (0, 0), (5.2, -0.2), (-14.2, -0.6)]
    assert np.abs(shifts - expected).max() < 1.6


def test_noise_is_no_motion(data: Path) -> None:
    """ISO 12800 on a tripod, 0.7 MP: no frame is lost, none is scaled or rolled by a pixel at the corner."""
    found = Ladder()(photographs(data / "lamp_iso12800_nex5"))
    assert not any(f.left_out for f in found)
    assert max(errors(found, [np.eye(3)] * len(found))) < 1


def photographs(folder: Path) -> Bracket:
    return io.read_bracket([p for p in sorted(folder.iterdir()) if p.suffix.lower() in FRAMES])


# Kernels -------------------------------------------------------------------------------------------------------------


def test_clipped_pixels_stay_clipped_and_do_not_brighten_their_neighbours() -> None:
    codes = np.full((6, 8, 3), 100, np.uint8)
    codes[2, 3, 1] = 255
    plane, half, soft = np.empty((6, 8), np.uint16), np.empty((3, 4), np.uint16), np.empty((6, 8), np.uint16)
    grey(codes, 0, np.uint8(250), plane)
    assert plane[2, 3] == CLIPPED
    assert plane[0, 0] == 256 * 100
    halve(plane, half)
    assert (half == 25600).all()  # one of four
    grey_halved(codes, 0, np.uint8(250), half)
    assert (half == 25600).all()
    smooth(plane, soft)
    assert soft[2, 3] == CLIPPED  # a quarter of the weight
    assert (np.delete(soft.ravel(), 2 * 8 + 3) == 25600).all()


@pytest.mark.parametrize(("dtype", "shift"), [(np.uint8, 0), (np.uint16, 8)])
def test_grey_is_halved_as_in_two_steps(dtype: type, shift: int) -> None:
    codes = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (41, 63, 3), dtype)
    clip = dtype(0.8 * np.iinfo(dtype).max)
    plane, twice, once = (np.empty(shape, np.uint16) for shape in ((41, 63), (20, 31), (20, 31)))
    grey(codes, shift, clip, plane)
    halve(plane, twice)
    grey_halved(codes, shift, clip, once)
    np.testing.assert_array_equal(once, twice)


def test_the_displacement_of_a_tile_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:40, 0:40]
    scene = 20000 + 5000 * (np.sin(x / 3.1 + y / 9) + np.cos(y / 2.7)) + rng.normal(0, 50, (40, 40))
    a, b = scene.astype(np.uint16), np.roll(scene, 1, axis=1).astype(np.uint16)
    tone = np.linspace(0, 1, 4096, dtype=np.float32)
    out = np.empty((1, 9))
    displace(a, b, tone, tone, np.eye(3), np.array([[10, 10]]), 16, out)
    t = tone[a >> 4].astype(np.float64) - tone[a[18, 18] >> 4]
    part = slice(10, 26)
    gx, gy = (t[:, 2:] - t[:, :-2])[part, 9:25] / 2, (t[2:] - t[:-2])[9:25, part] / 2
    shade = t[part, part].ravel()
    terms = np.stack([np.ones(256), shade, shade**2, gx.ravel(), gy.ravel()], axis=1)
    seen = b[part, part].ravel() / 16 / 4095
    held = 0.0
    for _ in range(2):  # the curve first free, then held by what the tile leaves
        normal = terms.T @ terms + np.diag([0, 0, held, 0, 0])
        _, gain, curve, px, py = found = np.linalg.solve(normal, terms.T @ seen)
        rest = (np.sum((seen - terms @ found) ** 2) + held * curve**2) / (256 - 5)
        held = rest / (CURVED * gain) ** 2
    shown, axes = np.linalg.eigh(np.linalg.inv(np.linalg.inv(normal)[3:, 3:]))
    true = shown - GRAINY * 256 * rest / gain**2
    e = axes @ (axes.T @ np.array([px, py]) * shown / true) / gain
    certain = axes @ np.diag(gain**2 / rest * true**2 / shown) @ axes.T
    np.testing.assert_allclose(out[0, [1, 0, 7]], [*e, gain], rtol=0.02, atol=0.01)
    np.testing.assert_allclose(out[0, [4, 3, 2]], certain[[0, 0, 1], [0, 1, 1]], rtol=0.05)
    assert out[0, 1] == pytest.approx(-1, abs=0.15)  # b shows at x what a has at x - 1


def test_noise_vouches_for_nothing() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(15000, 25000, (2, 96, 96)).astype(np.uint16)
    tone, corners = (
        np.linspace(0, 1, 4096, dtype=np.float32),
        np.array([(y, x) for y in (8, 40, 72) for x in (8, 40, 72)]),
    )
    out = np.empty((9, 9))
    displace(a, b, tone, tone, np.eye(3), corners, 16, out)
    assert (out[:, 2] == 0).all()


def test_a_small_shake_is_drawn_small() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        motion = Shake(0.0, 1.0, 0.0).draw(rng, (200, 300))
        assert corner_error_px(motion, np.eye(3), (200, 300)) <= np.radians(1) * np.hypot(200, 300) / 2 + 1e-6
