"""A web page that holds the radiance and shows it at any exposure: one file, which needs nothing else.

Pixels are stored with a shared exponent (RGB9_E5 of OpenGL ES 3.0, section 3.8.3.2): 9 bits a channel, 40 stops.
"""

from __future__ import annotations

import base64
import html
import math
import re
import string
import zlib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fullwell.color import conversion
from fullwell.errors import InputError
from fullwell.image import Array, Radiance
from fullwell.io import rendition

if TYPE_CHECKING:
    from fullwell.io.output import Encoding

RECIPE = re.compile(r"<!-- fullwell:recipe (.*?) -->", re.S)
MOST_RECIPE = 100_000  # characters at the beginning in which it stands
LONG_EDGE = 1600  # pixels; the page is then 3 to 7 MB
PAYLOAD = re.compile(r'WIDTH = (\d+), HEIGHT = (\d+), DATA = "([^"]*)"')
BRIGHTEST = 65408.0  # (1 - 2 ** -9) * 2 ** 16


def write_radiance(scene: Radiance, path: Path, encoding: Encoding) -> None:
    """The radiance in Rec.709 with a slider for the exposure; at 0 its log-average is middle grey."""
    rgb = shown(scene)
    h, w, _ = rgb.shape
    planes = shared_exponent(rgb).astype("<u4").view(np.uint8).reshape(-1, 4).T
    data = base64.b64encode(zlib.compress(planes.tobytes(), 6)).decode()
    page = string.Template((files("fullwell.io") / "viewer.html").read_text(encoding="utf-8"))
    title = html.escape(", ".join(Path(s).name for s in scene.meta.sources[:1]) or "Radiance")
    path.write_text(
        page.safe_substitute(
            title=title, recipe=html.escape(scene.meta.recipe).replace("--", "&#45;&#45;"), width=w, height=h, data=data
        ),
        encoding="utf-8",
    )


def read_recipe(path: Path) -> str:
    """The recipe, which a comment at the beginning holds."""
    with path.open(encoding="utf-8", errors="replace") as file:
        found = RECIPE.search(file.read(MOST_RECIPE))
    return html.unescape(found[1]) if found else ""


def shown(scene: Radiance) -> Array:
    """The light that the page holds, (h, w, 3) float32: reduced, in Rec.709, white at 1.0, finite, not negative."""
    white = rendition.hdr_picture(scene).white
    rgb = _reduced(scene.rgb) @ (conversion(scene.primaries, "rec709") / white).T.astype(np.float32)
    return np.clip(np.nan_to_num(rgb, nan=0.0, posinf=BRIGHTEST), 0.0, BRIGHTEST)


def read(path: Path) -> Array:
    """The light of a page that was written here."""
    found = PAYLOAD.search(path.read_text(encoding="utf-8"))
    if found is None:
        raise InputError(f"{path}: is no page of Fullwell's.")
    w, h = int(found[1]), int(found[2])
    planes = np.frombuffer(zlib.decompress(base64.b64decode(found[3])), np.uint8).reshape(4, h, w).astype(np.uint32)
    packed = planes[0] | planes[1] << 8 | planes[2] << 16 | planes[3] << 24
    mantissas = np.stack([packed >> shift & 511 for shift in (0, 9, 18)], axis=2)
    return np.ldexp(mantissas.astype(np.float32), (packed >> 27).astype(np.int32)[..., None] - 24)


def shared_exponent(rgb: Array) -> Array:
    """(h, w, 3) float32, 0 to 65408, to (h, w) uint32: three mantissas of 9 bits under one exponent, rounded."""
    _, exponent = np.frexp(rgb.max(axis=2))
    exponent = np.maximum(exponent, -15) + 15
    coarse = np.round(np.ldexp(rgb.max(axis=2), 24 - exponent)) > 511  # rounds up to the next exponent
    exponent = exponent + coarse
    mantissas = np.round(np.ldexp(rgb, (24 - exponent)[..., None])).astype(np.uint32)
    packed: Array = mantissas[..., 0] | mantissas[..., 1] << 9 | mantissas[..., 2] << 18
    return packed | exponent.astype(np.uint32) << 27


def _reduced(rgb: Array) -> Array:
    """At most LONG_EDGE pixels a side: means of the pixels that one covers, which never ring around lamps."""
    h, w, _ = rgb.shape
    scale = LONG_EDGE / max(h, w)
    if scale >= 1:
        return rgb
    size = max(1, math.floor(w * scale)), max(1, math.floor(h * scale))
    planes = [Image.fromarray(np.ascontiguousarray(rgb[:, :, c])) for c in range(3)]
    return np.stack([np.asarray(p.resize(size, Image.Resampling.BOX)) for p in planes], axis=2)
