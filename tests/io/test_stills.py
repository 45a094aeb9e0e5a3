"""Stills of phones and newer cameras: HEIC, AVIF and JPEG XL with all their bits and their metadata."""

from __future__ import annotations

import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from fullwell.color import srgb_encode
from fullwell.errors import InputError
from fullwell.image import Metadata, Picture, Radiance
from fullwell.io import Encoding, formats, hdr_picture, profile, read_bracket, read_frame, write


def heif():
    return pytest.importorskip("pi_heif", reason="the extra `heic` is not installed")


@pytest.mark.parametrize("bits", [10, 12])
def test_avif_keeps_its_bits(tmp_path: Path, bits: int) -> None:
    codes = np.random.default_rng(0).integers(0, 1 << bits, (32, 48, 3)).astype(np.uint16)
    coded = imagecodecs.avif_encode(
        codes, 100, speed=10, bitspersample=bits, pixelformat="444", primaries=1, transfer=13, matrix=0
    )
    (tmp_path / "a.avif").write_bytes(coded)
    frame = read_frame(tmp_path / "a.avif")
    assert frame.levels == 65536
    assert np.array_equal(np.round(frame.codes() / 65535 * ((1 << bits) - 1)), codes)


def test_avif_of_real_cameras(data: Path) -> None:
    frame = read_frame(data / "hdr_formats" / "colors_hdr_p3.avif")
    assert (frame.levels, profile.working(frame.to_d50)) == (65536, "p3")
    assert any("PQ or HLG" in note for note in frame.notes)
    wide = read_frame(data / "hdr_formats" / "colors_hdr_rec2020.avif")
    assert profile.working(wide.to_d50) == "rec2020"


def test_heic_is_upright_with_its_profile_and_exposure(data: Path) -> None:
    heif()
    frame = read_bracket([data / "hdr_formats" / "IMG_5195.HEIC"]).frames[0]
    assert frame.shape == frame.codes().shape[:2] == (3313, 2566)
    assert (frame.levels, profile.working(frame.to_d50)) == (256, "p3")
    assert frame.exposure.time_s == pytest.approx(1 / 391)
    assert frame.meta.xmp


def test_heif_keeps_its_bits(data: Path) -> None:
    path = data / "hdr_formats" / "RGB_12__128x128.heif"
    file = heif().open_heif(str(path), convert_hdr_to_8bit=False)
    stored = np.array(file[0]) >> 4  # libheif puts 12 bits above 4 empty ones
    codes = read_frame(path).codes()
    assert len(np.unique(stored)) > 1024
    assert np.array_equal(np.round(codes / 65535 * 4095), stored)
    assert codes.max() > 65200


@pytest.mark.parametrize(("bits", "stored"), [(8, 8), (10, 10), (12, 12), (16, 12)])
@pytest.mark.parametrize("size", [(60, 84), (33, 47)])
def test_finished_pictures_in_heic(tmp_path: Path, bits: int, stored: int, size: tuple[int, int]) -> None:
    """As libheif decodes them: sRGB of so many bits, as its code points say."""
    pytest.importorskip("pillow_heif", reason="the extra `heic-write` is not installed")
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    rgb = (0.2 + 0.6 * np.stack([x, y, (x + y) / 2], axis=2)).astype(np.float32)  # smooth: colour has half the pixels
    write(Picture(rgb), tmp_path / "a.heic", Encoding(bits=bits, quality=100))
    image = heif().open_heif(tmp_path / "a.heic", convert_hdr_to_8bit=False)[0]
    said = image.info["nclx_profile"]
    assert (image.size, image.info["bit_depth"]) == (size[::-1], stored)
    assert (said["color_primaries"], said["transfer_characteristics"], said["full_range_flag"]) == (1, 13, 1)
    codes = np.array(image) >> (0 if stored == 8 else 16 - stored)
    assert np.abs(codes / ((1 << stored) - 1) - srgb_encode(rgb)).mean() < 1 / 255
    assert np.array_equal(
        np.round(read_frame(tmp_path / "a.heic").codes() / (255 if stored == 8 else 65535) * ((1 << stored) - 1)), codes
    )


def test_arrays_of_codes_in_heic(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif", reason="the extra `heic-write` is not installed")
    grey = np.full((16, 24, 3), 51, np.uint8)
    for bits in (8, 10):
        write(grey, tmp_path / "a.heic", Encoding(bits=bits))
        assert read_frame(tmp_path / "a.heic").codes().mean() == pytest.approx(51 if bits == 8 else 51 * 257, rel=0.01)


def test_damaged_heif_is_named(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    heif()
    whole = (data / "hdr_formats" / "IMG_5195.HEIC").read_bytes()
    for share in (0.0005, 0.01, 0.5, 0.9):
        (tmp_path / "a.heic").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match=r"a\.heic: "):
            read_frame(tmp_path / "a.heic").codes()
    assert capfd.readouterr() == ("", "")


def test_without_the_extra_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40))
    with pytest.raises(
        InputError, match=r"a\.jpg: is a HEIF file \(HEIC\); to read it: pip install 'fullwell\[heic\]'"
    ):
        read_frame(tmp_path / "a.jpg")


def test_jpeg_xl_keeps_exif_and_xmp(tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x010F] = "Maker"
    meta = Metadata(exif=exif.tobytes().removeprefix(b"Exif\0\0"))
    rgb = np.linspace(0.1, 1, 20 * 30 * 3, dtype=np.float32).reshape(20, 30, 3)
    write(hdr_picture(Radiance(rgb, meta=meta), Picture(rgb, meta=meta)), tmp_path / "a.jxl", Encoding())
    header = formats.read_header(tmp_path / "a.jxl")
    assert b"Maker" in (header.exif or b"")
    assert header.levels == 65536


def test_jpeg_xl_without_a_container(data: Path) -> None:
    frame = read_frame(data / "hdr_formats" / "pq_gradient.jxl")
    assert frame.codes().shape == (64, 1088, 3)
    assert frame.levels == 65536
