"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real photographs and odd files; FULLWELL_DATA says where it is."""
    folder = os.environ.get("FULLWELL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("FULLWELL_DATA does not name a folder of real photographs")
    return Path(folder)
