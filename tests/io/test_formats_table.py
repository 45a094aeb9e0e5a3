"""The table of docs/formats.md against files that are written here and looked at by readers that are not ours.

Each fact of a row, between commas, is found out anew: depth, transfer and primaries as other programs tell them, what
is kept as they find it, and every reader that is named decodes the file. `.html` is its own reader; see test_viewer.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from PIL import Image

from fullwell.color import conversion, srgb_encode
from fullwell.errors import FullwellError
from fullwell.image import Metadata, Picture, Radiance
from fullwell.io import Encoding, exif, ifd, read_radiance, read_recipe, signal, write, xmp
from fullwell.io.rendition import HdrPicture

RECIPE = 'fullwell = "0.1.0"\n'
NOTE = b"a maker's note " * 30


def _facts() -> dict[tuple[str, str], tuple[str, ...]]:
    page = Path(__file__).parents[2] / "docs" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate", page)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FACTS


FACTS = _facts()
ROWS = [row for row in FACTS if row[0] != ".html"]


def _metadata() -> Metadata:
    made = ifd.Builder()
    camera = {
        0x927C: made.entry(ifd.UNDEFINED, NOTE), 0xA434: made.entry(ifd.ASCII, b"A lens\0"),
        0x9003: made.entry(ifd.ASCII, b"2024:05:06 07:08:09\0"),
    }  # fmt: skip
    place = {1: made.entry(ifd.ASCII, b"N\0"), 2: made.entry(ifd.RATIONAL, [48, 1, 12, 1, 30, 1])}
    root = {
        0x0110: made.entry(ifd.ASCII, b"A camera\0"), 0x8298: made.entry(ifd.ASCII, b"Somebody\0"),
        exif.EXIF_IFD: made.pointer(camera), exif.GPS_IFD: made.pointer(place),
    }  # fmt: skip
    packet = xmp.packet(xmp.description("", photoshop='photoshop:City="Wien"'))
    return Metadata(
        made.finish(root), ("one.jpg", "two.jpg"), RECIPE, times_s=(0.5, 0.25), xmp=packet,
        iptc=b"\x1c\x02\x19\0\x06church",
    )  # fmt: skip


def _scene(primaries: str = "rec709") -> Radiance:
    """Smooth, so that little is lost where colour has half the resolution."""
    y, x = np.mgrid[:96, :128] / 128
    rgb = np.exp2(np.stack([6 * x - 3, 5 * y - 2, 3 * (x + y) - 3], axis=2)).astype(np.float32)
    mask = np.zeros(rgb.shape[:2], np.uint8)
    return Radiance(rgb, primaries, mask=mask, to_absolute=2.5, meta=_metadata())


class Written:
    """A file, and what exiftool and OpenImageIO say of it."""

    def __init__(self, path: Path, kind: str, **values: Any) -> None:
        self.path, self.kind, scene = path, kind, _scene()
        self.encoding = Encoding(quality=98, hdr=kind == "hdr", **values)
        self.scene = scene
        self.hdr = HdrPicture(scene, Picture(np.clip(scene.rgb / 4, 0, 1), meta=scene.meta), 4.0)
        write({"radiance": scene, "picture": self.hdr.base, "hdr": self.hdr}[kind], path, self.encoding)
        self.data = path.read_bytes()

    @cached_property
    def told(self) -> dict[str, Any]:
        return _exiftool(self.path)

    @cached_property
    def spec(self) -> Any:
        return oiio.ImageInput.open(str(self.path)).spec()

    @cached_property
    def wanted(self) -> np.ndarray:
        """What a decoder should give: radiance, code values 0 to 1, and of Ultra HDR the light."""
        if self.kind == "radiance":
            return self.scene.rgb
        if self.kind == "picture":
            return srgb_encode(np.clip(self.scene.rgb / 4, 0, 1))
        if self.path.suffix == ".jpg":
            return np.minimum(self.scene.rgb / 4, 16)
        return signal.encode(self.hdr, self.encoding, 16).codes / 65535


def _exiftool(path: Path) -> dict[str, Any]:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    given = ["exiftool", "-j", "-a", "-G1", str(path)]
    return json.loads(subprocess.run(given, capture_output=True, check=True).stdout)[0]


@pytest.fixture(params=ROWS, ids=lambda row: "".join(row))
def row(request: pytest.FixtureRequest) -> tuple[str, str]:
    if request.param[0] == ".heic":
        pytest.importorskip("pillow_heif", reason="the extra `heic-write` is not installed")
    return request.param


# Bits, transfer, primaries


def depth(file: Written) -> str:
    """Of a channel, as the header says to another program."""
    suffix, told = file.path.suffix, file.told
    if suffix in (".avif", ".heic"):
        return told["QuickTime:ImagePixelDepth"].split()[0]
    if suffix in (".exr", ".jxl"):
        return {"uint16": "16"}.get(str(file.spec.format), str(file.spec.format))
    if suffix in (".tif", ".dng"):
        said, floats = str(told["IFD0:BitsPerSample"]).split()[0], "Float" in str(told.get("IFD0:SampleFormat"))
        return {"16": "half", "32": "float"}[said] if floats else said
    if suffix == ".hdr":
        return "RGBE" if b"FORMAT=32-bit_rle_rgbe" in file.data else ""
    if suffix == ".webp":
        return "8" if b"VP8 " in file.data else ""  # which has no other depth
    return str(told["PNG:BitDepth" if suffix == ".png" else "File:BitsPerSample"])


def test_bits(row: tuple[str, str], tmp_path: Path) -> None:
    suffix, kind = row
    found = set()
    for values in [{"bits": b} for b in (8, 10, 12, 16, 32)] + [{"exr_type": t} for t in ("half", "float")]:
        if Encoding(hdr=kind == "hdr", **values).kind(f"a{suffix}") == kind:
            found.add(depth(Written(tmp_path / f"a{suffix}", kind, **values)))
    if row == (".jpg", "hdr"):
        behind = tmp_path / "map.jpg"
        data = (tmp_path / "a.jpg").read_bytes()
        behind.write_bytes(data[data.index(b"\xff\xd9\xff\xd8") + 2 :])
        found.add(f"gain map of {_exiftool(behind)['File:BitsPerSample']}")
    assert found == set(FACTS[row][0].split(", "))


def test_transfer(row: tuple[str, str], tmp_path: Path) -> None:
    suffix, kind = row
    found = set()
    for transfer in ("pq", "hlg"):
        file = Written(tmp_path / f"a{suffix}", kind, transfer=transfer, bits=32 if kind == "radiance" else 8)
        if kind == "radiance":  # what another decoder gives is the radiance times a number
            ratio = DECODERS[FACTS[row][4].split(", ")[0]](file) / file.wanted
            assert np.quantile(np.abs(ratio / np.median(ratio) - 1), 0.9) < 0.02
            found.add("linear")
        elif code := _cicp(file)[1]:
            found.add({13: "sRGB", 16: "PQ", 18: "HLG"}[code])
        else:
            assert file.told["ICC_Profile:ProfileDescription"] == "sRGB built-in"
            found.add("sRGB")
        if b'hdrgm:Gamma="1.0"' in file.data:
            found.add("gains in stops")
    assert found == set(FACTS[row][1].split(", "))


def _cicp(file: Written) -> tuple[int, int]:
    """Code points of primaries and transfer, 0 where there are none: OpenImageIO's or exiftool's words for them."""
    if file.path.suffix in (".avif", ".heic"):
        primaries = {"BT.709": 1, "BT.2020, BT.2100": 9}[file.told["QuickTime:ColorPrimaries"]]
        transfer = file.told["QuickTime:TransferCharacteristics"]
        return primaries, next(code for word, code in {"sRGB": 13, "PQ": 16, "HLG": 18}.items() if word in transfer)
    said = file.spec.getattribute("CICP")
    return (int(said[0]), int(said[1])) if said and file.kind != "picture" else (0, 0)


def test_primaries(row: tuple[str, str], tmp_path: Path) -> None:
    suffix, kind = row
    if kind != "radiance":
        code = _cicp(Written(tmp_path / f"a{suffix}", kind))[0]
        found = {0: "sRGB", 1: "sRGB", 9: "Rec.2020"}[code]
    else:
        file = Written(tmp_path / f"a{suffix}", kind, bits=32)
        write(_scene("rec2020"), file.path, file.encoding)
        file.data = file.path.read_bytes()
        read = DECODERS[FACTS[row][4].split(", ")[0]](file)
        wide = _scene("rec2020").rgb
        candidates = {"working": wide, "Rec.709": wide @ conversion("rec2020", "rec709").T}
        found = min(candidates, key=lambda name: _unlike(read, candidates[name]))
        assert _unlike(read, candidates[found]) < 0.01
    assert found == FACTS[row][2]


def _unlike(a: np.ndarray, b: np.ndarray) -> float:
    """How far two pictures are from being the same but for a factor."""
    return float(np.median(np.abs(a / a.mean() - b / b.mean())))


# What is kept


def _keeps_exif(file: Written) -> bool:
    told = file.told
    words = told.get("IFD0:Copyright"), told.get("ExifIFD:LensModel"), told.get("GPS:GPSLatitude")
    return words == ("Somebody", "A lens", "48 deg 12' 30.00\"") and NOTE in file.data


def _keeps_recipe(file: Written) -> bool:
    try:
        return read_recipe(file.path) == RECIPE
    except FullwellError:
        return False


def _keeps_scale(file: Written) -> bool:
    return file.kind == "radiance" and file.path.suffix != ".dng" and read_radiance(file.path).to_absolute == 2.5


def _keeps_mask(file: Written) -> bool:
    if file.path.suffix != ".exr":
        return False
    return "mask" in Written(file.path.with_stem("m"), "radiance", exr_layers="mask").spec.channelnames


def _libheif(name: str) -> Callable[[Written], bool]:
    def check(file: Written) -> bool:
        if file.path.suffix not in (".avif", ".heic"):
            return False
        libheif = pytest.importorskip("pillow_heif", reason="the extra `heic-write` is not installed")
        return name in libheif.open_heif(file.path, convert_hdr_to_8bit=False)[0].info

    return check


def _chunk(name: bytes) -> Callable[[Written], bool]:
    return lambda file: file.path.suffix == ".png" and name in file.data


def _tag(*names: str) -> Callable[[Written], bool]:
    return lambda file: any(name in file.told for name in names)


def _attribute(name: str) -> Callable[[Written], bool]:
    return lambda file: file.path.suffix == ".exr" and file.spec.getattribute(name) is not None


KEPT: dict[str, Callable[[Written], bool]] = {
    "EXIF with maker notes and GPS": _keeps_exif,
    "XMP": lambda file: file.told.get("XMP-photoshop:City") == "Wien",
    "IPTC": lambda file: file.told.get("IPTC:Keywords") == "church",
    "ICC": _tag("ICC_Profile:ProfileDescription"),
    "CICP": lambda file: file.path.suffix in (".avif", ".heic", ".jxl") and _cicp(file)[0] > 0,
    "cICP": _chunk(b"cICP"),
    "mDCV": _chunk(b"mDCV"),
    "cLLI": _chunk(b"cLLI"),
    "clli": _libheif("content_light_level"),
    "mdcv": _libheif("mastering_display_colour_volume"),
    "headroom": lambda file: b"hdrgm:HDRCapacityMax" in file.data,
    "recipe": _keeps_recipe,
    "scale": _keeps_scale,
    "primaries": lambda file: "IFD0:PrimaryChromaticities" in file.told or b"\nPRIMARIES=" in file.data,
    "matrix": _tag("IFD0:ColorMatrix1"),
    "neutral": _tag("IFD0:AsShotNeutral"),
    "exposure": _tag("IFD0:BaselineExposure"),
    "chromaticities": _attribute("chromaticities"),
    "date": _attribute("DateTime"),
    "lens": _attribute("lensModel"),
    "camera": _attribute("cameraModel"),
    "owner": _attribute("Copyright"),
    "exposure times": _attribute("fullwell:times_s"),
    "files": _attribute("fullwell:sources"),
    "mask on request": _keeps_mask,
}


def test_what_is_kept_is_what_the_table_says(row: tuple[str, str], tmp_path: Path) -> None:
    file = Written(tmp_path / f"a{row[0]}", row[1], bits=32 if row[1] == "radiance" else 8)
    assert {word for word, keeps in KEPT.items() if keeps(file)} == set(FACTS[row][3].split(", "))


# Readers


def _oiio(file: Written) -> np.ndarray:
    kind = "uint16" if file.wanted.dtype == np.float64 else "float"
    pixels = oiio.ImageInput.open(str(file.path)).read_image(0, 0, 0, 3, kind)
    return pixels / 65535 if kind == "uint16" else pixels


def _imagecodecs(file: Written) -> np.ndarray:
    decoder = {".hdr": "rgbe", ".tif": "tiff", ".jpg": "ultrahdr", ".avif": "avif", ".jxl": "jpegxl"}[file.path.suffix]
    pixels = getattr(imagecodecs, f"{decoder}_decode")(file.data)
    return pixels / 1023 if decoder == "avif" else pixels[..., :3].astype(np.float32)


def _full(pixels: np.ndarray) -> np.ndarray:
    return pixels / np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else pixels


def _opencv(file: Written) -> np.ndarray:
    return _full(cv2.imread(str(file.path), cv2.IMREAD_UNCHANGED)[..., ::-1])


def _pillow(file: Written) -> np.ndarray:
    return _full(np.asarray(Image.open(file.path)))


def _heif(module: str) -> Callable[[Written], np.ndarray]:
    def read(file: Written) -> np.ndarray:
        libheif = pytest.importorskip(module, reason=f"{module} is not installed")
        return _full(np.array(libheif.open_heif(file.path, convert_hdr_to_8bit=False)[0]))

    return read


def _libraw(file: Written) -> np.ndarray:
    """The numbers that are stored."""
    rawpy = pytest.importorskip("rawpy", reason="rawpy is not installed")
    given = {"gamma": (1, 1), "no_auto_bright": True, "output_bps": 16, "adjust_maximum_thr": 0.0, "user_flip": 0}
    with rawpy.imread(str(file.path)) as raw:
        return raw.postprocess(output_color=rawpy.ColorSpace.raw, user_wb=[1, 1, 1, 1], **given) / 65535


DECODERS: dict[str, Callable[[Written], np.ndarray]] = {
    "OpenImageIO": _oiio,
    "OpenCV": _opencv,
    "Pillow": _pillow,
    "imagecodecs": _imagecodecs,
    "libultrahdr in imagecodecs": _imagecodecs,
    "libultrahdr in OpenImageIO": _oiio,
    "libavif in imagecodecs": _imagecodecs,
    "libavif in Pillow": _pillow,
    "libheif in pi-heif": _heif("pi_heif"),
    "libjxl in imagecodecs": _imagecodecs,
    "libjxl in OpenImageIO": _oiio,
    "LibRaw": _libraw,
}
ELSEWHERE = {"Chromium"}  # test_browser
WORDS = {"exiftool", "libheif in pillow-heif"}  # these read what is around the pixels


def test_every_reader_that_is_named_reads_the_file(row: tuple[str, str], tmp_path: Path) -> None:
    suffix, kind = row
    file = Written(tmp_path / f"a{suffix}", kind, bits=32 if kind == "radiance" else 8)
    for name in set(FACTS[row][4].split(", ")) - ELSEWHERE - WORDS:
        read = DECODERS[name](file)
        assert read.shape == file.wanted.shape, name
        if kind == "radiance" or row == (".jpg", "hdr"):  # up to a factor
            assert _unlike(read, file.wanted) < 0.03, name
        else:
            assert np.abs(read - file.wanted).mean() < 0.01, name
    if "exiftool" in FACTS[row][4]:
        assert file.told.get("Composite:ImageSize", "128x96") == "128x96"  # it finds none in a part of a JPEG XL
        assert not {"ExifTool:Warning", "ExifTool:Error"} & set(file.told), file.told


def test_readers_are_named_in_full() -> None:
    for row in ROWS:
        assert set(FACTS[row][4].split(", ")) <= DECODERS.keys() | ELSEWHERE | WORDS
    page = (Path(__file__).with_name("test_browser.py")).read_text(encoding="utf-8")
    seen = set(re.findall(r'"(\w+)": "image/', page))
    assert {row[0][1:] for row in ROWS if "Chromium" in FACTS[row][4].split(", ")} == seen
