"""Responses that are formulas: evaluated at the bit depth of the frames, so that 16 bit are not interpolated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fullwell.image import Array, Bracket, Response


def known(bracket: Bracket, decode: Callable[[Array], Array], name: str, notes: tuple[str, ...] = ()) -> Response:
    """The response whose exposure at code value 0 to 1 is `decode(code)`; code 0 counts as half the first step."""
    levels = 65536 if any(f.levels > 256 for f in bracket) else 256
    code = np.arange(levels) / (levels - 1)
    code[0] = 0.5 / (levels - 1)
    curve = decode(code)
    return Response(np.repeat((curve / curve[levels // 2])[:, None], 3, axis=1), name, notes=notes)
