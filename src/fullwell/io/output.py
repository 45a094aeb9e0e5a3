"""Results to files: whole or not at all, the same bytes for the same result, the recipe inside where it fits."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fullwell.errors import FullwellError, InputError, ParameterError, UsageError
from fullwell.image import Metadata, Picture, Radiance
from fullwell.io import formats
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
        95, lo=1, hi=100, soft=(75, 100), help="Quality of JPEG and WebP; JPEG has full colour from 90."
    )
    bits: int = param(
        8,
        lo=8,
        hi=32,
        help="Bits per channel of PNG and TIFF: 8 or 16; 32 makes a TIFF hold the radiance, not a picture.",
    )
    exr_type: str = param(
        "auto", choices=("auto", "half", "float"), help="Numbers in OpenEXR; auto is half unless a value exceeds 65504."
    )
    exr_compression: str = param(
        "zip", choices=EXR_COMPRESSIONS, help="Compression of OpenEXR; pxr24, b44 and dwa lose precision."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bits not in (8, 16, 32):
            raise ParameterError(f"output: bits must be 8, 16 or 32, got {self.bits}.")


def write(
    image: Radiance | Picture | npt.ArrayLike,
    path: str | Path,
    encoding: Encoding | None = None,
    meta: Metadata | None = None,
) -> None:
    """Write a result; the extension decides the format.

    Radiance goes to .hdr, .exr, .tif (32-bit float); a Picture to .jpg, .png, .webp, .tif, encoded as sRGB with its
    profile. A float array counts as radiance where the format can hold it and as linear display light elsewhere; an
    8-bit or 16-bit array holds code values. `meta` replaces the metadata of the image.

    Raises UsageError for a format that cannot hold the image and for a path that cannot be written; nothing is left
    behind by a failure.
    """
    path, encoding = Path(path), encoding or Encoding()
    result = _as_result(image, path)
    kind = "radiance" if isinstance(result, Radiance) else "picture"
    codec = check_output(path, kind)
    if meta is not None and not isinstance(result, np.ndarray):
        result = dataclasses.replace(result, meta=meta)
    module = formats.codec(codec)
    with _whole(path) as temporary:
        if isinstance(result, Radiance):
            module.write_radiance(result, temporary, encoding)
        else:
            from fullwell.io import picture

            module.write_picture(picture.encode(result, formats.bits(path, encoding.bits), meta), temporary, encoding)


def _as_result(image: Any, path: Path) -> Radiance | Picture | npt.NDArray[Any]:
    """Arrays become what the extension can hold; integers stay code values."""
    if isinstance(image, (Radiance, Picture)):
        return image
    pixels = np.asarray(image)
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    return Radiance.of(pixels) if "radiance" in formats.holds(path) else Picture(pixels)


def check_output(path: str | Path, kind: str) -> str:
    """The codec that will write a "radiance" or a "picture" to this path; raises UsageError where that cannot be."""
    path = Path(path)
    held = formats.holds(path)
    if kind not in held:
        if kind == "radiance":
            raise UsageError(
                f"{path}: a {path.suffix} file holds a finished picture, which needs a tone mapper; "
                "write .hdr, .exr or .tif for the radiance itself."
            )
        raise UsageError(
            f"{path}: a {path.suffix} file holds radiance, not a finished picture; write .jpg, .png or .tif."
        )
    folder = path.parent
    if not formats.is_text(path):
        raise UsageError(f"{str(path)!a}: the name is no valid UTF-8, which encoders need; choose another.")
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file in it.")
    if not folder.is_dir():
        raise UsageError(f"{path}: there is no folder {folder}; make it first.")
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise UsageError(f"{path}: cannot be written; you have no permission for it.")
    return formats.WRITERS[path.suffix.lower()][0]


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that becomes it if all goes well, and vanishes if not."""
    final = Path(os.path.realpath(path))
    temporary = final.with_name(f".{final.stem}-{os.getpid()}-{os.urandom(4).hex()}{final.suffix}")
    try:
        yield temporary
        os.replace(temporary, final)
    except FullwellError:
        raise
    except (OSError, ValueError) as failed:  # ValueError: sizes that a format cannot hold
        raise UsageError(f"{path}: cannot be written ({getattr(failed, 'strerror', None) or failed}).") from failed
    finally:
        temporary.unlink(missing_ok=True)


def read_recipe(path: str | Path) -> str:
    """The recipe, TOML, that a file written by Fullwell carries. Raises InputError where it carries none."""
    path = Path(path)
    read = getattr(formats.codec(formats.sniff(path)), "read_recipe", None)
    recipe = read(path) if read else ""
    if not recipe:
        raise InputError(f"{path}: carries no recipe; only files that Fullwell wrote do.")
    return str(recipe)
