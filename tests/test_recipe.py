"""A recipe is the work: to text and back, run again to the same bytes, from a file or from a result."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from scenes import handheld, hills

from fullwell import io, recipes
from fullwell.errors import ExposureError, FullwellError, InputError, ParameterError, ResultRefused, UsageError
from fullwell.image import Exposure
from fullwell.io.photograph import write_photograph
from fullwell.job import make
from fullwell.params import build
from fullwell.recipe import Recipe
from fullwell.simulate import Camera

TIMES = [1 / 60, 1 / 15, 1 / 4]


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("frames")
    paths = []
    for i, shot in enumerate(Camera("srgb").shoot(hills(90, 120, 3) * 3, TIMES, [(0, 0), (2, -1), (-1, 3)])):
        paths.append(folder / f"{i}.jpg")
        write_photograph(shot.codes, paths[-1], Exposure(shot.time_s, 8.0, 100.0))
    return paths


def test_a_recipe_survives_its_text() -> None:
    recipe = Recipe.of(
        {"align": "none", "merge": "debevec", "tonemap": "drago"},
        {"tonemap": {"bias": "0.7"}, "output": {"quality": 80}},
        reference=1, primaries="p3", times_s=(0.5, 1.0),
    )  # fmt: skip
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    assert recipe.tonemap.values()["bias"] == 0.7
    assert recipe.align is None


def test_what_a_recipe_leaves_out_is_the_default() -> None:
    assert Recipe.from_toml("") == Recipe.of() == Recipe()
    assert Recipe.from_toml("[tonemap]\nid = 'drago'").merge == Recipe().merge


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "not a recipe"),
        ("tonemp = 1", "did you mean 'tonemap'"),
        ("tonemap = 1", "must be a table"),
        ("[tonemap]\nid = 'dargo03'", "did you mean 'drago'"),
        ("[tonemap]\nid = 'drago'\nbais = 1", "did you mean 'bias'"),
        ("[tonemap]\nid = 'drago'\nbias = 7", "between 0 and 1, got 7"),
        ("[output]\nbits = 11", "12, 16 or 32"),
        ("primaries = 'rec708'", "did you mean 'rec709'"),
        ("times_s = ['soon']", "times"),
        ("times_s = 3", "times"),
        ("reference = 'first'", "reference"),
        ("[align]\nid = 'none'\nmax_bits = 3", "switched off"),
    ],
)
def test_a_wrong_recipe_is_explained(text: str, said: str) -> None:
    with pytest.raises((InputError, UsageError, ParameterError), match=said):
        Recipe.from_toml(text)


def test_the_same_recipe_gives_the_same_bytes(frames: list[Path], tmp_path: Path) -> None:
    recipe = Recipe.of({"tonemap": "drago"}, {"tonemap": {"bias": 0.8}})
    names = ["a.hdr", "a.exr", "a.jpg", "a.png", "a.tif"]
    make(frames, [tmp_path / n for n in names], recipe)
    before = {n: (tmp_path / n).read_bytes() for n in names}
    (tmp_path / "recipe.toml").write_text(recipe.to_toml())
    for source in ("recipe.toml", *names):
        again = Recipe.load(tmp_path / source)
        assert again == recipe
        for n in names:
            make(frames, tmp_path / f"b{n[1:]}", again)
            assert (tmp_path / f"b{n[1:]}").read_bytes() == before[n], (source, n)


def test_times_from_a_list_are_in_the_recipe(frames: list[Path], tmp_path: Path) -> None:
    (tmp_path / "times.txt").write_text("".join(f"{p.name} {t}\n" for p, t in zip(frames, [0.5, 2, 8], strict=True)))
    made = make(frames, tmp_path / "a.exr", times_from=tmp_path / "times.txt")
    make(frames, tmp_path / "b.exr", Recipe.load(tmp_path / "a.exr"))
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()
    assert [f.exposure.time_s for f in made.bracket] == [0.5, 2, 8]


def test_primaries_are_those_asked_for(frames: list[Path], tmp_path: Path) -> None:
    wide = make(frames, tmp_path / "wide.exr", Recipe.of(primaries="rec2020"))
    plain = make(frames, tmp_path / "plain.exr")
    assert wide.radiance is not None
    assert plain.radiance is not None
    read = io.read_radiance(tmp_path / "wide.exr")
    assert read.primaries == "rec2020"
    np.testing.assert_allclose(wide.radiance.to("rec709").rgb, plain.radiance.rgb, rtol=1e-4, atol=1e-5)


def test_a_fused_picture_needs_no_times(frames: list[Path], tmp_path: Path) -> None:
    bare = []
    for i, path in enumerate(frames):
        bare.append(tmp_path / f"{'abc'[i]}.png")
        io.write(io.read_frame(path).codes(), bare[-1])
    result = make(bare, tmp_path / "fused.jpg", Recipe.of({"fuse": "mertens"}))
    assert result.response is None
    assert (tmp_path / "fused.jpg").exists()
    with pytest.raises(ExposureError, match=r"a\.png has no exposure time; pass --times"):
        make(bare, tmp_path / "x.jpg")


def test_a_photograph_is_never_overwritten(frames: list[Path], tmp_path: Path) -> None:
    before = frames[1].read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        make(frames, [tmp_path / "a.exr", frames[1]])
    assert frames[1].read_bytes() == before
    assert not (tmp_path / "a.exr").exists()


def test_nothing_is_read_where_an_output_cannot_be_written(tmp_path: Path) -> None:
    for output in ("a.xyz", "nowhere/a.jpg", "."):
        with pytest.raises(UsageError):
            make(["no such frame.jpg"], tmp_path / output)
    with pytest.raises(FullwellError, match="no such file"):
        make(["no such frame.jpg"], tmp_path / "a.jpg")


def test_the_report_says_what_was_done(frames: list[Path], tmp_path: Path) -> None:
    report = make(frames, [tmp_path / "a.exr", tmp_path / "a.jpg"]).report
    assert [f["path"] for f in report["frames"]] == [str(p) for p in frames]
    assert report["reference"] == 1
    assert [f["alignment"]["shift_px"] for f in report["frames"]] == [[-2, 1], [0, 0], [-3, 4]]
    assert [round(f["exposure"]["nominal_ev"], 6) for f in report["frames"]] == [-2, 0, pytest.approx(1.906891)]
    assert {f["exposure"]["source"] for f in report["frames"]} == {"EXIF"}
    assert all(0 <= f["clipped"][end] <= 1 and f["used"] for f in report["frames"] for end in ("low", "high"))
    assert report["response"]["id"] == "debevec97"
    assert 0 <= report["unmeasured"] <= 1
    assert report["outputs"] == [str(tmp_path / "a.exr"), str(tmp_path / "a.jpg")]
    assert set(report["seconds"]) == {"read", "align", "exposures", "response", "merge", "tonemap", "finish", "write"}
    assert Recipe.from_toml(report["recipe"]) == Recipe()


def test_only_the_whole_report_decodes_the_frames_again(frames: list[Path], tmp_path: Path) -> None:
    copies = [Path(shutil.copy(f, tmp_path)) for f in frames]
    result = make(copies, tmp_path / "a.jpg")
    assert all(f.source.kept is None for f in result.bracket)
    fused = make(copies, tmp_path / "b.jpg", Recipe.of({"fuse": "mertens07"}))
    assert all(f.source.kept is not None for f in fused.bracket)
    io.drop_pixels(fused.bracket)
    whole = result.report
    assert whole is result.report
    for path in copies:
        shutil.copy(frames[0] if path.name != frames[0].name else frames[1], path)
    with pytest.raises(InputError, match=r"0\.jpg: was changed after it was read"):
        _ = fused.report
    for path in copies:
        path.unlink()
    brief = result.brief
    for frame in brief["frames"]:
        assert frame["clipped"] == {"low": None, "high": None}
    assert brief["response"]["cast_de"] is None is not whole["response"]["cast_de"]
    for part in ("warnings", "verdict", "seconds", "size", "outputs", "unmeasured", "recipe"):
        assert brief[part] == whole[part]
    for made in (result, fused):
        with pytest.raises(InputError, match=r"0\.jpg: "):
            made.record(True)


def test_hdr_outputs_come_from_one_run(tmp_path: Path, frames: list[Path]) -> None:
    """Picture, radiance and both as one, verified; the same diffuse white in every HDR file."""
    outputs = [tmp_path / name for name in ("a.jpg", "a.avif", "a.exr")]
    result = make(frames, outputs, Recipe.of(values={"output": {"hdr": True}}), verify=True)
    assert [shown["path"] for shown in result.report["hdr"]] == [str(p) for p in outputs[:2]]
    assert len({shown["white"] for shown in result.report["hdr"]}) == 1
    assert all(0 < shown["headroom_stops"] <= 4 for shown in result.report["hdr"])
    assert [v["path"] for v in result.report["verified"]] == [str(p) for p in outputs]
    assert all(v["median_stops"] < 0.1 for v in result.report["verified"])
    assert result.report["outputs"] == [str(p) for p in outputs]
    assert Recipe.load(tmp_path / "a.avif") == Recipe.load(tmp_path / "a.jpg") == result.recipe


@pytest.mark.parametrize("name", recipes.names())
def test_a_named_recipe_is_whole_and_says_what_it_is_for(name: str) -> None:
    assert Recipe.load(name) == Recipe.from_toml(recipes.text(name))
    assert Recipe.load(name) != Recipe() or name == "natural"
    assert recipes.text(name).startswith("# ")
    assert recipes.summary(name).endswith(".")


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(UsageError, match="did you mean 'tutorial'"):
        Recipe.load("tutorail")


def test_recipes_made_at_once_share_the_merge(frames: list[Path], tmp_path: Path) -> None:
    looks = [Recipe.of({"tonemap": t}) for t in ("drago", "linear")]
    result = make(frames, tmp_path / "{tonemap}.png", looks)
    assert result.picture is not None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["contact-sheet.jpg", "drago03.png", "linear.png"]
    with pytest.raises(UsageError, match="differ in tonemap, fuse and finish only"):
        make(frames, tmp_path / "{tonemap}.png", [looks[0], Recipe.of({"tonemap": "linear", "merge": "debevec"})])


def test_only_results_are_replaced_unless_forced(frames: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "a.jpg"
    make(frames, target)
    make(frames, target)
    io.write(io.read_frame(frames[0]).codes(), target)  # as numpy.save does
    with pytest.raises(UsageError, match="no result of Fullwell"):
        make(frames, target)
    make(frames, target, force=True)
    assert io.is_result(target)


def test_an_operator_alone_claims_no_recipe(frames: list[Path], tmp_path: Path) -> None:
    """A picture that was not made by the radiance's recipe does not carry it."""
    scene = make(frames, tmp_path / "a.exr").radiance
    assert scene is not None
    assert scene.meta.recipe
    assert build("tonemap", "drago")(scene).meta.recipe == ""


