"""Exposure fusion: against a slow NumPy version of the paper, and what must hold whatever the frames are."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from oracles import expanded, padded, reduced

from fullwell.color import srgb_decode, srgb_encode
from fullwell.fuse import Mertens07
from fullwell.image import Bracket, Frame, Pose
from fullwell.kernels import _jit
from fullwell.kernels.pyramid import add_expanded, reduce, sizes


def frames(h, w, seed=0, times=(0.1, 0.4, 1.5)):
    """8-bit frames of a smooth coloured scene with texture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w] / max(h, w)
    tint = np.stack([np.sin(5 * x + 2 * y), np.cos(4 * x * y), np.sin(7 * y)], axis=-1)
    light = 2.0 ** (3 * np.sin(6 * x - 3 * y)[..., None] + tint + 0.2 * rng.standard_normal((h, w, 3)))
    return [np.round(255 * np.clip(light * t, 0, 1) ** (1 / 2.2)).astype(np.uint8) for t in times]


def slow_fusion(codes, wc=1.0, ws=1.0, we=1.0):
    """The paper in float64: fused code values (h, w, 3), 0 to 1."""
    images = [c / np.iinfo(c.dtype).max for c in codes]
    weights = []
    for x in images:
        h, w = x.shape[:2]
        gray = np.take(np.take(x @ [0.299, 0.587, 0.114], padded(h, 1, 1), axis=0), padded(w, 1, 1), axis=1)
        lap = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:] - 4 * gray[1:-1, 1:-1]
        contrast = np.maximum(np.abs(lap), 1 / 255)
        saturation = np.maximum(np.sqrt(((x - x.mean(axis=2, keepdims=True)) ** 2).sum(axis=2)), 1 / 255)
        exposed = np.exp(-((x - 0.5) ** 2) / (2 * 0.2**2)).prod(axis=2)
        weights.append(contrast**wc * saturation**ws * exposed**we + 1e-12)
    total = sum(weights)
    levels = int(np.log2(min(images[0].shape[:2])))
    fused = [0.0] * (levels + 1)
    for x, weight in zip(images, weights, strict=True):
        g = (weight / total)[..., None]
        for k in range(levels):
            smaller = reduced(x)
            fused[k] = fused[k] + g * (x - expanded(smaller, x.shape))
            x, g = smaller, reduced(g)
        fused[levels] = fused[levels] + g * x
    out = fused[levels]
    for k in reversed(range(levels)):
        out = fused[k] + expanded(out, fused[k].shape)
    return np.clip(out, 0, 1)


@pytest.mark.parametrize("size", [(64, 96), (47, 61), (2, 5), (1, 8), (3, 1)])
@pytest.mark.parametrize("weights", [(1, 1, 1), (0.5, 0, 2)])
def test_agrees_with_the_paper_in_numpy(size, weights):
    given = frames(*size)
    names = ("contrast_weight", "saturation_weight", "exposure_weight")
    picture = Mertens07(**dict(zip(names, weights, strict=True)))(given)
    np.testing.assert_allclose(picture.rgb, srgb_decode(slow_fusion(given, *weights)), atol=2e-5)


@pytest.mark.parametrize("size", [(8, 8), (9, 13), (2, 3), (1, 4), (5, 1)])
def test_pyramid_levels(size):
    image = np.random.default_rng(0).random((*size, 4), dtype=np.float32)
    smaller = np.empty(((size[0] + 1) // 2, (size[1] + 1) // 2, 4), np.float32)
    reduce(image, smaller)
    np.testing.assert_allclose(smaller, reduced(image.astype(np.float64)), atol=1e-6)
    grown = np.zeros_like(image)
    add_expanded(smaller, grown)
    np.testing.assert_allclose(grown, expanded(smaller.astype(np.float64), size), atol=1e-6)
    assert sizes(9, 13) == [(9, 13), (5, 7), (3, 4), (2, 2)]


def test_equal_frames_fuse_to_that_frame():
    codes = frames(33, 58)[1]
    picture = Mertens07()([codes, codes, codes])
    np.testing.assert_allclose(picture.rgb, srgb_decode(codes / 255), atol=1e-5)
    np.testing.assert_array_equal(np.round(srgb_encode(picture.rgb) * 255), codes)


def test_depth_does_not_matter():
    eight = frames(40, 50)
    sixteen = [c.astype(np.uint16) * 257 for c in eight]
    reals = [c / 255.0 for c in eight]
    expected = Mertens07()(eight).rgb
    for given in (sixteen, reals, [eight[0], *sixteen[1:]]):
        np.testing.assert_allclose(Mertens07()(given).rgb, expected, atol=1e-5)


@pytest.mark.parametrize("shift", [(5, -3), (-4, 6), (0, 7), (-2, 0)])
def test_poses_lay_the_frames_over_each_other(shift):
    """A scene in a plain surround: a frame that looked elsewhere shows it moved, with the surround coming in."""
    scene = np.full((48, 64, 3), 90, np.uint8)
    scene[12:36, 12:52] = frames(24, 40)[1]
    seen = np.roll(scene, (-shift[0], -shift[1]), axis=(0, 1))
    bracket = Bracket((Frame("a", scene, (48, 64)), Frame("b", seen, (48, 64), pose=Pose("shift", shift))), 0)
    np.testing.assert_allclose(Mertens07()(bracket).rgb, srgb_decode(scene / 255), atol=1e-5)


def test_pixels_outside_a_frame_have_no_weight():
    left = np.full((32, 64, 3), 255, np.uint8)
    dull = np.full((32, 64, 3), 60, np.uint8)
    poses = [Pose(), Pose("shift", (0, 32))]  # the well exposed frame covers the right half only
    pair = tuple(Frame(str(i), a, (32, 64), pose=p) for i, (a, p) in enumerate(zip((left, dull), poses, strict=True)))
    rgb = Mertens07()(Bracket(pair, 0)).rgb
    assert (rgb[:, 0] > 0.6).all()
    assert (rgb[:, -1] < 0.4).all()
    far = Bracket((pair[0], pair[1].replace(pose=Pose("shift", (0, 500)))), 0)  # no overlap at all
    assert np.isfinite(Mertens07()(far).rgb).all()


def test_neutral_pixels_are_not_decided_by_rounding_noise():
    gray = [np.repeat(f[:, :, 1:2], 3, axis=2) for f in frames(64, 80)]
    rng = np.random.default_rng(1)
    dithered = [np.clip(g + rng.integers(0, 2, g.shape), 0, 255).astype(np.uint8) for g in gray]
    a, b = (srgb_encode(Mertens07()(g).rgb) for g in (gray, dithered))
    assert np.abs(a - b).mean() < 0.01


def test_memory_does_not_grow_with_the_number_of_frames():
    codes = frames(200, 300)

    def peak(count):
        bracket = Bracket(tuple(Frame(str(i), lambda i=i: codes[i % 3].copy(), (200, 300)) for i in range(count)))
        tracemalloc.start()
        Mertens07()(bracket)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(2)
    ahead = _jit.thread_count() * 200 * 300 * 3  # one frame is decoded ahead on each core
    assert peak(12) < 1.02 * peak(2) + ahead
