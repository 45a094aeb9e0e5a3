"""A room by a window, ray traced: the scene of the demo. Everything that makes HDR hard is in one view.

A bright landscape behind window bars, a lamp with a bare bulb, books in a dark corner, smooth walls, fine wood, a
colour chart and a mirror ball: 14 stops and more between the shadows and the bulb. Lengths in metres, y up, radiance in
units in which a white wall by the window is about 1.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.color import Array, srgb_decode
from fullwell.kernels._jit import inline, kernel

# Numbers of the surfaces; the background is what lies behind the window.
OUTSIDE, FLOOR, CEILING, BACK, LEFT, RIGHT, TABLE, SHELF, BOOKS, SHADE, BULB, STEM, FRAME, CHART = range(14)
MIRROR, RED, GREEN, JUG, RUG = range(14, 19)

ROOM = (-2.8, 2.8, 0.0, 2.7, -4.5, 2.6)  # x0, x1, y0, y1, z0, z1
WINDOW = (-1.9, -0.1, 0.85, 2.25)  # x0, x1, y0, y1 in the back wall
LAMP = (1.18, 1.3, 1.25)  # the bulb
BULB_RADIUS = 0.055
BOXES = np.array(  # x0, x1, y0, y1, z0, z1, surface
    [
        (-0.45, 2.15, 0.70, 0.75, 0.55, 1.75, TABLE),
        (-0.38, -0.30, 0.0, 0.70, 0.62, 0.70, TABLE),
        (2.00, 2.08, 0.0, 0.70, 0.62, 0.70, TABLE),
        (-0.38, -0.30, 0.0, 0.70, 1.60, 1.68, TABLE),
        (2.00, 2.08, 0.0, 0.70, 1.60, 1.68, TABLE),
        (2.25, 2.8, 0.0, 2.3, -0.6, -0.56, SHELF),
        (2.25, 2.8, 0.0, 2.3, 2.0, 2.04, SHELF),
        (2.25, 2.8, 0.30, 0.34, -0.6, 2.0, SHELF),
        (2.25, 2.8, 0.85, 0.89, -0.6, 2.0, SHELF),
        (2.25, 2.8, 1.40, 1.44, -0.6, 2.0, SHELF),
        (2.25, 2.8, 1.95, 1.99, -0.6, 2.0, SHELF),
        (2.40, 2.8, 0.34, 0.68, -0.56, 1.9, BOOKS),
        (2.42, 2.8, 0.89, 1.22, -0.56, 1.6, BOOKS),
        (2.40, 2.8, 1.44, 1.76, -0.4, 2.0, BOOKS),
        (-1.04, -0.98, 0.85, 2.25, 2.55, 2.6, FRAME),
        (-1.9, -0.1, 1.60, 1.65, 2.55, 2.6, FRAME),
        (-1.98, -0.02, 0.78, 0.85, 2.42, 2.6, FRAME),
        (-1.98, -1.9, 0.85, 2.25, 2.54, 2.6, FRAME),
        (-0.1, -0.02, 0.85, 2.25, 2.54, 2.6, FRAME),
        (-1.98, -0.02, 2.25, 2.33, 2.54, 2.6, FRAME),
        (0.32, 1.02, 1.52, 1.98, 2.58, 2.6, CHART),
        (1.165, 1.195, 0.77, 1.24, 1.235, 1.265, STEM),
        (1.06, 1.30, 0.75, 0.77, 1.13, 1.37, STEM),
    ]
)
BALLS = np.array(  # x, y, z, radius, surface
    [
        (0.05, 0.93, 1.15, 0.18, MIRROR),
        (0.52, 0.86, 0.82, 0.11, RED),
        (0.78, 0.83, 1.42, 0.08, GREEN),
        (1.72, 0.89, 1.30, 0.14, JUG),
        (1.72, 1.06, 1.30, 0.07, JUG),
        (*LAMP, BULB_RADIUS, BULB),
    ]
)
SHADE_TOP, SHADE_FOOT, SHADE_Y0, SHADE_Y1 = 0.13, 0.27, 1.2, 1.52

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


def room(width: int = 1200, height: int = 800, samples: int = 2) -> Array:
    """The scene, (height, width, 3) float32, linear Rec.709; `samples` squared rays a pixel. Deterministic."""
    out = np.empty((height, width, 3), np.float32)
    render(BOXES, BALLS, PATCHES, samples, out)
    return out


# Camera and light -----------------------------------------------------------------------------------------------------


@kernel()
def render(boxes, balls, patches, samples, out):
    """One jittered grid of rays a pixel; every random number is a hash of its place."""
    h, w = out.shape[0], out.shape[1]
    for y in prange(h):
        for x in range(w):
            r, g, b = 0.0, 0.0, 0.0
            for k in range(samples * samples):
                u = (x + (k % samples + random(x, y, 2 * k)) / samples - w / 2) / h
                v = (h / 2 - y - (k // samples + random(x, y, 2 * k + 1)) / samples) / h
                dx, dy, dz = unit(1.02 * u + 0.04, 1.02 * v - 0.06, 1.0)
                sr, sg, sb = seen(boxes, balls, patches, 0.15, 1.45, -3.4, dx, dy, dz, y * w + x, k)
                r += sr
                g += sg
                b += sb
            n = samples * samples
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / n, g / n, b / n


@inline
def seen(boxes, balls, patches, ox, oy, oz, dx, dy, dz, pixel, ray):
    """Radiance along a ray."""
    t, surface, nx, ny, nz = hit(boxes, balls, ox, oy, oz, dx, dy, dz)
    if surface == OUTSIDE:
        return landscape(dx, dy, dz)
    px, py, pz = ox + t * dx, oy + t * dy, oz + t * dz
    if surface == BULB:
        return 420.0, 330.0, 215.0
    if surface == SHADE:
        glow = 4.5 * math.exp(-8 * (py - LAMP[1]) ** 2) * (0.9 + 0.2 * cloud(px * 60, py * 60, pz * 60))
        return glow, glow * 0.62, glow * 0.26
    if surface == MIRROR:
        along = dx * nx + dy * ny + dz * nz
        rx, ry, rz = dx - 2 * along * nx, dy - 2 * along * ny, dz - 2 * along * nz
        u, s, mx, my, mz = hit(boxes, balls, px + 1e-4 * nx, py + 1e-4 * ny, pz + 1e-4 * nz, rx, ry, rz)
        if s == OUTSIDE:
            r, g, b = landscape(rx, ry, rz)
        elif s == BULB:
            r, g, b = 420.0, 330.0, 215.0
        elif s == SHADE:
            r, g, b = 3.5, 2.2, 0.9
        else:
            qx, qy, qz = px + u * rx, py + u * ry, pz + u * rz
            r, g, b = lit(boxes, balls, patches, s, qx, qy, qz, mx, my, mz, rx, ry, rz, pixel, ray)
        return 0.85 * r, 0.86 * g, 0.88 * b
    return lit(boxes, balls, patches, surface, px, py, pz, nx, ny, nz, dx, dy, dz, pixel, ray)


@inline
def lit(boxes, balls, patches, surface, px, py, pz, nx, ny, nz, dx, dy, dz, pixel, ray):
    """Light that a matt or varnished surface sends back: window, lamp, and what the room scatters."""
    if nx * dx + ny * dy + nz * dz > 0:
        nx, ny, nz = -nx, -ny, -nz
    ar, ag, ab = colour(patches, surface, px, py, pz)
    gloss = 0.35 if surface in (RED, JUG) else 0.12 if surface in (TABLE, FLOOR) else 0.03 if surface == BOOKS else 0.0
    ox, oy, oz = px + 1e-4 * nx, py + 1e-4 * ny, pz + 1e-4 * nz
    r, g, b = 0.0, 0.0, 0.0

    for k in range(8):  # the window, one place in each of 4 x 2 panes
        wx = WINDOW[0] + (WINDOW[1] - WINDOW[0]) * (k % 4 + spread(pixel, ray, 2 * k)) / 4
        wy = WINDOW[2] + (WINDOW[3] - WINDOW[2]) * (k // 4 + spread(pixel, ray, 2 * k + 1)) / 2
        lx, ly, lz = wx - px, wy - py, ROOM[5] + 0.02 - pz
        far = math.sqrt(lx * lx + ly * ly + lz * lz)
        lx, ly, lz = lx / far, ly / far, lz / far
        facing = nx * lx + ny * ly + nz * lz
        if facing > 0 and hit(boxes, balls, ox, oy, oz, lx, ly, lz)[1] == OUTSIDE:
            area = (WINDOW[1] - WINDOW[0]) * (WINDOW[3] - WINDOW[2]) / 8
            light = 7.0 * facing * max(lz, 0.0) * area / (far * far + 0.05) / math.pi
            shine = light * gloss * highlight(nx, ny, nz, lx, ly, lz, dx, dy, dz)
            r += 0.86 * light * ar + shine
            g += 0.95 * light * ag + shine
            b += 1.12 * light * ab + shine

    for k in range(2):  # the bulb; through the shade comes a little
        jx, jy = spread(pixel, ray, 30 + 2 * k) - 0.5, spread(pixel, ray, 31 + 2 * k) - 0.5
        jz = random(pixel, ray, 40 + k) - 0.5
        lx, ly, lz = LAMP[0] + 0.08 * jx - px, LAMP[1] + 0.08 * jy - py, LAMP[2] + 0.08 * jz - pz
        far = math.sqrt(lx * lx + ly * ly + lz * lz)
        lx, ly, lz = lx / far, ly / far, lz / far
        facing = nx * lx + ny * ly + nz * lz
        if facing > 0:
            t, blocker, _, _, _ = hit(boxes, balls, ox, oy, oz, lx, ly, lz)
            passed = 1.0 if blocker == BULB else 0.10 if blocker == SHADE and t > far - 0.45 else 0.0
            light = 0.30 * passed * facing / (far * far + 0.02)
            shine = 4 * light * gloss * highlight(nx, ny, nz, lx, ly, lz, dx, dy, dz)
            r += 1.30 * light * ar + shine
            g += 0.82 * light * ag + 0.7 * shine
            b += 0.42 * light * ab + 0.4 * shine

    open_ = 0.0  # how far one sees from here: corners are dark
    for k in range(6):
        a, z = 2 * math.pi * (k + spread(pixel, ray, 50 + 2 * k)) / 6, spread(pixel, ray, 51 + 2 * k)
        s = math.sqrt(1 - z * z)
        vx, vy, vz = unit(nx + s * math.cos(a), ny + z * 0.98 - 0.49, nz + s * math.sin(a))
        t, _, _, _, _ = hit(boxes, balls, ox, oy, oz, vx, vy, vz)
        open_ += min(t, 1.2) / 7.2
    near = math.exp(-0.55 * (ROOM[5] - pz)) + 0.02
    dim = 0.25 if px > 2.2 else 1.0
    bounce = 0.12 * near * dim * open_ * open_
    return r + bounce * ar, g + bounce * ag, b + 1.05 * bounce * ab


@inline
def highlight(nx, ny, nz, lx, ly, lz, dx, dy, dz):
    """Blinn's highlight, exponent 80."""
    hx, hy, hz = unit(lx - dx, ly - dy, lz - dz)
    return 8.0 * max(nx * hx + ny * hy + nz * hz, 0.0) ** 80


