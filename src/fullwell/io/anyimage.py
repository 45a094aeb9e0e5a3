"""Every other picture that OpenImageIO or Pillow decodes: PNM, BMP, JPEG 2000, WebP and so on."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fullwell.errors import InputError
from fullwell.image import Array
from fullwell.io import openimageio, xmp
from fullwell.io.header import Header

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.picture import Encoded

MODES = {
    "1": "L",
    "L": "L",
    "P": "RGB",
    "RGB": "RGB",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "LA": "L",
    "PA": "RGB",
    "RGBA": "RGB",
}
TRANSPARENT = ("LA", "PA", "RGBA")


def read(path: Path) -> Header:
    """Size, EXIF, ICC. Raises InputError for what nothing decodes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about large pictures and malformed metadata
        try:
            with Image.open(path) as image:
                if image.format in ("WEBP", "GIF"):  # OpenImageIO reads no metadata of these, or not them
                    return _with_pillow(path, image)
        except Image.DecompressionBombError:
            raise InputError(f"{path}: its header says that it has hundreds of millions of pixels.") from None
        except (OSError, ValueError, SyntaxError):
            pass
    with openimageio.opened(path) as source:
        spec = source.spec()
        several = source.seek_subimage(1, 0)
    notes = ["holds several pictures; the first is used"] if several else []
    if spec.nchannels in (2, 4):
        notes.append("its transparency is ignored")
    levels = 256 if str(spec.format) == "uint8" else 65536
    decode = partial(openimageio.decode, path)
    return Header(spec.height, spec.width, decode, levels, None, openimageio.icc(spec), tuple(notes))


def _with_pillow(path: Path, image: Image.Image) -> Header:
    if image.mode not in MODES:
        raise InputError(f"{path}: a frame must be RGB or grey, this {image.format} is {image.mode}; convert it first.")
    notes = ["holds several pictures; the first is used"] if getattr(image, "n_frames", 1) > 1 else []
    if image.mode in TRANSPARENT:
        notes.append("its transparency is ignored")
    exif = image.info.get("exif")
    exif = exif.removeprefix(b"Exif\0\0") if isinstance(exif, bytes) and exif else None
    return Header(
        image.height,
        image.width,
        partial(_decode, path),
        exif=exif,
        icc=image.info.get("icc_profile"),
        notes=tuple(notes),
        xmp=image.info.get("xmp"),
    )


def _decode(path: Path) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                return np.asarray(image.convert(MODES[image.mode]))
        except (OSError, ValueError, SyntaxError) as failed:
            raise InputError(f"{path}: is damaged, its pixels cannot be decoded ({failed}).") from None


def read_recipe(path: Path) -> str:
    """The recipe in the XMP of WebP."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                return xmp.recipe_in(image.info.get("xmp"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # nothing that Pillow reads
            return ""


def write_picture(picture: Encoded, path: Path, encoding: Encoding) -> None:
    """WebP: 8 bits, with profile, EXIF, and XMP that holds the recipe."""
    image = Image.fromarray(picture.codes)
    exif, packet = b"Exif\0\0" + picture.exif, xmp.of_result(picture.meta, recipe=picture.recipe)
    image.save(path, "WEBP", quality=encoding.quality, method=4, icc_profile=picture.icc, exif=exif, xmp=packet)
