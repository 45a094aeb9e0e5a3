"""What a ray meets: walls, boxes, balls and cones, skipping groups of things that it passes by."""

from __future__ import annotations

import math

from fullwell.kernels._jit import inline
from fullwell.simulate.scene.chance import unit
from fullwell.simulate.scene.layout import BACK, CEILING, FLOOR, LEFT, OUTSIDE, RIGHT, ROOM, RUG, WINDOW


@inline
def hit(things, ox, oy, oz, dx, dy, dz):
    """Nearest surface along a ray: distance, surface and its normal."""
    boxes, balls, cones, parts = things
    t, surface, nx, ny, nz = walls(ox, oy, oz, dx, dy, dz)
    for p in range(parts.shape[0]):
        near, far, _ = slab(parts, p, ox, oy, oz, dx, dy, dz)
        if not (near < far and far > 1e-5 and near < t):
            continue
        for i in range(int(parts[p, 6]), int(parts[p, 7])):
            near, far, axis = slab(boxes, i, ox, oy, oz, dx, dy, dz)
            if 1e-5 < near < far and near < t:
                t, surface = near, int(boxes[i, 6])
                nx, ny, nz = 1.0 if axis == 0 else 0.0, 1.0 if axis == 1 else 0.0, 1.0 if axis == 2 else 0.0
        for i in range(int(parts[p, 8])):
            cx, cy, cz, radius = ox - balls[i, 0], oy - balls[i, 1], oz - balls[i, 2], balls[i, 3]
            b = cx * dx + cy * dy + cz * dz
            under = b * b - (cx * cx + cy * cy + cz * cz - radius * radius)
            if under > 0:
                s = -b - math.sqrt(under)
                if 1e-5 < s < t:
                    t, surface = s, int(balls[i, 4])
                    nx, ny, nz = (cx + s * dx) / radius, (cy + s * dy) / radius, (cz + s * dz) / radius
        for i in range(int(parts[p, 9])):
            foot, slope = cones[i, 2], (cones[i, 5] - cones[i, 3]) / (cones[i, 4] - cones[i, 2])
            cx, cz, q = ox - cones[i, 0], oz - cones[i, 1], cones[i, 3] + slope * (oy - foot)
            a = dx * dx + dz * dz - slope * slope * dy * dy
            b = cx * dx + cz * dz - slope * dy * q
            under = b * b - a * (cx * cx + cz * cz - q * q)
            if under > 0 and abs(a) > 1e-12:
                for sign in (-1.0, 1.0):
                    s = (-b + sign * math.sqrt(under)) / a
                    y = oy + s * dy
                    if 1e-5 < s < t and foot < y < cones[i, 4]:
                        t, surface = s, int(cones[i, 6])
                        radius = cones[i, 3] + slope * (y - foot)
                        nx, ny, nz = unit(cx + s * dx, -slope * radius, cz + s * dz)
    return t, surface, nx, ny, nz


@inline
def slab(boxes, i, ox, oy, oz, dx, dy, dz):
    """Where a ray enters and leaves a box, and the axis of the side where it enters."""
    near, far, axis = -1e9, 1e9, 0
    for a in range(3):
        o, d = (ox, dx) if a == 0 else (oy, dy) if a == 1 else (oz, dz)
        inv = 1.0 / d if abs(d) > 1e-12 else 1e12
        t0, t1 = (boxes[i, 2 * a] - o) * inv, (boxes[i, 2 * a + 1] - o) * inv
        if min(t0, t1) > near:
            near, axis = min(t0, t1), a
        far = min(far, max(t0, t1))
    return near, far, axis


@inline
def walls(ox, oy, oz, dx, dy, dz):
    """The inside of the room; through the window one sees OUTSIDE."""
    tx = ((ROOM[1] if dx > 0 else ROOM[0]) - ox) / dx if abs(dx) > 1e-12 else 1e9
    ty = ((ROOM[3] if dy > 0 else ROOM[2]) - oy) / dy if abs(dy) > 1e-12 else 1e9
    tz = ((ROOM[5] if dz > 0 else ROOM[4]) - oz) / dz if abs(dz) > 1e-12 else 1e9
    if tx < ty and tx < tz:
        return tx, RIGHT if dx > 0 else LEFT, 1.0, 0.0, 0.0
    if ty < tz:
        rug = abs(ox + ty * dx - 0.1) < 1.9 and abs(oz + ty * dz - 0.7) < 1.3
        return ty, CEILING if dy > 0 else RUG if rug else FLOOR, 0.0, 1.0, 0.0
    x, y = ox + tz * dx, oy + tz * dy
    if dz > 0 and WINDOW[0] < x < WINDOW[1] and WINDOW[2] < y < WINDOW[3]:
        return tz, OUTSIDE, 0.0, 0.0, 1.0
    return tz, BACK, 0.0, 0.0, 1.0
