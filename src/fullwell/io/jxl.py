"""JPEG XL: coded by OpenImageIO; EXIF and XMP are put into its container here (ISO/IEC 18181-2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import imagecodecs
import OpenImageIO as oiio  # noqa: N813

from fullwell.io import anyimage, openimageio, signal, xmp
from fullwell.io.boxes import box, boxes
from fullwell.io.header import Header

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.rendition import HdrPicture

EFFORT = 3  # of 9; 7 takes nine times the seconds for a quarter less
MOST_BYTES = 16_000_000  # of inflated metadata; more is no photograph's


def read(path: Path) -> Header:
    """Size, ICC, EXIF and XMP; the decoder turns the picture upright. Raises InputError for damage."""
    header, held = anyimage.read(path), dict(_metadata(path))
    with openimageio.opened(path) as source:
        said = [int(n) for n in openimageio.numbers(source.spec(), "CICP")]
    block = held.get(b"Exif", b"")
    start = 4 + int.from_bytes(block[:4], "big")
    return replace(
        header,
        exif=block[start:] or None,
        xmp=held.get(b"xml "),
        turned=True,
        cicp=(said[0], said[1]) if said else None,
    )


def _metadata(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The boxes beside the picture, inflated."""
    for kind, payload in boxes(path.read_bytes()):
        if kind == b"brob":
            try:
                yield payload[:4], bytes(imagecodecs.brotli_decode(payload[4:], out=bytearray(MOST_BYTES)))
            except (imagecodecs.BrotliError, ValueError):
                continue
        elif kind in (b"Exif", b"xml "):
            yield kind, payload


def write_hdr(hdr: HdrPicture, path: Path, encoding: Encoding) -> None:
    """PQ or HLG in Rec.2020, 16 bits, with EXIF and with XMP that holds the recipe."""
    made = signal.encode(hdr, encoding, 16)
    h, w, _ = made.codes.shape
    spec = oiio.ImageSpec(w, h, 3, "uint16")
    spec.attribute("CICP", "int[4]", (signal.PRIMARIES, made.transfer, 0, 1))
    spec.attribute("Compression", f"jpegxl:{encoding.quality}")
    spec.attribute("jpegxl:effort", EFFORT)
    out = oiio.ImageOutput.create(str(path))
    if out is None or not out.open(str(path), spec) or not out.write_image(made.codes) or not out.close():
        raise OSError(out.geterror() if out else oiio.geterror())
    ours = box(b"Exif", bytes(4), made.exif)
    if packet := xmp.of_result(made.meta, recipe=made.meta.recipe):
        ours += box(b"xml ", packet)
    kept = [box(kind, payload) for kind, payload in boxes(path.read_bytes()) if kind not in (b"Exif", b"xml ", b"brob")]
    path.write_bytes(b"".join(kept[:2]) + ours + b"".join(kept[2:]))  # behind signature and file type


def read_recipe(path: Path) -> str:
    return next((xmp.recipe_in(payload) for kind, payload in boxes(path.read_bytes()) if kind == b"xml "), "")
