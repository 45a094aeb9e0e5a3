"""Saved: a response that was found before, from a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np

from fullwell.atomic import write_text
from fullwell.errors import InputError
from fullwell.image import Bracket, Response
from fullwell.operators import Calibrator
from fullwell.params import operator, param
from fullwell.progress import Progress


@operator(family="response", title="Saved", cite="no source: what was measured before")
class Saved(Calibrator):
    known: ClassVar[bool] = True
    path: str = param("", help="The JSON file, as `fullwell response FRAMES -o curve.json` writes it.")

    def recover(self, bracket: Bracket, progress: Progress) -> Response:
        return load(self.path)


def save(response: Response, path: str | Path) -> None:
    """Write a response as JSON; it reads back bit for bit. Raises UsageError where that fails."""
    text = {
        "fullwell_response": 1,
        "name": response.name,
        "residual_stops": response.residual_stops,
        "white": response.white,
        "curve": response.curve.tolist(),
    }
    write_text(json.dumps(text), path)


def load(path: str | Path) -> Response:
    """Read a response that `save` wrote. Raises InputError where the file is not one."""
    try:
        found = json.loads(Path(path).read_text())
        if not isinstance(found, dict) or found.get("fullwell_response") != 1:
            raise ValueError("it is not a response that Fullwell saved")
        return Response(
            np.array(found["curve"], np.float64), str(found["name"]), None, found["residual_stops"], found.get("white")
        )
    except OSError as e:
        raise InputError(f"response: {str(path)!r} cannot be read: {e.strerror}.") from None
    except (ValueError, KeyError, TypeError) as e:
        reason = e.args[0] if isinstance(e, InputError) else "it is not a response that Fullwell saved"
        raise InputError(f"response: {path} cannot be used: {reason}.") from None
