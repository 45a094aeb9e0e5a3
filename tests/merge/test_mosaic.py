"""Camera RAW brackets merged from the sensor's own numbers, and demosaiced after."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import oracles
import pytest
from rawfiles import filtered, numbers, write_dng
from scenes import hills

from fullwell import image
from fullwell.color import srgb_decode
from fullwell.image import Bracket, Mosaic, Pose
from fullwell.io import read_bracket
from fullwell.io.header import upright
from fullwell.job import make
from fullwell.kernels._jit import threads
from fullwell.kernels.demosaic import demosaic_light
from fullwell.merge.granados10 import Granados10
from fullwell.merge.robertson03 import Robertson03
from fullwell.recipe import Recipe
from fullwell.response.profile import Profile

NEUTRAL = np.array([0.5, 1.0, 0.625])
TIMES = (1 / 64, 1 / 8, 1.0)
REDS = [(0, 0), (0, 1), (1, 0), (1, 1)]


def taken(folder: Path, scenes: list[np.ndarray], **more: int) -> Bracket:
    """DNGs of one scene (h, w, 3) a frame; 1.0 for 1/8 s fills the green pixels."""
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    rng, paths = np.random.default_rng(0), []
    for k, (scene, time) in enumerate(zip(scenes, TIMES, strict=True)):
        share = filtered(scene * NEUTRAL * time * 8)
        electrons = rng.poisson(np.minimum(share, 4.0) * 20_000) + rng.normal(0, 4, share.shape)
        seen = numbers(np.maximum(electrons / 20_000, -0.02))
        paths.append(write_dng(folder / f"IMG_{k}.dng", seen, time, **more))
    return read_bracket(paths)


def shifted(bracket: Bracket, shift: tuple[int, int]) -> Bracket:
    first, *others = bracket.frames
    return bracket.replace([first.replace(pose=Pose("shift", shift)), *others])


def discs(size: int = 240) -> np.ndarray:
    """Discs of all colours over 12 stops, their edges hard but for half a pixel."""
    rng, light = np.random.default_rng(1), np.full((2 * size, 2 * size, 3), 0.02)
    y, x = np.mgrid[0 : 2 * size, 0 : 2 * size]
    for _ in range(40):
        centre, radius = rng.uniform(0, 2 * size, 2), rng.uniform(8, 80)
        colour = 2.0 ** rng.uniform(-8, 3) * rng.uniform(0.4, 1, 3)
        light[(y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2] = colour
    return np.asarray(light.reshape(size, 2, size, 2, 3).mean(axis=(1, 3)))


@pytest.mark.parametrize("red", REDS)
@pytest.mark.parametrize("shape", [(2, 2), (8, 68), (130, 140)])
def test_after_the_paper(red: tuple[int, int], shape: tuple[int, int]) -> None:
    codes = np.random.default_rng(2).integers(3000, 65536, shape).astype(np.uint16)
    mosaic = Mosaic(lambda: codes, red)
    light = srgb_decode(codes / 65535)
    expected = oracles.demosaic(light, red)
    out = np.empty((*shape, 3), np.float32)
    demosaic_light(srgb_decode(mosaic.folded() / 65535).astype(np.float32), *red, out)
    np.testing.assert_allclose(out, expected, rtol=2e-4)
    alone = oracles.demosaic(codes, red, np.sqrt, lambda root: np.maximum(root, 0) ** 2)
    np.testing.assert_allclose(mosaic.demosaiced(), np.minimum(alone, 65535), atol=2)
    with threads(1):
        alone = np.empty_like(out)
        demosaic_light(srgb_decode(mosaic.folded() / 65535).astype(np.float32), *red, alone)
    assert np.array_equal(alone, out)


def test_every_number_stays_where_it_was_counted() -> None:
    codes = np.random.default_rng(3).integers(0, 65536, (70, 90)).astype(np.uint16)
    y, x = np.indices(codes.shape)
    for red in REDS:
        colour = np.where((y + x + sum(red)) % 2, 1, np.where((y + red[0]) % 2, 2, 0))
        assert np.array_equal(np.abs(Mosaic(lambda: codes, red).demosaiced()[y, x, colour] - codes.astype(int)) <= 1,
                              np.ones(codes.shape, bool))  # fmt: skip


def test_demosaiced_after_errs_less_than_before(tmp_path: Path) -> None:
    """Beside hard edges over many stops, in light and in colour; even patches are as noisy."""
    light = discs()
    bracket = taken(tmp_path, [light] * 3)
    errors = {}
    for when in ("auto", "before"):
        merged = Robertson03(demosaic=when)(bracket, Profile()(bracket))
        assert merged.from_mosaic == (when == "auto")
        errors[when] = np.log2(merged.rgb / light)
    measured = ((light * NEUTRAL * TIMES[0] * 8 < 0.9) & (light > 0.001)).all(axis=2)
    lum = np.log2(light[..., 1])
    around = np.stack([np.roll(lum, (y, x), (0, 1)) for y in range(-2, 3) for x in range(-2, 3)])
    edge, even = (measured & where for where in (np.ptp(around, axis=0) > 1.5, np.ptp(around, axis=0) < 0.01))
    after, before = (
        [float(np.sqrt(np.mean(e[part] ** 2))) for part, e in ((even, errors[k]), (edge, errors[k]),
                                                               (edge, errors[k] - errors[k][..., 1:2]))]
        for k in ("auto", "before")
    )  # fmt: skip
    assert after[0] < 1.05 * before[0]
    assert after[1] < 0.7 * before[1]
    assert after[2] < 0.7 * before[2]


def test_frames_that_need_resampling_are_demosaiced_before(tmp_path: Path) -> None:
    scene = hills(84, 124, seed=5, stops=8)
    for shift, after in (((2, -4), True), ((1, -4), False), ((2, 3), False)):
        y, x = 10 + shift[0], 10 + shift[1]
        views = [scene[y : y + 64, x : x + 96], scene[10:74, 10:106], scene[10:74, 10:106]]
        bracket = shifted(taken(tmp_path, views), shift)
        merged = Robertson03()(bracket, Profile()(bracket))
        assert merged.from_mosaic == after
        inside = np.s_[8:-8, 8:-8]
        off = np.abs(np.log2(merged.rgb / views[1]))[inside][merged.mask[inside] == 0]
        assert np.median(off) < 0.06  # 0.12 and more where the frame lay elsewhere
    turned = shifted(bracket, (0, 0))
    turned = turned.replace(
        [turned.frames[0].replace(pose=Pose.of("shift", np.eye(3) + 0.1, (64, 96))), *turned.frames[1:]]
    )
    assert not Robertson03()(turned, Profile()(turned)).from_mosaic


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_turned_as_the_camera_was_held(tmp_path: Path, orientation: int) -> None:
    scenes = [hills(64, 96, seed=5, stops=8)] * 3
    lying = taken(tmp_path, scenes)
    layered = Granados10()(lying, Profile()(lying), layers=("sigma", "source"))
    expected = Robertson03()(lying, Profile()(lying))
    held = taken(tmp_path, scenes, orientation=orientation)
    merged = Robertson03()(held, Profile()(held))
    assert merged.from_mosaic
    np.testing.assert_allclose(merged.rgb, upright(expected.rgb, orientation), rtol=0.01)
    # It weighs a number by the brightest of those it is folded with, which are others here: of the column, not the row.
    source = Granados10()(held, Profile()(held), layers=("sigma", "source")).source
    assert np.mean(source != upright(layered.source, orientation)) < 0.1


def test_a_sensor_of_odd_size_is_demosaiced_before(tmp_path: Path) -> None:
    scene = hills(65, 96, seed=5, stops=8)
    bracket = taken(tmp_path, [scene] * 3)
    merged = Robertson03()(bracket, Profile()(bracket))
    assert not merged.from_mosaic
    assert np.median(np.abs(np.log2(merged.rgb / scene))[merged.mask == 0]) < 0.12  # LibRaw's demosaicing


def test_frame_by_frame_gives_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = hills(64, 96, seed=5, stops=10)
    moved = scene.copy()
    moved[20:50, 30:70] *= 30
    bracket = shifted(taken(tmp_path, [scene, scene, moved]), (2, -4))
    mergers = [merger(deghost="high", demosaic="auto") for merger in (Robertson03, Granados10)]
    together = [merger(bracket, Profile()(bracket)) for merger in mergers]
    monkeypatch.setattr(image, "KEPT_BYTES", 0)
    for merger, expected in zip(mergers, together, strict=True):
        alone = merger(bracket, Profile()(bracket))
        assert alone.from_mosaic
        assert np.array_equal(alone.rgb, expected.rgb)
        assert np.array_equal(alone.mask, expected.mask)


def test_what_moved_is_left_out_where_it_is(tmp_path: Path) -> None:
    scene = 0.06 * hills(160, 240, seed=5, stops=6)
    moved = scene.copy()
    moved[40:90, 150:210] = 0.3
    bracket = taken(tmp_path, [scene, scene, moved])
    merged = Granados10(deghost="medium", deghost_reference=1)(bracket, Profile()(bracket), layers=("source",))
    assert merged.from_mosaic
    unused = merged.unused(2)
    assert unused.shape == scene.shape[:2]
    assert unused[45:85, 155:205].min() > 0.99
    assert unused[:, :110].max() == 0
    inside = np.s_[45:85, 155:205]
    assert (merged.source[inside] != 2).all()
    assert np.median(np.abs(np.log2(merged.rgb[inside] / scene[inside]))) < 0.1


def test_layers_are_of_the_whole_size(tmp_path: Path) -> None:
    light = np.full((64, 96, 3), 0.05)
    light[:, 48:] = 40.0
    bracket = taken(tmp_path, [light] * 3)
    merged = Granados10()(bracket, Profile()(bracket), layers=("sigma", "source"))
    assert merged.rgb.shape == merged.sigma.shape == (64, 96, 3)
    assert merged.mask.shape == merged.source.shape == (64, 96)
    assert (merged.mask[:, :46] == 0).all()
    assert (merged.mask[:, 50:] == image.CLIPPED_IN_ALL).all()
    assert (merged.source[:, :46] == 2).all()
    error = (merged.rgb - light)[:, 4:44] / merged.sigma[:, 4:44]
    assert 0.5 < error.std() < 1.1  # the mean of neighbours in two thirds of the colours is less noisy


def test_a_tripod_is_found_and_told(tmp_path: Path) -> None:
    bracket = taken(tmp_path, [hills(240, 360, seed=3, stops=9)] * 3)
    for when, told in (("auto", "after"), ("before", "before")):
        recipe = Recipe.of(values={"merge": {"demosaic": when}})
        result = make([f.name for f in bracket], tmp_path / f"{when}.exr", recipe)
        assert (result.brief["demosaiced"], result.radiance.from_mosaic) == (told, told == "after")
