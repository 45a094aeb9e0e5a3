"""Files that are whole or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fullwell.errors import FullwellError, UsageError


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A temporary file beside `path` that becomes it if all goes well, and vanishes if not.

    Where `path` is a symbolic link it stays one, and what it points to is replaced. Raises UsageError where the file
    cannot be written.
    """
    final = Path(os.path.realpath(path))
    # Short: the name itself may be as long as names can be.
    temporary = final.with_name(f".fullwell-{os.getpid()}-{os.urandom(4).hex()}{final.suffix}")
    try:
        yield temporary
        os.replace(temporary, final)
    except FullwellError:
        raise
    except (OSError, ValueError) as failed:  # ValueError: sizes that a format cannot hold
        raise UsageError(f"{path}: cannot be written ({getattr(failed, 'strerror', None) or failed}).") from failed
    finally:
        temporary.unlink(missing_ok=True)


def write_text(text: str, path: str | Path) -> None:
    """Write a text as UTF-8. Raises UsageError where that fails."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
