"""Results to files: whole or not at all, the same bytes for the same result, the recipe inside where it fits."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fullwell.atomic import whole
from fullwell.errors import InputError, ParameterError, UsageError
from fullwell.image import LAYERS, Metadata, Picture, Radiance
from fullwell.io import exif, extras, formats
from fullwell.io.rendition import HdrPicture, hdr_picture
from fullwell.params import Operator, param

EXR_COMPRESSIONS = ("none", "rle", "zips", "zip", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Encoding(Operator):
    """How results are stored; the extension of a path decides which of these count."""

    id = "output"
    family = "output"
    title = "Output files"
    cite = ""

    quality: int = param(
        95,
        lo=1,
        hi=100,
        soft=(75, 100),
        help="Quality of JPEG, WebP, AVIF, HEIC and JPEG XL; full colour resolution from 90, but never in HEIC.",
    )
    long_edge: int = param(
        0, lo=0, hi=100000, soft=(0, 8000), unit="px",
        help="Longer side of pictures, which are made smaller to fit; 0 keeps their size, as radiance keeps its.",
    )  # fmt: skip
    hdr: bool = param(
        False,
        help="Whether .jpg (Ultra HDR), .png and .heic (PQ) hold an HDR picture; .avif and .jxl (below 32 bits) "
        "always do.",
    )
    transfer: str = param(
        "pq", choices=("pq", "hlg"), help="Signal of AVIF, HEIC, PNG and JPEG XL that hold HDR pictures."
    )
    nits: float = param(
        203.0, lo=10.0, hi=1000.0, soft=(100.0, 300.0), unit="cd/m2", help="Luminance of diffuse white in HDR pictures."
    )
    peak: float = param(
        0.0, lo=0.0, hi=10000.0, soft=(400.0, 4000.0), unit="cd/m2",
        help="Luminance that highlights of HDR pictures roll off to; 0 is 1000, and with a gain map 16 times white.",
    )  # fmt: skip
    gain_map: str = param("rgb", choices=("rgb", "single"), help="Channels of the gain map in Ultra HDR.")
    gain_map_scale: int = param(
        1, lo=1, hi=16, soft=(1, 4), help="Pixels of the picture a side for one of its gain map."
    )
    gain_map_quality: int = param(95, lo=1, hi=100, soft=(75, 100), help="JPEG quality of the gain map.")
    bits: int = param(
        8,
        lo=8,
        hi=32,
        help="Bits per channel: 8 or 16 in PNG and TIFF, 8, 10 or 12 in HEIC, 10 or 12 in AVIF and HEIC of HDR "
        "pictures; 32: TIFF and JPEG XL hold radiance, DNG floats.",
    )
    exr_type: str = param(
        "auto", choices=("auto", "half", "float"), help="Numbers in OpenEXR; auto is half unless a value exceeds 65504."
    )
    exr_compression: str = param(
        "zip", choices=EXR_COMPRESSIONS, help="Compression of OpenEXR; pxr24, b44 and dwa lose precision."
    )
    exr_layers: str = param(
        "none",
        help="Layers of OpenEXR beside the light, with commas: mask (1 too bright for every frame, 2 too dark), sigma "
        "(standard deviation), source (frame that says most, from 0); or none.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bits not in (8, 10, 12, 16, 32):
            raise ParameterError(f"output: bits must be 8, 10, 12, 16 or 32, got {self.bits}.")
        for layer in self.layers:
            if layer not in LAYERS:
                raise ParameterError(
                    f"output: exr_layers must be none or some of {', '.join(LAYERS)} with commas between, "
                    f"got {self.exr_layers!r}."
                )
        if self.peak and self.peak < self.nits:
            raise ParameterError(f"output: peak must be at least nits, {self.nits:g}, or 0, got {self.peak:g}.")

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of OpenEXR."""
        return () if self.exr_layers == "none" else tuple(n.strip() for n in self.exr_layers.split(","))

    def kind(self, path: str | Path) -> str:
        """What a file of this name will hold: "radiance", a "picture" or an "hdr" picture. Raises UsageError."""
        held = formats.holds(Path(path))
        if held == ("radiance",) or (self.bits == 32 and "radiance" in held):
            return "radiance"
        if "hdr" in held and (self.hdr or "picture" not in held):
            return "hdr"
        if self.hdr:
            raise UsageError(_no_hdr(Path(path)))
        return "picture"

    def headroom(self, otherwise: float) -> float:
        """The peak of HDR pictures over diffuse white; `otherwise` where none is asked for."""
        return self.peak / self.nits if self.peak else otherwise


