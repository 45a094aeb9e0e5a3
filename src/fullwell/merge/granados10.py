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
below white. From 0.8 on weight fades towards that, relative to the frame that is trusted most: where frames do not
agree, a sudden change of one channel's frames would be a patch of colour.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

import numpy as np

from fullwell.image import LAYERS, Array
from fullwell.kernels.likelihood import FAINT, STEPS, likeliest
from fullwell.merge._noise import Noise, rounding, slopes
from fullwell.merge._seen import Seen
from fullwell.merge._weighted import Merged, WeightedMerger, trust
from fullwell.params import operator, param


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
        weight, alone, lowest = self.weights(seen)
        says = (seen.code[:, None] > self.low) & (seen.code[:, None] < seen.ends)
        exposure = np.ascontiguousarray(np.where(says, seen.curve, -1.0).T, np.float32)
        per_time, darkest = (1 / seen.times).astype(np.float32), seen.below.min(axis=0).astype(np.float32)
        h, w = mask.shape
        rgb, sums = np.empty_like(pilot), seen.between()
        precision = np.empty((h, w, 3) if "sigma" in layers else (0, 0, 3), np.float32)
        source = np.empty((h, w) if "source" in layers else (0, 0), np.int16)
        strength = np.empty(source.shape, np.float32)
        for part, last, frames in seen.batches():
            likeliest(
                *frames, exposure, per_time[part], weight[part], alone, darkest, lowest, pilot, part.start, last,
                rgb, sums, precision, strength, source,
            )  # fmt: skip
        with np.errstate(divide="ignore"):
            sigma = 1 / np.sqrt(precision) if precision.size else None
        return Merged(rgb, mask, sigma, source if source.size else None)

    def weights(self, seen: Seen) -> tuple[Array, Array, np.float32]:
        """The tables of `likeliest`: weights (frames, 3, entries), what faint codes cannot reach, and where they begin.

        The weight of a frame for light E is t ** 2 over the variance of the exposure E t.
        """
        noise, slope = self.noise(seen), slopes(seen.curve)
        black = 2 * seen.exposure_at(np.full(3, self.low))
        lowest, entries = span(seen)
        light = 2.0 ** (lowest + np.arange(entries) / STEPS)
        full, trusted = np.empty((2, len(seen.times), 3, entries))
        for k, times in enumerate(seen.times):
            for c, t in enumerate(times):
                x = light * t
                steep = np.interp(x, seen.curve[:, c], slope[:, c])
                full[k, c] = t**2 / noise.variance(x, steep, seen.gains[k])
                code = np.interp(x, seen.curve[:, c], seen.code)
                trusted[k, c] = np.where((x > black[c]) & (code < seen.ends[c]), trust(code / seen.full[c]), FAINT)
        weight = full * trusted / trusted.max(axis=0)  # whom nobody beats has all of its weight
        return weight.astype(np.float32), (2 * FAINT * full.sum(axis=0)).astype(np.float32), lowest

    def noise(self, seen: Seen) -> Noise:
        """What was given, or what the bracket shows."""
        if self.full_well_e:
            return Noise(1 / self.full_well_e, (self.read_noise_e / self.full_well_e) ** 2, rounding(seen.depth))
        return super().noise(seen)

    def counted(self, seen: Seen) -> tuple[Array, Array]:
        """The first estimate, all photons over all the time that the shutter was open, and the mask."""
        code = seen.code[:, None]
        counts = np.where((code > self.low) & (code < seen.ends), trust(code / seen.full), 0.0).T
        photons = np.repeat((counts * seen.curve.T)[None], len(seen.times), axis=0).astype(np.float32)
        return seen.mean(photons, (counts * seen.times[:, :, None]).astype(np.float32), logarithmic=False)


def span(seen: Seen) -> tuple[np.float32, int]:
    """log2 of the least light that a pilot may tell, and how many entries of STEPS a stop go up to the most."""
    least = np.log2(min(seen.below[seen.below > 0].min(), (seen.curve[1] / seen.times).min())) - 1
    most = np.log2(max(seen.above.max(), (seen.curve[-1] / seen.times).max())) + 1
    return np.float32(least), int((most - least) * STEPS) + 1
