"""What moves is there once, as the deciding frame saw it; what stands still is merged as if nobody had looked."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scenes import bracket_of, hills, rms_stops, true_curve

from fullwell import image
from fullwell.errors import UsageError
from fullwell.image import Bracket, Radiance, Response
from fullwell.kernels.cells import CLIPPED
from fullwell.merge._ghosts import DARK, Small, box, fall_back
from fullwell.merge.granados10 import Granados10
from fullwell.merge.robertson03 import Robertson03
from fullwell.simulate import Camera, Shot
from fullwell.tonemap.drago03 import Drago03

TIMES = [1 / 8 * 4.0**k for k in range(5)]
MERGERS = (Granados10, Robertson03)


def passing(light: np.ndarray, level: float) -> list[np.ndarray]:
    """The light of five frames, through which a thing of a colour of its own passes."""
    h, w = light.shape[:2]
    seen = []
    for k in range(5):
        there, left = light.copy(), int(w * (0.15 + 0.13 * k))
        there[h // 3 : h // 3 + h // 4, left : left + w // 10] = np.array([1.0, 0.8, 0.6]) * level
        seen.append(there)
    return seen


def taken(lights: list[np.ndarray], response: str = "srgb", reference: int = -1) -> tuple[Bracket, Response]:
    camera, rng = Camera(response), np.random.default_rng(1)
    shots = [Shot(camera.expose(light, t, rng), t, (0, 0)) for light, t in zip(lights, TIMES, strict=True)]
    return bracket_of(shots, reference), Response(true_curve(camera))


def as_jpeg(codes: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(codes)).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("merger", MERGERS)
@pytest.mark.parametrize("response", ["srgb", "film"])
@pytest.mark.parametrize("level", [0.05, 0.4, 2.0])
def test_in_the_path_of_a_thing_there_is_what_the_deciding_frame_saw(merger, response: str, level: float) -> None:
    light = hills(300, 400, 3)
    lights = passing(light, level)
    bracket, curve = taken(lights, response)
    merged = merger(deghost="auto")(bracket, curve)
    path = np.any([(x != light).any(axis=2) for x in lights], axis=0)
    measured = np.repeat((path & (merged.mask == 0))[..., None], 3, axis=2)
    decided = lights[merged.ghosts.reference]
    clipped = (decided * TIMES[merged.ghosts.reference] > 0.9).any(axis=2)[..., None]
    # A thing that the deciding frame blows out is not kept as a white shape: another frame fills in, whole, and shows
    # the hills. The shape would be a hole in a recovered sky where the blown part is behind what moved.
    truth = np.where(clipped, light, decided)
    before = merger(deghost="off")(bracket, curve)
    error, was = (rms_stops(m.rgb, truth, measured) for m in (merged, before))
    assert error < 0.06
    assert was > 0.25 or clipped.any()  # what most frames clip is hardly a ghost
    seen = [k for k, t in enumerate(TIMES) if 0.6 * level * t > DARK and level * t < 1]  # well exposed in these
    assert (np.array([merged.ghosts.rejected[k] for k in seen if k != merged.ghosts.reference]) > 0.01).all()
    near = box(path.astype(np.float32), 16) > 0  # grown by the margin, 8 cells of 2 pixels with the seam
    assert max((merged.unused(k)[~near] > 0).mean() for k in range(5)) < 0.01


@pytest.mark.parametrize("merger", MERGERS)
@pytest.mark.parametrize("level", ["auto", "low", "medium", "high"])
def test_what_stands_still_is_merged_as_without(merger, level: str) -> None:
    light = hills(300, 400, 3)
    bracket, curve = taken([light] * 5)
    off, on = merger(deghost="off")(bracket, curve), merger(deghost=level)(bracket, curve)
    assert rms_stops(on.rgb, light) <= 1.03 * rms_stops(off.rgb, light)
    assert off.ghosts is None


def test_frames_that_were_toned_one_by_one_are_merged_as_without() -> None:
    """A frame that is lighter here and darker there, all over: auto says which it is."""
    light = hills(300, 400, 3)
    rise = np.exp2(np.where(np.indices(light.shape)[1] // 40 % 2, 1.3, -1.3)).astype(np.float32)
    bracket, curve = taken([light, light, light, light * rise, light])
    off, auto = (Robertson03(deghost=how)(bracket, curve) for how in ("off", "auto"))
    assert auto.ghosts.misfits == (3,)
    assert not auto.ghosts.rejected.any()
    assert np.array_equal(auto.rgb, off.rgb)


def test_a_dark_frame_does_not_decide() -> None:
    """The shortest of many measures little but lamps: nothing contradicts it, and nothing confirms it."""
    camera, times = Camera("srgb", seed=4), [4.0**k / 256 for k in range(6)]
    light = hills(200, 300, 3, stops=6)
    bracket = bracket_of(camera.shoot(light, times), 0)
    thing = [f.codes().copy() for f in bracket]
    thing[4][80:120, 100:140] = 200
    bracket = bracket.replace([f.replace(source=c) for f, c in zip(bracket, thing, strict=True)])
    merged = Robertson03(deghost="auto")(bracket, Response(true_curve(camera)))
    assert merged.ghosts.reference > 1


@pytest.mark.parametrize("merger", MERGERS)
def test_what_jpeg_does_beside_what_is_clipped_is_no_ghost(merger) -> None:
    light = hills(280, 420, 2, stops=12)
    bracket, curve = taken([light] * 5, "linear")
    bracket = bracket.replace([f.replace(source=as_jpeg(f.codes(), 80)) for f in bracket])
    off, on = (merger(deghost=level)(bracket, curve) for level in ("off", "auto"))
    seen = np.repeat(off.mask[..., None] == 0, 3, axis=2)
    assert rms_stops(on.rgb, light, seen) <= 1.01 * rms_stops(off.rgb, light, seen)


@pytest.mark.parametrize("merger", MERGERS)
def test_a_response_that_is_wrong_near_white_moves_nothing(merger) -> None:
    """Bright codes read up to 0.3 stops too dark; a clipped one says that there is at least so much light, no more."""
    bracket, response = taken([hills(300, 400, 3)] * 5)
    curve = response.table(256) * 2 ** (-0.3 * np.interp(np.arange(256), [190, 251], [0, 1]))[:, None]
    curve[252:] = 1.2 * response.table(256)[252:]
    assert merger(deghost="auto")(bracket, Response(curve, white=curve[251].max())).ghosts is None


@pytest.mark.parametrize("reference", [1, 3])
def test_the_user_may_say_which_frame_decides(reference: int) -> None:
    lights = passing(hills(200, 300, 4), 0.3)
    bracket, curve = taken(lights)
    merged = Granados10(deghost="auto", deghost_reference=reference)(bracket, curve)
    assert merged.ghosts.reference == reference
    blown = bracket.frames[reference].codes().max(axis=2) > 240
    near = np.pad(blown, 4).reshape(-1)
    near = np.max([np.roll(near.reshape(208, 308), (y, x), (0, 1)) for y in range(-4, 5) for x in range(-4, 5)], axis=0)
    assert not merged.unused(reference)[~near[4:-4, 4:-4]].any()  # it speaks wherever it measures
    with pytest.raises(UsageError, match="deghost_reference must be one of the frames 0 to 4"):
        Granados10(deghost="auto", deghost_reference=5)(bracket, curve)


def test_the_deciding_frame_is_counted_among_the_files_and_must_be_used() -> None:
    bracket, curve = taken(passing(hills(200, 300, 4), 0.3))
    frames = list(bracket.frames)
    frames[1] = frames[1].replace(left_out="it cannot be aligned")
    lacking = bracket.replace(frames)
    merged = Granados10(deghost="auto", deghost_reference=3)(lacking, curve)
    assert merged.ghosts.reference == 3
    assert merged.ghosts.rejected[1] == 0
    with pytest.raises(UsageError, match="must be a frame that is used; 1, shot 1, is not: it cannot be aligned"):
        Granados10(deghost="auto", deghost_reference=1)(lacking, curve)


@pytest.mark.parametrize("merger", MERGERS)
def test_what_is_told_is_what_was_done(merger) -> None:
    bracket, curve = taken(passing(hills(300, 400, 3), 0.4))
    ghosts = merger(deghost="auto")(bracket, curve).ghosts
    np.testing.assert_array_equal(ghosts.rejected, (ghosts.shares < 0.5).mean(axis=(1, 2)))


@pytest.mark.parametrize("merger", MERGERS)
def test_black_clothes_have_no_specks_of_what_was_behind_them(merger) -> None:
    """Where the deciding frame is black in a channel, a frame that was rejected does not lend it its own."""
    floor = np.full((200, 300, 3), 0.1, np.float32)
    dark = floor.copy()
    dark[60:140, 100:160] = (0.0002, 0.0006, 0.0002)
    bracket, curve = taken([floor, floor, dark, floor, floor], reference=2)
    merged = merger(deghost="auto", deghost_reference=2)(bracket, curve)
    assert merged.rgb[70:130, 110:150].max() < 0.01


def test_frames_given_in_another_order_give_the_same() -> None:
    """Also where two frames are as far from the deciding one: the longer is the first that is compared."""
    bracket, curve = taken(passing(hills(200, 300, 4), 0.3), reference=2)
    backwards = Bracket(bracket.frames[::-1], 2)
    a, b = (Granados10(deghost="auto")(each, curve) for each in (bracket, backwards))
    np.testing.assert_array_equal(a.ghosts.shares, b.ghosts.shares[::-1])


def test_a_frame_that_agrees_and_fades_out_fills_in_what_the_deciding_frame_clips() -> None:
    """Before a nearer one that was rejected, and before a bound, which is a grey patch in a window."""
    light = np.ones((1, 1, 3), np.float32)
    blown = Small(light, light, np.full(light.shape, CLIPPED, np.uint8))
    moving, agrees = (Small(k * light, light, np.zeros(light.shape, np.uint8)) for k in (2, 4))
    shares = np.array([1, 0, 0.2], np.float32).reshape(3, 1, 1)
    fall_back(shares, np.array([False, True, False]).reshape(3, 1, 1), agrees, [blown, moving, agrees], [0, 1, 2])
    assert shares.ravel().tolist() == [0, 0, 1]


def test_where_the_deciding_frame_clips_one_frame_alone_fills_in() -> None:
    """A dark thing before a bright wall in one short frame: wall or thing, but no colour of both."""
    wall = np.empty((200, 300, 3), np.float32)
    wall[:] = np.array([1.6, 1.5, 1.2])
    dark = wall.copy()
    dark[60:140, 100:160] = 0.002
    bracket, curve = taken([wall, dark, wall, wall, wall], reference=3)
    merged = Granados10(deghost="auto", deghost_reference=3)(bracket, curve)
    tint = merged.rgb / merged.rgb[..., 1:2]
    np.testing.assert_allclose(tint[70:130, 110:150], np.broadcast_to([1.6 / 1.5, 1, 0.8], (60, 40, 3)), rtol=0.15)


def test_frame_by_frame_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    bracket, curve = taken(passing(hills(120, 160, 4), 0.3))
    together = [merger(deghost="high")(bracket, curve) for merger in MERGERS]
    monkeypatch.setattr(image, "KEPT_BYTES", 0)
    for merger, expected in zip(MERGERS, together, strict=True):
        alone = merger(deghost="high")(bracket, curve)
        assert np.array_equal(alone.rgb, expected.rgb)
        assert np.array_equal(alone.mask, expected.mask)


def test_seams_do_not_show() -> None:
    """Around a rejected region of a smooth wall neighbours differ no more than elsewhere, but for the noise."""
    wall = np.full((240, 320, 3), 0.008, np.float32)
    wall *= np.linspace(1, 1.5, 320)[None, :, None]
    thing = wall.copy()
    thing[90:150, 130:190] = 0.02
    bracket, curve = taken([wall, wall, wall, wall, thing], "film")
    merged = Granados10(deghost="auto")(bracket, curve)
    assert merged.ghosts.rejected[4] > 0.03
    shown = Drago03()(Radiance(merged.rgb)).rgb.mean(axis=2)
    blocks = shown.reshape(30, 8, 40, 8).mean(axis=(1, 3))
    steps = np.abs(np.diff(blocks, axis=0))
    assert steps.max() < 0.01
