"""What can go wrong, and whose business it is.

FullwellError
├── UsageError            wrong command, name or parameter                exit code 2
│   └── ParameterError    one parameter of one operator
├── InputError            a file or array is unreadable or unfit          exit code 3
│   └── ExposureError     an exposure is missing or makes no sense
├── ResultRefused         the work was done and the result is not fit     exit code 4
└── Cancelled             somebody asked to stop                          exit code 130

Every message says who, what must hold, what was got and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "Cancelled",
    "ExposureError",
    "FullwellError",
    "InputError",
    "ParameterError",
    "ResultRefused",
    "UsageError",
    "did_you_mean",
]


class FullwellError(Exception):
    """Base of every error that Fullwell raises on purpose. `table` is shown in lines of its own below the message."""

    exit_code = 1

    def __init__(self, message: str = "", table: str = "") -> None:
        super().__init__(message)
        self.table = table

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n{self.table}" if self.table else message


class UsageError(FullwellError, ValueError):
    exit_code = 2


class ParameterError(UsageError):
    pass


class InputError(FullwellError, ValueError):
    exit_code = 3


class ExposureError(InputError):
    pass


class ResultRefused(FullwellError):  # noqa: N818  (a verdict, not a failure)
    exit_code = 4


class Cancelled(FullwellError):  # noqa: N818
    exit_code = 130


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence part that names the closest known word, or lists them all."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(known)}." if known else "none is known."