def write(
    image: Radiance | Picture | HdrPicture | npt.ArrayLike,
    path: str | Path,
    encoding: Encoding | None = None,
    meta: Metadata | None = None,
) -> None:
    """Write a result; the extension decides the format.

    Radiance goes to .hdr, .exr, .tif (32-bit float) and, where `bits` is 32, .jxl; a Picture to .jpg, .png, .webp,
    .heic and .tif, encoded as sRGB with its profile; an HdrPicture to .jpg (Ultra HDR) and .png, .avif, .heic, .jxl (PQ
    or HLG); to the last four also Radiance, whose log-average then becomes middle grey (.png and .heic with `hdr`). A
    float array counts as radiance where the format can hold it and as linear display light elsewhere; an 8-bit or
    16-bit array holds code values. `meta` replaces the metadata of the image. A file that is there already is replaced,
    as by numpy.save; `fullwell.make` and the commands replace only results of Fullwell.

    Raises UsageError for a format that cannot hold the image, for one whose extra is not installed and for a path that
    cannot be written; nothing is left behind by a failure.
    """
    path, encoding = Path(path), encoding or Encoding()
    result = _as_result(image, path, encoding)
    kind = {Radiance: "radiance", HdrPicture: "hdr"}.get(type(result), "picture")
    codec = check_output(path, kind)
    if isinstance(result, HdrPicture):
        result = _with_meta(result, meta, path)
    elif meta is not None and not isinstance(result, np.ndarray):
        result = dataclasses.replace(result, meta=meta)
    module = formats.codec(codec)
    with whole(path) as temporary:
        if isinstance(result, HdrPicture):
            from fullwell.io import picture

            module.write_hdr(picture.fitted_hdr(result, encoding.long_edge), temporary, encoding)
        elif isinstance(result, Radiance):
            module.write_radiance(result, temporary, encoding)
        else:
            from fullwell.io import picture

            encoded = picture.encode(result, formats.bits(path, encoding.bits), meta, encoding.long_edge)
            module.write_picture(encoded, temporary, encoding)


def _with_meta(hdr: HdrPicture, meta: Metadata | None, path: Path) -> HdrPicture:
    if hdr.base is None and formats.codec_of(path, "hdr") == "ultrahdr":
        raise UsageError(f"{path}: an Ultra HDR file needs a finished picture beside the radiance; tone map it first.")
    if meta is None:
        return hdr
    base = dataclasses.replace(hdr.base, meta=meta) if hdr.base else None
    return dataclasses.replace(hdr, scene=dataclasses.replace(hdr.scene, meta=meta), base=base)


def _as_result(image: Any, path: Path, encoding: Encoding) -> Radiance | Picture | HdrPicture | npt.NDArray[Any]:
    """Arrays become what the extension can hold; integers stay code values. Radiance may be all of an HDR picture."""
    if isinstance(image, Radiance) and encoding.kind(path) == "hdr":
        return hdr_picture(image)
    if isinstance(image, (Radiance, Picture, HdrPicture)):
        return image
    pixels = np.asarray(image)
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    if "picture" not in formats.holds(path) and encoding.kind(path) == "hdr":
        return hdr_picture(Radiance.of(pixels))
    return Radiance.of(pixels) if "radiance" in formats.holds(path) else Picture(pixels)


def check_output(path: str | Path, kind: str) -> str:
    """The codec that will write "radiance", a "picture" or an "hdr" picture to this path; raises UsageError."""
    path = Path(path)
    held = formats.holds(path)
    if kind not in held:
        if kind == "hdr":
            raise UsageError(_no_hdr(path))
        if kind == "picture" and "hdr" in held:
            raise UsageError(f"{path}: a {path.suffix} file holds an HDR picture, made of radiance and a picture.")
        if kind == "radiance":
            raise UsageError(
                f"{path}: a {path.suffix} file holds a finished picture, which needs a tone mapper; "
                "write .hdr, .exr or .tif for the radiance itself."
            )
        raise UsageError(
            f"{path}: a {path.suffix} file holds radiance, not a finished picture; write .jpg, .png or .tif."
        )
    check_place(path)
    codec = formats.codec_of(path, kind)
    extras.encoder(codec, path)
    return codec


def check_place(path: Path) -> None:
    """Raises UsageError where nothing can be written to this path."""
    folder = path.parent
    if not formats.is_text(path):
        raise UsageError(f"{str(path)!a}: the name is no valid UTF-8, which encoders need; choose another.")
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file in it.")
    if not folder.is_dir():
        raise UsageError(f"{path}: there is no folder {folder}; make it first.")
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise UsageError(f"{path}: cannot be written; you have no permission for it.")


def _no_hdr(path: Path) -> str:
    return f"{path}: a {path.suffix} file holds no HDR picture; write .avif, .heic, .jxl, .jpg or .png."


def read_recipe(path: str | Path) -> str:
    """The recipe, TOML, that a file written by Fullwell carries. Raises InputError where it carries none."""
    path = Path(path)
    read = getattr(formats.codec(formats.sniff(path)), "read_recipe", None)
    recipe = read(path) if read else ""
    if not recipe.startswith("fullwell = "):
        raise InputError(f"{path}: carries no recipe; only files that Fullwell wrote do.")
    return str(recipe)


def is_result(path: str | Path) -> bool:
    """Whether a file is Fullwell's to replace: it carries a recipe, and Fullwell wrote it last."""
    path = Path(path)
    try:
        read_recipe(path)
    except (InputError, ValueError):
        return False
    try:
        return exif.software(formats.read_header(path).exif).startswith("Fullwell ")
    except InputError:  # radiance: no photograph and no EXIF
        return True
