"""Progress on a terminal: a bar with the stage's name, and in a pipe notes alone."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from fullwell.progress import Progress

CELLS = 24


class Bar(Progress):
    """Draws on stderr while stages run and wipes itself."""

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.shown = sys.stderr.isatty()

    def began(self, name: str) -> None:
        self.name = name
        self._draw(0.0)

    def stepped(self, share: float) -> None:
        self._draw(share)

    def ended(self, name: str) -> None:
        self.wipe()

    def note(self, text: str) -> None:
        self.wipe()
        print(text, file=sys.stderr)

    def _draw(self, share: float) -> None:
        if self.shown:
            full = round(share * CELLS)
            sys.stderr.write(f"\r{self.name:>10} [{'#' * full}{'.' * (CELLS - full)}] {share:4.0%}")
            sys.stderr.flush()

    def wipe(self) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def working(threads: int | None = None, ahead: Callable[[], subprocess.Popen[str]] | None = None) -> Iterator[Bar]:
    """A bar to give to the work, on so many threads, with a word when kernels must be compiled first.

    `ahead` starts a process that then compiles on another core; it ends with the work.
    """
    from fullwell.kernels import _jit

    bar, helpers, over = Bar(), list[subprocess.Popen[str]](), threading.Event()

    def compiling() -> None:
        if over.is_set():  # the work of another bracket compiles, and tells it
            return
        bar.note("compiling the kernels for this machine; this happens once and is kept in the cache.")
        if ahead and _jit.cache_folder() and _jit.thread_count() > 1:
            with suppress(OSError):  # then there is one process
                helpers.append(ahead())

    _jit.on_first_compile(compiling)
    try:
        with _jit.threads(threads):
            yield bar
    finally:
        over.set()
        bar.wipe()
        for helper in helpers:
            helper.kill()
            helper.wait()
