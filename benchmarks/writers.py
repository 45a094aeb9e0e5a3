"""Writers of files: Fullwell from radiance and picture to a whole file, a library from what it is to code alone.

The other side is the fastest library that writes the same kind of file with the same settings, called directly; what
Fullwell does before, from linear light to codes, and around, metadata and all, is not counted there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
from scenes import Scene

from fullwell.image import Picture, Radiance
from fullwell.io import Encoding, HdrPicture, hdr_picture, picture, signal, write

FOLDER = Path(gettempdir())
QUALITY = Encoding().quality


@dataclass(frozen=True)
class Writer:
    """`what(scene)` is written by Fullwell to a file of this extension, `work(scene)` is the library's call."""

    name: str
    extension: str
    encoding: Encoding
    target: float  # time of the library / time of Fullwell
    what: Callable[[Scene], Any]
    work: Callable[[Scene], Any]

    def ours(self, scene: Scene) -> None:
        write(self.what(scene), FOLDER / f"fullwell-bench-ours{self.extension}", self.encoding)


@cache
def light(scene: Scene) -> Radiance:
    return Radiance(scene.radiance)


@cache
def shown(scene: Scene) -> Picture:
    from fullwell.params import build

    return build("tonemap", "reinhard05")(light(scene))


@cache
def hdr(scene: Scene) -> HdrPicture:
    return hdr_picture(light(scene), shown(scene))


@cache
def codes(scene: Scene) -> Any:
    return picture.encode(shown(scene), 16).codes


@cache
def signals(scene: Scene, bits: int) -> Any:
    return signal.encode(hdr(scene), Encoding(), bits).codes


@cache
def floats(scene: Scene) -> Any:
    """Half floats with alpha, 1.0 being diffuse white, as libultrahdr takes them."""
    rgb = scene.radiance / np.float32(hdr(scene).white)
    return np.concatenate([rgb, np.ones_like(rgb[..., :1])], axis=2).astype(np.float16)


def ultrahdr(scene: Scene) -> Any:
    import imagecodecs

    return _kept(imagecodecs.ultrahdr_encode(floats(scene)), ".jpg")


def avif(scene: Scene) -> Any:
    import imagecodecs

    return _kept(
        imagecodecs.avif_encode(
            signals(scene, 10), QUALITY, speed=8, bitspersample=10, pixelformat="444", primaries=9, transfer=16,
            matrix=9, numthreads=0,
        ),
        ".avif",
    )  # fmt: skip


def heic(scene: Scene) -> Any:
    import pillow_heif

    made = signals(scene, 10)
    pillow_heif.encode(
        "RGB;16", made.shape[1::-1], (made << 6).tobytes(), FOLDER / "fullwell-bench-theirs.heic", bit_depth=10,
        quality=QUALITY, chroma="420", enc_params={"preset": "ultrafast"}, color_primaries=9,
        transfer_characteristics=16, matrix_coefficients=9, full_range_flag=1,
    )  # fmt: skip


def jxl_floats(scene: Scene) -> Any:
    import imagecodecs

    coded = imagecodecs.jpegxl_encode(scene.radiance, lossless=True, effort=1, usecontainer=True, numthreads=0)
    return _kept(coded, ".jxl")


def _kept(data: Any, extension: str) -> None:
    (FOLDER / f"fullwell-bench-theirs{extension}").write_bytes(data)


def openimageio(extension: str, pixels: Callable[[Scene], Any], kind: str, **attributes: Any) -> Callable[[Scene], Any]:
    def work(scene: Scene) -> None:
        import OpenImageIO as oiio  # noqa: N813

        made = pixels(scene)
        spec = oiio.ImageSpec(made.shape[1], made.shape[0], 3, kind)
        for name, value in attributes.items():
            spec.attribute(name.replace("__", ":"), *(("int[4]", value) if isinstance(value, tuple) else (value,)))
        path = str(FOLDER / f"fullwell-bench-theirs{extension}")
        out = oiio.ImageOutput.create(path)
        assert out.open(path, spec)
        assert out.write_image(made)
        assert out.close()

    return work


def opencv_png(scene: Scene) -> Any:
    import cv2

    return cv2.imwrite(str(FOLDER / "fullwell-bench-theirs.png"), codes(scene))


def radiance(scene: Scene) -> Any:
    return scene.radiance


JXL = {"Compression": f"jpegxl:{QUALITY}", "jpegxl__effort": 3, "CICP": (9, 16, 0, 1)}
WRITERS = (
    Writer("Ultra HDR .jpg, libultrahdr", ".jpg", Encoding(hdr=True), 3, hdr, ultrahdr),
    Writer(".exr half zip, OpenImageIO", ".exr", Encoding(), 0.9, light, openimageio(".exr", radiance, "half")),
    Writer(".png 16, OpenCV", ".png", Encoding(bits=16), 0.9, shown, opencv_png),
    Writer(
        ".tif 16 deflate, OpenImageIO", ".tif", Encoding(bits=16), 0.9, shown,
        openimageio(".tif", codes, "uint16", compression="zip"),
    ),
    Writer(
        ".tif float deflate, OpenImageIO", ".tif", Encoding(bits=32), 0.9, light,
        openimageio(".tif", radiance, "float", compression="zip"),
    ),
    Writer(".avif 10 PQ, libavif", ".avif", Encoding(), 0.9, hdr, avif),
    Writer(".heic 10 PQ, libheif", ".heic", Encoding(hdr=True), 0.9, hdr, heic),
    Writer(".jxl float, libjxl", ".jxl", Encoding(bits=32), 0.9, light, jxl_floats),
    Writer(
        ".jxl PQ, OpenImageIO", ".jxl", Encoding(), 0.9, hdr,
        openimageio(".jxl", lambda scene: signals(scene, 16), "uint16", **JXL),
    ),
)  # fmt: skip
