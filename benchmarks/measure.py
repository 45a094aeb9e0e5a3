"""Clocks: two calls in turn, a child process with its peak, the machine. Linux tells peaks; elsewhere they are None."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

MB = 1e6
SLOW_S, LONG_S = 3.0, 12.0  # of a call, called twice then, and of a command, run once then


# Started between us and what is measured: Linux counts as a process's peak what its parent held, and we hold images.
LAUNCH = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(status != 0)
"""


class Seconds(NamedTuple):
    wall: float
    processor: float  # of all threads: what a busy machine changes least


def in_turn(calls: Sequence[Callable[[], Any]], rounds: int) -> list[Seconds]:
    """The best seconds of each call, taken in turn after one warm-up each, so that a busy machine hits all alike.

    A call of more than SLOW_S is called twice in all: its warm-up counts.
    """
    best = [_seconds(call) for call in calls]
    slow = [first.wall > SLOW_S for first in best]
    best = [first if late else Seconds(float("inf"), float("inf")) for first, late in zip(best, slow, strict=True)]
    for turn in range(rounds):
        for k, call in enumerate(calls):
            if turn == 0 or not slow[k]:
                now = _seconds(call)
                best[k] = Seconds(min(best[k].wall, now.wall), min(best[k].processor, now.processor))
    return best


def _seconds(call: Callable[[], Any]) -> Seconds:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)


def peak_rise(call: Callable[[], Any]) -> float | None:
    """Bytes by which the resident size of this process rose at most during the call."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    before = _status("VmRSS")
    result = call()
    rise = _status("VmHWM") - before
    del result
    return rise


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return float(line.split()[1]) * 1024
    return 0.0


def child(command: Sequence[str], **environment: str) -> tuple[Seconds, float]:
    """Seconds and peak resident bytes of a command, its start included. Raises where it fails.

    Python may keep its bytecode, as it does for users: recompiling the sources took a tenth of a second.
    """
    settings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | environment
    launched = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCH, *command], env=settings, capture_output=True, text=True
    )
    if launched.returncode:
        raise RuntimeError(f"{' '.join(command)}: {launched.stderr.strip()}")
    wall, processor, peak = map(float, launched.stdout.split())
    return Seconds(wall, processor), peak * (1 if sys.platform == "darwin" else 1024)


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    names = ("fullwell", "numpy", "numba", "llvmlite", "opencv-python-headless", "imagecodecs", "openimageio", "pillow")
    return {
        "processor": _cpu("model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "float32_per_vector": vector_width(),
        "versions": {name: _version(name) for name in names},
    }


def vector_width() -> int:
    """The widest float32 vector in the compiled tone mapper: what LLVM made of this processor."""
    import numpy as np

    from fullwell.tonemap import drago03

    drago03.Drago03()(np.ones((4, 64, 3), np.float32))
    drago03.drago.compiled.recompile()  # what comes from the disk cache cannot be looked into
    code = "".join(drago03.drago.compiled.inspect_asm().values())
    return next((width for register, width in (("%zmm", 16), ("%ymm", 8), ("%xmm", 4)) if register in code), 1)


def _cpu(field: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
