"""The documents: generated pages are up to date, links lead somewhere, commands and Python that are shown run."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

import fullwell as fw
from fullwell import cli
from fullwell.io.photograph import write_photograph
from fullwell.recipe import Result
from fullwell.response.saved import save
from fullwell.simulate import Camera, hills

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("experiments/**/*.md"), *ROOT.glob("benchmarks/**/*.md")]
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")
TIMES = {"img_0.033.jpg": 1 / 30, "img_0.25.jpg": 0.25, "img_2.5.jpg": 2.5, "img_15.jpg": 15.0}


def program(path: Path):
    """A program that is not part of the package, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_operators_pages_are_what_the_operators_declare() -> None:
    committed = {
        p.relative_to(DOCS / "operators"): p.read_text(encoding="utf-8") for p in DOCS.glob("operators/**/*.md")
    }
    wanted = program(DOCS / "generate.py").pages()
    assert sorted(committed) == sorted(wanted), "run make docs"
    for path, text in wanted.items():
        assert committed[path] == text, f"{path}: run make docs"


def test_the_accuracy_that_is_claimed_is_what_was_measured() -> None:
    folder = ROOT / "experiments" / "0001-accuracy"
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    experiment = program(folder / "run.py")
    assert experiment.table(result) in (folder / "README.md").read_text(encoding="utf-8"), "run run.py --table"
    found = [experiment.summary(result["rows"])[files]["default"] for files in ("JPEG", "uncompressed")]
    for name in ("README.md", "README.zh-CN.md"):
        page = (ROOT / name).read_text(encoding="utf-8")
        claim = next(item for item in re.split(r"^- ", page, flags=re.M) if "experiments/0001" in item)
        assert re.findall(r"\d\.\d\d", claim) == [f"{r[k]:.2f}" for r in found for k in ("mean", "worst")]


def test_the_table_of_formats_is_what_is_written() -> None:
    assert (DOCS / "formats.md").read_text(encoding="utf-8") == program(DOCS / "generate.py").formats_page(), (
        "run make docs"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_and_picture_exists(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for match in LINK.finditer(text):
        target, _, anchor = unquote(match[1] or match[2]).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), f"{target} is not there"
        assert found.is_relative_to(ROOT), f"{target} is outside the project"
        if anchor:
            assert anchor in anchors(found), f"{found.name} has no heading {anchor!r}"


def anchors(page: Path) -> set[str]:
    """Headings as GitHub names them in links."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", h.replace("`", "")).strip().lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", sorted(ROOT.glob("**/*.zh-CN.md")), ids=lambda p: p.name)
def test_the_chinese_pages_show_the_same_commands_and_pictures(page: Path) -> None:
    english = page.with_name(page.name.replace(".zh-CN", ""))
    shown = []
    for path in (english, page):
        text = path.read_text(encoding="utf-8")
        code = [
            line.split("#")[0].strip() for kind, block in FENCE.findall(text) if kind for line in block.splitlines()
        ]
        links = {m[1] or m[2] for m in LINK.finditer(text)}
        shown.append(([c for c in code if c], {ln.replace(".zh-CN", "") for ln in links if "#" not in ln}))
    assert shown[0] == shown[1]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages speak of: one bracket, named as the tutorial has it and as cameras do."""
    folder = tmp_path_factory.mktemp("documents")
    shots = Camera("film").shoot(hills(140, 200, 3, 14.0) / 2, list(TIMES.values()), [(0, 0), (2, -3), (0, 1), (-4, 1)])
    for i, (name, shot) in enumerate(zip(TIMES, shots, strict=True)):
        for path in (folder / name, folder / f"IMG_{i}.jpg"):
            write_photograph(shot.codes, path, fw.Exposure(shot.time_s, 8.0, 100.0))
    (folder / "times.txt").write_text("IMG_0.jpg 1/30\nIMG_1.jpg 1/4\nIMG_2.jpg 2.5\nIMG_3.jpg 15\n")
    return folder


@pytest.fixture(scope="module")
def made(photographs: Path) -> Result:
    """What the operators' pages, which show single lines, take as given; scene.exr and curve.json lie in the folder."""
    result = fw.make(sorted(photographs.glob("IMG_*.jpg")), photographs / "scene.exr")
    save(result.response, photographs / "curve.json")
    return result


@pytest.mark.parametrize(
    "page",
    [p for p in PAGES if p.is_relative_to(DOCS) or p.name.startswith("README")],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_what_a_page_shows_runs(
    page: Path, photographs: Path, made: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    operators_page = page.is_relative_to(DOCS / "operators")
    for file in photographs.iterdir():
        if operators_page or file.suffix not in (".exr", ".json"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    names: dict[str, object] = {}
    if operators_page:
        names = {"fw": fw, "bracket": made.bracket, "response": made.response, "radiance": made.radiance}
        names["picture"] = fw.tonemap.Natural()(made.radiance)
    for kind, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if kind == "toml":
            fw.Recipe.from_toml(block)
        elif kind == "python":
            exec(compile(block, page.name, "exec"), names)
        elif kind == "sh":
            for words in commands(block):
                with pytest.raises(SystemExit) as end:
                    cli.main(words)
                assert end.value.code == 0, " ".join(words)


def commands(block: str) -> Iterator[list[str]]:
    """The fullwell commands of a block, without the program's name, patterns resolved as a shell does; not the demo."""
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["fullwell"] and words[1] != "demo":
            yield [name for w in words[1:] for name in (sorted(map(str, Path().glob(w))) if "*" in w else []) or [w]]
