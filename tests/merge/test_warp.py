"""A moved frame is resampled once: sharp, without ringing, and what is clipped stays so."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import handheld, rms_stops, true_curve

from fullwell.color import srgb_decode
from fullwell.fuse.mertens07 import Mertens07
from fullwell.image import Bracket, Pose, Response
from fullwell.kernels.warp import lay, shifted_spans
from fullwell.merge.debevec97 import Debevec97
from fullwell.merge.robertson03 import Robertson03
from fullwell.progress import QUIET
from fullwell.response._samples import sample
from fullwell.simulate import Camera

CURVE = srgb_decode(np.linspace(0, 1, 256))[:, None].repeat(3, axis=1)
LINEAR = np.linspace(0, 1, 65536)[:, None].repeat(3, axis=1)


def shifted(dy: float, dx: float) -> np.ndarray:
    return np.array([[1, 0, -dx], [0, 1, -dy], [0, 0, 1.0]])


@pytest.mark.parametrize("shift", [(0, 0), (3, -5), (-2, 7), (-90, 4)])
def test_whole_pixels_move_the_codes_and_nothing_else(shift: tuple[int, int]) -> None:
    codes = np.random.default_rng(0).integers(0, 250, (70, 90, 3), np.uint8)
    out, spans = lay(codes, shifted(*shift), CURVE, 252)
    assert np.array_equal(spans, shifted_spans(shift, (70, 90)))
    for y, (first, last) in enumerate(spans):
        for x in (first, (first + last) // 2, last - 1) if last > first else ():
            np.testing.assert_allclose(out[y, x] / 257, codes[y - shift[0], x - shift[1]], atol=0.02)


def test_a_smooth_scene_is_where_it_belongs() -> None:
    """A similarity of waves 8 pixels long: linear interpolation misses 7 % of their height."""
    y, x = np.mgrid[0:80, 0:100].astype(np.float64)

    def wave(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 0.5 + 0.3 * np.sin(2 * np.pi * (x + 0.3 * y) / 8)

    m = np.array([[1.01, 0.02, -3.3], [-0.02, 1.01, 2.6], [0, 0, 1]])
    codes = np.round(wave(x, y)[..., None].repeat(3, axis=2) * 65535).astype(np.uint16)
    out, spans = lay(codes, m, LINEAR, 65536)
    expected = wave(m[0, 0] * x + m[0, 1] * y + m[0, 2], m[1, 0] * x + m[1, 1] * y + m[1, 2])
    inside = (x >= spans[:, :1] + 2) & (x < spans[:, 1:] - 2) & (y > 3) & (y < 76)
    assert np.abs(out[..., 1] / 65535 - expected)[inside].max() < 0.03
    assert np.sqrt(np.mean((out[..., 1] / 65535 - expected)[inside] ** 2)) < 0.006


def test_an_edge_does_not_ring() -> None:
    codes = np.zeros((40, 60, 3), np.uint16)
    codes[:] = 100
    codes[:, 30:] = 60000
    out, _ = lay(codes, shifted(0.3, 0.4), LINEAR, 65536)
    assert out.min() == 100
    assert out.max() == 60000


def test_beside_a_clipped_pixel_only_what_it_touches_is_clipped() -> None:
    codes = np.full((20, 20, 3), 100, np.uint8)
    codes[10, 10, 0] = 255
    out, _ = lay(codes, shifted(0.5, 0.5), CURVE, 252)
    lit = np.argwhere(out[..., 0] == 65535)
    assert sorted(map(tuple, lit)) == [(10, 10), (10, 11), (11, 10), (11, 11)]
    others = np.delete(out[..., 0].ravel(), [20 * y + x for y, x in lit])
    assert (np.abs(others / 257.0 - 100) < 0.1).all()
    assert (np.abs(out[..., 1] / 257.0 - 100) < 0.1).all()


@pytest.mark.parametrize("merger", [Debevec97(), Robertson03()])
def test_merged_where_it_belongs(merger) -> None:
    """Shift, roll, scale and perspective known: within 0.07 stops of the light; taken as unmoved, many times worse."""
    bracket, motions, light = handheld([1 / 8, 1 / 2, 2.0], 1, (160, 240))
    response = Response(true_curve(Camera("srgb")))
    placed = bracket.replace(
        [f.replace(pose=Pose.of("homography", m, f.shape)) for f, m in zip(bracket, motions, strict=True)]
    )
    rows, columns = placed.common
    merged, blurred = merger(placed, response), merger(bracket, response)
    measured = merged.mask[rows, columns] == 0
    error, worse = (
        rms_stops(r.rgb[rows, columns][measured], light[rows, columns][measured]) for r in (merged, blurred)
    )
    assert error < 0.07
    assert worse > 5 * error


def test_the_frame_of_reference_is_not_touched_and_borders_are_its_own() -> None:
    bracket, _, _ = handheld([1 / 8, 1 / 2, 2.0], 2, (80, 120))
    far = shifted(300.0, 0.5)  # two frames that do not overlap at all
    alone = Bracket((bracket.frames[1],), 0)
    frames = [f if i == 1 else f.replace(pose=Pose.of("shift", far, f.shape)) for i, f in enumerate(bracket)]
    response = Response(true_curve(Camera("srgb")))
    one, all_three = Robertson03()(alone, response), Robertson03()(bracket.replace(frames), response)
    firm = bracket.frames[1].codes().max(axis=2) < 235  # above that a shorter frame is believed, where there is one
    assert firm.mean() > 0.5
    np.testing.assert_allclose(all_three.rgb[firm], one.rgb[firm], rtol=2e-4)
    np.testing.assert_array_equal(all_three.mask[firm], one.mask[firm])


def test_fusion_follows_the_motion_too() -> None:
    bracket, motions, light = handheld([1 / 8, 1 / 2, 2.0], 3, (160, 240))
    placed = bracket.replace(
        [f.replace(pose=Pose.of("homography", m, f.shape)) for f, m in zip(bracket, motions, strict=True)]
    )
    rows, columns = placed.common
    still, _, _ = handheld([1 / 8, 1 / 2, 2.0], 3, (160, 240))
    still = still.replace([f.replace(source=_unmoved(light, f.exposure.time_s)) for f in still])
    good, bad, best = (Mertens07()(b).rgb[rows, columns] for b in (placed, bracket, still))
    assert np.abs(good - best).mean() < 0.25 * np.abs(bad - best).mean()


def _unmoved(light: np.ndarray, time_s: float) -> np.ndarray:
    return Camera("srgb").expose(light, time_s, np.random.default_rng(0))


def test_samples_of_the_response_follow_the_motion() -> None:
    """The same place gives the same light in every frame that does not clip it."""
    camera = Camera("srgb")
    bracket, motions, _ = handheld([1 / 8, 1 / 2, 2.0], 4, (160, 240))
    placed = bracket.replace(
        [f.replace(pose=Pose.of("homography", m, f.shape)) for f, m in zip(bracket, motions, strict=True)]
    )

    def miss(b: Bracket) -> float:
        codes, exposures = sample(b, 800, QUIET)
        stops = np.log2(np.maximum(camera.decode(codes / 255), 1e-6) / exposures[:, None])
        seen = ((codes > 20) & (codes < 240))[:, :2].all(axis=1)
        return float(np.std((stops[:, 1] - stops[:, 0])[seen]))

    assert miss(placed) < 0.25
    assert miss(placed) < 0.2 * miss(bracket)


def test_common_is_what_all_frames_show() -> None:
    bracket, _, _ = handheld([1 / 8, 1 / 2, 2.0], 5, (80, 120))
    poses = [shifted(3, -5), np.eye(3), shifted(-2.5, 4.0)]
    placed = bracket.replace(
        [f.replace(pose=Pose.of("shift", p, f.shape)) for f, p in zip(bracket, poses, strict=True)]
    )
    assert placed.common == (slice(3, 77), slice(4, 115))


def test_a_pose_says_what_lays_the_frame_over_the_reference() -> None:
    angle = np.radians(2.0)
    m = 1.25 * np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 0.8]])
    pose = Pose.of("similarity", m, (101, 101))
    assert pose.roll_deg == pytest.approx(-2.0)
    assert pose.scale == pytest.approx(0.8)
    assert Pose.of("shift", shifted(4, -3), (80, 90)) == Pose("shift", (4, -3))
    np.testing.assert_allclose(Pose("shift", (4, -3)).matrix, shifted(4, -3))
