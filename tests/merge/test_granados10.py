"""The merge by inverse variance: as near as theory allows, and it says how near."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scenes import bracket_of, hills, rms_stops, true_curve

from fullwell import image
from fullwell.errors import UsageError
from fullwell.image import Bracket, Exposure, Radiance, Response
from fullwell.io import read_bracket
from fullwell.io.photograph import write_photograph
from fullwell.merge._noise import measured, rounding
from fullwell.merge._seen import Seen
from fullwell.merge.granados10 import Granados10
from fullwell.merge.robertson03 import Robertson03
from fullwell.progress import QUIET
from fullwell.simulate import Camera

TIMES = [1 / 8 * 4.0**k for k in range(5)]


def taken(camera: Camera, light: np.ndarray, times: list[float] = TIMES) -> tuple[Bracket, Response]:
    levels = 65536 if camera.bits == 16 else 256
    return bracket_of(camera.shoot(light, times)), Response(true_curve(camera, levels))


def photographed(bracket: Bracket, folder) -> Bracket:
    """The same frames after JPEG."""
    paths = [folder / f"{i}.jpg" for i in range(len(bracket))]
    for frame, path in zip(bracket, paths, strict=True):
        write_photograph(frame.codes(), path, Exposure(frame.exposure.time_s, 8.0, 100.0))
    return read_bracket(paths)


@pytest.mark.parametrize("given", [True, False])
def test_the_variance_is_that_of_the_cramer_rao_bound(given: bool) -> None:
    """Linear data, light where hardly a sample is white or black: 1 / sum of t ** 2 / variance at the true light."""
    camera = Camera("linear", full_well_e=2000, read_noise_e=8, bits=16, seed=3)
    times = [0.25, 1, 4]
    levels = np.geomspace(0.045, 0.2, 40)  # of full well in 1 s; the longest frame is at 0.8 at most
    light = np.repeat(np.repeat(levels, 8)[None, :, None], 3, axis=2).repeat(600, axis=0)
    bracket, response = taken(camera, light, times)
    merger = Granados10(full_well_e=2000, read_noise_e=8) if given else Granados10()
    merged = merger(bracket, response)
    estimate = merged.rgb * merged.to_absolute * response.white / response.table(65536)[-1]
    per_level = estimate.reshape(600, 40, 8, 3).transpose(1, 0, 2, 3).reshape(40, -1)
    t = np.array(times)[:, None]
    bound = 1 / np.sum(t**2 / (levels * t / 2000 + (8 / 2000) ** 2), axis=0)
    np.testing.assert_allclose(per_level.mean(axis=1), levels, rtol=3e-3)  # and no bias
    ratio = per_level.var(axis=1) / bound
    assert 0.95 < ratio.mean() < 1.05
    assert (ratio < 1.1).all()


def test_weights_of_the_pixels_own_value_would_be_worse() -> None:
    """What the pilot is for: with the variance taken at the noisy code dark values pull the mean down."""
    camera = Camera("linear", full_well_e=2000, read_noise_e=3, bits=16, seed=1)
    light = np.full((200, 200, 3), 0.02, np.float32)
    times = [1.0, 1.0, 1.0, 1.0]
    bracket, response = taken(camera, light, times)
    codes = np.stack([f.codes() for f in bracket]) / 65535.0
    own = 1 / (np.maximum(codes, 1e-4) / 2000 + (3 / 2000) ** 2)
    naive = (own * codes).sum(axis=0) / own.sum(axis=0)
    merged = Granados10(full_well_e=2000, read_noise_e=3, low=0.0)(bracket, response)
    assert naive.mean() < 0.985 * codes.mean()
    assert merged.rgb.mean() == pytest.approx(codes.mean(), rel=0.001)


def test_the_merge_is_the_weighted_mean_of_the_paper() -> None:
    """In plain NumPy: photons over time first, then inverse variance at that light."""
    camera = Camera("srgb", full_well_e=5000, seed=2)
    light = hills(60, 80, 5, stops=8)
    bracket, response = taken(camera, light, [0.25, 1.0])
    merger = Granados10(full_well_e=5000, read_noise_e=4)
    merged = merger(bracket, response)
    curve = response.curve[:, 0] / response.white
    codes = np.stack([f.codes() for f in bracket])
    t = np.array([1.0, 4.0])[:, None, None, None]
    share, x = codes / 255, curve[codes]
    fade = np.clip((0.94 - share) / 0.14, 0, 1)
    firm = (share > 0.01) * fade**2 * (3 - 2 * fade)
    with np.errstate(invalid="ignore", divide="ignore"):
        pilot = (firm * x).sum(axis=0) / (firm * t).sum(axis=0)
        seen = pilot * t
        at = np.interp(seen, curve, np.arange(256))
        brightest = np.interp(np.minimum(seen.max(axis=3, keepdims=True), 2 * seen), curve, np.arange(256))
        slope = np.interp(np.rint(at), np.arange(256), np.gradient(curve) * 255)
        variance = seen / 5000 + (4 / 5000) ** 2 + slope**2 / 12 / 255**2
        speaks = (share > 0.01) & (share < 0.985) & (seen > 2 * np.interp(0.01, np.arange(256) / 255, curve))
        fade = np.clip((0.94 - brightest / 255) / 0.14, 0, 1)
        weight = speaks * fade**2 * (3 - 2 * fade) * t**2 / variance
        expected = (weight * x / t).sum(axis=0) / weight.sum(axis=0)
    sure = np.isfinite(expected) & (merged.mask == 0)[..., None]
    assert sure.mean() > 0.9
    error = np.abs(merged.rgb / expected - 1)[sure]
    assert np.median(error) < 1e-4  # weights are looked up at 1/16 of a stop
    assert np.quantile(error, 0.99) < 5e-3


@pytest.mark.parametrize("full_well", [2000, 20000])
def test_the_bracket_tells_its_noise(full_well: int) -> None:
    camera = Camera("linear", full_well_e=full_well, read_noise_e=10, bits=16, seed=4)
    bracket, response = taken(camera, hills(300, 400, 6))
    seen = Seen.of(bracket, response, 0.01, 0.985, False, QUIET)
    noise = measured(seen.registered, seen.curve, seen.times, seen.gains, rounding(65536))
    assert noise.shot == pytest.approx(1 / full_well, rel=0.15)


def test_jpeg_is_found_in_the_noise(tmp_path) -> None:
    bracket, response = taken(Camera("srgb", seed=4), hills(300, 400, 6))
    found = []
    for each in (bracket, photographed(bracket, tmp_path)):
        seen = Seen.of(each, response, 0.01, 0.985, False, QUIET)
        found.append(measured(seen.registered, seen.curve, seen.times, seen.gains, rounding(256)))
    assert found[0].code < 1.3 * rounding(256)
    assert found[1].code > 2 * rounding(256)


@pytest.mark.parametrize("kind", ["linear", "srgb", "film", "srgb JPEG", "film JPEG"])
def test_the_standard_deviation_is_that_of_the_error(kind: str, tmp_path) -> None:
    curve, _, stored = kind.partition(" ")
    camera = Camera(curve, bits=16 if curve == "linear" else 8, seed=5)
    light = hills(600, 800, 7) if stored else hills(300, 400, 7)
    bracket, response = taken(camera, light)
    if stored:
        bracket = photographed(bracket, tmp_path)
    merged = Granados10()(bracket, response, layers=["sigma"])
    known = np.isfinite(merged.sigma)
    assert (merged.sigma[known] > 0).all()
    assert (~known).any(axis=2).sum() == np.count_nonzero(merged.mask)
    truth = light * np.median((merged.rgb / light)[known])
    z = ((merged.rgb - truth) / merged.sigma)[known]
    assert 0.8 < z.std() < 1.25
    bright = merged.rgb[known] > np.median(merged.rgb[known])
    for part in (bright, ~bright):
        assert 0.7 < z[part].std() < 1.4


def test_source_is_the_frame_that_says_most() -> None:
    camera = Camera("linear", bits=16)
    light = np.repeat(np.array([0.01, 0.05, 0.2, 0.8, 3.0, 30.0])[None, :, None], 3, axis=2).repeat(4, axis=0)
    bracket, response = taken(camera, light, [0.25, 1.0, 4.0])
    merged = Granados10(full_well_e=20000)(bracket, response, layers=["source"])
    assert merged.source[0].tolist() == [2, 2, 2, 1, 0, -1]
    left = bracket.replace([dataclasses.replace(bracket.frames[0], left_out="it is dark"), *bracket.frames[1:]])
    merged = Granados10(full_well_e=20000)(left, response, layers=["source"])
    assert merged.source[0].tolist() == [2, 2, 2, 1, -1, -1]  # as the frames were given


def test_layers_frame_by_frame_are_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    bracket, response = taken(Camera("srgb", seed=5), hills(70, 90, 8))
    layers = ("sigma", "source")
    together = Granados10()(bracket, response, layers=layers)
    monkeypatch.setattr(image, "KEPT_BYTES", 0)
    alone = Granados10()(bracket, response, layers=layers)
    for name in ("rgb", "mask", *layers):
        assert np.array_equal(getattr(alone, name), getattr(together, name)), name


def test_layers_follow_the_light() -> None:
    bracket, response = taken(Camera("srgb", seed=5), hills(70, 90, 8))
    plain = Granados10()(bracket, response)
    assert plain.sigma is None
    assert plain.source is None
    merged = Granados10()(bracket, response, layers=("sigma", "source"))
    assert np.array_equal(merged.rgb, plain.rgb)
    part = merged[10:30, 5:50]
    assert part.sigma.shape == (20, 45, 3)
    assert part.source.shape == (20, 45)
    np.testing.assert_allclose(merged.scaled(3.0).sigma, 3 * merged.sigma, rtol=1e-6)
    wide = merged.to("rec2020")
    known = np.isfinite(merged.sigma).all(axis=2)
    assert np.isfinite(wide.sigma[known]).all()
    grey = Radiance(np.ones((1, 1, 3)), sigma=np.ones((1, 1, 3), np.float32)).to("rec2020")
    assert (grey.sigma < 1).all()  # independent errors of positive weights that add up to 1


def test_a_merge_without_a_model_of_noise_says_so() -> None:
    bracket, response = taken(Camera("srgb"), hills(40, 60, 8))
    with pytest.raises(UsageError, match=r"robertson03: cannot tell the layer sigma.*--merge granados10"):
        Robertson03()(bracket, response, layers=["sigma"])


def test_beside_a_clipped_edge_ringing_does_not_outvote_what_is_right() -> None:
    """A pixel that is clipped in the long frame, stored by JPEG just below white."""
    curve = true_curve(Camera("srgb"))
    frames = [np.full((1, 2, 3), code, np.uint8) for code in (150, 255, 255)]
    frames[2][0, 1] = 236  # would say a 35th of the light
    merged = Granados10()(frames, Response(curve), times=[0.25, 4, 16])
    assert merged.rgb[0, 1, 0] == pytest.approx(merged.rgb[0, 0, 0], rel=0.05)


def test_of_frames_that_are_all_near_clipping_the_shortest_speaks() -> None:
    """What is clipped may be stored as a little less, by JPEG, in all frames but the first."""
    curve = true_curve(Camera("srgb"))
    frames = [np.full((1, 2, 3), code, np.uint8) for code in (244, 246, 249)]
    merged = Granados10()(frames, Response(curve), times=[0.25, 4, 64])
    assert merged.rgb[0, 0] == pytest.approx(curve[244] / curve[255] * 16, rel=0.01)
    assert merged.mask[0, 0] == 0


def test_where_frames_disagree_a_sky_has_the_colour_of_one_of_them() -> None:
    """Blue fades in the longer frame, whose red and green would still speak alone, and say less than the other's."""
    curve = true_curve(Camera("srgb"))
    light = np.array([0.65, 0.75, 0.9])
    shorter, longer = (np.interp(light / by, curve / curve[255], np.arange(256)) for by in (4, 1.4))
    frames = [np.rint(codes).astype(np.uint8) * np.ones((1, 4, 1), np.uint8) for codes in (shorter, longer)]
    frames[1][0, :, 2] = 250
    merged = Granados10()(frames, Response(curve), times=[0.25, 1])
    np.testing.assert_allclose(merged.rgb[0, 0] / merged.rgb[0, 0, 2], light / light[2], rtol=0.05)


