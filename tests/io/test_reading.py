"""Photographs in: every kind of file gives its code values, or a sentence that names it."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fullwell import image
from fullwell.errors import InputError
from fullwell.image import Bracket, Metadata, Picture, Radiance
from fullwell.io import Encoding, drop_pixels, read_bracket, read_frame, read_frames, read_radiance, write

ODD = ("odd_broken", "odd_exif", "odd_modes", "icc_profiles", "hdr_formats", "raw_samples", "hdr_truth")
REFUSED = {
    "odd_broken/17000x17000.avif": "must be a picture",
    "odd_broken/broken_data_stream.png": "truncated",
    "odd_broken/corrupted.heic": "HEIF",
    "odd_broken/crash-0da013a13571cc8eb457a39fee8db18f8a3c7127.tif": "damaged",
    "odd_broken/crash-63b1dffefc8c075ddc606c0a2f5fdc15ece78863.tif": "damaged",
    "odd_broken/empty.heic": "empty",
    "odd_broken/hopper_bad_exif.jpg": "damaged",  # stripes of garbage that other decoders take for a picture
    "odd_broken/truncated.jpg": "truncated",
    "odd_broken/truncated_image.png": "truncated",
    "odd_modes/flower_small.cmyk.jpg": "CMYK",
    "odd_modes/hopper.Lab.tif": "Lab",
    "odd_modes/off_luv24.tif": "LogLuv",
    "odd_modes/off_luv32.tif": "LogLuv",
}


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    """A picture of all code values, (h, w, 3) uint8."""
    return np.random.default_rng(0).integers(0, 256, (24, 37, 3)).astype(np.uint8)


def read(path: Path) -> np.ndarray:
    frame = read_bracket([path]).frames[0]
    pixels = frame.codes()
    assert pixels.shape == (*frame.shape, 3)
    assert frame.levels == (256 if pixels.dtype == np.uint8 else 65536)
    return pixels


def refusal(attempt: Callable[[Path], object], path: Path) -> str:
    """What an attempt is refused with; empty where it succeeds."""
    try:
        attempt(path)
    except InputError as error:
        return str(error)
    return ""


# Real and odd files


def test_every_odd_file_is_read_or_refused_with_its_name(data: Path, capfd: pytest.CaptureFixture) -> None:
    paths = sorted(p for folder in ODD for p in (data / folder).iterdir())
    refused = {str(p.relative_to(data)): said for p in paths if (said := refusal(read, p))}
    for name, said in refused.items():
        assert said.startswith(f"{data / name}: ")
        assert said.endswith(".")
    for name, reason in REFUSED.items():
        assert reason in refused.pop(name)
    left = {Path(name).suffix.lower() for name in refused}
    assert left <= {".heic", ".heif", ".hif", ".hdr", ".exr", ".crw", ".cr2", ".cr3", ".raf", ".nef", ".dng"}
    assert capfd.readouterr() == ("", "")


def test_orientation_as_it_should_be_seen(data: Path) -> None:
    upright = read(data / "orientation" / "Portrait_1.jpg").astype(int)
    assert upright.shape == (1800, 1200, 3)
    for k in range(2, 9):
        turned = read(data / "orientation" / f"Portrait_{k}.jpg")
        assert turned.shape == upright.shape
        assert np.abs(turned - upright).mean() < 8, k  # the numeral in the corner differs; a wrong turn differs by 60


@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_in_every_format(tmp_path: Path, kind: str, orientation: int) -> None:
    """The corner that the tag's definition calls top left is the brightest one."""
    stored = np.zeros((16, 24, 3), np.uint8)
    rows = slice(0, 8) if orientation in (1, 2, 5, 8) else slice(8, 16)
    columns = slice(0, 8) if orientation in (1, 4, 5, 6) else slice(16, 24)
    stored[rows, columns] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "exif": exif} | ({"lossless": True} if kind == "webp" else {})
    Image.fromarray(stored).save(tmp_path / f"a.{kind}", **options)
    pixels = read(tmp_path / f"a.{kind}")
    assert pixels.shape == ((16, 24, 3) if orientation < 5 else (24, 16, 3))
    assert pixels[:8, :8].mean() > 250
    assert pixels[8:, 8:].mean() < 5


