"""Work done ahead: in order, never more at once than asked for, errors where they arise."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from fullwell.progress import ahead


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_results_come_in_order(workers: int, count: int) -> None:
    assert list(ahead([partial(pow, k, 2) for k in range(count)], workers)) == [k * k for k in range(count)]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_no_more_than_asked_for_exist_at_once(workers: int) -> None:
    lock, alive, most = threading.Lock(), 0, 0

    def begin() -> None:
        nonlocal alive, most
        with lock:
            alive += 1
            most = max(most, alive)

    for _ in ahead([begin] * 8, workers):
        with lock:
            alive -= 1  # done with when the next is asked for
    assert most <= workers


def test_an_error_stops_the_rest() -> None:
    begun = []

    def fail(k: int) -> int:
        begun.append(k)
        if k == 1:
            raise ValueError("one")
        return k

    results = ahead([partial(fail, k) for k in range(20)], 2)
    assert next(results) == 0
    with pytest.raises(ValueError, match="one"):
        list(results)
    assert len(begun) <= 4
