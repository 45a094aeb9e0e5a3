"""Reports as files: whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fullwell.errors import UsageError


def check_text_output(path: str | Path, taken: Sequence[str]) -> None:
    """Raises UsageError where a report cannot be written to this path, before any work is done for it."""
    path = Path(path)
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"{path}: cannot be written; name a file in a folder that exists.")
    if any(os.path.abspath(t) == os.path.abspath(path) for t in taken):
        raise UsageError(f"{path}: is named twice; a report needs a file of its own.")


def write_json(value: Any, path: str | Path) -> None:
    """Write plain data as JSON. Raises UsageError where that fails."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(temporary, path)
    except OSError as e:
        raise UsageError(f"{path}: cannot be written: {e.strerror}.") from None
    finally:
        temporary.unlink(missing_ok=True)
