"""Where exposure times come from: given times, a list file, EXIF, file names, in this order. Never a default."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fullwell.errors import ExposureError
from fullwell.image import Frame
from fullwell.io.plausible import check_given, reversed_pairs, rises
from fullwell.io.thumbnail import Thumbnails

LONGEST_BARE_S = 60.0  # a number above this in a list without header is more likely 1/seconds than seconds
AGREES_EV = 0.3  # a list time this close to EXIF's is the same time, rounded
NAMED_TIME = re.compile(r"(?P<prefix>.*?)(?P<separator>[_\- ])(?P<number>\d+(?:\.\d+)?)")


def parse_times(text: str) -> list[float] | dict[str, float]:
    """Seconds from `1/30,0.25,2.5,15`, or seconds by name from `img_15.jpg=15,img_2.5.jpg=2.5`.

    Raises ExposureError naming the item that is none.
    """
    if "=" not in text:
        return [_seconds(item.strip(), "--times") for item in text.split(",")]
    named: dict[str, float] = {}
    waiting = ""  # commas may stand in a name
    for part in text.split(","):
        name, equals, value = (waiting + part).rpartition("=")
        if equals:
            named[name.strip()] = _seconds(value.strip(), f"--times, {name.strip()}")
        waiting = "" if equals else f"{waiting}{part},"
    if waiting.strip(", "):
        raise ExposureError(f"--times: {waiting.strip(', ')!r} has no time; write NAME=SECONDS for every frame.")
    return named


def _seconds(text: str, where: str) -> float:
    """A time written as a number or a fraction, in seconds."""
    over, slash, under = text.partition("/")
    try:
        value = float(over) / (float(under) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ExposureError(f"{where}: an exposure time must be seconds above 0, such as 0.25 or 1/4, got {text!r}.")
    return value


def settle(
    frames: Sequence[Frame],
    times: Iterable[float] | None,
    times_from: Mapping[str, float] | str | Path | None,
    thumbnails: Thumbnails,
    trust: bool = False,
) -> tuple[list[Frame], list[str]]:
    """The frames with the times that count, and notes about them. Frames may still lack one.

    Times that were given are checked against EXIF and brightness, unless they are to be trusted.
    """
    if times is not None:
        what, (timed, notes) = "--times", _given(frames, [float(t) for t in times])
    elif isinstance(times_from, Mapping):
        what, (timed, notes) = "--times", _by_name(frames, times_from)
    elif times_from is not None:
        what, (timed, notes) = str(times_from), from_list(frames, Path(times_from), thumbnails)
    else:
        return _from_names(frames, thumbnails, trust)
    return timed, notes if trust else notes + check_given(frames, timed, thumbnails, what)


def _given(frames: Sequence[Frame], times: list[float]) -> tuple[list[Frame], list[str]]:
    if len(times) != len(frames):
        raise ExposureError(f"--times: there must be one time per frame: {len(frames)} frames, {len(times)} times.")
    for frame, t in zip(frames, times, strict=True):
        if not (math.isfinite(t) and t > 0):
            raise ExposureError(f"{frame.name}: an exposure time must be a number of seconds above 0, got {t:g}.")
    return [_timed(f, t, "--times") for f, t in zip(frames, times, strict=True)], _settings_count(frames)


def _by_name(frames: Sequence[Frame], times: Mapping[str, float]) -> tuple[list[Frame], list[str]]:
    entries = [Entry(name, str(time_s), None, None) for name, time_s in times.items()]
    chosen = [_entry_of(f, entries, "--times") for f in frames]
    return _given(frames, [_seconds(e.time, "--times") for e in chosen])


def _timed(frame: Frame, time_s: float, source: str) -> Frame:
    return frame.replace(exposure=dataclasses.replace(frame.exposure, time_s=time_s, source=source))


def _settings_count(frames: Sequence[Frame]) -> list[str]:
    """Notes where given times meet an f-number or ISO that varies in EXIF."""
    notes = []
    for what, values in (
        ("f-number", {f.exposure.f_number for f in frames}),
        ("ISO", {f.exposure.iso for f in frames}),
    ):
        if len(values - {None}) > 1:
            notes.append(f"the {what} differs between the frames and counts beside the given times")
    return notes


# List files -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One line of a list file."""

    name: str
    time: str  # as written
    f_number: float | None
    gain_db: float | None

    @property
    def explicit(self) -> bool:
        return "/" in self.time


