"""Codecs that are installed apart: what each adds, and the sentence where one is missing."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from fullwell.errors import InputError, UsageError

EXTRAS = {"rawpy": "raw", "pi_heif": "heic", "pillow_heif": "heic-write"}  # module -> the extra that brings it
ENCODERS = {"heif": "pillow_heif"}  # codec module -> what it needs to write


def module(name: str, path: Path, what: str, instead: str) -> ModuleType:
    """The decoder. Raises InputError that says what the file is and what to do where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(
            f"{path}: {what}; to read it: pip install 'fullwell[{EXTRAS[name]}]', or {instead} first."
        ) from None


def encoder(codec: str, path: Path) -> ModuleType | None:
    """What this codec writes with, None where that is always installed. Raises UsageError where it is missing."""
    if codec not in ENCODERS:
        return None
    try:
        return importlib.import_module(ENCODERS[codec])
    except ImportError:
        extra = EXTRAS[ENCODERS[codec]]
        raise UsageError(
            f"{path}: writing {path.suffix} needs an extra under the GPL 2: pip install 'fullwell[{extra}]'; "
            "or write .avif or .jpg, which need none."
        ) from None