def test_sigma_is_right_where_only_a_rejected_or_a_faint_frame_speaks() -> None:
    """The variance of a weighted mean has nothing to do with the scale of its weights."""
    bracket, response = taken(Camera("srgb", seed=5), np.full((64, 64, 3), 0.2, np.float32), [1.0, 4.0])
    merger = Granados10(full_well_e=20000)
    seen = Seen.of(bracket, response, merger.low, merger.high, False, QUIET)
    both = merger.combine(seen, ["sigma"]).sigma
    for kept in (0, 1):
        shares = np.ones((2, 1, 1), np.float32)
        shares[1 - kept] = 0
        alone = merger.combine(dataclasses.replace(seen, shares=shares, cell=64), ["sigma"]).sigma
        shares[kept] = 1e-22  # of its weight
        rejected = merger.combine(dataclasses.replace(seen, shares=shares, cell=64), ["sigma"]).sigma
        np.testing.assert_allclose(rejected, alone, rtol=1e-3)
        assert np.median(alone) < 4 * np.median(both)
    frames = [np.full((1, 1, 3), code, np.uint8) for code in (225, 245)]  # trusted, and near clipping
    sure, faint = (merger([f], response, times=[1.0], layers=["sigma"]).sigma[0, 0, 0] for f in frames)
    assert sure < faint < 1.5 * sure


def test_rms_is_nearer_to_what_can_be_known_than_robertsons() -> None:
    light = hills(300, 400, 1)
    bracket, response = taken(Camera("srgb", seed=9), light)
    ours, theirs = Granados10()(bracket, response), Robertson03()(bracket, response)
    seen = (ours.mask == 0) & (theirs.mask == 0)
    assert rms_stops(ours.rgb, light, seen) < rms_stops(theirs.rgb, light, seen)
