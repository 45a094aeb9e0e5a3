"""Grey pyramids for sub-pixel registration, and the displacement of many small tiles between two of them.

A grey plane is (h, w) uint16: 256 times the luma of 8-bit codes. CLIPPED marks pixels with a clipped channel.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from fullwell.kernels._jit import f, inline, kernel
from fullwell.kernels.warp import cubic, source

CLIPPED = np.uint16(65535)  # luma ends at 65280
EXPLAINED = 0.4  # of a tile's variance, at least: tiles of noise would vouch for the motion that they are tried at
CURVED = 0.1  # by how much of itself a tile's gain may change over one stop: responses that are not what they seem
GRAINY = 0.2  # of the variance a tile leaves, what noise of the brighter frame alone adds to each squared gradient
LEAST_TRUE = 0.2  # of a tile's structure: where more of it may be noise, it is not looked at
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
def grey_halved(codes, shift, clip, out):
    """`halve` of `grey`, bit by bit, without the large plane between them."""
    h, w = out.shape
    for y in prange(h):
        a, b, res = codes[2 * y].ravel(), codes[2 * y + 1].ravel(), out[y]
        for x in range(w):
            total, lit = np.uint32(0), np.uint32(0)
            for k in range(4):
                row, i = (a if k < 2 else b), 6 * x + 3 * (k % 2)
                r, g, b_ = row[i], row[i + 1], row[i + 2]
                clipped = (r >= clip) | (g >= clip) | (b_ >= clip)
                luma = np.uint32(54) * (r >> shift) + np.uint32(183) * (g >> shift) + np.uint32(19) * (b_ >> shift)
                lit += np.uint32(clipped)
                total += np.uint32(0) if clipped else luma
            res[x] = CLIPPED if lit >= 2 else np.uint16((total + 2) >> 2 if lit == 0 else (total + 1) // 3)


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
        above, here, below, res = image[max(y - 1, 0)], image[y], image[min(y + 1, h - 1)], out[y]
        # The columns, with the edge repeated, then the rows: values up to 4 * 65280, and how much of 4 is clipped.
        total, lit = np.empty(w + 2, np.int32), np.empty(w + 2, np.int32)
        for x in range(w):
            p, q, r = np.int32(above[x]), np.int32(here[x]), np.int32(below[x])
            dark_p, dark_q, dark_r = np.int32(p != 65535), np.int32(q != 65535), np.int32(r != 65535)
            total[x + 1] = p * dark_p + np.int32(2) * q * dark_q + r * dark_r
            lit[x + 1] = np.int32(4) - dark_p - np.int32(2) * dark_q - dark_r
        total[0], total[w + 1], lit[0], lit[w + 1] = total[1], total[w], lit[1], lit[w]
        for x in range(w):
            clipped = lit[x] + np.int32(2) * lit[x + 1] + lit[x + 2]
            value = f(total[x] + np.int32(2) * total[x + 1] + total[x + 2]) / f(
                max(np.int32(16) - clipped, np.int32(1))
            )
            res[x] = np.uint16(np.int32(65535) if clipped >= 4 else np.int32(value + f(0.5)))


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
def correlate(a, b, candidates, out):
    """Products of two normalised planes for many candidate motions.

    a, b (h, w) float32; candidates (n, 4) float64: (cos, sin, y, x), the pixel p of a, from the middle, lies over b's
    [[cos, sin], [-sin, cos]] (x, y) + (x, y), the nearest pixel counts. out (n, 3) float64: sums of a b, a a and b b
    over the overlap.
    """
    h, w = a.shape
    for k in prange(candidates.shape[0]):
        cos, sin, dy, dx = candidates[k, 0], candidates[k, 1], candidates[k, 2], candidates[k, 3]
        my, mx = (h - 1) / 2, (w - 1) / 2
        ab, aa, bb = 0.0, 0.0, 0.0
        for y in range(h):
            for x in range(w):
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


@inline
def four(flat, at, w0, w1, w2, w3):
    """Four neighbours weighed, and the brightest of them."""
    i = np.uint64(at)
    p, q, r, s = flat[i], flat[i + np.uint64(1)], flat[i + np.uint64(2)], flat[i + np.uint64(3)]
    return w0 * f(p) + w1 * f(q) + w2 * f(r) + w3 * f(s), max(p, q, r, s)


@kernel()
def displace(a, b, tone_a, tone_b, to_b, corners, size, out):
    """One Gauss-Newton step of the displacement of every tile, under an offset, a gain and a curve of its own.

    a and b (h, w) uint16 grey; tone_* (4096,) float32; to_b (3, 3) float64 takes a's pixel (x, y, 1) to b's; corners
    (n, 2) int64, top left of each tile in a. With b laid over a, b = offset + gain (a + grad a . e) + curve a ^ 2 is
    solved for the displacement e by least squares (Lucas and Kanade 1981, eq. 9, with their section 5's contrast and
    brightness), so that b laid over a shows what a has at p + e. The curve is 0 but for a deviation of CURVED * gain:
    the soft shade beside a lamp, which another response would explain as well, says little about where it is. out
    (n, 9) float64: e_y, e_x, then the inverse of its covariance: yy, xy, xx, in 1 / px ^ 2; share of b's variance that
    is explained; pixels that took part; gain; share that is explained without the step.
    """
    h, w = a.shape
    flat = b.ravel()
    for t in prange(corners.shape[0]):
        top, left = corners[t, 0], corners[t, 1]
        base = tone_a[a[min(top + size // 2, h - 1), min(left + size // 2, w - 1)] >> TONE_SHIFT]
        shade, slope_x = np.empty(size * size, np.float32), np.empty(size * size, np.float32)
        slope_y, shown = np.empty(size * size, np.float32), np.empty(size * size, np.float32)
        n = 0
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
                above = (iv - 1) * w + iu - 1
                r0, lit0 = four(flat, above, w0, w1, w2, w3)
                r1, lit1 = four(flat, above + w, w0, w1, w2, w3)
                r2, lit2 = four(flat, above + 2 * w, w0, w1, w2, w3)
                r3, lit3 = four(flat, above + 3 * w, w0, w1, w2, w3)
                if max(lit0, lit1, lit2, lit3) == CLIPPED:
                    continue
                value = min(max(v0 * r0 + v1 * r1 + v2 * r2 + v3 * r3, f(0)), f(65280)) / f(1 << TONE_SHIFT)
                low = min(int(value), 4094)
                seen = tone_b[low] + (value - f(low)) * (tone_b[low + 1] - tone_b[low])
                p = tone_a[here >> TONE_SHIFT] - base
                gx = f(0.5) * (tone_a[east >> TONE_SHIFT] - tone_a[west >> TONE_SHIFT])
                gy = f(0.5) * (tone_a[south >> TONE_SHIFT] - tone_a[north >> TONE_SHIFT])
                shade[n], slope_x[n], slope_y[n], shown[n] = p, gx, gy, seen
                n += 1
        for i in range(9):
            out[t, i] = 0
        if 4 * n < size * size:
            continue
        sa, sx, sy, sb, aa, ax, ay, ab = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        xx, xy, yy, bx, by, bb, cc, ca, cx, cy, cb = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0  # c = a ^ 2
        for i in range(n):
            p, gx, gy, seen = np.float64(shade[i]), np.float64(slope_x[i]), np.float64(slope_y[i]), np.float64(shown[i])
            c = p * p
            sa += p
            sx += gx
            sy += gy
            sb += seen
            aa += c
            ax += p * gx
            ay += p * gy
            ab += p * seen
            xx += gx * gx
            xy += gx * gy
            yy += gy * gy
            bx += seen * gx
            by += seen * gy
            bb += seen * seen
            cc += c * c
            ca += c * p
            cx += c * gx
            cy += c * gy
            cb += c * seen
        # The offset goes with the means, the gain with the projection on a.
        sc = aa
        aa, bb, ab, cc, ca, cb = (
            aa - sa * sa / n, bb - sb * sb / n, ab - sa * sb / n, cc - sc * sc / n, ca - sc * sa / n, cb - sc * sb / n
        )  # fmt: skip
        ax, ay, bx, by, cx, cy = (
            ax - sa * sx / n, ay - sa * sy / n, bx - sb * sx / n, by - sb * sy / n, cx - sc * sx / n, cy - sc * sy / n
        )  # fmt: skip
        if aa <= 1e-9 or bb <= 1e-9:
            continue
        xx, xy, yy = xx - sx * sx / n - ax * ax / aa, xy - sx * sy / n - ax * ay / aa, yy - sy * sy / n - ay * ay / aa
        px, py, left_of_b = bx - ax * ab / aa, by - ay * ab / aa, bb - ab * ab / aa
        cc, cx, cy, cb = max(cc - ca * ca / aa, 1e-12), cx - ax * ca / aa, cy - ay * ca / aa, cb - ab * ca / aa
        # The curve as far as it may go, which what it leaves unexplained tells: first freely, then held.
        part, qx, qy, gain, rest, explained = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
        pxx, pxy, pyy, rx, ry = 0.0, 0.0, 0.0, 0.0, 0.0
        for _ in range(2):
            k = part / cc
            pxx, pxy, pyy = xx - k * cx * cx, xy - k * cx * cy, yy - k * cy * cy
            determinant = pxx * pyy - pxy * pxy
            if determinant <= 1e-9 * pxx * pyy or determinant <= 0:
                gain = 0.0
                break
            rx, ry = px - k * cx * cb, py - k * cy * cb
            qx, qy = (pyy * rx - pxy * ry) / determinant, (pxx * ry - pxy * rx) / determinant
            gain = (ab - ax * qx - ay * qy) / aa
            rest = max(left_of_b - k * cb * cb - rx * qx - ry * qy, 0.0) / max(n - 5, 1)
            part = cc / (cc + rest / max((CURVED * gain) ** 2, 1e-12))
        explained = 1 - rest * (n - 5) / bb
        out[t, 5], out[t, 6], out[t, 7], out[t, 8] = explained, n, gain, 1 - (left_of_b - part / cc * cb * cb) / bb
        if gain <= 0 or explained < EXPLAINED:
            continue
        # Along either axis of the structure: noise has gradients, too, which say that all is where it was looked for.
        rest = max(rest, 1e-12)
        noise = GRAINY * n * rest / (gain * gain)
        turn = 0.5 * math.atan2(2 * pxy, pxx - pyy)
        cos, sin = math.cos(turn), math.sin(turn)
        most = 0.5 * (pxx + pyy + math.hypot(pxx - pyy, 2 * pxy))
        for axis in range(2):
            ux, uy, structured = (cos, sin, most) if axis == 0 else (-sin, cos, pxx + pyy - most)
            true = max(structured - noise, 0.0)
            certain = gain * gain / rest * true * true / max(structured, 1e-12)
            if true < LEAST_TRUE * structured:
                certain = 1e-6 * (out[t, 2] + out[t, 4]) + 1e-9  # hardly any, and no step
            else:
                step = (ux * rx + uy * ry) / true / gain
                out[t, 0] += uy * step
                out[t, 1] += ux * step
            out[t, 2] += certain * uy * uy
            out[t, 3] += certain * ux * uy
            out[t, 4] += certain * ux * ux
