"""What is where in the room, and the plain colours of it. Lengths in metres, y up, z into the picture."""

from __future__ import annotations

import numpy as np

from fullwell.color import Array, srgb_decode

# Numbers of the surfaces; the background is what lies behind the window. The first ones have a pattern.
OUTSIDE, FLOOR, CEILING, BACK, LEFT, RIGHT, TABLE, BOOKS, CHART, RUG, CURTAIN, VASE, SHADE, BULB, MIRROR = range(15)
SHELF, FRAME, WHITE, BRASS, CLAY, ORANGE, LEMON, APPLE, GREEN, STEM, BLUE, OCHRE, GRASS = range(15, 28)
GOLD, ROSE, CREAM = range(28, 31)  # petals
# Share of light that the plain ones give back, sRGB, and their gloss.
PLAIN = {
    SHELF: (0.36, 0.27, 0.20, 0.05), FRAME: (0.88, 0.87, 0.84, 0.10), WHITE: (0.90, 0.89, 0.86, 0.25),
    BRASS: (0.60, 0.48, 0.25, 0.60), CLAY: (0.24, 0.46, 0.52, 0.35), ORANGE: (0.93, 0.50, 0.10, 0.15),
    LEMON: (0.95, 0.82, 0.20, 0.15), APPLE: (0.72, 0.12, 0.12, 0.30), GREEN: (0.55, 0.70, 0.22, 0.30),
    STEM: (0.32, 0.46, 0.20, 0.05), BLUE: (0.18, 0.30, 0.52, 0.08), OCHRE: (0.80, 0.58, 0.24, 0.08),
    GRASS: (0.24, 0.38, 0.30, 0.08), GOLD: (0.93, 0.72, 0.18, 0.0), ROSE: (0.86, 0.36, 0.44, 0.0),
    CREAM: (0.93, 0.88, 0.78, 0.0), TABLE: (0, 0, 0, 0.14), FLOOR: (0, 0, 0, 0.08), VASE: (0, 0, 0, 0.40),
    BOOKS: (0, 0, 0, 0.03),
}  # fmt: skip
MATTER = np.zeros((31, 4))
for _surface, _values in PLAIN.items():
    MATTER[_surface] = (*srgb_decode(np.array(_values[:3])), _values[3])

ROOM = (-2.8, 2.8, 0.0, 2.7, -4.5, 2.6)  # x0, x1, y0, y1, z0, z1
EYE = (0.10, 1.36, -1.10)
WINDOW = (-1.70, -0.10, 0.92, 2.22)  # x0, x1, y0, y1 in the back wall
LAMP = (0.98, 1.255, 1.22)  # the bulb
BULB_RADIUS = 0.045
SUN = (-0.42, 0.50, 0.76)  # where it stands
TOP = 0.76  # of the table

