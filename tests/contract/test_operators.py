"""What every operator promises, whoever wrote it. Runs over the registry: a new file is tested by being there."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from fullwell.errors import FullwellError, ParameterError, UsageError
from fullwell.image import Bracket, Picture, Radiance, Response
from fullwell.kernels._jit import threads
from fullwell.operators import HEADROOM, Aligner, Calibrator, Exposer, Finisher, Fuser, Merger, PointOp, ToneMapper
from fullwell.params import FAMILIES, build, find, ids, operators

EVERY = list(operators())
BASES = {
    "align": Aligner, "exposures": Exposer, "response": Calibrator, "merge": Merger, "fuse": Fuser,
    "tonemap": ToneMapper, "finish": Finisher,
}  # fmt: skip
TIMES = (1 / 60, 1 / 15, 1 / 4)
# The exact inverse of the camera that took the brackets below.
GAMMA = Response(np.linspace(0, 1, 256) ** 2.2 / (128 / 255) ** 2.2)


NEEDED: dict[str, dict[str, str]] = {}  # what an operator cannot work without, by id


@pytest.fixture(scope="module", autouse=True)
def saved_response(tmp_path_factory):
    from fullwell.response.saved import save

    path = tmp_path_factory.mktemp("response") / "curve.json"
    save(GAMMA, path)
    NEEDED["saved"] = {"path": str(path)}


def ready(cls, **values):
    """An operator that can work."""
    return cls(**NEEDED.get(cls.id, {}) | values)


def named(items):
    return pytest.mark.parametrize("cls", items, ids=lambda c: f"{c.family}-{c.id}")


every = named(EVERY)


# Scenes ------------------------------------------------------------------------------------------------------------


def scene(height=37, width=53, seed=0):
    """Radiance of ten stops with smooth parts, an edge, texture and colour, (h, w, 3) float32."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    log = 6 * x + 3 * (y > 0.3) + 0.4 * np.random.default_rng(seed).standard_normal((height, width))
    tint = np.stack([0.3 * np.sin(9 * x), 0 * x, 0.3 * np.cos(7 * y)], axis=-1)
    return (2.0 ** (log[..., None] + tint) * 0.05).astype(np.float32)


def hot_pixel():
    image = scene()
    image[20, 20] = 1e6
    return image


def negative():
    image = scene()
    image[::5, ::7] = -1
    return image


def holes(value):
    image = scene()
    image[3, 4] = value
    image[10:14, 20:24, 1] = value
    return image


ODD = {
    "black": np.zeros((9, 11, 3), np.float32),
    "flat": np.full((9, 11, 3), 3.0, np.float32),
    "flat_colour": np.tile(np.float32([0.1, 0.7, 2.0]), (9, 11, 1)),
    "nan": holes(np.nan),
    "all_nan": np.full((9, 11, 3), np.nan, np.float32),
    "infinite": holes(np.inf),
    "all_infinite": np.full((9, 11, 3), np.inf, np.float32),
    "negative": negative(),
    "hot_pixel": hot_pixel(),
    "tiny_values": scene() * np.float32(1e-30),
    "huge_values": scene() * np.float32(1e30),
    "one_pixel": np.float32([[[0.2, 0.5, 0.1]]]),
    "one_row": scene()[:1],
    "one_column": scene()[:, :1],
}


def photographs(radiance):
    """A bracket of 8-bit frames that a gamma camera takes of a radiance; NaN and negatives are black."""
    with np.errstate(over="ignore"):
        exposures = [np.clip(np.nan_to_num(radiance.astype(np.float64) * t, posinf=1.0), 0, 1) for t in TIMES]
    return [np.round(e ** (1 / 2.2) * 255).astype(np.uint8) for e in exposures]


def run(operator, radiance):
    """Give an operator of any family what it eats, made from a radiance."""
    if isinstance(operator, ToneMapper):
        return operator(radiance)
    if isinstance(operator, Finisher):  # odd light is odd as a picture, too
        return operator(radiance, Radiance(radiance, noise_floor=0.1))
    frames = photographs(radiance)
    if isinstance(operator, Merger):
        return operator(frames, GAMMA, TIMES)
    if isinstance(operator, Calibrator):
        return operator(frames, TIMES)
    return operator(Bracket.of(frames, TIMES))


def arrays(result):
    """The numbers of a result, whatever noun it is."""
    if isinstance(result, Bracket):
        return [np.array([(*f.pose.shift_px, f.pose.confidence or 0.0) for f in result.frames]), result.exposures]
    if isinstance(result, Response):
        return [result.curve]
    return [result.rgb] if getattr(result, "mask", None) is None else [result.rgb, result.mask]


