"""Files that a command must not touch: what it reads, what others made, what it has just written itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from brackets import shoot

from fullwell import cli

Run = Callable[..., tuple[int, str]]
LOOKING = ["--deghost", "auto"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder that holds `photos`, three of them; returns exit code and stderr."""
    monkeypatch.chdir(tmp_path)
    shoot(tmp_path / "photos", 3, name="IMG_{}.png")

    def run(*args: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(args))
        return int(end.value.code or 0), capsys.readouterr().err

    return run


def held() -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in Path().rglob("*") if p.is_file()}


BESIDE = [["--ghost-map", *LOOKING], ["--plot-response"], ["--report"]]


@pytest.mark.parametrize("name", ["photos/IMG_1.png", "photos/../photos/IMG_1.png", "link.png", "hard.png"])
@pytest.mark.parametrize("beside", [*BESIDE[:2], ["-o"]])
def test_a_member_of_a_folder_is_never_overwritten(run: Run, beside: list[str], name: str) -> None:
    Path("link.png").symlink_to("photos/IMG_1.png")
    os.link("photos/IMG_1.png", "hard.png")
    before = held()
    code, err = run("make", "photos", "-o", "x.jpg", beside[0], name, *beside[1:], "--force")
    assert code == 2
    assert f"{name}: is an input; name another output, inputs are never overwritten." in err
    assert held() == before


def test_nor_is_what_else_is_read(run: Run) -> None:
    Path("times.json").write_text("IMG_1.png 1/15\nIMG_2.png 1/60\nIMG_3.png 1/4\n")
    assert run("response", "photos", "-o", "curve.json")[0] == 0
    before = held()
    for read in (["--times-from", "times.json"], ["--response", "curve.json"]):
        assert "is an input" in run("make", "photos", "-o", "x.jpg", *read, "--report", read[1], "--force")[1]
    for output in ("-o", "--plot"):
        assert "is an input" in run("response", "photos", output, "photos/IMG_2.png", "--force")[1]
    assert held() == before
    assert run("make", "photos", "-o", "x.avif")[0] == 0
    assert "is an input" in run("tonemap", "drago", "x.avif", "./x.avif", "--force")[1]


@pytest.mark.parametrize("beside", BESIDE)
def test_no_two_outputs_have_one_path(run: Run, beside: list[str]) -> None:
    ending = ".json" if beside == ["--report"] else ".png"
    outputs = [f"out{ending}", f"./out{ending}"]
    if ending == ".json":
        asked = ["--report", outputs[0], "--report", outputs[1], "-o", "x.jpg"]
    else:
        asked = ["-o", "{reference}.png", beside[0], "IMG_1.png", *beside[1:]]
    code, err = run("make", "photos", *asked, "--force")
    assert code == 2
    assert "is named twice; every output needs a file of its own" in err
    assert len(held()) == 3


def test_nor_is_a_contact_sheet_the_map(run: Run) -> None:
    looks = ["-o", "{tonemap}.png", "--tonemap", "drago,linear"]
    Path("contact-sheet.png").symlink_to("contact-sheet.jpg")
    code, err = run("make", "photos", *looks, *LOOKING, "--ghost-map", "contact-sheet.png", "--force")
    assert code == 2
    assert "is named twice" in err


def test_a_map_replaces_maps_and_a_picture_pictures(run: Run) -> None:
    for _ in range(2):
        assert run("make", "photos", "-o", "x.png", *LOOKING, "--ghost-map", "map.png")[0] == 0
    before = held()
    code, err = run("make", "photos", "-o", "y.png", *LOOKING, "--ghost-map", "x.png")
    assert code == 2
    assert "x.png: exists and is no map of ghosts of Fullwell; name another output, or add --force." in err
    code, err = run("make", "photos", "-o", "map.png")
    assert code == 2
    assert "map.png: exists and is no result of Fullwell; name another output, or add --force." in err
    assert held() == before
    assert run("make", "photos", "-o", "map.png", *LOOKING, "--ghost-map", "x.png", "--force")[0] == 0


@pytest.mark.parametrize("extra", [LOOKING, []])
def test_a_fused_bracket_has_no_map(run: Run, extra: list[str]) -> None:
    code, err = run("make", "photos", "-o", "x.jpg", "--fuse", "mertens", "--ghost-map", "map.png", *extra)
    assert code == 2
    assert "map.png: fused frames are not merged" in err
    assert "--deghost" not in err


def test_but_a_radiance_beside_it_has_one(run: Run) -> None:
    both = ["-o", "x.jpg", "-o", "x.exr", "--fuse", "mertens"]
    assert run("make", "photos", *both, *LOOKING, "--ghost-map", "map.png", "--plot-response", "p.svg")[0] == 0
    assert {"map.png", "p.svg"} <= {p.name for p in Path().iterdir()}
    assert "--deghost auto" in run("make", "photos", *both, "--deghost", "off", "--ghost-map", "map.png")[1]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--ghost-map", "m.jpg"], "a map of ghosts is a .png file"),
        (["--report", "r.txt"], "a report is a .json or .html file"),
        (["--plot-response", "p.gif"], "a plot is a .svg or .png or .pdf file"),
        (["--report", "no/r.json"], "no/r.json: there is no folder no"),
        (["--report", "photos.json"], "photos.json: is a folder"),
    ],
)
def test_what_cannot_be_written_is_said_first(run: Run, asked: list[str], says: str) -> None:
    Path("photos.json").mkdir()
    code, err = run("make", "photos", "-o", "x.jpg", *LOOKING, *asked)
    assert code == 2
    assert says in err
    assert not Path("x.jpg").exists()


@pytest.mark.parametrize(
    ("option", "name"), [("--report", "r.json"), ("--report", "r.html"), ("--plot-response", "p.svg")]
)
def test_a_link_stays_one(run: Run, option: str, name: str) -> None:
    Path("elsewhere").mkdir()
    Path(name).symlink_to(Path("elsewhere") / name)
    assert run("make", "photos", "-o", "x.jpg", option, name, "--force")[0] == 0
    assert Path(name).is_symlink()
    assert (Path("elsewhere") / name).is_file()
