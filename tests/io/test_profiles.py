"""Colour profiles: primaries and curves are taken from them; code values change under lookup tables only."""

from __future__ import annotations

import io
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from fullwell import color
from fullwell.errors import InputError
from fullwell.image import Bracket
from fullwell.io import formats, profile, read_bracket, read_frame
from fullwell.response.debevec97 import Debevec97
from fullwell.response.profile import Profile

LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def saved(path: Path, icc: bytes | None = None, exif: Image.Exif | None = None) -> Path:
    Image.new("RGB", (8, 8), (200, 100, 50)).save(
        path, quality=100, subsampling=0, icc_profile=icc, exif=b"" if exif is None else exif
    )
    return path


def matrix(path: Path) -> np.ndarray:
    return Bracket((read_frame(path),)).to_working


@pytest.mark.parametrize("name", ["sample_display_p3.jpg", "sample_prophoto_rgb.jpg"])
def test_one_picture_in_several_spaces_has_one_radiance(data: Path, name: str) -> None:
    folder = data / "icc_profiles"

    def light(path: Path, gamma: float) -> np.ndarray:
        codes = read_frame(path).codes() / 255
        linear = codes**1.8 if gamma == 1.8 else color.srgb_decode(codes)
        return linear.reshape(50, 16, 75, 16, 3).mean(axis=(1, 3))  # without the noise of JPEG

    truth = light(folder / "sample_srgb.jpg", 2.4)
    other = light(folder / name, 1.8 if "prophoto" in name else 2.4)
    inside = (truth > 0.02).all(axis=2) & (truth < 0.9).all(axis=2)  # not clipped by the smaller space
    with_matrix = np.abs(other @ matrix(folder / name).T - truth)[inside].mean()
    without = np.abs(other - truth)[inside].mean()
    assert with_matrix < 0.002
    assert with_matrix < without / 4


def test_codes_are_never_converted(data: Path) -> None:
    path = data / "icc_profiles" / "sample_prophoto_rgb.jpg"
    assert (read_frame(path).codes() == np.asarray(Image.open(path))).all()


def test_permuted_primaries(data: Path) -> None:
    """A profile whose red is green, whose green is blue, and whose blue is red."""
    assert matrix(data / "icc_profiles" / "rgb-to-gbr-test.png").round(1).tolist() in (
        [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
        [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
    )


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("DisplayP3.jpg", "p3"),
        ("P3-sRGB-color-ring.png", "p3"),
        ("Google-Pixel2XL-16bit_acescg_g1_v4_krita.png", "acescg"),
        ("DJI-FC6310-16bit_709_v4_krita.png", "rec709"),
        ("Sony-DSC-RX1RM2-14bit_srgb8_v4_krita.png", "rec709"),
        ("sample_srgb.jpg", "rec709"),
    ],
)
def test_known_spaces(data: Path, name: str, space: str) -> None:
    frame = read_frame(data / "icc_profiles" / name)
    assert (frame.to_d50 is None) == (space == "rec709")
    expected = color.conversion(space, "rec709")
    assert Bracket((frame,)).to_working == pytest.approx(expected, abs=4e-3)


def test_adobe_rgb_in_tiff(data: Path) -> None:
    frame = read_frame(data / "sculpture_garden_tiff" / "3.tif")
    assert frame.profile == "Adobe RGB (1998)"
    assert np.abs(frame.to_d50 - profile.ADOBE_RGB.to_d50).max() < 2e-3  # type: ignore[operator]


def test_adobe_rgb_said_by_exif_alone(tmp_path: Path) -> None:
    for tags in ({0xA001: 2}, {0xA005: {1: "R03"}}):
        exif = Image.Exif()
        exif.get_ifd(0x8769).update(tags)
        frame = read_frame(saved(tmp_path / "a.jpg", exif=exif))
        assert (frame.to_d50 == profile.ADOBE_RGB.to_d50).all(), tags
        assert frame.profile == "Adobe RGB (1998) (EXIF)"
        frame = read_frame(saved(tmp_path / "a.jpg", profile.srgb(), exif))  # the profile knows better
        assert frame.to_d50 is None