def from_list(frames: Sequence[Frame], path: Path, thumbnails: Thumbnails) -> tuple[list[Frame], list[str]]:
    """Times from lines of `name seconds`, `name 1/seconds` or the columns that a comment line names.

    Names match by the file name or, where that fails, without extension. `f/stop` and `gain(db)` columns count.
    """
    entries, reciprocal = _read_list(path)
    chosen = [_entry_of(f, entries, str(path)) for f in frames]
    notes = []
    if reciprocal is None:
        reciprocal, why = _is_reciprocal(frames, chosen, path, thumbnails)
        notes += (
            [f"{path.name}: the numbers are taken as {'1/seconds' if reciprocal else 'seconds'}{why}"] if why else []
        )
    timed = []
    for frame, entry in zip(frames, chosen, strict=True):
        written = _seconds(entry.time, f"{path}, {entry.name}")
        time_s = written if entry.explicit or not reciprocal else 1.0 / written
        told: dict[str, Any] = {"time_s": time_s, "source": "list file"}
        if entry.f_number is not None:
            told |= {"f_number": entry.f_number, "settings_source": "list file"}
        if entry.gain_db is not None:  # 3 dB double the exposure
            told |= {"iso": 100.0 * 2.0 ** (entry.gain_db / 3.0), "settings_source": "list file"}
        timed.append(frame.replace(exposure=dataclasses.replace(frame.exposure, **told)))
    return timed, notes + _settings_count(timed)


