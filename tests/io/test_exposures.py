"""Exposure times: what is given, a list, EXIF, names; in this order, and never a default."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fullwell.errors import ExposureError
from fullwell.image import Exposure
from fullwell.io import parse_times, read_bracket, read_frame
from fullwell.io.photograph import write_photograph

EXPOSED = [
    "arch_night_learnopencv",
    "window_indoor_e995",
    "library_night_d90",
    "room_lamp_t2i",
    "lamp_iso12800_nex5",
    "cafe_pixel7",
    "airport_people_t2i",
    "street_night_iphonexr_ori8",
    "window_iphone6_ori6",
    "building_iso_bracket_xperia",
    "cannon_aperture_650d",
    "window_350d_aeb_bias",
    "venice_no_shutter",
    "lighthouse_d3",
    "house_mertens",
]


def photograph(
    path: Path, time_s: float | None = None, f_number: float | None = None, iso: float | None = None
) -> Path:
    codes = np.full((4, 6, 3), 100, np.uint8)
    write_photograph(codes, path, Exposure(time_s, f_number, iso))
    return path


def photographs(folder: Path, times: dict[str, float | None]) -> list[Path]:
    return [photograph(folder / name, t) for name, t in times.items()]


def times_of(paths: list[Path], **given: object) -> list[float | None]:
    return [f.exposure.time_s for f in read_bracket(paths, **given)]  # type: ignore[arg-type]


# What is typed


def test_parse_times() -> None:
    assert parse_times("1/30,0.25, 2.5 ,15") == [1 / 30, 0.25, 2.5, 15.0]


@pytest.mark.parametrize("bad", ["1/30,zero", "1/0", "-1", "0", "nan", "inf", "1/30,,2", "", "1/2/3"])
def test_parse_times_names_the_bad_item(bad: str) -> None:
    culprit = next(i.strip() for i in bad.split(",") if i.strip() not in ("1/30", "2"))
    with pytest.raises(ExposureError, match=r"--times: .* seconds above 0") as raised:
        parse_times(bad)
    assert repr(culprit) in str(raised.value)


def test_given_times_replace_the_time_only(tmp_path: Path) -> None:
    paths = [photograph(tmp_path / "a.jpg", 1 / 8, 4.0, 200), photograph(tmp_path / "b.jpg", 1 / 2, 8.0, 200)]
    bracket = read_bracket(paths, times=[0.1, 0.2])
    assert [f.exposure.time_s for f in bracket] == [0.1, 0.2]
    assert [f.exposure.source for f in bracket] == ["--times", "--times"]
    assert [f.exposure.f_number for f in bracket] == [4.0, 8.0]
    assert any("f-number differs" in n for n in bracket.notes)
    assert not any("ISO" in n for n in bracket.notes)


def test_given_times_must_be_as_many_as_frames(tmp_path: Path) -> None:
    paths = photographs(tmp_path, {"a.jpg": 1.0, "b.jpg": 2.0})
    with pytest.raises(ExposureError, match="2 frames, 1 times"):
        read_bracket(paths, times=[1.0])
    with pytest.raises(ExposureError, match=r"b\.jpg.*above 0, got nan"):
        read_bracket(paths, times=[1.0, float("nan")])


def test_given_times_beat_a_list(tmp_path: Path) -> None:
    paths = photographs(tmp_path, {"a.jpg": 1.0})
    (tmp_path / "list.txt").write_text("a.jpg 7\n")
    assert times_of(paths, times=[3.0], times_from=tmp_path / "list.txt") == [3.0]


# Lists


def listed(tmp_path: Path, text: str, exif: dict[str, float | None]) -> list[float | None]:
    path = tmp_path / "list.txt"
    path.write_text(text)
    bracket = read_bracket(photographs(tmp_path, exif), times_from=path)
    assert {f.exposure.source for f in bracket} == {"list file"}
    return [f.exposure.time_s for f in bracket]


def test_list_of_seconds(tmp_path: Path) -> None:
    assert listed(tmp_path, "b.jpg 0.25\na.jpg 1/30 # dark\n\n", {"a.jpg": None, "b.jpg": None}) == [1 / 30, 0.25]


@pytest.mark.parametrize("header", ["# filename 1/shutter_speed", "#Name 1/seconds", "# file 1/time"])
def test_header_says_reciprocal(tmp_path: Path, header: str) -> None:
    assert listed(tmp_path, f"{header}\na.jpg 4\nb.jpg 250\n", {"a.jpg": None, "b.jpg": None}) == [1 / 4, 1 / 250]


def test_header_says_seconds_even_of_long_ones(tmp_path: Path) -> None:
    assert listed(tmp_path, "# filename seconds\na.jpg 250\n", {"a.jpg": None}) == [250.0]


def test_exif_decides_between_seconds_and_reciprocals(tmp_path: Path) -> None:
    exif = {"a.jpg": 1 / 3049, "b.jpg": 1 / 50}
    assert listed(tmp_path, "a.jpg 3000\nb.jpg 50\n", exif) == [1 / 3000, 1 / 50]
    assert listed(tmp_path, "c.jpg 90\n", {"c.jpg": 91.0}) == [90.0]


def test_long_bare_numbers_are_refused_where_nothing_tells(tmp_path: Path) -> None:
    with pytest.raises(ExposureError, match=r"1/3000 .* # filename 1/shutter_speed"):
        listed(tmp_path, "a.jpg 3000\nb.jpg 50\n", {"a.jpg": None, "b.jpg": None})
    assert listed(tmp_path, "a.jpg 1/3000\nb.jpg 50\n", {"a.jpg": None, "b.jpg": None}) == [1 / 3000, 50.0]


def test_columns_of_aperture_and_gain_count(tmp_path: Path) -> None:
    header = "# Number of images\n2\n# Filename 1/shutter_speed f/stop gain(db) ND_filters\n"
    (tmp_path / "list.txt").write_text(header + "a.ppm 2 8 0 0\nb.ppm 2 4 3 0\n")
    paths = photographs(tmp_path, {"a.jpg": None, "b.jpg": None})
    bracket = read_bracket(paths, times_from=tmp_path / "list.txt")
    a, b = bracket.exposures
    assert b / a == pytest.approx(4 * 2)  # two stops of aperture, 3 dB of gain
    assert bracket.frames[0].exposure.settings_source == "list file"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("b.jpg 1\n", r"a\.jpg is not in .*list\.txt; add its name"),
        ("a.jpg\n", r"line 1: .*got 'a\.jpg'"),
        ("a.jpg 1 8 0\n", "3 numbers and no header"),
        ("# filename 1/shutter f/stop gain nd\na.jpg 1 8 0 2\n", "ND filters"),
        ("# filename 1/shutter f/stop humidity\na.jpg 1 8 40\n", "only time, f/stop and gain"),
        ("a.jpg 1\na.jpg 2\n", "more than once"),
        ("a.jpg 0\n", "above 0"),
        ("a.jpg -1\n", "above 0"),
        ("# nothing\n", "it has none"),
    ],
)
def test_lists_that_make_no_sense(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ExposureError, match=says):
        listed(tmp_path, text, {"a.jpg": None})


def test_list_that_is_not_there(tmp_path: Path) -> None:
    paths = photographs(tmp_path, {"a.jpg": None})
    with pytest.raises(ExposureError, match="no such list file"):
        read_bracket(paths, times_from=tmp_path / "none.txt")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    with pytest.raises(ExposureError, match="cannot be read as text"):
        read_bracket(paths, times_from=tmp_path / "binary")
    with pytest.raises(ExposureError, match="cannot be read as text"):
        read_bracket(paths, times_from=tmp_path)


def test_names_with_spaces_and_points(tmp_path: Path) -> None:
    text = "my photo 2.jpg 0.5\nimg_0.033.jpg 0.033\n"
    assert listed(tmp_path, text, {"my photo 2.jpg": None, "img_0.033.jpg": None}) == [0.5, 0.033]


def test_lists_that_come_with_photographs(data: Path) -> None:
    memorial = data / "memorial_debevec"
    bracket = read_bracket(sorted(memorial.glob("*.png")), times_from=memorial / "memorial.hdr_image_list.txt")
    assert [f.exposure.time_s for f in bracket] == [2.0 ** (5 - k) for k in range(16)]
    assert {f.exposure.f_number for f in bracket} == {8.0}
    for folder, name, photos in (
        ("window_iphone6_ori6", "detail.txt", "*.JPG"),
        ("street_night_iphonexr_ori8", "SS.txt", "*.jpeg"),
    ):
        paths = sorted((data / folder).glob(photos))
        by_list = read_bracket(paths, times_from=data / folder / name).exposures
        assert np.abs(np.log2(by_list / read_bracket(paths).exposures)).max() < 0.1


# File names


def test_names_of_the_tutorial(tmp_path: Path) -> None:
    paths = photographs(tmp_path, dict.fromkeys(["img_0.033.jpg", "img_0.25.jpg", "img_2.5.jpg", "img_15.jpg"]))
    bracket = read_bracket(paths)
    assert [f.exposure.time_s for f in bracket] == [0.033, 0.25, 2.5, 15.0]
    assert {f.exposure.source for f in bracket} == {"file name"}
    assert any("file names" in n for n in bracket.notes)


def test_names_count_where_exif_has_no_time_at_all(tmp_path: Path) -> None:
    paths = photographs(tmp_path, {"img_0.033.jpg": 1 / 30, "img_0.25.jpg": None})
    assert times_of(paths) == [pytest.approx(1 / 30), None]


@pytest.mark.parametrize(
    "names",
    [
        ["DSC_0123.jpg", "DSC_0124.jpg"],  # counters
        ["img_0.5.jpg", "pic_0.25.jpg"],  # two prefixes
        ["img_0.5.jpg", "img_0.50.jpg"],  # one number
        ["img_0.5.jpg", "img.jpg"],  # no number
        ["img_0.jpg", "img_0.5.jpg"],  # no time
        ["img0.5.jpg", "img0.25.jpg"],  # no separator
        ["img01.jpg", "img02.jpg"],
        ["memorial00.jpg", "memorial01.jpg"],
        ["20240401_175706.jpg", "20240401_175717.jpg"],
    ],
)
def test_other_names_are_no_times(tmp_path: Path, names: list[str]) -> None:
    paths = photographs(tmp_path, dict.fromkeys(names))
    bracket = read_bracket(paths)
    assert [f.exposure.time_s for f in bracket] == [None, None]
    with pytest.raises(ExposureError, match=rf"{names[0]} has no exposure time; pass --times"):
        _ = bracket.exposures


# EXIF


@pytest.mark.parametrize("folder", EXPOSED)
def test_exif_as_exiftool_reads_it(data: Path, folder: str) -> None:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    paths = sorted(p for p in (data / folder).iterdir() if p.suffix.lower() in (".jpg", ".jpeg"))
    assert paths
    tags = ["-EXIF:ExposureTime", "-EXIF:FNumber", "-EXIF:ISO", "-EXIF:Orientation", "-EXIF:WhiteBalance"]
    told = json.loads(subprocess.run(["exiftool", "-j", "-n", *tags, *paths], capture_output=True, check=True).stdout)
    for path, said in zip(paths, told, strict=True):
        frame = read_frame(path)
        got = {"ExposureTime": frame.exposure.time_s, "FNumber": frame.exposure.f_number, "ISO": frame.exposure.iso}
        assert {k: v for k, v in got.items() if v} == pytest.approx({k: said[k] for k in got if k in said}, rel=1e-6)
        with Image.open(path) as image:
            turned = image.size[::-1] if said.get("Orientation", 1) >= 5 else image.size
        assert frame.shape == turned[::-1]
        assert frame.white_balance.startswith({0: "auto", 1: "manual", None: ""}[said.get("WhiteBalance")])


def test_nan_tags_count_as_missing(data: Path) -> None:
    frame = read_frame(data / "cafe_pixel7" / "original_0.jpg")
    assert frame.exposure.time_s == pytest.approx(0.039991518)


def with_tags(path: Path, tags: dict[int, object]) -> Path:
    block = Image.Exif()
    block.get_ifd(0x8769).update(tags)
    Image.new("RGB", (8, 8)).save(path, exif=block)
    return path


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({0x9201: 5.0, 0x9202: 4.0}, (1 / 32, 4.0, None)),  # APEX values alone
        ({0x829A: 0.0, 0x9201: 5.0}, (1 / 32, None, None)),  # no time of 0 s
        ({0x829A: float("nan")}, (None, None, None)),
        ({0x829A: -1.0}, (None, None, None)),
        ({0x829A: 1e9}, (None, None, None)),
        ({0x829A: 0.5, 0x829D: 0.0}, (0.5, None, None)),  # manual lenses say f/0
        ({0x829A: 0.5, 0x8827: 65535, 0x8833: 102400}, (0.5, None, 102400.0)),  # ISO beyond 16 bits
        ({0x829A: 0.5, 0x8827: 0}, (0.5, None, None)),
        ({0x829A: 0.5, 0x8827: (200, 0)}, (0.5, None, 200.0)),
        ({0x829A: b"text"}, (None, None, None)),
    ],
)
def test_odd_exif_values(tmp_path: Path, tags: dict[int, object], expected: tuple[float | None, ...]) -> None:
    exposure = read_frame(with_tags(tmp_path / "a.jpg", tags)).exposure
    assert (exposure.time_s, exposure.f_number, exposure.iso) == expected
    assert exposure.source == ("EXIF" if expected[0] else "unknown")


def test_absurd_values_are_noted(tmp_path: Path) -> None:
    notes = read_frame(with_tags(tmp_path / "a.jpg", {0x829A: -1.0})).notes
    assert any("exposure time is -1" in n and "missing" in n for n in notes)


def test_iso_and_aperture_brackets(data: Path) -> None:
    iso = read_bracket(sorted((data / "building_iso_bracket_xperia").glob("*.JPG"))).exposures
    assert np.log2(iso.max() / iso.min()) == pytest.approx(4, abs=0.05)  # the shutter alone says 1
    aperture = np.sort(read_bracket(sorted((data / "cannon_aperture_650d").glob("*.jpeg"))).exposures)
    assert np.log2(aperture[1:] / aperture[:-1]) == pytest.approx([2, 2], abs=0.15)  # the shutter alone says 1 each


def test_metadata_says_which_settings_vary(data: Path) -> None:
    assert read_bracket(sorted((data / "building_iso_bracket_xperia").glob("*.JPG"))).meta.varies == ("ISO",)
    assert read_bracket(sorted((data / "cannon_aperture_650d").glob("*.jpeg"))).meta.varies == ("f-number",)
