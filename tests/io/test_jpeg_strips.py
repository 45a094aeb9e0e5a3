"""JPEGs coded in strips are the JPEGs of the whole."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from fullwell.io import jpeg, jpeg_strips


@pytest.mark.parametrize("size", [(1, 1), (256, 40), (257, 40), (700, 33), (2600, 17), (300, 16_400)])
@pytest.mark.parametrize(("channels", "quality"), [(3, 95), (3, 80), (1, 95), (1, 80)])
def test_strips_decode_as_the_whole(size: tuple[int, int], channels: int, quality: int) -> None:
    """By two decoders; the coefficients are those of the picture coded at once, of which only restarts differ."""
    rng = np.random.default_rng(5)
    rough = rng.integers(0, 256, (-(-size[0] // 9), -(-size[1] // 9), channels)).repeat(9, 0).repeat(9, 1)
    codes = (rough[: size[0], : size[1]] * 0.9 + rng.uniform(0, 25, (*size, channels))).astype(np.uint8)
    if channels == 1:
        whole = imagecodecs.jpeg8_encode(codes[:, :, 0], quality)
    else:
        whole = imagecodecs.jpeg8_encode(codes, quality, subsampling="444" if quality >= 90 else "420")
    data, shown = jpeg_strips.encode_and_decode(codes, quality)
    assert data == jpeg_strips.encode(codes, quality)
    expected = imagecodecs.jpeg8_decode(whole)
    np.testing.assert_array_equal(imagecodecs.jpeg8_decode(data), expected)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(Image.open(io.BytesIO(whole))))
    off = np.abs(shown.astype(int).reshape(expected.shape) - expected)
    assert off.max() == 0 if channels == 1 or quality >= 90 else np.count_nonzero(off) < 0.02 * off.size
    assert len(data) < len(whole) + 12 * (size[0] // 8 + 1)
    markers = [marker for marker, _, _ in jpeg.segments(data)]
    assert markers[-1] == jpeg.EOI


def test_a_side_that_a_jpeg_cannot_hold() -> None:
    with pytest.raises(ValueError, match="at most 65500 pixels a side"):
        jpeg_strips.encode(np.zeros((1, 65_501, 3), np.uint8), 95)