def assert_fit(result):
    """Right type and finite; pictures between 0 and 1, radiance not below 0."""
    for a in arrays(result):
        assert np.isfinite(a).all()
    if isinstance(result, Picture):
        assert result.rgb.dtype == np.float32
        assert result.rgb.min() >= 0
        assert result.rgb.max() <= 1
    if isinstance(result, Radiance):
        assert result.rgb.min() >= 0


def assert_same(a, b):
    for x, y in zip(arrays(a), arrays(b), strict=True):
        np.testing.assert_array_equal(x, y)


# Names and words ---------------------------------------------------------------------------------------------------


@every
def test_is_documented_and_cited(cls):
    text = sys.modules[cls.__module__].__doc__
    assert cls.summary().strip()
    assert cls.summary() == text.strip().splitlines()[0]
    assert cls.title
    assert cls.cite
    if cls.id[-2:].isdigit():  # after a paper, named by its year
        assert "Source: " in text
        assert f"{cls.id[-2:]}" in text.splitlines()[0]
    assert all(p.help.endswith(".") for p in cls.params())


@every
def test_names_agree(cls):
    assert cls.__name__.lower() == cls.id
    assert cls.id in ids(cls.family)
    assert cls.family in FAMILIES
    assert issubclass(cls, BASES[cls.family])
    assert find(cls.family, cls.id) is cls
    assert getattr(sys.modules[f"fullwell.{cls.family}"], cls.__name__) is cls


@every
def test_schema_is_plain_data(cls):
    schema = json.loads(json.dumps(cls.schema()))
    assert schema["id"] == cls.id
    assert [p["name"] for p in schema["params"]] == [p.name for p in cls.params()]
    assert [p["default"] for p in schema["params"]] == list(cls().values().values())


# Parameters --------------------------------------------------------------------------------------------------------


@every
def test_defaults_and_soft_ranges_are_legal(cls):
    cls()
    for p in cls.params():
        for value in p.soft or ():
            cls(**{p.name: value})


@every
def test_values_round_trip(cls):
    changed = {p.name: other(p) for p in cls.params()}
    for values in ({}, changed):
        operator = cls(**values)
        assert build(cls.family, cls.id, operator.values()) == operator
        assert build(cls.family, cls.id, {k: str(v) for k, v in operator.values().items()}) == operator


def other(p):
    """A legal value that is not the default, where there is one."""
    if p.kind is bool:
        return not p.default
    if p.choices:
        return p.choices[-1]
    if p.kind is str:
        return p.default
    ends = [v for v in (p.lo, p.hi) if v is not None and v != p.default]
    return p.kind(ends[0]) if ends else p.default + 1


OUTSIDE = [
    (c, p.name, v)
    for c in EVERY
    for p in c.params()
    for v in (
        *([p.lo - 1] if p.lo is not None else []),
        *([p.hi + 1] if p.hi is not None else []),
        *(["nonsense"] if p.kind is not str or p.choices else []),
        *([float("nan")] if p.kind is float else []),
    )
]


@pytest.mark.parametrize(("cls", "name", "value"), OUTSIDE, ids=lambda v: getattr(v, "id", str(v)))
def test_error_names_operator_parameter_bound_and_value(cls, name, value):
    p = next(p for p in cls.params() if p.name == name)
    with pytest.raises(ParameterError) as caught:
        cls(**{name: value})
    message = str(caught.value)
    assert message.startswith(f"{cls.id}: {name} must be {p.legal}, got ")
    assert repr(value) in message
    for bound in (p.lo, p.hi):
        assert bound is None or f"{bound:g}" in message


@every
def test_unknown_parameter_gets_a_hint(cls):
    with pytest.raises(ParameterError, match=f"{cls.id} has no parameter 'no_such_thing'"):
        build(cls.family, cls.id, {"no_such_thing": 1})


ENDS = [
    (c, p.name, v)
    for c in EVERY
    for p in c.params()
    for v in (
        p.choices or ([True, False] if p.kind is bool else [v for v in (p.lo, p.hi) if v is not None])
        if p.kind is not str or p.choices
        else []
    )
]


@pytest.mark.parametrize(("cls", "name", "value"), ENDS, ids=lambda v: getattr(v, "id", str(v)))
def test_ends_of_every_range_are_fit(cls, name, value):
    if (name, value) == ("deghost_reference", 10_000):  # a frame that is not there
        with pytest.raises(UsageError, match=name):
            run(ready(cls, **{name: value}), scene())
        return
    assert_fit(run(ready(cls, **{name: value}), scene()))


