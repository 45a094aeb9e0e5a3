"""Camera RAW files of simulated sensors: DNG with a colour filter array, or with all colours at every pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fullwell.color import primaries
from fullwell.io import ifd

CFA, LINEAR = 32803, 34892  # photometric interpretations
PATTERN = np.array([[0, 1], [1, 2]])  # red, green, green, blue
BLACK, WHITE = 512, 15871


def filtered(rgb: np.ndarray) -> np.ndarray:
    """What each pixel of a sensor with the PATTERN sees of (h, w, 3): (h, w)."""
    h, w, _ = rgb.shape
    y, x = np.mgrid[0:h, 0:w]
    return np.asarray(rgb[y, x, PATTERN[y % 2, x % 2]])


def numbers(exposure: np.ndarray, full: int = WHITE) -> np.ndarray:
    """The share of full well, 0 to 1, as a sensor counts it."""
    return np.round(np.minimum(exposure * (WHITE - BLACK) + BLACK, full)).astype(np.uint16)


def write_dng(
    path: Path,
    sensor: np.ndarray,
    time_s: float,
    neutral: tuple[float, float, float] = (0.5, 1.0, 0.625),
    iso: int = 100,
    orientation: int = 1,
) -> Path:
    """Numbers (h, w) under the PATTERN or (h, w, 3), of a camera whose balanced primaries are those of sRGB.

    `neutral` is what it counts for white, relative to green.
    """
    made = ifd.Builder()
    h, w = sensor.shape[:2]
    count = sensor.ndim if sensor.ndim == 3 else 1
    matrix = np.diag(neutral) @ np.linalg.inv(primaries("rec709").to_xyz)
    ratios = [part for n in matrix.ravel() for part in (round(float(n) * 1_000_000), 1_000_000)]
    camera = {
        0x829A: made.entry(ifd.RATIONAL, [round(time_s * 1e6), 1_000_000]),
        0x829D: made.entry(ifd.RATIONAL, [8, 1]),
        0x8827: made.entry(ifd.SHORT, [iso]),
    }
    strip = made.append(sensor.astype("<u2").tobytes())
    fields = {
        0xFE: (ifd.LONG, [0]), 0x100: (ifd.LONG, [w]), 0x101: (ifd.LONG, [h]), 0x102: (ifd.SHORT, [16] * count),
        0x103: (ifd.SHORT, [1]), 0x106: (ifd.SHORT, [LINEAR if count == 3 else CFA]), 0x111: (ifd.LONG, [strip]),
        0x112: (ifd.SHORT, [orientation]), 0x115: (ifd.SHORT, [count]), 0x116: (ifd.LONG, [h]),
        0x117: (ifd.LONG, [sensor.size * 2]), 0x11C: (ifd.SHORT, [1]),
        0xC612: (ifd.BYTE, bytes([1, 4, 0, 0])), 0xC614: (ifd.ASCII, b"Simulated sensor\0"),
        0xC61A: (ifd.SHORT, [BLACK] * count), 0xC61D: (ifd.SHORT, [WHITE] * count),
        0xC621: (ifd.SRATIONAL, ratios), 0xC65A: (ifd.SHORT, [21]),
        0xC628: (ifd.RATIONAL, [part for n in neutral for part in (round(n * 10_000), 10_000)]),
    }  # fmt: skip
    if count == 1:
        fields |= {0x828D: (ifd.SHORT, [2, 2]), 0x828E: (ifd.BYTE, PATTERN.astype(np.uint8).tobytes())}
    root = {tag: made.entry(*field) for tag, field in fields.items()}
    path.write_bytes(made.finish(root | {0x8769: made.pointer(camera)}))
    return path
