"""Symmetric positive definite systems of some hundred unknowns, on one thread.

LAPACK's threads wait for each other longer than they compute at this size: with other programs running, three systems
of 255 unknowns took it 0.1 s and more, and this 0.01 s.
"""

from __future__ import annotations

import itertools

import numpy as np

from fullwell.kernels._jit import kernel


@kernel(parallel=False)
def solve(a, b, out):
    """a x = b for a (n, n) float64, symmetric and positive definite, by Cholesky's a = l l^T; x into out (n,)."""
    n = b.size
    lower = np.zeros((n, n))
    for i in range(n):
        row = lower[i]
        for j in range(i + 1):
            other, total = lower[j], a[i, j]
            for k in range(j):
                total -= row[k] * other[k]
            row[j] = total / other[j] if j < i else np.sqrt(total)
        out[i] = b[i]
        for k in range(i):
            out[i] -= row[k] * out[k]
        out[i] /= row[i]
    for i in range(n - 1, -1, -1):
        out[i] /= lower[i, i]
        for k in range(i):
            out[k] -= lower[i, k] * out[i]


def bending(weight):
    """The matrix (n + 2, n + 2) of sum over k of (weight[k] * (x[k] - 2 x[k + 1] + x[k + 2])) ** 2."""
    n = len(weight)
    out, k = np.zeros((n + 2, n + 2)), np.arange(n)
    for (i, p), (j, q) in itertools.product(enumerate((1, -2, 1)), repeat=2):
        out[k + i, k + j] += p * q * weight**2
    return out
