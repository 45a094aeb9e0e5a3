"""Shifts known from simulated brackets come back; what shows nothing is left in place and says so."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from scenes import bracket_of, hills

from fullwell import io
from fullwell.align.mtb03 import MTB03
from fullwell.image import Bracket
from fullwell.kernels import _jit
from fullwell.kernels.mtb import WORD, bitmaps, compare
from fullwell.simulate import Camera

FRAMES = {".jpg", ".jpeg", ".png", ".tif", ".tiff"}
TIMES = [1 / 8 * 4.0**k for k in range(5)]


def shifts_of(bracket: Bracket) -> list[tuple[int, int]]:
    return [f.pose.shift_px for f in bracket]


def photographs(folder: Path) -> Bracket:
    return io.read_bracket([p for p in sorted(folder.iterdir()) if p.suffix.lower() in FRAMES])


@pytest.mark.parametrize("response", ["srgb", "film", "linear"])
@pytest.mark.parametrize("seed", range(3))
def test_known_shifts_come_back(response: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shifts = [tuple(int(v) for v in rng.integers(-24, 25, 2)) for _ in TIMES]
    shots = Camera(response, seed=seed).shoot(hills(500, 700, seed), TIMES, shifts)
    aligned = MTB03()(bracket_of(shots))
    home = shifts[aligned.reference]
    found = shifts_of(aligned)
    assert found[aligned.reference] == (0, 0)
    for (y, x), (ty, tx) in zip(found, shifts, strict=True):
        assert max(abs(y - (ty - home[0])), abs(x - (tx - home[1]))) <= 1
    assert sum(f == (t[0] - home[0], t[1] - home[1]) for f, t in zip(found, shifts, strict=True)) >= 4


def test_a_tripod_bracket_is_not_moved() -> None:
    """Night scene, 6 EV steps: OpenCV moves such frames by up to 63 pixels."""
    shots = Camera("srgb").shoot(hills(400, 600, 7, stops=14), [1 / 64, 1, 64])
    assert shifts_of(MTB03()(bracket_of(shots))) == [(0, 0)] * 3


@pytest.mark.parametrize("seed", range(4))
def test_what_moves_at_large_scale_does_not_carry_the_detail_along(seed: int) -> None:
    """Clouds over a still scene: the small images of the pyramid show a shift that the full image does not bear out."""
    rng = np.random.default_rng(seed)
    detail, clouds = (
        cv2.GaussianBlur(rng.standard_normal((330, 440)), (0, 0), size) * 20 * 2 * np.sqrt(np.pi) * size
        for size in (1, 25)
    )
    still, moved = (
        np.clip(128 + detail[:300, :400] + c, 0, 255).astype(np.uint8)
        for c in (clouds[:300, :400], clouds[16:316, 22:422])
    )
    assert shifts_of(MTB03()([still, moved])) == [(0, 0), (0, 0)]


@pytest.mark.parametrize(
    ("name", "farthest"),
    [
        ("lighthouse_d3", 0),
        ("library_night_d90", 0),
        ("room_lamp_t2i", 1),
        ("window_350d_aeb_bias", 1),
        ("memorial_debevec", 0),
        ("lamp_iso12800_nex5", 0),
        ("sculpture_garden_tiff", 0),
    ],
)
def test_photographs_from_a_tripod_stay(data: Path, name: str, farthest: int) -> None:
    """OpenCV moves frames of these sets by 17 to 63 pixels."""
    assert np.abs(shifts_of(MTB03()(photographs(data / name)))).max() <= farthest


def test_photographs_out_of_hand_are_brought_together(data: Path) -> None:
    shifts = np.array(shifts_of(MTB03()(photographs(data / "cafe_pixel7"))))
    assert np.abs(shifts - [(-26, 1), (-8, 0), (-14, 0), (0, 0), (5, 0), (-14, 0)]).max() <= 1


def test_a_frame_that_shows_nothing_stays_and_says_so() -> None:
    good = hills(200, 300, 1)
    shots = Camera("srgb").shoot(good, [1 / 8, 1 / 4])
    black, white = np.zeros_like(shots[0].codes), np.full_like(shots[0].codes, 255)
    aligned = MTB03()([black, shots[0].codes, shots[1].codes, white])
    assert shifts_of(aligned)[0] == shifts_of(aligned)[1]
    assert aligned.frames[0].pose.confidence == 0.0
    assert aligned.frames[3].pose.confidence == 0.0
    assert aligned.frames[2].pose.confidence > 0.9


def test_a_frame_over_itself_does_not_move() -> None:
    """The first candidate wins ties in the original, which costs a pixel on smooth pictures."""
    smooth = np.repeat(np.linspace(0, 255, 160).astype(np.uint8)[None, :, None], 120, axis=0).repeat(3, axis=2)
    assert shifts_of(MTB03()([smooth, smooth])) == [(0, 0), (0, 0)]


@pytest.mark.parametrize("shape", [(40, 300), (300, 40), (32, 64), (178, 83), (5, 5), (1, 1), (1, 400)])
def test_narrow_pictures_are_no_problem(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (*shape, 3), np.uint8)
    assert shifts_of(MTB03()([a, a])) == [(0, 0), (0, 0)]


def test_16_bit_frames_give_the_same_shifts() -> None:
    shots = Camera("srgb").shoot(hills(300, 400, 2), [1 / 8, 1 / 2, 2], [(0, 0), (5, -3), (-7, 4)])
    wide = [s.codes.astype(np.uint16) * 257 for s in shots]
    assert shifts_of(MTB03()(wide)) == shifts_of(MTB03()([s.codes for s in shots]))


def test_the_reference_is_the_one_asked_for() -> None:
    shots = Camera("srgb").shoot(hills(300, 400, 2), [1 / 8, 1 / 2, 2], [(0, 0), (5, -3), (-7, 4)])
    assert shifts_of(MTB03()(bracket_of(shots, reference=2))) == [(7, -4), (12, -7), (0, 0)]


def test_one_thread_or_two_give_the_same() -> None:
    shots = Camera("film").shoot(hills(301, 403, 3), [1 / 8, 1 / 2, 2], [(0, 0), (5, -3), (-7, 4)])
    many = MTB03()(bracket_of(shots))
    with _jit.threads(1):
        one = MTB03()(bracket_of(shots))
    assert [f.pose for f in one] == [f.pose for f in many]


@pytest.mark.parametrize("width", [1, 53, 64, 129])
def test_bitmaps_are_what_numpy_compares(width: int) -> None:
    image = np.random.default_rng(width).integers(0, 256, (7, 2 * width), np.uint8)[:, ::2]  # not contiguous
    image.flags.writeable = False
    levels = np.array([120, 0, 255, 3, 252])
    for margin in (0, 4, 64):
        found = np.empty((len(levels), 2, 7, -(-width // WORD)), np.uint64)
        bitmaps(image, levels, margin, found)
        bits = np.unpackbits(found.view(np.uint8), axis=-1, bitorder="little")
        assert not bits[..., width:].any()
        for k, level in enumerate(levels):
            distance = image.astype(int) - level
            np.testing.assert_array_equal(bits[k, 0, :, :width], distance > 0)
            np.testing.assert_array_equal(bits[k, 1, :, :width], abs(distance) > margin)


@pytest.mark.parametrize("size", [(37, 53), (20, 64), (9, 200), (1, 1)])
def test_compare_counts_what_numpy_counts(size: tuple[int, int]) -> None:
    h, w = size
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 256, (2, h, w), np.uint8)
    shifts = [(0, 0), (3, -2), (-5, 7), (40, 0), (0, -60), (36, 52), (0, 64), (-1, -128), (1, 65), (0, 500)]
    levels = np.array([(120, 90), (30, 200)])
    pair = [np.empty((2, 2, h, -(-w // WORD)), np.uint64) for _ in range(2)]
    for image, level, out in zip((a, b), levels.T, pair, strict=True):
        bitmaps(image, np.ascontiguousarray(level), 4, out)
    found = compare(*pair, w, np.array(shifts), True, 4)
    np.testing.assert_array_equal(compare(*pair, w, np.array(shifts), False, 4), found * [1, 1, 0, 0, 1])
    for (dy, dx), counts in zip(shifts, found, strict=True):
        ys, xs = np.mgrid[0:h, 0:w]
        inside = (ys - dy >= 0) & (ys - dy < h) & (xs - dx >= 0) & (xs - dx < w)
        moved = np.zeros_like(b, dtype=int)
        moved[inside] = b[(ys - dy)[inside], (xs - dx)[inside]]
        expected = np.zeros(5, int)
        for level_a, level_b in levels:
            p, q = a.astype(int) - level_a, moved - level_b
            both = inside & (abs(p) > 4) & (abs(q) > 4)
            over = (both & ((p > 0) != (q > 0))).sum(), (both & (p > 0)).sum(), (both & (q > 0)).sum()
            expected += [both.sum(), *over, inside.sum()]
        assert counts.tolist() == expected.tolist()
