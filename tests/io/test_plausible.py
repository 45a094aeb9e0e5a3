"""Exposure times against EXIF and against what the photographs show."""

from __future__ import annotations

from pathlib import Path

import pytest
from brackets import shoot
from PIL import Image

from fullwell.errors import ExposureError
from fullwell.io import parse_times, read_bracket
from fullwell.io.bracket import read_frame
from fullwell.io.plausible import reversed_pairs
from fullwell.io.thumbnail import Thumbnails

TIMES = {"img_0.01.jpg": 0.01, "img_0.05.jpg": 0.05, "img_1.25.jpg": 1.25, "img_0.25.jpg": 0.25}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four exposures whose EXIF is right, in files named after them."""
    paths = shoot(tmp_path, 3, 0, list(TIMES.values()), name="{}.jpg")
    for path, name in zip(paths, TIMES, strict=True):
        path.rename(tmp_path / name)
    return tmp_path


def without_exif(folder: Path) -> Path:
    for path in folder.iterdir():
        with Image.open(path) as image:
            image.save(path)
    return folder


def with_exif(folder: Path, times: list[float]) -> Path:
    for path, time_s in zip(sorted(folder.iterdir()), times, strict=True):
        with Image.open(path) as image:
            exif = image.getexif()
            exif.get_ifd(0x8769)[0x829A] = time_s
            image.save(path, exif=exif)
    return folder


def seconds(folder: Path, **given: object) -> list[float | None]:
    return [f.exposure.time_s for f in read_bracket(folder, **given)]  # type: ignore[arg-type]


def test_the_tutorials_list_on_real_files(data: Path) -> None:
    night = data / "arch_night_learnopencv"
    listed = [1 / 30, 0.25, 2.5, 15]
    with pytest.raises(ExposureError) as refused:
        read_bracket(sorted(night.glob("*.jpg")), listed)
    said, *table = str(refused.value).splitlines()
    assert said.startswith(
        "--times: EXIF says something else; img_15.jpg is given 2.5 s and was exposed 15 s; leave the times out, or "
        "say each frame's by name, --times img_15.jpg=15,img_2.5.jpg=2.5,...;"
    )
    assert [line.split() for line in table] == [
        ["file", "given", "EXIF", "brightness"],
        ["img_0.033.jpg", "1/30", "s", "1/30", "s", "1.4", "%"],
        ["img_0.25.jpg", "1/4", "s", "1/4", "s", "6.8", "%"],
        ["img_2.5.jpg", "15", "s", "2.5", "s", "25.1", "%", "<"],
        ["img_15.jpg", "2.5", "s", "15", "s", "56.0", "%", "<"],
    ]
    assert seconds(night, times=listed) == listed  # a folder is in natural order
    by_name = parse_times("img_15.jpg=15,img_2.5=2.5,img_0.25.jpg=1/4,img_0.033.JPG=1/30")
    assert seconds(night, times_from=by_name) == listed


def test_given_times_that_brightness_contradicts(folder: Path) -> None:
    without_exif(folder)
    with pytest.raises(ExposureError, match=r"img_0\.01\.jpg is given 1\.25 s .*brighter|is brighter than"):
        read_bracket(folder, [1.25, 0.05, 0.25, 0.01])
    assert seconds(folder, times=[1.25, 0.05, 0.25, 0.01], trust_times=True) == [1.25, 0.05, 0.25, 0.01]
    assert seconds(folder, times=[0.01, 0.05, 0.25, 1.25]) == [0.01, 0.05, 0.25, 1.25]
    with pytest.raises(ExposureError, match="all frames have the same exposure"):
        read_bracket(folder, [1, 1, 1, 1])


def test_given_times_that_exif_contradicts(folder: Path) -> None:
    """In the right order, and too far apart: EXIF says so."""
    typed = [0.01, 0.05, 0.25, 12.5]
    with pytest.raises(ExposureError, match=r"img_1\.25\.jpg is given 12\.5 s and was exposed 1\.25 s"):
        read_bracket(folder, typed)
    assert seconds(folder, times=typed, trust_times=True) == typed


def test_rounded_times_and_other_units_agree_with_exif(folder: Path) -> None:
    assert read_bracket(folder, [0.011, 0.06, 0.25, 1.3]).notes == ()
    bracket = read_bracket(folder, [10, 50, 250, 1250])
    assert bracket.notes == ("the given exposures are all 1000 times those in EXIF; only their ratios count here",)


def test_wrong_exif_can_be_corrected_where_brightness_tells(folder: Path) -> None:
    with_exif(folder, [0.01, 0.05, 0.06, 0.07])  # 0.01, 0.05, 0.25, 1.25 is true
    bracket = read_bracket(folder, [0.01, 0.05, 0.25, 1.25])
    assert bracket.notes == ("--times: the times differ from EXIF's; the brightness of the frames supports them",)


def test_equal_exif_of_frames_that_differ(data: Path) -> None:
    garden = data / "sculpture_garden_tiff"
    bracket = read_bracket(garden)  # which may be fused
    with pytest.raises(ExposureError, match=r"all frames have the same exposure .*--times.*--fuse mertens07.*--trust"):
        _ = bracket.exposures
    assert list(read_bracket(garden, trust_times=True).exposures) == [0.05 / 64] * 5
    right = [1 / n for n in (320, 160, 80, 40, 20)]
    assert seconds(garden, times=right) == right
    with pytest.raises(ExposureError, match=r"5\.tif is given 1/320 s and is brighter than 4\.tif with 1/160 s"):
        read_bracket(garden, right[::-1])


def test_two_equal_exposures_that_differ(folder: Path) -> None:
    with_exif(folder, [0.01, 0.05, 0.25, 0.25])
    with pytest.raises(ExposureError, match=r"img_0\.25\.jpg and img_1\.25\.jpg have the same exposure"):
        _ = read_bracket(folder).exposures


@pytest.mark.parametrize(
    ("numbers", "understood"),
    [
        ([100, 20, 4, 0.8], "1/seconds: the frames grow darker with them"),
        ([0.01, 0.05, 0.25, 1.25], "seconds: the frames grow brighter with them"),
        ([6400, 1280, 256, 51.2], "1/seconds: the frames grow darker with them"),
    ],
)
def test_brightness_tells_seconds_from_reciprocals(folder: Path, numbers: list[float], understood: str) -> None:
    without_exif(folder)
    listing = folder / "list.txt"
    listing.write_text("".join(f"{n} {t}\n" for n, t in zip(sorted(TIMES), numbers, strict=True)))
    bracket = read_bracket(folder, times_from=listing)
    assert f"list.txt: the numbers are taken as {understood}" in bracket.notes
    evs = [f.exposure.time_s for f in bracket]
    assert evs == sorted(evs)


def test_a_header_that_brightness_contradicts(folder: Path) -> None:
    without_exif(folder)
    listing = folder / "list.txt"
    lines = "".join(f"{n} {t}\n" for n, t in zip(sorted(TIMES), (0.01, 0.05, 0.25, 1.25), strict=True))
    listing.write_text(f"# filename 1/seconds\n{lines}")
    with pytest.raises(ExposureError, match=r"list\.txt: .* is brighter than"):
        read_bracket(folder, times_from=listing)


def test_names_count_where_brightness_agrees(folder: Path) -> None:
    without_exif(folder)
    bracket = read_bracket(folder)
    assert [f.exposure.time_s for f in bracket] == [0.01, 0.05, 0.25, 1.25]
    assert bracket.notes == (
        "exposure times are read from the file names: img_0.01.jpg 0.01 s, img_0.05.jpg 0.05 s, img_0.25.jpg 0.25 s, "
        "img_1.25.jpg 1.25 s",
    )
    (folder / "img_0.01.jpg").rename(folder / "img_3.5.jpg")  # the darkest
    bracket = read_bracket(folder)
    assert [f.exposure.time_s for f in bracket] == [None] * 4
    assert any("no exposure times: brightness does not rise with them" in n for n in bracket.notes)


@pytest.mark.parametrize(
    "folder",
    [
        "airport_people_t2i",
        "arch_night_learnopencv",
        "building_iso_bracket_xperia",
        "cafe_pixel7",
        "cannon_aperture_650d",
        "lamp_iso12800_nex5",
        "library_night_d90",
        "lighthouse_d3",
        "room_lamp_t2i",
        "street_night_iphonexr_ori8",
        "window_350d_aeb_bias",
        "window_indoor_e995",
        "window_iphone6_ori6",
    ],
)
def test_brightness_rises_with_the_exposures_of_every_real_bracket(data: Path, folder: str) -> None:
    bracket = read_bracket(data / folder)
    assert bracket.doubt == ""
    assert reversed_pairs(bracket.frames, Thumbnails()) == []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a.jpg=1/4, b.jpg = 2", {"a.jpg": 0.25, "b.jpg": 2.0}),
        ("a,1.jpg=1,b=2.5.jpg=3", {"a,1.jpg": 1.0, "b=2.5.jpg": 3.0}),
        ("窗 1.jpg=1,窗 2.jpg=2", {"窗 1.jpg": 1.0, "窗 2.jpg": 2.0}),
    ],
)
def test_times_by_name(text: str, read: dict[str, float]) -> None:
    assert parse_times(text) == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.jpg=1,2", r"'2' has no time; write NAME=SECONDS"),
        ("a.jpg=soon", r"--times, a\.jpg: .*'soon'"),
        ("a.jpg=", r"--times, a\.jpg: .*''"),
    ],
)
def test_times_by_name_that_make_no_sense(text: str, said: str) -> None:
    with pytest.raises(ExposureError, match=said):
        parse_times(text)


def test_every_frame_needs_its_time_by_name(folder: Path) -> None:
    with pytest.raises(ExposureError, match=r"img_0\.25\.jpg is not in --times; add its name and its time"):
        read_bracket(folder, times_from={"img_0.01": 0.01, "img_0.05.jpg": 0.05, "img_1.25.jpg": 1.25})


def test_thumbnails_of_jpeg_and_of_whole_pixels_agree(folder: Path) -> None:
    path = folder / "img_0.25.jpg"
    with Image.open(path) as image:
        image.save(folder / "copy.png")
    thumbnails = Thumbnails()
    a, b = read_frame(path), read_frame(folder / "copy.png")
    assert thumbnails.of(a) == pytest.approx(thumbnails.of(b), abs=0.01)
    assert thumbnails.likeness(a, b) == pytest.approx(1, abs=0.01)
    assert thumbnails.stops(a, b) == pytest.approx(0, abs=0.02)
