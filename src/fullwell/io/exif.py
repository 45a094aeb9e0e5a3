"""EXIF: what the camera was set to, and what may still be said of a picture made from several frames."""

from __future__ import annotations

import math
import mmap
import struct
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from fullwell import __version__
from fullwell.image import Exposure, Metadata
from fullwell.io import ifd

EXIF_IFD, INTEROP_IFD = 0x8769, 0xA005
ORIENTATION = 0x0112
MAKER, MODEL, TAKEN, TAKEN_PART = 0x010F, 0x0110, 0x9003, 0x9291
EXPOSURE_TIME, F_NUMBER, SHUTTER_APEX, APERTURE_APEX = 0x829A, 0x829D, 0x9201, 0x9202
ISO, OUTPUT_SENSITIVITY, RECOMMENDED_INDEX, ISO_SPEED = 0x8827, 0x8831, 0x8832, 0x8833
SRGB, UNCALIBRATED = 1, 0xFFFF  # values of COLOR_SPACE
COLOR_SPACE, WHITE_BALANCE, LIGHT_SOURCE = 0xA001, 0xA403, 0x9208
LIGHTS = {1: "daylight", 2: "fluorescent", 3: "tungsten", 4: "flash", 9: "fine weather", 10: "cloudy", 11: "shade"}
SANE = {"exposure time": (1e-7, 1e5), "f-number": (0.3, 1000.0), "ISO": (0.1, 1e8)}


class Settings(NamedTuple):
    """What a picture's EXIF block says."""

    exposure: Exposure = Exposure()
    orientation: int = 1
    white_balance: str = ""
    adobe_rgb: bool = False
    notes: tuple[str, ...] = ()


def read(block: bytes | None) -> Settings:
    """Settings from a TIFF-structured block; anything missing, malformed or absurd counts as missing, with a note."""
    if not block:
        return Settings()
    exif = Image.Exif()
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        try:
            exif.load(b"Exif\0\0" + block)
            main, camera, interop = dict(exif), exif.get_ifd(EXIF_IFD), exif.get_ifd(INTEROP_IFD)
        except Exception as failed:  # Pillow lets through what a malformed block provokes: struct, Syntax, Type errors
            return Settings(notes=(f"its EXIF is damaged and counts as missing ({failed})",))
    notes = ["its EXIF is damaged in places"] if complaints else []

    def sane(what: str, *tags: int) -> float | None:
        """The first believable number of these tags."""
        for tag in tags:
            value = camera.get(tag, main.get(tag))
            number = _number(value)
            if number is not None and SANE[what][0] <= number <= SANE[what][1]:
                if not (what == "ISO" and number == 65535):  # the field is full; newer tags say more
                    return number
            elif value is not None:
                notes.append(f"its EXIF {what} is {value!s:.20}, which counts as missing")
        return None

    time_s = sane("exposure time", EXPOSURE_TIME)
    if time_s is None and (apex := _number(camera.get(SHUTTER_APEX))) is not None and -17 < apex < 24:
        time_s = 2.0**-apex
        notes.append("its exposure time comes from the EXIF shutter speed value")
    f_number = sane("f-number", F_NUMBER)
    if f_number is None and (apex := _number(camera.get(APERTURE_APEX))) is not None and 0 < apex < 20:
        f_number = 2.0 ** (apex / 2)
    iso = sane("ISO", ISO, ISO_SPEED, RECOMMENDED_INDEX, OUTPUT_SENSITIVITY)
    orientation = _number(main.get(ORIENTATION))
    return Settings(
        Exposure(
            time_s,
            f_number,
            iso,
            "EXIF" if time_s is not None else "unknown",
            "EXIF" if f_number is not None or iso is not None else "unknown",
        ),
        int(orientation) if orientation is not None and orientation in range(1, 9) else 1,
        _white_balance(camera),
        camera.get(COLOR_SPACE) == 2 or interop.get(1) in ("R03", b"R03"),
        tuple(notes),
    )


def _number(value: Any) -> float | None:
    """A finite number from whatever Pillow made of a field, or None."""
    if isinstance(value, tuple) and value:
        value = value[0]
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _white_balance(camera: dict[int, Any]) -> str:
    mode = {0: "auto", 1: "manual"}.get(camera.get(WHITE_BALANCE), "")  # type: ignore[arg-type]
    light = LIGHTS.get(camera.get(LIGHT_SOURCE), "")  # type: ignore[arg-type]
    return f"{mode} ({light})" if mode and light else mode or light


