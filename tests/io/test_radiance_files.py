"""Radiance files in: by other writers, old, damaged, with windows and layers."""

from __future__ import annotations

import struct
from pathlib import Path

import imagecodecs
import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from PIL import Image

from fullwell import color
from fullwell.errors import InputError, ParameterError
from fullwell.image import Metadata, Radiance
from fullwell.io import Encoding, exif, ifd, read_radiance, write

PIXELS = np.exp2(np.random.default_rng(0).uniform(-3, 3, (6, 9, 3))).astype(np.float32)


def rgbe(rgb: np.ndarray) -> np.ndarray:
    """Slow and obvious: 8 bits of each channel under the exponent of the largest, (..., 4) uint8."""
    out = np.zeros((*rgb.shape[:-1], 4), np.uint8)
    for index in np.ndindex(rgb.shape[:-1]):
        _, exponent = np.frexp(rgb[index].max())
        out[index] = (*np.minimum(rgb[index] * 256.0 / 2.0**exponent, 255).astype(np.uint8), exponent + 128)
    return out


def hdr(path: Path, body: bytes, *lines: str, size: str = "-Y 6 +X 9", start: str = "#?RADIANCE") -> Path:
    head = "\n".join([start, *lines, "FORMAT=32-bit_rle_rgbe", "", size, ""])
    path.write_bytes(head.encode() + body)
    return path


CODED = rgbe(PIXELS)
DECODED = CODED[..., :3] * 2.0 ** (CODED[..., 3:].astype(int) - 136)


def exr(path: Path, channels: dict[str, np.ndarray], offset: tuple[int, int] = (0, 0), **attributes: object) -> Path:
    planes = np.stack(list(channels.values()), axis=2).astype(np.float32)
    spec = oiio.ImageSpec(planes.shape[1], planes.shape[0], planes.shape[2], "float")
    spec.channelnames = tuple(channels)
    spec.y, spec.x = offset
    for name, value in attributes.items():
        if name == "chromaticities":
            spec.attribute(name, "float[8]", value)
        else:
            setattr(spec, name, value)
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec)
    assert out.write_image(planes)
    assert out.close()
    return path


# .hdr


def test_flat_pixels(tmp_path: Path) -> None:
    read = read_radiance(hdr(tmp_path / "a.hdr", CODED.tobytes()))
    assert (read.rgb == DECODED).all()
    assert read.primaries == "rec709"


def test_old_run_lengths(tmp_path: Path) -> None:
    """1, 1, 1, n repeats the pixel before n times; a second such pixel counts 256 times as much."""
    pixel = CODED[0, 0].tobytes()
    count = 3 + 256 * 2
    body = pixel + bytes([1, 1, 1, 3]) + bytes([1, 1, 1, 2]) + CODED[1, 1].tobytes()
    read = read_radiance(hdr(tmp_path / "a.hdr", body, size=f"-Y 1 +X {count + 2}")).rgb[0]
    assert (read[: count + 1] == DECODED[0, 0]).all()
    assert (read[-1] == DECODED[1, 1]).all()


@pytest.mark.parametrize(
    ("size", "turned"),
    [
        ("-Y 6 +X 9", lambda a: a),
        ("+Y 6 +X 9", lambda a: a[::-1]),
        ("-Y 6 -X 9", lambda a: a[:, ::-1]),
        ("+X 6 -Y 9", lambda a: a.swapaxes(0, 1)),
        ("-X 6 +Y 9", lambda a: a.swapaxes(0, 1)[::-1, ::-1]),
    ],
)
def test_scanline_orders(tmp_path: Path, size: str, turned: object) -> None:
    read = read_radiance(hdr(tmp_path / "a.hdr", CODED.tobytes(), size=size)).rgb
    assert (read == turned(DECODED)).all()  # type: ignore[operator]


def test_exposure_and_colour_correction_are_divided_out(tmp_path: Path) -> None:
    lines = ("EXPOSURE=4", "# comment", "EXPOSURE= 0.5", "COLORCORR= 2 1 4", "VIEW= -vtv", "EXPOSURE=x")
    read = read_radiance(hdr(tmp_path / "a.hdr", CODED.tobytes(), *lines, start="#?RGBE")).rgb
    assert np.allclose(read, DECODED / 2 / [2, 1, 4], rtol=1e-6)


