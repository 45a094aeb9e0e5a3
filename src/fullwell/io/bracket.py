"""Photographs to frames: headers at once, pixels when a stage asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np

from fullwell.errors import InputError
from fullwell.image import Array, Bracket, Frame, Metadata, as_codes
from fullwell.io.exposure import settle
from fullwell.io.header import upright

BUDGET_BYTES = 2_000_000_000  # decoded pixels that one bracket keeps, so that no stage decodes again


def read_bracket(
    paths: Iterable[str | Path] | str | Path,
    times: Iterable[float] | None = None,
    times_from: str | Path | None = None,
    reference: int = -1,
) -> Bracket:
    """Read a bracket: exposures and sizes now, pixels when asked for.

    Parameters
    ----------
    paths : the photographs, in any order; one path counts as a list of one.
    times : seconds, one per photograph in that order; they replace EXIF's times, not its f-number and ISO.
    times_from : a list file with a name and seconds or 1/seconds per line.
    reference : index of the frame whose geometry and metadata the result keeps; -1 takes the middle exposure.

    Raises InputError for a file that is missing, damaged or no photograph, and for frames of different sizes;
    ExposureError for times that make no sense. Without any time the bracket is made: fusing needs none.
    """
    if isinstance(paths, (str, Path)):
        paths = [paths]
    store = _Store(BUDGET_BYTES)
    frames, notes = settle([_frame(Path(p), store) for p in paths], times, times_from)
    return Bracket(tuple(frames), reference, (*notes, *_profiles(frames)))


def read_frame(path: str | Path) -> Frame:
    """One photograph, its pixels kept once decoded. Raises InputError naming the file."""
    return _frame(Path(path), _Store(BUDGET_BYTES))


@dataclass(frozen=True)
class Unreadable:
    """A file that is no frame, and why."""

    name: str
    error: InputError


def read_frames(
    paths: Iterable[str | Path], times: Iterable[float] | None = None, times_from: str | Path | None = None
) -> tuple[list[Frame | Unreadable], list[str]]:
    """What `read_bracket` would read, with the files that it would refuse, and notes; no pixels are kept."""
    found: list[Frame | Unreadable] = []
    store = _Store(0)
    for path in paths:
        try:
            found.append(_frame(Path(path), store))
        except InputError as failed:
            found.append(Unreadable(str(path), failed))
    if times is not None:
        times = list(times)
        if len(times) == len(found):  # a wrong count is refused below
            times = [t for t, f in zip(times, found, strict=True) if isinstance(f, Frame)]
    frames, notes = settle([f for f in found if isinstance(f, Frame)], times, times_from)
    settled = iter(frames)
    return [next(settled) if isinstance(f, Frame) else f for f in found], notes + _profiles(frames)


def _profiles(frames: list[Frame]) -> list[str]:
    spaces = {None if f.to_d50 is None else tuple(np.round(f.to_d50.ravel(), 2)): f.profile for f in frames}
    if len(spaces) < 2:
        return []
    names = sorted(spaces.values())
    return [f"the frames have different colour profiles ({', '.join(names)}); the reference's counts"]


class _Store:
    """How many bytes of decoded pixels are still allowed to stay."""

    def __init__(self, budget: int) -> None:
        self.left = budget
        self.lock = Lock()

    def keep(self, pixels: Array) -> bool:
        with self.lock:
            fits = pixels.nbytes <= self.left
            self.left -= pixels.nbytes if fits else 0
            return fits


@dataclass
class _Pixels:
    """Decodes a photograph upright, and keeps the pixels while the store allows it."""

    name: str
    decode: Callable[[], Array]
    orientation: int
    store: _Store
    kept: Array | None = None

    def __call__(self) -> Array:
        if self.kept is not None:
            return self.kept
        codes = as_codes(upright(self.decode(), self.orientation), self.name)
        codes.flags.writeable = False
        if self.store.keep(codes):
            self.kept = codes
        return codes


def _frame(path: Path, store: _Store) -> Frame:
    from fullwell.io import exif, formats, profile

    header = formats.read_header(path)
    settings = exif.read(header.exif)
    colour = profile.read(header.icc, settings.adobe_rgb)
    turned = settings.orientation >= 5
    return Frame(
        str(path),
        _Pixels(str(path), header.decode, settings.orientation, store),
        (header.width, header.height) if turned else (header.height, header.width),
        settings.exposure,
        to_d50=colour.to_d50,
        profile=colour.name,
        white_balance=settings.white_balance,
        meta=Metadata(header.exif, (str(path),)),
        notes=header.notes + settings.notes + colour.notes,
        levels=header.levels,
    )
