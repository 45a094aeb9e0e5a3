"""Reports as files: whole or not at all, and only Fullwell's own of the same kind replaced."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fullwell.errors import UsageError

REPORT, RESPONSE, PLOT, MAP = "report", "response", "plot", "map of ghosts"
MARKS = {  # one of which the first or last bytes of a file hold that was written as this
    REPORT: (b'"fullwell": "', b"<!-- Fullwell report -->"),
    RESPONSE: (b'"fullwell_response": ',),
    PLOT: (b"<!-- Fullwell -->", b"Software\0Fullwell", b"/Creator (Fullwell)"),
    MAP: (b"fullwell:recipe",),
}
PAGE_LAYERS = ("sigma",)  # of the radiance, which the page of a report shows
LOOKED_AT = 4096  # bytes at either end


def check_text_output(path: str | Path, taken: Sequence[str | Path], kind: str, force: bool = False) -> None:
    """Raises UsageError where a report, response or plot cannot go to this path, before any work is done for it."""
    path = Path(path)
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"{path}: cannot be written; name a file in a folder that exists.")
    if any(os.path.abspath(t) == os.path.abspath(path) for t in taken):
        raise UsageError(f"{path}: is named twice; a {kind} needs a file of its own.")
    if not force and os.path.lexists(path) and not _is_ours(path, kind):
        raise UsageError(f"{path}: exists and is no {kind} of Fullwell; name another file, or add --force.")


def _is_ours(path: Path, kind: str) -> bool:
    """Whether a file carries a mark of its kind."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        ends = file.read(LOOKED_AT)
        file.seek(-min(LOOKED_AT, path.stat().st_size), os.SEEK_END)
        ends += file.read()
    return any(mark in ends for mark in MARKS[kind])


def check_report(path: str | Path) -> None:
    """Raises UsageError where a report of this name cannot be made."""
    if Path(path).suffix.lower() != ".json" and not is_page(path):
        raise UsageError(f"{path}: a report is a .json or .html file.")


def is_page(path: str | Path) -> bool:
    """Whether a report of this name is a page and not data."""
    return Path(path).suffix.lower() == ".html"


def write_json(value: Any, path: str | Path) -> None:
    """Write plain data as JSON. Raises UsageError where that fails."""
    write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", path)


def write_text(text: str, path: str | Path) -> None:
    """Write a text, whole or not at all. Raises UsageError where that fails."""
    path = Path(path)
    temporary = path.with_name(f".fullwell-{os.getpid()}")  # short: the name may be as long as names can be
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as e:
        raise UsageError(f"{path}: cannot be written: {e.strerror}.") from None
    finally:
        temporary.unlink(missing_ok=True)