def test_primaries_that_are_known(tmp_path: Path) -> None:
    for line, name in (
        ("PRIMARIES= 0.708 0.292 0.170 0.797 0.131 0.046 0.3127 0.3290", "rec2020"),
        ("PRIMARIES=0 0 0 0 0 0 0 0", "rec709"),
        ("PRIMARIES= 0.64 0.33 0.29 0.60 0.15 0.06 0.3333 0.3333", "rec709"),  # written by many that mean Rec.709
    ):
        assert read_radiance(hdr(tmp_path / "a.hdr", CODED.tobytes(), line)).primaries == name


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.replace(b"rle_rgbe", b"rle_xyze"), "XYZ colours"),
        (lambda d: d.replace(b"\n", b"\r\n"), "transfer as text"),
        (lambda d: d.replace(b"-Y 6", b"-Y six"), "no picture size"),
        (lambda d: d.replace(b"+X 9", b"-Y 9"), "no picture size"),
        (lambda d: d[:-20], "damaged or end too early"),
        (lambda d: d[:30], "no picture size"),
    ],
)
def test_hdr_files_that_are_refused(tmp_path: Path, change: object, says: str) -> None:
    path = hdr(tmp_path / "a.hdr", CODED.tobytes())
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(InputError, match=rf"a\.hdr: .*{says}"):
        read_radiance(path)


def test_damaged_run_lengths_are_no_old_ones(tmp_path: Path) -> None:
    """A decoder that falls back from new run lengths to old ones makes a picture of anything."""
    write(Radiance(np.ones((20, 100, 3), np.float32)), tmp_path / "a.hdr")
    whole = (tmp_path / "a.hdr").read_bytes()
    for cut in (1, 10, 100):
        (tmp_path / "a.hdr").write_bytes(whole[:-cut])
        with pytest.raises(InputError, match="damaged"):
            read_radiance(tmp_path / "a.hdr")


def test_hdr_of_real_life(data: Path) -> None:
    for path in sorted((data / "hdr_truth").glob("*.hdr")):
        read = read_radiance(path).rgb
        assert np.isfinite(read).all()
        if path.name not in ("old-rle.hdr", "scale.hdr"):
            assert (read == imagecodecs.rgbe_decode(path.read_bytes())).all()
    old = read_radiance(data / "hdr_truth" / "old-rle.hdr").rgb
    assert old.shape == (276, 551, 3)
    assert 0.1 < old.max() < 1
    with pytest.raises(InputError, match="transfer as text"):
        read_radiance(data / "memorial_debevec" / "memorial.hdr")


# OpenEXR


def test_the_display_window_is_what_counts(tmp_path: Path) -> None:
    channels = dict(zip("RGB", np.moveaxis(PIXELS, 2, 0), strict=True))
    path = exr(tmp_path / "a.exr", channels, (2, -3), full_y=0, full_x=0, full_height=7, full_width=8)
    read = read_radiance(path).rgb
    expected = np.zeros((7, 8, 3), np.float32)
    expected[2:7, 0:6] = PIXELS[:5, 3:9]
    assert (read == expected).all()
    apart = exr(tmp_path / "b.exr", channels, (100, 100), full_y=0, full_x=0, full_height=7, full_width=8)
    assert (read_radiance(apart).rgb == 0).all()


@pytest.mark.parametrize(
    ("names", "picks"),
    [
        ("R G B", (0, 1, 2)),
        ("R G B A", (0, 1, 2)),
        ("Z R G B", (1, 2, 3)),
        ("beauty.R beauty.G beauty.B", (0, 1, 2)),
        ("deep.Z other.R other.G other.B", (1, 2, 3)),
        ("left.R left.G left.B R G B", (3, 4, 5)),
        ("Y", (0, 0, 0)),
        ("Y A", (0, 0, 0)),
        ("r g b", (0, 1, 2)),
        ("Red Green Blue", (0, 1, 2)),
        ("lamp.red lamp.green lamp.blue A", (0, 1, 2)),
        ("heat", (0, 0, 0)),
        ("ch1 ch2 ch3", (0, 1, 2)),
    ],
)
def test_channels_by_name(tmp_path: Path, names: str, picks: tuple[int, ...]) -> None:
    planes = {name: np.full((3, 4), float(k + 1)) for k, name in enumerate(names.split())}
    read = read_radiance(exr(tmp_path / "a.exr", planes)).rgb
    assert read[1, 1].tolist() == [k + 1 for k in picks]


