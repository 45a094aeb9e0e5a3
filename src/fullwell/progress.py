"""Progress of a long job, and the way to stop it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

__all__ = ["QUIET", "Progress", "ahead"]


class Progress:
    """Listens to a job. This one is silent and keeps the seconds per stage; others override the three hooks.

    A listener cancels by raising `fullwell.errors.Cancelled` from `stepped`: operators call it between
    units of work and hold nothing half done.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """One named stage; its wall time is added to `seconds`."""
        self.began(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        self.ended(name)

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """Hand out items, telling the listener how far the stage is before each."""
        items = list(items)
        for done, item in enumerate(items):
            self.stepped(done / len(items))
            yield item

    def began(self, name: str) -> None:
        """A stage began."""

    def stepped(self, share: float) -> None:
        """`share` of the present stage, 0 to 1, is done. Raise `Cancelled` here to stop the job."""

    def ended(self, name: str) -> None:
        """A stage is complete."""

    def note(self, text: str) -> None:
        """Something the user should read and that is no error."""


class _Quiet(Progress):
    """Keeps nothing, so that one instance serves everybody."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        yield


QUIET = _Quiet()


def ahead(tasks: Sequence[Callable[[], T]], workers: int) -> Iterator[T]:
    """Results of tasks in order, worked out on threads before they are asked for; at most `workers` exist at a time.

    The caller's result counts until it asks for the next.
    """
    if workers < 2 or len(tasks) < 2:
        yield from (task() for task in tasks)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting = iter(tasks)
        begun = deque(pool.submit(task) for _, task in zip(range(workers), waiting, strict=False))
        try:
            while begun:
                yield begun.popleft().result()
                begun.extend(pool.submit(task) for task in [next(waiting, None)] if task)
        finally:
            for future in begun:
                future.cancel()
