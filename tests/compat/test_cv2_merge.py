"""Merging and calibration of the drop-in against OpenCV's, and right where OpenCV's are not."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.compat.cv2 import calibrate, merge

from .scenes import bracket, radiance

cv2 = pytest.importorskip("cv2")

TIMES = np.array([1 / 30, 0.25, 2.5, 15], np.float32)
KINDS = {
    "uint8": lambda a: a,
    "uint16": lambda a: a.astype(np.uint16) * 257 - (a > 250) * np.uint16(7),
    "float32": lambda a: a.astype(np.float32) / np.float32(254) - np.float32(0.001),  # passes both ends
}


def frames(size, seed, kind="uint8"):
    """A bracket with pixels that clip in every frame at either end."""
    made = bracket(*size, seed, TIMES * 4)
    for frame in made:
        frame[:3], frame[5:7], frame[8, :, 0] = 255, 0, 255
    return [KINDS[kind](f) for f in made]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(48, 64), (61, 37)])
@pytest.mark.parametrize("name", ["MergeDebevec", "MergeRobertson"])
def test_radiance_without_response_agrees(name, size, kind):
    for seed in range(2):
        given = frames(size, seed, kind)
        theirs = getattr(cv2, f"create{name}")().process(given, TIMES)
        mine = getattr(merge, f"create{name}")().process(given, TIMES)
        assert mine.shape == theirs.shape
        assert mine.dtype == np.float32
        seen = theirs > 0
        assert seen.mean() > 0.7 if name == "MergeRobertson" else seen.all()
        np.testing.assert_allclose(mine[seen], theirs[seen], rtol=1e-4)


@pytest.mark.parametrize("name", ["MergeDebevec", "MergeRobertson"])
def test_radiance_with_response_agrees(name):
    given = frames((48, 64), 3)
    response = cv2.createCalibrateDebevec().process(given, TIMES)
    response[0] = 0  # a level of no exposure: black in Debevec's geometric mean
    theirs = getattr(cv2, f"create{name}")().process(given, TIMES, response)
    mine = getattr(merge, f"create{name}")().process(given, times=TIMES, response=response)
    seen = theirs > 0
    np.testing.assert_allclose(mine[seen], theirs[seen], rtol=1e-4)
    if name == "MergeDebevec":
        np.testing.assert_allclose(mine[~seen], 0, atol=1e-30)


def test_robertson_gives_a_bound_where_opencv_gives_black():
    given = [np.full((4, 5, 3), z, np.uint8) for z in (255, 255, 255, 255)]
    assert (cv2.createMergeRobertson().process(given, TIMES) == 0).all()  # the defect
    bound = 255 / 128 * 30  # the shortest frame clips at level 255 in 1/30 s
    np.testing.assert_allclose(merge.createMergeRobertson().process(given, TIMES), bound, rtol=1e-5)
    given[0][:] = 0  # no frame between: at least what the second says
    np.testing.assert_allclose(merge.createMergeRobertson().process(given, TIMES), 255 / 128 / 0.25, rtol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (40, 33)])
def test_robertson_agrees_with_numpy_where_many_pixels_are_black_or_clipped(size):
    rng = np.random.default_rng(8)
    given = [rng.choice(np.array([0, 1, 90, 254, 255], np.uint8), (*size, 3)) for _ in TIMES]
    v = 4 * np.arange(256) / 255 - 2
    weight = (np.exp(4 - v**2) - 1) / (np.exp(4) - 1)
    weight[[0, -1]] = 0
    codes, t = np.stack(given).astype(int), TIMES.astype(np.float64)[:, None, None, None]
    norm = (weight[codes] * t**2).sum(axis=0)
    expected = np.divide((weight[codes] * t * codes / 128).sum(axis=0), norm, out=np.zeros(norm.shape), where=norm > 0)
    least = np.where(codes == 255, 255 / 128 / t, 0).max(axis=0)
    found = merge.createMergeRobertson().process(given, TIMES)
    np.testing.assert_allclose(found, np.where(norm > 0, expected, least), rtol=1e-5)


@pytest.mark.parametrize("times", [TIMES.astype(np.float64), TIMES.tolist(), TIMES[:, None], tuple(TIMES.tolist())])
def test_times_of_any_kind_mean_seconds(times):
    given = frames((24, 32), 0)
    for create in (merge.createMergeDebevec, merge.createMergeRobertson, calibrate.createCalibrateDebevec):
        np.testing.assert_allclose(create().process(given, times), create().process(given, TIMES), rtol=1e-6)


def test_one_channel_is_merged_like_three_equal_ones():
    given = [f[:, :, 1].copy() for f in frames((24, 32), 0)]
    three = [np.repeat(f[:, :, None], 3, axis=2) for f in given]
    for create in (merge.createMergeDebevec, merge.createMergeRobertson):
        one = create().process(given, TIMES)
        assert one.shape == given[0].shape
        np.testing.assert_array_equal(one, create().process(three, TIMES)[:, :, 1])
    response = np.arange(1, 257, dtype=np.float32)[:, None]
    theirs = cv2.createMergeDebevec().process(given, TIMES, response)
    np.testing.assert_allclose(merge.createMergeDebevec().process(given, TIMES, response), theirs, rtol=1e-4)


def test_levels_that_opencv_leaves_nan_in_a_response_are_interpolated():
    given = frames((24, 32), 0)
    response = np.repeat(np.arange(1, 257, dtype=np.float32)[:, None, None], 3, axis=2)
    holes = response.copy()
    holes[40:43] = np.nan
    for create in (merge.createMergeDebevec, merge.createMergeRobertson):
        full = create().process(given, TIMES, response)
        np.testing.assert_allclose(create().process(given, TIMES, holes), full, rtol=1e-5)


def test_dst_is_written_and_returned():
    given = frames((24, 32), 0)
    dst = np.empty((24, 32, 3), np.float32)
    assert merge.createMergeDebevec().process(given, TIMES, dst=dst) is dst
    np.testing.assert_array_equal(dst, merge.createMergeDebevec().process(np.stack(given), TIMES))


REFUSED = {
    "no image": ([], TIMES, "at least one image"),
    "unread": ([None, None], TIMES[:2], "imread could not read"),
    "sizes": ([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)], TIMES[:2], "one size and type"),
    "types": ([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint16)], TIMES[:2], "one size and type"),
    "times": ([np.zeros((4, 4, 3), np.uint8)], TIMES, "1 images, 4 times"),
    "zero": ([np.zeros((4, 4, 3), np.uint8)], [0.0], "above 0"),
    "words": ([np.zeros((4, 4, 3), np.uint8)], ["a"], "numbers of seconds"),
    "int32": ([np.zeros((4, 4, 3), np.int32)], [1.0], "must be 8-bit, 16-bit or float, got int32"),
    "channels": ([np.zeros((4, 4, 4), np.uint8)], [1.0], "got shape"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_say_what_must_hold(case):
    given, times, words = REFUSED[case]
    for create in (merge.createMergeDebevec, calibrate.createCalibrateRobertson):
        with pytest.raises(cv2.error, match=words):
            create().process(given, times)


def test_a_response_of_wrong_shape_is_refused():
    with pytest.raises(cv2.error, match=r"\(256, 1, 3\)"):
        merge.createMergeDebevec().process([np.zeros((4, 4, 3), np.uint8)], [1.0], np.ones((10, 1, 3)))


@pytest.mark.parametrize("args", [(), (100, 20.0), (70, 50.0), (200, 3.0)])
@pytest.mark.parametrize("size", [(64, 80), (120, 157)])
def test_debevec_response_agrees_after_anchoring(size, args):
    given = bracket(*size, 1, TIMES)
    mine = calibrate.createCalibrateDebevec(*args).process(given, TIMES)
    theirs = cv2.createCalibrateDebevec(*args).process(given, TIMES)
    assert mine.shape == theirs.shape
    assert mine.dtype == theirs.dtype
    np.testing.assert_array_equal(mine[128], 1.0)
    g, reference = np.log(mine), np.log(theirs)
    np.testing.assert_allclose(g, reference - reference[128], atol=0.03)


def test_debevec_response_follows_the_camera():
    given = bracket(64, 80, 1, TIMES, gamma=2.2)
    g = np.log(calibrate.createCalibrateDebevec(500).process(given, TIMES))[:, 0]
    z = np.arange(40, 236)
    np.testing.assert_allclose(g[z], 2.2 * np.log(z / 128)[:, None] @ np.ones((1, 3)), atol=0.1)


def test_debevec_random_samples_repeat_and_extreme_shapes_work():
    given = bracket(64, 80, 1, TIMES)
    first, second = (calibrate.createCalibrateDebevec(random=True).process(given, TIMES) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    for shape in ((1, 90), (90, 2)):  # OpenCV asserts
        narrow = [np.random.default_rng(i).integers(0, 256, (*shape, 3)).astype(np.uint8) for i in range(3)]
        assert np.isfinite(calibrate.createCalibrateDebevec().process(narrow, [1, 2, 4])).all()


def noisy_bracket(size, seed):
    """Every level occurs in every channel, so OpenCV has no NaN."""
    rng = np.random.default_rng(seed)
    light = radiance(*size, seed, stops=10)
    shot = [255 * np.clip(light * t, 0, 1) ** (1 / 2.2) + rng.normal(0, 2, light.shape) for t in TIMES]
    made = [np.round(np.clip(s, 0, 255)).astype(np.uint8) for s in shot]
    made[1].reshape(-1, 3)[:256] = np.arange(256)[:, None]
    return made


@pytest.mark.parametrize("args", [(), (7, 0.01), (30, 1.0)])
def test_robertson_response_and_radiance_agree(args):
    given = noisy_bracket((90, 110), 0)
    mine, theirs = calibrate.createCalibrateRobertson(*args), cv2.createCalibrateRobertson(*args)
    expected = theirs.process(given, TIMES)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(mine.process(given, TIMES), expected, rtol=1e-3)
    seen = theirs.getRadiance() > 0
    np.testing.assert_allclose(mine.getRadiance()[seen], theirs.getRadiance()[seen], rtol=1e-3)


def test_robertson_levels_that_never_occur_are_interpolated():
    given = [f // 2 * 2 for f in noisy_bracket((60, 70), 0)]  # even levels only
    expected = cv2.createCalibrateRobertson(10, 0).process(given, TIMES)
    assert np.isnan(expected[1::2]).all()  # the defect
    mine = calibrate.createCalibrateRobertson(10, 0).process(given, TIMES)
    assert np.isfinite(mine).all()
    np.testing.assert_allclose(mine[::2], expected[::2], rtol=1e-3)
    np.testing.assert_allclose(mine[3:253:2], (mine[2:252:2] + mine[4:254:2]) / 2, rtol=1e-5)
    odd = [f | 1 for f in given]  # level 128 never occurs: OpenCV has nothing but NaN
    assert np.isnan(cv2.createCalibrateRobertson(3).process(odd, TIMES)).all()
    assert np.isfinite(calibrate.createCalibrateRobertson(3).process(odd, TIMES)).all()


def test_robertson_refuses_frames_that_say_nothing():
    with pytest.raises(cv2.error, match="black or white in every frame"):
        calibrate.createCalibrateRobertson().process([np.full((4, 4, 3), 255, np.uint8)] * 2, [1.0, 2.0])
    with pytest.raises(cv2.error, match="no radiance before"):
        calibrate.createCalibrateRobertson().getRadiance()


@pytest.mark.parametrize("create", [calibrate.createCalibrateDebevec, calibrate.createCalibrateRobertson])
def test_calibration_takes_16_bit_float_and_one_channel(create):
    given = noisy_bracket((60, 70), 0)
    wide = [f.astype(np.uint16) * 257 for f in given]
    real = [f / 255.0 for f in given]
    eight = create().process(given, TIMES)
    np.testing.assert_array_equal(create().process(wide, TIMES), eight)
    np.testing.assert_array_equal(create().process(real, TIMES), eight)
    one = create().process([f[:, :, 1].copy() for f in given], TIMES)
    assert one.shape == (256, 1)
    np.testing.assert_allclose(one[:, 0], eight[:, 0, 1], rtol=1e-6)


def test_all_black_frames_calibrate_to_a_finite_rising_curve():
    curve = calibrate.createCalibrateDebevec().process([np.zeros((9, 9, 3), np.uint8)] * 3, [1, 2, 4])
    assert np.isfinite(curve).all()
    assert (np.diff(curve[:, 0], axis=0) > 0).all()


def test_getters_and_setters_are_opencvs():
    mine, theirs = calibrate.createCalibrateDebevec(50, 5.0, True), cv2.createCalibrateDebevec(50, 5.0, True)
    for what in ("Samples", "Lambda", "Random"):
        assert getattr(mine, f"get{what}")() == getattr(theirs, f"get{what}")()
    assert calibrate.createCalibrateDebevec(lambda_=2).getLambda() == 2
    mine, theirs = calibrate.createCalibrateRobertson(9, 0.5), cv2.createCalibrateRobertson(9, 0.5)
    assert (mine.getMaxIter(), mine.getThreshold()) == (theirs.getMaxIter(), theirs.getThreshold())
    mine.setMaxIter(4)
    assert mine.getMaxIter() == 4


MERTENS = [(), (1, 1, 1), (0.5, 0.7, 1.3), (0, 0, 1), (1, 0, 0)]


@pytest.mark.parametrize("args", MERTENS)
@pytest.mark.parametrize("size", [(64, 80), (61, 37), (3, 9), (1, 6)])
def test_fusion_agrees(size, args):
    given = bracket(*size, 0, TIMES)
    theirs = cv2.createMergeMertens(*args).process(given)
    mine = merge.createMergeMertens(*args).process(given)
    assert mine.shape == theirs.shape
    assert mine.dtype == theirs.dtype
    np.testing.assert_allclose(mine, theirs, atol=6e-3)
    assert np.abs(mine - theirs).mean() < 1e-5


@pytest.mark.parametrize("args", MERTENS)
def test_fusion_of_gray_frames_agrees(args):
    """Here rounding noise decides in OpenCV: three equal channels are not quite neutral to it."""
    one = [f[:, :, 1].copy() for f in bracket(64, 80, 0, TIMES)]
    three = [np.repeat(f[:, :, None], 3, axis=2) for f in one]
    for given in (one, three):
        difference = np.abs(
            merge.createMergeMertens(*args).process(given) - cv2.createMergeMertens(*args).process(given)
        )
        assert difference.mean() < 6e-3
        assert difference.max() < 0.05


def test_fusion_of_16_bit_and_float_frames_is_that_of_8_bit_ones():
    given = bracket(40, 50, 0, TIMES)
    eight = merge.createMergeMertens(1, 1, 1).process(given)
    for kind in (lambda a: a.astype(np.uint16) * 257, lambda a: a / np.float32(255), lambda a: a / 255.0):
        deep = [kind(f) for f in given]
        np.testing.assert_allclose(merge.createMergeMertens(1, 1, 1).process(deep), eight, atol=1e-4)
    assert cv2.createMergeMertens(1, 1, 1).process([f.astype(np.uint16) * 257 for f in given]).max() > 100  # the defect


def test_fusion_takes_dst_and_ignores_times_and_response():
    given, mapper = bracket(20, 30, 0, TIMES), merge.createMergeMertens()
    plain, dst = mapper.process(given), np.empty((20, 30, 3), np.float32)
    assert mapper.process(given, dst) is dst
    for other in (mapper.process(given, TIMES, None), mapper.process(given, times=TIMES, response=None), dst):
        np.testing.assert_array_equal(other, plain)
    mine, theirs = merge.createMergeMertens(0.5, 0.25, 2), cv2.createMergeMertens(0.5, 0.25, 2)
    for what in ("Contrast", "Saturation", "Exposure"):
        assert getattr(mine, f"get{what}Weight")() == getattr(theirs, f"get{what}Weight")()
