"""The two tables: which codec reads what begins so, which writes what ends so."""

from __future__ import annotations

import importlib
from pathlib import Path

from fullwell.errors import InputError, UsageError, did_you_mean
from fullwell.io.bracket import readable
from fullwell.io.header import Header

SNIFF = 32  # bytes that tell a format

# First bytes of pictures -> codec module.
READERS = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
}
RADIANCE = {b"#?RADIANCE": "hdr", b"#?RGBE": "hdr", b"\x76\x2f\x31\x01": "exr"}


def first_bytes(path: Path) -> bytes:
    """The beginning of a file; raises InputError where there is none."""
    try:
        with readable(path).open("rb") as file:
            return file.read(SNIFF)
    except OSError as failed:
        raise InputError(f"{path}: cannot be read ({failed.strerror}).") from None


def find_codec(table: dict[bytes, str], start: bytes) -> str | None:
    return next((codec for magic, codec in table.items() if start.startswith(magic)), None)


def read_header(path: Path) -> Header:
    """What a photograph's file says before decoding. Raises InputError naming the file."""
    start = first_bytes(path)
    if find_codec(RADIANCE, start):
        raise InputError(f"{path}: is a radiance file, merged already; tone map it: fullwell tonemap ID IN OUT.")
    codec = find_codec(READERS, start) or "anyimage"
    header: Header = importlib.import_module(f"fullwell.io.{codec}").read(path)
    return header.checked(str(path))


# Extension -> codec module, what it holds, bits per channel of its pictures (None: as asked).
WRITERS: dict[str, tuple[str, tuple[str, ...], int | None]] = {
    ".hdr": ("hdr", ("radiance",), None),
    ".exr": ("exr", ("radiance",), None),
    ".tif": ("tiff", ("radiance", "picture"), None),
    ".tiff": ("tiff", ("radiance", "picture"), None),
    ".jpg": ("jpeg", ("picture",), 8),
    ".jpeg": ("jpeg", ("picture",), 8),
    ".png": ("png", ("picture",), None),
    ".webp": ("anyimage", ("picture",), 8),
}


def holds(path: Path) -> tuple[str, ...]:
    """What a file of this name can hold; raises UsageError for an extension that nothing writes."""
    extension = path.suffix.lower()
    if extension not in WRITERS:
        raise UsageError(f"{path}: no format is called {extension!r}; {did_you_mean(extension, WRITERS)}")
    return WRITERS[extension][1]


def bits(path: Path, asked: int) -> int:
    """Bits per channel of a picture in a file of this name."""
    return WRITERS[path.suffix.lower()][2] or asked
