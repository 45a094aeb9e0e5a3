"""Logarithm and exponential, compiled as kernels compile them, against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.kernels._jit import f, kernel
from fullwell.kernels.vecmath import exp2f, log2f


@kernel(parallel=False)
def logarithms(x, out):
    for i in range(x.size):
        out[i] = log2f(x[i])


@kernel(parallel=False)
def exponentials(x, out):
    for i in range(x.size):
        out[i] = exp2f(x[i])


def computed(kernel, x):
    out = np.empty_like(x)
    kernel(x, out)
    return out.astype(np.float64)


@pytest.mark.parametrize("ends", [(-126, -100), (-1, 0), (0, 1), (5, 10), (100, 127)])
def test_exp2f_is_as_near_as_it_says(ends):
    x = np.linspace(*ends, 200_001).astype(np.float32)
    assert np.abs(computed(exponentials, x) / np.exp2(x.astype(np.float64)) - 1).max() < 1.2e-7


def test_log2f_is_as_near_as_it_says():
    near = np.linspace(0.71, 1.41, 200_001).astype(np.float32)
    assert np.abs(computed(logarithms, near) - np.log2(near.astype(np.float64))).max() < 1.8e-7
    far = np.exp2(np.linspace(0.5, 60, 200_001)).astype(np.float32)
    for x in (far, 1 / far):
        exact = np.log2(x.astype(np.float64))
        assert np.abs(computed(logarithms, x) / exact - 1).max() < 3.4e-7


def test_what_is_no_positive_number_is_black_and_infinity_white():
    x = np.array([0, -1, np.nan, -np.inf, 1e-45, np.inf], f)
    np.testing.assert_array_equal(computed(logarithms, x), [-126] * 5 + [128])
    x = np.array([np.nan, -np.inf, -200, np.inf, 200], f)
    np.testing.assert_array_equal(computed(exponentials, x), [2.0**-126] * 3 + [2.0**127] * 2)