# Geometry -------------------------------------------------------------------------------------------------------------


@inline
def hit(boxes, balls, ox, oy, oz, dx, dy, dz):
    """Nearest surface along a ray: distance, surface and its normal."""
    t, surface, nx, ny, nz = walls(ox, oy, oz, dx, dy, dz)
    for i in range(boxes.shape[0]):
        near, far, axis = -1e9, 1e9, 0
        for a in range(3):
            o, d = (ox, dx) if a == 0 else (oy, dy) if a == 1 else (oz, dz)
            inv = 1.0 / d if abs(d) > 1e-12 else 1e12
            t0, t1 = (boxes[i, 2 * a] - o) * inv, (boxes[i, 2 * a + 1] - o) * inv
            if min(t0, t1) > near:
                near, axis = min(t0, t1), a
            far = min(far, max(t0, t1))
        if 1e-5 < near < far and near < t:
            t, surface = near, int(boxes[i, 6])
            nx, ny, nz = 1.0 if axis == 0 else 0.0, 1.0 if axis == 1 else 0.0, 1.0 if axis == 2 else 0.0
    for i in range(balls.shape[0]):
        cx, cy, cz, radius = ox - balls[i, 0], oy - balls[i, 1], oz - balls[i, 2], balls[i, 3]
        b = cx * dx + cy * dy + cz * dz
        under = b * b - (cx * cx + cy * cy + cz * cz - radius * radius)
        if under > 0:
            s = -b - math.sqrt(under)
            if 1e-5 < s < t:
                t, surface = s, int(balls[i, 4])
                nx, ny, nz = (cx + s * dx) / radius, (cy + s * dy) / radius, (cz + s * dz) / radius
    # The lamp's shade: a cone without ends.
    slope = (SHADE_TOP - SHADE_FOOT) / (SHADE_Y1 - SHADE_Y0)
    cx, cz, q = ox - LAMP[0], oz - LAMP[2], SHADE_FOOT + slope * (oy - SHADE_Y0)
    a = dx * dx + dz * dz - slope * slope * dy * dy
    b = cx * dx + cz * dz - slope * dy * q
    under = b * b - a * (cx * cx + cz * cz - q * q)
    if under > 0 and abs(a) > 1e-12:
        for sign in (-1.0, 1.0):
            s = (-b + sign * math.sqrt(under)) / a
            y = oy + s * dy
            if 1e-5 < s < t and SHADE_Y0 < y < SHADE_Y1:
                t, surface = s, SHADE
                nx, ny, nz = unit(cx + s * dx, -slope * (SHADE_FOOT + slope * (y - SHADE_Y0)), cz + s * dz)
    return t, surface, nx, ny, nz


