"""Camera RAW and linear DNG, by LibRaw (extra `raw`): the sensor's own numbers, never scaled by what a frame shows.

A sensor counts light in proportion. Its numbers go from the black level to the white level of the metadata, the same in
every frame; what reaches the level where the histogram shows the sensor to be full counts as clipped. Under Bayer's
filter they are handed on as a mosaic; LibRaw demosaics those under another one. Codes are in the camera's own
primaries and have the transfer function of sRGB, so that the thresholds of all stages mean the same as in other
photographs; white balance and colour matrix wait for the merged light.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from fullwell.color import primaries, srgb_encode
from fullwell.errors import InputError
from fullwell.image import Array, Camera, Mosaic
from fullwell.io import exif, extras
from fullwell.io.header import Header
from fullwell.io.profile import Colour

ORIENTATION = {0: 1, 3: 3, 5: 8, 6: 6}  # EXIF's, by LibRaw's flip
FULL = 65535  # the code of a full sensor
PEAK_WIDTH = 200  # of the white level: a sensor's full pixels differ by less
PEAK, PEAK_SHARE = 20.0, 1e-4  # times what is below it, and of all pixels: what is no peak otherwise
PEAK_FOOT = 0.02  # of its top, where it begins
LEAST_FULL = 0.8  # of the white level: a peak below is something of even brightness
LOOKED_AT = 4_000_000  # pixels whose numbers tell where the sensor is full
SMALL = 150  # pixels of the shorter side of a small picture
DIFFERS = 0.99  # of the white level: a full sensor below is worth a note
_quiet = threading.Lock()


@dataclass(frozen=True)
class Levels:
    """Numbers of the sensor for each of its colours, (4,): no light, the metadata's white, and where it is full."""

    black: Array
    white: Array
    full: Array


def read(path: Path) -> Header:
    """Size, exposure, colour, and what the pixels say: whether they decode, where the sensor is full, a small picture.

    Raises InputError naming the file without the extra, and for what LibRaw cannot decode.
    """
    with _opened(path) as raw:
        sizes = raw.sizes
        Header(sizes.height, sizes.width, lambda: np.empty(0)).checked(str(path))
        if 8 * path.stat().st_size < sizes.height * sizes.width:  # LibRaw would give what memory held
            raise InputError(f"{path}: the RAW file lacks its pixels (truncated or stripped); copy it again.")
        _unpack(raw, path)
        levels, notes = _levels(raw), []
        measured = float((levels.full / levels.white).min())
        if measured < DIFFERS:
            notes.append(f"its sensor is full at {measured:.1%} of the white level that its metadata say")
        colour, block, small, red = _colour(raw), _exif(path, raw), _small(raw, levels), _red(raw)

    def decode(pixels: Callable[[Any, Levels, Path], Array]) -> Array:
        with _opened(path) as again:
            _unpack(again, path)
            return pixels(again, levels, path)

    mosaic = None if red is None else Mosaic(partial(decode, _numbers), red)
    return Header(
        sizes.height, sizes.width, mosaic.demosaiced if mosaic else partial(decode, _developed), 65536, block,
        notes=tuple(notes), gray=lambda: small, colour=colour, white=int(levels.white.max()), mosaic=mosaic,
    )  # fmt: skip


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    rawpy = extras.module("rawpy", path, "is a camera RAW file", "develop it to 16-bit TIFF")
    raw = rawpy.RawPy()
    try:
        with _silent():
            raw.open_file(str(path))
        yield raw
    except rawpy.LibRawError as failed:
        said = failed.args[0] if failed.args else failed
        said = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise InputError(f"{path}: is a camera RAW file that LibRaw cannot decode ({said}).") from None
    finally:
        raw.close()


@contextmanager
def _silent() -> Iterator[None]:
    """LibRaw writes to stderr what it raises as well."""
    with _quiet:
        kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nothing)


def _unpack(raw: Any, path: Path) -> None:
    with _silent():
        raw.unpack()
    if raw.num_colors != 3 or raw.raw_image_visible is None or raw.raw_image_visible.dtype != np.uint16:
        raise InputError(f"{path}: is a RAW file of a kind that is not known here; develop it to 16-bit TIFF first.")


def _flat(raw: Any) -> bool:
    """Whether each pixel counts one colour; otherwise all three, as in a linear DNG."""
    return bool(raw.raw_type.name == "Flat")


