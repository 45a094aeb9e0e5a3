"""Radiance .hdr (RGBE): header read and written here, pixels by imagecodecs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np

from fullwell.image import Radiance

if TYPE_CHECKING:
    from fullwell.io.output import Encoding

LARGEST = 1.7e38  # exponent byte 255


def write_radiance(scene: Radiance, path: Path, encoding: Encoding) -> None:
    """Run-length coded RGBE, 8 bits of mantissa under the exponent of the largest channel."""
    h, w = scene.rgb.shape[:2]
    lines = ["#?RADIANCE", "FORMAT=32-bit_rle_rgbe", "", f"-Y {h} +X {w}", ""]
    pixels = np.clip(np.nan_to_num(scene.rgb, nan=0.0, posinf=LARGEST, neginf=0.0), 0.0, LARGEST)
    room = h * (4 * w + w // 16 + 64)  # noise grows a little under run lengths
    body = imagecodecs.rgbe_encode(pixels, header=False, rle=8 <= w <= 32767, out=bytearray(room))
    path.write_bytes("\n".join(lines).encode() + body)