# Pixels ------------------------------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("kind", ODD)
def test_odd_images_are_fit(cls, kind):
    image = ODD[kind]
    refusal = (
        FullwellError if cls.family in ("align", "exposures", "response") else ()
    )  # estimators may say that they cannot
    try:
        result = run(ready(cls), image)
    except refusal:
        return
    assert_fit(result)
    if isinstance(result, (Picture, Radiance)):
        assert result.rgb.shape == image.shape


@every
def test_input_is_left_alone(cls):
    if issubclass(cls, (ToneMapper, Finisher)):
        image = scene()
        before = image.copy()
        ready(cls)(image)
        np.testing.assert_array_equal(image, before)
        image.flags.writeable = False
        assert_fit(ready(cls)(image))
        return
    frames = photographs(scene())
    before = [a.copy() for a in frames]
    bracket = Bracket.of(frames, TIMES)
    result = ready(cls)(bracket, GAMMA) if issubclass(cls, Merger) else ready(cls)(bracket)
    for a, b in zip(frames, before, strict=True):
        np.testing.assert_array_equal(a, b)
        a.flags.writeable = False
    again = (
        ready(cls)(Bracket.of(frames, TIMES), GAMMA)
        if issubclass(cls, Merger)
        else ready(cls)(Bracket.of(frames, TIMES))
    )
    assert_same(result, again)


@every
def test_result_owns_its_pixels(cls):
    """Writing into a result changes neither the input nor the next result."""
    if not issubclass(cls, (ToneMapper, Merger, Fuser, Finisher)):
        pytest.skip("gives no pixels")
    image = scene()
    operator = ready(cls)
    first = run(operator, image)
    kept = first.rgb.copy()
    assert not np.shares_memory(first.rgb, image)
    first.rgb[:] = 7
    np.testing.assert_array_equal(run(operator, image).rgb, kept)


@every
def test_two_calls_agree(cls):
    operator = ready(cls)
    assert_same(run(operator, scene()), run(operator, scene()))


@every
def test_one_thread_equals_many(cls):
    with threads(1):
        alone = run(ready(cls), scene(131, 97))
    with threads(None):
        together = run(ready(cls), scene(131, 97))
    assert_same(alone, together)


@named([c for c in EVERY if issubclass(c, PointOp)])
@pytest.mark.parametrize("rows", [1, 7, 16])
def test_bands_equal_the_whole(cls, rows):
    image, operator = scene(61, 47), ready(cls)
    whole = operator(image).rgb
    stats = operator.measure(Radiance(image))
    out = np.empty_like(image)
    for y in range(0, len(image), rows):
        operator.apply(np.ascontiguousarray(image[y : y + rows]), stats, 1.0, out[y : y + rows])
    np.testing.assert_array_equal(out, whole)


@named([c for c in EVERY if issubclass(c, ToneMapper)])
def test_gamma_is_the_same_for_all_tone_mappers(cls):
    plain, brightened = ready(cls)(scene()).rgb, ready(cls, gamma=2.0)(scene()).rgb
    np.testing.assert_allclose(brightened, np.sqrt(plain), rtol=1e-5, atol=1e-6)


@named([c for c in EVERY if issubclass(c, ToneMapper)])
@pytest.mark.parametrize("kind", ["hot_pixel", "infinite", "huge_values"])
def test_a_ceiling_clips_and_does_nothing_else(cls, kind):
    """What a finish gets is what everybody gets, but for the highlights above white."""
    plain, bright = ready(cls)(ODD[kind]).rgb, ready(cls)(ODD[kind], ceiling=HEADROOM).rgb
    assert bright.max() <= HEADROOM
    np.testing.assert_array_equal(np.minimum(bright, 1), plain)


@named([c for c in EVERY if issubclass(c, ToneMapper)])
def test_grey_array_and_radiance_give_the_same(cls):
    grey = scene()[..., 1]
    rgb = np.repeat(grey[:, :, None], 3, axis=2)
    assert_same(ready(cls)(grey), ready(cls)(Radiance(rgb)))
    assert_same(ready(cls)(rgb.astype(np.float64)), ready(cls)(rgb))


@named([c for c in EVERY if issubclass(c, ToneMapper)])
@pytest.mark.parametrize("kind", ["black", "all_nan"])
def test_black_stays_black(cls, kind):
    assert run(ready(cls), ODD[kind]).rgb.max() < 1e-6
