"""Linear: one gain for all pixels, highlights clip.

Source: none; it is what the `createTonemap` of the OpenCV HDR tutorial does, and what a camera does. With `gamma` it is
that tutorial's gamma tone mapping.
Differs from OpenCV: a percentile of the luminance becomes white, not the brightest channel of the brightest pixel, and
black stays black: the darkest value is not subtracted.
"""

from __future__ import annotations

from numba import prange

from fullwell.image import Array, Radiance
from fullwell.kernels._jit import f, kernel
from fullwell.kernels.histogram import LogStats
from fullwell.kernels.vecmath import clean
from fullwell.operators import PointOp
from fullwell.params import operator, param


@operator(family="tonemap", title="Linear", cite="opencv")
class Linear(PointOp):
    exposure: float = param(0.0, lo=-20.0, hi=20.0, soft=(-3.0, 3.0), unit="EV", help="Brighter as it grows.")
    white: float = param(98.0, lo=50.0, hi=100.0, soft=(90.0, 100.0), unit="%", help="Percentile shown as white.")

    def measure(self, scene: Radiance) -> float:
        """The gain that makes the percentile 1."""
        return float(2.0 ** -LogStats(scene.rgb, scene.luminance_weights).percentile_log2(self.white))

    def apply(self, rgb: Array, stats: float, ceiling: float, out: Array) -> None:
        scale(rgb, f(stats * 2.0**self.exposure), f(ceiling), out)


@kernel()
def scale(rgb, gain, ceiling, out):
    """Multiply, and clip to 0 and `ceiling`."""
    h, w = rgb.shape[0], rgb.shape[1]
    for y in prange(h):
        row, res = rgb[y].reshape(3 * w), out[y].reshape(3 * w)
        for i in range(3 * w):
            res[i] = min(gain * clean(row[i]), ceiling)