def test_channels_that_are_no_picture(tmp_path: Path) -> None:
    path = exr(tmp_path / "a.exr", {"Z": np.ones((3, 4)), "N.x": np.ones((3, 4))})
    with pytest.raises(InputError, match=r"must hold channels R, G, B or Y, it holds N.x, Z|Z, N.x"):
        read_radiance(path)


def test_chromaticities(tmp_path: Path, data: Path) -> None:
    channels = dict(zip("RGB", np.moveaxis(PIXELS, 2, 0), strict=True))
    ap0 = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
    read = read_radiance(exr(tmp_path / "a.exr", channels, chromaticities=ap0))
    aces = color.Primaries("AP0", *zip(ap0[::2], ap0[1::2], strict=True))
    matrix = np.linalg.inv(color.primaries("rec709").to_d50) @ aces.to_d50
    assert read.primaries == "rec709"
    assert np.allclose(read.rgb, PIXELS @ matrix.T, rtol=1e-4, atol=1e-4)
    p3 = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329)
    assert read_radiance(exr(tmp_path / "b.exr", channels, chromaticities=p3)).primaries == "p3"
    assert read_radiance(exr(tmp_path / "c.exr", channels, chromaticities=(0.0,) * 8)).primaries == "rec709"
    assert (read_radiance(data / "hdr_truth" / "Carrots.exr").rgb[..., 1] > 0).mean() > 0.9  # it is in ACES


def test_special_numbers_pass_through(data: Path) -> None:
    rings = read_radiance(data / "hdr_truth" / "BrightRingsNanInf.exr").rgb
    assert np.isnan(rings).any()
    assert np.isinf(rings).any()
    every = read_radiance(data / "hdr_truth" / "AllHalfValues.exr").rgb
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
    assert set(every[np.isfinite(every)].tolist()) == set(halves[np.isfinite(halves)].tolist())


@pytest.mark.parametrize("layers", ["none", "mask", "mask,sigma,source"])
def test_truncated_exr(tmp_path: Path, layers: str) -> None:
    rgb = np.ones((200, 300, 3), np.float32)
    beside = {"mask": np.zeros((200, 300), np.uint8), "sigma": rgb, "source": np.zeros((200, 300), np.int16)}
    write(Radiance(rgb, **beside), tmp_path / "a.exr", Encoding(exr_layers=layers))
    whole = (tmp_path / "a.exr").read_bytes()
    for share in (0.2, 0.6, 0.95):
        (tmp_path / "a.exr").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match=r"a\.exr"):
            read_radiance(tmp_path / "a.exr")


# TIFF, and what is no radiance


def test_float_tiff_of_others(tmp_path: Path) -> None:
    odd = PIXELS.copy()
    odd[0, 0] = (np.nan, np.inf, -2)
    (tmp_path / "a.tif").write_bytes(imagecodecs.tiff_encode(odd, photometric="rgb"))
    np.testing.assert_array_equal(read_radiance(tmp_path / "a.tif").rgb, odd)
    (tmp_path / "b.tif").write_bytes(imagecodecs.tiff_encode(odd[..., 1]))
    np.testing.assert_array_equal(read_radiance(tmp_path / "b.tif").rgb, odd[..., [1, 1, 1]])


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.txt"])
def test_pictures_are_no_radiance(tmp_path: Path, name: str) -> None:
    if name == "a.txt":
        (tmp_path / name).write_text("hello")
    else:
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    with pytest.raises(InputError, match=r"is no radiance file|is a picture \(uint8\), not radiance"):
        read_radiance(tmp_path / name)


def test_the_extension_decides_nothing(tmp_path: Path) -> None:
    write(Radiance(PIXELS), tmp_path / "a.exr")
    (tmp_path / "a.exr").rename(tmp_path / "a.hdr")
    assert read_radiance(tmp_path / "a.hdr").rgb.shape == PIXELS.shape


