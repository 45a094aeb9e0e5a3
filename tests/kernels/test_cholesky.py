"""Symmetric systems: against LAPACK."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.kernels.cholesky import bending, solve


@pytest.mark.parametrize("n", [1, 2, 7, 255])
def test_solutions_are_lapacks(n: int) -> None:
    rng = np.random.default_rng(n)
    root = rng.normal(size=(n, n))
    a, b, found = root @ root.T + np.eye(n), rng.normal(size=n), np.empty(n)
    a.flags.writeable = False
    solve(a, b, found)
    np.testing.assert_allclose(found, np.linalg.solve(a, b), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 30])
def test_bending_sums_squared_second_differences(n: int) -> None:
    rng = np.random.default_rng(n)
    weight, x = rng.random(n), rng.normal(size=n + 2)
    assert x @ bending(weight) @ x == pytest.approx(np.sum((weight * np.diff(x, 2)) ** 2))
