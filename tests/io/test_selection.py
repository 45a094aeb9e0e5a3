"""Files, folders and patterns as a person names them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fullwell.errors import InputError, UsageError
from fullwell.image import Metadata, Picture, Radiance
from fullwell.io import read_bracket, select, write
from fullwell.io.naming import fill
from fullwell.recipe import Recipe


def photos(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (6, 4), (90, 80, 70)).save(folder / name)
    return folder


def names(*what: str | Path) -> list[str]:
    return [p.name for p in select(what).paths]


def test_a_folder_gives_its_photographs_in_natural_order(tmp_path: Path) -> None:
    photos(tmp_path, "img_10.jpg", "img_9.JPG", "img_2.5.png", "Img_1.jpg", ".hidden.jpg")
    photos(tmp_path / "more", "img_3.jpg")
    assert names(tmp_path) == ["Img_1.jpg", "img_2.5.png", "img_9.JPG", "img_10.jpg"]


@pytest.mark.parametrize(
    ("order"),
    [
        ["img_0.033.jpg", "img_0.25.jpg", "img_2.5.jpg", "img_15.jpg"],
        ["20240401_175706.jpg", "20240401_175717.jpg"],
        ["A.jpg", "B.jpg", "c.jpg"],
        ["DSC_0099.jpg", "DSC_0100.jpg"],
        ["IMG_1 (2).jpg", "IMG_1 (10).jpg"],
    ],
)
def test_natural_order(tmp_path: Path, order: list[str]) -> None:
    photos(tmp_path, *order)
    assert names(tmp_path) == order


def test_a_pattern_is_resolved_here_and_regards_no_case(tmp_path: Path) -> None:
    photos(tmp_path / "Day 1", "IMG_2.JPG", "img_10.jpg", "other.jpg")
    photos(tmp_path / "day 2", "IMG_1.jpg")
    (tmp_path / "Day 1" / "img_3.xmp").write_text("<x/>")
    assert names(tmp_path / "Day 1" / "img_*.Jpg") == ["IMG_2.JPG", "img_10.jpg"]
    assert names(tmp_path / "DAY*" / "img_*") == ["IMG_2.JPG", "img_10.jpg", "IMG_1.jpg"]
    assert names(tmp_path / "Day 1" / "img_?.jpg") == ["IMG_2.JPG"]


def test_named_files_keep_their_order_and_count_once(tmp_path: Path) -> None:
    photos(tmp_path, "a.jpg", "b.jpg", "c[1].jpg")
    assert names(tmp_path / "b.jpg", tmp_path, tmp_path / "A*") == ["b.jpg", "a.jpg", "c[1].jpg"]
    assert names(tmp_path / "c[1].jpg") == ["c[1].jpg"]  # a file of this name is there: no pattern


def test_what_is_no_photograph_is_left_out_of_folders_and_patterns_only(tmp_path: Path) -> None:
    photos(tmp_path, "a.jpg")
    for name in ("ev.txt", "notes", "a.json", "film.mp4"):
        (tmp_path / name).write_bytes(b"no picture at all")
    (tmp_path / "empty.dat").touch()
    for what in (tmp_path, tmp_path / "*"):
        found = select(what)
        assert [p.name for p in found.paths] == ["a.jpg"]
        assert found.notes == ("left out, no photographs: 5 files (a.json, empty.dat, ev.txt, ...)",)
    assert names(tmp_path / "a.jpg", tmp_path / "ev.txt") == ["a.jpg", "ev.txt"]  # which reading refuses


def test_damage_is_not_passed_over(tmp_path: Path) -> None:
    photos(tmp_path, "a.jpg")
    (tmp_path / "b.jpg").touch()
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    assert names(tmp_path) == ["a.jpg", "b.jpg", "c.jpg"]


def test_raw_beside_jpeg(tmp_path: Path) -> None:
    photos(tmp_path, "IMG_1.jpg", "IMG_2.jpg")
    for name in ("IMG_1.RAF", "img_2.raf"):
        (tmp_path / name).write_bytes(b"FUJIFILMCCD-RAW 0201")
    assert names(tmp_path) == ["IMG_1.jpg", "IMG_2.jpg"]
    (tmp_path / "IMG_3.RAF").write_bytes(b"FUJIFILMCCD-RAW 0201")
    assert "IMG_3.RAF" in names(tmp_path)  # of which there is no other copy: reading refuses it
    with pytest.raises(InputError, match=r"RAW file"):
        read_bracket(tmp_path / "*.raf")


def test_results_are_left_out_however_they_are_named(tmp_path: Path) -> None:
    photos(tmp_path, "a.jpg", "b.jpg")
    meta = Metadata(recipe=Recipe.of().to_toml())
    for name in ("r.jpg", "r.png", "r.tif"):
        write(Picture(np.ones((4, 6, 3), np.float32), meta=meta), tmp_path / name)
    for name in ("r.hdr", "r.exr"):
        write(Radiance(np.ones((4, 6, 3), np.float32), meta=meta), tmp_path / name)
    for what in ([tmp_path], [tmp_path / "*"], sorted(tmp_path.iterdir())):
        found = select(what)
        assert [p.name for p in found.paths] == ["a.jpg", "b.jpg"]
        assert found.notes == ("left out, made by Fullwell: 5 files (r.exr, r.hdr, r.jpg, ...)",)
    with pytest.raises(InputError, match=r"no photograph to work on; left out, made by Fullwell: 1 file \(r\.jpg\)"):
        select(tmp_path / "r.jpg")


def test_a_jpeg_with_a_comment_is_no_result(tmp_path: Path) -> None:
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", comment=b"File source: fullwell = nice")
    assert names(tmp_path) == ["a.jpg"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("*.png", r"no photograph fits this pattern; look what is in .*photos"),
        ("none/*.png", r"no photograph fits this pattern; there is no folder .*none"),
        ("empty", r"no photograph in this folder; it is empty"),
        ("outer", r"no photograph in this folder; name one of the folders in it: inner"),
        ("texts", r"no photograph in this folder, only 1 file \(a\.txt\)"),
    ],
)
def test_nothing_is_a_sentence(tmp_path: Path, what: str, said: str) -> None:
    folder = photos(tmp_path / "photos", "a.jpg")
    (folder / "empty").mkdir()
    (folder / "outer" / "inner").mkdir(parents=True)
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").write_text("a")
    with pytest.raises(InputError, match=said):
        select(folder / what)


def test_names_of_results(tmp_path: Path) -> None:
    assert fill("out/{reference}-HDR.jpg", reference="IMG_2") == Path("out/IMG_2-HDR.jpg")
    with pytest.raises(UsageError, match=r"\{refrence\} stands for nothing; did you mean 'reference'"):
        fill("{refrence}.jpg", reference="IMG_2")
