"""OpenEXR by OpenImageIO: channels R, G, B of the first part hold the radiance."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813

from fullwell.color import primaries
from fullwell.errors import InputError
from fullwell.image import Array, Metadata, Radiance
from fullwell.io import exif, openimageio, profile
from fullwell.io.header import Header
from fullwell.kernels.minmax import span

if TYPE_CHECKING:
    from fullwell.io.output import Encoding

BAND = 256  # rows
HALF_MAX = 65504.0
# Channels of each layer; all but sigma are whole numbers, which are stored as 32-bit floats.
CHANNELS = {"mask": ("mask",), "sigma": ("sigma.R", "sigma.G", "sigma.B"), "source": ("source",)}
# OpenImageIO's names of the standard attributes capDate, owner and so on; other names it would keep as they are.
ATTRIBUTES = {
    0x9003: "DateTime", 0x8298: "Copyright", 0x013B: "Artist", 0x010E: "ImageDescription", 0x010F: "cameraMake",
    0x0110: "cameraModel", 0xA431: "cameraSerialNumber", 0xA433: "lensMake", 0xA434: "lensModel",
    0xA435: "lensSerialNumber", 0x829D: "FNumber", 0x8827: "isoSpeed", 0x920A: "nominalFocalLength",
}  # fmt: skip
TO_ABSOLUTE, NOISE_FLOOR = "fullwell:to_absolute", "fullwell:noise_floor"
WHITE, NOMINAL = "whiteLuminance", "fullwell:nominal_cd_m2"


def read_radiance(path: Path) -> Radiance:
    """The display window of the first part; pixels outside the data window are black.

    Channels R, G, B, or those of the first layer that has them, or luminance alone, or the only one or three there are.
    Chromaticities that are no working primaries are converted to Rec.709. Raises InputError for what is damaged or
    holds no such channels.
    """
    with openimageio.opened(path) as source:
        spec = source.spec()
        if spec.deep:
            raise InputError(f"{path}: is a deep OpenEXR file; flatten it first.")
        chosen = _channels(spec.channelnames, path)
        for height, width in ((spec.height, spec.width), (spec.full_height, spec.full_width)):
            Header(height, width, lambda: np.empty(0)).checked(str(path))
        begin, end = min(chosen), max(chosen) + 1
        pixels = source.read_image(0, 0, begin, end, "float")
        layers = [_layer(source, spec, channels) for channels in CHANNELS.values()]
        said = openimageio.errors(source)
    if pixels is None or said:
        raise InputError(f"{path}: the OpenEXR file is damaged or truncated; make or copy it again.")
    rgb = _displayed(pixels[:, :, [c - begin for c in chosen]], spec)
    to_d50 = profile.of_chromaticities(openimageio.numbers(spec, "chromaticities"))  # none: Rec.709, as OpenEXR says
    name, rgb = profile.in_working_primaries(rgb, to_d50)
    scale, white, nominal, floor = (
        next(iter(openimageio.numbers(spec, name)), None) for name in (TO_ABSOLUTE, WHITE, NOMINAL, NOISE_FLOOR)
    )
    meta = Metadata(sources=(str(path),), recipe=openimageio.text(spec, "fullwell:recipe"))
    mask, sigma, frame = (a if a is not None and a.shape[:2] == rgb.shape[:2] else None for a in layers)
    return Radiance(
        rgb,
        name,
        None if mask is None else mask[..., 0].astype(np.uint8),
        to_absolute=scale,
        noise_floor=floor,
        meta=meta,
        cd_m2=white if white is not None else nominal,
        calibrated=white is not None,
        sigma=sigma,
        source=None if frame is None else frame[..., 0].astype(np.int16),
    )


def _layer(source: Any, spec: Any, channels: tuple[str, ...]) -> Array | None:
    """The channels of a layer (h, w, n) float32; None where one is not there."""
    if any(c not in spec.channelnames for c in channels):
        return None
    at = [spec.channelnames.index(c) for c in channels]
    read = [source.read_image(0, 0, i, i + 1, "float") for i in at]
    return None if any(a is None for a in read) else np.concatenate(read, axis=2)  # damaged, which the source tells


COLOURS = (("r", "g", "b"), ("red", "green", "blue"), ("y", "y", "y"))
BESIDE = {"a", "alpha", *(name.lower() for names in CHANNELS.values() for name in names)}
DEPTH = {"z", "zback", "depth"}


def _channels(names: tuple[str, ...], path: Path) -> list[int]:
    """Indices of red, green and blue; one index thrice for luminance. Else the only one or three that may be light."""
    folded = [name.lower() for name in names]
    layers = dict.fromkeys(name.rpartition(".")[0] for name in folded)
    for wanted in COLOURS:
        for layer in sorted(layers, key=lambda layer: layer != ""):  # the nameless one first
            full = [f"{layer}.{c}" if layer else c for c in wanted]
            if all(name in folded for name in full):
                return [folded.index(name) for name in full]
    last = [name.rpartition(".")[2] for name in folded]
    light = [k for k, name in enumerate(last) if not BESIDE & {name, folded[k]}]
    if len(light) in (1, 3) and not DEPTH.intersection(last):
        return light * (3 // len(light))
    raise InputError(f"{path}: must hold channels R, G, B or Y, it holds {', '.join(names)}.")


def _displayed(pixels: Array, spec: Any) -> Array:
    """The display window, filled where the data window covers it."""
    h, w, y, x = spec.full_height, spec.full_width, spec.y - spec.full_y, spec.x - spec.full_x
    if (y, x, *pixels.shape[:2]) == (0, 0, h, w):
        return pixels
    out = np.zeros((h, w, 3), np.float32)
    top, left, bottom, right = max(y, 0), max(x, 0), min(y + pixels.shape[0], h), min(x + pixels.shape[1], w)
    if top < bottom and left < right:
        out[top:bottom, left:right] = pixels[top - y : bottom - y, left - x : right - x]
    return out


def write_radiance(scene: Radiance, path: Path, encoding: Encoding) -> None:
    """Half floats unless a value exceeds them, or as asked; a half that overflows becomes 65504, infinity stays."""
    rgb = scene.rgb
    h, w, _ = rgb.shape
    half = encoding.exr_type == "half" or (encoding.exr_type == "auto" and _largest(rgb) <= HALF_MAX)
    kind = "half" if half else "float"
    spec = oiio.ImageSpec(w, h, 3, kind)
    spec.attribute("compression", encoding.exr_compression)
    spec.attribute("DateTime", "")  # else OpenImageIO writes the time of writing
    for name, value in _about(scene.meta).items():
        spec.attribute(name, value)
    p = primaries(scene.primaries)
    spec.attribute("chromaticities", "float[8]", (*p.red, *p.green, *p.blue, *p.white))
    if scene.meta.recipe:
        spec.attribute("fullwell:recipe", scene.meta.recipe)
    if scene.to_absolute:
        spec.attribute(TO_ABSOLUTE, scene.to_absolute)
    if scene.noise_floor:
        spec.attribute(NOISE_FLOOR, scene.noise_floor)
    if scene.cd_m2:  # whiteLuminance is what the standard calls the cd/m2 of R = G = B = 1
        spec.attribute(WHITE if scene.calibrated else NOMINAL, scene.cd_m2)
    if half and _largest(rgb) > HALF_MAX:
        rgb = np.where(np.isfinite(rgb), np.clip(rgb, -HALF_MAX, HALF_MAX), rgb)
    if half:
        rgb = _halves(rgb)
    layers = {name: a for name in CHANNELS if name in encoding.layers and (a := getattr(scene, name)) is not None}
    if layers:
        kinds = {name: kind if name == "sigma" else "float" for name in layers}  # floats are what b44 leaves exact
        names = ("R", "G", "B", *(c for name in layers for c in CHANNELS[name]))
        formats = [kind] * 3 + [kinds[name] for name in layers for _ in CHANNELS[name]]
        spec.nchannels, spec.channelnames = len(names), names
        spec.channelformats = tuple(oiio.TypeDesc(k) for k in formats)
        rgb = np.concatenate([rgb, *(a.reshape(h, w, -1).astype(np.float32) for a in layers.values())], axis=2)
    out = oiio.ImageOutput.create(str(path))
    if out is None or not out.open(str(path), spec) or not out.write_image(rgb) or not out.close():
        raise OSError(out.geterror() if out else oiio.geterror())


def _about(meta: Metadata) -> dict[str, str | float]:
    """OpenEXR's standard attributes that the reference frame's EXIF fills, and the bracket's times and files."""
    found: dict[str, str | float] = {}
    if meta.sources:
        found["fullwell:sources"] = " ".join(Path(s).name for s in meta.sources)
    if meta.times_s:
        found["fullwell:times_s"] = " ".join(f"{t:g}" for t in meta.times_s)
    said = exif.described(meta)
    return found | {name: said[tag] for tag, name in ATTRIBUTES.items() if tag in said}


def _halves(rgb: Array) -> Array:
    """Rows in bands on all cores: OpenImageIO converts on one."""
    out = np.empty(rgb.shape, np.float16)

    def band(y: int) -> None:
        out[y : y + BAND] = rgb[y : y + BAND]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(band, range(0, len(rgb), BAND)))
    return out


def _largest(rgb: Array) -> float:
    """The largest finite magnitude."""
    found = span(rgb)
    return max(found.hi, -found.lo)


def read_recipe(path: Path) -> str:
    with openimageio.opened(path) as source:
        return openimageio.text(source.spec(), "fullwell:recipe")
