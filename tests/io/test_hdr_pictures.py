"""HDR pictures: the rendition, gain maps, transfer functions, and what independent readers make of the files."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fullwell import color
from fullwell.errors import InputError, ParameterError, UsageError
from fullwell.image import Metadata, Picture, Radiance
from fullwell.io import (
    Encoding,
    boxes,
    exif,
    hdr_picture,
    ifd,
    jpeg,
    read_frame,
    read_radiance,
    read_recipe,
    rendition,
    signal,
    ultrahdr,
    verify,
    write,
)
from fullwell.io.rendition import HdrPicture
from fullwell.params import build
from fullwell.simulate import hills

RECIPE = 'fullwell = "0.1.0"\n\n[tonemap]\nid = "reinhard05"\n'


@pytest.fixture(scope="module")
def scene() -> Radiance:
    return Radiance(hills(180, 260, stops=11.0), meta=Metadata(recipe=RECIPE))


@pytest.fixture(scope="module")
def hdr(scene: Radiance) -> HdrPicture:
    return hdr_picture(scene, build("tonemap", "reinhard05")(scene))


def exiftool(*arguments: object) -> list[dict[str, object]]:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    ran = subprocess.run(["exiftool", "-j", "-a", "-G1", *map(str, arguments)], capture_output=True, check=True)
    return json.loads(ran.stdout)


def stops(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(np.log2(np.maximum(a, 1e-7) / np.maximum(b, 1e-7)))


def encodable(name: str) -> None:
    if name.endswith(".heic"):
        pytest.importorskip("pillow_heif", reason="the extra `heic-write` is not installed")


# The rendition


def test_diffuse_white_gives_both_renditions_the_same_midtones() -> None:
    light = np.random.default_rng(0).uniform(0.0, 40.0, (60, 70)).astype(np.float32)
    for scale in (0.01, 3.0):
        hdr = hdr_picture(Radiance(light * scale), Picture(np.minimum(light / 20, 1)))
        assert hdr.white == pytest.approx(20 * scale, rel=1e-5)


def test_without_a_base_picture_the_log_average_is_middle_grey() -> None:
    hdr = hdr_picture(Radiance(np.full((4, 5, 3), 0.36, np.float32)))
    assert hdr.white == pytest.approx(2.0, rel=1e-5)
    black = hdr_picture(Radiance(np.zeros((4, 5, 3))), Picture(np.zeros((4, 5, 3))))
    assert black.white > 0


def test_what_fits_the_peak_is_shown_as_it_is(scene: Radiance) -> None:
    hdr = HdrPicture(scene, None, white=float(scene.rgb.max()) / 4)
    how = rendition.rendition(hdr, "rec709", peak=5.0)
    assert how.headroom == pytest.approx(4.0, rel=1e-5)
    np.testing.assert_allclose(rendition.light(hdr, how), scene.rgb / np.float32(hdr.white), rtol=2e-6)


@given(st.floats(1.5, 50), st.floats(1.01, 1000))
@settings(max_examples=50, deadline=None)
def test_highlights_roll_off_to_the_peak(peak: float, over: float) -> None:
    values = np.geomspace(1e-3, peak * over, 500).astype(np.float32)
    rgb = np.stack([values, values / 2, values / 8], axis=1)[None]
    hdr = HdrPicture(Radiance(rgb), None, 1.0)
    shown = rendition.light(hdr, rendition.rendition(hdr, "rec709", peak))[0]
    below = values < math.sqrt(peak)
    np.testing.assert_allclose(shown[below], rgb[0][below], rtol=3e-6)
    assert (np.diff(shown[:, 0]) > 0).all()
    assert shown[-1, 0] == pytest.approx(peak, rel=1e-4)
    np.testing.assert_allclose(shown[:, 1] * 2, shown[:, 0], rtol=1e-5)  # hues stay
    steps = np.diff(np.log2(shown[:, 0])) / np.diff(np.log2(values.astype(np.float64)))
    assert steps.max() < 1.01  # contrast never grows, and falls smoothly
    assert np.abs(np.diff(steps)).max() < 0.2


def test_the_rendition_takes_anything() -> None:
    odd = np.array([np.nan, -1.0, np.inf, 0.0, 1.0, -np.inf, 1e30, 1e-40, 2.0], np.float32).reshape(1, 3, 3)
    hdr = HdrPicture(Radiance(odd), None, 1.0)
    shown = rendition.light(hdr, rendition.rendition(hdr, "rec2020", 16.0))
    assert np.isfinite(shown).all()
    assert (shown >= 0).all()
    assert shown.max() <= 16.1


def test_hdr_pictures_say_what_is_wrong(scene: Radiance) -> None:
    with pytest.raises(InputError, match="must have one size"):
        HdrPicture(scene, Picture(np.zeros((2, 3, 3))), 1.0)
    with pytest.raises(InputError, match="diffuse white must be a radiance above 0, got nan"):
        HdrPicture(scene, None, math.nan)
    with pytest.raises(ParameterError, match="peak must be at least nits, 203, or 0, got 100"):
        Encoding(peak=100.0)


# Ultra HDR


@pytest.mark.parametrize(("scale", "channels"), [(1, "rgb"), (2, "rgb"), (3, "single"), (1, "single")])
@pytest.mark.parametrize("size", [(17, 23), (1, 1), (6, 1), (24, 36)])
def test_the_gain_map_is_what_the_standard_says(size: tuple[int, int], scale: int, channels: str) -> None:
    rng = np.random.default_rng(3)
    shown = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
    rgb = np.exp2(rng.uniform(-9, 6, (*size, 3))).astype(np.float32)
    hdr = HdrPicture(Radiance(rgb), None, 2.0)
    how = rendition.rendition(hdr, "rec709", 8.0)
    made = ultrahdr.measured(shown, rgb, how, scale, channels)
    above, below = rendition.light(hdr, how).astype(np.float64), color.srgb_decode(shown / 255)
    if channels == "single":
        above, below = (light @ color.primaries("rec709").luminance for light in (above, below))
        above, below = above[..., None], below[..., None]
    gains = np.log2((above + 1 / 64) / (below + 1 / 64))
    assert made.low == pytest.approx(gains.min(), abs=1e-4)
    assert made.high == pytest.approx(max(gains.max(), gains.min() + 1 / 256), abs=1e-4)
    for y, x in np.ndindex(made.codes.shape[:2]):
        mean = gains[scale * y : scale * (y + 1), scale * x : scale * (x + 1)].mean(axis=(0, 1))
        expected = (mean - made.low) * 255 / (made.high - made.low)
        assert np.abs(made.codes[y, x] - expected).max() < 0.51 + 0.002 * 255 / (made.high - made.low)


@pytest.mark.parametrize("mapper", ["reinhard05", "drago03", "durand02"])
def test_ultra_hdr_reads_back_as_the_radiance(tmp_path: Path, scene: Radiance, mapper: str) -> None:
    """Two readers that share no code with the writer; to the stated headroom, for base codes over 16."""
    hdr = hdr_picture(scene, build("tonemap", mapper)(scene))
    write(hdr, tmp_path / "a.jpg", Encoding(hdr=True))
    data = (tmp_path / "a.jpg").read_bytes()
    counted = imagecodecs.jpeg8_decode(data) > 16
    radiance = np.minimum(scene.rgb / hdr.white, 16.0)
    for read in (imagecodecs.ultrahdr_decode(data), oiio.ImageBuf(str(tmp_path / "a.jpg")).get_pixels("float")):
        assert np.median(stops(read[..., :3].astype(np.float32), radiance)[counted]) < 0.1
        assert 12.0 < read[..., :3].max() < 18.0


def test_real_radiance_survives_ultra_hdr(data: Path, tmp_path: Path) -> None:
    from fullwell.io import read_radiance

    for name in ("Desk.exr", "CandleGlass.exr"):
        scene = read_radiance(data / "hdr_truth" / name)
        hdr = hdr_picture(scene, build("tonemap", "reinhard05")(scene))
        write(hdr, tmp_path / "a.jpg", Encoding(hdr=True))
        coded = (tmp_path / "a.jpg").read_bytes()
        read = imagecodecs.ultrahdr_decode(coded)[..., :3].astype(np.float32)
        counted = imagecodecs.jpeg8_decode(coded) > 16
        radiance = np.minimum(np.maximum(scene.rgb, 0) / hdr.white, 16.0)
        assert np.median(stops(read, radiance)[counted]) < 0.1


def without(data: bytes, *beginnings: bytes) -> bytes:
    """A JPEG less the segments of its first picture that begin so."""
    out, at = data[:2], 2
    for marker, offset, payload in jpeg.segments(data):
        if marker == jpeg.SOS:
            return out + data[at:]
        end = offset + 2 + len(payload)
        if not payload.startswith(beginnings):
            out += data[at:end]
        at = end
    raise AssertionError("no picture")


def test_either_metadata_is_enough(tmp_path: Path, hdr: HdrPicture) -> None:
    write(hdr, tmp_path / "a.jpg", Encoding(hdr=True))
    data = (tmp_path / "a.jpg").read_bytes()
    second = data.index(b"\xff\xd9\xff\xd8") + 2
    both = imagecodecs.ultrahdr_decode(data)
    for beginning in (jpeg.XMP, ultrahdr.ISO):
        first, behind = without(data[:second], beginning), without(data[second:], beginning)
        length, index = len(first), first.index(b"MPF\0") + 4
        entries = first.index((second).to_bytes(4, "big"), index)  # the index must tell the new sizes
        fixed = bytearray(first)
        fixed[entries : entries + 4] = length.to_bytes(4, "big")
        fixed[entries + 16 : entries + 20] = len(behind).to_bytes(4, "big")
        fixed[entries + 20 : entries + 24] = (length - index).to_bytes(4, "big")
        old = f'Item:Length="{len(data) - second}"'.encode()
        new = f'Item:Length="{len(behind)}"'.encode().ljust(len(old))
        alone = imagecodecs.ultrahdr_decode(bytes(fixed).replace(old, new) + behind)
        assert np.abs(alone.astype(np.float32) - both.astype(np.float32)).max() < 0.05


def test_the_base_picture_is_the_plain_jpeg(tmp_path: Path, hdr: HdrPicture) -> None:
    meta = Metadata(sources=("one.jpg", "two.jpg"), recipe=RECIPE, times_s=(0.5, 0.25))
    write(hdr, tmp_path / "hdr.jpg", Encoding(hdr=True), meta)
    assert hdr.base is not None
    write(hdr.base, tmp_path / "sdr.jpg", meta=meta)
    frames = read_frame(tmp_path / "hdr.jpg"), read_frame(tmp_path / "sdr.jpg")
    assert (frames[0].codes() == frames[1].codes()).all()
    assert frames[0].meta.exif == frames[1].meta.exif
    assert read_recipe(tmp_path / "hdr.jpg") == RECIPE
    assert frames[0].profile == frames[1].profile == "sRGB built-in"


def test_the_container_is_what_it_says(tmp_path: Path, hdr: HdrPicture) -> None:
    write(hdr, tmp_path / "a.jpg", Encoding(hdr=True, gain_map_scale=2, gain_map="single", peak=203.0 * 8))
    data = (tmp_path / "a.jpg").read_bytes()
    (told,) = exiftool(tmp_path / "a.jpg")
    assert not {"ExifTool:Warning", "ExifTool:Error"} & set(told), told
    start, size = int(str(told["MPImage2:MPImageStart"])), int(str(told["MPImage2:MPImageLength"]))
    assert told["MPImage1:MPImageLength"] == start
    assert start + size == len(data)
    assert told["XMP-Container:DirectoryItemLength"] == size
    behind = tmp_path / "map.jpg"
    behind.write_bytes(data[start:])
    (of_map,) = exiftool(behind)
    assert of_map["XMP-hdrgm:HDRCapacityMax"] == pytest.approx(3.0)
    assert float(str(of_map["XMP-hdrgm:GainMapMax"])) <= 9.0
    assert imagecodecs.jpeg8_decode(data[start:]).shape == (90, 130)
    assert of_map["File:ColorComponents"] == 1


def test_the_headroom_is_that_of_the_scene_where_it_is_less(tmp_path: Path) -> None:
    light = np.linspace(0.01, 3.0, 600, dtype=np.float32).reshape(20, 30)
    hdr = HdrPicture(Radiance(light), Picture(np.minimum(light, 1)), 1.0)
    write(hdr, tmp_path / "a.jpg", Encoding(hdr=True))
    data = (tmp_path / "a.jpg").read_bytes()
    (told,) = re.findall(rb'HDRCapacityMax="([^"]+)"', data)
    assert float(told) == pytest.approx(math.log2(3.0), abs=1e-4)
    assert imagecodecs.ultrahdr_decode(data)[..., :3].max() == pytest.approx(3.0, rel=0.05)


def test_ultra_hdr_needs_both(tmp_path: Path, scene: Radiance, hdr: HdrPicture) -> None:
    with pytest.raises(UsageError, match="needs a finished picture beside the radiance"):
        write(hdr_picture(scene), tmp_path / "a.jpg", Encoding(hdr=True))
    with pytest.raises(UsageError, match=r"a \.webp file holds no HDR picture; write \.avif, \.heic, \.jxl, \.jpg"):
        write(hdr, tmp_path / "a.webp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("extension", ["jpg", "avif", "heic", "png", "jxl"])
def test_the_same_bytes_again(tmp_path: Path, hdr: HdrPicture, extension: str) -> None:
    encodable(f".{extension}")
    for name in ("a", "b"):
        write(dataclasses.replace(hdr), tmp_path / f"{name}.{extension}", Encoding(hdr=True))
    assert (tmp_path / f"a.{extension}").read_bytes() == (tmp_path / f"b.{extension}").read_bytes()


# PQ and HLG


def pq_eotf(code: np.ndarray) -> np.ndarray:
    """ITU-R BT.2100-2, table 4: signal 0 to 1 to cd/m2."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    p = np.asarray(code, np.float64) ** (1 / m2)
    return 10_000 * (np.maximum(p - c1, 0) / (c2 - c3 * p)) ** (1 / m1)