def test_openexr_says_who_when_and_with_what(tmp_path: Path) -> None:
    made = ifd.Builder()
    camera = {
        0x9003: made.entry(ifd.ASCII, b"2024:05:06 07:08:09\0"),
        0x829D: made.entry(ifd.RATIONAL, [56, 10]),
        0x8827: made.entry(ifd.SHORT, [400]),
        0x829A: made.entry(ifd.RATIONAL, [1, 8]),
        0x920A: made.entry(ifd.RATIONAL, [35, 1]),
        0xA434: made.entry(ifd.ASCII, b"A lens\0"),
    }
    root = {0x010F: made.entry(ifd.ASCII, b"A maker\0"), 0x8298: made.entry(ifd.ASCII, b"Somebody\0")}
    block = made.finish(root | {exif.EXIF_IFD: made.pointer(camera)})
    meta = Metadata(block, ("a.jpg", "b.jpg"), times_s=(0.5, 0.125), varies=("ISO",))
    write(Radiance(np.ones((3, 4, 3), np.float32), meta=meta), tmp_path / "a.exr")
    head = (tmp_path / "a.exr").read_bytes()[:2000]
    for name, value in (
        (b"capDate\0string", b"2024:05:06 07:08:09"), (b"owner\0string", b"Somebody"),
        (b"lensModel\0string", b"A lens"), (b"cameraMake\0string", b"A maker"),
        (b"aperture\0float", struct.pack("<f", 5.6)),
        (b"nominalFocalLength\0float", struct.pack("<f", 35.0)), (b"fullwell:sources\0string", b"a.jpg b.jpg"),
        (b"fullwell:times_s\0string", b"0.5 0.125"),
    ):  # fmt: skip
        assert head.index(name) < head.index(value, head.index(name)) < head.index(name) + 60
    assert b"expTime" not in head
    assert b"isoSpeed" not in head  # it varied


def test_all_layers_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sigma = rng.uniform(0.001, 0.1, (40, 50, 3)).astype(np.float32)
    sigma[0, 0] = np.inf
    source = rng.integers(-1, 9, (40, 50)).astype(np.int16)
    mask = rng.integers(0, 4, (40, 50)).astype(np.uint8)
    scene = Radiance(rng.random((40, 50, 3), np.float32), mask=mask, sigma=sigma, source=source)
    write(scene, tmp_path / "a.exr", Encoding(exr_layers="sigma, mask,source"))
    read = read_radiance(tmp_path / "a.exr")
    assert (read.mask == mask).all()
    assert (read.source == source).all()
    assert read.source.dtype == np.int16
    np.testing.assert_allclose(read.rgb, scene.rgb, rtol=1e-3)
    np.testing.assert_allclose(read.sigma, sigma, rtol=1e-3)
    spec = oiio.ImageInput.open(str(tmp_path / "a.exr")).spec()
    assert set(spec.channelnames) == {"R", "G", "B", "mask", "sigma.R", "sigma.G", "sigma.B", "source"}
    with pytest.raises(ParameterError, match="exr_layers must be none or some of mask, sigma, source"):
        Encoding(exr_layers="sigma,depth")


@pytest.mark.parametrize("compression", ["zip", "b44", "dwaa"])
def test_the_mask_is_a_layer_on_request(tmp_path: Path, compression: str) -> None:
    mask = np.random.default_rng(0).integers(0, 4, (40, 50)).astype(np.uint8)
    scene = Radiance(np.full((40, 50, 3), 0.5, np.float32), mask=mask)
    write(scene, tmp_path / "a.exr", Encoding(exr_compression=compression))
    assert read_radiance(tmp_path / "a.exr").mask is None
    write(scene, tmp_path / "a.exr", Encoding(exr_compression=compression, exr_layers="mask"))
    read = read_radiance(tmp_path / "a.exr")
    assert read.mask is not None
    assert (read.mask == mask).all()
    np.testing.assert_allclose(read.rgb, scene.rgb, rtol=1e-3)  # dwaa rounds
    spec = oiio.ImageInput.open(str(tmp_path / "a.exr")).spec()
    assert spec.channelnames == ("R", "G", "B", "mask")
    assert [str(k) for k in spec.channelformats] == ["half", "half", "half", "float"]
