"""RAW frames: the sensor's own numbers, merged to known light."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from rawfiles import WHITE, XTRANS, filtered, numbers, write_dng
from scenes import hills

from fullwell.color import srgb_decode
from fullwell.errors import InputError, UsageError
from fullwell.image import CLIPPED_IN_ALL
from fullwell.io import Encoding, raw, read_bracket, read_frame, write
from fullwell.io.thumbnail import thumbnail
from fullwell.job import prepare
from fullwell.merge.robertson03 import Robertson03
from fullwell.progress import QUIET
from fullwell.recipe import Recipe
from fullwell.response.debevec97 import Debevec97

rawpy = pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
NEUTRAL = np.array([0.5, 1.0, 0.625])
TIMES = (1 / 64, 1 / 16, 1 / 4)


def bracket_files(folder: Path, light: np.ndarray, kind: str) -> list[Path]:
    """DNGs of balanced light (h, w, 3); 1.0 for 1/16 s fills the green pixels."""
    paths = []
    for k, time in enumerate(TIMES):
        share = light * NEUTRAL * time * 16
        seen = numbers(filtered(share) if kind == "cfa" else share)
        paths.append(write_dng(folder / f"IMG_{k}.dng", seen, time))
    return paths


def test_numbers_are_those_of_the_sensor(tmp_path: Path) -> None:
    """Black level, white level and demosaicing of a smooth ramp: code by code what was exposed."""
    share = np.linspace(0.002, 0.9, 96)[None, :, None] * NEUTRAL * np.ones((64, 1, 1))
    for name, seen in (("cfa.dng", filtered(share)), ("linear.dng", share)):
        frame = read_frame(write_dng(tmp_path / name, numbers(seen), 1 / 60))
        assert (frame.levels, frame.scene_light, frame.exposure.time_s) == (
            65536,
            True,
            pytest.approx(1 / 60, rel=1e-4),
        )
        assert (frame.exposure.f_number, frame.exposure.iso) == (8, 100)
        codes = frame.codes()[8:-8, 8:-8]
        linear = Debevec97()(read_bracket([tmp_path / name])).curve[codes, np.arange(3)]
        linear /= Debevec97()(read_bracket([tmp_path / name])).white
        assert linear == pytest.approx(np.broadcast_to(share, (64, 96, 3))[8:-8, 8:-8], abs=2e-4, rel=2e-3)


@pytest.mark.parametrize(("kind", "bound"), [("cfa", 0.01), ("linear", 0.002)])
def test_a_bracket_is_merged_to_the_light_that_was_there(tmp_path: Path, kind: str, bound: float) -> None:
    light = hills(120, 160, seed=5, stops=8)
    light = np.ascontiguousarray(np.kron(light[::8, ::8], np.ones((8, 8, 1)))) * 2.0  # patches, which demosaic exactly
    bracket = read_bracket(bracket_files(tmp_path, light, kind))
    result = Recipe.of({"align": "none"}).run(bracket, True, QUIET)
    assert result.response is not None
    assert result.response.name == "linear"
    merged = result.radiance
    assert merged is not None
    inside = np.zeros(light.shape[:2], bool)
    for y in range(3, 6):
        for x in range(3, 6):
            inside[y::8, x::8] = True  # away from the edges of the patches
    good = inside & (merged.mask == 0)
    assert good.sum() > 0.5 * inside.sum()
    off = np.abs(np.log2(merged.rgb[good] / light[good]))
    assert np.median(off) < bound
    assert np.quantile(off, 0.99) < 10 * bound


def test_no_frame_is_scaled_by_what_it_shows(tmp_path: Path) -> None:
    """The same light at the same exposure has the same code, whatever else is in the frame."""
    patch = np.full((40, 60, 3), 0.25) * NEUTRAL
    codes = []
    for brightest in (0.3, 0.75, 0.8, 1.5):
        share = patch.copy()
        share[:, 40:] = brightest * NEUTRAL
        codes.append(read_frame(write_dng(tmp_path / "a.dng", numbers(filtered(share)), 1.0)).codes()[20, 10])
    assert np.ptp(codes, axis=0).max() <= 1


def test_a_sensor_that_is_full_below_its_white_level_is_told_and_clips_there(tmp_path: Path) -> None:
    share = np.linspace(0, 1.6, 300)[None, :, None] * np.ones((200, 1, 3))
    seen = numbers(filtered(share), full=15000)
    frame = read_frame(write_dng(tmp_path / "a.dng", seen, 1.0, neutral=(1.0, 1.0, 1.0)))
    assert frame.notes == (f"its sensor is full at {15000 / WHITE:.1%} of the white level that its metadata say",)
    codes = frame.codes()
    assert (codes[50:-50, -60:] == 65535).all()
    assert (codes[50:-50, :150] < 65535).all()


def test_saturation_is_the_last_peak() -> None:
    counts = np.zeros(65536, np.int64)
    counts[:12000] = 100
    assert raw.saturation(counts, 16383.0) == 16383.0  # nothing is clipped
    counts[12000:14990] = 5
    counts[14995:15003] = 20_000
    assert 14900 < raw.saturation(counts, 16383.0) <= 14995
    flat = np.zeros(65536, np.int64)
    level = np.arange(65536)
    flat += (1e6 * np.exp(-(((level - 14000) / 150.0) ** 2))).astype(np.int64)  # a grey wall
    assert raw.saturation(flat, 16383.0) == 16383.0


def test_what_clips_every_frame_has_no_tint(tmp_path: Path) -> None:
    light = np.linspace(0.2, 40, 160)[None, :, None] * np.ones((64, 1, 3))
    merged = Robertson03()(bracket := read_bracket(bracket_files(tmp_path, light, "linear")), Debevec97()(bracket))
    clipped = (merged.mask & CLIPPED_IN_ALL) > 0  # type: ignore[operator]
    assert 0.3 < clipped.mean() < 0.99
    grey = merged.rgb / merged.rgb.max(axis=2, keepdims=True)
    assert grey.min() > 0.97
    assert (np.diff(merged.rgb[32, :, 1]) > -1e-3).all()  # it still rises


def test_a_filter_of_six_by_six(tmp_path: Path) -> None:
    """Smooth light and patches of colour under Fujifilm's pattern, code by code what was exposed."""
    share = np.linspace(0.02, 0.9, 560)[None, :, None] * NEUTRAL * np.ones((560, 1, 1))  # LibRaw wants 512 pixels
    share[280:, :280] = np.array([0.6, 0.1, 0.1]) * NEUTRAL
    share[280:, 280:] = np.array([0.1, 0.2, 0.7]) * NEUTRAL
    path = write_dng(tmp_path / "a.dng", numbers(filtered(share, XTRANS)), 1 / 60, pattern=XTRANS)
    light = srgb_decode(read_frame(path).codes() / 65535)
    above, below, left, right = slice(8, 272), slice(288, 552), slice(8, 272), slice(288, 552)
    for part in ((above, left), (above, right), (below, left), (below, right)):
        assert light[part] == pytest.approx(share[part], abs=5e-4, rel=1e-2)


