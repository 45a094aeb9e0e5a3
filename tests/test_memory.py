"""Memory that is given back."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from fullwell.memory import trim


def resident() -> int:
    return next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )


def test_what_small_blocks_took_is_given_back() -> None:
    if not Path("/proc/self/status").exists() or not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("needs Linux with glibc")
    blocks = [np.ones(10_000) for _ in range(2000)]  # 160 MB, each below what the C library maps by itself
    kept = blocks[-1]
    blocks.clear()
    before = resident()
    trim()
    assert kept[0] == 1.0
    assert before - resident() > 100e6


def test_a_c_library_that_cannot_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in (AttributeError, OSError, TypeError):

        def absent(name: object, missing: type[Exception] = missing) -> None:
            raise missing

        monkeypatch.setattr(ctypes, "CDLL", absent)
        trim()
