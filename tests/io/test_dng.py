"""Linear DNG, as LibRaw opens it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fullwell import color
from fullwell.image import Metadata, Radiance
from fullwell.io import Encoding, dng, ifd, read_recipe, rendition, tiff, write
from fullwell.simulate import hills

RECIPE = 'fullwell = "0.1.0"\n'


@pytest.mark.parametrize("bits", [8, 32])
@pytest.mark.parametrize("size", [(41, 53), (300, 520)])
def test_libraw_opens_the_same_numbers(tmp_path: Path, bits: int, size: tuple[int, int]) -> None:
    rawpy = pytest.importorskip("rawpy", reason="rawpy is not installed")
    scene = Radiance(hills(*size, stops=8.0) * 40)
    write(scene, tmp_path / "a.dng", Encoding(bits=bits))
    with rawpy.imread(str(tmp_path / "a.dng")) as raw:
        assert raw.raw_image.shape[:2] == size
        given = {"gamma": (1, 1), "no_auto_bright": True, "output_bps": 16, "adjust_maximum_thr": 0.0, "user_flip": 0}
        opened = raw.postprocess(use_camera_wb=True, output_color=rawpy.ColorSpace.sRGB, **given) / 65535
    coarse = 2 / 16383 + (2.0**-12 if bits == 8 else 0)  # LibRaw makes 14-bit integers of floats; halfs near 1
    assert np.abs(opened - scene.rgb / scene.rgb.max()).max() < coarse


def test_the_tags_say_whose_colours_and_how_bright(tmp_path: Path) -> None:
    scene = Radiance(hills(20, 30), "rec2020", meta=Metadata(recipe=RECIPE))
    write(scene, tmp_path / "a.dng")
    data = (tmp_path / "a.dng").read_bytes()
    root = ifd.directory(data, ifd.first(data))[0]
    matrix = np.frombuffer(ifd.value(data, root[dng.MATRIX]), "<i4").reshape(3, 3, 2)
    white = color.primaries("rec2020").to_xyz.sum(axis=1)
    np.testing.assert_allclose(matrix[..., 0] / matrix[..., 1] @ white, 1.0, atol=1e-5)
    stops, unit = np.frombuffer(ifd.value(data, root[dng.EXPOSURE]), "<i4")
    middle = rendition.hdr_picture(scene).white
    assert stops / unit == pytest.approx(math.log2(float(scene.rgb.max()) / middle), abs=1e-5)
    assert read_recipe(tmp_path / "a.dng") == RECIPE


def test_odd_values(tmp_path: Path) -> None:
    rgb = np.array([[np.nan, -1.0, np.inf], [2.0, 1.0, 0.0]], np.float32)[None]
    write(Radiance(rgb), tmp_path / "a.dng")
    assert tiff.decode(tmp_path / "a.dng")[0].tolist() == [[0.0, 0.0, 1.0], [1.0, 0.5, 0.0]]
    write(Radiance(np.zeros((2, 3, 3))), tmp_path / "a.dng")
    assert not tiff.decode(tmp_path / "a.dng").any()
