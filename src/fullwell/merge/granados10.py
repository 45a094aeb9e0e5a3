"""Granados et al. 2010: every frame counts by the inverse of its variance, which a first estimate foretells.

Source: M. Granados, B. Ajdin, M. Wand, C. Theobalt, H.-P. Seidel, H. P. A. Lensch, "Optimal HDR reconstruction with
linear digital cameras", CVPR 2010: the variance of an exposure is that of its photons and of the read-out, and is taken
at the estimate of the light and not at the pixel's own value, whose noise would bias the mean.
Differs from the paper: codes may be bent by a response, and their rounding and compression is noise too, by the slope
of the response; the noise is measured from the bracket where no camera is given, without dark frames and flat fields;
one step from a first estimate, which is the photons counted over the time open, as a second changes nothing; a pixel
that no frame measured gets a bound and is marked; codes where the response climbs steeply count as clipped; frames of
other white balance are matched. A frame does not count where the first estimate would expose it beyond 0.94 of full
scale, or below twice `low`, unless there is no other: beside clipped edges JPEG leaves clipped pixels up to 15 codes
below white. Of frames that are all so bright, the shortest counts most. From 0.8 on weight fades towards that, and a
channel fades with the brightest of its pixel, or as twice its own light at most: of red, green and blue from different
frames, which disagree, a sky would have a colour that it has in none of them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

import numpy as np

from fullwell.image import LAYERS, Array
from fullwell.kernels.likelihood import FAINT, STEPS, likeliest
from fullwell.merge._noise import Noise, rounding, slopes
from fullwell.merge._seen import Seen
from fullwell.merge._weighted import FIRM, Merged, WeightedMerger, trust
from fullwell.params import operator, param

REACH = 2.0  # times its own light by which a channel heeds the brightest: 1 tints skies, 4 costs dark channels


@operator(family="merge", title="Granados et al.", cite="granados10")
class Granados10(WeightedMerger):
    layers: ClassVar[tuple[str, ...]] = LAYERS
    images: ClassVar[float] = 2.1

    full_well_e: float = param(
        0.0, lo=0.0, hi=1e7, soft=(0.0, 100_000.0), unit="e-",
        help="Electrons of a pixel recorded as white; 0 measures the noise from the bracket.",
    )  # fmt: skip
    read_noise_e: float = param(
        4.0, lo=0.0, hi=1e4, soft=(1.0, 20.0), unit="e-", help="Read noise, where `full_well_e` is given."
    )

    def combine(self, seen: Seen, layers: Collection[str]) -> Merged:
        pilot, mask = self.counted(seen)
        noise, (lowest, entries) = self.noise(seen), span(seen)
        light = 2.0 ** (lowest + np.arange(entries) / STEPS)
        says = (seen.code[:, None] > self.low) & (seen.code[:, None] < seen.ends)
        exposure = np.ascontiguousarray(np.where(says, seen.curve, -1.0).T, np.float32)
        per_time, darkest = (1 / seen.times).astype(np.float32), seen.below.min(axis=0).astype(np.float32)
        full = seen.exposure_at(FIRM * seen.full).astype(np.float32)
        h, w = mask.shape
        rgb, sums = np.empty_like(pilot), seen.between()
        variance = np.empty((h, w, 3) if "sigma" in layers else (0, 0, 3), np.float32)
        source = np.empty((h, w) if "source" in layers else (0, 0), np.int16)
        strength = np.empty(source.shape, np.float32)
        for part, last, frames in seen.batches():
            weight, trusted = self.tables(seen, noise, light, part)
            likeliest(
                *frames, exposure, per_time[part], weight, trusted, full, darkest, lowest, pilot, part.start, last,
                rgb, sums, variance, strength, source,
            )  # fmt: skip
        return Merged(rgb, mask, np.sqrt(variance) if variance.size else None, source if source.size else None)

    def tables(self, seen: Seen, noise: Noise, light: Array, part: slice) -> tuple[Array, Array]:
        """The tables of `likeliest` for some of the frames: weight and trust (frames, 3, entries, leads).

        The weight of a frame for light E is its trust times t ** 2 over the variance of the exposure E t.
        """
        slope, hasty = slopes(seen.curve), shorter(seen.times)[part]
        black = 2 * seen.exposure_at(np.full(3, self.low))
        lead = 2.0 ** (np.arange(int(np.log2(REACH) * STEPS) + 1) / STEPS)
        weight, trusted = np.empty((2, *hasty.shape, len(light), len(lead)), np.float32)
        for k, (times, gain) in enumerate(zip(seen.times[part], seen.gains[part], strict=True)):
            for c, t in enumerate(times):
                x = light * t
                steep = np.interp(x, seen.curve[:, c], slope[:, c])
                code = np.interp(x[:, None] * lead, seen.curve[:, c], seen.code)
                firm = np.where(code < seen.ends[c], trust(code / seen.full[c], hasty[k, c]), FAINT * hasty[k, c])
                trusted[k, c] = firm = np.where(x[:, None] > black[c], firm, np.minimum(firm, FAINT))
                weight[k, c] = firm * (t**2 / noise.variance(x, steep, gain))[:, None]
        return weight, trusted

    def noise(self, seen: Seen) -> Noise:
        """What was given, or what the bracket shows."""
        if self.full_well_e:
            return Noise(1 / self.full_well_e, (self.read_noise_e / self.full_well_e) ** 2, rounding(seen.depth))
        return super().noise(seen)

    def counted(self, seen: Seen) -> tuple[Array, Array]:
        """The first estimate, all photons over all the time that the shutter was open, and the mask."""
        code = seen.code[:, None]
        says = (code > self.low) & (code < seen.ends)
        counts = np.where(says.T, trust((code / seen.full).T, shorter(seen.times)[..., None]), 0.0)
        photons, open_for = counts * seen.curve.T, counts * seen.times[:, :, None]
        return seen.mean(photons.astype(np.float32), open_for.astype(np.float32), logarithmic=False)


def shorter(times: Array) -> Array:
    """(frames, 3): how much more a shorter frame counts where all are near clipping, 1 for the shortest.

    What was clipped is stored as less than it was, and never as more. By the fourth power the shortest outvotes the
    rest, which count by up to the square of their time.
    """
    return np.asarray((times.min(axis=0) / times) ** 4)


def span(seen: Seen) -> tuple[np.float32, int]:
    """log2 of the least light that is measured, and how many entries of STEPS a stop go up to the most."""
    least = np.log2(np.maximum(seen.below, seen.curve[1] / seen.times).min())
    most = np.log2(np.maximum(seen.above, seen.curve[-1] / seen.times).max())
    return np.float32(least), int((most - least) * STEPS) + 2
