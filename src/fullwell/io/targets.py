"""Where results go: names filled in, what each file will hold, and nothing overwritten that is not Fullwell's own.

Whatever a command writes is a target: pictures and radiance, and beside them reports, responses, plots and maps.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import NamedTuple

from fullwell.errors import UsageError
from fullwell.io.naming import fill
from fullwell.io.output import Encoding, check_output, check_place, is_result, read_recipe

RADIANCE, PICTURE, HDR, SHEET = "radiance", "picture", "hdr", "sheet"
REPORT, RESPONSE, PLOT, MAP = "report", "response", "plot", "map of ghosts"
ENDINGS = {REPORT: (".json", ".html"), PLOT: (".svg", ".png", ".pdf"), MAP: (".png",)}
MARKS = {  # one of which the first or last bytes of a file hold that was written as this
    REPORT: (b'"fullwell": "', b"<!-- Fullwell report -->"),
    RESPONSE: (b'"fullwell_response": ',),
    PLOT: (b"<!-- Fullwell -->", b"Software\0Fullwell", b"/Creator (Fullwell)"),
}
MAP_MARK = "# map of ghosts\n"  # ends the recipe that a map carries
LOOKED_AT = 4096  # bytes at either end


class Target(NamedTuple):
    """One file to be written. `look` names what makes a picture: the id of a tone mapper or of a fuser."""

    path: Path
    kind: str
    look: str = ""

    def check(self) -> None:
        """Raises UsageError where the file cannot be written, whatever is there already."""
        endings = ENDINGS.get(self.kind, ())
        if endings and self.path.suffix.lower() not in endings:
            raise UsageError(f"{self.path}: a {self.kind} is a {' or '.join(endings)} file.")
        if self.kind in (RADIANCE, PICTURE, HDR, SHEET):
            check_output(self.path, PICTURE if self.kind == SHEET else self.kind)
        else:
            check_place(self.path)

    @property
    def foreign(self) -> bool:
        """Whether something is there that Fullwell did not write as the same kind."""
        if not os.path.lexists(self.path):
            return False
        if self.kind not in MARKS:
            return not is_result(self.path) or _is_map(self.path) != (self.kind == MAP)
        return not any(mark in _ends(self.path) for mark in MARKS[self.kind])


def named(outputs: Sequence[str | Path], looks: Sequence[str], encoding: Encoding, reference: str) -> list[Target]:
    """Every file that the names stand for, in order; a contact sheet after the pictures of several looks.

    `{reference}` is the name of the reference frame without its extension, `{tonemap}` the look. Raises UsageError
    where the number of names and of looks do not go together.
    """
    targets: list[Target] = []
    sheet: Path | None = None
    for template in map(str, outputs):
        kind = encoding.kind(fill(template, reference=reference, tonemap="tonemap"))
        many = "{tonemap}" in template
        if kind == RADIANCE and many:
            raise UsageError(f"{template}: holds the radiance, of which there is one; leave out {{tonemap}}.")
        if kind != RADIANCE and len(looks) > 1 and not many:
            ending = Path(template)
            raise UsageError(
                f"{template}: is one name for {len(looks)} pictures ({', '.join(looks)}); "
                f"write -o '{ending.stem}-{{tonemap}}{ending.suffix}'."
            )
        if kind == RADIANCE:
            targets.append(Target(fill(template, reference=reference), kind))
            continue
        targets += [Target(fill(template, reference=reference, tonemap=look), kind, look) for look in looks]
        if len(looks) > 1 and sheet is None:
            alone = "{reference}" not in template  # one bracket: the sheet needs no name of its own
            path = fill(template, reference=reference, tonemap="contact-sheet").with_suffix(".jpg")
            sheet = path.with_name("contact-sheet.jpg") if alone else path
    return targets + ([Target(sheet, SHEET)] if sheet else [])


def unnamed(looks: Sequence[str], encoding: Encoding, reference: str, force: bool) -> list[Target]:
    """`<reference>-HDR.jpg` and `.exr` in the current folder; `-HDR-2` and so on where a name is somebody else's."""
    for n in itertools.count(1):
        stem = "{reference}-HDR" + (f"-{n}" if n > 1 else "")
        picture = f"{stem}-{{tonemap}}.jpg" if len(looks) > 1 else f"{stem}.jpg"
        targets = named([picture, f"{stem}.exr"], looks, encoding, reference)
        if force or not any(t.foreign for t in targets):
            return targets
    raise AssertionError


def check(targets: Sequence[Target], inputs: Iterable[str | Path], force: bool) -> None:
    """Raises UsageError where a file cannot be written, is named twice, is an input, or not Fullwell's to replace.

    This decides for all that a command writes: with `force` it may replace what others made, but nothing that it reads.
    """
    read, taken = set(map(identity, inputs)), set()
    for target in targets:
        target.check()
        path, same = target.path, identity(target.path)
        if same in taken:
            raise UsageError(f"{path}: is named twice; every output needs a file of its own.")
        taken.add(same)
        spare(path, read)
        if not force and target.foreign:
            what = target.kind if target.kind in (*MARKS, MAP) else "result"
            raise UsageError(f"{path}: exists and is no {what} of Fullwell; name another output, or add --force.")


def spare(path: Path, inputs: Set[object]) -> None:
    """Raises UsageError where a path is one of the inputs, of which these are the identities."""
    if identity(path) in inputs:
        raise UsageError(f"{path}: is an input; name another output, inputs are never overwritten.")


def identity(path: str | Path) -> object:
    """One value for all ways to write a path: over links and folders, and of a file that is yet to be."""
    try:
        found = os.stat(path)
    except OSError:
        return os.path.normcase(os.path.realpath(path))
    return found.st_dev, found.st_ino


def _is_map(result: Path) -> bool:
    return read_recipe(result).endswith(MAP_MARK)


def _ends(path: Path) -> bytes:
    """The first and the last bytes of a file, none of what is no file."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        start = file.read(LOOKED_AT)
        file.seek(-min(LOOKED_AT, path.stat().st_size), os.SEEK_END)
        return start + file.read()
