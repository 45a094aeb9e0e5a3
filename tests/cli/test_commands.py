"""Each command as a person types it: what it prints, where, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from brackets import shoot
from scenes import hills

from fullwell import cli
from fullwell.image import Exposure
from fullwell.io.photograph import write_photograph
from fullwell.params import ids
from fullwell.simulate import Camera

TIMES = [1 / 60, 1 / 15, 1 / 4]


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("frames")
    paths = []
    for i, shot in enumerate(Camera("srgb").shoot(hills(90, 120, 3) * 3, TIMES)):
        paths.append(str(folder / f"{i}.jpg"))
        write_photograph(shot.codes, paths[-1], Exposure(shot.time_s, 8.0, 100.0))
    return paths


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(args))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_make_writes_every_output_it_names(run, frames: list[str]) -> None:
    outputs = ["s.hdr", "s.exr", "s.jpg", "s.png", "s.tif", "s.webp"]
    flags = [f for o in outputs for f in ("-o", o)]
    code, out, err = run("make", *frames, *flags, "--report", "r.json", "--plot-response", "r.svg")
    assert (code, out.split(), err) == (0, outputs, "")
    assert all(Path(o).stat().st_size > 1000 for o in outputs)
    assert json.loads(Path("r.json").read_text())["outputs"] == outputs
    plot = ElementTree.parse("r.svg").getroot()
    assert len(plot.findall(".//{*}polyline")) == 3
    assert len(plot.findall(".//{*}circle")) > 300
    assert sorted(p.name for p in Path().iterdir()) == sorted([*outputs, "r.json", "r.svg"])


def test_make_prints_the_report_for_machines(run, frames: list[str]) -> None:
    code, out, err = run("make", *frames, "-o", "s.jpg", "--json", "--tonemap", "linear", "--threads", "1")
    assert code == 0
    assert err == ""
    assert 'id = "linear"' in json.loads(out)["recipe"]


def test_settings_reach_the_operator(run, frames: list[str]) -> None:
    code, out, _ = run(
        "make", *frames, "-o", "s.tif", "--align", "none", "--response", "srgb", "--merge", "debevec",
        "--set", "output.bits=32", "--set", "merge.low=0.05", "--reference", "0", "--times", "1/60,1/15,1/4", "--json",
    )  # fmt: skip
    assert code == 0
    report = json.loads(out)
    assert report["reference"] == 0
    assert {f["exposure"]["source"] for f in report["frames"]} == {"--times"}
    assert {f["alignment"]["model"] for f in report["frames"]} == {"none"}
    assert "low = 0.05" in report["recipe"]
    assert run("tonemap", "linear", "s.tif", "again.png")[0] == 0  # it is radiance


def test_a_response_is_saved_and_used_again(run, frames: list[str]) -> None:
    code, out, _ = run("response", *frames, "-o", "camera.json", "--plot", "camera.png")
    assert code == 0
    assert "misses its samples by" in out
    assert Path("camera.png").read_bytes().startswith(b"\x89PNG")
    code, out, _ = run("make", *frames, "-o", "s.exr", "--response", "camera.json", "--json")
    assert code == 0
    assert 'id = "saved"' in json.loads(out)["recipe"]


def test_tonemap_flags_are_the_declared_parameters(run, frames: list[str]) -> None:
    assert run("make", *frames, "-o", "s.exr")[0] == 0
    assert run("tonemap", "drago", "s.exr", "a.jpg", "--bias", "0.7")[:2] == (0, "a.jpg\n")
    assert run("tonemap", "drago03", "s.exr", "b.jpg")[0] == 0
    assert Path("a.jpg").read_bytes() != Path("b.jpg").read_bytes()
    code, out, _ = run("tonemap", "drago", "--help")
    assert code == 0
    assert "--bias" in out
    assert "between 0 and 1" in " ".join(out.split())


def test_finish_flags_reach_the_finish_and_operators_keep_their_own(run, frames: list[str]) -> None:
    assert run("make", *frames, "-o", "s.exr", "-o", "plain.png")[0] == 0
    for flags in (["--exposure", "0.5"], ["--tint", "20"], ["--finish", "none"], ["--auto", "0"]):
        code, out, _ = run("make", *frames, "-o", "other.png", *flags, "--json")
        assert code == 0
        assert Path("other.png").read_bytes() != Path("plain.png").read_bytes()
    assert "auto = 0.0" in json.loads(out)["recipe"]
    made = {}
    for flags in ([], ["--saturation", "0"], ["--finish-saturation", "0"], ["--exposure", "-1"], ["--finish", "none"]):
        assert run("tonemap", "drago", "s.exr", "a.png", *flags)[:2] == (0, "a.png\n")
        made[" ".join(flags)] = Path("a.png").read_bytes()
    assert all(made[flags] != made[""] for flags in made if flags)
    helped = " ".join(run("tonemap", "linear", "--help")[1].split())
    assert "--finish-exposure" in helped
    assert "--contrast" in helped


def test_a_radiance_file_gives_the_picture_that_make_gives(run, frames: list[str]) -> None:
    """The finish needs the scene's noise, which OpenEXR keeps."""
    assert run("make", *frames, "-o", "s.exr", "-o", "made.tif", "--set", "output.exr_type=float")[0] == 0
    assert run("tonemap", "natural", "s.exr", "again.tif")[0] == 0
    from fullwell.io import read_frame

    assert (read_frame("made.tif").codes() == read_frame("again.tif").codes()).all()