def test_different_white_levels_are_told(tmp_path: Path) -> None:
    light = np.full((64, 96, 3), 0.2) * NEUTRAL
    paths = [
        write_dng(tmp_path / f"{k}.dng", numbers(filtered(light * time)), time, white=white)
        for k, (time, white) in enumerate(((0.25, WHITE), (1.0, 13000)))
    ]
    said = f"the RAW files state different white levels (13000 in 1.dng, {WHITE} in 0.dng), and light is counted in"
    assert [n for n in read_bracket(paths).notes if n.startswith(said)]
    alike = [write_dng(tmp_path / f"{k}.dng", numbers(filtered(light * t)), t) for k, t in ((2, 0.25), (3, 1.0))]
    assert read_bracket(alike).notes == ()


def test_a_dng_of_raw_files_is_in_the_colours_of_their_camera(tmp_path: Path) -> None:
    """Matrix and white balance as shot are the photographs'; LibRaw finds the camera's own numbers in it."""
    light = hills(120, 160, seed=5, stops=6) * np.array([1.5, 1.0, 0.7])
    bracket = read_bracket(bracket_files(tmp_path, light, "linear"))
    merged = Recipe.of({"align": "none"}).run(bracket, True, QUIET).radiance
    assert merged is not None
    write(merged, tmp_path / "merged.dng", Encoding(bits=32))
    with rawpy.imread(str(tmp_path / "IMG_1.dng")) as shot, rawpy.imread(str(tmp_path / "merged.dng")) as made:
        np.testing.assert_allclose(made.color_matrix, shot.color_matrix, atol=1e-5)
        ratios = [np.array(raw.camera_whitebalance[:3]) / raw.camera_whitebalance[1] for raw in (shot, made)]
        np.testing.assert_allclose(ratios[1], ratios[0], rtol=1e-3)
        seen = made.raw_image_visible[:, :, :3].astype(float)
        given = {"gamma": (1, 1), "no_auto_bright": True, "output_bps": 16, "adjust_maximum_thr": 0.0}
        opened = made.postprocess(use_camera_wb=True, output_color=rawpy.ColorSpace.sRGB, **given) / 65535
    camera = light * NEUTRAL
    scale = np.median(seen / camera)
    assert np.quantile(np.abs(seen / scale / camera - 1), 0.95) < 0.02
    unclipped = (opened.max(axis=2) < 0.9) & (light.min(axis=2) > 0.01 * light.max())
    ratio = opened[unclipped] / light[unclipped]
    assert np.quantile(np.abs(ratio / np.median(ratio) - 1), 0.95) < 0.02


