"""JPEG coding on all cores: strips of a picture, coded apart and joined by restart markers.

Behind a restart marker coding begins afresh, so that the scans of strips of whole blocks, with the markers between
them, are the scan of the whole picture. The picture decodes to the same pixels as one that is coded at once.

Source: ITU-T T.81, B.2.2 (frame header), B.2.4.4 (restart interval), E.1.4 (restarts).
"""

from __future__ import annotations

import os
import struct
from concurrent.futures import ThreadPoolExecutor

import imagecodecs
import numpy as np

from fullwell.image import Array
from fullwell.io import jpeg

LARGEST_SIDE = 65_500
ROWS = 256  # of a strip, at most
MOST_BLOCKS = 65_535  # of a restart interval
RESTART_INTERVAL, FIRST_RESTART = 0xDD, 0xD0


def encode(codes: Array, quality: int) -> bytes:
    """(h, w, 3) or (h, w, 1) uint8 as a JPEG without metadata, with full colour resolution from quality 90 up.

    Raises ValueError for sides that a JPEG cannot hold.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return _joined(list(pool.map(lambda strip: _encoded(strip, quality), _strips(codes, quality))), codes, quality)


def encode_and_decode(codes: Array, quality: int) -> tuple[bytes, Array]:
    """The same, and its pixels as they decode; where colour has half the resolution, less what strips take over."""

    def both(strip: Array) -> tuple[bytes, Array]:
        data = _encoded(strip, quality)
        return data, np.asarray(imagecodecs.jpeg8_decode(data))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        coded, shown = zip(*pool.map(both, _strips(codes, quality)), strict=True)
    return _joined(list(coded), codes, quality), np.concatenate(shown)


def _block(codes: Array, quality: int) -> int:
    """Pixels a side of what is coded together."""
    return 16 if codes.shape[2] == 3 and quality < 90 else 8


def _strips(codes: Array, quality: int) -> list[Array]:
    if max(codes.shape) > LARGEST_SIDE:
        raise ValueError(f"a JPEG has at most {LARGEST_SIDE} pixels a side")
    rows = _rows(codes, quality)
    return [codes[y : y + rows] for y in range(0, len(codes), rows)]


def _rows(codes: Array, quality: int) -> int:
    side = _block(codes, quality)
    return side * min(ROWS // side, MOST_BLOCKS // -(-codes.shape[1] // side))


def _encoded(codes: Array, quality: int) -> bytes:
    if codes.shape[2] == 1:
        return bytes(imagecodecs.jpeg8_encode(codes[:, :, 0], quality))
    return bytes(imagecodecs.jpeg8_encode(codes, quality, subsampling="444" if quality >= 90 else "420"))


def _joined(strips: list[bytes], codes: Array, quality: int) -> bytes:
    """One picture: the first strip's header with the whole height and the restart interval, then all scans."""
    if len(strips) == 1:
        return strips[0]
    scans = []  # where the header of each begins and ends
    for data in strips:
        at, header = next((at, payload) for marker, at, payload in jpeg.segments(data) if marker == jpeg.SOS)
        scans.append((at - 2, at + 2 + len(header)))
    side = _block(codes, quality)
    interval = _rows(codes, quality) // side * -(-codes.shape[1] // side)
    frame = next(at for marker, at, _ in jpeg.segments(strips[0]) if marker in jpeg.FRAMES)
    start, begin = scans[0]
    first = strips[0]
    parts = [
        first[: frame + 3], struct.pack(">H", len(codes)), first[frame + 5 : start],
        struct.pack(">BBHH", 0xFF, RESTART_INTERVAL, 4, interval), first[start:begin],
    ]  # fmt: skip
    for k, (data, (_, begin)) in enumerate(zip(strips, scans, strict=True)):
        parts += [bytes([0xFF, FIRST_RESTART + (k - 1) % 8])] if k else []
        parts.append(data[begin:-2])
    return b"".join([*parts, b"\xff\xd9"])
