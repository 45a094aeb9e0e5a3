"""TIFF: read by OpenImageIO, written here.

The written file begins with the EXIF block of the reference frame, which is a TIFF structure itself: pixels and one
directory are appended, so that every offset in it, maker notes included, stays valid.
"""

from __future__ import annotations

import mmap
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np

from fullwell.color import primaries
from fullwell.errors import InputError, UsageError
from fullwell.image import Array, Metadata, Radiance
from fullwell.io import exif, ifd, openimageio, profile, raw, xmp
from fullwell.io.header import Header, upright

if TYPE_CHECKING:
    from fullwell.io.output import Encoding
    from fullwell.io.picture import Encoded

READABLE = (0, 1, 2, 3, 6)  # photometric interpretations: grey, RGB, palette, YCbCr
UNREADABLE = {5: "CMYK", 8: "Lab", 9: "Lab", 10: "Lab", 32844: "LogL", 32845: "LogLuv"}
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS = 0x100, 0x101, 0x102, 0x103, 0x106, 0x111
SAMPLES, ROWS, COUNTS, PREDICTOR, WHITE, COLORANTS, SAMPLE_FORMAT = 0x115, 0x116, 0x117, 0x13D, 0x13E, 0x13F, 0x153
ICC, DNG_VERSION, XMP, IPTC = 0x8773, 0xC612, 0x2BC, 0x83BB
IPTC_BEGINS = b"\x1c"  # some programs swap it in words of four bytes
RECIPE, TO_ABSOLUTE, NOMINAL, NOISE_FLOOR = 0xFF10, 0xFF11, 0xFF12, 0xFF13  # private tags that nobody is known to use
STONITS = 0x923F  # cd/m2 of 1.0, as libtiff knows it
DEFLATE, INTEGER_PREDICTOR, FLOAT_PREDICTOR = 8, 2, 3
STRIP_BYTES = 1 << 20
LARGEST = 4_000_000_000  # offsets have 32 bits


def read(path: Path) -> Header:
    """Size, EXIF, ICC; what a camera's sensor saw goes to `raw`. Raises InputError for what is not RGB or grey."""
    root, block, packet, iptc = _directory(path)
    with openimageio.opened(path) as source:
        spec = source.spec()
        several = source.seek_subimage(1, 0)
    photometric = spec.get_int_attribute("tiff:PhotometricInterpretation", -1)
    if DNG_VERSION in root or photometric in (32803, 34892) or spec.get_int_attribute("tiff:subfiletype") & 1:
        return raw.read(path)
    if photometric not in READABLE:
        kind = UNREADABLE.get(photometric, f"of photometric interpretation {photometric}")
        raise InputError(f"{path}: a frame must be RGB or grey, this TIFF is {kind}; convert it to RGB first.")
    if str(spec.format) not in ("uint8", "uint16", "uint", "half", "float", "double"):
        raise InputError(f"{path}: pixels must be 8, 16 or 32 bits without sign, or floats, got {spec.format}.")
    notes = []
    if several:
        notes.append("holds several pictures; the first is used")
    if spec.nchannels not in (1, 3):
        notes.append("its transparency is ignored")
    levels = 256 if str(spec.format) == "uint8" else 65536
    return Header(
        spec.height, spec.width, partial(decode, path), levels, block, openimageio.icc(spec), tuple(notes),
        packet, iptc,
    )  # fmt: skip


def decode(path: Path) -> Array:
    """(h, w, channels) uint8, uint16 or float; 32-bit integers become float64 between 0 and 1."""
    pixels = openimageio.decode(path)
    return pixels / float(2**32 - 1) if pixels.dtype == np.uint32 else pixels


def read_radiance(path: Path) -> Radiance:
    """A float TIFF as linear radiance. Raises InputError for integers, which are a picture."""
    header = read(path).checked(str(path))
    pixels = upright(header.decode(), exif.read(header.exif).orientation)
    if pixels.dtype.kind != "f":
        raise InputError(f"{path}: is a picture ({pixels.dtype}), not radiance; a radiance TIFF holds floats.")
    pixels = pixels[..., :1].repeat(3, axis=2) if pixels.shape[2] < 3 else pixels[..., :3]
    fields = _fields(path)
    given = [*fields.get(COLORANTS, ()), *fields.get(WHITE, ())]
    to_d50 = profile.of_chromaticities(given) if given else profile.read(header.icc).to_d50
    name, rgb = profile.in_working_primaries(pixels, to_d50)
    return Radiance(rgb, name, meta=Metadata(header.exif, (str(path),), read_recipe(path)), **scale_in(fields))


def _fields(path: Path) -> dict[int, tuple[float, ...]]:
    """The numbers of the RATIONAL and DOUBLE fields."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return numbers(data)


def numbers(data: ifd.Data) -> dict[int, tuple[float, ...]]:
    """The numbers of the RATIONAL and DOUBLE fields of a TIFF structure's first directory."""
    try:
        root = ifd.directory(data, ifd.first(data))[0]
    except ValueError:  # BigTIFF
        return {}
    return {tag: ifd.numbers(data, entry) for tag, entry in root.items() if entry.type in (ifd.RATIONAL, ifd.DOUBLE)}