def test_real_jpegs_decode_as_pillow_decodes_them(data: Path) -> None:
    for path in (data / "room_lamp_t2i" / "stack_room_exp_2.jpg", data / "hdr_formats" / "ultra-hdr.jpg"):
        assert (read(path) == np.asarray(Image.open(path))).all()  # the base picture, not what a gain map makes of it


# Kinds of pixels


def test_bit_depths_hold_the_same_codes(tmp_path: Path, codes: np.ndarray) -> None:
    wide = codes.astype(np.uint16) * 257
    Image.fromarray(codes).save(tmp_path / "a.png")
    Image.fromarray(codes).save(tmp_path / "a.tif")
    (tmp_path / "b.png").write_bytes(imagecodecs.png_encode(wide))
    (tmp_path / "b.tif").write_bytes(imagecodecs.tiff_encode(wide, photometric="rgb"))
    (tmp_path / "c.tif").write_bytes(imagecodecs.tiff_encode((codes / 255).astype(np.float32), photometric="rgb"))
    (tmp_path / "d.tif").write_bytes(imagecodecs.tiff_encode(codes.astype(np.uint32) * 16843009, photometric="rgb"))
    (tmp_path / "e.ppm").write_bytes(b"P6 37 24 65535\n" + wide.astype(">u2").tobytes())
    for name in ("a.png", "a.tif"):
        assert (read(tmp_path / name) == codes).all()
        assert read(tmp_path / name).dtype == np.uint8
    for name in ("b.png", "b.tif", "c.tif", "d.tif", "e.ppm"):
        assert (read(tmp_path / name) == wide).all(), name


def test_16_bit_keeps_its_last_bit(tmp_path: Path) -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(128, 512)[:, :, None].repeat(3, axis=2)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(ramp))
    (tmp_path / "a.tif").write_bytes(imagecodecs.tiff_encode(ramp, photometric="rgb"))
    assert (read(tmp_path / "a.png") == ramp).all()
    assert (read(tmp_path / "a.tif") == ramp).all()


def test_grey_is_repeated(tmp_path: Path, codes: np.ndarray) -> None:
    grey = codes[..., 0]
    for name in ("a.png", "a.tif", "a.bmp", "a.pgm"):
        Image.fromarray(grey).save(tmp_path / name)
        assert (read(tmp_path / name) == grey[..., None]).all(), name
    Image.fromarray(grey).save(tmp_path / "a.jpg", quality=100)
    assert np.ptp(read(tmp_path / "a.jpg"), axis=2).max() == 0


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_alpha_is_dropped_with_a_note_and_colours_stay(tmp_path: Path, codes: np.ndarray, name: str) -> None:
    alpha = np.full((*codes.shape[:2], 1), 128, np.uint8)
    options = {"lossless": True, "exact": True} if name.endswith("webp") else {}
    Image.fromarray(np.concatenate([codes, alpha], axis=2)).save(tmp_path / name, **options)
    frame = read_frame(tmp_path / name)
    assert (frame.codes() == codes).all()
    assert any("transparency" in n for n in frame.notes)


def test_palettes_and_single_bits_are_expanded(tmp_path: Path, codes: np.ndarray) -> None:
    palette = Image.fromarray(codes).quantize(16)
    palette.save(tmp_path / "a.png", transparency=3)
    assert (read(tmp_path / "a.png") == np.asarray(palette.convert("RGB"))).all()
    bits = codes[..., 0] > 128
    Image.fromarray(bits).save(tmp_path / "b.png")
    assert (read(tmp_path / "b.png")[..., 0] == bits * 255).all()


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_is_refused(tmp_path: Path, codes: np.ndarray, name: str) -> None:
    Image.fromarray(codes).convert("CMYK").save(tmp_path / name)
    with pytest.raises(InputError, match=rf"{name}: a frame must be RGB or grey, .* CMYK; convert it to RGB first"):
        read_frame(tmp_path / name)