@inline
def walls(ox, oy, oz, dx, dy, dz):
    """The inside of the room; through the window one sees OUTSIDE."""
    tx = ((ROOM[1] if dx > 0 else ROOM[0]) - ox) / dx if abs(dx) > 1e-12 else 1e9
    ty = ((ROOM[3] if dy > 0 else ROOM[2]) - oy) / dy if abs(dy) > 1e-12 else 1e9
    tz = ((ROOM[5] if dz > 0 else ROOM[4]) - oz) / dz if abs(dz) > 1e-12 else 1e9
    if tx < ty and tx < tz:
        return tx, RIGHT if dx > 0 else LEFT, 1.0, 0.0, 0.0
    if ty < tz:
        rug = (ox + ty * dx - 0.2) ** 2 / 2.2 + (oz + ty * dz + 0.6) ** 2 / 0.8 < 1
        return ty, CEILING if dy > 0 else RUG if rug else FLOOR, 0.0, 1.0, 0.0
    x, y = ox + tz * dx, oy + tz * dy
    if dz > 0 and WINDOW[0] < x < WINDOW[1] and WINDOW[2] < y < WINDOW[3]:
        return tz, OUTSIDE, 0.0, 0.0, 1.0
    return tz, BACK, 0.0, 0.0, 1.0


