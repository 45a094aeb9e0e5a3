"""imread and imwrite: BGR arrays and OpenCV's conversions, through Fullwell's own codecs.

What those do not read or write (flags for reduced sizes, pictures with transparency, rare formats) goes to an installed
OpenCV.
"""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import Any

import numpy as np

from fullwell.compat.cv2.arguments import Array, refuse
from fullwell.errors import FullwellError, InputError, UsageError
from fullwell.io import Encoding, exif, formats, read_radiance, write
from fullwell.io.header import upright
from fullwell.kernels.channels import reverse

IMREAD_UNCHANGED = -1
IMREAD_GRAYSCALE = 0
IMREAD_COLOR = IMREAD_COLOR_BGR = 1
IMREAD_ANYDEPTH = 2
IMREAD_ANYCOLOR = 4
IMREAD_IGNORE_ORIENTATION = 128
IMREAD_COLOR_RGB = 256
REDUCED = 8 | 16 | 32 | 64  # IMREAD_LOAD_GDAL and IMREAD_REDUCED_*

IMWRITE_JPEG_QUALITY = 1
IMWRITE_PNG_COMPRESSION = 16
IMWRITE_EXR_TYPE = 48
IMWRITE_EXR_TYPE_HALF = 1
IMWRITE_EXR_TYPE_FLOAT = 2
IMWRITE_WEBP_QUALITY = 64

log = logging.getLogger("fullwell")


def imread(filename: Any, flags: int = IMREAD_COLOR) -> Array | None:
    """A picture as BGR uint8 (h, w, 3), turned upright by its EXIF; None, and a line in the log, if it is unreadable.

    IMREAD_UNCHANGED keeps depth, channels and orientation; IMREAD_ANYDEPTH 16-bit and float values; .hdr and .exr are
    float32 radiance with either, and 8-bit otherwise, radiance 1 being 255.
    """
    path = Path(filename)
    if flags > 0 and flags & REDUCED:
        return _opencvs_imread(path, flags)
    try:
        pixels, orientation = _decode(path)
    except FullwellError as failed:
        log.warning("imread: %s", failed)
        return None
    if flags == IMREAD_UNCHANGED:
        return _swapped(pixels)
    if not flags & IMREAD_IGNORE_ORIENTATION:
        pixels = upright(pixels, orientation)
    if not flags & IMREAD_ANYDEPTH:
        pixels = _eight_bit(pixels)
    colour = flags & (IMREAD_COLOR | IMREAD_COLOR_RGB) or (flags & IMREAD_ANYCOLOR and _channels(pixels) >= 3)
    rgb = (
        pixels[:, :, :3] if _channels(pixels) >= 3 else np.repeat(pixels.reshape(*pixels.shape[:2], -1)[:, :, :1], 3, 2)
    )
    if not colour:
        return rgb[:, :, 0].copy() if _channels(pixels) < 3 else _gray(rgb)
    return np.ascontiguousarray(rgb) if flags & IMREAD_COLOR_RGB else _swapped(rgb)


def imwrite(filename: Any, img: Any, params: Any = None) -> bool:
    """Write a BGR or gray picture; the extension decides the format. False where the file cannot be written.

    8-bit and 16-bit codes are stored as they are; floats too in .hdr, .exr and .tif, as radiance; elsewhere values
    count as 0..255, rounded to the nearest (ties to even), beyond it clipped, NaN 0.
    """
    path, a = Path(filename), np.asarray(img)
    if a.ndim == 3 and a.shape[2] == 1:
        a = a[:, :, 0]
    if a.ndim not in (2, 3) or (a.ndim == 3 and a.shape[2] not in (3, 4)) or a.size == 0 or a.dtype.kind not in "uif":
        raise refuse("imwrite", f"an image must be (height, width[, 3]) numbers, got {a.dtype} {a.shape}.")
    extension = path.suffix.lower()
    if extension not in formats.WRITERS or (a.ndim == 3 and a.shape[2] == 4):
        return _opencvs_imwrite(path, a, img, params)
    try:
        write(_storable(a, extension), path, _encoding(params, a))
    except UsageError as failed:
        log.warning("imwrite: %s", failed)
        return False
    return True


