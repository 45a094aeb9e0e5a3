"""Results out: right codes, metadata that tells the truth, the same bytes each time, whole files or none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from fullwell import __version__, color
from fullwell.errors import InputError, ParameterError, UsageError
from fullwell.image import Metadata, Picture, Radiance
from fullwell.io import (
    Encoding,
    check_output,
    exif,
    ifd,
    is_result,
    output,
    picture,
    profile,
    read_bracket,
    read_frame,
    read_radiance,
    read_recipe,
    write,
)

PICTURES = ("a.jpg", "a.png", "a.tif", "a.webp")
RADIANCES = ("a.hdr", "a.exr", "a.tif")
RECIPE = (
    'fullwell = "0.1.0"\n# a recipe\n[tonemap]\nid = "drago03"\n'
    + 'note = "'
    + "long \u00e9 " * 60
    + '"\n\n[output]\nquality = 95\n'
)


@pytest.fixture(scope="module")
def shades() -> Picture:
    """Smooth display light, 0 to 1, (h, w, 3)."""
    y, x = np.mgrid[0:40, 0:56].astype(np.float32)
    rgb = np.stack([x / 55, y / 39, (x + y) / 94], axis=2)
    return Picture(rgb, meta=Metadata(recipe=RECIPE))


@pytest.fixture(scope="module")
def scene() -> Radiance:
    """Fourteen stops of light."""
    rgb = np.exp2(np.random.default_rng(1).uniform(-7, 7, (41, 53, 3))).astype(np.float32)
    return Radiance(rgb, to_absolute=0.125, meta=Metadata(recipe=RECIPE))


# Code values


def test_kernel_agrees_with_the_standard() -> None:
    linear = np.concatenate([np.linspace(0, 1, 65536 * 3), np.geomspace(1e-9, 1, 30000), [0.0031308, 0.0031309]])
    rgb = np.resize(linear, (256, 900, 3)).astype(np.float32)
    exact = color.srgb_encode(rgb)
    for bits in (8, 16):
        top = 2**bits - 1
        off = np.abs(picture.encode(Picture(rgb), bits).codes.astype(np.float64) - exact * top)
        assert off.max() < (0.501 if bits == 8 else 1.0)


def test_kernel_takes_anything() -> None:
    odd = np.array([np.nan, -1.0, -np.inf, 0.0, 1.0, 1.0001, np.inf, 1e30, -0.0], np.float32).reshape(1, 3, 3)
    assert picture.encode(Picture(odd), 8).codes.ravel().tolist() == [0, 0, 0, 0, 255, 255, 255, 255, 0]


def test_every_8_bit_code_survives() -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)[:, :, None].repeat(3, axis=2)
    light = color.srgb_decode(codes / 255).astype(np.float32)
    assert (picture.encode(Picture(light), 8).codes == codes).all()


def test_primaries_are_converted_to_those_of_the_file() -> None:
    rgb = np.random.default_rng(0).uniform(0.2, 0.6, (5, 7, 3)).astype(np.float32)
    wide = (rgb @ color.conversion("rec709", "rec2020").T).astype(np.float32)
    same = picture.encode(Picture(rgb), 16).codes.astype(int) - picture.encode(Picture(wide, "rec2020"), 16).codes
    assert np.abs(same).max() <= 1


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("bits", [8, 16])
def test_lossless_pictures_come_back_exactly(tmp_path: Path, shades: Picture, name: str, bits: int) -> None:
    write(shades, tmp_path / name, Encoding(bits=bits))
    codes = read_frame(tmp_path / name).codes()
    assert codes.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert (codes == picture.encode(shades, bits).codes).all()


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("bits", [8, 16])
def test_other_readers_see_the_same_picture(tmp_path: Path, shades: Picture, name: str, bits: int) -> None:
    path = tmp_path / name
    write(shades, path, Encoding(bits=bits, quality=100))
    expected = color.srgb_encode(shades.rgb)
    for pixels in (
        oiio.ImageBuf(str(path)).get_pixels("float"),
        cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1],
    ):
        scale = {"u1": 255, "u2": 65535}.get(pixels.dtype.str[1:], 1)
        off = np.abs(pixels / scale - expected)
        assert off.mean() < 0.006 if name in ("a.jpg", "a.webp") else off.max() < 0.003


def test_big_endian_exif_makes_a_big_endian_tiff(tmp_path: Path, shades: Picture, scene: Radiance) -> None:
    block = ifd.Builder(b"MM\0*\0\0\0\0")
    meta = Metadata(block.finish({0x010F: block.entry(ifd.ASCII, b"Some maker\0")}))
    write(shades, tmp_path / "a.tif", Encoding(bits=16), meta)
    assert (tmp_path / "a.tif").read_bytes().startswith(b"MM")
    pixels = oiio.ImageBuf(str(tmp_path / "a.tif")).get_pixels("uint16")
    assert (pixels == picture.encode(shades, 16).codes).all()
    write(scene, tmp_path / "b.tif", meta=meta)
    assert (oiio.ImageBuf(str(tmp_path / "b.tif")).get_pixels("float") == scene.rgb).all()
    assert (imagecodecs.tiff_decode((tmp_path / "b.tif").read_bytes()) == scene.rgb).all()


def test_integer_arrays_are_code_values(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (9, 11, 3)).astype(np.uint8)
    for name, bits in (("a.png", 8), ("b.png", 16), ("c.tif", 8)):
        write(codes, tmp_path / name, Encoding(bits=bits))
        assert (read_frame(tmp_path / name).codes() == (codes if bits == 8 else codes.astype(np.uint16) * 257)).all()
    write(codes.astype(np.uint16) * 257, tmp_path / "d.png")
    assert (read_frame(tmp_path / "d.png").codes() == codes).all()


def test_float_arrays_become_what_the_file_holds(tmp_path: Path) -> None:
    rgb = np.full((4, 5, 3), 0.5, np.float32)
    write(rgb, tmp_path / "a.exr")
    assert (read_radiance(tmp_path / "a.exr").rgb == rgb).all()
    write(rgb, tmp_path / "a.png")
    assert (read_frame(tmp_path / "a.png").codes() == 188).all()  # linear one half in sRGB


def test_quality_and_colour_resolution_of_jpeg(tmp_path: Path, shades: Picture) -> None:
    sizes = []
    for quality, sampling in ((50, (2, 2)), (89, (2, 2)), (90, (1, 1)), (100, (1, 1))):
        write(shades, tmp_path / "a.jpg", Encoding(quality=quality))
        sizes.append((tmp_path / "a.jpg").stat().st_size)
        with Image.open(tmp_path / "a.jpg") as image:
            assert image.layer[0][1:3] == sampling  # type: ignore[attr-defined]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("values", [{"quality": 0}, {"quality": 101}, {"bits": 11}, {"exr_type": "double"}])
def test_encoding_says_what_is_legal(values: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=f"output: {next(iter(values))} must be"):
        Encoding(**values)  # type: ignore[arg-type]


# Radiance


def test_float_files_are_exact(tmp_path: Path, scene: Radiance) -> None:
    for name, encoding in (("a.exr", Encoding(exr_type="float")), ("a.tif", Encoding())):
        write(scene, tmp_path / name, encoding)
        assert (read_radiance(tmp_path / name).rgb == scene.rgb).all()


def test_half_floats_round_to_nearest(tmp_path: Path, scene: Radiance) -> None:
    write(scene, tmp_path / "a.exr")
    assert (read_radiance(tmp_path / "a.exr").rgb == scene.rgb.astype(np.float16)).all()


def test_halfs_only_where_they_reach(tmp_path: Path) -> None:
    bright = np.full((3, 4, 3), 65504.0, np.float32)
    for value, kind in ((65504.0, "half"), (65505.0, "float"), (np.inf, "half"), (np.nan, "half")):
        bright[1, 1] = value
        write(Radiance(bright), tmp_path / "a.exr")
        assert str(oiio.ImageInput.open(str(tmp_path / "a.exr")).spec().format) == kind
        np.testing.assert_array_equal(read_radiance(tmp_path / "a.exr").rgb, bright)
    bright[1, 1] = (1e6, -1e6, np.inf)
    write(Radiance(bright), tmp_path / "a.exr", Encoding(exr_type="half"))
    assert read_radiance(tmp_path / "a.exr").rgb[1, 1].tolist() == [65504.0, -65504.0, np.inf]


@pytest.mark.parametrize("compression", output.EXR_COMPRESSIONS)
def test_compressions_are_what_they_are_called(tmp_path: Path, scene: Radiance, compression: str) -> None:
    write(scene, tmp_path / "a.exr", Encoding(exr_compression=compression))
    spec = oiio.ImageInput.open(str(tmp_path / "a.exr")).spec()
    assert spec.getattribute("compression").startswith(compression)
    assert spec.channelnames == ("R", "G", "B")
    if compression in ("none", "rle", "zips", "zip", "piz"):
        assert (read_radiance(tmp_path / "a.exr").rgb == scene.rgb.astype(np.float16)).all()


@given(st.lists(st.floats(2.0**-100, 2.0**120, width=32), min_size=3, max_size=30), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_rgbe_is_within_half_a_step_of_the_largest_channel(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], width: int
) -> None:
    rgb = np.resize(np.array(values, np.float32), (3, width, 3))
    path = tmp_path_factory.mktemp("hdr") / "a.hdr"
    write(Radiance(rgb), path)
    read = read_radiance(path).rgb
    assert (np.abs(read - rgb) / rgb.max(axis=2, keepdims=True)).max() <= 1 / 256
    for other in (imagecodecs.rgbe_decode(path.read_bytes()), cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1]):
        assert np.allclose(other, read, rtol=1e-6)
    assert np.allclose(oiio.ImageBuf(str(path)).get_pixels("float"), read, rtol=1e-6)


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 129])
def test_bands_of_rows_join(tmp_path: Path, rows: int) -> None:
    rgb = np.random.default_rng(rows).integers(0, 3, (rows, 40, 3)).astype(np.float32)[:, ::2]
    write(Radiance(rgb), tmp_path / "a.hdr")
    assert (cv2.imread(str(tmp_path / "a.hdr"), cv2.IMREAD_UNCHANGED)[..., ::-1] == rgb).all()


@pytest.mark.parametrize("width", [8, 127, 129, 300, 1000, 7, 32768])
def test_runs_of_every_length_come_back(tmp_path: Path, width: int) -> None:
    """Planes of runs, of noise and of both, as other decoders read them."""
    rng = np.random.default_rng(width)
    rows = [np.zeros(width), np.arange(width) % 7, np.arange(width) % 2, rng.integers(0, 256, width)]
    for longest in (2, 3, 4, 5, 127, 128, 300):
        rows.append(np.repeat(rng.integers(0, 256, width), rng.integers(1, longest + 1, width))[:width])
    rgb = np.stack([np.stack([row, np.roll(row, 3), 255 - row], axis=1) for row in rows]).astype(np.float32)
    rgb.flags.writeable = False
    write(Radiance(rgb), tmp_path / "a.hdr")
    read = read_radiance(tmp_path / "a.hdr").rgb
    assert np.abs(read - rgb).max() <= 0.5
    assert (cv2.imread(str(tmp_path / "a.hdr"), cv2.IMREAD_UNCHANGED)[..., ::-1] == read).all()


def test_damaged_run_lengths_are_refused_or_read_never_run_over(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    write(Radiance(np.repeat(rng.random((6, 40, 1), np.float32), 3, axis=2)), tmp_path / "a.hdr")
    whole = np.frombuffer((tmp_path / "a.hdr").read_bytes(), np.uint8)
    for _ in range(300):
        damaged = whole.copy()
        damaged[rng.integers(len(whole) - 900, len(whole), 3)] = rng.integers(0, 256, 3)
        (tmp_path / "a.hdr").write_bytes(damaged[: rng.integers(len(whole) - 20, len(whole) + 1)].tobytes())
        with suppress(InputError):
            assert read_radiance(tmp_path / "a.hdr").rgb.shape == (6, 40, 3)


def test_rgbe_does_not_darken(tmp_path: Path, scene: Radiance) -> None:
    """Truncation, which many writers do, loses 0.28 % on average."""
    write(scene, tmp_path / "a.hdr")
    largest = scene.rgb.max(axis=2)
    assert np.mean(read_radiance(tmp_path / "a.hdr").rgb.max(axis=2) / largest) == pytest.approx(1, abs=2e-4)


def test_rgbe_of_odd_values(tmp_path: Path) -> None:
    odd = np.array([[np.nan, -1, 2], [np.inf, 1, 1], [-np.inf, 0, 0], [1e-42, 0, 0]], np.float32).reshape(2, 2, 3)
    write(Radiance(odd), tmp_path / "a.hdr")
    read = read_radiance(tmp_path / "a.hdr").rgb.reshape(4, 3)
    assert read[0].tolist() == [0, 0, 2]
    assert read[1, 0] == 255 * 2.0**119
    assert (read[2:] == 0).all()


@pytest.mark.parametrize("name", RADIANCES)
@pytest.mark.parametrize("space", color.WORKING)
def test_primaries_and_scale_are_kept(tmp_path: Path, scene: Radiance, name: str, space: str) -> None:
    write(Radiance(scene.rgb, space, to_absolute=0.3, noise_floor=0.02), tmp_path / name)
    read = read_radiance(tmp_path / name)
    assert read.primaries == space
    assert read.to_absolute == pytest.approx(0.3, rel=1e-6)
    assert read.noise_floor == pytest.approx(0.02, rel=1e-6)


# Size


@pytest.mark.parametrize(
    ("height", "width", "edge", "size"),
    [(60, 90, 30, (20, 30)), (90, 60, 30, (30, 20)), (6, 9, 0, (6, 9)), (6, 9, 500, (6, 9)), (3, 900, 90, (1, 90))],
)
def test_the_longer_side_is_as_asked(tmp_path: Path, height: int, width: int, edge: int, size: tuple[int, int]) -> None:
    flat = Picture(np.full((height, width, 3), (0.1, 0.5, 0.9), np.float32))
    write(flat, tmp_path / "a.png", Encoding(long_edge=edge))
    read = read_frame(tmp_path / "a.png")
    assert read.shape == size
    assert (read.codes() == np.round(color.srgb_encode(flat.rgb[0, 0]) * 255)).all()  # flat stays flat


def test_light_is_averaged_not_codes() -> None:
    stripes = Picture(np.tile(np.float32([[0.0], [1.0]]), (64, 128))[:, :, None].repeat(3, axis=2))
    np.testing.assert_allclose(picture.fitted(stripes, 16).rgb, 0.5, atol=0.02)  # averaged codes would be 0.21


def test_a_smaller_edge_has_no_dark_or_bright_line_beside_it() -> None:
    edge = np.full((50, 200, 3), 0.02, np.float32)
    edge[:, 97:] = 1.0
    small = picture.fitted(Picture(edge), 63).rgb
    assert small.min() >= 0.02 - 1e-6
    assert small.max() <= 1.0 + 1e-6
    assert (np.diff(small[0, :, 0]) >= -1e-6).all()


def test_code_values_are_made_smaller_as_light(tmp_path: Path) -> None:
    codes = np.zeros((40, 40, 3), np.uint8)
    codes[::2] = 255
    write(codes, tmp_path / "a.png", Encoding(long_edge=10))
    assert (
        np.abs(read_frame(tmp_path / "a.png").codes().astype(int) - 188).max() <= 6
    )  # half the light; the mean code is 127


def test_radiance_keeps_its_size(tmp_path: Path, scene: Radiance) -> None:
    write(scene, tmp_path / "a.exr", Encoding(long_edge=10))
    assert read_radiance(tmp_path / "a.exr").rgb.shape == scene.rgb.shape


# Metadata


@pytest.mark.parametrize("name", ["a.hdr", "a.exr", "a.jpg", "a.png", "a.tif", "a.webp"])
def test_the_recipe_comes_back(tmp_path: Path, shades: Picture, scene: Radiance, name: str) -> None:
    write(scene if name in ("a.hdr", "a.exr") else shades, tmp_path / name)
    assert read_recipe(tmp_path / name) == RECIPE
    assert is_result(tmp_path / name)
    write(scene if name in ("a.hdr", "a.exr") else shades, tmp_path / name, meta=Metadata())
    with pytest.raises(InputError, match="carries no recipe"):
        read_recipe(tmp_path / name)
    assert not is_result(tmp_path / name)


def test_what_another_program_wrote_since_is_its_own(tmp_path: Path, shades: Picture) -> None:
    write(shades, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        edited = image.getexif()
        edited[0x0131] = "GIMP 2.10"
        image.save(tmp_path / "a.jpg", exif=edited, comment=image.info["comment"])
    assert read_recipe(tmp_path / "a.jpg") == RECIPE
    assert not is_result(tmp_path / "a.jpg")


def test_no_file_of_whatever_kind_is_taken_for_a_result(tmp_path: Path, data: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.exr").write_text("[tonemap]")
    (tmp_path / "folder.jpg").mkdir()
    os.symlink("nowhere", tmp_path / "dangling.jpg")
    odd = [p for folder in ("odd_broken", "odd_modes", "odd_exif", "hdr_formats") for p in (data / folder).iterdir()]
    assert len(odd) > 20
    assert [p for p in [*tmp_path.iterdir(), *odd] if is_result(p)] == []


def test_float_tiff_carries_the_recipe(tmp_path: Path, scene: Radiance) -> None:
    write(scene, tmp_path / "a.tif")
    assert read_recipe(tmp_path / "a.tif") == RECIPE == read_radiance(tmp_path / "a.tif").meta.recipe


def camera_exif() -> bytes:
    """A block with everything that a merged picture must not keep, a thumbnail, and a maker note full of offsets."""
    made = ifd.Builder(b"MM\0*\0\0\0\0")
    note = bytes(range(256)) * 3
    camera = {
        0x829A: made.entry(ifd.RATIONAL, [1, 8]),
        0x829D: made.entry(ifd.RATIONAL, [56, 10]),
        0x8827: made.entry(ifd.SHORT, [400]),
        0x9003: made.entry(ifd.ASCII, b"2020:01:02 03:04:05\0"),
        0x9201: made.entry(ifd.RATIONAL, [3, 1]),
        0x9202: made.entry(ifd.RATIONAL, [5, 1]),
        0x9204: made.entry(ifd.RATIONAL, [2, 1]),
        0x920A: made.entry(ifd.RATIONAL, [50, 1]),
        0x927C: made.entry(ifd.UNDEFINED, note),
        0xA001: made.entry(ifd.SHORT, [2]),
        0xA002: made.entry(ifd.SHORT, [6000]),
        0xA434: made.entry(ifd.ASCII, b"A lens\0"),
    }
    gps = {1: made.entry(ifd.ASCII, b"N\0"), 2: made.entry(ifd.RATIONAL, [48, 1, 12, 1, 0, 1])}
    root = {
        0x010F: made.entry(ifd.ASCII, b"A maker\0"),
        0x0110: made.entry(ifd.ASCII, b"A model with a long name\0"),
        0x0112: made.entry(ifd.SHORT, [6]),
        0x8298: made.entry(ifd.ASCII, b"Somebody\0"),
        exif.EXIF_IFD: made.pointer(camera),
        exif.GPS_IFD: made.pointer(gps),
    }
    block = bytearray(made.finish(root))
    first = ifd.first(block)
    size = len(ifd.directory(block, first)[0])
    thumbnail = ifd.Builder(block)
    at = thumbnail.add({0x0201: thumbnail.entry(ifd.LONG, [0]), 0x0202: thumbnail.entry(ifd.LONG, [3000])})
    start = thumbnail.append(bytes(3000))
    thumbnail.data[first + 2 + 12 * size : first + 6 + 12 * size] = at.to_bytes(4, "big")
    thumbnail.data[at + 10 : at + 14] = start.to_bytes(4, "big")
    return bytes(thumbnail.data)


@pytest.mark.parametrize("name", PICTURES)
def test_exif_tells_the_truth_about_the_result(tmp_path: Path, shades: Picture, name: str) -> None:
    given = camera_exif()
    note = Image.Exif()
    note.load(b"Exif\0\0" + given)
    assert note.get_ifd(exif.EXIF_IFD)[0x829A] == 0.125
    write(shades, tmp_path / name, meta=Metadata(given, varies=("ISO",)))
    with Image.open(tmp_path / name) as image:
        block = image.getexif()
        camera, gps = block.get_ifd(exif.EXIF_IFD), block.get_ifd(exif.GPS_IFD)
        assert image.info["icc_profile"] == profile.srgb()
    assert block[0x010F] == "A maker"
    assert block[0x8298] == "Somebody"
    assert block.get(0x0112, 1) == 1
    assert block[0x0131] == f"Fullwell {__version__}"
    assert not {0x829A, 0x9201, 0x9204, 0x8827} & set(camera)  # one frame's time and bias, and an ISO that varied
    assert camera[0x829D] == IFDRational(56, 10)
    assert camera[0xA434] == "A lens"
    assert (camera[0xA001], camera[0xA002], camera[0xA003]) == (1, 56, 40)
    assert camera[0x927C] == bytes(range(256)) * 3
    assert gps[2] == (48, 12, 0)
    data = (tmp_path / name).read_bytes()
    assert bytes(1500) not in data  # the thumbnail is gone
    if name != "a.tif":
        assert data.index(bytes(range(256))) - data.index(b"MM\0*") == given.index(bytes(range(256)))  # same offset


def test_exif_of_nothing_names_the_software(tmp_path: Path, shades: Picture) -> None:
    for block in (None, b"", b"no exif", b"II*\0\xff\xff\xff\xff"):
        write(shades, tmp_path / "a.jpg", meta=Metadata(block))
        with Image.open(tmp_path / "a.jpg") as image:
            assert image.getexif()[0x0131].startswith("Fullwell")


def test_exif_beyond_a_jpeg_segment_loses_its_maker_note(tmp_path: Path, shades: Picture) -> None:
    made = ifd.Builder()
    camera = {0x927C: made.entry(ifd.UNDEFINED, bytes(70_000)), 0xA434: made.entry(ifd.ASCII, b"A lens\0")}
    meta = Metadata(made.finish({exif.EXIF_IFD: made.pointer(camera)}))
    write(shades, tmp_path / "a.jpg", meta=meta)
    with Image.open(tmp_path / "a.jpg") as image:
        kept = image.getexif().get_ifd(exif.EXIF_IFD)
        assert image.getexif()[0x0131].startswith("Fullwell")
    assert kept[0xA434] == "A lens"
    assert 0x927C not in kept


def exiftool(*arguments: object) -> list[dict[str, object]]:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    ran = subprocess.run(["exiftool", "-j", "-a", "-G1", *map(str, arguments)], capture_output=True, check=True)
    return json.loads(ran.stdout)


@pytest.mark.parametrize("folder", ["arch_night_learnopencv", "library_night_d90", "window_iphone6_ori6"])
def test_exiftool_agrees_and_finds_the_maker_notes(data: Path, tmp_path: Path, shades: Picture, folder: str) -> None:
    """Canon's maker notes hold offsets into the block, Nikon's and Apple's into themselves."""
    bracket = read_bracket(sorted(p for p in (data / folder).iterdir() if p.suffix.lower() == ".jpg"))
    source = bracket.frames[bracket.reference].name
    (before,) = exiftool(source)
    for name in ("a.jpg", "a.png", "a.tif", "a.webp"):
        write(shades, tmp_path / name, meta=bracket.meta)
        (after,) = exiftool("-ICC_Profile:all", "-all", tmp_path / name)
        assert not {"ExifTool:Warning", "ExifTool:Error"} & set(after), after
        notes = {k: v for k, v in before.items() if k.split(":")[0] in ("Canon", "Nikon", "Apple")}
        assert len(notes) > 5
        assert {k: after.get(k) for k in notes} == notes
        assert after["IFD0:Model"] == before["IFD0:Model"]
        assert after.get("IFD0:Orientation", "Horizontal (normal)") == "Horizontal (normal)"
        assert after["ExifIFD:FNumber"] == before["ExifIFD:FNumber"]
        assert after["ExifIFD:DateTimeOriginal"] == before["ExifIFD:DateTimeOriginal"]
        assert "ExifIFD:ExposureTime" not in after
        assert "ExifIFD:ExposureCompensation" not in after
        assert not [k for k in after if k.startswith("IFD1:")]
        if name != "a.png":  # this exiftool may lack the library that inflates PNG profiles
            assert after["ICC-header:ColorSpaceData"].strip() == "RGB"  # type: ignore[attr-defined]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_exif_never_stops_anything(draw: st.DataObject) -> None:
    block = bytearray(camera_exif())
    for at, value in draw.draw(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=12)):
        block[at] = value
    harmed = bytes(block[: draw.draw(st.integers(0, len(block)))])
    said = exif.read(harmed)
    assert 1 <= said.orientation <= 8
    result = exif.of_result(Metadata(harmed), 10, 20)
    again = exif.read(result)
    assert (again.orientation, again.exposure.time_s) == (1, None)


