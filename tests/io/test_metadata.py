"""Who, where, when and with what: from the reference frame into every format, with exiftool as the oracle."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullwell.image import Metadata, Picture, Radiance
from fullwell.io import Encoding, read_bracket, read_frame, write, xmp
from fullwell.io.rendition import HdrPicture

LIGHT = np.random.default_rng(0).uniform(0.0, 2.0, (24, 32, 3)).astype(np.float32)
DESCRIBED = {
    "IFD0:Copyright": "Somebody",
    "IFD0:Artist": "Photographer",
    "ExifIFD:LensModel": "A lens",
    "ExifIFD:DateTimeOriginal": "2024:05:06 07:08:09",
    "GPS:GPSLatitude": "48 deg 12' 30.00\"",
    "XMP-dc:Creator": "Photographer",
    "XMP-dc:Subject": ["church", "night"],
    "XMP-xmpRights:UsageTerms": "Ask first",
    "XMP-xmp:Rating": 4,
    "IPTC:Caption-Abstract": "A church",
    "IPTC:Keywords": ["church", "night"],
}
OF_ONE_FILE = {
    "XMP-crs:Exposure2012": "+1.50",
    "XMP-tiff:Orientation": "Rotate 90 CW",
    "XMP-exif:ExposureTime": "1/8",
    "XMP-xmpMM:DocumentID": "xmp.did:1",
}


def exiftool(*arguments: object) -> list[dict[str, object]]:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    given = ["exiftool", "-j", "-a", "-G1", *map(str, arguments)]
    return json.loads(subprocess.run(given, capture_output=True, check=True).stdout)


def tagged(source: Path, target: Path) -> Path:
    """A copy of a photograph with everything above set by exiftool."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    shutil.copyfile(source, target)
    values = DESCRIBED | OF_ONE_FILE | {"GPS:GPSLatitude": "48 12 30", "GPS:GPSLatitudeRef": "N"}
    given = [f"-{tag}={v}" for tag, value in values.items() for v in (value if isinstance(value, list) else [value])]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *given, str(target)], check=True)
    return target


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "h.jpg", "a.png", "h.png", "a.tif", "f.tif", "f.dng", "a.webp", "a.heic", "h.avif", "h.heic", "h.jxl"],
)
def test_metadata_comes_through(data: Path, tmp_path: Path, name: str) -> None:
    if name.endswith("heic"):
        pytest.importorskip("pillow_heif", reason="the extra `heic-write` is not installed")
    folder = data / "library_night_d90"
    photographs = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".jpg")[:2]
    frames = [tagged(p, tmp_path / f"frame{i}.jpg") for i, p in enumerate(photographs)]
    meta = read_bracket(frames, reference=1).meta
    base = Picture(np.minimum(LIGHT, 1), meta=meta)
    image = HdrPicture(Radiance(LIGHT, meta=meta), base, 1.0) if name[0] == "h" else base
    if name[0] == "f":
        image = Radiance(LIGHT, meta=meta)
    write(image, tmp_path / name, Encoding(hdr=name[0] == "h"))
    (before,), (after,) = exiftool(frames[1]), exiftool(tmp_path / name)
    assert not {"ExifTool:Warning", "ExifTool:Error"} & set(after), after
    for tag, value in DESCRIBED.items():
        if not tag.startswith("IPTC") or name.endswith(("jpg", "tif", "dng")):  # the others have no place for it
            assert after.get(tag) == value == before[tag], tag
    assert not set(OF_ONE_FILE) & set(after)
    assert {k: v for k, v in after.items() if k.startswith("Nikon:")} == {
        k: v for k, v in before.items() if k.startswith("Nikon:")
    }
    assert after["IFD0:Orientation"] == "Horizontal (normal)"
    assert str(after["IFD0:Software"]).startswith("Fullwell")
    assert after["ExifIFD:CompositeImage"] == "General Composite Image"
    assert after["ExifIFD:CompositeImageCount"] == "2 2"
    times = str(after["ExifIFD:CompositeImageExposureTimes"]).split()
    assert times[-2:] == [str(exiftool(frame)[0]["ExifIFD:ExposureTime"]) for frame in frames]
    assert "ExifIFD:ExposureTime" not in after
    assert after["XMP-xmpMM:IngredientsFilePath"] == ["frame0.jpg", "frame1.jpg"]


def test_metadata_survives_a_second_pass(data: Path, tmp_path: Path) -> None:
    """A result that is a frame again, in each format that frames are read from."""
    source = sorted((data / "library_night_d90").glob("*.[jJ]*"))[0]
    meta = read_frame(tagged(source, tmp_path / "frame.jpg")).meta
    for name in ("a.jpg", "a.png", "a.tif", "a.webp"):
        write(Picture(np.minimum(LIGHT, 1), meta=meta), tmp_path / name)
        again = read_frame(tmp_path / name).meta
        write(Picture(np.minimum(LIGHT, 1), meta=again), tmp_path / "b.jpg")
        (after,) = exiftool(tmp_path / "b.jpg")
        for tag, value in DESCRIBED.items():
            if not tag.startswith("IPTC") or name in ("a.jpg", "a.tif"):
                assert after.get(tag) == value, (name, tag)


def test_only_what_still_holds_is_kept_of_xmp() -> None:
    packet = xmp.packet(
        xmp.description("<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>A title</rdf:li></rdf:Alt></dc:title>", dc=""),
        xmp.description("", photoshop='photoshop:City="Wien" photoshop:ICCProfile="P3"', hdrgm='hdrgm:Version="1.0"'),
        xmp.description("", xmp='xmp:Rating="3" xmp:CreatorTool="Camera"'),
    )
    kept = xmp.of_result(Metadata(xmp=packet)).decode()
    assert all(text in kept for text in ("A title", 'City="Wien"', 'Rating="3"'))
    assert not any(text in kept for text in ("ICCProfile", "hdrgm", "CreatorTool"))
    assert xmp.of_result(Metadata(xmp=kept.encode())).decode() == kept


def test_hostile_xmp_counts_as_none() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>'
    for packet in (
        bomb,
        b"",
        b"<x",
        b"\xff\xfe\x00",
        b"<a/>" + bytes(2_000_000),
        '<?xml version="1.0"?>é'.encode("latin-1"),
    ):
        assert xmp.of_result(Metadata(xmp=packet)) == b""


@given(st.binary(max_size=200), st.text(max_size=40), st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_name_and_recipe_make_a_packet(damage: bytes, name: str, recipe: str) -> None:
    printable = "".join(c for c in recipe if c.isprintable() or c in "\n\t")
    packet = xmp.of_result(Metadata(sources=(name,), xmp=damage), recipe=printable)
    assert xmp.recipe_in(packet) == printable