def lab_of(light: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* under D50 of linear Rec.709."""
    ratio = light @ color.primaries("rec709").to_d50.T / color.D50
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (ratio * 24389 / 27 + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def delta_e(path: Path, decoded: np.ndarray) -> np.ndarray:
    """How far the light that the profile response gives a file is from what LittleCMS says of its pixels."""
    bracket = Bracket((read_frame(path),))
    response = Profile()(bracket)
    light = response.table(bracket.levels)[bracket.frames[0].codes()[::3, ::3], np.arange(3)] / response.white
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    with Image.open(path) as image:
        icc = image.info["icc_profile"]
    pixels = decoded[::3, ::3].astype(np.float32) / np.iinfo(decoded.dtype).max
    truth = imagecodecs.cms_transform(
        np.ascontiguousarray(pixels), icc, lab, colorspace="rgb", outcolorspace="lab", outdtype="float32", intent=1
    )
    held = np.abs(truth[..., 1:]).max(axis=-1) < 127  # LittleCMS clips a and b there
    assert held.mean() > 0.99
    return np.linalg.norm(lab_of(light @ bracket.to_working.T) - truth, axis=-1)[held]


def test_every_profile_gives_the_light_that_littlecms_says(data: Path) -> None:
    paths = [p for p in sorted((data / "icc_profiles").iterdir()) if p.suffix in (".png", ".jpg")]
    assert len(paths) >= 12
    for path in paths:
        decoded = formats.read_header(path).decode()[:, :, :3]
        assert delta_e(path, decoded).max() < 0.5, path.name


def test_lookup_tables_are_applied(data: Path) -> None:
    path = data / "odd_broken" / "icc_profile_big.jpg"
    frame = read_frame(path)
    assert (frame.profile, frame.notes, frame.levels) == ("TIFF RGB", (), 65536)
    assert profile.working(frame.to_d50) == "rec2020"
    assert delta_e(path, formats.read_header(path).decode()).max() < 0.5


@pytest.mark.parametrize("name", ["HUAWEI-EVA-L09-16bit_709_g1_dt.png", "Google-Pixel2XL-16bit_acescg_g1_v4_krita.png"])
def test_a_linear_profile_is_the_response(data: Path, name: str) -> None:
    bracket = read_bracket([data / "icc_profiles" / name], times=[1.0])
    response = Debevec97()(bracket)
    assert (response.name, response.notes) == ("linear", ())
    light = response.table(bracket.levels) / response.white
    assert light[1:] == pytest.approx(np.linspace(0, 1, bracket.levels)[1:, None].repeat(3, axis=1), abs=1e-4)


def test_linear_light_is_not_mixed_with_a_cameras(data: Path) -> None:
    names = ("HUAWEI-EVA-L09-16bit_709_g1_dt.png", "HUAWEI-EVA-L09-16bit_srgb8_dt.png")
    with pytest.raises(InputError, match=r"g1_dt.png holds linear light, as RAW does, and .*srgb8_dt.png does not"):
        read_bracket([data / "icc_profiles" / name for name in names], whole=True)


@pytest.mark.parametrize("icc", [b"x" * 200, profile.srgb()[:150], profile.srgb()[:300] + bytes(300)])
def test_broken_profiles_are_a_note(tmp_path: Path, icc: bytes) -> None:
    frame = read_frame(saved(tmp_path / "a.jpg", icc))
    assert frame.to_d50 is None
    assert frame.notes
    assert frame.codes().shape == (8, 8, 3)


def test_profiles_that_are_not_rgb_are_ignored(tmp_path: Path) -> None:
    frame = read_frame(saved(tmp_path / "a.jpg", LAB))
    assert (frame.to_d50, frame.notes) == (None, ())


def test_none_is_taken_for_srgb_and_says_so(tmp_path: Path) -> None:
    frame = read_frame(saved(tmp_path / "a.png"))
    assert (frame.profile, frame.to_d50) == ("sRGB (assumed)", None)


def test_frames_that_disagree_are_noted(tmp_path: Path, data: Path) -> None:
    p3 = Image.open(data / "icc_profiles" / "sample_display_p3.jpg").info["icc_profile"]
    paths = [saved(tmp_path / "a.jpg"), saved(tmp_path / "b.jpg", profile.srgb())]
    assert read_bracket(paths).notes == ()  # two names of one space
    noted = read_bracket([*paths, saved(tmp_path / "c.jpg", p3)]).notes
    assert len(noted) == 1
    assert "Display P3" in noted[0]


def test_the_profile_written_is_read_by_others() -> None:
    parsed = ImageCms.ImageCmsProfile(io.BytesIO(profile.srgb())).profile
    assert parsed.xcolor_space.strip() == "RGB"
    same = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile.srgb())), ImageCms.createProfile("sRGB"), "RGB", "RGB"
    )
    picture = Image.effect_noise((32, 32), 90).convert("RGB")
    assert np.abs(np.asarray(ImageCms.applyTransform(picture, same)).astype(int) - np.asarray(picture)).max() <= 1
