"""Where results go: names that nobody gave, several pictures at once, and what is replaced."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from scenes import hills

from fullwell import cli, io
from fullwell.cli import dry_run
from fullwell.cli.next import spelled
from fullwell.image import Exposure
from fullwell.io.photograph import write_photograph
from fullwell.params import ids
from fullwell.recipe import Recipe
from fullwell.simulate import Camera


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for i, shot in enumerate(Camera("srgb").shoot(hills(60, 90, 3) * 3, [1 / 60, 1 / 15, 1 / 4])):
        write_photograph(shot.codes, folder / f"a room {i}.jpg", Exposure(shot.time_s, 8.0, 100.0))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, photographs: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command beside three frames, FRAMES; returns exit code, stdout and stderr."""
    shutil.copytree(photographs, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main([a for arg in args for a in ([f"a room {i}.jpg" for i in range(3)] if arg == "FRAMES" else [arg])])
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_results_need_no_name(run) -> None:
    code, out, err = run("make", "FRAMES")
    assert (code, out) == (0, "a room 1-HDR.jpg\na room 1-HDR.exr\n")
    commands = [shlex.split(line) for line in err.splitlines() if line.startswith("  fullwell")]
    assert [c[1] for c in commands] == ["tonemap", "make", "inspect"]
    before = Path("a room 1-HDR.jpg").read_bytes()
    for words in commands:  # each can be copied as it stands
        assert run(*words[1:])[0] == 0
    assert Path("a room 1-HDR.jpg").read_bytes() == before
    assert json.loads(Path("a room 1-HDR.json").read_text())["reference"] == 1


def test_both_names_move_where_one_is_taken(run) -> None:
    Path("a room 1-HDR.exr").write_text("not ours")
    assert run("make", "FRAMES")[1].split("\n")[:2] == ["a room 1-HDR-2.jpg", "a room 1-HDR-2.exr"]
    assert run("make", "FRAMES")[1].split("\n")[:2] == ["a room 1-HDR-2.jpg", "a room 1-HDR-2.exr"]  # ours: replaced
    assert Path("a room 1-HDR.exr").read_text() == "not ours"
    assert not Path("a room 1-HDR.jpg").exists()


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp", "x.tif", "x.exr", "x.hdr"])
def test_a_result_is_replaced_and_nothing_else(run, name: str) -> None:
    assert run("make", "FRAMES", "-o", name)[0] == 0
    assert run("make", "FRAMES", "-o", name, "--reference", "0")[0] == 0
    Path(name).write_bytes(b"the only copy")
    code, _, err = run("make", "FRAMES", "-o", name)
    assert code == 2
    assert "is no result of Fullwell; name another output, or add --force" in err
    assert Path(name).read_bytes() == b"the only copy"
    assert run("make", "FRAMES", "-o", name, "--force")[0] == 0
    assert Path(name).stat().st_size > 1000


def test_a_photograph_is_no_result(run) -> None:
    frames = {p.name: p.read_bytes() for p in Path().iterdir()}
    assert "exists and is no result" in run("make", "a room 0.jpg", "a room 1.jpg", "-o", "a room 2.jpg")[2]
    assert "never overwritten" in run("make", "FRAMES", "-o", "a room 2.jpg", "--force")[2]
    assert {p.name: p.read_bytes() for p in Path().iterdir()} == frames


def test_tonemap_replaces_its_own_picture(run) -> None:
    run("make", "FRAMES", "-o", "s.exr")
    for bias in ("0.7", "0.8"):
        assert run("tonemap", "drago", "s.exr", "d.jpg", "--bias", bias, "--quality", "90")[0] == 0
    carried = Recipe.load("d.jpg")
    assert (carried.tonemap.values()["bias"], carried.output.quality) == (0.8, 90)
    Path("d.jpg").write_text("x")
    assert run("tonemap", "drago", "s.exr", "d.jpg")[0] == 2
    assert run("tonemap", "drago", "s.exr", "d.jpg", "--force")[0] == 0


def test_reports_responses_and_plots_replace_their_own_kind(run) -> None:
    made = ["make", "FRAMES", "-o", "s.jpg", "--report", "r.json", "--plot-response", "p.svg"]
    found = ["response", "FRAMES", "-o", "c.json", "--plot", "p.png"]
    for _ in range(2):
        assert run(*made)[0] == 0
        assert run(*found)[0] == 0
    assert run("response", "FRAMES", "--plot", "p.pdf")[0] == run("response", "FRAMES", "--plot", "p.pdf")[0] == 0
    assert "no report of Fullwell" in run("make", "FRAMES", "-o", "s.jpg", "--report", "c.json")[2]
    assert "no response of Fullwell" in run("response", "FRAMES", "-o", "r.json")[2]
    for name, command in (("p.svg", made), ("p.png", found)):
        Path(name).write_text("a drawing of mine")
        assert "no plot of Fullwell" in run(*command)[2]
        assert run(*command, "--force")[0] == 0


def test_several_pictures_from_one_merge(run) -> None:
    code, out, _ = run(
        "make", "FRAMES", "-o", "s-{tonemap}.png", "-o", "s.exr", "--tonemap", "drago,reinhard05", "--fuse", "mertens",
        "--set", "tonemap.bias=0.7", "--set", "tonemap.gamma=1.2", "--long-edge", "50",
    )  # fmt: skip
    names = ["s-drago03.png", "s-reinhard05.png", "s-mertens07.png", "s.exr", "contact-sheet.jpg"]
    assert (code, out.split()) == (0, names)
    assert Recipe.load("s-drago03.png").tonemap.values()["bias"] == 0.7
    assert Recipe.load("s-reinhard05.png").tonemap.values()["gamma"] == 1.2
    for look in ("drago03", "reinhard05", "mertens07"):  # each alone, from the recipe that it carries
        assert run("make", "FRAMES", "-o", "alone.png", "--recipe", f"s-{look}.png")[0] == 0
        assert Path("alone.png").read_bytes() == Path(f"s-{look}.png").read_bytes()
    with Image.open("contact-sheet.jpg") as sheet, Image.open("s-drago03.png") as one:
        assert one.size == (50, 33)
        assert sheet.size == (2 * 90 + 8, 2 * 60 + 8)  # of the pictures before they were made smaller
    assert io.is_result("contact-sheet.jpg")


def test_all_tone_mappers_and_no_name(run) -> None:
    code, out, _ = run("make", "FRAMES", "--tonemap", "all")
    assert code == 0
    pictures = [f"a room 1-HDR-{i}.jpg" for i in ids("tonemap")]
    assert out.splitlines() == [*pictures, "a room 1-HDR.exr", "a room 1-HDR-contact-sheet.jpg"]


def test_tonemap_over_a_recipe_that_fuses(run) -> None:
    Path("r.toml").write_text('[fuse]\nid = "mertens07"\n[tonemap]\nid = "drago03"\nbias = 0.7\n')
    assert run("make", "FRAMES", "-o", "a.jpg", "--recipe", "r.toml", "--tonemap", "drago")[0] == 0
    made = Recipe.load("a.jpg")
    assert made.fuse is None
    assert made.tonemap.values()["bias"] == 0.7  # the recipe's own operator keeps its values


def test_dry_run_tells_and_does_nothing(run) -> None:
    before = sorted(Path().iterdir())
    code, out, err = run("make", "FRAMES", "--tonemap", "drago,linear", "--dry-run")
    assert (code, err) == (0, "")
    for said in ("a room 2.jpg", "1/60 s", 'id = "drago03"', 'id = "linear"', "a room 1-HDR-linear.jpg", "GB"):
        assert said in out
    assert sorted(Path().iterdir()) == before
    assert run("make", "FRAMES", "-o", "x.jpg")[0] == 0
    found = json.loads(run("make", "FRAMES", "-o", "x.jpg", "--dry-run", "--json")[1])
    assert found["outputs"] == [{"path": "x.jpg", "replaces": True}]
    Path("x.jpg").write_text("foreign")
    assert run("make", "FRAMES", "-o", "x.jpg", "--dry-run")[0] == 2


@pytest.mark.parametrize("options", [["--tonemap", "mantiuk"], ["--tonemap", "drago"], ["--fuse", "mertens"]])
def test_memory_is_foreseen(run, tmp_path: Path, options: list[str]) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak is read from /proc, which is Linux's")
    code = "import sys\nfrom fullwell.cli import cli\ncli.main(sys.argv[1:], standalone_mode=False)\n"
    code += "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    for i, shot in enumerate(Camera("srgb").shoot(hills(1000, 1500, 3) * 3, [1 / 60, 1 / 15, 1 / 4])):
        write_photograph(shot.codes, f"large{i}.jpg", Exposure(shot.time_s, 8.0, 100.0))
    args = ["make", "large0.jpg", "large1.jpg", "large2.jpg", "-o", "x.jpg", *options]
    foreseen = json.loads(run(*args, "--dry-run", "--json")[1])["memory_bytes"]
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=True)
    peak = int(done.stdout.split()[-1]) * 1024
    assert 0.6 * foreseen < peak < 1.1 * foreseen


