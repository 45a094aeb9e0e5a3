"""Drago as OpenCV computes it, against the drop-in's own pixels."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import hills

from fullwell.compat import cv2
from fullwell.image import Radiance
from fullwell.io.picture import encode
from fullwell.tonemap.dragocv import DragoCV


@pytest.mark.parametrize(("saturation", "bias", "gain"), [(0.7, 0.85, 3.0), (1.0, 0.85, 1.0), (1.3, 0.7, 2.0)])
def test_the_codes_are_those_of_a_script(saturation: float, bias: float, gain: float) -> None:
    rgb = hills(120, 160, 5) * 3
    rgb[:4] = 0.0  # black, where OpenCV has NaN
    bgr = np.ascontiguousarray(rgb[:, :, ::-1])
    script = gain * cv2.createTonemapDrago(1.0, saturation, bias).process(bgr) * 255
    wanted = np.clip(np.round(script), 0, 255)[:, :, ::-1]
    mapped = DragoCV(saturation=saturation, bias=bias, gain=gain)(Radiance(rgb))
    off = np.abs(encode(mapped, 8).codes - wanted)
    assert off.max() <= 1  # a value halfway between two codes
    assert (off > 0).mean() < 1e-3
    assert wanted.std() > 10