def test_the_extension_decides_nothing(tmp_path: Path, codes: np.ndarray) -> None:
    Image.fromarray(codes).save(tmp_path / "really.png")
    (tmp_path / "really.png").rename(tmp_path / "called.jpg")
    assert (read(tmp_path / "called.jpg") == codes).all()


def test_the_first_of_several_pictures(tmp_path: Path, data: Path, codes: np.ndarray) -> None:
    pages = [Image.fromarray(codes), Image.fromarray(255 - codes)]
    for name in ("a.tif", "a.webp"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:], lossless=True)
        frame = read_frame(tmp_path / name)
        assert (frame.codes() == codes).all()
        assert any("several pictures" in n for n in frame.notes)
    assert any("several pictures" in n for n in read_frame(data / "odd_broken" / "sugarshack.mpo").notes)


# Refusals


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture\n" * 40)
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, says in (
        ("", "is a folder"),
        ("none.jpg", "there is no such file"),
        ("empty.jpg", "the file is empty"),
        ("text.jpg", "must be a picture"),
        ("pipe.jpg", "no regular file"),
    ):
        with pytest.raises(InputError, match=says) as raised:
            read_frame(tmp_path / name)
        assert str(tmp_path / name) in str(raised.value)


def test_names_that_are_no_text(tmp_path: Path, codes: np.ndarray) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    try:
        Image.fromarray(codes).save(path, "JPEG")
    except OSError:
        pytest.skip("the file system takes no such names")
    with pytest.raises(InputError, match="rename the file"):
        read_frame(path)


def png_header(width: int, height: int) -> bytes:
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    iend = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr)) + iend


def test_headers_of_absurd_size_are_refused_before_decoding(tmp_path: Path, codes: np.ndarray) -> None:
    (tmp_path / "a.png").write_bytes(png_header(60000, 60000))
    Image.fromarray(codes).save(tmp_path / "a.jpg")
    jpeg = bytearray((tmp_path / "a.jpg").read_bytes())
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    (tmp_path / "a.jpg").write_bytes(jpeg)
    (tmp_path / "a.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 100000 +X 100000\n\0")
    for name in ("a.png", "a.jpg"):
        with pytest.raises(
            InputError, match=r"1 to 500 million pixels \(--max-megapixels\), its header says \d+ x \d+"
        ):
            read_frame(tmp_path / name)
    with pytest.raises(InputError, match="its header says 100000 x 100000"):
        read_radiance(tmp_path / "a.hdr")


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif", "ppm"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_files_are_refused(tmp_path: Path, codes: np.ndarray, kind: str, share: float) -> None:
    path = tmp_path / f"a.{kind}"
    Image.fromarray(np.tile(codes, (4, 4, 1))).save(path, lossless=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=rf"a\.{kind}: "):
        read(path)


def test_jpegs_with_damaged_picture_data_are_refused(data: Path, tmp_path: Path) -> None:
    """libjpeg makes a picture of them and only warns."""
    whole = (data / "room_lamp_t2i" / "stack_room_exp_2.jpg").read_bytes()
    for at in (120_000, 160_000, 200_000, 280_000):
        harmed = bytearray(whole)
        harmed[at : at + 4] = bytes(b ^ 0x5A for b in harmed[at : at + 4])
        (tmp_path / "a.jpg").write_bytes(harmed)
        with pytest.raises(InputError, match="damaged"):
            read(tmp_path / "a.jpg")


def specimens() -> dict[str, bytes]:
    """A small file of each format, with metadata."""
    import tempfile

    shades = np.linspace(0, 1, 20 * 30 * 3, dtype=np.float32).reshape(20, 30, 3)
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        meta = Metadata(recipe="a = 1\n")
        for image, names in (
            (Picture(shades, meta=meta), ("a.jpg", "a.png", "a.webp", "a.tif")),
            (Radiance(shades, meta=meta), ("r.hdr", "r.exr", "r.tif")),
        ):
            for name in names:
                write(image, Path(folder, name), Encoding(bits=16))
                made[name] = Path(folder, name).read_bytes()
    return made