def test_colours_that_make_no_sense_are_told(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", numbers(np.full((64, 96), 0.3)), 1.0, neutral=(0.0, 1.0, 0.0))
    frame = read_frame(path)
    assert "says nothing of its camera's colours, which are read as sRGB" in frame.notes
    assert frame.meta.camera is None


def test_turned_as_the_camera_was_held(tmp_path: Path) -> None:
    share = np.full((40, 60, 3), 0.1) * NEUTRAL
    share[:20, :30] = 0.8 * NEUTRAL
    frame = read_frame(write_dng(tmp_path / "a.dng", numbers(filtered(share)), 1.0, orientation=6))
    codes = frame.codes()
    assert frame.shape == codes.shape[:2] == (60, 40)
    assert codes[10, 30, 1] > 1.5 * codes[10, 10, 1]  # what was top left is top right


@pytest.mark.parametrize("kind", ["cfa", "linear"])
def test_thumbnails_need_no_demosaicing(tmp_path: Path, kind: str) -> None:
    light = np.linspace(0.05, 1.5, 480)[None, :, None] * np.ones((320, 1, 3))
    for path in bracket_files(tmp_path, light, kind):
        frame = read_frame(path)
        small = thumbnail(frame)
        assert frame.source.kept is None  # type: ignore[union-attr]
        codes = frame.codes()
        assert small == pytest.approx(thumbnail(frame), abs=0.06)  # which is made of the codes now
        assert small.std() > 0.05 or codes.min() == 65535


def test_raw_beside_its_copies_is_taken(tmp_path: Path) -> None:
    from PIL import Image

    from fullwell.io import select

    paths = bracket_files(tmp_path, np.ones((40, 60, 3)), "cfa")
    for path in paths:
        Image.new("RGB", (60, 40)).save(path.with_suffix(".jpg"))
    found = select(tmp_path)
    assert sorted(found.paths) == sorted(paths)
    assert found.notes == ("left out, copies of RAW files: 3 files (IMG_0.jpg, IMG_1.jpg, IMG_2.jpg)",)
    with pytest.raises(UsageError, match=r"IMG_1\.jpg: is an input"):  # a photograph, though it is not looked at
        prepare(found, tmp_path / "IMG_1.jpg", force=True)


def test_truncated_raw_is_named(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    whole = write_dng(tmp_path / "a.dng", numbers(np.full((200, 300), 0.3)), 1.0).read_bytes()
    for share in (0.02, 0.3, 0.9):
        (tmp_path / "b.dng").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match=r"b\.dng: "):
            read_frame(tmp_path / "b.dng").codes()
    assert capfd.readouterr() == ("", "")


def test_real_raw_files(data: Path, capfd: pytest.CaptureFixture) -> None:
    folder = data / "raw_samples"
    frame = read_frame(folder / "CRW.CRW")
    assert frame.exposure.time_s == pytest.approx(4.967, abs=1e-3)
    assert (frame.exposure.f_number, frame.exposure.iso) == (pytest.approx(5.6, abs=0.01), 100)
    assert frame.notes[0].startswith("its sensor is full at 92.9%")
    with rawpy.imread(str(folder / "CRW.CRW")) as whole:
        levels = raw._levels(whole)
        assert (levels.black == whole.black_level_per_channel).all()
        seen, of_colour = whole.raw_image_visible.copy(), whole.raw_colors_visible.copy()
    codes = frame.codes()
    for colour in range(4):  # where the filter let it through, the number is that of the sensor
        code = codes[..., (0, 1, 2, 1)[colour]][of_colour == colour]
        number = seen[of_colour == colour].astype(float)
        measured = (number > 400) & (number < 3700)
        share = (number - levels.black[colour]) / (levels.white[colour] - levels.black[colour])
        assert srgb_decode(code[measured] / 65535) == pytest.approx(share[measured], rel=3e-4)
        assert (code[number > 3825] == 65535).all()
    for name, says in (
        ("Canon-R6-pruned.CR3", "lacks its pixels"),
        ("CanonRaw.cr2", "LibRaw cannot decode"),
        ("DNG.dng", "lacks its pixels"),
        ("IMG_1361.dng", "lacks its pixels"),
    ):
        with pytest.raises(InputError, match=rf"{name}: .*{says}"):
            read_frame(folder / name)
    linear_dng = read_frame(folder / "canon_eos_6d.dng")
    assert (linear_dng.shape, linear_dng.exposure.iso) == ((816, 1224), 1000)
    assert capfd.readouterr() == ("", "")


def test_without_the_extra_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    path = write_dng(tmp_path / "a.dng", numbers(np.full((64, 64), 0.3)), 1.0)
    with pytest.raises(InputError, match=r"a\.dng: is a camera RAW file; to read it: pip install 'fullwell\[raw\]'"):
        read_frame(path)
