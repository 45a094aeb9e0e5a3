"""Debevec and Malik's merge as OpenCV computes it: that of the OpenCV HDR tutorials.

Source: OpenCV, modules/photo/src/merge.cpp, MergeDebevec; after P. E. Debevec, J. Malik, "Recovering High Dynamic Range
Radiance Maps from Photographs", SIGGRAPH 1997, eq. (6).
Differs from the paper, as OpenCV does: the three channels of a pixel share one weight, so that a channel that is
clipped counts as long as another is not; and what clips in every frame is averaged like anything else. `debevec97` is
the operator as published.
Differs from OpenCV: pixels with a channel at the same end of its range in every frame are marked; 1.0 is what the
middle exposure records as white.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from fullwell.image import BLACK_IN_ALL, CLIPPED_IN_ALL, Array, Bracket, Radiance, Response
from fullwell.kernels.opencv_merge import merge_shared_weight
from fullwell.kernels.rows import addresses
from fullwell.kernels.warp import shifted
from fullwell.merge._registered import Registered
from fullwell.operators import Merger
from fullwell.params import operator
from fullwell.progress import Progress


@operator(family="merge", title="Debevec in OpenCV", cite="debevec97")
class Debevec97CV(Merger):
    def merge(self, bracket: Bracket, response: Response, layers: Collection[str], progress: Progress) -> Radiance:
        registered = Registered(bracket, response, 1.0, progress)
        codes = [shifted(laid.codes, laid.shift) for laid in registered.each(range(len(bracket)), progress)]
        middle, top = bracket.middle_exposure, registered.levels - 1
        rgb = merged(codes, response.table(top + 1) / (response.white or 1.0), bracket.exposures / middle)
        mask = (np.minimum.reduce(codes) == top).any(axis=2) * np.uint8(CLIPPED_IN_ALL)
        mask |= (np.maximum.reduce(codes) == 0).any(axis=2) * np.uint8(BLACK_IN_ALL)
        rgb = bracket.in_working(rgb)
        return Radiance(rgb, "rec709", mask, 1.0 / middle, meta=bracket.meta, cd_m2=bracket.nominal_cd_m2)


def merged(codes: list[Array], curve: Array, times: Array) -> Array:
    """Light (h, w, 3) float32 of registered frames (h, w, 3), with an inverse response (levels, 3) and their times."""
    with np.errstate(divide="ignore"):  # a level of no exposure is black, as in OpenCV
        log = np.log2(curve.T)
    value = np.ascontiguousarray(log[None] - np.log2(times)[:, None, None], np.float32)
    out = np.empty(codes[0].shape, np.float32)
    merge_shared_weight(addresses(codes), codes[0][0, 0], np.float32(len(curve) - 1), value, out)
    return out
