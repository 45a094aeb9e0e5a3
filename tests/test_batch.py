"""Several brackets from one folder, made one by one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from brackets import shoot

from fullwell.batch import Outcome, make_every
from fullwell.errors import InputError, UsageError
from fullwell.job import make
from fullwell.recipe import Recipe

PLAIN = Recipe.of({"align": "none", "response": "srgb", "tonemap": "linear"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k in range(3):
        shoot(tmp_path / "photos", seed=k, first=1 + 3 * k)
    return tmp_path / "photos"


def made(folder: Path, every: int | None = 3, output: str = "{reference}-HDR.png", **options: object) -> list[Outcome]:
    return list(make_every(folder, every, folder.parent / output, PLAIN, **options))  # type: ignore[arg-type]


def test_each_set_is_made_as_by_itself(folder: Path, tmp_path: Path) -> None:
    outcomes = made(folder)
    assert [o.error for o in outcomes] == [None] * 3
    assert [p.name for o in outcomes for p in o.outputs] == ["IMG_1-HDR.png", "IMG_4-HDR.png", "IMG_7-HDR.png"]
    make([folder / f"IMG_{k}.jpg" for k in (4, 5, 6)], tmp_path / "alone.png", PLAIN)
    assert (tmp_path / "alone.png").read_bytes() == (tmp_path / "IMG_4-HDR.png").read_bytes()


def test_each_set_is_verified(folder: Path) -> None:
    for outcome in made(folder, verify=True):
        assert outcome.result is not None
        (found,) = outcome.result.report["verified"]
        assert (found["path"], found["share"] > 0.1) == (str(outcome.outputs[0]), True)
        assert found["median_stops"] < 0.05


def test_a_bad_set_does_not_stop_the_others(folder: Path, tmp_path: Path) -> None:
    damaged = folder / "IMG_5.jpg"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    outcomes = made(folder)
    assert [o.number for o in outcomes if o.error] == [2]
    assert "IMG_5.jpg: the JPEG ends" in str(outcomes[1].error)
    assert sorted(p.name for p in tmp_path.glob("*.png")) == ["IMG_1-HDR.png", "IMG_7-HDR.png"]


def test_sets_of_different_lengths_are_made_as_they_look(folder: Path, tmp_path: Path) -> None:
    (folder / "IMG_9.jpg").unlink()
    outcomes = made(folder, every=None)
    assert [[p.name for p in o.frames.paths] for o in outcomes] == [
        ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"],
        ["IMG_4.jpg", "IMG_5.jpg", "IMG_6.jpg"],
        ["IMG_7.jpg", "IMG_8.jpg"],
    ]
    assert [o.error for o in outcomes] == [None] * 3


def test_frames_that_are_no_whole_sets(folder: Path) -> None:
    with pytest.raises(UsageError, match="--every 2: 9 files do not divide into sets of 2"):
        made(folder, every=2)


@pytest.mark.parametrize("output", ["scene.png", "{reference}.xyz", "{ref}.png", "nowhere/{reference}.png"])
def test_outputs_are_refused_before_any_work(folder: Path, tmp_path: Path, output: str) -> None:
    with pytest.raises(UsageError):
        made(folder, output=output)
    assert list(tmp_path.iterdir()) == [folder]


def test_frames_of_one_name_in_two_folders(folder: Path, tmp_path: Path) -> None:
    shoot(tmp_path / "others", seed=7)
    frames = [p for name in ("photos", "others") for p in sorted((tmp_path / name).iterdir())]
    with pytest.raises(UsageError, match=r"IMG_1-HDR\.png: would be written by set 1 and by set 4"):
        list(make_every(frames, 3, tmp_path / "{reference}-HDR.png", PLAIN))


def test_a_frame_of_another_set_is_not_overwritten(folder: Path) -> None:
    before = (folder / "IMG_1.jpg").read_bytes()
    with pytest.raises(UsageError, match="is an input"):
        made(folder, output="photos/{reference}.jpg")
    assert (folder / "IMG_1.jpg").read_bytes() == before


def test_a_set_that_looks_like_two_is_a_bad_one(folder: Path) -> None:
    shoot(folder, seed=9, first=10)
    outcomes = made(folder, every=6)
    assert all(isinstance(o.error, InputError) for o in outcomes)
    assert "6 files look like 2 brackets of 3" in str(outcomes[0].error)


def test_as_many_as_there_are_is_one_bracket_whatever_it_looks_like(folder: Path, tmp_path: Path) -> None:
    trusting = dataclasses.replace(PLAIN, trust_times=True)
    (outcome,) = make_every(folder, 9, tmp_path / "all.png", trusting)
    assert outcome.error is None
    assert outcome.result is not None
    assert len(outcome.result.bracket) == 9


def test_what_was_left_out_is_told_once(folder: Path) -> None:
    (folder / "ev.txt").write_text("no picture")
    notes = [o.result.bracket.notes for o in made(folder) if o.result]
    assert notes == [("left out, no photographs: 1 file (ev.txt)",), (), ()]


def test_times_count_for_every_set(folder: Path, tmp_path: Path) -> None:
    recipe = Recipe.of({"align": "none", "response": "srgb"}, times_s=(0.5, 0.125, 2.0))
    outcomes = list(make_every(folder, 3, tmp_path / "{reference}.exr", recipe))
    assert [[f.exposure.time_s for f in o.result.bracket] for o in outcomes if o.result] == [[0.5, 0.125, 2.0]] * 3
