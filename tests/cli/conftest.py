"""What every test of the command line is spared."""

from __future__ import annotations

import pytest

from fullwell.kernels import _jit


@pytest.fixture(autouse=True)
def compiled_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """stderr does not depend on what the tests before compiled."""
    monkeypatch.setattr(_jit, "on_first_compile", lambda tell: None)