# What things are made of ----------------------------------------------------------------------------------------------


@inline
def colour(patches, surface, x, y, z):
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
        a = math.sin(14 * (x - 0.2)) * math.sin(14 * (z + 0.6)) > 0
        weave = 0.75 + 0.25 * cloud(x * 220, 0.0, z * 220)
        return (0.42 * weave, 0.08 * weave, 0.07 * weave) if a else (0.09 * weave, 0.13 * weave, 0.26 * weave)
    if surface == TABLE:
        rings = 0.5 + 0.5 * math.sin(38 * z + 9 * cloud(x * 2.5, y * 3, z * 6))
        fine = 0.85 + 0.15 * cloud(x * 12, y * 90, z * 150)
        return (0.34 + 0.14 * rings) * fine, (0.18 + 0.09 * rings) * fine, (0.08 + 0.045 * rings) * fine
    if surface == BOOKS:
        row, book = int(y * 4), np.int64(math.floor(z * 19 + 0.4 * math.sin(z * 9)))
        hue, light = random(book + 50, row, 7), 0.15 + 0.35 * random(book + 50, row, 8)
        band = 1.8 if 0.42 < (y * 1.82) % 1.0 < 0.47 and hue > 0.35 else 1.0
        edge = z * 19 + 0.4 * math.sin(z * 9) - book
        light *= band * (0.3 if edge < 0.08 else 1.0) * (0.85 + 0.15 * cloud(x * 90, y * 90, z * 90))
        return light * (0.4 + 0.6 * hue), light * (0.3 + 0.5 * abs(hue - 0.5)), light * (0.9 - 0.75 * hue)
    if surface == CHART:
        u, v = (x - 0.32) / 0.70 * 6, (1.98 - y) / 0.46 * 4
        if min(u % 1.0, 1 - u % 1.0) < 0.08 or min(v % 1.0, 1 - v % 1.0) < 0.08:
            return 0.02, 0.02, 0.02
        i = min(int(v), 3) * 6 + min(int(u), 5)
        return patches[i, 0], patches[i, 1], patches[i, 2]
    if surface == SHELF:
        return 0.10, 0.06, 0.035
    if surface == FRAME:
        return 0.75, 0.74, 0.70
    if surface == STEM:
        return 0.20, 0.15, 0.07
    if surface == RED:
        return 0.62, 0.03, 0.03
    if surface == GREEN:
        return 0.10, 0.42, 0.09
    if surface == JUG:
        stripe = 0.25 if math.sin(y * 110) > 0.6 else 1.0
        return 0.12 * stripe, 0.25 * stripe, 0.55
    plaster = 0.94 + 0.06 * cloud(x * 14, y * 14, z * 14)
    if surface in (LEFT, RIGHT):
        return 0.50 * plaster, 0.56 * plaster, 0.52 * plaster
    return 0.72 * plaster, 0.70 * plaster, 0.64 * plaster


