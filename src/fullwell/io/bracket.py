"""Photographs to frames: headers at once, pixels when a stage asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from fullwell.image import Array, Bracket, Frame, Metadata, as_codes
from fullwell.io.exposure import settle
from fullwell.io.header import upright

BUDGET_BYTES = 2_000_000_000  # decoded pixels that one bracket keeps, so that no stage decodes again


def read_bracket(
    paths: Iterable[str | Path],
    times: Iterable[float] | None = None,
    times_from: str | Path | None = None,
    reference: int = -1,
) -> Bracket:
    """Read a bracket: exposures and sizes now, pixels when asked for.

    Parameters
    ----------
    paths : the photographs, in any order.
    times : seconds, one per photograph in that order; they replace EXIF's times, not its f-number and ISO.
    times_from : a list file with a name and seconds or 1/seconds per line.
    reference : index of the frame whose geometry and metadata the result keeps; -1 takes the middle exposure.

    Raises InputError for a file that is missing, damaged or no photograph, and for frames of different sizes;
    ExposureError for times that make no sense. Without any time the bracket is made: fusing needs none.
    """
    store = _Store()
    frames, notes = settle([_frame(Path(p), store) for p in paths], times, times_from)
    profiles = sorted({f.profile for f in frames})
    if len(profiles) > 1:
        notes.append(f"the frames have different colour profiles ({', '.join(profiles)}); the reference's counts")
    return Bracket(tuple(frames), reference, tuple(notes))


def read_frame(path: str | Path) -> Frame:
    """One photograph, its pixels kept once decoded. Raises InputError naming the file."""
    return _frame(Path(path), _Store())


class _Store:
    """How many bytes of decoded pixels are still allowed to stay."""

    def __init__(self) -> None:
        self.left = BUDGET_BYTES
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