def test_inspect_tells_every_frame(run, frames: list[str]) -> None:
    code, out, _ = run("inspect", *frames)
    assert code == 0
    assert all(f"{i}.jpg" in out for i in range(3))
    assert "1/60 s" in out
    code, out, _ = run("inspect", *frames, "nowhere.jpg", "--json")
    assert code == 3
    assert [f["used"] for f in json.loads(out)["frames"]] == [True, True, True, False]


def test_operators_are_listed_and_described(run) -> None:
    code, out, _ = run("operators")
    assert code == 0
    assert all(word in out for word in ("mtb03", "debevec97", "robertson03", "mertens07", "mantiuk06", "durand02"))
    assert "bias = 0.85" in run("operators", "drago")[1]
    assert "saved" in [op["id"] for op in json.loads(run("operators", "--json")[1])]


def test_recipes_are_listed_and_printed(run, frames: list[str]) -> None:
    assert "tutorial  The look of the OpenCV" in run("recipes")[1]
    Path("mine.toml").write_text(run("recipes", "tutorial")[1])
    assert run("make", *frames, "-o", "a.jpg", "--recipe", "mine.toml")[0] == 0
    assert run("make", *frames, "-o", "b.jpg", "--recipe", "tutorial")[0] == 0
    assert Path("a.jpg").read_bytes() == Path("b.jpg").read_bytes()
    assert "did you mean 'tutorial'" in run("recipes", "tutorail")[2]


def test_doctor_reports_this_machine(run) -> None:
    code, out, _ = run("doctor", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["threads"] >= 1
    assert all(found["libraries"].values())
    assert set(found["extras"]) == {"plots", "opencv", "raw", "heic", "heic-write"}
    code, out, _ = run("doctor")
    assert "extra raw (camera RAW and DNG, by LibRaw): " in out


def test_large_pictures_are_refused_as_asked(run, frames: list[str]) -> None:
    for command in (("make", *frames, "-o", "x.jpg"), ("response", *frames, "-o", "x.json"), ("inspect", *frames)):
        code, out, err = run(*command, "--max-megapixels", "0.001")
        assert code == 3
        assert "1 to 0.001 million pixels (--max-megapixels), its header says" in out + err
        assert not Path("x.jpg").exists()
    assert run("inspect", *frames)[0] == 0  # the limit is gone again


def test_a_contradiction_is_shown_as_a_table(run, frames: list[str]) -> None:
    code, out, err = run("make", *frames, "-o", "x.jpg", "--times", "1/4,1/15,1/60")
    assert (code, out) == (3, "")
    said, heading, *rows = err.splitlines()
    assert said.startswith("fullwell: --times: EXIF says something else; 0.jpg is given 1/4 s and was exposed 1/60 s")
    assert heading.split() == ["file", "given", "EXIF", "brightness"]
    assert [row.split()[0] for row in rows] == ["0.jpg", "1.jpg", "2.jpg"]
    assert list(Path().iterdir()) == []
    trusted = run("make", *frames, "-o", "x.exr", "--times", "1/4,1/15,1/60", "--trust-times", "--response", "srgb")
    assert trusted[:2] == (0, "x.exr\n")
    assert run("make", *frames, "-o", "y.exr", "--recipe", "x.exr")[0] == 0  # the recipe keeps the trust
    assert Path("x.exr").read_bytes() == Path("y.exr").read_bytes()


def test_brackets_in_a_folder_are_found_and_made_one_by_one(run, tmp_path: Path) -> None:
    for k in range(3):
        shoot(tmp_path / "photos", seed=k, first=1 + 3 * k)
    code, _, err = run("make", "photos", "-o", "x.jpg")
    assert code == 3
    assert err.startswith("fullwell: 9 files look like 3 brackets of 3: use --every 3 (")
    code, out, _ = run("inspect", "photos")
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("set ")] == [f"set {k} of 3" for k in (1, 2, 3)]
    assert "warning: 9 files look like 3 brackets of 3: use --every 3" in out
    assert json.loads(run("inspect", "photos", "--json")[1])["sets"] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert "9 files look like" not in run("inspect", "photos", "--every", "3")[1]
    damaged = tmp_path / "photos" / "IMG_5.jpg"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    code, out, err = run("make", "photos/img_*.JPG", "--every", "3", "-o", "{reference}-HDR.jpg")
    assert code == 3
    assert out.split() == ["IMG_1-HDR.jpg", "IMG_7-HDR.jpg"]
    lines = err.splitlines()
    assert lines[0] == "set 1 (IMG_1.jpg to IMG_3.jpg): done"
    assert lines[1].startswith("fullwell: set 2 (IMG_4.jpg to IMG_6.jpg): ")
    assert lines[2:] == [
        "set 3 (IMG_7.jpg to IMG_9.jpg): done",
        "fullwell: 1 of 3 sets could not be made.",
    ]
    code, out, _ = run("make", "photos", "--every", "3", "-o", "{reference}.jpg", "--json")
    assert (code, ["error" in r for r in json.loads(out)]) == (3, [False, True, False])


