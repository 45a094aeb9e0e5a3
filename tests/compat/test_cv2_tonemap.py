"""The tone mappers of the drop-in against OpenCV's, and right where OpenCV's are not."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.compat.cv2 import tonemap as ours

from .scenes import radiance

cv2 = pytest.importorskip("cv2")

SIZES = [(64, 80), (97, 131), (151, 66)]
SETTINGS = [
    ("Tonemap", (), 2e-4),
    ("Tonemap", (2.2,), 2e-4),
    ("TonemapDrago", (), 2e-4),
    ("TonemapDrago", (1.0, 0.7), 2e-4),
    ("TonemapDrago", (2.2, 2.0, 0.7), 2e-4),
    ("TonemapReinhard", (), 2e-4),
    ("TonemapReinhard", (1.5, 0, 0, 0), 2e-4),
    ("TonemapReinhard", (2.2, 2.0, 0.8, 0.4), 2e-4),
    ("TonemapReinhard", (1.0, -3.0, 0.5, 1.0), 2e-4),
    ("TonemapMantiuk", (), 4e-3),
    ("TonemapMantiuk", (2.2, 0.85, 1.2), 4e-3),
    ("TonemapMantiuk", (1.3, 0.6, 0.5), 4e-3),
]
EVERY = ["Tonemap", "TonemapDrago", "TonemapReinhard", "TonemapMantiuk", "TonemapDurand"]


def clear_of_nan(image):
    """The darkest value is exactly 0, in one channel of one pixel that is not the first: OpenCV has no NaN then."""
    image = image - image.min()
    image[..., 1] += 1e-3
    image[0, 0] += 0.5
    image[1, 1] = 0, 0.5, 0.5
    return image


@pytest.mark.parametrize(("name", "args", "bound"), SETTINGS)
@pytest.mark.parametrize("size", SIZES)
def test_agrees_with_opencv(name, args, bound, size):
    for seed in range(3):
        image = clear_of_nan(radiance(*size, seed))
        theirs = getattr(cv2, f"create{name}")(*args).process(image)
        assert np.isfinite(theirs).all()
        assert np.abs(getattr(ours, f"create{name}")(*args).process(image) - theirs).max() < bound


@pytest.mark.parametrize(("name", "args"), [s[:2] for s in SETTINGS if s[0] != "TonemapMantiuk"])
def test_where_opencv_has_nan_at_the_darkest_pixel_the_others_agree_and_it_is_black(name, args):
    holes = 0
    for seed in range(12):
        image = radiance(60, 75, seed)
        if seed % 2:
            image[30, 40] = 0.0  # a black pixel, as every hot pixel of a dark frame leaves one
        theirs = getattr(cv2, f"create{name}")(*args).process(image)
        mine = getattr(ours, f"create{name}")(*args).process(image)
        nan = np.isnan(theirs)
        holes += nan.sum()
        assert np.isfinite(mine).all()
        assert np.abs(mine - theirs)[~nan].max() < 1e-5
        assert (mine[nan] < 2e-5).all()
    if name != "TonemapReinhard":
        assert holes or args in ((), (1.0, 0.7)), "the fixture no longer shows OpenCV's NaN"


def durand_recipe(image, gamma, contrast, saturation, sigma_color, sigma_space):
    """The recipe of xphoto's class, which no wheel can run, from OpenCV's own primitives."""
    lo, hi = float(image.min()), float(image.max())
    x = ((image.astype(np.float64) - lo) / (hi - lo)).astype(np.float32)
    gray = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)
    log = cv2.log(np.maximum(gray, 1e-4))
    base = cv2.bilateralFilter(log, -1, sigma_color, sigma_space)
    k = contrast / (base.max() - base.min())
    mapped = cv2.exp(log + np.float32(k - 1) * base)
    return cv2.pow(cv2.pow(x / gray[..., None], saturation) * mapped[..., None], 1 / gamma)


@pytest.mark.parametrize(
    "args", [(1.0, 4.0, 1.0, 2.0, 2.0), (1.5, 4.0, 1.0, 1.0, 1.0), (2.2, 2.5, 0.8, 0.4, 4.0), (1.0, 3.0, 1.3, 5.0, 0.3)]
)
@pytest.mark.parametrize("size", SIZES)
def test_durand_agrees_with_the_recipe_in_opencv_primitives(args, size):
    image = clear_of_nan(radiance(*size, 3))
    assert np.abs(ours.createTonemapDurand(*args).process(image) - durand_recipe(image, *args)).max() < 1e-3


def test_reinhard_twice_gives_the_same_picture():
    image, mapper = radiance(40, 50, 0), ours.createTonemapReinhard(1.5, 2.0, 0.5, 0.5)
    first = mapper.process(image)
    assert mapper.getIntensity() == 2.0
    np.testing.assert_array_equal(mapper.process(image), first)
    theirs = cv2.createTonemapReinhard(1.5, 2.0, 0.5, 0.5)
    theirs.process(image)
    assert theirs.getIntensity() != 2.0  # the defect


def test_a_black_first_pixel_does_not_switch_the_stretch_off():
    image = radiance(40, 50, 1)
    image[0, 0] = 0
    assert np.nanmax(cv2.createTonemapDrago().process(image)) < 0.2  # the defect: nearly black
    mine = ours.createTonemapDrago().process(image)
    assert mine.max() == pytest.approx(1.0)
    moved = np.roll(image, 20, axis=1)  # the black pixel elsewhere
    np.testing.assert_allclose(np.roll(mine, 20, axis=1), ours.createTonemapDrago().process(moved), atol=1e-6)


def test_a_range_of_exactly_1_shifts_all_channels():
    image = np.linspace(1, 2, 60, dtype=np.float32).reshape(4, 5, 3)
    image[0, 0, 0], image[-1, -1, -1] = 1, 2
    assert cv2.createTonemap().process(image).max() > 1.9  # the defect
    np.testing.assert_allclose(ours.createTonemap().process(image), image - 1, atol=1e-6)


BAD = {
    "black": np.zeros((6, 7, 3), np.float32),
    "flat": np.full((6, 7, 3), 2.0, np.float32),
    "negative": -np.ones((6, 7, 3), np.float32),
    "one pixel": np.full((1, 1, 3), 0.3, np.float32),
    "nan": np.full((6, 7, 3), np.nan, np.float32),
    "infinite": np.full((6, 7, 3), np.inf, np.float32),
    "hot pixel": np.pad(np.full((1, 1, 3), 1e6, np.float32), ((2, 3), (3, 3), (0, 0)), constant_values=0.5),
    "enormous": np.pad(np.full((1, 1, 3), 3e38, np.float32), ((2, 3), (3, 3), (0, 0)), constant_values=-3e38),
}  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("bad", BAD)
def test_finite_on_bad_images(name, bad):
    image = BAD[bad]
    before = image.copy()
    for gamma in (1.0, 2.2):
        out = getattr(ours, f"create{name}")(gamma).process(image)
        assert np.isfinite(out).all()
        assert (out >= 0).all()
        assert out.shape == image.shape
        assert out.dtype == np.float32
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("name", EVERY[:3])
def test_a_negative_pixel_is_only_the_darkest(name):
    image = radiance(40, 50, 5)
    image[7, 8] = -0.01
    theirs, mine = (getattr(m, f"create{name}")(2.2).process(image) for m in (cv2, ours))
    assert np.isfinite(mine).all()
    known = np.isfinite(theirs)  # all of it, or all but that pixel, as the rounding falls
    np.testing.assert_allclose(mine[known], theirs[known], atol=1e-5)


@pytest.mark.parametrize("name", EVERY)
def test_nan_counts_as_the_darkest_and_infinity_as_the_brightest(name):
    image = radiance(20, 30, 5)
    spoilt, clean = image.copy(), image.copy()
    spoilt[3, 4], spoilt[5, 6, 1], spoilt[7, 8, 2] = np.nan, -np.inf, np.inf
    clean[3, 4], clean[5, 6, 1], clean[7, 8, 2] = image.min(), image.min(), image.max()
    mapper = getattr(ours, f"create{name}")(2.2)
    np.testing.assert_array_equal(mapper.process(spoilt), mapper.process(clean))


@pytest.mark.parametrize("name", EVERY)
def test_one_channel_is_mapped_as_three_equal_ones(name):
    image = radiance(20, 30, 6)[..., 0]
    mapper = getattr(ours, f"create{name}")()
    one, three = mapper.process(image), mapper.process(np.repeat(image[..., None], 3, axis=2))
    assert one.shape == image.shape
    np.testing.assert_array_equal(one, three[..., 0])


def test_dst_is_written_and_returned():
    image = radiance(8, 9, 0)
    dst = np.empty_like(image)
    assert ours.createTonemap().process(image, dst) is dst
    np.testing.assert_array_equal(dst, ours.createTonemap().process(image, dst=None))


def test_integers_are_refused_with_a_sentence():
    with pytest.raises(cv2.error, match="must be float32 radiance, got uint8"):
        ours.createTonemap().process(np.zeros((4, 4, 3), np.uint8))


def test_getters_setters_and_argument_order_are_opencvs():
    made = {
        ("Tonemap", (2.0,)): {"Gamma": 2.0},
        ("TonemapDrago", (2.0, 0.7, 0.8)): {"Gamma": 2.0, "Saturation": 0.7, "Bias": 0.8},
        ("TonemapReinhard", (2.0, 1.0, 0.3, 0.4)): {
            "Gamma": 2.0, "Intensity": 1.0, "LightAdaptation": 0.3, "ColorAdaptation": 0.4,
        },
        ("TonemapMantiuk", (2.0, 0.8, 1.2)): {"Gamma": 2.0, "Scale": 0.8, "Saturation": 1.2},
    }  # fmt: skip
    for (name, args), values in made.items():
        mine, theirs = getattr(ours, f"create{name}")(*args), getattr(cv2, f"create{name}")(*args)
        assert type(mine).__name__ == type(theirs).__name__
        assert isinstance(mine, ours.Tonemap)
        for what, value in values.items():
            assert (
                getattr(mine, f"get{what}")() == pytest.approx(getattr(theirs, f"get{what}")()) == pytest.approx(value)
            )
            getattr(mine, f"set{what}")(0.25)
            assert getattr(mine, f"get{what}")() == 0.25
    durand = ours.createTonemapDurand(gamma=1.5, contrast=3, saturation=0.9, sigma_color=1, sigma_space=5)
    values = [getattr(durand, f"get{n}")() for n in ("Gamma", "Contrast", "Saturation", "SigmaColor", "SigmaSpace")]
    assert values == [1.5, 3.0, 0.9, 1.0, 5.0]
