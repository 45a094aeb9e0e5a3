"""A room by a window, ray traced: the scene of the demo. Everything that makes HDR hard is in one view.

A bright afternoon behind the window, a lamp whose bulb peeks out, fruit and flowers on a table, books in a dark corner,
smooth walls, fine wood, a chart of colours in a frame and a mirror ball: 14 stops and more between the shadows and the
bulb. Lengths in metres, y up, radiance in units in which a white wall by the window is about 1.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.color import Array
from fullwell.kernels._jit import inline, kernel
from fullwell.simulate.scene.chance import cloud, random, spread, unit
from fullwell.simulate.scene.layout import (
    BALLS,
    BOXES,
    BULB,
    CONES,
    CURTAIN,
    EYE,
    GOLD,
    LAMP,
    MATTER,
    MIRROR,
    OUTSIDE,
    PARTS,
    PATCHES,
    ROOM,
    SHADE,
    SUN,
    WINDOW,
)
from fullwell.simulate.scene.matter import colour, landscape
from fullwell.simulate.scene.rays import hit


def room(width: int = 1200, height: int = 800, samples: int = 3) -> Array:
    """The scene, (height, width, 3) float32, linear Rec.709; `samples` squared rays a pixel. Deterministic."""
    out = np.empty((height, width, 3), np.float32)
    render(BOXES, BALLS, CONES, PARTS, MATTER, PATCHES, samples, out)
    return out


@kernel()
def render(boxes, balls, cones, parts, matter, patches, samples, out):
    """One jittered grid of rays a pixel; every random number is a hash of its place."""
    things = boxes, balls, cones, parts
    h, w = out.shape[0], out.shape[1]
    for y in prange(h):
        for x in range(w):
            r, g, b = 0.0, 0.0, 0.0
            for k in range(samples * samples):
                u = (x + (k % samples + random(x, y, 2 * k)) / samples - w / 2) / h
                v = (h / 2 - y - (k // samples + random(x, y, 2 * k + 1)) / samples) / h
                dx, dy, dz = unit(0.97 * u + 0.02, 0.97 * v - 0.075, 1.0)
                sr, sg, sb = seen(things, matter, patches, EYE[0], EYE[1], EYE[2], dx, dy, dz, y * w + x, k)
                r += sr
                g += sg
                b += sb
            n = samples * samples
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / n, g / n, b / n


@inline
def seen(things, matter, patches, ox, oy, oz, dx, dy, dz, pixel, ray):
    """Radiance along a ray, which a mirror may turn once."""
    t, surface, nx, ny, nz = hit(things, ox, oy, oz, dx, dy, dz)
    kept = 1.0
    if surface == MIRROR:
        ox, oy, oz, kept = ox + t * dx + 1e-4 * nx, oy + t * dy + 1e-4 * ny, oz + t * dz + 1e-4 * nz, 0.86
        along = dx * nx + dy * ny + dz * nz
        dx, dy, dz = dx - 2 * along * nx, dy - 2 * along * ny, dz - 2 * along * nz
        t, surface, nx, ny, nz = hit(things, ox, oy, oz, dx, dy, dz)
    px, py, pz = ox + t * dx, oy + t * dy, oz + t * dz
    if surface == OUTSIDE:
        r, g, b = landscape(dx, dy, dz)
    elif surface == BULB:
        r, g, b = 420.0, 330.0, 215.0
    elif surface == SHADE:
        glow = 3.2 * math.exp(-14 * (py - LAMP[1] - 0.09) ** 2) * (0.94 + 0.12 * cloud(px * 70, py * 70, pz * 70))
        r, g, b = glow, glow * 0.62, glow * 0.27
    else:
        r, g, b = lit(things, matter, patches, surface, px, py, pz, nx, ny, nz, dx, dy, dz, pixel, ray)
    return kept * r, kept * g, kept * b


@inline
def lit(things, matter, patches, surface, px, py, pz, nx, ny, nz, dx, dy, dz, pixel, ray):
    """Light that a matt or varnished surface sends back: window, lamp, and what the room scatters."""
    if nx * dx + ny * dy + nz * dz > 0:
        nx, ny, nz = -nx, -ny, -nz
    ox, oy, oz = px + 1e-4 * nx, py + 1e-4 * ny, pz + 1e-4 * nz
    if surface == CURTAIN:  # folds
        nx, ny, nz = unit(1.1 * math.cos(46 * px + 2.0 * math.sin(1.1 * py + 9 * px)), 0.0, -1.0)
    elif surface >= GOLD:  # petals
        fx, fy, fz = 190 * px, 190 * py, 190 * pz
        bx, by, bz = cloud(fx, fy, fz), cloud(fx, fy, fz + 7.0), cloud(fy, fx, 3.0)
        nx, ny, nz = unit(nx + 1.3 * (bx - 0.5), ny + 1.3 * (by - 0.5), nz + 1.3 * (bz - 0.5))
    ar, ag, ab = colour(matter, patches, surface, px, py, pz)
    gloss = matter[surface, 3]
    r, g, b = 0.0, 0.0, 0.0

    for k in range(3):  # the window, one place in each third
        wx = WINDOW[0] + (WINDOW[1] - WINDOW[0]) * (k + spread(pixel, ray, 0, k)) / 3
        wy = WINDOW[2] + (WINDOW[3] - WINDOW[2]) * spread(pixel, ray, 1, k)
        lx, ly, lz = wx - px, wy - py, ROOM[5] + 0.02 - pz
        far = math.sqrt(lx * lx + ly * ly + lz * lz)
        lx, ly, lz = lx / far, ly / far, lz / far
        facing = nx * lx + ny * ly + nz * lz
        if facing > 0 and hit(things, ox, oy, oz, lx, ly, lz)[1] == OUTSIDE:
            area = (WINDOW[1] - WINDOW[0]) * (WINDOW[3] - WINDOW[2]) / 3
            light = 7.5 * facing * max(lz, 0.0) * area / (far * far + 0.05) / math.pi
            shine = light * gloss * highlight(nx, ny, nz, lx, ly, lz, dx, dy, dz)
            r += 0.92 * light * ar + shine
            g += 0.97 * light * ag + shine
            b += 1.06 * light * ab + shine

    # The bulb; through the shade comes a little.
    jx, jy, jz = spread(pixel, ray, 0, 3) - 0.5, spread(pixel, ray, 1, 3) - 0.5, random(pixel, ray, 40) - 0.5
    lx, ly, lz = LAMP[0] + 0.08 * jx - px, LAMP[1] + 0.08 * jy - py, LAMP[2] + 0.08 * jz - pz
    far = math.sqrt(lx * lx + ly * ly + lz * lz)
    lx, ly, lz = lx / far, ly / far, lz / far
    facing = nx * lx + ny * ly + nz * lz
    if facing > 0:
        t, blocker, _, _, _ = hit(things, ox, oy, oz, lx, ly, lz)
        passed = 1.0 if blocker == BULB else 0.26 if blocker == SHADE and t > far - 0.4 else 0.0
        light = 0.50 * passed * facing / (far * far + 0.02)
        shine = 4 * light * gloss * highlight(nx, ny, nz, lx, ly, lz, dx, dy, dz)
        r += 1.30 * light * ar + shine
        g += 0.84 * light * ag + 0.7 * shine
        b += 0.45 * light * ab + 0.4 * shine

    # The sun, low over the hills.
    jx, jy = spread(pixel, ray, 0, 6) - 0.5, spread(pixel, ray, 1, 6) - 0.5
    lx, ly, lz = unit(SUN[0] + 0.03 * jx, SUN[1] + 0.03 * jy, SUN[2])
    facing = nx * lx + ny * ly + nz * lz
    if facing > 0 and hit(things, ox, oy, oz, lx, ly, lz)[1] == OUTSIDE:
        shine = 2.0 * gloss * highlight(nx, ny, nz, lx, ly, lz, dx, dy, dz)
        r += 3.6 * facing * ar + shine
        g += 2.9 * facing * ag + 0.85 * shine
        b += 1.9 * facing * ab + 0.6 * shine

    open_ = 0.0  # how far one sees from here: corners are dark
    for k in range(2):
        a, z = 2 * math.pi * spread(pixel, ray, 0, 4 + k), 2 * spread(pixel, ray, 1, 4 + k) - 1
        s = math.sqrt(1 - z * z)
        vx, vy, vz = unit(nx + 0.98 * s * math.cos(a), ny + 0.98 * z, nz + 0.98 * s * math.sin(a))
        open_ += min(hit(things, ox, oy, oz, vx, vy, vz)[0], 0.8) / 1.6
    near = 0.33 * math.exp(-0.5 * (ROOM[5] - pz)) + 0.28 * math.exp(-1.2 * (px - LAMP[0]) ** 2 - (pz - LAMP[2]) ** 2)
    dim = 0.05 if px > 2.0 else 0.35 + 0.65 * min(max(py / 1.2, 0.0), 1.0)
    bounce = (0.30 * near + 0.01) * dim * open_ * open_
    if surface == CURTAIN:  # the day behind it shines through
        side = min(max((min(px - WINDOW[0], WINDOW[1] - px) + 0.22) / 0.25, 0.0), 1.0)
        level = min(max((py - 0.75) / 0.4, 0.0), 1.0) * min(max((2.4 - py) / 0.3, 0.0), 1.0)
        bounce += 0.55 * side * side * level * (0.65 + 0.5 * nx)
    return r + 1.05 * bounce * ar, g + bounce * ag, b + 0.92 * bounce * ab


@inline
def highlight(nx, ny, nz, lx, ly, lz, dx, dy, dz):
    """Blinn's highlight, exponent 80."""
    hx, hy, hz = unit(lx - dx, ly - dy, lz - dz)
    return 8.0 * max(nx * hx + ny * hy + nz * hz, 0.0) ** 80
