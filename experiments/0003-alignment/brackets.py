"""Random hand-held brackets of known truth: scenes, cameras, exposures, motions and movers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fullwell import io
from fullwell.image import Array, Bracket, Exposure, Frame
from fullwell.simulate import Camera, hills
from fullwell.simulate.handheld import Shake, view
from fullwell.simulate.scene import room

WIDTH, HEIGHT, FINENESS, MARGIN = 600, 400, 2, 60
MEASURED = {"forest": "forest.hdr", "studio": "studio.hdr", "night street": "night.hdr", "candle": "CandleGlass.exr",
            "desk": "Desk.exr", "garden": "Garden.exr", "carrots": "Carrots.exr", "cathedral": "Grace_Cathedral.hdr",
            "meeting": "CS_Warwick.hdr"}  # fmt: skip
USABLE = 0.1  # share of the pixels that a frame must record between black and white
SIZE = (FINENESS * (HEIGHT + 2 * MARGIN), FINENESS * (WIDTH + 2 * MARGIN))


@dataclass(frozen=True, eq=False)
class Case:
    bracket: Bracket
    truth: list[Array]  # (3, 3) a frame, reference to frame
    scene: str
    step_ev: float
    range_ev: float
    movers: int
    response: str


@cache
def light(scene: str) -> Array:
    """The scene, twice as fine as a frame and larger by a margin, (H, W, 3) float32."""
    if scene == "room":
        return room(SIZE[1], SIZE[0], 2)
    if scene.startswith("hills"):
        return hills(*SIZE, seed=int(scene.split()[1]), stops=14)
    source = np.nan_to_num(io.read_radiance(Path(os.environ["FULLWELL_DATA"]) / "hdr_truth" / MEASURED[scene]).rgb)
    source = np.maximum(source[..., :3], 0)
    ratio = SIZE[1] / SIZE[0]
    h, w = source.shape[:2]
    height, width = (h, int(h * ratio)) if h * ratio <= w else (int(w / ratio), w)
    y, x = (h - height) // 2, (w - width) // 2
    part = source[y : y + height, x : x + width]
    zoom = np.diag([SIZE[1] / width, SIZE[0] / height, 1.0])
    zoom[0, 2], zoom[1, 2] = (zoom[0, 0] - 1) / 2, (zoom[1, 1] - 1) / 2
    return view(part, 1, 0, zoom, SIZE)


def scenes() -> list[str]:
    known = ["room", "hills 1", "hills 2"]
    return known + (list(MEASURED) if os.environ.get("FULLWELL_DATA") else [])


def draw(seed: int, shake: Shake | None = None) -> Case:
    """One random bracket."""
    rng = np.random.default_rng([3, seed])
    scene = scenes()[int(rng.integers(len(scenes())))]
    step = float(rng.choice([1, 1.5, 2, 3, 4]))
    count = int(rng.integers(3, max(3, min(7, int(14 / step) + 1)) + 1))
    source = light(scene)
    lum = source.mean(axis=2)
    key = float(np.exp(np.mean(np.log(np.maximum(lum, np.percentile(lum, 1) + 1e-9)))))
    night = "night" in scene
    middle = 0.18 / key * 2.0 ** rng.uniform(-1.5, 1.0) * (0.25 if night else 1.0)
    times = middle * 2.0 ** (step * (np.arange(count) - (count - 1) / 2))
    camera = Camera(
        str(rng.choice(["srgb", "film", "linear"])),
        full_well_e=float(2.0 ** rng.uniform(11.5, 15)),
        read_noise_e=float(rng.uniform(2, 15)),
    )
    shares = [float(np.mean((lum * t > 0.003) & (source.max(axis=2) * t < 0.95))) for t in times]
    times = times[np.array(shares) >= USABLE]
    if len(times) < 3:
        return draw(seed + 100_000, shake)
    count = len(times)
    reference = (count - 1) // 2
    shake = shake or Shake()
    truth = [np.eye(3) if i == reference else shake.draw(rng, (HEIGHT, WIDTH)) for i in range(count)]
    movers = int(rng.integers(0, 4))
    things = [
        (rng.uniform(0.05, 0.25) * HEIGHT, rng.uniform(0.1, 3) * key, rng.uniform(0, 1, 2), rng.uniform(-0.15, 0.15, 2))
        for _ in range(movers)
    ]
    frames = []
    for i, t in enumerate(times):
        seen = view(source, FINENESS, MARGIN, truth[i], (HEIGHT, WIDTH))
        for size, level, place, speed in things:
            _put(seen, size, level, place + speed * i, int(1000 * level / key))
        frames.append(Frame(f"{i}", camera.expose(seen, t, rng), (HEIGHT, WIDTH), Exposure(float(t))))
    order = rng.permutation(count)
    bracket = Bracket(tuple(frames[i] for i in order), int(np.flatnonzero(order == reference)[0]))
    return Case(bracket, [truth[i] for i in order], scene, step, step * (count - 1), movers, camera.response)


def _put(seen: Array, size: float, level: float, place: Array, seed: int) -> None:
    """A striped figure at a place (y, x), shares of the frame."""
    y, x = np.mgrid[0 : seen.shape[0], 0 : seen.shape[1]]
    y, x = y - place[0] * seen.shape[0], x - place[1] * seen.shape[1]
    inside = (y / size) ** 2 + (2 * x / size) ** 2 < 1
    pattern = level * (1 + 0.8 * np.sin(0.4 * x + seed) * np.cos(0.3 * y))
    seen[inside] = (pattern[..., None] * np.array([1.0, 0.8, 0.6]))[inside]