def installed(what: str) -> Any:
    """OpenCV itself, for what the drop-in leaves to it."""
    try:
        return importlib.import_module("cv2")
    except ImportError:
        raise refuse("fullwell.compat.cv2", f"{what} needs OpenCV: pip install opencv-python-headless.") from None


def _opencvs_imread(path: Path, flags: int) -> Array | None:
    """OpenCV's decoder, given the bytes: on Windows it finds no files whose names are of another alphabet."""
    cv2 = installed("imread with these flags")
    try:
        return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flags)
    except (OSError, cv2.error) as failed:
        log.warning("imread: %s: %s", path, failed)
        return None


def _opencvs_imwrite(path: Path, a: Array, img: Any, params: Any) -> bool:
    written, coded = installed(f"imwrite of {a.shape} to {path.suffix}").imencode(path.suffix, img, params or [])
    if written:
        try:
            path.write_bytes(coded.tobytes())
        except OSError as failed:
            log.warning("imwrite: %s: %s", path, failed)
            return False
    return bool(written)


def _decode(path: Path) -> tuple[Array, int]:
    """Pixels as stored, (h, w) or (h, w, channels), RGB, and the EXIF orientation."""
    if formats.sniff(path) in formats.RADIANCE.values():
        return read_radiance(path).rgb, 1
    header = formats.read_header(path)
    pixels = header.decode()
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype.kind == "f":
        pixels = pixels.astype(np.float32, copy=False)
    elif pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path}: its pixels are {pixels.dtype}, which is no picture's type.")
    return pixels, exif.read(header.exif).orientation


def _channels(pixels: Array) -> int:
    return 1 if pixels.ndim == 2 else pixels.shape[2]


def _swapped(pixels: Array) -> Array:
    """RGB to BGR and back; alpha stays last."""
    if _channels(pixels) < 3:
        return np.ascontiguousarray(pixels)
    out = np.empty(pixels.shape, pixels.dtype)
    if pixels.shape[2] == 3 and pixels.dtype.itemsize <= 4 and pixels.flags.c_contiguous:
        reverse(pixels, out)
        return out
    for c in range(pixels.shape[2]):
        out[:, :, c] = pixels[:, :, (2, 1, 0, 3)[c]]
    return out


def _eight_bit(pixels: Array) -> Array:
    if pixels.dtype == np.uint16:
        return (pixels >> 8).astype(np.uint8)
    return pixels if pixels.dtype == np.uint8 else saturated(pixels * np.float32(255))


def saturated(values: Array) -> Array:
    """Numbers as 8-bit codes: rounded to the nearest, ties to even, clipped to 0..255; NaN is 0, infinity 255."""
    a = np.fmin(np.fmax(values, 0), 255)  # fmax: the number where the other is NaN
    return np.rint(a, out=a).astype(np.uint8) if a.dtype.kind == "f" else a.astype(np.uint8)


def _gray(rgb: Array) -> Array:
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    value = rgb @ weights
    return value if rgb.dtype == np.float32 else np.rint(value).astype(rgb.dtype)


def _storable(a: Array, extension: str) -> Array:
    """The array that `fullwell.io.write` stores with these values: RGB, in a type that the format holds."""
    held, bits = formats.WRITERS[extension]
    if "radiance" in held and "hdr" not in held and (a.dtype.kind == "f" or "picture" not in held):
        a = a.astype(np.float32, copy=False) if a.dtype.kind == "f" else a.astype(np.float32) / np.float32(255)
    elif a.dtype != np.uint8 and not (a.dtype == np.uint16 and bits is None):
        a = saturated(a)
    return _swapped(a)


def _encoding(params: Any, a: Array) -> Encoding:
    """Fullwell's encoding settings for OpenCV's list of [name, value, ...]; other names are left out."""
    numbers = [int(p) for p in params or []]
    given = dict(zip(numbers[::2], numbers[1::2], strict=False))
    quality = given.get(IMWRITE_JPEG_QUALITY, given.get(IMWRITE_WEBP_QUALITY, 95))
    half = given.get(IMWRITE_EXR_TYPE) == IMWRITE_EXR_TYPE_HALF
    return Encoding(
        quality=min(max(quality, 1), 100), bits=16 if a.dtype == np.uint16 else 8, exr_type="half" if half else "float"
    )
