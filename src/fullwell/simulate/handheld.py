"""A camera held in the hand: it turns, rolls and zooms a little between frames, and things move through the scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import prange

from fullwell.color import Array
from fullwell.kernels._jit import kernel


@dataclass(frozen=True)
class Shake:
    """How far a frame may be from the reference: shift as a share of the width, roll in degrees, scale as a share."""

    shift: float = 0.05
    roll_deg: float = 3.0
    scale: float = 0.01

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
        """A random motion (3, 3): the reference's pixel (x, y, 1) to the frame's, for a camera that turns.

        Turning sideways and up moves the picture and tips it: the focal length is drawn between 0.7 and 2 widths.
        """
        h, w = shape
        focal = w * 2.0 ** rng.uniform(math.log2(0.7), 1)
        pan, tilt = rng.uniform(-1, 1, 2) * math.atan(self.shift * w / focal)
        roll = math.radians(rng.uniform(-1, 1) * self.roll_deg)
        zoom = 1 + rng.uniform(-1, 1) * self.scale
        about_y = [[math.cos(pan), 0, math.sin(pan)], [0, 1, 0], [-math.sin(pan), 0, math.cos(pan)]]
        about_x = [[1, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]]
        about_z = [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
        lens = np.array([[focal, 0, (w - 1) / 2], [0, focal, (h - 1) / 2], [0, 0, 1]])
        zoomed = lens @ np.diag([zoom, zoom, 1.0])
        motion = zoomed @ np.array(about_z) @ np.array(about_y) @ np.array(about_x) @ np.linalg.inv(lens)
        return motion / motion[2, 2]


def view(light: Array, fineness: int, margin: int, to_frame: Array, shape: tuple[int, int]) -> Array:
    """What a moved frame (h, w, 3) float32 sees of a scene that is drawn `fineness` times as fine.

    light (H, W, 3) float32 shows the reference frame from its pixel (margin, margin) on. Every pixel is the mean of
    fineness x fineness points, each interpolated linearly in the fine scene, whose edge goes on.
    """
    out = np.empty((*shape, 3), np.float32)
    look(np.ascontiguousarray(light, np.float32), fineness, margin, np.linalg.inv(to_frame), out)
    return out


def corner_error_px(found: Array, true: Array, shape: tuple[int, int]) -> float:
    """How far the worst corner of the frame is from where it belongs; both (3, 3), reference to frame."""
    h, w = shape
    corners = np.array([[0, w - 1, 0, w - 1], [0, 0, h - 1, h - 1], [1, 1, 1, 1]], np.float64)
    a, b = found @ corners, true @ corners
    return float(np.hypot(*(a[:2] / a[2] - b[:2] / b[2])).max())


@kernel()
def look(light, fineness, margin, to_reference, out):
    """`view` on the inverse motion."""
    h, w = out.shape[0], out.shape[1]
    rows, columns = light.shape[0], light.shape[1]
    for y in prange(h):
        for x in range(w):
            total_r, total_g, total_b = 0.0, 0.0, 0.0
            for k in range(fineness * fineness):
                px = x + (k % fineness + 0.5) / fineness - 0.5
                py = y + (k // fineness + 0.5) / fineness - 0.5
                depth = to_reference[2, 0] * px + to_reference[2, 1] * py + to_reference[2, 2]
                u = (to_reference[0, 0] * px + to_reference[0, 1] * py + to_reference[0, 2]) / depth
                v = (to_reference[1, 0] * px + to_reference[1, 1] * py + to_reference[1, 2]) / depth
                u = min(max((u + margin + 0.5) * fineness - 0.5, 0.0), columns - 1.001)
                v = min(max((v + margin + 0.5) * fineness - 0.5, 0.0), rows - 1.001)
                i, j = int(v), int(u)
                fy, fx = v - i, u - j
                a, b, c, d = (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx
                total_r += (
                    a * light[i, j, 0] + b * light[i, j + 1, 0] + c * light[i + 1, j, 0] + d * light[i + 1, j + 1, 0]
                )
                total_g += (
                    a * light[i, j, 1] + b * light[i, j + 1, 1] + c * light[i + 1, j, 1] + d * light[i + 1, j + 1, 1]
                )
                total_b += (
                    a * light[i, j, 2] + b * light[i, j + 1, 2] + c * light[i + 1, j, 2] + d * light[i + 1, j + 1, 2]
                )
            n = fineness * fineness
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = total_r / n, total_g / n, total_b / n