def test_crop_keeps_what_all_frames_show(tmp_path: Path) -> None:
    shots = Camera("srgb").shoot(hills(200, 260, 5), [1 / 8, 1 / 2, 2], [(3, 0), (0, 0), (0, -6)])
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for shot, path in zip(shots, paths, strict=True):
        write_photograph(shot.codes, path, Exposure(shot.time_s, 8.0, 100.0))
    whole, cropped = (
        make(
            paths,
            tmp_path / f"{crop}.exr",
            Recipe.of(crop=crop),
            times_from={p.name: s.time_s for p, s in zip(paths, shots, strict=True)},
        )
        for crop in (False, True)
    )
    rows, columns = whole.bracket.common
    assert cropped.radiance.rgb.shape == (188 - 3, 248 - 6, 3)
    assert cropped.radiance.origin_px == (rows.start, columns.start)
    np.testing.assert_array_equal(cropped.radiance.rgb, whole.radiance.rgb[rows, columns])
    assert Recipe.from_toml(cropped.recipe.to_toml()).crop
    assert cropped.report["response"]["cast_de"] == pytest.approx(whole.report["response"]["cast_de"], abs=0.5)


def test_a_frame_that_cannot_be_aligned_is_reported_and_not_used(tmp_path: Path) -> None:
    bracket, _, _ = handheld([1 / 8, 1 / 2, 2.0], 5, (200, 300))
    other, _, _ = handheld([1 / 8, 1 / 2, 4.0], 99, (200, 300))
    paths = [tmp_path / f"{i}.jpg" for i in range(4)]
    for frame, path in zip((*bracket, other.frames[2]), paths, strict=True):
        write_photograph(frame.codes(), path, Exposure(frame.exposure.time_s, 8.0, 100.0))
    recipe = Recipe.of(trust_times=True, reference=1)
    result = make(paths, tmp_path / "scene.exr", recipe, whole=True)
    frames = result.report["frames"]
    assert [f["used"] for f in frames] == [True, True, True, False]
    assert "cannot be aligned" in frames[3]["reason"]
    assert any(paths[3].name in w and "is not used" in w for w in result.report["warnings"])
    assert frames[0]["alignment"]["model"] == "homography"
    assert frames[0]["alignment"]["residual_px"] < 0.5
    refusing = Recipe.of({}, {"align": {"on_misaligned": "refuse"}}, trust_times=True, reference=1)
    with pytest.raises(ResultRefused, match=r"3\.jpg: it cannot be aligned"):
        make(paths, tmp_path / "other.exr", refusing, whole=True)
    assert not (tmp_path / "other.exr").exists()
