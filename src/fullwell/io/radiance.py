"""Radiance files back to Radiance."""

from __future__ import annotations

from pathlib import Path

from fullwell.errors import InputError
from fullwell.image import Radiance


def read_radiance(path: str | Path) -> Radiance:
    raise InputError(f"{path}: cannot be read yet.")
