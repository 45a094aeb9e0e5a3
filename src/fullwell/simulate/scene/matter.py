"""What things are made of: the share of light that each surface gives back, and the day outside."""

from __future__ import annotations

import math

import numpy as np

from fullwell.kernels._jit import inline
from fullwell.simulate.scene.chance import cloud, fog, random
from fullwell.simulate.scene.layout import (
    APPLE,
    BLUE,
    BOOKS,
    CEILING,
    CHART,
    CREAM,
    CURTAIN,
    FLOOR,
    GRASS,
    OCHRE,
    RUG,
    SHELF,
    TABLE,
    VASE,
)


@inline
def colour(matter, patches, surface, x, y, z):
    """Share of light that a surface gives back, per channel."""
    if surface == FLOOR:
        plank = math.floor(x * 6.0)
        grain = cloud(x * 40.0, plank * 7.3, z * 2.2) + 0.5 * cloud(x * 160.0, plank, z * 9.0)
        tone = (0.55 + 0.35 * random(int(plank) + 99, np.int64(math.floor(z * 0.7 + 0.37 * plank)) + 99, 5)) * (
            0.6 + 0.4 * grain
        )
        gap = 0.35 if x * 6.0 - plank < 0.035 else 1.0
        return 0.42 * tone * gap, 0.25 * tone * gap, 0.13 * tone * gap
    if surface == RUG:
        edge = min(1.9 - abs(x - 0.1), 1.3 - abs(z - 0.7))
        weave = 0.75 + 0.25 * cloud(x * 220, 0.0, z * 220)
        if 0.10 < edge < 0.16 or edge < 0.02:
            return 0.55 * weave, 0.45 * weave, 0.30 * weave
        return 0.30 * weave, 0.055 * weave, 0.05 * weave
    if surface == TABLE:
        rings = 0.5 + 0.5 * math.sin(34 * z + 7 * fog(x * 1.2, y * 3, z * 5))
        fine = 0.82 + 0.18 * cloud(x * 9, y * 90, z * 170)
        return (0.30 + 0.13 * rings) * fine, (0.135 + 0.07 * rings) * fine, (0.05 + 0.026 * rings) * fine
    if surface == BOOKS:
        row, book = int(y * 4), np.int64(math.floor(z * 21 + 0.4 * math.sin(z * 9)))
        pick, light = int(6 * random(book + 50, row, 7)), 0.5 + 0.5 * random(book + 50, row, 8)
        edge = z * 21 + 0.4 * math.sin(z * 9) - book
        light *= 0.3 if edge < 0.08 else 1.0
        if 0.42 < (y * 1.82) % 1.0 < 0.47:
            return 0.45 * light, 0.36 * light, 0.16 * light
        s = (BLUE, OCHRE, GRASS, APPLE, SHELF, CREAM)[pick]
        return 0.8 * light * matter[s, 0], 0.8 * light * matter[s, 1], 0.8 * light * matter[s, 2]
    if surface == CHART:
        u, v = (x - 0.97) / 0.58 * 6, (1.80 - y) / 0.38 * 4
        if min(u % 1.0, 1 - u % 1.0) < 0.05 or min(v % 1.0, 1 - v % 1.0) < 0.05:
            return 0.03, 0.03, 0.03
        i = min(int(v), 3) * 6 + min(int(u), 5)
        return patches[i, 0], patches[i, 1], patches[i, 2]
    if surface == VASE:
        stripe = 0.35 if abs((y * 22) % 1.0 - 0.5) < 0.12 else 1.0
        return 0.75 * stripe, 0.76 * stripe, 0.74 * (0.4 + 0.6 * stripe)
    if surface == CURTAIN:
        thread = 0.9 + 0.1 * cloud(x * 300, y * 300, 0.0)
        return 0.66 * thread, 0.52 * thread, 0.30 * thread
    if surface >= SHELF:
        return matter[surface, 0], matter[surface, 1], matter[surface, 2]
    plaster = 0.95 + 0.05 * fog(x * 9, y * 9, z * 9)
    if surface == CEILING:
        return 0.74 * plaster, 0.73 * plaster, 0.70 * plaster
    return 0.52 * plaster, 0.53 * plaster, 0.46 * plaster


RANGES = ((4.6, 5.3, 6.3), (2.9, 3.7, 3.4), (2.4, 3.1, 1.3), (0.55, 0.85, 0.28))  # from blue hills to dark trees


@inline
def landscape(dx, dy, dz):
    """Late afternoon, a little out of focus: sky and clouds, ranges of hills, trees and a meadow."""
    x, y = 3.0 * dx / max(dz, 0.05), dy / max(dz, 0.05)
    height = min(max((y + 0.02) / 0.42, 0.0), 1.0)
    puff = fog(x * 1.3 + 3.0, y * 6.0, 4.0)
    white = min(max((puff - 0.50) * 4.0, 0.0), 1.0) * min(max(y * 12.0, 0.0), 1.0)
    glow = 12.0 * math.exp(-5.0 * ((x + 1.5) ** 2 * 0.25 + (y - 0.16) ** 2 * 4.0))
    r, g, b = 6.0 - 3.9 * height, 7.4 - 3.0 * height, 9.2 - 0.9 * height
    r, g, b = r + white * (11 - r) + glow, g + white * (10.6 - g) + 0.86 * glow, b + white * (10 - b) + 0.6 * glow
    for k in range(4):  # ranges, from the farthest
        top = 0.045 - 0.035 * k + (0.05 + 0.012 * k) * (fog(x * (0.7 + 0.5 * k), 11.0 * k + 3.0, 0.0) - 0.5)
        if k == 3:
            top += 0.10 * (fog(x * 5.0, 77.0, 0.0) - 0.42)
        cover = min(max((top - y) * 90.0, 0.0), 1.0)  # soft
        shade = 0.75 + 0.5 * fog(x * 3.0 * (k + 1), y * 22.0, 5.0 * k)
        hr, hg, hb = RANGES[k]
        if k == 3:
            shade = 0.35 + 1.6 * fog(x * 9.0, y * 34.0, 9.0) ** 2
        r, g, b = r + cover * (hr * shade - r), g + cover * (hg * shade - g), b + cover * (hb * shade - b)
    lawn = min(max((-0.125 + 0.02 * fog(x * 1.5, 1.0, 2.0) - y) * 60.0, 0.0), 1.0)
    blades = 0.8 + 0.4 * fog(x * 8.0, y * 60.0, 3.0)
    return r + lawn * (2.1 * blades - r), g + lawn * (3.0 * blades - g), b + lawn * (0.8 * blades - b)
