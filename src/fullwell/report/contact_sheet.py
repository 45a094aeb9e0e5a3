"""Pictures beside each other with their names, to choose by eye."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fullwell.color import srgb_decode
from fullwell.image import Array, Frame, Picture
from fullwell.io.picture import encode, fitted

CELL, GAP = 800, 8  # px: longer side of a picture, white between two
LETTERS = 0.04  # their height in longer sides of a picture
SHAPE = 1.4  # width over height that a sheet comes near to


def thumbnail(picture: Picture) -> Picture:
    """All that a sheet needs of a picture, so that the whole need not be kept."""
    return fitted(picture, CELL)


def before_after(frame: Frame, part: tuple[slice, slice], picture: Picture) -> Array:
    """The part of a frame that a picture of its bracket shows, and below or beside it the picture; (h, w, 3) uint8."""
    before = of_codes(frame.codes()[part])
    h, w = before.rgb.shape[:2]
    pair = {f"before: {Path(frame.name).name}": before, "after": picture}
    return sheet(pair, columns=2 if h > w else 1, cell=max(h, w))


def of_codes(codes: Array) -> Picture:
    """The picture of sRGB code values."""
    return Picture(srgb_decode(codes / np.iinfo(codes.dtype).max).astype(np.float32))


def sheet(pictures: Mapping[str, Picture], columns: int = 0, cell: int = CELL) -> Array:
    """Pictures of one shape in rows, each with its name in the lower left corner, as sRGB codes (h, w, 3) uint8.

    `columns` 0 takes as many as make the sheet a little wider than high. An empty name is not written.
    """
    small = {name: encode(picture, 8, long_edge=cell).codes for name, picture in pictures.items()}
    h, w, _ = next(iter(small.values())).shape
    columns = columns or min(len(small), max(1, round(math.sqrt(SHAPE * len(small) * h / w))))
    rows = -(-len(small) // columns)
    page = Image.new("RGB", (columns * (w + GAP) - GAP, rows * (h + GAP) - GAP), "white")
    draw, size = ImageDraw.Draw(page), max(11, round(LETTERS * max(h, w)))
    for i, (name, codes) in enumerate(small.items()):
        x, y = (i % columns) * (w + GAP), (i // columns) * (h + GAP)
        page.paste(Image.fromarray(codes), (x, y))
        draw.text(
            (x + size // 2, y + h - size // 2), name, "white", ImageFont.load_default(size), "ls",
            stroke_width=max(1, size // 12), stroke_fill="black",
        )  # fmt: skip
    return np.asarray(page)
