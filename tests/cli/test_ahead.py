"""The second process that compiles on a first run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from fullwell.cli import ahead
from fullwell.cli.progress import working
from fullwell.kernels import _jit
from fullwell.recipe import Recipe


@pytest.mark.parametrize("names", [{}, {"tonemap": "linear", "finish": "none"}, {"fuse": "mertens07"}])
def test_the_process_does_what_makes_pictures(names: dict[str, str]) -> None:
    assert ahead.start(Recipe.of(names), ["a.hdr", "a.JPG", "a.avif"]).wait() == 0


def test_the_process_makes_no_file_that_it_could_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    folders = {"tempfile.mkdtemp", "os.mkdir", "os.rename"}
    made: list[str] = []
    listening = [True]
    sys.addaudithook(lambda event, args: made.append(str(args[0])) if listening[0] and event in folders else None)
    monkeypatch.setattr(sys, "stdin", StringIO(Recipe.of().to_toml()))
    monkeypatch.setattr(sys, "argv", ["", ".jpg", ".tif"])
    ahead.compile_pictures()
    listening[0] = False
    assert [path for path in made if path.startswith(str(tmp_path))] == []


def test_it_starts_with_the_first_compilation_and_ends_with_the_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        begun.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], text=True))
        return begun[0]

    compiling: list[Callable[[], None]] = []
    monkeypatch.setattr(_jit, "on_first_compile", compiling.append)
    monkeypatch.setattr(_jit, "thread_count", lambda: 2)
    with working(None, begin):
        assert not begun
        compiling[0]()
        assert begun[0].poll() is None
    assert begun[0].poll() is not None
    compiling[0]()  # of what is over nothing is told
    assert len(begun) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("compiling the kernels")
    assert err.count("\n") == 1
