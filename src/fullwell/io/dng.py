"""Linear DNG: radiance as raw converters open it, in half or float numbers, with a matrix to XYZ and an exposure.

Light that was merged from camera RAW files is in the camera's own primaries again, under its colour matrix and the
white balance as shot, so that a converter balances it like the photographs.

Source: Adobe Digital Negative Specification 1.4, chapters 2, 4 and 6. As a TIFF, the file begins with the EXIF block.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np

from fullwell.color import primaries
from fullwell.errors import UsageError
from fullwell.image import Array, Radiance
from fullwell.io import exif, ifd, rendition, tiff, xmp

if TYPE_CHECKING:
    from fullwell.io.output import Encoding

SUBFILE, PLANAR, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_SIZES = 0xFE, 0x11C, 0x142, 0x143, 0x144, 0x145
BACKWARD, MODEL, WHITE_LEVEL, MATRIX, NEUTRAL, EXPOSURE, ILLUMINANT = (
    0xC613, 0xC614, 0xC61D, 0xC621, 0xC628, 0xC62A, 0xC65A,
)  # fmt: skip
LINEAR_RAW, D65, VERSION = 34892, 21, bytes([1, 4, 0, 0])
TILE = 256  # pixels a side
NAME = b"Fullwell linear\0"  # of the camera whose colours these are


def write_radiance(scene: Radiance, path: Path, encoding: Encoding) -> None:
    """Half floats, or floats where `bits` is 32, 1.0 being the brightest finite value; no negatives.

    The baseline exposure makes grey of the log-average luminance middle grey in the converter.
    """
    full, brightest = stored(scene)
    kind = np.dtype(np.float32 if encoding.bits == 32 else np.float16)
    light = full.astype(kind)
    if light.nbytes > tiff.LARGEST:
        raise UsageError(f"{path.name}: a DNG holds 4 GB, this image needs {light.nbytes / 1e9:.1f}; write .exr.")
    h, w, _ = light.shape
    made = ifd.Builder(exif.of_result(scene.meta, h, w, exif.UNCALIBRATED))
    root = ifd.directory(made.data, ifd.first(made.data))[0]
    rows, columns = (min(TILE, max(side // 16, 1) * 16) for side in (h, w))  # LibRaw: none larger than the image
    tiles = _tiles(light, rows, columns, made.order)
    offsets = [made.append(tile) for tile in tiles]
    stops = math.log2(brightest / rendition.hdr_picture(scene).white)
    camera = scene.meta.camera
    matrix = camera.from_xyz if camera else np.linalg.inv(primaries(scene.primaries).to_xyz).ravel()
    fields: dict[int, tuple[int, Any]] = {
        SUBFILE: (ifd.LONG, [0]),
        tiff.WIDTH: (ifd.LONG, [w]),
        tiff.HEIGHT: (ifd.LONG, [h]),
        tiff.BITS: (ifd.SHORT, [8 * kind.itemsize] * 3),
        tiff.COMPRESSION: (ifd.SHORT, [tiff.DEFLATE]),
        tiff.PHOTOMETRIC: (ifd.SHORT, [LINEAR_RAW]),
        tiff.SAMPLES: (ifd.SHORT, [3]),
        PLANAR: (ifd.SHORT, [1]),
        tiff.PREDICTOR: (ifd.SHORT, [tiff.FLOAT_PREDICTOR]),
        TILE_WIDTH: (ifd.LONG, [columns]),
        TILE_HEIGHT: (ifd.LONG, [rows]),
        TILES: (ifd.LONG, offsets),
        TILE_SIZES: (ifd.LONG, [len(tile) for tile in tiles]),
        tiff.SAMPLE_FORMAT: (ifd.SHORT, [3] * 3),
        tiff.DNG_VERSION: (ifd.BYTE, VERSION),
        BACKWARD: (ifd.BYTE, VERSION),
        MODEL: (ifd.ASCII, NAME),
        WHITE_LEVEL: (ifd.LONG, [1] * 3),
        MATRIX: (ifd.SRATIONAL, _rationals(matrix)),
        NEUTRAL: (ifd.RATIONAL, _rationals(camera.neutral if camera else np.ones(3))),
        EXPOSURE: (ifd.SRATIONAL, _rationals([stops])),
        ILLUMINANT: (ifd.SHORT, [D65]),
    }
    fields |= tiff.scale(scene, brightest)
    if scene.meta.recipe:
        fields[tiff.RECIPE] = (ifd.ASCII, scene.meta.recipe.encode() + b"\0")
    fields |= tiff.texts(xmp.of_result(scene.meta), scene.meta.iptc)
    path.write_bytes(made.finish(root | {tag: made.entry(*field) for tag, field in fields.items()}))


def stored(scene: Radiance) -> tuple[Array, float]:
    """The light as the file holds it, 0 to 1, and the radiance of its 1.0, neutral in white."""
    most = float(np.max(scene.rgb, where=np.isfinite(scene.rgb), initial=0.0))
    rgb = np.nan_to_num(scene.rgb, posinf=most, neginf=0.0)
    if camera := scene.meta.camera:
        matrix = np.linalg.solve(np.reshape(camera.to_d50, (3, 3)), primaries(scene.primaries).to_d50)
        rgb = rgb @ matrix.T.astype(np.float32)
    brightest = max(float(rgb.max()), 0.0) or 1.0
    return np.clip(rgb / np.float32(brightest), 0.0, 1.0), brightest


def _tiles(light: Array, rows: int, columns: int, order: str) -> list[bytes]:
    """Deflated tiles with floating-point differences, whole ones also at the edges."""
    h, w, _ = light.shape
    padded = np.pad(light, ((0, -h % rows), (0, -w % columns), (0, 0)), mode="edge").astype(f"{order}f{light.itemsize}")

    def tile(at: tuple[int, int]) -> bytes:
        y, x = at
        block = np.ascontiguousarray(padded[y : y + rows, x : x + columns])
        return bytes(imagecodecs.deflate_encode(imagecodecs.floatpred_encode(block, axis=-2).tobytes(), level=4))

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(tile, [(y, x) for y in range(0, h, rows) for x in range(0, w, columns)]))


def _rationals(numbers: Any) -> list[int]:
    return [part for n in numbers for part in (round(float(n) * 1_000_000), 1_000_000)]
