"""The inspection of a bracket: right numbers, right warnings, and an answer for every file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fullwell.errors import ExposureError
from fullwell.image import Bracket, Exposure, Frame
from fullwell.io import written_time
from fullwell.io.photograph import write_photograph
from fullwell.kernels.histogram import clipping
from fullwell.report.inspection import as_dict, as_table, inspect, inspect_files


def frame(name: str, level: int = 100, **exposure: float | str) -> Frame:
    codes = np.full((10, 20, 3), level, np.uint8)
    return Frame(name, codes, (10, 20), Exposure(**{"source": "EXIF", **exposure}))  # type: ignore[arg-type]


def warnings(*frames: Frame) -> list[str]:
    return list(inspect(frames).warnings)


def test_exposure_over_the_reference() -> None:
    frames = (frame("a", time_s=0.25), frame("b", time_s=1.0, f_number=2.0), frame("c", time_s=4.0, f_number=2.0))
    bracket = Bracket(tuple(f.replace(exposure=Exposure(f.exposure.time_s, 2.0, 100)) for f in frames))
    assert [r.ev for r in inspect(bracket).rows] == [-2, 0, 2]
    assert [r.ev for r in inspect(Bracket(bracket.frames, reference=2)).rows] == [-4, -2, 0]
    assert [r.ev for r in inspect(bracket.frames).rows] == [-2, 0, 2]  # the middle one where none is named


def test_iso_and_aperture_count_in_the_ev() -> None:
    frames = [frame("a", time_s=1.0, iso=100, f_number=4.0), frame("b", time_s=1.0, iso=200, f_number=2.0)]
    assert [r.ev for r in inspect(frames).rows] == [0, 3]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_shares_of_clipped_pixels(kind: type) -> None:
    codes = np.full((10, 10, 3), 100, np.uint8)
    codes[0, 0, 1] = 254  # one channel is enough
    codes[0, 1] = 255
    codes[0, 2] = 253
    codes[1, :3, 2] = (0, 1, 2)
    pixels = codes if kind == np.uint8 else codes.astype(np.uint16) * np.uint16(257)
    (row,) = inspect([Frame("a", pixels, (10, 10))]).rows
    assert (row.clipped_high, row.clipped_low) == (0.02, 0.02)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (3, 1), (37, 53), (201, 199)])
def test_clipping_is_counted_as_numpy_counts(size: tuple[int, int], kind: type) -> None:
    top = np.iinfo(kind).max
    codes = np.random.default_rng(2).integers(0, top + 1, (*size, 3)).astype(kind)
    codes.flags.writeable = False
    low, high = top // 20, top - top // 10
    expected = [(codes <= low).any(axis=2).mean(), (codes >= high).any(axis=2).mean(), codes.mean(dtype=np.float64)]
    np.testing.assert_allclose(clipping(codes, low, high), expected, rtol=1e-12)


def test_nothing_to_warn_of() -> None:
    assert warnings(frame("a", 50, time_s=0.1), frame("b", 150, time_s=0.4)) == []


def test_what_varies_is_said() -> None:
    a = frame("a", 50, time_s=0.1, iso=100, f_number=2.8).replace(white_balance="auto")
    b = frame("b", 150, time_s=0.4, iso=800, f_number=4.0).replace(white_balance="manual (shade)")
    said = warnings(a, b)
    assert any("ISO differs (100 to 800)" in w for w in said)
    assert any("f-number differs (2.8 to 4)" in w for w in said)
    assert any("white balance differs (auto, manual (shade))" in w for w in said)


def test_repeated_exposures() -> None:
    said = warnings(frame("a", time_s=0.1), frame("b", time_s=0.4), frame("c", time_s=0.103), frame("d", time_s=0.41))
    assert said == ["the same exposure: a, c", "the same exposure: b, d"]


def test_exposures_that_the_brightness_contradicts(data: Path) -> None:
    said = warnings(frame("a", 50, time_s=0.1), frame("b", 150, time_s=0.1))
    assert len(said) == 1
    assert said[0].startswith("all frames have the same exposure although their brightness differs")
    garden = inspect_files(sorted((data / "sculpture_garden_tiff").glob("*.tif")))
    assert list(garden.warnings) == said
    right = inspect_files(
        sorted((data / "sculpture_garden_tiff").glob("*.tif")), [1 / n for n in (320, 160, 80, 40, 20)]
    )
    assert right.warnings == ()
    assert [r.ev for r in right.rows] == pytest.approx([-2, -1, 0, 1, 2])


def test_missing_exposures() -> None:
    result = inspect([frame("a", 50), frame("b", 100, time_s=0.4), *(frame(f"c{k}") for k in range(9))])
    assert any("no exposure time: a, c0, c1, c2 and 6 more; pass --times" in w for w in result.warnings)
    assert [r.ev for r in result.rows[:2]] == [None, 0]


def test_settings_known_for_some_frames_only() -> None:
    """One known value serves all, several leave the exposure open."""
    assert [r.ev for r in inspect([frame("a", time_s=1.0, iso=100), frame("b", time_s=2.0)]).rows] == [0, 1]
    frames = [frame("a", time_s=1.0, iso=100), frame("b", time_s=2.0, iso=200), frame("c", time_s=4.0)]
    result = inspect(frames)
    assert [r.ev for r in result.rows] == [None, None, None]
    assert any(w.startswith("c has no ISO") for w in result.warnings)


def test_an_answer_for_every_file(tmp_path: Path) -> None:
    write_photograph(np.zeros((20, 30, 3), np.uint8), tmp_path / "a.jpg", Exposure(0.1))
    write_photograph(np.zeros((20, 40, 3), np.uint8), tmp_path / "b.jpg", Exposure(0.4))
    (tmp_path / "c.jpg").write_bytes((tmp_path / "b.jpg").read_bytes()[:-30])
    result = inspect_files([tmp_path / n for n in ("a.jpg", "b.jpg", "c.jpg", "d.jpg")], times=[1, 2, 3, 4])
    assert [r.error is None for r in result.rows] == [True, True, False, False]
    assert [r.ev for r in result.rows] == [0, 1, None, None]
    assert "truncated" in (result.rows[2].error or "")
    assert any("2 of 4 files cannot be used: c.jpg, d.jpg" in w for w in result.warnings)
    assert any("different sizes: 30 x 20, 40 x 20" in w for w in result.warnings)


def test_damage_that_shows_only_in_the_pixels(tmp_path: Path, data: Path) -> None:
    path = data / "odd_broken" / "crash-0da013a13571cc8eb457a39fee8db18f8a3c7127.tif"
    (row,) = inspect_files([path]).rows
    assert (row.width, row.height) == (218, 84)
    assert "damaged" in (row.error or "")


def test_every_file_of_the_folders_of_odd_ones(data: Path) -> None:
    for folder in ("odd_broken", "odd_exif", "odd_modes", "raw_samples"):
        paths = sorted((data / folder).iterdir())
        result = inspect_files(paths)
        assert [r.path for r in result.rows] == [str(p) for p in paths]
        assert all(r.error or r.clipped_high is not None for r in result.rows)
        assert json.loads(json.dumps(as_dict(result)))["warnings"]
        assert len(as_table(result).splitlines()) > len(paths)


def test_wrong_times_are_refused_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(ExposureError, match="1 times"):
        inspect_files([tmp_path / "a.jpg", tmp_path / "b.jpg"], times=[1])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1 / 30, "1/30 s"),
        (0.25, "1/4 s"),
        (2.5, "2.5 s"),
        (15, "15 s"),
        (0.5, "0.5 s"),
        (0.3, "0.3 s"),
        (0.039991518, "1/25 s"),
    ],
)
def test_times_as_photographers_write_them(seconds: float, text: str) -> None:
    assert written_time(seconds) == text


def test_the_table(tmp_path: Path) -> None:
    codes = np.full((20, 30, 3), 255, np.uint8)
    write_photograph(codes, tmp_path / "bright.jpg", Exposure(0.5, 5.6, 200))
    codes[:, :15] = 0
    write_photograph(codes, tmp_path / "d.jpg", Exposure(1 / 30, 5.6, 200))
    result = inspect_files([tmp_path / "bright.jpg", tmp_path / "d.jpg"])
    assert as_table(result).splitlines() == [
        "file           size    time    f  ISO     EV   dark  clipped  white balance  time from",
        "bright.jpg  30 x 20   0.5 s  5.6  200  +3.91   0.0%   100.0%  -              EXIF",
        "d.jpg       30 x 20  1/30 s  5.6  200  +0.00  50.0%    50.0%  -              EXIF",
    ]


def test_the_data(tmp_path: Path) -> None:
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    row = as_dict(inspect_files([tmp_path / "a.png"], times=[2.0]))["frames"][0]
    assert row["exposure"] == {
        "source": "--times",
        "nominal_ev": 0.0,
        "time_s": 2.0,
        "f_number": None,
        "iso": None,
        "settings_source": "unknown",
        "snapped_ev": None,
        "solved_ev": None,
        "residual_ev": None,
        "error_ev": None,
    }
    assert (row["used"], row["width"], row["height"], row["clipped"]) == (True, 8, 6, {"low": 1.0, "high": 0.0})
