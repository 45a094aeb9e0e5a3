"""Debevec and Malik's eq. (3) for the response alone: the light of every place is eliminated."""

from __future__ import annotations

import numpy as np

from fullwell.image import Array


def equations(codes: Array, weight: Array, log_t: Array) -> tuple[Array, Array]:
    """What places say of g(0..255), as a matrix and a right-hand side, from codes and weights (n, frames).

    Setting the derivative by ln E_i to 0 gives ln E_i = sum_j w (g - ln t_j) / sum_j w: put back, only g is unknown.
    """
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    a: Array = np.diag(np.bincount(codes.ravel(), weight.ravel(), 256))
    pair = codes[:, :, None] * 256 + codes[:, None, :]
    a -= np.bincount(pair.ravel(), (weight[:, :, None] * share[:, None, :]).ravel(), 65536).reshape(256, 256)
    mean_log_t = (share * log_t).sum(axis=1, keepdims=True)
    b: Array = np.bincount(codes.ravel(), (weight * (log_t - mean_log_t)).ravel(), 256)
    return a, b
