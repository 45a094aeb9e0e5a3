"""One bracket or several: told by size, camera, and exposures that repeat with other content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from brackets import CYCLE, shoot
from PIL import Image

from fullwell.errors import InputError
from fullwell.image import Exposure, Frame
from fullwell.io import read_bracket, select
from fullwell.io.bracket import read_frame
from fullwell.io.grouping import Sets, find_sets
from fullwell.io.thumbnail import Thumbnails

ONE = [
    "airport_people_t2i",
    "arch_night_learnopencv",
    "building_iso_bracket_xperia",
    "cafe_pixel7",
    "cannon_aperture_650d",
    "house_mertens",
    "lamp_iso12800_nex5",
    "library_night_d90",
    "lighthouse_d3",
    "memorial_debevec",
    "room_lamp_t2i",
    "sculpture_garden_tiff",
    "street_night_iphonexr_ori8",
    "venice_no_shutter",
    "window_350d_aeb_bias",
    "window_indoor_e995",
    "window_iphone6_ori6",
]


def sets_of(paths: list[Path]) -> Sets | None:
    return find_sets([read_frame(p) for p in paths], Thumbnails())


def lengths(paths: list[Path]) -> list[int]:
    found = sets_of(paths)
    return [len(s) for s in found.sets] if found else [len(paths)]


@pytest.mark.parametrize("folder", ONE)
def test_every_real_bracket_is_one(data: Path, folder: str) -> None:
    paths = list(select(data / folder).paths)
    assert sets_of(paths) is None
    assert sets_of(sorted(paths)) is None
    by_time = sorted(paths, key=lambda p: read_frame(p).exposure.time_s or 0.0)
    assert sets_of(by_time) is None


def test_three_triples_of_one_scene_as_they_were_taken(data: Path) -> None:
    window = data / "window_350d_aeb_bias"
    taken = ["1_1000", "1_4000", "1_250", "1_15", "1_60", "1_4", "4_1", "1_1", "15_1"]
    assert sets_of([window / f"window_exp_{t}.jpg" for t in taken]) is None


def small(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        image.draft("RGB", (240, 160))
        return np.asarray(image.convert("RGB").resize((240, 160)))


def test_real_brackets_in_one_folder(data: Path) -> None:
    """Three of each, scaled to one size and given the same exposures, so that content alone tells."""
    frames = []
    for folder in ONE:
        shown = sorted((small(p) for p in select(data / folder).paths), key=np.mean)
        middle = min(max(int(np.argmin([abs(s.mean() - 100) for s in shown])), 1), len(shown) - 2)
        for k, time_s in zip((middle, middle - 1, middle + 1), CYCLE, strict=True):
            frames.append(Frame(f"{folder} {k}", shown[k], (160, 240), Exposure(time_s)))
    found = find_sets(frames, Thumbnails())
    assert found is not None
    assert list(found.sets) == [range(k, k + 3) for k in range(0, 3 * len(ONE), 3)]


def test_a_cycle_that_repeats_with_other_content(tmp_path: Path) -> None:
    paths = [p for k in range(4) for p in shoot(tmp_path, seed=k, first=1 + 3 * k)]
    with pytest.raises(InputError) as refused:
        read_bracket(tmp_path)
    assert str(refused.value) == (
        "12 files look like 4 brackets of 3: use --every 3 (the exposures repeat with other content from IMG_4.jpg, "
        "IMG_7.jpg, IMG_10.jpg on); --every 12 makes one bracket of all."
    )
    assert len(read_bracket(paths, whole=True)) == 12


def test_a_cycle_of_steps_with_another_base(tmp_path: Path) -> None:
    """Aperture priority: the steps repeat, the exposures do not."""
    paths = shoot(tmp_path, 1) + shoot(tmp_path, 2, 4, times=[t * 1.7 for t in CYCLE])
    assert lengths(paths) == [3, 3]


def test_the_same_content_again_is_one_bracket(tmp_path: Path) -> None:
    twice = shoot(tmp_path, 1) + shoot(tmp_path, 1, 4, shift=(2, -3))
    assert lengths(twice) == [6]
    assert lengths(shoot(tmp_path / "b", 1, times=[0.1, 0.1, 0.1, 0.4])) == [4]
    ladder = shoot(tmp_path / "c", 1, times=[2.0**k for k in range(-8, 0)])
    assert lengths(ladder) == [8]


def test_scenes_taken_twice_each(tmp_path: Path) -> None:
    paths = [p for k in range(4) for p in shoot(tmp_path, seed=k // 2, first=1 + 3 * k)]
    assert lengths(paths) == [6, 6]


def test_brackets_of_different_lengths(tmp_path: Path) -> None:
    paths = shoot(tmp_path, 1) + shoot(tmp_path, 2, 4, times=[1 / 15, 1 / 60, 1 / 4, 1 / 240])
    found = sets_of(paths)
    assert found is not None
    assert str(found) == (
        "7 files look like 2 brackets (the exposures repeat with other content): IMG_1.jpg to IMG_3.jpg, "
        "IMG_4.jpg to IMG_7.jpg; use --every auto to make each, or use --every 7 to make one bracket of all."
    )


def test_other_sizes(tmp_path: Path) -> None:
    paths = shoot(tmp_path, 1) + shoot(tmp_path, 1, 4, size=(120, 90))
    found = sets_of(paths)
    assert str(found) == "6 files look like 2 brackets of 3: use --every 3 (the size changes from IMG_4.jpg on)."
    odd = paths[:3] + paths[3:4]
    with pytest.raises(InputError, match="must have one size"):  # one that does not belong is no bracket
        read_bracket(odd)


def test_other_cameras(tmp_path: Path) -> None:
    paths = shoot(tmp_path, 1) + shoot(tmp_path, 1, 4)
    for path in paths[3:]:
        with Image.open(path) as image:
            exif = image.getexif()
            exif[0x0110] = "Another camera"
            image.save(path, exif=exif)
    assert lengths(paths) == [3, 3]


def test_without_exposures_brightness_takes_their_place(tmp_path: Path) -> None:
    paths = [p for k in range(3) for p in shoot(tmp_path, seed=k, first=1 + 3 * k)]
    for path in paths:
        with Image.open(path) as image:
            image.save(path)  # EXIF is lost
    assert lengths(paths) == [3, 3, 3]
    assert lengths(paths[:3] * 2) == [6]
