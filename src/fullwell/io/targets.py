"""Where results go: names filled in, what each file will hold, and nothing overwritten that is not Fullwell's own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from fullwell.errors import UsageError
from fullwell.io.naming import fill
from fullwell.io.output import Encoding, check_output, is_result

RADIANCE, PICTURE, HDR, SHEET = "radiance", "picture", "hdr", "sheet"


class Target(NamedTuple):
    """One file to be written. `look` names what makes a picture: the id of a tone mapper or of a fuser."""

    path: Path
    kind: str
    look: str = ""

    def check(self) -> None:
        """Raises UsageError where the file cannot be written, whatever is there already."""
        check_output(self.path, PICTURE if self.kind == SHEET else self.kind)


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
        if force or not any(_foreign(t.path) for t in targets):
            return targets
    raise AssertionError


def check(targets: Sequence[Target], inputs: Iterable[str | Path], force: bool) -> None:
    """Raises UsageError where a file cannot be written, is named twice, is an input, or not Fullwell's to replace."""
    inputs = [p for p in inputs if os.path.exists(p)]
    for i, target in enumerate(targets):
        target.check()
        path = target.path
        if any(os.path.abspath(path) == os.path.abspath(other.path) for other in targets[:i]):
            raise UsageError(f"{path}: is named twice; every output needs a file of its own.")
        if path.exists() and any(os.path.samefile(p, path) for p in inputs):
            raise UsageError(
                f"{path}: is one of the frames; name another output, the photographs are never overwritten."
            )
        if not force and _foreign(path):
            raise UsageError(f"{path}: exists and is no result of Fullwell; name another output, or add --force.")


def _foreign(path: Path) -> bool:
    return os.path.lexists(path) and not is_result(path)
