"""OpenEXR by OpenImageIO: channels R, G, B of the first part hold the radiance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import OpenImageIO as oiio  # noqa: N813

from fullwell.color import primaries
from fullwell.image import Radiance

if TYPE_CHECKING:
    from fullwell.io.output import Encoding

HALF_MAX = 65504.0


def write_radiance(scene: Radiance, path: Path, encoding: Encoding) -> None:
    h, w = scene.rgb.shape[:2]
    rgb = scene.rgb
    finite = np.abs(rgb, where=np.isfinite(rgb), out=np.zeros_like(rgb))
    half = encoding.exr_type == "half" or (encoding.exr_type == "auto" and finite.max() <= HALF_MAX)
    spec = oiio.ImageSpec(w, h, 3, "half" if half else "float")
    spec.attribute("compression", encoding.exr_compression)
    spec.attribute("DateTime", "")  # else OpenImageIO writes the time of writing
    p = primaries(scene.primaries)
    spec.attribute("chromaticities", "float[8]", (*p.red, *p.green, *p.blue, *p.white))
    if scene.meta.recipe:
        spec.attribute("fullwell:recipe", scene.meta.recipe)
    if half:
        rgb = np.where(np.isfinite(rgb), np.clip(rgb, -HALF_MAX, HALF_MAX), rgb)
    out = oiio.ImageOutput.create(str(path))
    if out is None or not out.open(str(path), spec) or not out.write_image(rgb) or not out.close():
        raise OSError(out.geterror() if out else oiio.geterror())