TABLETOP = [
    # Things on the table. x0, x1, y0, y1, z0, z1, surface
    (0.30, 0.60, 0.760, 0.795, 0.98, 1.20, BLUE),
    (0.32, 0.58, 0.795, 0.825, 0.99, 1.18, OCHRE),
    (0.31, 0.56, 0.825, 0.850, 1.00, 1.19, GRASS),
    (-0.787, -0.781, 0.90, 1.36, 1.147, 1.153, STEM),
    (-0.842, -0.836, 0.90, 1.25, 1.127, 1.133, STEM),
    (-0.722, -0.716, 0.90, 1.27, 1.157, 1.163, STEM),
    (-0.752, -0.746, 0.90, 1.18, 1.087, 1.093, STEM),
    (-0.882, -0.876, 0.90, 1.15, 1.187, 1.193, STEM),
    (-0.672, -0.666, 0.90, 1.15, 1.107, 1.113, STEM),
]
TABLE_LEGS = [
    (-1.25, 1.42, 0.715, TOP, 0.55, 1.60, TABLE),
    (-1.18, -1.10, 0.0, 0.715, 0.62, 0.70, TABLE),
    (1.27, 1.35, 0.0, 0.715, 0.62, 0.70, TABLE),
    (-1.18, -1.10, 0.0, 0.715, 1.45, 1.53, TABLE),
    (1.27, 1.35, 0.0, 0.715, 1.45, 1.53, TABLE),
]
BOOKCASE = [
    (2.02, 2.8, 0.0, 2.3, 0.10, 0.14, SHELF),
    (2.02, 2.8, 0.0, 2.3, 2.3, 2.34, SHELF),
    (2.02, 2.8, 0.38, 0.42, 0.14, 2.3, SHELF),
    (2.02, 2.8, 0.85, 0.89, 0.14, 2.3, SHELF),
    (2.02, 2.8, 1.32, 1.36, 0.14, 2.3, SHELF),
    (2.02, 2.8, 1.80, 1.84, 0.14, 2.3, SHELF),
    (2.20, 2.8, 0.42, 0.74, 0.14, 2.1, BOOKS),
    (2.22, 2.8, 0.89, 1.21, 0.14, 2.3, BOOKS),
    (2.20, 2.8, 1.36, 1.67, 0.14, 1.9, BOOKS),
    (2.22, 2.8, 1.84, 2.12, 0.30, 2.3, BOOKS),
]
AT_THE_WINDOW = [
    (-0.93, -0.87, 0.92, 2.22, 2.56, 2.6, FRAME),
    (-1.70, -0.10, 1.72, 1.76, 2.56, 2.6, FRAME),
    (-1.80, 0.0, 0.84, 0.92, 2.40, 2.6, FRAME),
    (-1.78, -1.70, 0.92, 2.30, 2.54, 2.6, FRAME),
    (-0.10, -0.02, 0.92, 2.30, 2.54, 2.6, FRAME),
    (-1.70, -0.10, 2.22, 2.30, 2.54, 2.6, FRAME),
    (-2.30, 0.50, 2.40, 2.43, 2.44, 2.47, BRASS),
    (-2.22, -1.62, 0.10, 2.40, 2.445, 2.465, CURTAIN),
    (-0.18, 0.42, 0.10, 2.40, 2.445, 2.465, CURTAIN),
]
ON_THE_WALL = [
    (0.86, 1.66, 1.32, 1.90, 2.57, 2.6, SHELF),
    (0.89, 1.63, 1.35, 1.87, 2.565, 2.6, FRAME),
    (0.97, 1.55, 1.42, 1.80, 2.56, 2.6, CHART),
]
BALLS = np.array(  # x, y, z, radius, surface; on or above the table
    [
        (0.24, 0.85, 0.80, 0.09, MIRROR),
        (-0.28, 0.865, 0.93, 0.052, ORANGE),
        (-0.18, 0.868, 0.97, 0.050, APPLE),
        (-0.22, 0.860, 0.86, 0.048, LEMON),
        (-0.30, 0.862, 1.03, 0.050, GREEN),
        (-0.20, 0.930, 0.93, 0.050, ORANGE),
        (-0.52, 0.805, 0.78, 0.045, APPLE),
        (-0.60, 0.800, 0.85, 0.040, LEMON),
        (-0.784, 1.37, 1.15, 0.055, GOLD),
        (-0.839, 1.27, 1.13, 0.050, ROSE),
        (-0.719, 1.28, 1.16, 0.052, CREAM),
        (-0.749, 1.19, 1.09, 0.055, ROSE),
        (-0.879, 1.16, 1.19, 0.045, GOLD),
        (-0.669, 1.16, 1.11, 0.045, GOLD),
        (-0.80, 1.02, 1.10, 0.035, STEM),
        (-0.75, 1.01, 1.17, 0.035, STEM),
        (-0.73, 1.03, 1.11, 0.030, STEM),
        (-0.83, 1.05, 1.17, 0.035, STEM),
        (*LAMP, BULB_RADIUS, BULB),
    ]
)
CONES = np.array(  # x, z of the axis, foot y and radius, top y and radius, surface; open at both ends
    [
        (LAMP[0], LAMP[2], 1.265, 0.215, 1.53, 0.125, SHADE),
        (LAMP[0], LAMP[2], TOP, 0.060, 0.90, 0.095, CLAY),
        (LAMP[0], LAMP[2], 0.90, 0.095, 1.04, 0.030, CLAY),
        (LAMP[0], LAMP[2], 1.04, 0.014, 1.22, 0.014, BRASS),
        (-0.78, 1.14, TOP, 0.050, 0.86, 0.078, VASE),
        (-0.78, 1.14, 0.86, 0.078, 0.96, 0.040, VASE),
        (-0.78, 1.14, 0.96, 0.040, 0.99, 0.052, VASE),
        (-0.24, 0.94, TOP, 0.070, 0.85, 0.170, CLAY),
        (0.44, 1.09, 0.85, 0.042, 0.94, 0.046, WHITE),
    ]
)


def _parts() -> tuple[Array, Array]:
    """All boxes, and for each group of things its bounds and the first and last of its boxes, balls and cones."""
    boxes: list[tuple[float, ...]] = []
    parts: list[list[float]] = []
    for group in (TABLETOP, TABLE_LEGS, BOOKCASE, AT_THE_WINDOW, ON_THE_WALL):
        a = np.array(group)
        bounds = [f(a[:, 2 * k + j]) for k in range(3) for j, f in ((0, np.min), (1, np.max))]
        first, rounds = len(boxes), (0, 0)
        boxes += group
        if group is TABLETOP:
            bounds, rounds = [-1.0, 1.25, TOP, 1.56, 0.68, 1.45], (len(BALLS), len(CONES))
        parts.append([*bounds, first, len(boxes), *rounds])
    return np.array(boxes), np.array(parts)


BOXES, PARTS = _parts()

# sRGB of a chart of 6 x 4 patches: skin, sky, leaf; primaries and secondaries; six greys.
PATCHES = srgb_decode(
    np.array(
        [
            (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
            (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
            (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
            (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
        ]
    ) / 255.0
)  # fmt: skip
