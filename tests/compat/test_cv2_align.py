"""AlignMTB of the drop-in: OpenCV's bitmaps, the true shifts."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.compat.cv2 import align

from .scenes import detailed

cv2 = pytest.importorskip("cv2")


def shot(light, ev, seed):
    rng = np.random.default_rng(seed)
    return np.round(255 * np.clip(light * 2.0**ev + rng.normal(0, 0.003, light.shape), 0, 1) ** (1 / 2.2)).astype(
        np.uint8
    )


def pair(h, w, shift, ev, seed, make=detailed):
    """Two frames; moving the second by `shift` (x, y) lays it over the first."""
    x, y = shift
    light = make(h + 80, w + 80, seed)
    return shot(light[40 : 40 + h, 40 : 40 + w], 0, 1), shot(light[40 + y : 40 + y + h, 40 + x : 40 + x + w], ev, 2)


def night(h, w, seed):
    """Black with a few small soft lights: the median is noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w]
    light = np.full((h, w), 0.0005)
    for _ in range(12):
        at, size = rng.uniform(0, (h, w)), rng.uniform(5, 12)
        light += rng.uniform(0.05, 0.6) * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / (2 * size**2))
    return np.repeat(light[..., None], 3, axis=2)


def gray(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize("size", [(200, 260), (151, 133)])
def test_bitmaps_are_opencvs(size):
    for seed in range(4):
        image = gray(shot(detailed(*size, seed), seed - 2, 0))
        for exclude in (4, 0, 17):
            mine = align.createAlignMTB(6, exclude).computeBitmaps(image)
            theirs = cv2.createAlignMTB(6, exclude).computeBitmaps(image)
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("shift", [(0, 0), (5, -3), (-17, 22), (31, 9)])
@pytest.mark.parametrize("ev", [-2, 0.5, 2])
def test_shift_is_the_true_one_and_opencvs_where_that_is_true(shift, ev):
    for seed in range(2):
        a, b = (gray(f) for f in pair(240, 320, shift, ev, seed))
        mine = align.createAlignMTB().calculateShift(a, b)
        assert np.abs(np.subtract(mine, shift)).max() <= 1
        theirs = cv2.createAlignMTB().calculateShift(a, b)
        if np.abs(np.subtract(theirs, shift)).max() <= 1:
            assert np.abs(np.subtract(mine, theirs)).max() <= 1 + (theirs != shift)


def test_a_smooth_night_scene_is_aligned_where_opencv_errs():
    wrong = 0
    for seed in range(4):
        a, b = pair(240, 320, (5, -3), 2, seed, night)
        mine = align.createAlignMTB().calculateShift(a, b)
        assert np.abs(np.subtract(mine, (5, -3))).max() <= 1
        theirs = cv2.createAlignMTB().calculateShift(gray(a), gray(b))
        wrong += np.abs(np.subtract(theirs, (5, -3))).max() > 3
    assert wrong, "the fixture no longer shows OpenCV's fault"


@pytest.mark.parametrize("image", [np.full((90, 110), 77, np.uint8), gray(shot(night(90, 110, 0), 0, 0))])
def test_a_frame_lies_where_it_is_over_itself(image):
    assert align.createAlignMTB().calculateShift(image, image.copy()) == (0, 0)


def test_constant_images_shift_nothing():
    flat = [np.full((70, 80), z, np.uint8) for z in (10, 200)]
    assert cv2.createAlignMTB().calculateShift(*flat) != (0, 0)  # the defect
    assert align.createAlignMTB().calculateShift(*flat) == (0, 0)


@pytest.mark.parametrize("size", [(40, 300), (178, 23), (3, 50), (1, 1)])
def test_narrow_images_are_no_error(size):
    image = shot(detailed(*size, 0), 0, 0)
    x, y = align.createAlignMTB().calculateShift(image, image)
    assert (x, y) == (0, 0)


def test_16_bit_and_colour_frames_shift_like_8_bit_gray_ones():
    a, b = pair(200, 260, (9, 4), 1, 0)
    aligner = align.createAlignMTB()
    deep = [f.astype(np.uint16) * 257 for f in (a, b)]
    for frames in ((a, b), deep, [f / 255.0 for f in (a, b)], [gray(f) for f in (a, b)]):
        assert np.abs(np.subtract(aligner.calculateShift(*frames), (9, 4))).max() <= 1


def test_process_in_place_moves_all_onto_the_middle_one():
    light = detailed(280, 340, 3)
    offsets = [(0, 0), (6, -4), (-7, 2), (3, 8)]  # y, x; the third is the pivot
    frames = [shot(light[40 + y : 240 + y, 40 + x : 300 + x], i - 2, i) for i, (y, x) in enumerate(offsets)]
    before = [f.copy() for f in frames]
    aligner = align.createAlignMTB()
    assert aligner.process(frames, frames) is None
    np.testing.assert_array_equal(frames[2], before[2])
    for frame, original, (y, x) in zip(frames, before, offsets, strict=True):
        np.testing.assert_array_equal(frame, aligner.shiftMat(original, (x - 2, y + 7)))

    separate, empty = [np.zeros_like(f) for f in before], []
    aligner.process(before, separate)
    np.testing.assert_array_equal(separate, frames)  # the pivot's slot too, which OpenCV leaves empty
    aligner.process(before, empty)
    top, bottom, left, right = 13, 200, 6, 254  # shifts y 7, 13, 0, 10 and x -2, -6, 0, 6
    assert [e.shape for e in empty] == [(bottom - top, right - left, 3)] * 4
    np.testing.assert_array_equal(empty[1], frames[1][top:bottom, left:right])
    uncut = []
    align.createAlignMTB(cut=False).process(before, uncut)
    np.testing.assert_array_equal(uncut, frames)


@pytest.mark.parametrize("shift", [(3, -2), (-5, 0), (0, 0), (100, 3)])
def test_shift_mat_is_opencvs(shift):
    image = shot(detailed(40, 50, 0), 0, 0)
    mine = align.createAlignMTB().shiftMat(image, shift)
    if max(np.abs(shift)) < 40:
        np.testing.assert_array_equal(mine, cv2.createAlignMTB().shiftMat(image, shift))
    else:
        assert (mine == 0).all()


def test_refusals_say_what_must_hold():
    aligner, frames = align.createAlignMTB(), [np.zeros((5, 5, 3), np.uint8)] * 3
    with pytest.raises(cv2.error, match="list of 3 images"):
        aligner.process(frames, frames[:2])
    with pytest.raises(cv2.error, match="8-bit gray"):
        aligner.computeBitmaps(frames[0])
    with pytest.raises(cv2.error, match="one size and type"):
        aligner.process([*frames, np.zeros((5, 6, 3), np.uint8)], [])


def test_getters_and_setters_are_opencvs():
    mine, theirs = align.createAlignMTB(5, 3, False), cv2.createAlignMTB(5, 3, False)
    for what in ("MaxBits", "ExcludeRange", "Cut"):
        assert getattr(mine, f"get{what}")() == getattr(theirs, f"get{what}")()
    mine.setMaxBits(4)
    assert mine.getMaxBits() == 4


@pytest.mark.parametrize("shift", [(0, 0), (2, -3), (-1, 4), (5, 7), (-9, 1), (1, 70)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (1, 1, 3)])
def test_a_moved_image_is_what_slices_say(shift, dtype, shape):
    image = np.random.default_rng(1).integers(1, 255, shape).astype(dtype)
    image.flags.writeable = False
    expected = np.zeros_like(image)
    for y, x in np.ndindex(shape[:2]):
        if 0 <= y + shift[0] < shape[0] and 0 <= x + shift[1] < shape[1]:
            expected[y + shift[0], x + shift[1]] = image[y, x]
    out = np.full_like(image, 9)
    align._move(image, shift, out)
    np.testing.assert_array_equal(out, expected)
    apart = np.full((2 * shape[0], *shape[1:]), 9, dtype)[::2]
    align._move(image, shift, apart)
    np.testing.assert_array_equal(apart, expected)
