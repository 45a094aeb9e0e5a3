"""Where a channel is full: the code at which the pixels pile up that got more light than it can say.

Most cameras record white as the last code. Some, and some RAW converters, stop at 245, or in one channel at 250: such
codes say that a pixel is clipped, not how bright it is. A wall or a sky of even brightness piles up as well, but at
another code in a frame of another exposure: only a code that comes again there is where the channel is full.
"""

from __future__ import annotations

import numpy as np

from fullwell.color import Array
from fullwell.errors import ExposureError
from fullwell.image.bracket import Bracket

LEAST = 204  # a pile below is something of even brightness
NEAR_FULL = 252  # a pile from here up is at the last code, scattered
SPIKE = 3.0  # times either neighbour: what is clipped is of one code or two, and what is bright of several
SHARE = 1e-3  # of all pixels, that a pile holds
ABOVE = 0.4  # of it, what may be above: JPEG scatters as much where noise clips
SAME = 1  # codes that the piles of two frames may lie apart
APART_EV = 0.9  # of the exposures of two frames that agree
GROWS = 1.05  # times: the pile of the longer of them, which a frame or date in the picture does not do


def saturation(bracket: Bracket) -> tuple[float, float, float]:
    """The code (0 to 1) at which each channel is full; 1 where nothing speaks for another.

    The level is that of piles which frames of different exposure have in common, and no frame has a pile above. Linear
    light, as of RAW, is full at 1 as it was decoded. Every frame is decoded that was not before.
    """
    if len(bracket) < 2 or all(f.scene_light for f in bracket):
        return 1.0, 1.0, 1.0
    try:
        ev = np.log2(bracket.exposures)
    except ExposureError:  # nobody knows which frames agree by chance
        return 1.0, 1.0, 1.0
    counts = np.stack([f.counts() for f in bracket], axis=2)  # (256, 3, frames)
    red, green, blue = (_full(counts[:, c], ev) / 255.0 for c in range(3))
    return red, green, blue


def _full(counts: Array, ev: Array) -> int:
    """Of one channel's counts (256, frames) and the frames' log2 exposures."""
    piles = np.array([_pile(frame) for frame in counts.T])
    for level in sorted(set(piles[piles > 0].tolist()), reverse=True):
        agree = np.flatnonzero(np.abs(piles - level) <= SAME)
        short, long = agree[np.argmin(ev[agree])], agree[np.argmax(ev[agree])]
        held = counts[level - SAME : level + SAME + 1].sum(axis=0)
        above = counts[level + SAME + 1 :].sum(axis=0)
        grows = ev[long] - ev[short] >= APART_EV and held[long] > GROWS * held[short]
        if grows and (above <= ABOVE * held[long]).all():
            return level if level < NEAR_FULL else 255
    return 255


def _pile(counts: Array) -> int:
    """The code of one frame's last pile, 0 without one."""
    first, second = counts[LEAST:], np.append(counts[LEAST + 1 :], 0)  # colour conversion puts some beside the rest
    at = LEAST + int(np.argmax(first + second))
    held, beside = counts[at : at + 2].sum(), counts[[at - 1, *range(at + 2, min(at + 3, len(counts)))]].max()
    narrow = held > SPIKE * max(beside, SHARE * counts.sum() / SPIKE) and counts[at + 2 :].sum() <= ABOVE * held
    return at + int(np.argmax(counts[at : at + 2])) if narrow else 0
