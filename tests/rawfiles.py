"""Camera RAW files of simulated sensors: DNG with a colour filter array, or with all colours at every pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fullwell.color import primaries
from fullwell.io import ifd

CFA, LINEAR = 32803, 34892  # photometric interpretations
PATTERN = np.array([[0, 1], [1, 2]])  # red, green, green, blue
XTRANS = np.array(
    [
        [1, 2, 1, 1, 0, 1],
        [0, 1, 0, 2, 1, 2],
        [1, 2, 1, 1, 0, 1],
        [1, 0, 1, 1, 2, 1],
        [2, 1, 2, 0, 1, 0],
        [1, 0, 1, 1, 2, 1],
    ]
)  # one of the arrangements of Fujifilm's filter
BLACK, WHITE = 512, 15871


def filtered(rgb: np.ndarray, pattern: np.ndarray = PATTERN) -> np.ndarray:
    """What each pixel of a sensor with the pattern sees of (h, w, 3): (h, w)."""
    h, w, _ = rgb.shape
    y, x = np.mgrid[0:h, 0:w]
    return np.asarray(rgb[y, x, pattern[y % len(pattern), x % len(pattern)]])


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
    white: int = WHITE,
    pattern: np.ndarray = PATTERN,
) -> Path:
    """Numbers (h, w) under the pattern or (h, w, 3), of a camera whose balanced primaries are those of sRGB.

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
        0xC61A: (ifd.SHORT, [BLACK] * count), 0xC61D: (ifd.SHORT, [white] * count),
        0xC621: (ifd.SRATIONAL, ratios), 0xC65A: (ifd.SHORT, [21]),
        0xC628: (ifd.RATIONAL, [part for n in neutral for part in (round(n * 10_000), 10_000)]),
    }  # fmt: skip
    if count == 1:
        fields |= {0x828D: (ifd.SHORT, list(pattern.shape)), 0x828E: (ifd.BYTE, pattern.astype(np.uint8).tobytes())}
    root = {tag: made.entry(*field) for tag, field in fields.items()}
    path.write_bytes(made.finish(root | {0x8769: made.pointer(camera)}))
    return path
