"""The series of stops that cameras round: 1/30 s is written for 1/32 s, f/5.6 for f/5.657, ISO 125 for 126."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fullwell.image import Array, Exposure

STEPS = (3, 2)  # a stop: thirds or halves, of which whole stops are a part
ROUNDED_EV = 0.11  # the most by which a camera rounds: 15 s for 16 s is 0.093
# A value of each setting that is in the series, and the stops that twice of it is.
SETTINGS = {"time_s": (1.0, 1.0), "f_number": (1.0, -2.0), "iso": (100.0, 1.0)}


def rounding_ev(settings: Sequence[Exposure]) -> Array | None:
    """How much more (frames,) each frame is exposed than its settings say, by the series; None where one is not in it.

    All frames follow one series, thirds or halves of a stop: the one they are closer to. A setting that is the same for
    all changes no ratio and stays as it is.
    """
    varying: list[Array] = []
    for name, (whole, stops) in SETTINGS.items():
        values = [getattr(s, name) for s in settings]
        if all(values) and len(set(values)) > 1:
            varying.append(stops * np.log2(np.array(values, np.float64) / whole))
    if not varying:
        return None
    ev = np.stack(varying)
    away = [np.round(ev * step) / step - ev for step in STEPS]
    best = min(away, key=lambda a: float(np.abs(a).sum()))
    return best.sum(axis=0) if np.abs(best).max() <= ROUNDED_EV else None