def test_a_second_run_does_not_take_its_own_result(run, frames: list[str]) -> None:
    for frame in frames:
        Path(Path(frame).name).write_bytes(Path(frame).read_bytes())
    typed = sorted(p.name for p in Path().iterdir())
    assert run("make", *typed, "-o", "scene.jpg", "-o", "scene.exr")[0] == 0
    first = Path("scene.jpg").read_bytes()
    typed = sorted(p.name for p in Path().iterdir())
    code, _, err = run("make", *typed, "-o", "scene.jpg", "-o", "scene.exr")
    assert code == 0
    assert "left out, made by Fullwell: 2 files (scene.exr, scene.jpg)" in err
    assert Path("scene.jpg").read_bytes() == first


@pytest.mark.parametrize("name", ["with two spaces", "窗边的房间", "Küche № 7"])
def test_paths_in_any_alphabet(run, frames: list[str], name: str) -> None:
    folder = Path(name)
    folder.mkdir()
    for k, frame in enumerate(frames):
        (folder / f"{name} {k}.jpg").write_bytes(Path(frame).read_bytes())
    listing = folder / f"{name} times.txt"
    listing.write_text("".join(f"{name} {k}.jpg {t}\n" for k, t in enumerate(TIMES)), encoding="utf-8")
    out = f"{name}/{{reference}} 图.jpg"
    code, said, err = run("make", name, "-o", out, "-o", f"{name}/r.exr", "--times-from", str(listing), "--report",
                          f"{name}/報告.json")  # fmt: skip
    assert code == 0, err
    assert said.splitlines() == [f"{name}/{name} 1 图.jpg", f"{name}/r.exr"]
    assert json.loads((folder / "報告.json").read_text(encoding="utf-8"))["frames"][0]["path"] == f"{name}/{name} 0.jpg"
    assert run("tonemap", "linear", f"{name}/r.exr", f"{name}/图 2.png")[0] == 0
    assert run("inspect", f"{name}/*.JPG")[0] == 0


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["mke"], 2, "did you mean 'make'"),
        (["make"], 2, "needs the frames"),
        (["make", "FRAMES", "-o", "{reference}.jpgg"], 2, "did you mean '.jpg'"),
        (["make", "FRAMES", "-o", "x.jpg", "--tonemap", "drago,durand"], 2, "-o 'x-{tonemap}.jpg'"),
        (["make", "FRAMES", "-o", "x.jpg", "--tonemap", "drago", "--fuse", "mertens"], 2, "2 pictures"),
        (["make", "FRAMES", "-o", "{tonemap}.exr"], 2, "of which there is one"),
        (["make", "FRAMES", "-o", "{tonemap}.jpg", "--tonemap", "drago,drago03"], 2, "asked for twice"),
        (["make", "FRAMES", "-o", "{tonemap}.jpg", "--tonemap", ","], 2, "needs the id"),
        (["make", "FRAMES", "-o", "{tonemap}.jpg", "--tonemap", "all", "--set", "tonemap.bais=1"], 2, "did you mean"),
        (["make", "FRAMES", "-o", "x.jpg", "--quality", "101"], 2, "quality must be a whole number between 1 and 100"),
        (["make", "FRAMES", "-o", "x.jpg", "--long-edge", "-1"], 2, "long_edge must be"),
        (["make", "FRAMES", "-o", "x.jpgg"], 2, "did you mean '.jpg'"),
        (["make", "FRAMES", "-o", "nowhere/x.jpg"], 2, "no folder"),
        (["make", "FRAMES", "-o", "x.jpg", "--tonemap", "darko"], 2, "did you mean 'drago'"),
        (["make", "FRAMES", "-o", "x.jpg", "--set", "tonemap.gama=2"], 2, "did you mean 'gamma'"),
        (["make", "FRAMES", "-o", "x.jpg", "--set", "tonmap.gamma=2"], 2, "did you mean 'tonemap'"),
        (["make", "FRAMES", "-o", "x.jpg", "--set", "gamma"], 2, "STAGE.PARAM=VALUE"),
        (["make", "FRAMES", "-o", "x.jpg", "--set", "tonemap.gamma=much"], 2, "between 0.1 and 10"),
        (["make", "FRAMES", "-o", "x.jpg", "--reference", "9"], 2, "frames 0 to 2"),
        (["make", "FRAMES", "-o", "x.jpg", "--refrence", "1"], 2, "--reference"),
        (["make", "FRAMES", "-o", "x.jpg", "--times", "1,2"], 3, "3 frames"),
        (["make", "FRAMES", "-o", "x.jpg", "--times", "1,2,soon"], 3, "soon"),
        (["make", "FRAMES", "-o", "x.jpg", "--times", "1,2,0"], 3, "0"),
        (["make", "FRAMES", "-o", "x.jpg", "--times-from", "none.txt"], 3, "none.txt"),
        (["make", "FRAMES", "-o", "x.jpg", "--recipe", "none.toml"], 3, "none.toml"),
        (["make", "FRAMES", "-o", "x.jpg", "--response", "none.json"], 3, "none.json"),
        (["make", "FRAMES", "-o", "x.jpg", "--report", "x.jpg"], 2, ".json or .html"),
        (["make", "FRAMES", "-o", "x.jpg", "-o", "./x.jpg"], 2, "named twice"),
        (["make", "FRAMES", "-o", "x.jpg", "--fuse", "mertens", "--plot-response", "p.svg"], 2, "fused frames"),
        (["make", "FRAMES", "-o", "x.jpg", "--plot-response", "p.gif"], 2, ".svg"),
        (["make", "FRAMES", "-o", "x.jpg", "--primaries", "rec708"], 2, "did you mean 'rec709'"),
        (["make", "nowhere.jpg", "-o", "x.jpg"], 3, "nowhere.jpg"),
        (["make", ".", "-o", "x.jpg"], 3, "no photograph in this folder"),
        (["make", "*.jpg", "-o", "x.jpg"], 3, "no photograph fits this pattern"),
        (["make", "FRAMES", "-o", "{refrence}.jpg"], 2, "did you mean 'reference'"),
        (["make", "FRAMES", "-o", "x.jpg", "--every", "2"], 2, "do not divide into sets of 2"),
        (["make", "FRAMES", "-o", "x.jpg", "--every", "1"], 2, "put {reference}"),
        (["make", "FRAMES", "-o", "x.jpg", "--every", "0"], 2, "--every"),
        (["make", "FRAMES", "-o", "x.jpg", "--every", "some"], 2, "or auto"),
        (["make", "FRAMES", "-o", "{reference}.jpg", "--every", "1", "--report", "r.json"], 2, "--json"),
        (["make", "FRAMES", "-o", "x.jpg", "--times", "0.jpg=1,1.jpg=2"], 3, "2.jpg is not in --times"),
        (["make", "FRAMES", "-o", "x.jpg", "--times", "1,2,4", "--times-from", "t.txt"], 2, "only one of them"),
        (["tonemap", "drago", "nowhere.exr", "x.jpg"], 3, "nowhere.exr"),
        (["tonemap", "drago", "FRAME", "x.jpg"], 3, "to merge photographs"),
        (["tonemap", "drago", "FRAME", "x.exr"], 2, "radiance"),
        (["tonemap", "dargo", "a", "b"], 2, "did you mean 'drago'"),
        (["tonemap", "drago", "a.exr", "x.jpg", "--bias", "2"], 2, "between 0 and 1"),
        (["make", "FRAMES", "-o", "x.jpg", "--contrast", "9"], 2, "between -2 and 2"),
        (["make", "FRAMES", "-o", "x.jpg", "--finish", "devlop"], 2, "did you mean 'develop'"),
        (["make", "FRAMES", "-o", "x.jpg", "--finish", "none", "--tint", "9"], 2, "switched off"),
        (["operators", "dargo"], 2, "did you mean 'drago'"),
        (["response", "FRAMES"], 2, "a place for the curve"),
        (["inspect"], 2, "needs photographs"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    run, frames: list[str], args: list[str], code: int, said: str
) -> None:
    typed = [a for arg in args for a in (frames if arg == "FRAMES" else frames[:1] if arg == "FRAME" else [arg])]
    got, out, err = run(*typed)
    assert (got, out) == (code, "")
    assert err.startswith("fullwell: ")
    assert err.count("\n") == 1
    assert said in err
    assert list(Path().iterdir()) == []