def test_the_profile_is_srgb() -> None:
    said = profile.read(profile.srgb())
    assert said.name == "sRGB built-in"
    assert said.to_d50 is None


# Whole files or none, the same each time


def test_the_same_bytes_in_another_second_and_time_zone(
    tmp_path: Path, shades: Picture, scene: Radiance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written() -> dict[str, bytes]:
        profile.srgb.cache_clear()
        for image, names in ((shades, PICTURES), (scene, ("a.hdr", "a.exr", "f.tif"))):
            for name in names:
                write(image, tmp_path / name, meta=Metadata(camera_exif(), recipe=RECIPE))
        return {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    before = written()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        time.sleep(1.1)
        after = written()
    time.tzset()
    assert before == after
    assert len(before) == 7


@pytest.mark.parametrize("name", [*PICTURES, "a.hdr", "a.exr"])
def test_a_failing_writer_leaves_what_was_there(
    tmp_path: Path, shades: Picture, scene: Radiance, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text("before")
    real = os.replace

    def full(*paths: Path) -> None:
        assert Path(paths[0]).stat().st_size > 100  # all was written beside it
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageError, match=rf"{name}: cannot be written \(No space left on device\)"):
        write(scene if name in ("a.hdr", "a.exr") else shades, tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "before"
    monkeypatch.setattr(os, "replace", real)
    write(scene if name in ("a.hdr", "a.exr") else shades, tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_an_interrupted_writer_leaves_nothing(tmp_path: Path, shades: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(self: Image.Image, path: Path, *args: object, **options: object) -> None:
        Path(path).write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", stopped)
    with pytest.raises(KeyboardInterrupt):
        write(shades, tmp_path / "a.webp")
    assert list(tmp_path.iterdir()) == []


def test_sizes_that_a_format_cannot_hold(tmp_path: Path) -> None:
    wide = Picture(np.zeros((1, 70_000, 3), np.float32))
    for name in ("a.webp", "a.jpg"):
        with pytest.raises(UsageError, match="cannot be written"):
            write(wide, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_links_are_written_through(tmp_path: Path, shades: Picture) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "real" / "a.png")
    write(shades, tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real" / "a.png").stat().st_size > 100


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("a.jpg", "radiance", "needs a tone mapper; write .hdr, .exr or .tif"),
        ("a.png", "radiance", "needs a tone mapper"),
        ("a.hdr", "picture", "holds radiance, not a finished picture"),
        ("a.exr", "picture", "holds radiance, not a finished picture"),
        ("a.jpgg", "picture", r"no format is called '\.jpgg'; did you mean '\.jpg'"),
        ("a.xyz", "picture", r"known: \.hdr, \.exr"),
        ("a", "picture", "no extension"),
        ("none/a.jpg", "picture", "there is no folder .*none; make it first"),
        ("folder.jpg", "picture", "is a folder"),
    ],
)
def test_outputs_are_refused_before_the_work(tmp_path: Path, name: str, kind: str, says: str) -> None:
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(UsageError, match=says) as raised:
        check_output(tmp_path / name, kind)
    assert str(tmp_path / name) in str(raised.value)


def test_folders_without_permission(tmp_path: Path, shades: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="no permission"):
        write(shades, tmp_path / "a.jpg")


def test_wrong_kinds_are_refused_by_write(tmp_path: Path, shades: Picture, scene: Radiance) -> None:
    with pytest.raises(UsageError, match="tone mapper"):
        write(scene, tmp_path / "a.jpg")
    with pytest.raises(UsageError, match="not a finished picture"):
        write(shades, tmp_path / "a.exr")
    assert list(tmp_path.iterdir()) == []


def test_extensions_in_capitals(tmp_path: Path, shades: Picture) -> None:
    write(shades, tmp_path / "A.JPG")
    assert read_frame(tmp_path / "A.JPG").shape == (40, 56)


def test_fractions_in_photographs(tmp_path: Path) -> None:
    """What the simulated camera writes is read back."""
    from fullwell.image import Exposure
    from fullwell.io.photograph import write_photograph

    codes = np.zeros((8, 8, 3), np.uint8)
    write_photograph(codes, tmp_path / "a.jpg", Exposure(1 / 30, 5.6, 200))
    exposure = read_frame(tmp_path / "a.jpg").exposure
    assert exposure.time_s == float(Fraction(1, 30))
    assert (exposure.f_number, exposure.iso) == (5.6, 200)
