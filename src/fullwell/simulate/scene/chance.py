"""Numbers that look random and are the same each time."""

from __future__ import annotations

import math

import numpy as np

from fullwell.kernels._jit import inline


@inline
def unit(x, y, z):
    n = math.sqrt(x * x + y * y + z * z)
    return x / n, y / n, z / n


@inline
def random(a, b, c):
    """A number in [0, 1) that depends on three whole numbers alone."""
    n = np.uint32(np.uint32(a) * np.uint32(0x9E3779B1) ^ np.uint32(b) * np.uint32(0x85EBCA77))
    n = np.uint32(n ^ np.uint32(c) * np.uint32(0xC2B2AE3D))
    n = np.uint32((n ^ (n >> np.uint32(15))) * np.uint32(0x2C1B3C6D))
    n = np.uint32((n ^ (n >> np.uint32(12))) * np.uint32(0x297A2D39))
    return np.uint32(n ^ (n >> np.uint32(15))) * (1.0 / 4294967296.0)


@inline
def spread(pixel, ray, axis, which):
    """The same, but evenly spread over the rays of a pixel: steps of the golden ratio's cousin in two dimensions."""
    step = 0.7548776662466927 if axis == 0 else 0.5698402909980532
    return (random(pixel, 2 * which + axis, 3) + ray * step) % 1.0


@inline
def cloud(x, y, z):
    """Smooth noise between 0 and 1 on a unit grid."""
    ix, iy, iz = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - ix, y - iy, z - iz
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    total = 0.0
    for k in range(8):
        a, b, c = k & 1, (k >> 1) & 1, k >> 2
        weight = (fx if a else 1 - fx) * (fy if b else 1 - fy) * (fz if c else 1 - fz)
        total += weight * random(int(ix) + a + 1000, int(iy) + b + 1000, int(iz) + c + 1000)
    return total


@inline
def fog(x, y, z):
    """Three octaves of it, each turned against the one before, so that no grid is seen; 0 to 1."""
    total = 0.53 * cloud(x, y, z)
    x, y = 0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y
    total += 0.30 * cloud(2.1 * x + 5.0, 2.1 * y, 2.1 * z)
    x, y = 0.6 * x + 0.8 * y, 0.6 * y - 0.8 * x
    return total + 0.17 * cloud(4.3 * x, 4.3 * y + 9.0, 4.3 * z)
