"""Grey pyramids for sub-pixel registration, and the displacement of many small tiles between two of them.

A grey plane is (h, w) uint16: 256 times the luma of 8-bit codes. CLIPPED marks pixels with a clipped channel.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, kernel
from fullwell.kernels.warp import cubic, source

CLIPPED = np.uint16(65535)  # luma ends at 65280
EXPLAINED = 0.4  # of a tile's variance, at least: tiles of noise would vouch for the motion that they are tried at
TONE_SHIFT = 4  # a tone table has one entry for 16 grey values: 4096


@kernel()
def grey(codes, shift, clip, out):
    """54 R + 183 G + 19 B of code values >> shift, out (h, w) uint16; CLIPPED where a channel is `clip` or more."""
    h, w = out.shape
    for y in prange(h):
        row, res = codes[y].reshape(3 * w), out[y]
        for x in range(w):
            r, g, b = row[3 * x], row[3 * x + 1], row[3 * x + 2]
            lit = (r >= clip) | (g >= clip) | (b >= clip)
            luma = np.uint32(54) * (r >> shift) + np.uint32(183) * (g >> shift) + np.uint32(19) * (b >> shift)
            res[x] = CLIPPED if lit else np.uint16(luma)


@kernel()
def halve(image, out):
    """Means of the unclipped among 2x2 pixels; CLIPPED where two or more are."""
    h, w = out.shape
    for y in prange(h):
        a, b, res = image[2 * y], image[2 * y + 1], out[y]
        for x in range(w):
            total, lit = np.uint32(0), np.uint32(0)
            for value in (a[2 * x], a[2 * x + 1], b[2 * x], b[2 * x + 1]):
                clipped = value == CLIPPED
                lit += np.uint32(clipped)
                total += np.uint32(0) if clipped else np.uint32(value)
            res[x] = CLIPPED if lit >= 2 else np.uint16((total + 2) >> 2 if lit == 0 else (total + 1) // 3)


@kernel()
def smooth(image, out):
    """[1 2 1] / 4 in both directions over the unclipped pixels, the edge repeated; CLIPPED where a quarter is."""
    h, w = out.shape
    for y in prange(h):
        rows, res = (image[max(y - 1, 0)], image[y], image[min(y + 1, h - 1)]), out[y]
        for x in range(w):
            left, right = max(x - 1, 0), min(x + 1, w - 1)
            total, lit = np.uint32(0), np.uint32(0)
            for k in range(3):
                p, q, r = np.uint32(rows[k][left]), np.uint32(rows[k][x]), np.uint32(rows[k][right])
                times = np.uint32(1 + k % 2)
                lit += times * (np.uint32(p == CLIPPED) + 2 * np.uint32(q == CLIPPED) + np.uint32(r == CLIPPED))
                total += times * (p * (p != CLIPPED) + 2 * q * (q != CLIPPED) + r * (r != CLIPPED))
            seen = np.uint32(16) - lit
            res[x] = CLIPPED if lit >= 4 else np.uint16((total + seen // 2) // seen)


@kernel()
def normalise(image, tone, ceiling, radius, noise, out):
    """Tones, none above the ceiling, less their local mean, over their local deviation (at least about `noise`)."""
    h, w = out.shape
    for y in prange(h):
        for x in range(w):
            count, total, square = 0, 0.0, 0.0
            for v in range(max(0, y - radius), min(h, y + radius + 1)):
                for u in range(max(0, x - radius), min(w, x + radius + 1)):
                    value = ceiling if image[v, u] == CLIPPED else min(tone[image[v, u] >> TONE_SHIFT], ceiling)
                    count += 1
                    total += value
                    square += value * value
            mean = total / count
            deviation = math.sqrt(max(square / count - mean * mean, 0.0) + noise * noise)
            value = ceiling if image[y, x] == CLIPPED else min(tone[image[y, x] >> TONE_SHIFT], ceiling)
            out[y, x] = (value - mean) / deviation


@kernel()
def correlate(a, b, candidates, stride, out):
    """Products of two normalised planes for many candidate motions.

    a, b (h, w) float32; candidates (n, 4) float64: (cos, sin, y, x), the pixel p of a, from the middle, lies over b's
    [[cos, sin], [-sin, cos]] (x, y) + (x, y), the nearest pixel counts; every `stride`th row and column of a. out
    (n, 3) float64: sums of a b, a a and b b over the overlap.
    """
    h, w = a.shape
    for k in prange(candidates.shape[0]):
        cos, sin, dy, dx = candidates[k, 0], candidates[k, 1], candidates[k, 2], candidates[k, 3]
        my, mx = (h - 1) / 2, (w - 1) / 2
        ab, aa, bb = 0.0, 0.0, 0.0
        for y in range(0, h, stride):
            for x in range(0, w, stride):
                u = math.floor(cos * (x - mx) + sin * (y - my) + mx + dx + 0.5)
                v = math.floor(cos * (y - my) - sin * (x - mx) + my + dy + 0.5)
                if 0 <= u < w and 0 <= v < h:
                    p, q = a[y, x], b[v, u]
                    ab += p * q
                    aa += p * p
                    bb += q * q
        out[k, 0], out[k, 1], out[k, 2] = ab, aa, bb


@kernel()
def structure(image, tone, size, out):
    """How much each tile of size x size pixels shows in both directions, out (rows, columns) float32.

    The smaller eigenvalue of the summed products of the tone's gradient; 0 where most of it is clipped.
    """
    rows, columns = out.shape
    for i in prange(rows):
        for j in range(columns):
            xx, xy, yy, lost = 0.0, 0.0, 0.0, 0
            for y in range(i * size + 1, (i + 1) * size - 1):
                for x in range(j * size + 1, (j + 1) * size - 1):
                    left, right, up, down = image[y, x - 1], image[y, x + 1], image[y - 1, x], image[y + 1, x]
                    if max(left, right, up, down) == CLIPPED:
                        lost += 1
                        continue
                    gx = tone[right >> TONE_SHIFT] - tone[left >> TONE_SHIFT]
                    gy = tone[down >> TONE_SHIFT] - tone[up >> TONE_SHIFT]
                    xx += gx * gx
                    xy += gx * gy
                    yy += gy * gy
            least = 0.5 * (xx + yy - math.sqrt((xx - yy) ** 2 + 4 * xy * xy))
            out[i, j] = least if 4 * lost < 3 * size * size else 0.0


@kernel()
def displace(a, b, tone_a, tone_b, to_b, corners, size, out):
    """One Gauss-Newton step of the displacement of every tile, under a gain and an offset of its own.

    a and b (h, w) uint16 grey; tone_* (4096,) float32; to_b (3, 3) float64 takes a's pixel (x, y, 1) to b's; corners
    (n, 2) int64, top left of each tile in a. With b laid over a, b = offset + gain (a + grad a . e) is solved for the
    displacement e by least squares (Lucas and Kanade 1981, eq. 9, with their section 5's contrast and brightness), so
    that b laid over a shows what a has at p + e. out (n, 8) float64: e_y, e_x, then the inverse of its covariance: yy,
    xy, xx, in 1 / px ^ 2; share of b's variance that is explained; pixels that took part; gain.
    """
    h, w = a.shape
    for k in prange(corners.shape[0]):
        top, left = corners[k, 0], corners[k, 1]
        base = tone_a[a[min(top + size // 2, h - 1), min(left + size // 2, w - 1)] >> TONE_SHIFT]
        n, sa, sx, sy, sb = 0, 0.0, 0.0, 0.0, 0.0
        aa, ax, ay, ab, xx, xy, yy, bx, by, bb = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for y in range(max(top, 1), min(top + size, h - 1)):
            for x in range(max(left, 1), min(left + size, w - 1)):
                here, west, east, north, south = a[y, x], a[y, x - 1], a[y, x + 1], a[y - 1, x], a[y + 1, x]
                if max(here, west, east, north, south) == CLIPPED:
                    continue
                u, v = source(to_b, x, y)
                if not (u >= 1 and v >= 1 and u < w - 2 and v < h - 2):
                    continue
                iu, iv = int(u), int(v)
                w0, w1, w2, w3 = cubic(f(u - iu))
                v0, v1, v2, v3 = cubic(f(v - iv))
                lit, value = np.uint16(0), f(0)
                for j in range(4):
                    p, q, r, s = (
                        b[iv + j - 1, iu - 1], b[iv + j - 1, iu], b[iv + j - 1, iu + 1], b[iv + j - 1, iu + 2]
                    )  # fmt: skip
                    lit = max(lit, p, q, r, s)
                    weight = v0 if j == 0 else v1 if j == 1 else v2 if j == 2 else v3
                    value += weight * (w0 * f(p) + w1 * f(q) + w2 * f(r) + w3 * f(s))
                if lit == CLIPPED:
                    continue
                value = min(max(value, f(0)), f(65280)) / f(1 << TONE_SHIFT)
                low = min(int(value), 4094)
                seen = tone_b[low] + (value - f(low)) * (tone_b[low + 1] - tone_b[low])
                p = tone_a[here >> TONE_SHIFT] - base
                gx = f(0.5) * (tone_a[east >> TONE_SHIFT] - tone_a[west >> TONE_SHIFT])
                gy = f(0.5) * (tone_a[south >> TONE_SHIFT] - tone_a[north >> TONE_SHIFT])
                n += 1
                sa += p
                sx += gx
                sy += gy
                sb += seen
                aa += p * p
                ax += p * gx
                ay += p * gy
                ab += p * seen
                xx += gx * gx
                xy += gx * gy
                yy += gy * gy
                bx += seen * gx
                by += seen * gy
                bb += seen * seen
        for i in range(8):
            out[k, i] = 0
        if 4 * n < size * size:
            continue
        # The offset goes with the means, the gain with the projection on a.
        aa, bb, ab = aa - sa * sa / n, bb - sb * sb / n, ab - sa * sb / n
        ax, ay, bx, by = ax - sa * sx / n, ay - sa * sy / n, bx - sb * sx / n, by - sb * sy / n
        xx, xy, yy = xx - sx * sx / n, xy - sx * sy / n, yy - sy * sy / n
        if aa <= 1e-9 or bb <= 1e-9:
            continue
        px, py, pxx, pxy, pyy = (
            bx - ax * ab / aa,
            by - ay * ab / aa,
            xx - ax * ax / aa,
            xy - ax * ay / aa,
            yy - ay * ay / aa,
        )
        determinant = pxx * pyy - pxy * pxy
        if determinant <= 1e-9 * pxx * pyy or determinant <= 0:
            continue
        qx, qy = (pyy * px - pxy * py) / determinant, (pxx * py - pxy * px) / determinant
        gain = (ab - ax * qx - ay * qy) / aa
        rest = (bb - ab * ab / aa - px * qx - py * qy) / max(n - 4, 1)
        explained = 1 - rest * (n - 4) / bb
        out[k, 5], out[k, 6], out[k, 7] = explained, n, gain
        if gain <= 0 or explained < EXPLAINED:
            continue
        certain = gain * gain / max(rest, 1e-12)
        out[k, 0], out[k, 1] = qy / gain, qx / gain
        out[k, 2], out[k, 3], out[k, 4] = certain * pyy, certain * pxy, certain * pxx
