"""The disk cache: what was compiled is loaded, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HALVES = """
import sys
import numpy as np
from fullwell.kernels.mtb import halve
out = np.empty((4, 5), np.uint8)
halve(np.arange(80, dtype=np.uint8).reshape(8, 10), out)
print(out.tolist(), sum(halve.compiled.stats.cache_hits.values()), "numba.np.npyimpl" in sys.modules)
"""


def test_a_kernel_from_the_cache_gives_the_same_and_needs_no_registries(tmp_path: Path) -> None:
    def run() -> str:
        environment = os.environ | {"FULLWELL_CACHE": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", HALVES], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    expected = [[20 * y + 2 * x + 6 for x in range(5)] for y in range(4)]
    assert run() == f"{expected} 0 True"
    assert run() == f"{expected} 1 False"