class Shot(NamedTuple):
    """Which camera took a photograph, and when: seconds since an arbitrary zero, by the camera's clock."""

    camera: str = ""
    taken_s: float | None = None


def shot(block: bytes | None) -> Shot:
    """Camera and time from a TIFF-structured block; what is missing or malformed stays empty."""
    if not block:
        return Shot()
    try:
        main = ifd.directory(block, ifd.first(block))[0]
        camera = ifd.sub(block, main, EXIF_IFD)
    except ValueError:
        return Shot()

    def text(entries: ifd.Directory, tag: int) -> str:
        value = ifd.value(block, entries[tag]) if tag in entries else b""
        return value.split(b"\0")[0].decode(errors="replace").strip()

    try:
        taken = datetime.strptime(text(camera, TAKEN), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
        part = text(camera, TAKEN_PART)
        taken_s = taken + (float(f"0.{part}") if part.isdecimal() else 0.0)
    except (ValueError, OverflowError, OSError):
        taken_s = None
    return Shot(f"{text(main, MAKER)} {text(main, MODEL)}".strip(), taken_s)


# EXIF of results ------------------------------------------------------------------------------------------------------

# What of the first directory describes the picture and not its storage: title, maker, artist, place and the like.
DESCRIPTIVE = {0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0132, 0x013B, 0x013C, 0x4746, 0x4749, 0x8298}
DESCRIPTIVE |= set(range(0x9C9B, 0x9CA0))
SOFTWARE, GPS_IFD, MAKER_NOTE, WIDTH, HEIGHT = 0x0131, 0x8825, 0x927C, 0xA002, 0xA003
# One frame's exposure, bias, brightness and index; nothing that a merged picture has.
EXPOSED = {EXPOSURE_TIME, SHUTTER_APEX, 0x9203, 0x9204, 0xA215}
# Exif 2.32: a composite, of how many photographs, and their exposure times.
COMPOSITE, COMPOSITE_COUNT, COMPOSITE_TIMES = 0xA460, 0xA461, 0xA462
MOST_TIMES = 1000
# Fields about the stored file: its coding, coordinates in unturned pixels, colour space and identity.
STORED = {0x9102, 0x9214, 0xA214, INTEROP_IFD, 0xA500, 0xA420}
VARYING = {
    "f-number": {F_NUMBER, APERTURE_APEX},
    "ISO": {ISO, 0x8830, OUTPUT_SENSITIVITY, RECOMMENDED_INDEX, ISO_SPEED, 0x8834, 0x8835},
}


def of_result(meta: Metadata, height: int, width: int, color_space: int = SRGB) -> bytes:
    """EXIF for a picture made from several frames: the reference's, without what only one frame was.

    No exposure time, no bias; the fields of Exif 2.32 for composites state the bracket; f-number and ISO where all
    frames share them; upright, the size of the result, no thumbnail. Maker notes stay at their offsets.
    """
    try:
        made = ifd.Builder(_without_thumbnail(meta.exif or b""))
    except ValueError:
        made = ifd.Builder()
    main = ifd.directory(made.data, ifd.first(made.data))[0]
    dropped = EXPOSED | STORED | {tag for what in meta.varies for tag in VARYING.get(what, ())}
    camera = {tag: e for tag, e in ifd.sub(made.data, main, EXIF_IFD).items() if tag not in dropped}
    if 1 < len(meta.sources) < 1 << 16:
        camera[COMPOSITE] = made.entry(ifd.SHORT, [2])  # of several photographs, made outside the camera
        camera[COMPOSITE_COUNT] = made.entry(ifd.SHORT, [len(meta.sources)] * 2)
    if 1 < len(meta.times_s) <= MOST_TIMES:
        camera[COMPOSITE_TIMES] = made.entry(ifd.UNDEFINED, _exposures(made.order, meta.times_s))
    camera[COLOR_SPACE] = made.entry(ifd.SHORT, [color_space])
    camera[WIDTH], camera[HEIGHT] = made.entry(ifd.LONG, [width]), made.entry(ifd.LONG, [height])
    root = {tag: e for tag, e in main.items() if tag in DESCRIPTIVE}
    if ifd.sub(made.data, main, GPS_IFD):
        root[GPS_IFD] = main[GPS_IFD]
    root[ORIENTATION] = made.entry(ifd.SHORT, [1])
    root[SOFTWARE] = made.entry(ifd.ASCII, f"Fullwell {__version__}".encode() + b"\0")
    root[EXIF_IFD] = made.pointer(camera)
    return made.finish(root)


def described(meta: Metadata) -> dict[int, str | float]:
    """Texts and numbers of the reference frame's EXIF that hold for the result, by tag; malformed ones are left out."""
    block = Image.Exif()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            block.load(b"Exif\0\0" + of_result(meta, 1, 1))
            fields = dict(block) | dict(block.get_ifd(EXIF_IFD))
        except Exception:  # as in `read`
            return {}
    found: dict[int, str | float] = {}
    for tag, value in fields.items():
        if isinstance(value, str):
            text = "".join(c for c in value if c.isprintable()).strip()
            found |= {tag: text} if text else {}
        elif (number := _number(value)) is not None:
            found[tag] = number
    return found


def _exposures(order: str, times_s: Sequence[float]) -> bytes:
    """SourceExposureTimesOfCompositeImage: period (not known), total, longest, shortest, of all and those used; all."""
    summary = [t for t in (sum(times_s), max(times_s), min(times_s)) for _ in range(2)]
    ratios = [Fraction(t).limit_denominator(100_000) for t in (*summary, *times_s)]
    packed = [struct.pack(order + "II", min(r.numerator, 2**32 - 1), r.denominator) for r in ratios]
    return bytes(8) + b"".join(packed[:6]) + struct.pack(order + "HH", 1, len(times_s)) + b"".join(packed[6:])


def software(block: bytes | None) -> str:
    """The program that wrote a file, as its block says."""
    try:
        root = ifd.directory(block or b"", ifd.first(block or b""))[0]
        return ifd.value(block or b"", root[SOFTWARE]).rstrip(b"\0").decode(errors="replace")
    except (ValueError, KeyError):
        return ""


def _without_thumbnail(block: bytes) -> bytes:
    """The block cut before its thumbnail, if nothing but padding is behind that; else as it is."""
    thumbnail = ifd.directory(block, ifd.directory(block, ifd.first(block))[1])[0]
    if 0x0201 in thumbnail and 0x0202 in thumbnail:
        at, size = (ifd.number(block, thumbnail[tag]) for tag in (0x0201, 0x0202))
        if at >= 8 and not any(block[at + size :]):
            return block[:at]
    return block


def compact(data: ifd.Data, without: frozenset[int] = frozenset()) -> bytes:
    """The descriptive part of a TIFF structure as a block of its own. Raises ValueError for what is no TIFF."""
    made = ifd.Builder(b"II*\0\0\0\0\0" if ifd.order_of(data) == "<" else b"MM\0*\0\0\0\0")
    main = ifd.directory(data, ifd.first(data))[0]

    def copied(entries: ifd.Directory) -> ifd.Directory:
        return {tag: made.copy(data, e) for tag, e in entries.items() if tag not in without | {INTEROP_IFD}}

    root = copied({tag: e for tag, e in main.items() if tag in DESCRIPTIVE | {ORIENTATION, SOFTWARE}})
    for pointer in (EXIF_IFD, GPS_IFD):
        if held := copied(ifd.sub(data, main, pointer)):
            root[pointer] = made.pointer(held)
    return made.finish(root)


def completed(
    path: Path, orientation: int, time_s: float = 0.0, f_number: float = 0.0, iso: float = 0.0, taken: str = ""
) -> bytes:
    """The block of a file that is built like a TIFF, or an empty one, with these where it is silent; 0 is unknown."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            block = compact(data)
    except ValueError:
        block = b""
    known = read(block).exposure
    made = ifd.Builder(block) if block else ifd.Builder()
    root = ifd.directory(made.data, ifd.first(made.data))[0] if block else {}
    camera = ifd.sub(made.data, root, EXIF_IFD)
    for tag, value, said in ((EXPOSURE_TIME, time_s, known.time_s), (F_NUMBER, f_number, known.f_number)):
        if said is None and value > 0:
            ratio = Fraction(value).limit_denominator(100_000)
            camera[tag] = made.entry(ifd.RATIONAL, [ratio.numerator, ratio.denominator])
    if known.iso is None and 0 < iso < 65535:
        camera[ISO] = made.entry(ifd.SHORT, [round(iso)])
    if TAKEN not in camera and taken:
        camera[TAKEN] = made.entry(ifd.ASCII, taken.encode() + b"\0")
    root[ORIENTATION] = made.entry(ifd.SHORT, [orientation])
    root[EXIF_IFD] = made.pointer(camera)
    return made.finish(root)
