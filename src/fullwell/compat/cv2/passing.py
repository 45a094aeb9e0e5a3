"""Names that the drop-in does not have, from an installed OpenCV."""

from __future__ import annotations

import importlib
from typing import Any


def passed(name: str, module: str) -> Any:
    """`module.name` of OpenCV; AttributeError with a sentence where OpenCV or the name is missing."""
    if name.startswith("__"):
        raise AttributeError(name)  # Python asks modules for many of these
    try:
        found: Any = importlib.import_module("cv2")
    except ImportError:
        raise AttributeError(
            f"fullwell.compat.{module} has OpenCV's HDR functions only and no {name!r}; other names come from OpenCV, "
            "which is not installed: pip install opencv-python-headless."
        ) from None
    for part in module.split(".")[1:]:
        found = getattr(found, part, None)
    try:
        return getattr(found, name)
    except AttributeError:
        raise AttributeError(f"neither fullwell.compat.{module} nor the installed OpenCV has {name!r}.") from None
