"""The two tables: which codec reads what begins so, which writes what ends so."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from fullwell.errors import InputError, UsageError, did_you_mean
from fullwell.io.header import Header

SNIFFED = 512  # bytes that are looked at

# First bytes -> codec module; every other picture goes to `anyimage`.
PICTURES = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
    b"\0\0\0\x0cJXL ": "jxl",
    b"\xff\x0a": "jxl",
}
RADIANCE = {b"#?": "hdr", b"\x76\x2f\x31\x01": "exr", b"<!doctype html>": "html"}
ELSEWHERE: dict[str, dict[int, tuple[bytes, ...]]] = {  # codec -> offset -> what stands there
    "raw": {
        0: (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"II\x1a\0\0\0HEAPCCDR"),
        4: (b"ftypcrx",),
        8: (b"CR\2",),
    },
    "avif": {4: (b"ftypavif", b"ftypavis")},
    "heif": {4: (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1")},
}

# Extension -> what it holds and the codec module of each, bits per channel of its pictures (None: as asked).
WRITERS: dict[str, tuple[dict[str, str], int | None]] = {
    ".hdr": ({"radiance": "hdr"}, None),
    ".exr": ({"radiance": "exr"}, None),
    ".dng": ({"radiance": "dng"}, None),
    ".tif": ({"radiance": "tiff", "picture": "tiff"}, None),
    ".tiff": ({"radiance": "tiff", "picture": "tiff"}, None),
    ".jpg": ({"picture": "jpeg", "hdr": "ultrahdr"}, 8),
    ".jpeg": ({"picture": "jpeg", "hdr": "ultrahdr"}, 8),
    ".png": ({"picture": "png", "hdr": "png"}, None),
    ".avif": ({"hdr": "avif"}, None),
    ".heic": ({"picture": "heif", "hdr": "heif"}, None),
    ".jxl": ({"radiance": "jxl", "hdr": "jxl"}, None),
    ".html": ({"radiance": "html"}, None),
    ".webp": ({"picture": "anyimage"}, 8),
}


def codec(name: str) -> Any:
    """A codec's module, imported when it is needed."""
    return importlib.import_module(f"fullwell.io.{name}")


def sniff(path: Path) -> str:
    """The codec for what a file begins with. Raises InputError for what is no readable file."""
    start = _first_bytes(path)
    for name, signs in ELSEWHERE.items():
        if any(start[at:].startswith(sign) for at, several in signs.items() for sign in several):
            return name
    found = next((name for magic, name in (PICTURES | RADIANCE).items() if start.startswith(magic)), "anyimage")
    return "hdr" if b"#?RADIANCE\r\n" in start else found  # damaged, as that codec will say


def _first_bytes(path: Path) -> bytes:
    if not is_text(path):
        raise InputError(f"{str(path)!a}: the name is no valid UTF-8, which decoders need; rename the file.")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name the photographs in it.")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is no regular file.")  # a pipe or device could block for ever
    try:
        with path.open("rb") as file:
            start = file.read(SNIFFED)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file.") from None
    except OSError as failed:
        raise InputError(f"{path}: cannot be read ({failed.strerror}).") from None
    if not start:
        raise InputError(f"{path}: the file is empty; copy it again from the camera.")
    return start


def is_text(path: Path) -> bool:
    """Whether a name can be handed to libraries that want UTF-8."""
    try:
        return bool(str(path).encode())
    except UnicodeEncodeError:
        return False


def read_header(path: Path) -> Header:
    """What a photograph's file says before decoding. Raises InputError naming the file."""
    name = sniff(path)
    if name in RADIANCE.values():
        raise InputError(f"{path}: is a radiance file, merged already; to tone map it: fullwell tonemap ID IN OUT.")
    header: Header = codec(name).read(path)
    return header.checked(str(path))


def holds(path: Path) -> tuple[str, ...]:
    """What a file of this name can hold; raises UsageError for an extension that nothing writes."""
    extension = path.suffix.lower()
    if extension not in WRITERS:
        what = f"no format is called {extension!r}" if extension else "the name has no extension to say the format"
        raise UsageError(f"{path}: {what}; {did_you_mean(extension, WRITERS)}")
    return tuple(WRITERS[extension][0])


def codec_of(path: Path, kind: str) -> str:
    """The codec that writes this kind to a file of this name."""
    return WRITERS[path.suffix.lower()][0][kind]


def bits(path: Path, asked: int) -> int:
    """Bits per channel of a picture in a file of this name."""
    return WRITERS[path.suffix.lower()][1] or (16 if asked > 8 else 8)
