"""Decoders that are installed apart: what each adds, and the sentence where one is missing."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from fullwell.errors import InputError

EXTRAS = {"rawpy": "raw", "pi_heif": "heic"}  # module -> the extra that brings it


def module(name: str, path: Path, what: str, instead: str) -> ModuleType:
    """The decoder. Raises InputError that says what the file is and what to do where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(
            f"{path}: {what}; to read it: pip install 'fullwell[{EXTRAS[name]}]', or {instead} first."
        ) from None
