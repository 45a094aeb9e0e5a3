"""Fullwell: bracketed photographs in, a trustworthy HDR image and finished pictures out."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Where each public name lives. Loaded when first used, so that importing fullwell costs next to nothing.
_HOME = {
    "Bracket": "image",
    "Exposure": "image",
    "Frame": "image",
    "Picture": "image",
    "Radiance": "image",
    "Response": "image",
    "FullwellError": "errors",
    "Recipe": "recipe",
    "make": "job",
    "make_every": "batch",
    "read_bracket": "io",
    "read_radiance": "io",
    "write": "io",
}
_ROOMS = (
    "align",
    "color",
    "compat",
    "errors",
    "exposures",
    "finish",
    "fuse",
    "io",
    "merge",
    "metrics",
    "response",
    "simulate",
    "tonemap",
)

__all__ = [*_HOME, *_ROOMS, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"fullwell.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(f"fullwell.{_HOME[name]}"), name)
    raise AttributeError(f"module 'fullwell' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
