"""The report as data, which keeps its schema, and as a page, which stands alone and says what the data says."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from brackets import shoot
from jsonschema import Draft202012Validator

import fullwell as fw
from fullwell import cli
from fullwell.image import Bracket, Exposure, Frame, Pose, Radiance, Response
from fullwell.job import write_report
from fullwell.recipe import Recipe, Result
from fullwell.report import charts, page, views
from fullwell.report.verdict import CARE, GOOD, POOR, verdict

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
TIMES = (1 / 15, 1 / 60, 1 / 4)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("photographs")
    return fw.make(shoot(folder, 3), [folder / "s.exr", folder / "s.jpg"])


class Tags(HTMLParser):
    """Every element that is opened, and that all are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "html"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag != "html":
            assert self.open.pop() == tag


def test_the_data_keep_the_schema(made: Result) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(made.report)))


def test_fused_frames_keep_the_schema(tmp_path: Path) -> None:
    report = fw.make(shoot(tmp_path, 3), tmp_path / "s.jpg", Recipe.of({"fuse": "mertens07"})).report
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(report)))
    assert report["response"] is report["radiance"] is report["unmeasured"] is None


def test_the_page_stands_alone_and_shows_every_frame(made: Result, tmp_path: Path) -> None:
    write_report(made, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    tags = Tags(text)
    assert not tags.open
    sources = [a["src"] for tag, a in tags.seen if tag == "img"]
    assert all(s and s.startswith("data:image/jpeg;base64,") for s in sources)
    assert not re.search(r"(href|src)=\"(?!data:)", text)
    assert len(sources) >= 1 + 2 * len(made.bracket)  # the picture, thumbnails and residuals
    for frame in made.bracket:
        assert Path(frame.name).name in text
    assert made.report["verdict"]["sentences"][0] in text
    assert sum(tag == "polygon" for tag, _ in tags.seen) == 3 * len(made.bracket)


def test_the_page_makes_the_same_again(made: Result, tmp_path: Path) -> None:
    write_report(made, tmp_path / "r.html")
    assert Recipe.load(tmp_path / "r.html") == made.recipe


def test_names_are_no_markup(tmp_path: Path) -> None:
    paths = shoot(tmp_path, 3, name="<b>&{}.jpg")
    write_report(fw.make(paths, tmp_path / "s.jpg"), tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;&amp;1.jpg" in text
    assert "<b>&1" not in text


def test_the_command_writes_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frames = [str(p) for p in shoot(tmp_path, 3)]
    command = ["make", *frames, "-o", "s.jpg", "--report", "r.html", "--report", "r.json"]
    for _ in range(2):  # one's own is replaced
        with pytest.raises(SystemExit) as end:
            cli.main(command)
        assert not end.value.code
    assert Path("r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(Path("r.json").read_text())["outputs"] == ["s.jpg"]


@pytest.mark.parametrize(("names", "said"), [(["r.txt"], "a .json or .html file"), (["r.json"] * 2, "named twice")])
def test_a_report_that_cannot_be_is_refused_first(tmp_path: Path, monkeypatch, capsys, names, said) -> None:
    monkeypatch.chdir(tmp_path)
    frames = [str(p) for p in shoot(tmp_path, 3)]
    with pytest.raises(SystemExit) as end:
        cli.main(["make", *frames, "-o", "s.jpg", *(f for name in names for f in ("--report", name))])
    assert end.value.code == 2
    assert said in capsys.readouterr().err
    assert not Path("s.jpg").exists()


# The verdict ----------------------------------------------------------------------------------------------------------


def sheet(confidence=1.0, used=True, off_ev=0.01, error_ev=0.01, residual_stops=0.02, unmeasured=0.0):
    frame = {
        "used": True,
        "alignment": {"confidence": 1.0, "residual_px": 0.1},
        "exposure": {"solved_ev": 0.0, "used_ev": 0.0, "error_ev": error_ev},
    }
    other = {
        "used": used,
        "alignment": {"confidence": confidence, "residual_px": 0.2},
        "exposure": {"solved_ev": off_ev, "used_ev": None if off_ev is None else 0.0, "error_ev": error_ev},
    }
    return {"frames": [frame, frame, other], "response": {"residual_stops": residual_stops}, "unmeasured": unmeasured}


@pytest.mark.parametrize(
    ("facts", "grade"),
    [
        ({}, GOOD),
        ({"used": False}, CARE),
        ({"confidence": 0.3}, POOR),
        ({"confidence": 0.3, "used": False}, CARE),  # who is left out does no harm
        ({"confidence": 0.0}, POOR),
        ({"confidence": None}, GOOD),
        ({"off_ev": -0.2}, CARE),
        ({"off_ev": -0.5}, POOR),
        ({"off_ev": -0.5, "error_ev": 0.2}, GOOD),  # nobody knows
        ({"off_ev": None, "residual_stops": None, "unmeasured": None}, GOOD),
        ({"residual_stops": 0.15}, CARE),
        ({"residual_stops": 0.3, "used": False}, POOR),
        ({"unmeasured": 0.005}, GOOD),
        ({"unmeasured": 0.05}, CARE),
        ({"unmeasured": 0.5}, POOR),
    ],
)
def test_the_verdict_is_the_worst_of_what_was_found(facts, grade: str) -> None:
    found = verdict(sheet(**facts))
    assert found["grade"] == grade
    assert all(s.endswith(".") for s in found["sentences"])


# Views and charts -----------------------------------------------------------------------------------------------------


def linear_bracket(light, times, poses=None):
    """Frames of linear light as a linear camera records them, and that camera."""
    poses = poses or [Pose()] * len(times)
    frames = tuple(
        Frame(f"{t:g}", np.round(np.clip(light * t, 0, 1) * 65535).astype(np.uint16), light.shape[:2],
              Exposure(t, 1.0, 100.0), pose)
        for t, pose in zip(times, poses, strict=True)
    )  # fmt: skip
    return Bracket(frames), Response(np.maximum(np.arange(65536) / 32768, 1e-9), white=65535 / 32768)


def test_a_frame_that_agrees_has_no_residual_and_one_that_moved_has() -> None:
    light = np.random.default_rng(1).uniform(0.1, 0.8, (60, 80, 1)).astype(np.float32).repeat(3, axis=2)
    bracket, response = linear_bracket(light, (0.5, 1.0), [Pose("shift", (2, -3)), Pose()])
    radiance = Radiance(light, to_absolute=1.0)
    moved, still = views.views(bracket, response, radiance)
    assert still.rms_stops < 1e-3 < 0.5 < moved.rms_stops
    assert still.compared == 1
    shifted = np.roll(light, (-2, 3), axis=(0, 1))  # frame pixel = reference pixel - shift
    bracket, response = linear_bracket(shifted, (0.5, 1.0), [Pose("shift", (2, -3)), Pose()])
    assert views.views(bracket, response, radiance)[0].rms_stops < 1e-3


def test_the_residual_is_of_the_part_that_is_shown() -> None:
    light = np.random.default_rng(2).uniform(0.1, 0.8, (60, 80, 1)).astype(np.float32).repeat(3, axis=2)
    bracket, response = linear_bracket(light, (0.5, 1.0))
    part = Radiance(light, to_absolute=1.0)[slice(7, 50), slice(5, 70)]
    assert all(v.rms_stops < 1e-3 for v in views.views(bracket, response, part))


def test_residuals_are_blue_where_darker_and_red_where_brighter() -> None:
    blue, grey, red, silent = views.painted(np.array([[-2.0, 0.0, 2.0, np.nan]]))[0]
    assert (tuple(blue), tuple(grey), tuple(red)) == (views.DARKER, views.SAME, views.BRIGHTER)
    assert tuple(silent) == views.SILENT


def test_a_single_unmeasured_pixel_is_marked() -> None:
    rgb = np.ones((1000, 1500, 3), np.float32)
    mask = np.zeros((1000, 1500), np.uint8)
    assert views.unmeasured(Radiance(rgb, mask=mask)) is None
    mask[777, 1001] = fw.image.CLIPPED_IN_ALL
    marked = (views.unmeasured(Radiance(rgb, mask=mask)) == views.MARKS[fw.image.CLIPPED_IN_ALL]).all(axis=2)
    assert marked.sum() == 1


def test_every_frame_measures_its_own_stops() -> None:
    light = np.full((8, 8, 3), 0.5, np.float32)
    bracket, response = linear_bracket(light, (0.25, 1.0, 4.0))
    for scale in (1.0, 8.0):
        radiance = Radiance(light, to_absolute=1.0).scaled(scale)
        ranges = charts.spans(bracket, response, radiance)
        wanted = np.log2(np.array([[charts.LOW, charts.HIGH]]) * scale / np.array([[0.25], [1], [4]]))
        assert np.array(ranges) == pytest.approx(wanted, abs=0.02)
    assert charts.measured_by(ranges, 3.0 + np.log2(0.15)) == 3
    assert charts.measured_by(ranges, 3.0 + np.log2(3.0)) == 1


def test_noise_is_pale_where_little_and_dark_where_much() -> None:
    rgb = np.ones((1, 4, 3), np.float32)
    sigma = np.array([0.001, 1.0, 10.0, np.inf], np.float32)[None, :, None].repeat(3, axis=2)
    pale, _, dark, silent = views.noise(Radiance(rgb, sigma=sigma))[0]
    assert (tuple(pale), tuple(dark), tuple(silent)) == (views.QUIET, views.NOISY, views.SILENT)


def test_the_page_asks_the_merge_for_its_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frames = [str(p) for p in shoot(tmp_path, 3)]
    for merge, told in (("granados10", True), ("debevec97", False)):
        with pytest.raises(SystemExit) as end:
            cli.main(["make", *frames, "-o", "s.exr", "--merge", merge, "--report", "r.html"])
        assert not end.value.code
        assert ("<h2>Noise</h2>" in Path("r.html").read_text(encoding="utf-8")) == told
        assert fw.read_radiance("s.exr").sigma is None  # which was not asked for


def test_the_page_shows_what_moved() -> None:
    light = np.full((40, 60, 3), 0.3, np.float32)
    bracket, response = linear_bracket(light, (0.5, 1.0))
    shares = np.ones((2, 4, 6), np.float32)
    shares[1, :2] = 0
    ghosts = fw.image.Ghosts(0, np.array([0.0, 0.5]), shares, 10)
    for radiance, shown in ((Radiance(light, ghosts=ghosts), True), (Radiance(light), False)):
        sections = "".join(page._sections(bracket, response, radiance))
        assert ("because it moved" in sections) == shown


def test_a_black_scene_has_a_page(tmp_path: Path) -> None:
    codes = [np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30, 3), np.uint8)]
    bracket = Bracket.of(codes, (0.1, 1.0))
    recipe = Recipe.of({"align": "none", "response": "srgb"})
    result = recipe.run(bracket, True, fw.progress.Progress())
    assert charts.coverage(result.bracket, result.response, result.radiance).count('class="range"') == 2
    assert views.unmeasured(dataclasses.replace(result.radiance)) is not None
