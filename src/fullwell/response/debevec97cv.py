"""Debevec and Malik's response as OpenCV recovers it, sample for sample: that of the OpenCV HDR tutorials.

Source: OpenCV, modules/photo/src/calibrate.cpp, CalibrateDebevec; after P. E. Debevec, J. Malik, "Recovering High
Dynamic Range Radiance Maps from Photographs", SIGGRAPH 1997, eq. (3).
Differs from the paper, as OpenCV does: some 70 samples on a grid, whatever lies there, and a curve per channel that
need not rise. `debevec97` is what serves photographs.
Differs from OpenCV: the unknown log radiances are eliminated and g(128) is exactly 0, where OpenCV's least squares in
float32 leave each channel some percent off; where the frames say nothing, a straight line decides.
"""

from __future__ import annotations

import numpy as np

from fullwell.image import Array, Bracket, Response
from fullwell.kernels.cholesky import bending, solve
from fullwell.operators import Calibrator
from fullwell.params import operator, param
from fullwell.progress import Progress
from fullwell.response._eliminated import equations

CODES = np.arange(256)
MIDDLE = 128
FAINT = 1e-9  # weight of the straight line
HAT = np.maximum(np.minimum(CODES, 255 - CODES), 1e-6)


@operator(family="response", title="Debevec in OpenCV", cite="debevec97")
class Debevec97CV(Calibrator):
    samples: int = param(70, lo=1, hi=100000, soft=(50, 1000), scale="log", help="How many places to look at.")
    smoothness: float = param(
        10.0, lo=0.01, hi=1000.0, soft=(1, 100), scale="log", help="Lambda: the curve is smoother as it grows."
    )

    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        y, x = grid(bracket.shape, self.samples)
        seen = []
        for frame, codes in zip(bracket, bracket.decoded(progress), strict=True):
            (h, w), (dy, dx) = bracket.shape, (round(s) for s in frame.pose.shift_px)
            seen.append(eight_bit(codes[np.clip(y - dy, 0, h - 1), np.clip(x - dx, 0, w - 1)]))
        return Response(curve(np.stack(seen, axis=1), bracket.exposures, self.smoothness), self.id)


def eight_bit(codes: Array) -> Array:
    """OpenCV calibrates with 256 levels only."""
    return codes if codes.dtype == np.uint8 else (codes >> 8).astype(np.uint8)


def grid(shape: tuple[int, ...], samples: int) -> tuple[Array, Array]:
    """Rows and columns of the samples."""
    h, w = shape[:2]
    columns = min(max(int(np.sqrt(samples * w / h)), 1), w)
    rows = min(max(samples // columns, 1), h)
    places = np.meshgrid(
        h // rows // 2 + np.arange(rows) * (h // rows),
        w // columns // 2 + np.arange(columns) * (w // columns),
        indexing="ij",
    )
    return places[0].ravel(), places[1].ravel()


def curve(codes: Array, times: Array, smoothness: float) -> Array:
    """The inverse response (256, 3) from samples (n, frames, 3) uint8, exactly 1 at code 128."""
    smooth = bending(smoothness * HAT[1:255]) + FAINT * np.eye(256)
    free, g = CODES != MIDDLE, np.zeros((3, 256))
    for c in range(3):
        z = codes[:, :, c].astype(np.int64)
        a, b = equations(z, HAT[z] ** 2, np.log(times))
        b += FAINT * np.log(np.maximum(CODES, 0.5) / MIDDLE)
        found = np.empty(255)
        solve(np.ascontiguousarray((a + smooth)[free][:, free]), b[free], found)
        g[c, free] = found
    return np.asarray(np.exp(np.clip(g.T, -80.0, 80.0)))
