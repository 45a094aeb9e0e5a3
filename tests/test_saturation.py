"""Where a channel is full: found where codes pile up, and not mistaken for what is evenly bright."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scenes import bracket_of, hills, rms_stops

from fullwell.image import CLIPPED_IN_ALL, Bracket, Exposure, Frame, saturation
from fullwell.io import read_bracket
from fullwell.merge.granados10 import Granados10
from fullwell.merge.robertson03 import Robertson03
from fullwell.response.debevec97 import Debevec97
from fullwell.response.srgb import Srgb
from fullwell.simulate import Camera

TIMES = (1 / 60, 1 / 15, 1 / 4, 1.0, 4.0)
LIGHT = hills(160, 240, 3) * 3
LIGHT[:24, :36] = 200.0  # a lamp, too bright for every frame
ROOM = (40, 60)


def as_jpeg(codes: np.ndarray) -> np.ndarray:
    stored = io.BytesIO()
    Image.fromarray(codes).save(stored, "JPEG", quality=95, subsampling=0)
    return np.asarray(Image.open(stored))


def cut(white: Sequence[int], stored: Callable[[np.ndarray], np.ndarray] = lambda codes: codes) -> Bracket:
    """A bracket whose channels record no code above these."""
    frames = bracket_of(Camera("srgb").shoot(LIGHT, TIMES)).frames
    return Bracket(tuple(f.replace(source=stored(np.minimum(f.codes(), np.uint8(white)))) for f in frames))


def of(codes: Sequence[np.ndarray], times: Sequence[float] = TIMES) -> Bracket:
    frames = [Frame(str(i), c, c.shape[:2], Exposure(t)) for i, (c, t) in enumerate(zip(codes, times, strict=False))]
    return Bracket(tuple(frames))


def levels(bracket: Bracket) -> list[int]:
    return [round(255 * level) for level in saturation(bracket)]


@pytest.mark.parametrize("white", [(245, 245, 245), (250, 250, 250), (255, 255, 240), (240, 250, 255), (255, 255, 255)])
def test_it_is_found_in_each_channel(white: tuple[int, int, int]) -> None:
    assert levels(cut(white)) == list(white)
    assert np.abs(np.subtract(levels(cut(white, as_jpeg)), white)).max() <= 1


def test_and_in_16_bits() -> None:
    bracket = cut((245, 245, 245))
    deep = of([f.codes().astype(np.uint16) * np.uint16(257) for f in bracket])
    assert levels(deep) == [245, 245, 245]


def wall(code: float, spread: float) -> np.ndarray:
    """A scene with a wall of even brightness in its upper half."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 200, (*ROOM, 3))
    codes[: ROOM[0] // 2] = np.round(rng.normal(code, spread, (ROOM[0] // 2, ROOM[1], 3)))
    return np.clip(codes, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("spread", [0.0, 0.6, 3.0, 10.0])
@pytest.mark.parametrize(
    "codes", [(100, 150, 200, 245), (150, 200, 245, 255), (245, 245, 245, 245), (120, 180, 240, 250)]
)
def test_a_bright_wall_is_not_taken_for_it(codes: tuple[int, ...], spread: float) -> None:
    assert levels(of([wall(code, spread) for code in codes])) == [255, 255, 255]


def test_frames_of_one_exposure_tell_nothing() -> None:
    piled = [wall(245, 0.0), wall(245, 0.0)]
    piled[1][ROOM[0] // 2 :, ::2] = 245
    assert levels(of(piled, (1.0, 1.0))) == [255, 255, 255]
    assert levels(of(piled, (1.0, 4.0))) == [245, 245, 245]


def test_without_exposures_or_with_one_frame_white_is_the_last_code() -> None:
    bracket = cut((245, 245, 245))
    assert levels(Bracket(tuple(f.replace(exposure=Exposure()) for f in bracket))) == [255, 255, 255]
    assert levels(Bracket(bracket.frames[:1])) == [255, 255, 255]
    linear = Bracket(tuple(f.replace(scene_light=True) for f in bracket))
    assert levels(linear) == [255, 255, 255]  # which its decoder saw to


@pytest.mark.parametrize("merge", [Robertson03(), Granados10()])
@pytest.mark.parametrize("stored", [as_jpeg, lambda codes: codes])
def test_a_merge_is_as_good_as_with_white_at_the_last_code(merge, stored) -> None:
    errors = {}
    for white in (255, 245):
        bracket = cut((white,) * 3, stored)
        radiance = merge(bracket, Debevec97()(bracket))
        errors[white] = rms_stops(radiance.rgb, LIGHT, (radiance.mask == 0)[..., None] & (LIGHT > 0))
    assert errors[245] < 1.1 * errors[255]


def test_what_all_frames_record_as_white_is_marked() -> None:
    bracket = cut((245, 245, 245))
    response = Srgb()(bracket)
    assert response.full == saturation(bracket)
    white = (np.stack([f.codes() for f in bracket]) == 245).all(axis=0)
    assert white[:24, :36].all()
    marked = (Robertson03()(bracket, response).mask & CLIPPED_IN_ALL) > 0
    assert marked[white.any(axis=2)].all()


@pytest.mark.parametrize(
    ("folder", "white"),
    [("window_indoor_e995", 251), ("room_lamp_t2i", 255), ("airport_people_t2i", 255), ("sculpture_garden_tiff", 255)],
)
def test_real_photographs(data: Path, folder: str, white: int) -> None:
    assert levels(read_bracket(data / folder, trust_times=True)) == [white] * 3