def test_a_large_job_tells_its_memory_first(run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "memory" not in run("make", "FRAMES", "-o", "x.jpg")[2]
    monkeypatch.setattr(dry_run, "MUCH_BYTES", 0)
    code, _, err = run("make", "FRAMES", "-o", "x.jpg")
    assert (code, err) == (0, "this takes up to 0.3 GB of memory.\n")
    monkeypatch.setattr(dry_run, "_machine_bytes", lambda: 200_000_000)
    assert run("make", "FRAMES", "-o", "x.jpg")[2].endswith("has 0.2 GB: it may be slow, or fail.\n")


def test_frames_are_spelt_for_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [f"my room {i}.jpg" for i in range(6)]
    for name in names:
        Path(name).touch()
    assert spelled(names[:2]) == "'my room 0.jpg' 'my room 1.jpg'"
    assert spelled(["-x.jpg"]) == "./-x.jpg"
    assert spelled(names) == "'my room '*.jpg"
    assert spelled([str(tmp_path / n) for n in names]) == f"'{tmp_path}/my room '*.jpg"
    Path("my room with a view.jpg").touch()  # the pattern would mean this, too
    assert spelled(names) == shlex.join(names)


@pytest.mark.parametrize("name", ["x.webp", "x.tif"])
def test_hdr_is_refused_where_the_format_holds_none(run, name: str) -> None:
    held = "holds no HDR picture"
    refusal = f"fullwell: {name}: a {Path(name).suffix} file {held}; write .avif, .heic, .jxl, .jpg or .png.\n"
    assert run("make", "FRAMES", "-o", name, "--hdr") == (2, "", refusal)
    assert run("make", "FRAMES", "-o", "x.exr", "-o", "x.png", "--hdr")[0] == 0
    assert run("tonemap", "drago", "x.exr", name, "--hdr") == (2, "", refusal)
    assert run("tonemap", "drago", "x.png", "again.jpg", "--hdr")[0] == 0  # an HDR picture is light again
    assert not Path(name).exists()