def _directory(path: Path) -> tuple[ifd.Directory, bytes | None, bytes | None, bytes | None]:
    """The first directory, its descriptive part as an EXIF block, its XMP and its IPTC."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            root = ifd.directory(data, ifd.first(data))[0]
            packet, iptc = (ifd.value(data, root[tag]) if tag in root else None for tag in (XMP, IPTC))
            return root, exif.compact(data), packet, iptc if iptc and iptc[:1] == IPTC_BEGINS else None
        except ValueError:  # BigTIFF
            return {}, None, None, None


def write_picture(picture: Encoded, path: Path, encoding: Encoding) -> None:
    """8 or 16 bits, with profile, EXIF and the recipe in a private tag."""
    extra: dict[int, tuple[int, Any]] = {ICC: (ifd.UNDEFINED, picture.icc)}
    _write(picture.codes, path, picture.exif, extra | texts(picture.xmp, picture.iptc), picture.recipe)


def texts(packet: bytes, iptc: bytes | None) -> dict[int, tuple[int, Any]]:
    return {tag: (kind, v) for tag, kind, v in ((XMP, ifd.BYTE, packet), (IPTC, ifd.UNDEFINED, iptc)) if v}


def write_radiance(scene: Radiance, path: Path, encoding: Encoding) -> None:
    """32-bit float, linear, with its primaries."""
    p = primaries(scene.primaries)
    extra: dict[int, tuple[int, Any]] = {
        WHITE: (ifd.RATIONAL, _rationals(*p.white)),
        COLORANTS: (ifd.RATIONAL, _rationals(*p.red, *p.green, *p.blue)),
    }
    extra |= scale(scene)
    h, w = scene.rgb.shape[:2]
    extra |= texts(xmp.of_result(scene.meta), scene.meta.iptc)
    _write(scene.rgb, path, exif.of_result(scene.meta, h, w), extra, scene.meta.recipe)


def scale(scene: Radiance, unit: float = 1.0) -> dict[int, tuple[int, Any]]:
    """The fields that say what the numbers of a file mean, whose 1.0 is the radiance `unit`."""
    luminance = STONITS if scene.calibrated else NOMINAL
    numbers = {TO_ABSOLUTE: (scene.to_absolute, unit), luminance: (scene.cd_m2, unit)}
    numbers[NOISE_FLOOR] = (scene.noise_floor, 1 / unit)
    return {tag: (ifd.DOUBLE, [number * by]) for tag, (number, by) in numbers.items() if number}


def scale_in(fields: dict[int, tuple[float, ...]]) -> dict[str, Any]:
    """What such fields say, as Radiance is given it."""
    tags = (TO_ABSOLUTE, NOISE_FLOOR, STONITS, NOMINAL)
    to_absolute, floor, calibrated, nominal = (next(iter(fields.get(t, ())), None) for t in tags)
    return {
        "to_absolute": to_absolute,
        "noise_floor": floor,
        "cd_m2": calibrated if calibrated is not None else nominal,
        "calibrated": calibrated is not None,
    }


def _rationals(*numbers: float) -> list[int]:
    return [part for n in numbers for part in (round(n * 100_000), 100_000)]


def _write(pixels: Array, path: Path, block: bytes | None, extra: dict[int, tuple[int, Any]], recipe: str) -> None:
    """Deflate-compressed strips with horizontal differences, in the byte order of the EXIF block."""
    if pixels.nbytes > LARGEST:
        raise UsageError(f"{path.name}: a TIFF holds 4 GB, this image needs {pixels.nbytes / 1e9:.1f}; write .exr.")
    made = ifd.Builder(block) if block else ifd.Builder()
    root = ifd.directory(made.data, ifd.first(made.data))[0]
    h, w, _ = pixels.shape
    floats = pixels.dtype.kind == "f"
    rows = max(1, STRIP_BYTES // (pixels.itemsize * 3 * w))
    differences = imagecodecs.floatpred_encode if floats else imagecodecs.delta_encode

    def strip(y: int) -> bytes:
        band = pixels[y : y + rows].astype(f"{made.order}{pixels.dtype.kind}{pixels.itemsize}")
        return bytes(imagecodecs.deflate_encode(differences(band, axis=-2).tobytes(), level=4))

    with ThreadPoolExecutor(4) as pool:
        strips = list(pool.map(strip, range(0, h, rows)))
    fields: dict[int, tuple[int, Any]] = {
        WIDTH: (ifd.LONG, [w]),
        HEIGHT: (ifd.LONG, [h]),
        BITS: (ifd.SHORT, [8 * pixels.itemsize] * 3),
        COMPRESSION: (ifd.SHORT, [DEFLATE]),
        PHOTOMETRIC: (ifd.SHORT, [2]),
        OFFSETS: (ifd.LONG, [made.append(s) for s in strips]),
        SAMPLES: (ifd.SHORT, [3]),
        ROWS: (ifd.LONG, [rows]),
        COUNTS: (ifd.LONG, [len(s) for s in strips]),
        PREDICTOR: (ifd.SHORT, [FLOAT_PREDICTOR if floats else INTEGER_PREDICTOR]),
        SAMPLE_FORMAT: (ifd.SHORT, [3 if floats else 1] * 3),
    }
    if recipe:
        fields[RECIPE] = (ifd.ASCII, recipe.encode() + b"\0")
    path.write_bytes(made.finish(root | {tag: made.entry(*field) for tag, field in (fields | extra).items()}))


def read_recipe(path: Path) -> str:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        root = ifd.directory(data, ifd.first(data))[0]
        return ifd.value(data, root[RECIPE]).rstrip(b"\0").decode(errors="replace") if RECIPE in root else ""
