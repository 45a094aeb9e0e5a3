"""fullwell doctor: what works on this machine, and what to install for the rest."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from typing import Any

import click

from fullwell import __version__
from fullwell.cli import as_json

NEEDED = ("numpy", "numba", "llvmlite", "OpenImageIO", "imagecodecs", "pillow", "click", "tomli-w")
EXTRAS = {
    "plots": ("matplotlib", "response plots as PNG and PDF"),
    "opencv": ("opencv", "cv2 names beyond the drop-in"),
    "raw": ("rawpy", "camera RAW and DNG, by LibRaw"),
    "heic": ("pi-heif", "HEIC and other HEIF, by libheif"),
    "heic-write": ("pillow-heif", "HEIC out, by libheif and x265: a wheel under the GPL 2"),
}


@click.command("doctor", short_help="What works on this machine.")
@click.option("--json", "machine", is_flag=True, help="Print as JSON.")
def command(machine: bool) -> None:
    """Versions, threads, the kernel cache and the optional extras."""
    found = examine()
    if machine:
        as_json(found)
        return
    click.echo(f"fullwell {found['fullwell']}, Python {found['python']}, {found['platform']}")
    click.echo("libraries: " + ", ".join(f"{k} {v}" for k, v in found["libraries"].items()))
    click.echo(f"threads: {found['threads']} ({found['threading_layer']})")
    click.echo(f"kernel cache: {found['kernel_cache'] or 'no writable folder: kernels are compiled in every run'}")
    for extra, (_, what) in EXTRAS.items():
        state = found["extras"][extra] or f"absent; pip install 'fullwell[{extra}]'"
        click.echo(f"extra {extra} ({what}): {state}")


def examine() -> dict[str, Any]:
    """The findings as plain data."""
    import numba
    import numpy as np

    from fullwell.kernels import _jit
    from fullwell.kernels.histogram import LogStats

    LogStats(np.ones((4, 4, 3), np.float32), np.ones(3, np.float32))  # type: ignore[no-untyped-call]  # a kernel runs
    opencv = ("opencv-python-headless", "opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
    return {
        "fullwell": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "libraries": {name: _version(name) for name in NEEDED},
        "threads": numba.get_num_threads(),
        "threading_layer": numba.threading_layer(),
        "kernel_cache": str(_jit.cache_folder() or ""),
        "extras": {extra: _version(name) for extra, (name, _) in EXTRAS.items()}
        | {"opencv": next((v for name in opencv if (v := _version(name))), "")},
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
