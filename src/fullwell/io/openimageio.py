"""OpenImageIO as decoder: what it opens, what it says, and its pixels in their own type."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813

from fullwell.errors import InputError
from fullwell.image import Array


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An ImageInput that leaves colours beside alpha as they are. Raises InputError where there is no reader."""
    config = oiio.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), config)
    if source is None:
        said = _short(path, oiio.geterror())
        known = f"it cannot be decoded ({said})" if "format reader" not in said else "its format is not known"
        raise InputError(f"{path}: must be a picture, such as JPEG, PNG, TIFF or WebP; {known}.")
    try:
        yield source
    finally:
        source.close()


def decode(path: Path) -> Array:
    """All channels of the first picture, (h, w, channels), in the file's own type. Raises InputError for damage."""
    with opened(path) as source:
        spec = source.spec()
        pixels = source.read_image(0, 0, 0, spec.nchannels, spec.format)
        said = errors(source)
    if pixels is None or said:
        raise InputError(f"{path}: is damaged, its pixels cannot be decoded ({_short(path, said)}).")
    return np.asarray(pixels)


def errors(source: Any) -> str:
    """What a reader has complained of since it was last asked."""
    try:
        return str(source.geterror())
    except UnicodeDecodeError:  # it quotes damaged bytes
        return "damaged header"


def text(spec: Any, name: str) -> str:
    """A text attribute; empty where there is none."""
    try:
        value = spec.getattribute(name)
    except UnicodeDecodeError:
        return ""
    return value if isinstance(value, str) else ""


def numbers(spec: Any, name: str) -> list[float]:
    """A numeric attribute; empty where there is none."""
    try:
        return [float(v) for v in np.ravel(spec.getattribute(name))]
    except (TypeError, ValueError):
        return []


def icc(spec: Any) -> bytes | None:
    profile = spec.getattribute("ICCProfile")
    return None if profile is None else np.asarray(profile, np.uint8).tobytes()


def _short(path: Path, said: str) -> str:
    """The first line of what OpenImageIO says, without the path."""
    lines = said.replace(f'"{path}"', "it").strip().splitlines()
    return lines[0].rstrip(".") if lines else "no reason given"
