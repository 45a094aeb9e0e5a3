"""A bracket in the sensor's own numbers, merged before it is demosaiced: once, and by what all frames know.

Every frame demosaiced alone would spread what is clipped in it, and its noise, over the pixels around, which then pass
for measured. Where frames lie over each other colour by colour, nothing is in the way of merging their numbers.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from fullwell.image import Array, Bracket, Frame, Ghosts
from fullwell.kernels.demosaic import demosaic_light


def folded(bracket: Bracket) -> Bracket | None:
    """The bracket of the frames' mosaics, as `Mosaic.folded` has them; None where frames have none or lie otherwise.

    They must be shifted by an even number of pixels, if at all.
    """
    reds = {frame.mosaic and frame.mosaic.red for frame in bracket}
    if None in reds or len(reds) > 1 or any(f.pose.to_frame or any(s % 2 for s in f.pose.shift_px) for f in bracket):
        return None
    return bracket.replace([_folded(frame) for frame in bracket])


def _folded(frame: Frame) -> Frame:
    assert frame.mosaic is not None
    (h, w), (y, x) = frame.shape, frame.pose.shift_px
    pose = dataclasses.replace(frame.pose, shift_px=(y, x // 2))
    return frame.replace(source=frame.mosaic.folded, shape=(h, w // 2), pose=pose)


def demosaiced(light: Array, bracket: Bracket) -> Array:
    """Merged light (h, w / 2, 3) float32 of the folded bracket as it is at every pixel, (h, w, 3)."""
    mosaic = bracket.frames[0].mosaic
    assert mosaic is not None
    h, half, _ = light.shape
    out = np.empty((h, 2 * half, 3), np.float32)
    demosaic_light(light, *mosaic.red, out)
    return out


def unfolded(layer: Array) -> Array:
    """What was told of each pixel of a folded frame, told of both pixels that it stands for."""
    return np.repeat(layer, 2, axis=1)


def unfolded_ghosts(ghosts: Ghosts, shape: tuple[int, int]) -> Ghosts:
    """The same shares, in cells that are as wide as high."""
    columns = math.ceil(shape[1] / ghosts.cell)
    return ghosts._replace(shares=np.repeat(ghosts.shares, 2, axis=2)[:, :, :columns])
