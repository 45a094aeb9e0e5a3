"""What a person names, files, folders and patterns, as the photographs that are meant."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fullwell.errors import InputError
from fullwell.io import formats
from fullwell.io.output import read_recipe

MAGIC = re.compile(r"[*?\[]")
NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)")
# Files that belong beside photographs and are none, though a decoder might open some of them.
BESIDE = {".txt", ".json", ".xmp", ".toml", ".csv", ".xml", ".html", ".pdf", ".svg", ".mp4", ".mov", ".avi", ".mts"}
PICTURES = {".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".webp", ".bmp", ".jp2", ".jxl", ".avif", ".heic"}
MOST_NAMES = 3  # that a note lists
NO_PHOTOGRAPHS, BESIDE_RAW = "no photographs", "copies of RAW files"


@dataclass(frozen=True)
class Selection:
    """Photographs in order, and what was left out."""

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()
    copies: tuple[Path, ...] = ()  # of RAW files, that were left out


def select(named: Iterable[str | Path] | str | Path | Selection) -> Selection:
    """The photographs that files, folders and patterns stand for.

    Files keep the order in which they are named. A folder gives its photographs (not those of folders in it), a pattern
    such as `IMG_*.jpg` what it fits without regard to case, both in natural order: 2 before 15. From these two, files
    that are no photographs are left out with a note, and so is everywhere what Fullwell made.

    Raises InputError for a folder or pattern without a photograph, and where nothing but Fullwell's results is left. A
    single file is not looked into: what it is shows when it is read.
    """
    if isinstance(named, Selection):
        return named
    items = [named] if isinstance(named, (str, Path)) else list(named)
    found: dict[str, Path] = {}  # by absolute path: what two patterns fit counts once
    left: dict[str, list[Path]] = {}
    for item in items:
        for path in _photographs(Path(item).expanduser(), left):
            if _is_result(path):
                left.setdefault("made by Fullwell", []).append(path)
            else:
                found.setdefault(os.path.abspath(path), path)
    notes = tuple(f"left out, {why}: {_some(paths)}" for why, paths in left.items())
    if items and not found:
        what = " ".join(str(i) for i in items[:MOST_NAMES])
        raise InputError(f"{what}: there is no photograph to work on; {'; '.join(notes)}.")
    return Selection(tuple(found.values()), notes, tuple(left.get(BESIDE_RAW, ())))


def _photographs(path: Path, left: dict[str, list[Path]]) -> Iterator[Path]:
    """The files of one item; what is no photograph is put to what is left out."""
    if path.is_dir():
        files = [f for f in path.iterdir() if f.is_file() and not f.name.startswith(".")]
        nothing = f"{path}: there is no photograph in this folder"
    elif MAGIC.search(str(path)) and not path.exists():
        files = [f for f in _fitting(path) if f.is_file()]
        nothing = f"{path}: no photograph fits this pattern"
    else:
        yield path
        return
    files.sort(key=natural)
    reasons = {f: _why_not(f, files) for f in files}
    if all(reasons.values()):
        if not files:
            raise InputError(f"{nothing}; {_elsewhere(path)}.")
        raise InputError(f"{nothing}, only {_some(files)}.")
    for file, why in reasons.items():
        if why:
            left.setdefault(why, []).append(file)
        else:
            yield file


def _fitting(pattern: Path) -> list[Path]:
    """Files and folders that a pattern fits, part by part, without regard to case."""
    parts = pattern.parts
    first = next(i for i, part in enumerate(parts) if MAGIC.search(part))
    found = [Path(*parts[:first])]
    for part in parts[first:]:
        fits = re.compile(fnmatch.translate(part), re.IGNORECASE).match
        found = [
            child
            for folder in found
            if folder.is_dir()
            for child in folder.iterdir()
            if child.name == part or (fits(child.name) and (part[0] == "." or child.name[0] != "."))
        ]
    return found


def natural(path: Path) -> tuple[object, ...]:
    """Sorts names as people count: img_2.5 before img_15, folder by folder."""
    parts: list[str | float] = [*NUMBER.split(path.stem.casefold())]
    parts[1::2] = map(float, parts[1::2])
    return str(path.parent), tuple(parts), path.name


def _why_not(path: Path, beside: list[Path]) -> str:
    """Why a file is passed over; empty where it counts as a frame or should be refused as one.

    Of two files of one name, RAW is taken where it can be decoded, and what can be decoded where the other cannot.
    """
    extension = path.suffix.lower()
    if extension in BESIDE or (path.stat().st_size == 0 and extension not in PICTURES):
        return NO_PHOTOGRAPHS
    twins = [p for p in beside if p != path and p.stem.casefold() == path.stem.casefold()]
    if twins and not _is_raw(path) and any(map(_is_raw, twins)):
        return BESIDE_RAW
    try:
        codec = formats.sniff(path)
    except InputError:  # empty
        return ""
    if codec in formats.RADIANCE.values():
        return "" if _is_result(path) else NO_PHOTOGRAPHS  # to be left out as such
    if codec in formats.ELSEWHERE or codec == "tiff":
        return NO_PHOTOGRAPHS if any(map(_is_decodable, twins)) and not _is_decodable(path) else ""
    return "" if codec != "anyimage" or extension in PICTURES or _is_decodable(path) else NO_PHOTOGRAPHS


def _is_raw(path: Path) -> bool:
    """Whether a file holds what a sensor saw, and can be decoded."""
    try:
        return formats.sniff(path) in ("raw", "tiff") and formats.read_header(path).colour is not None
    except InputError:
        return False


def _is_result(path: Path) -> bool:
    """Whether a file carries a recipe of Fullwell."""
    try:
        return bool(read_recipe(path))
    except (InputError, ValueError):  # ValueError: a damaged TIFF
        return False


def _is_decodable(path: Path) -> bool:
    try:
        formats.read_header(path)
    except InputError:
        return False
    return True


def _elsewhere(path: Path) -> str:
    """Where to look instead of an empty folder or a pattern that fits nothing."""
    folder = path if path.is_dir() else path.parent
    if MAGIC.search(str(folder)) and not folder.is_dir():
        return "look at its folders"
    if not folder.is_dir():
        return f"there is no folder {folder}"
    inside = sorted(f.name for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))
    if path.is_dir() and inside:
        return f"name one of the folders in it: {', '.join(inside[:MOST_NAMES])}"
    return f"look what is in {folder}" if path != folder else "it is empty"


def _some(paths: list[Path]) -> str:
    """A count and a few names."""
    names = ", ".join(p.name for p in paths[:MOST_NAMES]) + (", ..." if len(paths) > MOST_NAMES else "")
    return f"{len(paths)} {'file' if len(paths) == 1 else 'files'} ({names})"
