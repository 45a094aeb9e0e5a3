"""Every other picture that OpenImageIO or Pillow decodes: PNM, BMP, WebP, AVIF and so on."""

from __future__ import annotations

from pathlib import Path

from fullwell.errors import InputError
from fullwell.io.header import Header


def read(path: Path) -> Header:
    raise InputError(f"{path}: is no picture that can be decoded.")
