"""OpenCV's HDR functions, with its names, arguments, BGR arrays and numbers: change one line of a script.

    from fullwell.compat import cv2

What OpenCV gets wrong (NaN, float64 times read as float32, 16-bit frames, an operator that changes itself) is right
here; docs/decisions/0004-opencv-drop-in.md lists it. Names that are not here come from an installed OpenCV.
"""

from __future__ import annotations

from typing import Any

from fullwell.compat.cv2 import xphoto
from fullwell.compat.cv2.align import AlignExposures, AlignMTB, createAlignMTB
from fullwell.compat.cv2.arguments import Algorithm, error_class
from fullwell.compat.cv2.calibrate import (
    CalibrateCRF,
    CalibrateDebevec,
    CalibrateRobertson,
    createCalibrateDebevec,
    createCalibrateRobertson,
)
from fullwell.compat.cv2.files import (
    IMREAD_ANYCOLOR,
    IMREAD_ANYDEPTH,
    IMREAD_COLOR,
    IMREAD_COLOR_BGR,
    IMREAD_COLOR_RGB,
    IMREAD_GRAYSCALE,
    IMREAD_IGNORE_ORIENTATION,
    IMREAD_UNCHANGED,
    IMWRITE_EXR_TYPE,
    IMWRITE_EXR_TYPE_FLOAT,
    IMWRITE_EXR_TYPE_HALF,
    IMWRITE_JPEG_QUALITY,
    IMWRITE_PNG_COMPRESSION,
    IMWRITE_WEBP_QUALITY,
    imread,
    imwrite,
)
from fullwell.compat.cv2.merge import (
    MergeDebevec,
    MergeExposures,
    MergeMertens,
    MergeRobertson,
    createMergeDebevec,
    createMergeMertens,
    createMergeRobertson,
)
from fullwell.compat.cv2.passing import passed
from fullwell.compat.cv2.tonemap import (
    Tonemap,
    TonemapDrago,
    TonemapDurand,
    TonemapMantiuk,
    TonemapReinhard,
    createTonemap,
    createTonemapDrago,
    createTonemapDurand,
    createTonemapMantiuk,
    createTonemapReinhard,
)

__all__ = [
    "IMREAD_ANYCOLOR",
    "IMREAD_ANYDEPTH",
    "IMREAD_COLOR",
    "IMREAD_COLOR_BGR",
    "IMREAD_COLOR_RGB",
    "IMREAD_GRAYSCALE",
    "IMREAD_IGNORE_ORIENTATION",
    "IMREAD_UNCHANGED",
    "IMWRITE_EXR_TYPE",
    "IMWRITE_EXR_TYPE_FLOAT",
    "IMWRITE_EXR_TYPE_HALF",
    "IMWRITE_JPEG_QUALITY",
    "IMWRITE_PNG_COMPRESSION",
    "IMWRITE_WEBP_QUALITY",
    "Algorithm",
    "AlignExposures",
    "AlignMTB",
    "CalibrateCRF",
    "CalibrateDebevec",
    "CalibrateRobertson",
    "MergeDebevec",
    "MergeExposures",
    "MergeMertens",
    "MergeRobertson",
    "Tonemap",
    "TonemapDrago",
    "TonemapDurand",
    "TonemapMantiuk",
    "TonemapReinhard",
    "createAlignMTB",
    "createCalibrateDebevec",
    "createCalibrateRobertson",
    "createMergeDebevec",
    "createMergeMertens",
    "createMergeRobertson",
    "createTonemap",
    "createTonemapDrago",
    "createTonemapDurand",
    "createTonemapMantiuk",
    "createTonemapReinhard",
    "error",
    "imread",
    "imwrite",
    "xphoto",
]


def __getattr__(name: str) -> Any:
    return error_class() if name == "error" else passed(name, "cv2")
