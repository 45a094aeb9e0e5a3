"""The one place that compiles: flags, threads, the disk cache, and read-only inputs.

The cache folder is named by a hash of every kernel's source, because numba does not notice an edited callee in
another file. A cache that cannot be written costs compilation in every process, never an error.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any

import numpy as np
from numba import config, get_num_threads, njit, set_num_threads
from numba.core import event
from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys

# No nnan, no ninf: NaN and infinity keep their meaning.
FLAGS = frozenset({"contract", "reassoc", "nsz", "arcp", "afn"})
f = np.float32
SMALL = 1 << 15  # pixels; below, waking threads costs more than they save: 8 ms a call on a busy machine


def kernel(outs: int = 1, parallel: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a kernel whose last `outs` arguments are written and whose other arrays are not.

    Inputs are handed over as read-only views: one signature whether the caller's array is read-only or not, and a
    kernel that writes an input does not compile.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        compiled = _njit(function, parallel)

        @wraps(function)
        def call(*args: Any) -> Any:
            split = len(args) - outs
            return compiled(*[_frozen(a) for a in args[:split]], *args[split:])

        call.compiled = compiled  # type: ignore[attr-defined]
        return call

    return decorate


def inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a small function that kernels call; LLVM inlines it."""
    return _njit(function, parallel=False)


def _njit(function: Callable[..., Any], parallel: bool) -> Callable[..., Any]:
    # "numpy": x / 0 is infinite; "python" raises there, which also stays scalar.
    compiled = njit(function, parallel=parallel, nogil=True, fastmath=set(FLAGS), error_model="numpy")
    with _cache_folder() as folder:
        if folder is not None:
            compiled._cache = _Cache(function)
    return compiled


class _Cache(FunctionCache):  # type: ignore[misc]
    """numba's disk cache, but that types and functions are not registered until something must be compiled.

    What is compiled needs none of them but the runtime that allocates; they took 0.2 s of every process.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


def _frozen(value: Any) -> Any:
    if not isinstance(value, np.ndarray) or not value.flags.writeable:
        return value
    view = value.view()
    view.flags.writeable = False
    return view


@contextmanager
def _cache_folder() -> Iterator[Path | None]:
    """Point numba at our folder while it decorates; other users of numba in the process keep theirs."""
    folder, before = cache_folder(), config.CACHE_DIR
    if folder:
        config.CACHE_DIR = str(folder)
    try:
        yield folder
    finally:
        config.CACHE_DIR = before


@cache
def cache_folder() -> Path | None:
    """Where compiled kernels are kept, or None where nothing can be written."""
    digest = hashlib.sha256()
    folders = Path(__file__).parent, Path(__file__).parent.parent / "simulate" / "scene"  # where callees are
    for source in sorted(path for folder in folders for path in folder.glob("*.py")):
        digest.update(source.read_bytes())
    folder = _user_cache() / "fullwell" / f"kernels-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


def _user_cache() -> Path:
    if given := os.environ.get("FULLWELL_CACHE") or os.environ.get("XDG_CACHE_HOME"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home()))
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def on_first_compile(tell: Callable[[], None]) -> None:
    """Call `tell` once, when the first kernel is about to be compiled and not loaded from the cache."""

    class Listener(event.Listener):  # type: ignore[misc]
        told = False

        def on_start(self, event: Any) -> None:
            if not Listener.told:
                Listener.told = True
                tell()

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Listener())


def thread_count() -> int:
    """How many threads kernels run on here."""
    return int(get_num_threads())


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Use this many threads inside; results do not depend on it."""
    before = get_num_threads()
    set_num_threads(max(1, min(count or before, config.NUMBA_NUM_THREADS)))
    try:
        yield
    finally:
        set_num_threads(before)


def threads_for(pixels: int) -> Any:
    """Use one thread inside for kernels over so few pixels that more would wait for each other, else all there are."""
    return threads(1 if pixels < SMALL else None)
