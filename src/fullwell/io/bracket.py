"""Photographs to frames: headers at once, pixels when a stage asks for them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fullwell import image
from fullwell.errors import ExposureError, InputError
from fullwell.image import Array, Bracket, Frame, Metadata, Mosaic, as_codes, histogram
from fullwell.io.exposure import settle
from fullwell.io.grouping import find_sets
from fullwell.io.header import upright
from fullwell.io.plausible import doubt_of_equal
from fullwell.io.selection import Selection, select
from fullwell.io.thumbnail import Thumbnails

HDR_SIGNAL = "holds an HDR picture (PQ or HLG), whose codes are taken for a camera's; tone map it: fullwell tonemap"


def read_bracket(
    paths: Iterable[str | Path] | str | Path | Selection,
    times: Iterable[float] | None = None,
    times_from: Mapping[str, float] | str | Path | None = None,
    reference: int = -1,
    *,
    trust_times: bool = False,
    whole: bool = False,
) -> Bracket:
    """Read a bracket: exposures and sizes now, pixels when asked for.

    Parameters
    ----------
    paths : the photographs, in any order: files, folders, patterns as in `selection.select`, or one of them.
    times : seconds, one per photograph in that order; they replace EXIF's times, not its f-number and ISO.
    times_from : a list file with a name and seconds or 1/seconds per line, or seconds by name.
    reference : index of the frame whose geometry and metadata the result keeps; -1 takes the middle exposure.
    trust_times : the exposures are right although EXIF or the brightness of the frames contradict them.
    whole : the files are one bracket although they look like several.

    Raises InputError for a file that is missing, damaged or no photograph, for frames of different sizes, and for files
    that look like several brackets; ExposureError for times that make no sense. Without any time the bracket is made:
    fusing needs none.
    """
    chosen, store = select(paths), _Store()
    found = [_frame(p, store) for p in chosen.paths]
    thumbnails = Thumbnails(found)
    store.keeps = sum(decoded_bytes(f) for f in found) <= image.KEPT_BYTES
    if not whole and (sets := find_sets(found, thumbnails)):
        raise InputError(str(sets))
    frames, notes = settle(found, times, times_from, thumbnails, trust_times)
    doubt = "" if trust_times else doubt_of_equal(frames, thumbnails)
    return Bracket(tuple(frames), reference, (*chosen.notes, *notes, *_differences(frames)), doubt)


def read_frame(path: str | Path) -> Frame:
    """One photograph, its pixels kept once decoded. Raises InputError naming the file."""
    return _frame(Path(path), _Store(keeps=True))


@dataclass(frozen=True)
class Unreadable:
    """A file that is no frame, and why."""

    name: str
    error: InputError


@dataclass(frozen=True)
class Found:
    """Files as `read_bracket` sees them, refused ones included, and what it would say of them.

    `sets` are the brackets that they look like, all files in one where they look like one.
    """

    frames: list[Frame | Unreadable]
    sets: list[range]
    notes: list[str]


def read_frames(
    paths: Iterable[str | Path] | str | Path | Selection,
    times: Iterable[float] | None = None,
    times_from: Mapping[str, float] | str | Path | None = None,
    every: int | None = None,
) -> Found:
    """What `read_bracket` would read, with the files and exposures that it would refuse; no pixels are kept.

    `every` says of how many files a set is. Raises ExposureError for times that make no sense, contradicted or not.
    """
    chosen, found = select(paths), list[Frame | Unreadable]()
    store = _Store()
    for path in chosen.paths:
        try:
            found.append(_frame(path, store))
        except InputError as failed:
            found.append(Unreadable(str(path), failed))
    if times is not None:
        times = list(times)
        if len(times) == len(found):  # a wrong count is refused below
            times = [t for t, f in zip(times, found, strict=True) if isinstance(f, Frame)]
    usable = [f for f in found if isinstance(f, Frame)]
    starts, sets, thumbnails = [0], None, Thumbnails(usable)
    try:
        sets = None if every else find_sets(usable, thumbnails)
        frames, said = settle(usable, times, times_from, thumbnails)
    except InputError as failed:
        frames, said = settle(usable, times, times_from, thumbnails, trust=True)
        said += [str(failed)] if isinstance(failed, ExposureError) else []  # damaged pixels are told of their file
    if every:
        starts = list(range(0, len(found), every))
    elif sets:
        starts = [0, *(found.index(usable[s.start]) for s in sets.sets[1:])]
        said.append(str(sets))
    settled = iter(frames)
    return Found(
        [next(settled) if isinstance(f, Frame) else f for f in found],
        [range(a, b) for a, b in itertools.pairwise([*starts, len(found)])],
        [*chosen.notes, *said, *_differences(frames)],
    )


def _differences(frames: list[Frame]) -> list[str]:
    """What should be the same in all frames and is not."""
    notes: list[str] = []
    spaces = {None if f.to_d50 is None else tuple(np.round(f.to_d50.ravel(), 2)): f.profile for f in frames}
    if len(spaces) > 1:
        names = ", ".join(sorted(spaces.values()))
        notes.append(f"the frames have different colour profiles ({names}); the reference's counts")
    pixels = [(f.source, Path(f.name).name) for f in reversed(frames)]
    whites = {source.white: name for source, name in pixels if isinstance(source, _Pixels) and source.white}
    if len(whites) > 1:
        said = ", ".join(f"{white} in {name}" for white, name in sorted(whites.items()))
        notes.append(
            f"the RAW files state different white levels ({said}), and light is counted in shares of them; "
            "where the exposures do not fit then: --exposures auto"
        )
    return notes


def decoded_bytes(frame: Frame) -> int:
    """What is kept of a frame once it is decoded: its code values, or what its sensor counted."""
    return (1 if frame.mosaic else 3) * frame.shape[0] * frame.shape[1] * (1 if frame.levels == 256 else 2)


@dataclass
class _Store:
    """Whether the decoded pixels of a bracket stay, so that no stage decodes again: those of all frames, or of none."""

    keeps: bool = False


@dataclass
class _Pixels:
    """Decodes a photograph upright, and keeps the pixels where the store says so."""

    name: str
    decode: Callable[[], Array]
    orientation: int
    store: _Store
    convert: Callable[[Array], Array] | None = None
    gray: Callable[[], Array] | None = None
    white: int = 0
    stamp: tuple[int, int] | None = None  # of the file whose header was read
    kept: Array | None = None
    counts: Array | None = None  # of its codes, once decoded

    def small(self) -> Array | None:
        """Codes 0 to 1 of a small picture, (h, w), where the file has a cheaper way to one than decoding."""
        return None if self.gray is None or self.kept is not None else upright(self.gray(), self.orientation)

    @property
    def stays(self) -> bool:
        return self.store.keeps

    def __call__(self) -> Array:
        return self.decoded()

    def decoded(self) -> Array:
        """What is kept, upright."""
        if self.kept is not None:
            return self.kept
        if (now := _stamp(self.name)) != self.stamp:
            became = "was changed" if now else "is gone"
            raise InputError(f"{self.name}: {became} after it was read; put back what it was, or start again.")
        codes = self.finished(upright(self.decode(), self.orientation))
        codes.flags.writeable = False
        if self.store.keeps:
            self.kept = codes
        return codes

    def finished(self, pixels: Array) -> Array:
        codes = as_codes(self.convert(pixels) if self.convert else pixels, self.name)
        self.counts = histogram(codes) if self.counts is None else self.counts
        return codes


@dataclass
class _Numbers(_Pixels):
    """Decodes a mosaic, and keeps that: a third of the codes, which are soon made of it."""

    red: tuple[int, int] = (0, 0)

    @property
    def mosaic(self) -> Mosaic:
        return Mosaic(self.decoded, self.red)

    def __call__(self) -> Array:
        return self.mosaic.demosaiced()

    def finished(self, pixels: Array) -> Array:
        return pixels


def drop_pixels(bracket: Bracket) -> None:
    """Give back the memory of decoded photographs; whoever asks for them again waits for the decoder."""
    for frame in bracket:
        if isinstance(frame.source, _Pixels):
            frame.source.store.keeps, frame.source.kept = False, None


def _stamp(name: str) -> tuple[int, int] | None:
    """Size and time of a file, which tell whether it changed; None of what is gone."""
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _frame(path: Path, store: _Store) -> Frame:
    from fullwell.io import exif, formats, profile

    stamp = _stamp(str(path))
    header = formats.read_header(path)
    settings = exif.read(header.exif)
    colour = header.colour or profile.read(header.icc, settings.adobe_rgb, header.levels)
    signal = (HDR_SIGNAL,) if header.cicp and header.cicp[1] in profile.HDR else ()
    orientation, mosaic = 1 if header.turned else settings.orientation, header.mosaic
    given = orientation, store, colour.convert, header.gray, header.white, stamp
    return Frame(
        str(path),
        _Numbers(str(path), mosaic.source, *given, red=_turned(mosaic.red, orientation))
        if mosaic
        else _Pixels(str(path), header.decode, *given),
        (header.width, header.height) if orientation >= 5 else (header.height, header.width),
        settings.exposure,
        to_d50=colour.to_d50,
        transfer=colour.transfer,
        scene_light=colour.scene_light,
        profile=colour.name,
        white_balance=settings.white_balance,
        meta=Metadata(header.exif, (str(path),), xmp=header.xmp, iptc=header.iptc, camera=colour.camera),
        notes=header.notes + settings.notes + colour.notes + signal,
        levels=65536 if colour.convert else header.levels,
    )


def _turned(red: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Where red is in each 2 x 2 pixels of what is turned upright; both sides are even, so that these stay together."""
    quad = np.zeros((2, 2), bool)
    quad[red] = True
    y, x = np.argwhere(upright(quad, orientation))[0]
    return int(y), int(x)