def _red(raw: Any) -> tuple[int, int] | None:
    """Where red is in each 2 x 2 pixels of Bayer's filter; None for another one, and for pixels that lie aslant.

    LibRaw stands such a sensor on a corner, which makes it a row or a column odd.
    """
    if not _flat(raw) or raw.raw_pattern is None or raw.raw_pattern.shape != (2, 2):
        return None
    if raw.sizes.height % 2 or raw.sizes.width % 2:
        return None
    quad = np.where(raw.raw_colors_visible[:2, :2] == 3, 1, raw.raw_colors_visible[:2, :2])  # 3: the other green
    y, x = (int(n[0]) for n in np.nonzero(quad == 0))
    return (y, x) if quad[1 - y, 1 - x] == 2 and np.count_nonzero(quad == 1) == 2 else None


# Levels ---------------------------------------------------------------------------------------------------------------


def _levels(raw: Any) -> Levels:
    black = np.array(raw.black_level_per_channel, np.float64)
    white = np.array(raw.camera_white_level_per_channel or [0] * 4, np.float64)
    white = np.where(white > black, white, float(raw.white_level))
    full, pixels = white.copy(), raw.raw_image_visible
    rows = slice(None, None, math.prod(pixels.shape[:2]) // LOOKED_AT | 1)  # odd, so that all colours are met
    for c in range(4):
        if _flat(raw):
            seen = pixels[rows][raw.raw_colors_visible[rows] == c]
        else:
            seen = pixels[rows][:, :, min(c, 2)].ravel()
        if seen.size:
            full[c] = saturation(np.bincount(seen, minlength=FULL + 1), float(white[c]))
    return Levels(black, white, full)


def saturation(counts: Array, white: float) -> float:
    """The number from which on a colour of the sensor is full, of a histogram (65536,): its last peak, else `white`.

    The peak is narrow, stands over what is below it, and hardly anything is above it.
    """
    width = max(1, int(white) // PEAK_WIDTH)
    below = np.concatenate([[0], np.cumsum(counts)])
    held = below[width:] - below[:-width]  # in [level, level + width)
    first = int(LEAST_FULL * white)
    at = first + int(np.argmax(held[first : int(white) + 1]))
    before = (below[at - width] - below[max(at - 10 * width, 0)]) / 9  # the same width, on average
    above = below[-1] - below[at + width]
    if not (held[at] > PEAK * max(before, 1.0) and held[at] > PEAK_SHARE * below[-1] and above < 0.2 * held[at]):
        return white
    peak = counts[at : at + width]
    return min(float(at + np.argmax(peak > PEAK_FOOT * peak.max())), white)


# Pixels ---------------------------------------------------------------------------------------------------------------


def _shares(levels: Levels) -> Array:
    """Share of full scale, 0 to 1, that each number stands for, (4, 65536)."""
    number = np.arange(FULL + 1, dtype=np.float64)[None, :]
    share = (number - levels.black[:, None]) / (levels.white - levels.black)[:, None]
    share[number >= levels.full[:, None]] = 1.0
    return np.clip(share, 0.0, 1.0)


def _small(raw: Any, levels: Levels) -> Array:
    """Codes 0 to 1 of the brightness of blocks of pixels, all colours alike, (h, w) float32."""
    pixels = raw.raw_image_visible
    h, w = pixels.shape[:2]
    side = max(1, min(h, w) // SMALL)
    part = slice(h // side * side), slice(w // side * side)
    shares = _shares(levels).astype(np.float32)
    colours = raw.raw_colors_visible[part] if _flat(raw) else np.arange(3)
    light = shares[colours, pixels[part] if _flat(raw) else pixels[part][:, :, :3]]
    blocks = light.reshape(h // side, side, w // side, side, -1).mean(axis=(1, 3, 4))
    return srgb_encode(blocks).astype(np.float32)


def _numbers(raw: Any, levels: Levels, path: Path) -> Array:
    """Codes (h, w) uint16, each of the colour that its pixel counts, unturned."""
    codes = np.round(srgb_encode(_shares(levels)) * FULL).astype(np.uint16)
    pixels, colours = raw.raw_image_visible, raw.raw_colors_visible[:2, :2]
    out = np.empty(pixels.shape, np.uint16)
    for y, x in np.ndindex(2, 2):
        out[y::2, x::2] = codes[colours[y, x]][pixels[y::2, x::2]]
    return out


def _developed(raw: Any, levels: Levels, path: Path) -> Array:
    """Codes (h, w, 3) uint16 in the camera's primaries, unturned."""
    linear = np.round(_shares(levels) * FULL).astype(np.uint16)
    pixels = raw.raw_image_visible
    if not _flat(raw):
        return np.stack([_encoding()[linear[c]][pixels[:, :, c]] for c in range(3)], axis=2)
    from rawpy import ColorSpace, DemosaicAlgorithm

    pixels[:] = linear[raw.raw_colors_visible, pixels]
    rgb = raw.postprocess(
        demosaic_algorithm=DemosaicAlgorithm.AHD, output_color=ColorSpace.raw, output_bps=16, gamma=(1, 1),
        user_wb=[1, 1, 1, 1], user_black=0, user_cblack=[0, 0, 0, 0], no_auto_scale=True, no_auto_bright=True,
        adjust_maximum_thr=0.0, user_flip=0,
    )  # fmt: skip
    if rgb.shape[:2] != (raw.sizes.height, raw.sizes.width):
        raise InputError(f"{path}: the pixels of its sensor lie aslant; develop it to 16-bit TIFF first.")
    return np.asarray(_encoding()[rgb])


@cache
def _encoding() -> Array:
    """Code of each linear number, under the transfer function of sRGB."""
    return np.round(srgb_encode(np.arange(FULL + 1) / FULL) * FULL).astype(np.uint16)


# Colour and metadata --------------------------------------------------------------------------------------------------


def _colour(raw: Any) -> Colour:
    """From the camera's primaries to D50, white balanced as shot."""
    notes = []
    gains = np.array(raw.camera_whitebalance[:3], np.float64)
    if not ((gains > 0).all() and np.isfinite(gains).all()):
        notes.append("says no white balance; that of daylight is used")
        gains = np.array(raw.daylight_whitebalance[:3], np.float64)
    if not (gains > 0).all():
        gains = np.ones(3)
    to_srgb = np.array(raw.color_matrix, np.float64)[:, :3]  # of balanced colours
    known = _invertible(to_srgb)
    if not known:
        from_xyz = np.array(raw.rgb_xyz_matrix, np.float64)[:3]
        if known := _invertible(from_xyz):
            from_srgb = from_xyz @ primaries("rec709").to_xyz
            to_srgb = np.linalg.inv(from_srgb / from_srgb.sum(axis=1, keepdims=True))
        else:
            to_srgb = np.eye(3)
            notes.append("says nothing of its camera's colours, which are read as sRGB")
    gains /= gains.min()
    to_d50 = primaries("rec709").to_d50 @ to_srgb @ np.diag(gains)
    return Colour(
        "camera RGB, balanced " + ":".join(f"{g:.3g}" for g in gains),
        to_d50,
        notes=tuple(notes),
        scene_light=True,
        camera=_camera(raw, to_srgb, to_d50, gains) if known else None,
    )


def _invertible(matrix: Array) -> bool:
    """Whether a matrix of colours is one: neither missing nor nonsense."""
    return bool(np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > 1e-6)


def _camera(raw: Any, to_srgb: Array, to_d50: Array, gains: Array) -> Camera:
    """LibRaw's matrix is of balanced colours: what the sensor counts for daylight is taken out of it."""
    daylight = np.array(raw.daylight_whitebalance[:3], np.float64)
    daylight = daylight / daylight.min() if (daylight > 0).all() else gains
    from_xyz = np.diag(1 / daylight) @ np.linalg.inv(primaries("rec709").to_xyz @ to_srgb)
    return Camera(*(tuple(map(float, n.ravel())) for n in (to_d50, from_xyz, 1 / gains)))


def _exif(path: Path, raw: Any) -> bytes:
    """The file's own block where it is built like a TIFF, with what LibRaw knows beyond."""
    other, when = raw.other, raw.other.timestamp
    return exif.completed(
        path,
        orientation=ORIENTATION.get(raw.sizes.flip, 1),
        time_s=other.shutter_speed,
        f_number=other.aperture,
        iso=other.iso_speed,
        taken=when.strftime("%Y:%m:%d %H:%M:%S") if when and when.year > 1980 else "",
    )
