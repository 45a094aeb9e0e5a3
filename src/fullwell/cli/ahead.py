"""The first run on a machine: a second process compiles what makes pictures, while the run compiles what merges.

The two are as much work, and the run then takes from the cache what the other has done. On two cores the first run of
all defaults so takes some two thirds of the time.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fullwell.image import Picture, Radiance
from fullwell.io import formats
from fullwell.io.picture import encode
from fullwell.operators import HEADROOM
from fullwell.recipe import Recipe

SIZE = (48, 64)  # what is made is thrown away
START = "from fullwell.cli.ahead import compile_pictures; compile_pictures()"


def start(recipe: Recipe, outputs: Sequence[str]) -> subprocess.Popen[str]:
    """The process that does it for one recipe and these outputs; whoever starts it ends it."""
    suffixes = [Path(output).suffix.lower() for output in outputs]
    process = subprocess.Popen(  # -P: a file of the photographs' folder is no module
        [sys.executable, "-P", "-c", START, *suffixes],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(recipe.to_toml())
    process.stdin.close()
    return process


def compile_pictures() -> None:
    """Tone map, encode and finish a small scene by the recipe on stdin, for the suffixes that are the arguments."""
    recipe = Recipe.from_toml(sys.stdin.read())
    light = np.linspace(0.01, 20.0, SIZE[0] * SIZE[1] * 3, dtype=np.float32).reshape(*SIZE, 3)
    scene = Radiance(light, recipe.primaries, np.zeros(SIZE, np.uint8), noise_floor=0.001)
    picture = Picture(light / light.max(), recipe.primaries)
    if not recipe.fuse:
        recipe.tonemap(scene, ceiling=HEADROOM if recipe.finish else 1.0)
    for path in (Path(f"picture{suffix}") for suffix in sys.argv[1:]):
        if recipe.output.kind(path) == "picture":  # only encoded: whoever is killed leaves no file behind
            encode(picture, formats.bits(path, recipe.output.bits), long_edge=recipe.output.long_edge)
    if recipe.finish:
        recipe.finish(picture, scene)