def test_the_demo_makes_everything_and_again(run, monkeypatch: pytest.MonkeyPatch) -> None:
    from fullwell.cli import demo

    monkeypatch.setattr(demo, "WIDTH", 96)
    monkeypatch.setattr(demo, "HEIGHT", 64)
    for _ in range(2):
        code, out, err = run("demo", "d")
        assert (code, err) == (0, "")
        assert out.splitlines()[-1] == "  fullwell make IMG_1.jpg IMG_2.jpg IMG_3.jpg"
    looks = [f"{i}.jpg" for i in ids("tonemap")]
    made = [*looks, "mertens07.jpg", "before-after.jpg", "contact-sheet.jpg", "scene.exr", "scene.hdr"]
    assert sorted(p.name for p in Path("d").iterdir()) == sorted([*made, "frames", "report.json", "response.svg"])
    assert len(list(Path("d/frames").iterdir())) == 8
    assert run("make", *map(str, sorted(Path("d/frames").iterdir())), "--dry-run")[0] == 0
    assert run("demo", ".")[0] == 2  # has other files in it
    Path("d/linear.jpg").write_text("mine")
    assert "d/linear.jpg: exists and is no result" in run("demo", "d")[2]
    assert run("demo", "d", "--force")[0] == 0


def test_help_needs_neither_numpy_nor_numba() -> None:
    code = "import sys\ntry:\n from fullwell.cli import main; main(['--help'])\nexcept SystemExit: pass\n"
    code += "print([m for m in ('numpy', 'numba', 'OpenImageIO') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_an_unwritable_kernel_cache_is_survived(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "fullwell", "doctor"],
        env=os.environ | {"FULLWELL_CACHE": str(blocked)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "no writable folder" in done.stdout


def test_exposures_can_be_solved_where_no_file_has_a_time(tmp_path: Path, run) -> None:
    paths = []
    for i, shot in enumerate(Camera("srgb", seed=2).shoot(hills(90, 120, 3) * 3, TIMES)):
        paths.append(str(tmp_path / f"picture_{i}.png"))
        write_photograph(shot.codes, paths[-1], Exposure())
    code, _, err = run("make", *paths, "-o", "a.jpg")
    assert code == 3
    assert "picture_0.png has no exposure time" in err
    assert "--exposures solved" in err
    code, out, err = run("make", *paths, "-o", "a.jpg", "--exposures", "solved", "--report", "report.json")
    assert (code, out) == (0, "a.jpg\n")
    assert "from the pixels alone" in err
    exposures = [f["exposure"] for f in json.loads((tmp_path / "report.json").read_text())["frames"]]
    assert [e["used_ev"] for e in exposures] == pytest.approx([-2, 0, 1.9069], abs=0.05)
    assert [e["nominal_ev"] for e in exposures] == [None] * 3
    code, _, err = run("make", *paths, "-o", "b.jpg", "--exposures", "sovled")
    assert code == 2
    assert "did you mean 'solved'" in err
