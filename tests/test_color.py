"""Colour against published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.color import conversion, primaries, srgb_decode, srgb_encode
from fullwell.errors import UsageError


def test_rec709_matrix_and_luminance_are_the_published_ones() -> None:
    """IEC 61966-2-1 and ITU-R BT.709."""
    expected = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    np.testing.assert_allclose(primaries("rec709").to_xyz, expected, atol=2e-4)


def test_rec2020_luminance_is_the_published_one() -> None:
    """ITU-R BT.2020."""
    np.testing.assert_allclose(primaries("rec2020").luminance, [0.2627, 0.6780, 0.0593], atol=5e-5)


def test_srgb_colorants_at_d50_are_those_of_icc_profiles() -> None:
    """The rXYZ, gXYZ and bXYZ of the profile that every sRGB file carries."""
    expected = [[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]]
    np.testing.assert_allclose(primaries("rec709").to_d50, expected, atol=3e-4)


@pytest.mark.parametrize("a", ["rec709", "p3", "rec2020", "acescg"])
@pytest.mark.parametrize("b", ["rec709", "p3", "rec2020", "acescg"])
def test_conversion_keeps_white_and_goes_both_ways(a: str, b: str) -> None:
    np.testing.assert_allclose(conversion(a, b) @ [1, 1, 1], [1, 1, 1], atol=1e-3)
    np.testing.assert_allclose(conversion(b, a) @ conversion(a, b), np.eye(3), atol=1e-12)


def test_p3_green_lies_outside_rec709() -> None:
    assert (conversion("p3", "rec709") @ [0, 1, 0]).min() < -0.01


def test_srgb_values_are_the_published_ones() -> None:
    """18 % grey is code 118 of 255; code 128 is 21.6 % light."""
    assert round(float(srgb_encode(0.18)) * 255) == 118
    assert float(srgb_decode(128 / 255)) == pytest.approx(0.2158605)
    codes = np.arange(256) / 255
    np.testing.assert_allclose(srgb_encode(srgb_decode(codes)), codes, atol=1e-7)


def test_unknown_primaries_get_a_hint() -> None:
    with pytest.raises(UsageError, match="did you mean 'rec2020'"):
        primaries("rec2002")