def hlg_eotf(code: np.ndarray, peak: float = 1000.0) -> np.ndarray:
    """BT.2100-2, table 5: the inverse OETF and the OOTF, signal (..., 3) to cd/m2."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    e = np.asarray(code, np.float64)
    scene = np.where(e <= 0.5, e**2 / 3, (np.exp((e - c) / a) + b) / 12)
    lum = scene @ color.primaries("rec2020").luminance
    return peak * np.maximum(lum, 1e-12)[..., None] ** 0.2 * scene


def coded(nits: list[float], transfer: str) -> np.ndarray:
    """Signal 0 to 1 of grey light."""
    light = np.array(nits, np.float32)[None, :]
    hdr = HdrPicture(Radiance(light, "rec2020"), None, 203.0)
    return signal.encode(hdr, Encoding(transfer=transfer, peak=10_000.0), 16).codes[0, :, 0] / 65535


def test_published_values_of_pq() -> None:
    """BT.2408-7, tables 1 and 3, and the ends of the curve."""
    found = coded([0.0, 0.005, 1.0, 26.0, 100.0, 203.0, 1000.0, 4000.0, 10_000.0], "pq")
    np.testing.assert_allclose(found, [0.0, 0.0154, 0.1499, 0.38, 0.508, 0.58, 0.7518, 0.9026, 1.0], atol=4e-3)
    assert found[5] == pytest.approx(0.5807, abs=1e-4)
    assert (found[0], found[-1]) == (0, 1)


def test_published_values_of_hlg() -> None:
    """BT.2408-7, table 1: on a display of 1000 cd/m2 diffuse white is at 75 %, a grey card at 38 %."""
    found = coded([0.0, 26.0, 203.0, 1000.0], "hlg")
    np.testing.assert_allclose(found, [0.0, 0.38, 0.75, 1.0], atol=5e-3)


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_the_light_of_every_code_is_that_code(transfer: str, bits: int) -> None:
    top = (1 << bits) - 1
    codes = np.arange(top + 1)[None, :, None].repeat(3, axis=2)
    light = pq_eotf(codes / top) if transfer == "pq" else hlg_eotf(codes / top)
    hdr = HdrPicture(Radiance(light.astype(np.float32), "rec2020"), None, 203.0)
    made = signal.encode(hdr, Encoding(transfer=transfer, peak=10_000.0), bits)
    np.testing.assert_array_equal(made.codes, codes)
    assert made.brightest == round(light.max())
    assert made.average == round(light.mean())


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_signals_of_anything(transfer: str) -> None:
    odd = np.array([np.nan, -1.0, np.inf, 0.0, 1e30, 1e-40], np.float32)
    made = signal.encode(HdrPicture(Radiance(odd[None]), None, 1.0), Encoding(transfer=transfer), 16)
    assert made.brightest in (1000, 1001)  # the peak
    np.testing.assert_array_equal(made.codes[0, [0, 1, 3, 5]], 0)
    np.testing.assert_allclose(made.codes[0, [2, 4]] / 65535, 0.7518 if transfer == "pq" else 1.0, atol=2e-3)


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_signals_decode_to_the_rendition(scene: Radiance, transfer: str) -> None:
    hdr = hdr_picture(scene)
    how = rendition.rendition(hdr, "rec2020", 1000 / 203)
    codes = signal.encode(hdr, Encoding(transfer=transfer), 16).codes / 65535
    light = (pq_eotf(codes) if transfer == "pq" else hlg_eotf(codes)) / 203
    lit = (rendition.light(hdr, how) > 1e-3) & (codes.max(axis=2, keepdims=True) < 1)  # HLG cuts the purest highlights
    assert stops(light, rendition.light(hdr, how))[lit].max() < 0.003


def test_hlg_of_pure_colours_is_shown_by_the_luminance_of_its_primaries() -> None:
    codes = (np.eye(3)[None] * 60_000).astype(np.uint16)
    light = signal.decode(codes, "hlg", "rec2020")
    assert light == pytest.approx(hlg_eotf(codes / 65535) / 203, rel=1e-4)


def decoded(path: Path) -> np.ndarray:
    """Signal 0 to 1 as an independent reader decodes it."""
    if path.suffix == ".avif":
        codes = imagecodecs.avif_decode(path.read_bytes())
        return codes / (4095 if codes.max() > 1023 else 1023)
    if path.suffix == ".heic":
        image = pytest.importorskip("pi_heif").open_heif(str(path), convert_hdr_to_8bit=False)[0]
        bits = image.info["bit_depth"]
        return (np.array(image) >> (16 - bits)) / ((1 << bits) - 1)
    source = oiio.ImageInput.open(str(path))
    return source.read_image(0, 0, 0, 3, "uint16") / 65535


FILES = [("a.avif", {}), ("a.avif", {"bits": 12}), ("a.avif", {"transfer": "hlg", "bits": 12}), ("a.jxl", {})]
FILES += [("a.png", {}), ("a.png", {"transfer": "hlg"}), ("a.jxl", {"transfer": "hlg"})]
FILES += [("a.heic", {}), ("a.heic", {"bits": 12}), ("a.heic", {"transfer": "hlg"})]


@pytest.mark.parametrize(("name", "values"), FILES)
def test_files_read_back_as_the_radiance(
    tmp_path: Path, scene: Radiance, hdr: HdrPicture, name: str, values: dict[str, object]
) -> None:
    encodable(name)
    path = tmp_path / name
    write(hdr, path, Encoding(hdr=True, **values))  # type: ignore[arg-type]
    code = decoded(path)
    light = (hlg_eotf(code) if values.get("transfer") == "hlg" else pq_eotf(code)) / 203
    wide = np.maximum(scene.rgb @ color.conversion("rec709", "rec2020").T / hdr.white, 0)
    counted = (wide > 0.02) & (wide.max(axis=2, keepdims=True) < math.sqrt(1000 / 203))
    assert counted.mean() > 0.3
    off = stops(light, wide)[counted]
    assert np.median(off) < (0.001 if name == "a.png" else 0.06)
    cicp = (9, 18 if values.get("transfer") == "hlg" else 16)
    if name in ("a.avif", "a.heic"):
        assert b"colrnclx" + struct.pack(">HHHB", *cicp, 9, 128) in path.read_bytes()
    else:
        assert oiio.ImageInput.open(str(path)).spec().getattribute("CICP")[:2] == cicp


@pytest.mark.parametrize("values", [{}, {"peak": 4000.0}, {"transfer": "hlg", "peak": 4000.0}])
@pytest.mark.parametrize("name", ["a.avif", "a.heic", "a.png"])
def test_light_levels_and_mastering_display_are_stated(
    tmp_path: Path, hdr: HdrPicture, name: str, values: dict[str, object]
) -> None:
    """As libheif reads them in AVIF and HEIC; of PNG, whose chunks have another order, the bytes."""
    encodable(name)
    write(hdr, tmp_path / name, Encoding(hdr=True, **values))  # type: ignore[arg-type]
    if name == "a.png":
        data = (tmp_path / name).read_bytes()
        assert data.index(b"cICP") < data.index(b"mDCV") < data.index(b"cLLI") < data.index(b"IDAT")
        levels = tuple(n / 10_000 for n in struct.unpack_from(">II", data, data.index(b"cLLI") + 4))
        volume = struct.unpack_from(">8H2I", data, data.index(b"mDCV") + 4)
        corners, white, range_ = dict(zip("rgb", _pairs(volume[:6]), strict=True)), volume[6:8], volume[8:]
    else:
        libheif = pytest.importorskip("pillow_heif", reason="the extra `heic-write` is not installed")
        info = libheif.open_heif(tmp_path / name, convert_hdr_to_8bit=False)[0].info
        levels, said = tuple(info["content_light_level"].values()), info["mastering_display_colour_volume"]
        xy = zip(said["display_primaries_x"], said["display_primaries_y"], strict=True)
        corners, white = dict(zip("gbr", xy, strict=True)), (said["white_point_x"], said["white_point_y"])
        range_ = said["max_display_mastering_luminance"], said["min_display_mastering_luminance"]
    peak = 4000 if values == {"peak": 4000.0} else 1000  # that of HLG is never more
    light = rendition.light(hdr, rendition.rendition(hdr, "rec2020", peak / 203)).max(axis=2) * 203
    assert levels == (round(float(light.max())), round(float(light.mean(dtype=np.float64))))
    assert corners == {"r": (35400, 14600), "g": (8500, 39850), "b": (6550, 2300)}  # BT.2020, in 1 / 50000
    assert white == (15635, 16450)
    assert range_ == (peak * 10_000, 50)  # BT.2100: black of 0.005 cd/m2


def _pairs(numbers: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [numbers[k : k + 2] for k in range(0, len(numbers), 2)]


@pytest.mark.parametrize(("values", "depth"), [({}, 10), ({"bits": 12}, 12), ({"transfer": "hlg"}, 10)])
@pytest.mark.parametrize("size", [(180, 260), (33, 47)])
def test_exiftool_and_libheif_read_our_heic(
    tmp_path: Path, scene: Radiance, values: dict[str, object], depth: int, size: tuple[int, int]
) -> None:
    encodable("a.heic")
    path = tmp_path / "a.heic"
    write(hdr_picture(Radiance(scene.rgb[: size[0], : size[1]])), path, Encoding(**values))  # type: ignore[arg-type]
    image = pytest.importorskip("pi_heif").open_heif(str(path), convert_hdr_to_8bit=False)[0]
    said = image.info["nclx_profile"]
    assert (image.size, image.info["bit_depth"]) == (size[::-1], depth)
    assert said["color_primaries"] == said["matrix_coefficients"] == 9
    assert said["transfer_characteristics"] == (18 if values.get("transfer") == "hlg" else 16)
    assert said["full_range_flag"] == 1
    (told,) = exiftool(path)
    assert told["QuickTime:ColorPrimaries"] == "BT.2020, BT.2100"
    assert "BT.2100 " + ("HLG" if values.get("transfer") == "hlg" else "PQ") in str(
        told["QuickTime:TransferCharacteristics"]
    )
    assert (told["QuickTime:BitDepthLuma"], told["QuickTime:ChromaFormat"]) == (depth, "4:2:0")


def test_without_its_encoder_heic_says_what_to_install(
    tmp_path: Path, hdr: HdrPicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(
        UsageError,
        match=r"a\.heic: writing \.heic needs an extra .* pip install 'fullwell\[heic-write\]'; or write \.avif or",
    ):
        write(hdr, tmp_path / "a.heic")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.avif", "a.heic", "a.jxl", "a.png"])
def test_recipe_and_metadata_are_in_every_container(tmp_path: Path, hdr: HdrPicture, name: str) -> None:
    encodable(name)
    made = ifd.Builder()
    note = {0x927C: made.entry(ifd.UNDEFINED, b"note" * 500), 0xA434: made.entry(ifd.ASCII, b"A lens\0")}
    block = made.finish({0x8298: made.entry(ifd.ASCII, b"Somebody\0"), exif.EXIF_IFD: made.pointer(note)})
    recipe = RECIPE + 'note = "<&>\t\u00e9"\n'
    write(hdr, tmp_path / name, Encoding(hdr=True), Metadata(block, ("x/one.jpg", "x/two.jpg"), recipe))
    assert read_recipe(tmp_path / name) == recipe
    (told,) = exiftool(tmp_path / name)
    assert not {"ExifTool:Warning", "ExifTool:Error"} & set(told), told
    assert told["IFD0:Copyright"] == "Somebody"
    assert told["ExifIFD:LensModel"] == "A lens"
    assert told["ExifIFD:ColorSpace"] == "Uncalibrated"
    assert told["XMP-xmpMM:IngredientsFilePath"] == ["one.jpg", "two.jpg"]
    assert b"note" * 500 in (tmp_path / name).read_bytes()


def test_pillow_reads_our_avif_too(tmp_path: Path, hdr: HdrPicture) -> None:
    write(hdr, tmp_path / "a.avif")
    with Image.open(tmp_path / "a.avif") as image:
        assert image.size == (260, 180)
        assert image.getexif()[0x0131].startswith("Fullwell")
        assert np.asarray(image).std() > 20


# Radiance in JPEG XL


def test_jpeg_xl_holds_radiance_exactly(tmp_path: Path, scene: Radiance) -> None:
    rgb = scene.rgb * np.float32(3e6) - np.float32(0.25)  # beyond half floats, and below 0
    rgb[0] = np.random.default_rng(0).integers(0, 2**32, rgb[0].shape, dtype=np.uint32).view(np.float32)  # any bits
    light = Radiance(rgb, to_absolute=2.5, noise_floor=0.125, meta=scene.meta, cd_m2=80.0, calibrated=True)
    path = tmp_path / "a.jxl"
    write(light, path, Encoding(bits=32))
    read = read_radiance(path)
    np.testing.assert_array_equal(read.rgb, rgb)
    np.testing.assert_array_equal(imagecodecs.jpegxl_decode(path.read_bytes()), rgb)
    assert (read.primaries, read.to_absolute, read.noise_floor) == ("rec709", 2.5, 0.125)
    assert (read.cd_m2, read.calibrated) == (80.0, True)
    assert read_recipe(path) == read.meta.recipe == RECIPE
    (told,) = exiftool(path)
    assert not {"ExifTool:Warning", "ExifTool:Error"} & set(told), told
    assert oiio.ImageInput.open(str(path)).spec().getattribute("CICP")[:2] == (1, 8)


@pytest.mark.parametrize("bits", [8, 32])
def test_the_boxes_of_jpeg_xl_are_in_order(tmp_path: Path, scene: Radiance, bits: int) -> None:
    """ISO/IEC 18181-2: the level right behind the file type; what describes the picture before it, for streams."""
    write(scene, tmp_path / "a.jxl", Encoding(bits=bits))
    kinds = [kind for kind, _ in boxes.boxes((tmp_path / "a.jxl").read_bytes())]
    expected = [b"JXL ", b"ftyp", b"jxll", b"Exif", b"xml "] if bits == 32 else [b"JXL ", b"ftyp", b"Exif", b"xml "]
    assert kinds[: len(expected)] == expected
    assert set(kinds[len(expected) :]) <= {b"jxlc", b"jxlp"}
    (told,) = exiftool(tmp_path / "a.jxl")
    assert not {"ExifTool:Warning", "ExifTool:Error"} & set(told), told
    assert str(told["IFD0:Software"]).startswith("Fullwell")


def test_radiance_in_jpeg_xl_is_in_rec709(tmp_path: Path, scene: Radiance) -> None:
    for name in ("rec2020", "acescg"):
        light = Radiance(scene.rgb, name)
        write(light, tmp_path / "a.jxl", Encoding(bits=32))
        read = read_radiance(tmp_path / "a.jxl")
        assert read.primaries == "rec709"
        wanted = scene.rgb @ color.conversion(name, "rec709").T
        np.testing.assert_allclose(read.rgb, wanted, rtol=1e-4, atol=1e-6 * float(scene.rgb.max()))
        assert verify(light, tmp_path / "a.jxl", Encoding(bits=32)).p99_stops < 1e-3


# Verification


@pytest.mark.parametrize(
    ("name", "median", "p99"),
    [
        ("a.exr", 0.0005, 0.001),
        ("a.hdr", 0.01, 0.3),
        ("a.html", 0.005, 0.1),
        ("a.dng", 0.0005, 0.002),
        ("f.tif", 1e-9, 1e-9),
        ("f.jxl", 1e-9, 1e-9),
        ("a.jpg", 0.03, 0.5),
        ("a.png", 0.02, 0.2),
        ("a.webp", 0.1, 1.5),
        ("a.heic", 0.03, 0.5),
        ("h.jpg", 0.08, 0.8),
        ("h.png", 0.0005, 0.001),
        ("h.avif", 0.06, 0.6),
        ("h.heic", 0.06, 0.6),
        ("h.jxl", 0.06, 0.6),
    ],
)
def test_every_writer_is_verified(
    tmp_path: Path, scene: Radiance, hdr: HdrPicture, name: str, median: float, p99: float
) -> None:
    encodable(name)
    assert hdr.base is not None
    encoding = Encoding(hdr=name[0] == "h", bits=32 if name[0] == "f" else 8, quality=98)
    image = {"radiance": scene, "picture": hdr.base, "hdr": hdr}[encoding.kind(name)]
    write(image, tmp_path / name, encoding)
    found = verify(image, tmp_path / name, encoding)
    assert found.median_stops <= median
    assert found.p99_stops <= p99
    assert found.share > 0.4
    if name in ("a.html", "a.dng"):
        return  # they choose their own scale
    # what is one stop off is found to be
    off = dataclasses.replace(image, white=hdr.white * 2) if isinstance(image, HdrPicture) else image
    if not isinstance(image, HdrPicture):
        off = dataclasses.replace(image, rgb=image.rgb / 2)
    write(off, tmp_path / name, encoding)
    assert verify(image, tmp_path / name, encoding).median_stops == pytest.approx(1.0, abs=0.1)


def test_verification_of_odd_values(tmp_path: Path) -> None:
    for value in (0.0, np.nan, np.inf):
        scene = Radiance(np.full((3, 4, 3), value, np.float32))
        write(scene, tmp_path / "a.exr")
        assert verify(scene, tmp_path / "a.exr")[1:4] == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("name", "values"), FILES)
def test_hdr_pictures_are_light_again(tmp_path: Path, hdr: HdrPicture, name: str, values: dict[str, object]) -> None:
    """1.0 is diffuse white, in the primaries of the file; the published curves are the oracle."""
    encodable(name)
    path = tmp_path / name
    write(hdr, path, Encoding(hdr=True, **values))  # type: ignore[arg-type]
    read = read_radiance(path)
    code = decoded(path)
    light = (hlg_eotf(code) if values.get("transfer") == "hlg" else pq_eotf(code)) / 203
    assert read.primaries == "rec2020"
    np.testing.assert_allclose(read.rgb, light, rtol=5e-3, atol=2e-5)
    assert read.rgb.max() > 3


def test_hdr_pictures_of_others_are_light(data: Path) -> None:
    folder = data / "hdr_formats"
    for name, primaries in (
        ("colors_hdr_rec2020.avif", "rec2020"), ("cosmos1650_yuv444_10bpc_p3pq.avif", "p3"),
        ("hdr_room.png", "rec2020"), ("pq_gradient.jxl", "rec709"),
    ):  # fmt: skip
        read = read_radiance(folder / name)
        assert read.primaries == primaries
        assert 1.5 < read.rgb.max() <= 10_000 / 203 * 1.001
    for name in ("input.jxl", "RGB_12__128x128.heif"):
        if name.endswith("heif"):
            pytest.importorskip("pi_heif", reason="the extra `heic` is not installed")
        with pytest.raises(InputError, match="is no radiance file but a picture, neither PQ nor HLG"):
            read_radiance(folder / name)