def _read_list(path: Path) -> tuple[list[Entry], bool | None]:
    """Entries, and whether their times are 1/seconds, where a header comment says."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ExposureError(f"{path}: there is no such list file.") from None
    except (OSError, UnicodeDecodeError) as failed:
        raise ExposureError(f"{path}: the list file cannot be read as text ({failed}).") from None
    columns: list[str] = []
    entries: list[Entry] = []
    for number, line in enumerate(text.splitlines(), 1):
        content, _, comment = line.partition("#")
        named = comment.lower().split()
        if named and named[0].startswith(("file", "name", "image")) and len(named) > 1:
            columns = named[1:]
        words = re.split(r"[\s,;]+", content.strip(" \t,;"))
        if words == [""] or (len(words) == 1 and words[0].isdigit() and not entries):
            continue  # nothing, or the number of images
        entries.append(_entry(words, columns, f"{path}, line {number}"))
    if not entries:
        raise ExposureError(f"{path}: the list file must have lines of a file name and a time, it has none.")
    return entries, ("1/" in columns[0] if columns else None)


def _entry(words: list[str], columns: list[str], where: str) -> Entry:
    first = len(words)
    while first > 1 and _is_number(words[first - 1]):
        first -= 1
    name, values = " ".join(words[:first]), words[first:]
    if not values:
        raise ExposureError(f"{where}: a line must be a file name and a time, got {' '.join(words)!r}.")
    if len(values) > max(1, len(columns)):
        raise ExposureError(
            f"{where}: there are {len(values)} numbers and no header that names them; "
            "begin the file with a line such as: # filename 1/shutter_speed f/stop gain(db)"
        )
    extra = {_meaning(c): float(v) for c, v in zip(columns[1:], values[1:], strict=False)}
    if extra.get("nd"):
        raise ExposureError(f"{where}: ND filters are not understood; work them into the time and write 0.")
    if None in extra:
        raise ExposureError(
            f"{where}: of the columns {' '.join(columns)} only time, f/stop and gain(db) are understood."
        )
    f_number = extra.get("f-number")
    if f_number is not None and not f_number > 0:
        raise ExposureError(f"{where}: an f-stop must be above 0, got {f_number:g}.")
    return Entry(name, values[0], f_number, extra.get("gain"))


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?(/\d+\.?\d*)?", word.lower()) is not None


def _meaning(column: str) -> str | None:
    for start, meaning in (("f", "f-number"), ("aperture", "f-number"), ("gain", "gain"), ("nd", "nd")):
        if column.startswith(start):
            return meaning
    return None


def _entry_of(frame: Frame, entries: list[Entry], where: str) -> Entry:
    """The line of a frame: by name, else by name without extension."""
    name = Path(frame.name).name.lower()
    same = [e for e in entries if Path(e.name).name.lower() == name]
    same = same or [e for e in entries if _stem(e.name) == _stem(name)]
    if len({(e.time, e.f_number, e.gain_db) for e in same}) > 1:
        raise ExposureError(f"{where}: names {Path(frame.name).name} more than once, with different exposures.")
    if not same:
        raise ExposureError(f"{frame.name} is not in {where}; add its name and its time.")
    return same[0]


def _stem(name: str) -> str:
    """The lower-case name without its extension, if it has one that is not part of a number."""
    return re.sub(r"\.[a-z][a-z0-9]*$", "", Path(name).name.lower())


def _is_reciprocal(
    frames: Sequence[Frame], entries: list[Entry], path: Path, thumbnails: Thumbnails
) -> tuple[bool, str]:
    """Whether bare numbers are 1/seconds, and why: EXIF or brightness tells; else they are seconds if short enough."""
    bare = [(f, _seconds(e.time, f"{path}, {e.name}")) for f, e in zip(frames, entries, strict=True) if not e.explicit]
    if not bare:
        return False, ""
    logs = [math.log2(number) for _, number in bare]
    told = [(log, math.log2(f.exposure.time_s)) for log, (f, _) in zip(logs, bare, strict=True) if f.exposure.time_s]
    for sign, reciprocal in ((1, False), (-1, True)):
        if told and all(abs(sign * log - exif) <= AGREES_EV for log, exif in told):
            return reciprocal, ", as EXIF has them"
    rising = rises(logs, [f for f, _ in bare], thumbnails)
    if rising is not None:
        return not rising, f": the frames grow {'brighter' if rising else 'darker'} with them"
    if max(logs) > math.log2(LONGEST_BARE_S):
        raise ExposureError(
            f"{path}: nothing says whether its numbers are seconds or 1/seconds, and some are above "
            f"{LONGEST_BARE_S:g}; write 1/3000 for a three-thousandth of a second, "
            "or begin the file with the line: # filename 1/shutter_speed"
        )
    return False, ""


# File names -----------------------------------------------------------------------------------------------------------


def _from_names(frames: Sequence[Frame], thumbnails: Thumbnails, trust: bool) -> tuple[list[Frame], list[str]]:
    """Times in names like img_0.033.jpg, where EXIF has a time of no frame and brightness does not contradict.

    All frames must share prefix and separator, all numbers differ, and one have a decimal point: DSC_0123.jpg is no
    time.
    """
    found = [NAMED_TIME.fullmatch(Path(f.name).stem) for f in frames]
    if None in found or any(f.exposure.time_s is not None for f in frames):
        return list(frames), []
    parts = [m.groupdict() for m in found if m]
    numbers = [p["number"] for p in parts]
    distinct = len({float(n) for n in numbers}) == len(numbers) and all(float(n) > 0 for n in numbers)
    if len({(p["prefix"], p["separator"]) for p in parts}) > 1 or not distinct or not any("." in n for n in numbers):
        return list(frames), []
    timed = [_timed(f, float(n), "file name") for f, n in zip(frames, numbers, strict=True)]
    if not trust and reversed_pairs(timed, thumbnails):
        return list(frames), ["the numbers in the file names are no exposure times: brightness does not rise with them"]
    understood = ", ".join(f"{Path(f.name).name} {n} s" for f, n in zip(frames, numbers, strict=True))
    return timed, [f"exposure times are read from the file names: {understood}"]