@inline
def landscape(dx, dy, dz):
    """Late afternoon: sky and clouds, two ranges of hills, a wood and a meadow."""
    x, y = 3.0 * dx / max(dz, 0.05), dy / max(dz, 0.05)
    far, near = 0.10 + 0.05 * cloud(x * 1.1, 3.0, 0.0), 0.02 + 0.07 * cloud(x * 1.7, 9.0, 0.0)
    wood = -0.03 + 0.035 * cloud(x * 9, 5.0, 0.0) + 0.02 * cloud(x * 37, 6.0, 0.0)
    if y < wood:
        if y < -0.10 + 0.02 * cloud(x * 2.3, 2.0, 0.0):
            blades = 0.7 + 0.5 * cloud(x * 30, y * 160, 0.0)
            return 2.6 * blades, 3.6 * blades, 0.9 * blades
        leaves = 0.35 + 0.9 * cloud(x * 24, y * 70, 1.0) ** 2
        return 1.1 * leaves, 1.9 * leaves, 0.7 * leaves
    if y < near:
        field = 0.8 + 0.4 * cloud(x * 6, y * 60, 2.0)
        return 3.0 * field, 3.7 * field, 1.7 * field
    if y < far:
        return 3.6, 4.3, 5.2
    height = min(max((y - 0.05) / 0.5, 0.0), 1.0)
    puff = cloud(x * 1.3, y * 5.0, 4.0) + 0.5 * cloud(x * 3.1, y * 12.0, 5.0) + 0.25 * cloud(x * 8.0, y * 30.0, 6.0)
    white = min(max((puff - 0.85) * 2.2, 0.0), 1.0)
    glow = 14.0 * math.exp(-6.0 * ((x + 2.1) ** 2 * 0.25 + (y - 0.24) ** 2 * 3.0))
    r, g, b = 5.5 - 3.4 * height, 7.2 - 2.9 * height, 9.5 - 1.2 * height
    return r + white * (11 - r) + glow, g + white * (10.6 - g) + 0.85 * glow, b + white * (10 - b) + 0.6 * glow


# Numbers that look random ---------------------------------------------------------------------------------------------


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
def spread(pixel, ray, which):
    """The same, but evenly spread over the rays of a pixel: steps of the golden ratio's cousin in two dimensions."""
    step = 0.7548776662466927 if which % 2 == 0 else 0.5698402909980532
    return (random(pixel, which, 3) + ray * step) % 1.0


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
