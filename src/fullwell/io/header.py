"""What is known of a picture file before its pixels are decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from fullwell.errors import InputError
from fullwell.image import Array, Mosaic
from fullwell.io.profile import Colour

MOST = 500.0  # million pixels; larger headers are taken for damage or malice, and refused before anything is allocated
_most = ContextVar("most", default=MOST)


@contextmanager
def max_megapixels(most: float) -> Iterator[None]:
    """Inside, pictures of up to so many million pixels are read."""
    token = _most.set(most)
    try:
        yield
    finally:
        _most.reset(token)


@dataclass(frozen=True)
class Header:
    """One picture in a file: its stored size, its metadata, and the function that decodes it.

    `decode()` gives (height, width), (height, width, 1, 3 or 4) in the file's own encoding, before orientation.
    """

    height: int
    width: int
    decode: Callable[[], Array]
    levels: int = 256  # 65536 for 16-bit and float pixels
    exif: bytes | None = None  # a TIFF-structured block
    icc: bytes | None = None
    notes: tuple[str, ...] = ()
    xmp: bytes | None = None  # a packet
    iptc: bytes | None = None  # IPTC-IIM datasets
    turned: bool = False  # the decoder turns it upright already
    gray: Callable[[], Array] | None = None  # (h, w) codes 0 to 1 of a small picture, where that is cheaper
    colour: Colour | None = None  # where it is not the ICC profile that says
    white: int = 0  # the number that the metadata of a RAW file call white; 0: it is none
    mosaic: Mosaic | None = None  # of a sensor under Bayer's filter, before orientation; `decode` demosaics it
    cicp: tuple[int, int] | None = None  # primaries and transfer as code points of ITU-T H.273

    def checked(self, name: str) -> Header:
        """Itself; raises InputError for a size that cannot be or is not allowed."""
        most = _most.get()
        if self.width < 1 or self.height < 1 or self.width * self.height > most * 1e6:
            raise InputError(
                f"{name}: a picture must have 1 to {most:g} million pixels (--max-megapixels), "
                f"its header says {self.width} x {self.height}."
            )
        return self


def upright(pixels: Array, orientation: int) -> Array:
    """Pixels as the EXIF orientation 1 to 8 means them to be seen."""
    if orientation >= 5:  # the stored rows are the columns of the scene
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
