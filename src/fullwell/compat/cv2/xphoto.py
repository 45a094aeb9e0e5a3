"""cv2.xphoto: Durand's tone mapper, which OpenCV's wheels name and refuse. Other names go to an installed OpenCV."""

from __future__ import annotations

from typing import Any

from fullwell.compat.cv2.passing import passed
from fullwell.compat.cv2.tonemap import TonemapDurand, createTonemapDurand

__all__ = ["TonemapDurand", "createTonemapDurand"]


def __getattr__(name: str) -> Any:
    return passed(name, "cv2.xphoto")
