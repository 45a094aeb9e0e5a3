"""JPEGs with a gain map as light, compared with libultrahdr and with what was written."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from scenes import hills

from fullwell.color import primaries, srgb_decode
from fullwell.errors import InputError
from fullwell.image import Radiance
from fullwell.io import Encoding, exif, gainmap, hdr_picture, jpeg, profile, read_radiance, rendition, ultrahdr, write
from fullwell.io.header import upright
from fullwell.recipe import Recipe


def written(path: Path, **settings: object) -> tuple[np.ndarray, np.ndarray]:
    """An Ultra HDR file: the light it is to hold, and where it is above the codes that JPEG blurs."""
    scene = Radiance(hills(120, 160, seed=2, stops=7).astype(np.float32))
    hdr = hdr_picture(scene, Recipe.of().picture(scene))
    encoding = Encoding.of({"quality": 97, "hdr": True, **settings})
    write(hdr, path, encoding)
    light = rendition.light(hdr, ultrahdr.rendered(hdr, encoding))
    return light, light > srgb_decode(16 / 255)


def stops_off(read: np.ndarray, wanted: np.ndarray, counts: np.ndarray) -> float:
    return float(np.median(np.abs(np.log2(np.maximum(read[counts], 1e-9) / wanted[counts]))))


@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.parametrize("channels", ["rgb", "single"])
def test_what_was_written_is_read(tmp_path: Path, scale: int, channels: str) -> None:
    wanted, counts = written(tmp_path / "a.jpg", gain_map_scale=scale, gain_map=channels)
    assert stops_off(read_radiance(tmp_path / "a.jpg").rgb, wanted, counts) < (0.02 if scale == 1 else 0.1)


@pytest.mark.parametrize("without", [b"urn:iso:std:iso:ts:21496:-1", b"hdrgm:"])
def test_either_metadata_alone_says_the_same(tmp_path: Path, without: bytes) -> None:
    written(tmp_path / "a.jpg")
    whole = read_radiance(tmp_path / "a.jpg").rgb
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(data.replace(without, b"x" * len(without)))
    assert read_radiance(tmp_path / "b.jpg").rgb == pytest.approx(whole, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", ["ultra-hdr.jpg", "Ultra_HDR_Samples_Originals_05.jpg"])
def test_real_files_read_as_libultrahdr_reads_them(data: Path, name: str) -> None:
    path = data / "hdr_formats" / name
    read = read_radiance(path)
    truth = np.asarray(imagecodecs.ultrahdr_decode(path.read_bytes()))[..., :3].astype(np.float32)
    matrix = np.eye(3)
    header = jpeg.read(path)
    if (to_d50 := profile.read(header.icc).to_d50) is not None:
        matrix = np.linalg.solve(primaries(read.primaries).to_d50, to_d50)
    truth = upright(truth, exif.read(header.exif).orientation)[::4, ::4] @ matrix.T
    ours = read.rgb[::4, ::4]
    assert ours.max() > 1.5
    counts = (truth > srgb_decode(16 / 255)) & (ours > 0)
    assert counts.mean() > 0.3
    assert stops_off(ours, truth, counts) < 0.05


@pytest.mark.parametrize("name", ["apple_gainmap_old.jpg", "apple_gainmap_new.jpg"])
def test_apples_map_brightens_highlights_and_leaves_the_rest(data: Path, name: str) -> None:
    path = data / "hdr_formats" / name
    light, header = read_radiance(path), jpeg.read(path)
    base = gainmap._base(header.decode(), header.icc)
    ratio = light.rgb.max(axis=2) / np.maximum(base.max(axis=2), 1e-3)
    assert np.quantile(ratio, 0.1) < 1.1
    assert 1.5 < ratio.max() < 8.1
    assert light.primaries == "p3"


def test_a_jpeg_without_a_map_is_refused(data: Path) -> None:
    with pytest.raises(InputError, match=r"without a gain map"):
        read_radiance(data / "icc_profiles" / "sample_srgb.jpg")