@pytest.fixture(scope="module")
def whole_files() -> dict[str, bytes]:
    return specimens()


@given(draw=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_give_a_sentence_or_pixels(
    whole_files: dict[str, bytes], tmp_path: Path, draw: st.DataObject, capfd: pytest.CaptureFixture
) -> None:
    harmed = bytearray(whole_files[draw.draw(st.sampled_from(sorted(whole_files)))])
    place = st.one_of(st.integers(0, min(300, len(harmed) - 1)), st.integers(0, len(harmed) - 1))
    for at, value in draw.draw(st.lists(st.tuples(place, st.integers(0, 255)), max_size=6)):
        harmed[at] = value
    path = tmp_path / "harmed"
    path.write_bytes(harmed[: draw.draw(st.integers(1, len(harmed)))] if draw.draw(st.booleans()) else harmed)
    for attempt in (read, read_radiance):
        said = refusal(attempt, path)
        assert not said or said.startswith(f"{path}: ")


# Laziness


def test_a_file_that_was_changed_is_not_taken_for_what_was_read(tmp_path: Path, codes: np.ndarray) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(codes).save(path)
    frame = read_bracket([path]).frames[0]
    drop_pixels(Bracket((frame,)))
    Image.fromarray(255 - codes).save(path)
    with pytest.raises(InputError, match=r"a\.png: was changed after it was read; put back what it was"):
        frame.codes()


def test_pixels_are_decoded_late_and_once(tmp_path: Path, codes: np.ndarray) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(codes).save(path)
    frame = read_bracket([path]).frames[0]
    assert (frame.codes() == codes).all()
    path.unlink()
    assert (frame.replace(name="other").codes() == codes).all()
    with pytest.raises(ValueError, match="read-only"):
        frame.codes()[0, 0, 0] = 1


@pytest.mark.parametrize("kept", [True, False])
def test_pixels_stay_where_those_of_all_frames_fit(
    tmp_path: Path, codes: np.ndarray, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    monkeypatch.setattr(image, "KEPT_BYTES", 2 * codes.nbytes - (not kept))
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        Image.fromarray(codes).save(path)
    first, second = read_bracket(paths)
    first.codes(), second.codes()
    for path in paths:
        path.unlink()
    for frame in (first, second):
        if kept:
            assert (frame.codes() == codes).all()
        else:
            with pytest.raises(InputError, match=r"\.png: is gone after it was read"):
                frame.codes()


def test_one_path_is_a_bracket_of_one(tmp_path: Path, codes: np.ndarray) -> None:
    Image.fromarray(codes).save(tmp_path / "a.png")
    assert len(read_bracket(str(tmp_path / "a.png"))) == len(read_bracket(tmp_path / "a.png")) == 1


def test_frames_beside_files_that_are_none(tmp_path: Path, codes: np.ndarray) -> None:
    Image.fromarray(codes).save(tmp_path / "a.png")
    found = read_frames([tmp_path / "none.png", tmp_path / "a.png"], times=[1.0, 2.0])
    assert found.frames[0].name.endswith("none.png")
    assert found.frames[1].exposure.time_s == 2.0  # type: ignore[union-attr]
    assert (found.sets, found.notes) == ([range(2)], [])


def test_different_sizes_are_refused_after_turning(tmp_path: Path) -> None:
    upright = Image.new("RGB", (20, 30))
    upright.save(tmp_path / "a.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "b.jpg", exif=exif)
    assert read_bracket([tmp_path / "a.jpg", tmp_path / "b.jpg"]).shape == (30, 20)
    Image.new("RGB", (30, 20)).save(tmp_path / "b.jpg")
    with pytest.raises(InputError, match="one size"):
        read_bracket([tmp_path / "a.jpg", tmp_path / "b.jpg"])
