"""JPEG XL: PQ and HLG coded by OpenImageIO, floats by imagecodecs; EXIF and XMP put into the container here.

Source: ISO/IEC 18181-2. Floats are radiance, lossless. What their 1.0 stands for is in fields of the EXIF block, as
in a TIFF.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
import OpenImageIO as oiio  # noqa: N813

from fullwell.color import conversion
from fullwell.errors import InputError
from fullwell.image import Metadata, Radiance
from fullwell.io import anyimage, exif, ifd, openimageio, profile, signal, tiff, xmp
from fullwell.io.boxes import box, boxes, head
from fullwell.io.header import Header

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.rendition import HdrPicture

LINEAR = 8  # transfer, as a code point of ITU-T H.273
EFFORT = 3  # of 9; 7 takes nine times the seconds for a quarter less
FLOAT_EFFORT = 1  # 3 saves nothing
CODESTREAM = b"jxlc", b"jxlp"  # boxes of the picture, whole or the first part
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
    _write(path.read_bytes(), made.exif, made.meta, path)


def write_radiance(scene: Radiance, path: Path, encoding: Encoding) -> None:
    """Floats of every kind, lossless, in Rec.709: the only linear ones that the encoder has a tag for."""
    rgb = scene.rgb
    if scene.primaries != "rec709":
        rgb = rgb @ conversion(scene.primaries, "rec709").T.astype(np.float32)
    h, w, _ = rgb.shape
    made = ifd.Builder(exif.of_result(scene.meta, h, w, exif.UNCALIBRATED))
    root = ifd.directory(made.data, ifd.first(made.data))[0]
    block = made.finish(root | {tag: made.entry(*field) for tag, field in tiff.scale(scene).items()})
    coded = imagecodecs.jpegxl_encode(
        np.ascontiguousarray(rgb), lossless=True, effort=FLOAT_EFFORT, usecontainer=True, numthreads=0
    )
    _write(bytes(coded), block, scene.meta, path)


def _write(coded: bytes, block: bytes, meta: Metadata, path: Path) -> None:
    """The file with this EXIF, and XMP that holds the recipe, in place of what it has."""
    ours = box(b"Exif", bytes(4), block)
    if packet := xmp.of_result(meta, recipe=meta.recipe):
        ours += box(b"xml ", packet)
    with path.open("wb") as file:
        for kind, payload in boxes(memoryview(coded)):
            if kind in CODESTREAM:  # behind the level, where there is one
                file.write(ours)
                ours = b""
            if kind not in (b"Exif", b"xml ", b"brob"):
                file.writelines([head(kind, len(payload)), payload])


def read_radiance(path: Path) -> Radiance:
    """Linear floats as they are, PQ and HLG as `signal` reads them. Raises InputError for pictures and damage."""
    header = read(path).checked(str(path))
    if header.cicp is None or header.cicp[1] != LINEAR:
        return signal.read_radiance(path)
    pixels = header.decode()
    if pixels.dtype.kind != "f":
        raise InputError(f"{path}: is a picture ({pixels.dtype}), not radiance; a radiance JPEG XL holds floats.")
    pixels = pixels[..., :1].repeat(3, axis=2) if pixels.shape[2] < 3 else pixels[..., :3]
    name = profile.cicp_primaries(header.cicp[0])
    meta = Metadata(header.exif, (str(path),), xmp.recipe_in(header.xmp), xmp=header.xmp)
    return Radiance(pixels, name, meta=meta, **tiff.scale_in(tiff.numbers(header.exif or b"")))


def read_recipe(path: Path) -> str:
    return next((xmp.recipe_in(payload) for kind, payload in boxes(path.read_bytes()) if kind == b"xml "), "")
