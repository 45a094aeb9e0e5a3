"""imread and imwrite of the drop-in against OpenCV's."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.compat import cv2 as ours
from fullwell.compat.cv2.files import saturated

cv2 = pytest.importorskip("cv2")

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8)
GRAY = RNG.integers(0, 256, (20, 30)).astype(np.uint8)
DEEP = RNG.integers(0, 65536, (20, 30, 3)).astype(np.uint16)
CLEAR = RNG.integers(0, 256, (20, 30, 4)).astype(np.uint8)
LIGHT = (2.0 ** RNG.uniform(-8, 8, (20, 30, 3))).astype(np.float32)
SMOOTH = (
    np.stack([np.add.outer(np.arange(64), np.arange(96)) * k // 2 for k in (1, 2, 3)], axis=2)
    .clip(0, 255)
    .astype(np.uint8)
)
FLAGS = {
    "unchanged": -1, "gray": 0, "colour": 1, "anydepth": 2, "colour anydepth": 3, "anycolour": 4, "any": 6, "rgb": 256,
}  # fmt: skip


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("a.png", COLOUR),
        ("g.png", GRAY),
        ("d.png", DEEP),
        ("c.png", CLEAR),
        ("a.tif", COLOUR),
        ("d.tif", DEEP),
        ("a.bmp", COLOUR),
    ],
)
def test_imread_is_opencvs(name, image, flag, tmp_path):
    path = str(tmp_path / name)
    cv2.imwrite(path, image)
    theirs, mine = cv2.imread(path, FLAGS[flag]), ours.imread(path, FLAGS[flag])
    assert mine.shape == theirs.shape
    assert mine.dtype == theirs.dtype
    assert mine.flags.c_contiguous
    assert mine.flags.writeable
    # Gray, and 16 to 8 bits in TIFF, are rounded in other ways.
    np.testing.assert_allclose(mine.astype(float), theirs.astype(float), atol=1.01 if mine.dtype == np.uint8 else 4)


@pytest.mark.parametrize("quality", [100, 85])
def test_imread_of_jpeg(quality, tmp_path):
    path = str(tmp_path / "a.jpg")
    cv2.imwrite(path, SMOOTH, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert np.abs(ours.imread(path).astype(int) - cv2.imread(path)).max() <= 2
    assert np.abs(ours.imread(path, 0).astype(int) - cv2.imread(path, 0)).max() <= 2


def test_imread_turns_upright_as_opencv_does(data):
    for path in sorted((data / "orientation").glob("*.jpg")):
        for flags in (1, 1 | 128, -1):
            theirs, mine = cv2.imread(str(path), flags), ours.imread(path, flags)
            assert mine.shape == theirs.shape, path.name
            assert np.abs(mine.astype(int) - theirs).mean() < 1, path.name


@pytest.mark.parametrize("flag", ["unchanged", "anydepth", "colour", "any", "gray"])
def test_imread_of_radiance(flag, tmp_path):
    path = str(tmp_path / "a.hdr")
    cv2.imwrite(path, LIGHT)
    theirs, mine = cv2.imread(path, FLAGS[flag]), ours.imread(path, FLAGS[flag])
    assert mine.shape == theirs.shape
    assert mine.dtype == theirs.dtype
    np.testing.assert_allclose(
        mine.astype(float), theirs.astype(float), rtol=1e-6, atol=1.01 if mine.dtype == np.uint8 else 0
    )


def test_imread_of_what_is_unreadable_is_none_and_is_said(tmp_path, caplog):
    (tmp_path / "text.jpg").write_text("no picture")
    for name in ("none.jpg", "text.jpg", "."):
        assert ours.imread(tmp_path / name) is None
    assert "there is no such file" in caplog.text


def test_imread_of_broken_files_never_raises(data):
    for path in sorted((data / "odd_broken").iterdir()):
        image = ours.imread(path)
        assert image is None or image.ndim == 3


def test_reduced_sizes_come_from_opencv(tmp_path):
    path = str(tmp_path / "a.png")
    cv2.imwrite(path, COLOUR)
    np.testing.assert_array_equal(ours.imread(path, cv2.IMREAD_REDUCED_COLOR_2), cv2.imread(path, 17))


@pytest.mark.parametrize("extension", [".png", ".tif", ".bmp"])
@pytest.mark.parametrize("image", [COLOUR, GRAY], ids=["colour", "gray"])
def test_imwrite_of_8_bit_is_lossless(image, extension, tmp_path):
    path = str(tmp_path / f"a{extension}")
    assert ours.imwrite(path, image) is True
    expected = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    np.testing.assert_array_equal(cv2.imread(path), expected)


@pytest.mark.parametrize("extension", [".png", ".tif"])
def test_imwrite_of_16_bit_is_lossless(extension, tmp_path):
    path = str(tmp_path / f"a{extension}")
    ours.imwrite(path, DEEP)
    np.testing.assert_array_equal(cv2.imread(path, -1), DEEP)


@pytest.mark.parametrize("extension", [".hdr", ".exr", ".tif"])
def test_imwrite_of_floats_is_radiance(extension, tmp_path):
    path = tmp_path / f"a{extension}"
    for image in (LIGHT, LIGHT.astype(np.float64)):
        assert ours.imwrite(path, image)
        stored = ours.imread(path, ours.IMREAD_UNCHANGED)
        assert stored.dtype == np.float32
        np.testing.assert_allclose(stored, LIGHT, atol=0 if extension != ".hdr" else LIGHT.max() / 200, rtol=1e-6)
    if extension == ".hdr":
        np.testing.assert_allclose(cv2.imread(str(path), -1), stored, rtol=1e-6)


def test_imwrite_of_floats_to_pictures_rounds_and_clips_as_opencv(tmp_path):
    values = np.concatenate([np.linspace(-3, 260, 600), [0.5, 1.5, 2.5, 254.5, 1e9, -1e9]]).astype(np.float32)
    image = np.repeat(values.reshape(1, -1, 1), 3, axis=2)
    ours.imwrite(tmp_path / "mine.png", image)
    cv2.imwrite(str(tmp_path / "theirs.png"), image)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "mine.png")), cv2.imread(str(tmp_path / "theirs.png")))


def test_infinity_is_white_and_nan_black():
    given = np.array([np.nan, np.inf, -np.inf, 0.5, 1.5, 254.5, 255.5], np.float32)
    assert saturated(given).tolist() == [0, 255, 0, 0, 2, 254, 255]
    assert saturated(np.array([0, 300], np.uint16)).tolist() == [0, 255]
    assert saturated(np.array([-5, 7], np.int32)).tolist() == [0, 7]
    image = np.full((8, 8, 3), np.inf, np.float32)
    assert cv2.imdecode(cv2.imencode(".png", image)[1], 1).max() == 0  # the defect


def test_imwrite_quality_and_transparency(tmp_path):
    noise = RNG.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    ours.imwrite(tmp_path / "good.jpg", noise, [ours.IMWRITE_JPEG_QUALITY, 95])
    ours.imwrite(tmp_path / "poor.jpg", noise, [ours.IMWRITE_JPEG_QUALITY, 20, 2, 1])
    assert (tmp_path / "poor.jpg").stat().st_size < 0.5 * (tmp_path / "good.jpg").stat().st_size
    ours.imwrite(tmp_path / "clear.png", CLEAR)  # by OpenCV: Fullwell's pictures have no transparency
    np.testing.assert_array_equal(ours.imread(tmp_path / "clear.png", -1), CLEAR)


def test_imwrite_half_floats(tmp_path):
    assert ours.imwrite(tmp_path / "a.exr", LIGHT, [ours.IMWRITE_EXR_TYPE, ours.IMWRITE_EXR_TYPE_HALF])
    stored = ours.imread(tmp_path / "a.exr", ours.IMREAD_ANYDEPTH | ours.IMREAD_COLOR)
    np.testing.assert_array_equal(stored, LIGHT.astype(np.float16).astype(np.float32))


def test_imwrite_that_cannot_be_is_false_or_refused(tmp_path, caplog):
    assert ours.imwrite(tmp_path / "nowhere" / "a.png", COLOUR) is False
    assert "make it first" in caplog.text
    with pytest.raises(cv2.error):
        ours.imwrite(tmp_path / "a.xyz", COLOUR)
    for bad in (np.zeros((3, 3, 2), np.uint8), np.zeros(5), np.zeros((2, 2, 3), bool), None):
        with pytest.raises(cv2.error, match="an image must be"):
            ours.imwrite(tmp_path / "a.png", bad)


def test_constants_and_passed_names_are_opencvs():
    for name in ours.__all__:
        if name.startswith("IM"):
            assert getattr(ours, name) == getattr(cv2, name), name
    assert ours.COLOR_BGR2GRAY == cv2.COLOR_BGR2GRAY
    assert ours.GaussianBlur is cv2.GaussianBlur
    assert ours.error is cv2.error
    with pytest.raises(AttributeError, match="neither"):
        _ = ours.no_such_name
    with pytest.raises(ImportError):
        exec("from fullwell.compat.cv2 import no_such_name")


def test_errors_are_fullwells_too():
    from fullwell.errors import FullwellError

    with pytest.raises(FullwellError, match="at least one image"):
        ours.createMergeMertens().process([])
    with pytest.raises(ours.error, match="at least one image"):
        ours.createMergeMertens().process([])


def test_xphoto_has_durand():
    assert ours.xphoto.createTonemapDurand is ours.createTonemapDurand
    assert type(ours.xphoto.createTonemapDurand()) is ours.TonemapDurand


@pytest.mark.parametrize("name", ["with two spaces", "窗边的房间"])
@pytest.mark.parametrize("extension", ["png", "jpg", "tif", "bmp", "hdr", "exr", "webp"])
def test_names_in_any_alphabet(name, extension, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    path = str(folder / f"{name} 1.{extension}")
    image = LIGHT if extension in ("hdr", "exr") else SMOOTH
    assert ours.imwrite(path, image)
    back = ours.imread(path, ours.IMREAD_UNCHANGED)
    assert back.shape == image.shape
    if extension in ("png", "tif", "bmp"):
        np.testing.assert_array_equal(back, image)
    half = ours.imread(path, 17)  # IMREAD_REDUCED_GRAYSCALE_2 goes to OpenCV
    assert half is not None or extension == "exr"  # which OpenCV does not read unasked
    assert ours.imwrite(str(folder / f"{name} 2.png"), CLEAR)  # alpha, too
    np.testing.assert_array_equal(ours.imread(str(folder / f"{name} 2.png"), -1), CLEAR)


def test_opencv_is_not_asked_for_what_is_not_there(tmp_path):
    assert ours.imread(str(tmp_path / "none.png"), 17) is None
    assert not ours.imwrite(str(tmp_path / "none" / "a.png"), CLEAR)
