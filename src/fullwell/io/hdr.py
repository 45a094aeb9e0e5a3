"""Radiance .hdr (RGBE): header and old run lengths here, pixels in `kernels.rgbe`.

Source: G. Ward, "Real Pixels", Graphics Gems II, 1991, and the Radiance file format page. A number over EXPOSURE is in
W / (sr m2), and 179 times its luminance in cd/m2: so a calibrated image has an EXPOSURE of 179 over the cd/m2 of 1.0.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fullwell.color import primaries
from fullwell.errors import InputError
from fullwell.image import Array, Metadata, Radiance
from fullwell.io import profile
from fullwell.io.header import Header
from fullwell.kernels import rgbe

if TYPE_CHECKING:
    from fullwell.io.output import Encoding

HEADER_BYTES = 1 << 20  # more is no header
SIZE = re.compile(rb"([-+])([XY]) *(\d+) +([-+])([XY]) *(\d+) *\n")
RECIPE, MORE, TO_ABSOLUTE = "# fullwell:recipe ", "# fullwell:...... ", "# fullwell:to_absolute "
CD_M2, NOMINAL, NOISE_FLOOR = "# fullwell:cd_m2 ", "# fullwell:nominal_cd_m2 ", "# fullwell:noise_floor "
EFFICACY = 179.0  # lm / W, of Radiance's white
BAND = 64  # rows that are encoded at a time
LINE = 100  # characters of a recipe line; some readers stop at 127


def read_radiance(path: Path) -> Radiance:
    """An .hdr file, EXPOSURE and COLORCORR divided out, but for the EXPOSURE that says what our own calibration found.

    Raises InputError for what is damaged or XYZ.
    """
    data = path.read_bytes()
    head, gap, rest = data[:HEADER_BYTES].partition(b"\n\n")
    size = SIZE.match(rest)
    if b"\r\n" in head or (not gap and b"\r\n\r\n" in data[:HEADER_BYTES]):
        raise InputError(f"{path}: its line ends were changed by a transfer as text; copy it again as binary.")
    if size is None or size[2] == size[5]:
        raise InputError(f"{path}: the .hdr header is damaged; it names no picture size.")
    lines = head.decode("latin-1").split("\n")
    if any("xyze" in line for line in lines if line.startswith("FORMAT=")):
        raise InputError(f"{path}: holds XYZ colours (32-bit_rle_xyze); convert it to RGBE first: ra_xyze -r.")
    rows, columns = int(size[3]), int(size[6])
    Header(rows, columns, lambda: np.empty(0)).checked(str(path))
    rgb = _pixels(memoryview(data)[len(head) + len(gap) + size.end() :], rows, columns, path)
    if size[2] == b"X":  # scanlines are columns
        rgb = rgb.swapaxes(0, 1)
    signs = {size[2]: size[1], size[5]: size[4]}
    rgb = rgb[:: 1 if signs[b"Y"] == b"-" else -1, :: 1 if signs[b"X"] == b"+" else -1]
    cd_m2 = _ours(lines, CD_M2)
    own = EFFICACY / cd_m2 if cd_m2 else 1.0
    scale = np.prod([n for line in lines for n in _numbers(line, "EXPOSURE", 1)]) / own * np.ones(3)
    for line in lines:
        if correction := _numbers(line, "COLORCORR", 3):
            scale = scale * correction
    if (np.abs(scale - 1) > 1e-12).any() and (scale > 0).all():
        with np.errstate(over="ignore"):
            rgb = (rgb / scale).astype(np.float32)
    return Radiance(
        rgb,
        _primaries(lines),
        to_absolute=_ours(lines, TO_ABSOLUTE),
        noise_floor=_ours(lines, NOISE_FLOOR),
        meta=Metadata(sources=(str(path),), recipe=_recipe(lines)),
        cd_m2=cd_m2 or _ours(lines, NOMINAL),
        calibrated=bool(cd_m2),
    )


def _pixels(body: memoryview, rows: int, columns: int, path: Path) -> Array:
    """(rows, columns, 3) float32 from scanlines without lengths, with run lengths, or with the old ones."""
    try:
        if 8 <= columns <= 32767 and bytes(body[:4]) == bytes([2, 2, columns >> 8, columns & 255]):
            return _run_lengths(np.frombuffer(body, np.uint8), rows, columns)
        return _floats(_old_run_lengths(body, rows * columns).reshape(rows, columns, 4))
    except (IndexError, ValueError):
        raise InputError(f"{path}: the .hdr pixels are damaged or end too early; make or copy it again.") from None


def _run_lengths(data: Array, rows: int, columns: int) -> Array:
    starts = np.empty(rows, np.int64)
    rgbe.find_rows(data, columns, starts)
    if starts[-1] < 0:
        raise ValueError("a damaged row")
    out = np.empty((rows, columns, 3), np.float32)
    rgbe.decode(data, starts, rgbe.UNITS, out)
    return out


def _floats(pixels: Array) -> Array:
    return pixels[..., :3] * rgbe.UNITS[pixels[..., 3:]]


def _old_run_lengths(body: memoryview, count: int) -> Array:
    """Pixels (count, 4); a pixel 1, 1, 1, n repeats the one before n times, the next such 256 n times."""
    if len(body) == 4 * count:  # none of them
        return np.frombuffer(body, np.uint8)
    out = np.empty((count, 4), np.uint8)
    done = shift = at = 0
    while done < count:
        pixel = body[at : at + 4]
        at += 4
        if bytes(pixel[:3]) == b"\1\1\1":
            n = pixel[3] << shift
            if done == 0 or done + n > count:
                raise ValueError("a run of nothing or past the end")
            out[done : done + n] = out[done - 1]
            done, shift = done + n, shift + 8
        else:
            out[done] = np.frombuffer(pixel, np.uint8)
            done, shift = done + 1, 0
    return out


def _numbers(line: str, name: str, count: int) -> list[float]:
    """The numbers of a header line `NAME= ...`; none where it is another line or malformed."""
    if not line.startswith(name + "="):
        return []
    try:
        numbers = [float(word) for word in line.partition("=")[2].split()]
    except ValueError:
        return []
    return numbers if len(numbers) == count else []


def _primaries(lines: list[str]) -> str:
    """Working primaries that the header names; Rec.709 where it names none or unknown ones."""
    for line in lines:
        if name := profile.working(profile.of_chromaticities(_numbers(line, "PRIMARIES", 8))):
            return name
    return "rec709"


def _ours(lines: list[str], name: str) -> float | None:
    """The number of a comment line of our own."""
    found = [n for line in lines if line.startswith(name) for n in _numbers("=" + line[len(name) :], "", 1)]
    return found[0] if found and found[0] > 0 else None


def _recipe(lines: list[str]) -> str:
    """The recipe that our own comment lines hold."""
    recipe: list[str] = []
    for line in lines:
        if line.startswith(RECIPE):
            recipe.append(line[len(RECIPE) :])
        elif line.startswith(MORE) and recipe:
            recipe[-1] += line[len(MORE) :]
    return "\n".join(recipe).encode("latin-1").decode("utf-8", "replace")


def write_radiance(scene: Radiance, path: Path, encoding: Encoding) -> None:
    """Run-length coded RGBE: 8 bits of mantissa, rounded, under the exponent of the largest channel.

    Negatives and NaN become 0, infinity the largest number there is, 1.7e38.
    """
    h, w, _ = scene.rgb.shape
    p = primaries(scene.primaries)
    lines = ["#?RADIANCE"]
    if scene.to_absolute:
        lines.append(f"{TO_ABSOLUTE}{scene.to_absolute!r}")
    if scene.noise_floor:
        lines.append(f"{NOISE_FLOOR}{scene.noise_floor!r}")
    if scene.cd_m2:
        lines.append(f"{CD_M2 if scene.calibrated else NOMINAL}{scene.cd_m2!r}")
    for line in scene.meta.recipe.split("\n") if scene.meta.recipe else []:
        lines.append(RECIPE + line[:LINE])
        lines += [MORE + line[k : k + LINE] for k in range(LINE, len(line), LINE)]
    if scene.cd_m2 and scene.calibrated:
        lines.append(f"EXPOSURE= {EFFICACY / scene.cd_m2!r}")
    lines.append("PRIMARIES=" + "".join(f" {n:.4f}" for n in (*p.red, *p.green, *p.blue, *p.white)))
    lines += ["FORMAT=32-bit_rle_rgbe", "", f"-Y {h} +X {w}", ""]  # one reader wants FORMAT last
    with path.open("wb") as file:
        file.write("\n".join(lines).encode())
        if 8 <= w <= 32767:
            # In bands, whose memory stays in the cache, and joined: 0.09 s less at 24 MP than row by row of all.
            lengths, encoded = np.empty(min(h, BAND), np.int64), np.empty((min(h, BAND), rgbe.room(w)), np.uint8)
            for y in range(0, h, BAND):
                band = scene.rgb[y : y + BAND]
                rows = len(band)
                rgbe.encode(band, lengths[:rows], encoded[:rows])
                file.write(b"".join(row[:n] for row, n in zip(encoded, lengths[:rows].tolist(), strict=False)))
        else:
            flat = np.empty((h, w, 4), np.uint8)
            rgbe.encode_flat(scene.rgb, flat)
            file.write(flat.data)


def read_recipe(path: Path) -> str:
    head = path.read_bytes()[:HEADER_BYTES].partition(b"\n\n")[0]
    return _recipe(head.decode("latin-1").split("\n"))
