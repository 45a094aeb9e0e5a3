"""The scale of the radiance: nominal luminance, a meter reading, one scale for several brackets, boxes as numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from scenes import hills

from fullwell import cli, io
from fullwell.errors import ParameterError, UsageError
from fullwell.image import BLACK_IN_ALL, CLIPPED_IN_ALL, Bracket, Exposure, Frame, Radiance
from fullwell.io import tiff
from fullwell.io.photograph import write_photograph
from fullwell.job import make
from fullwell.recipe import Recipe
from fullwell.report.regions import Region
from fullwell.scale import Reading, Scale, like
from fullwell.simulate import Camera


def bracket(*exposures: Exposure) -> Bracket:
    return Bracket(tuple(Frame(f"{i}", np.zeros((2, 2, 3), np.uint8), (2, 2), e) for i, e in enumerate(exposures)))


def scene(mask: int = 0) -> Radiance:
    """20 x 30 pixels, luminance 1 to the left of column 15 and 3 to the right, one pixel of 2,4 as the mask says."""
    rgb = np.full((20, 30, 3), 1.0, np.float32)
    rgb[:, 15:] = 3
    masked = np.zeros((20, 30), np.uint8)
    masked[4, 2] = mask
    return Radiance(rgb, mask=masked, to_absolute=8.0, noise_floor=0.01, cd_m2=50.0)


# Nominal --------------------------------------------------------------------------------------------------------------


def test_nominal_luminance_is_what_a_light_meter_says_of_the_settings() -> None:
    """Sunny 16: 1/100 s at f/16 and ISO 100 is for a middle grey of 12.5 * 256 / 100 * 100 = 3200 cd/m2."""
    settings = [Exposure(t, 16.0, 100.0) for t in (1 / 400, 1 / 100, 1 / 25)]
    assert bracket(*settings).nominal_cd_m2 == pytest.approx(3200 / 0.18)
    doubled = [dataclasses.replace(s, iso=200.0) for s in settings]
    assert bracket(*doubled).nominal_cd_m2 == pytest.approx(1600 / 0.18)


@pytest.mark.parametrize("lacking", [{"f_number": None}, {"iso": None}, {"time_s": None}])
def test_without_aperture_iso_or_time_there_is_no_luminance(lacking: dict[str, None]) -> None:
    known = Exposure(0.01, 8.0, 100.0)
    assert bracket(known, dataclasses.replace(known, **lacking)).nominal_cd_m2 is None


# Scale ----------------------------------------------------------------------------------------------------------------


def test_a_factor_multiplies_the_numbers_and_keeps_what_they_mean() -> None:
    before, after = scene(), Scale(factor=4.0)(scene())
    np.testing.assert_array_equal(after.rgb, before.rgb * 4)
    assert after.to_absolute == 2.0
    assert after.cd_m2 == 12.5
    assert after.noise_floor == 0.04
    assert Scale()(before) is before


def test_one_image_is_put_on_the_scale_of_another() -> None:
    other = Radiance(scene().rgb * 7, to_absolute=0.5, cd_m2=123.0, calibrated=True)
    values = like(other, "other.exr")
    after = Scale(**values)(scene())
    assert after.to_absolute == pytest.approx(0.5)
    np.testing.assert_allclose(after.rgb, scene().rgb * 16)
    assert (after.cd_m2, after.calibrated) == (pytest.approx(123.0), True)
    nominal = Scale(**like(dataclasses.replace(other, calibrated=False), "x"))(scene())
    assert (nominal.cd_m2, nominal.calibrated) == (pytest.approx(50 / 16), False)


def test_an_image_without_a_scale_is_refused_as_an_example() -> None:
    with pytest.raises(UsageError, match=r"plain\.exr: does not say how its numbers stand to time, ISO and f-number"):
        like(Radiance(scene().rgb), "plain.exr")


# A meter reading ------------------------------------------------------------------------------------------------------


def test_a_meter_reading_sets_the_luminance_and_not_the_numbers() -> None:
    after = Scale(calibrate="20,10,4=90")(scene())
    np.testing.assert_array_equal(after.rgb, scene().rgb)
    assert (after.cd_m2, after.calibrated, after.luminance_kind) == (pytest.approx(30), True, "calibrated")
    assert Scale(calibrate="15,10,0=90")(scene()).cd_m2 == pytest.approx(30)
    assert Scale(calibrate="20,10,4=90", factor=2.0)(scene()).cd_m2 == pytest.approx(15)


def test_the_spot_is_round() -> None:
    spiked = scene()
    spiked.rgb[10 - 4, 20 - 4] = 1e6  # a corner of the square around it
    assert Scale(calibrate="20,10,4=90")(spiked).cd_m2 == pytest.approx(30)


@pytest.mark.parametrize(
    "text", ["", "abc", "1,2=3", "1,2,3", "1,2,3=", "1,2,3=x", "-1,2,3=4", "1.5,2,3=4", "1,2,3=1e", "1,2,3=nan"]
)
def test_a_malformed_reading_is_explained(text: str) -> None:
    with pytest.raises(UsageError, match=r"must look like X,Y,RADIUS=CD_M2, for example 640,400,20=85, got"):
        Reading.of(text)


@pytest.mark.parametrize("value", ["0", "-3", "1e999"])
def test_a_reading_is_above_nothing(value: str) -> None:
    with pytest.raises(UsageError, match="must be above 0 cd/m2, got"):
        Scale(calibrate=f"1,2,1={value}")


@pytest.mark.parametrize("spot", ["30,5,0", "5,20,0", "3,10,4", "27,10,3", "10,2,3", "500,500,2"])
def test_a_spot_outside_is_refused(spot: str) -> None:
    with pytest.raises(UsageError, match="inside the image, which is 30 x 20 pixels"):
        Scale(calibrate=f"{spot}=50")(scene())


@pytest.mark.parametrize(("bit", "said"), [(CLIPPED_IN_ALL, "clipped"), (BLACK_IN_ALL, "black")])
def test_a_spot_that_no_frame_measured_is_refused(bit: int, said: str) -> None:
    with pytest.raises(UsageError, match=f"the spot at 3,4 is {said} in every frame; choose another spot, or add"):
        Scale(calibrate="3,4,1=50")(scene(bit))
    Scale(calibrate="8,4,1=50")(scene(bit))


def test_a_spot_without_light_is_refused() -> None:
    with pytest.raises(UsageError, match="holds no light"):
        Scale(calibrate="3,4,1=50")(Radiance(np.zeros((20, 30, 3), np.float32)))


def test_a_calibration_is_given_once() -> None:
    with pytest.raises(ParameterError, match="say the same"):
        Scale(calibrate="1,2,1=5", constant=3.0)


# Boxes ----------------------------------------------------------------------------------------------------------------


def test_a_box_is_mean_deviation_and_clipped_share() -> None:
    measured = Region.of("10,2,10,4").measure(scene())
    assert (measured["mean"], measured["deviation"]) == (pytest.approx(100), pytest.approx(50))
    assert (measured["unit"], measured["luminance"], measured["clipped"]) == ("cd/m2", "nominal", 0)
    assert Region.of("0,0,5,10").measure(scene(CLIPPED_IN_ALL))["clipped"] == pytest.approx(1 / 50)
    assert Region.of("0,0,5,10").measure(scene(BLACK_IN_ALL))["clipped"] == 0
    bare = Region.of("0,0,5,10").measure(Radiance(scene().rgb))
    assert (bare["mean"], bare["unit"], bare["luminance"]) == (pytest.approx(1), "relative", None)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,0,4", "1,2,3,x", "-1,2,3,4"])
def test_a_malformed_box_is_explained(text: str) -> None:
    with pytest.raises(UsageError, match="must look like X,Y,WIDTH,HEIGHT"):
        Region.of(text)


def test_a_box_outside_is_refused() -> None:
    with pytest.raises(UsageError, match="inside the image, which is 30 x 20"):
        Region.of("25,0,6,4").measure(scene())


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.exr", "a.hdr", "a.tif"])
@pytest.mark.parametrize("calibrated", [False, True])
def test_scale_and_luminance_are_in_every_radiance_file(name: str, calibrated: bool, tmp_path: Path) -> None:
    encoding = io.Encoding(bits=32)
    wanted = dataclasses.replace(scene(), cd_m2=812.3, calibrated=calibrated)
    io.write(wanted, tmp_path / name, encoding)
    read = io.read_radiance(tmp_path / name)
    np.testing.assert_allclose(read.rgb, wanted.rgb, rtol=5e-3)
    assert read.to_absolute == pytest.approx(8.0)
    assert (read.cd_m2, read.calibrated) == (pytest.approx(812.3), calibrated)
    io.write(Radiance(wanted.rgb), tmp_path / name, encoding)
    bare = io.read_radiance(tmp_path / name)
    assert (bare.to_absolute, bare.cd_m2, bare.calibrated) == (None, None, False)


def test_another_program_finds_the_luminance(tmp_path: Path) -> None:
    calibrated = dataclasses.replace(scene(), cd_m2=812.3, calibrated=True)
    for name, image in (("c.exr", calibrated), ("n.exr", scene()), ("c.hdr", calibrated), ("n.hdr", scene())):
        io.write(image, tmp_path / name)
    exr, nominal, hdr, plain = (
        oiio.ImageInput.open(str(tmp_path / n)).spec() for n in ("c.exr", "n.exr", "c.hdr", "n.hdr")
    )
    assert exr.getattribute("whiteLuminance") == pytest.approx(812.3)
    assert nominal.getattribute("whiteLuminance") is None
    assert nominal.getattribute("fullwell:nominal_cd_m2") == pytest.approx(50)
    assert exr.getattribute("fullwell:to_absolute") == 8.0
    # Radiance: 179 times a number over EXPOSURE is cd/m2.
    assert 179 * 1.0 / hdr.getattribute("hdr:exposure") == pytest.approx(812.3)
    assert plain.getattribute("hdr:exposure") is None


def test_a_dng_says_what_its_numbers_mean(tmp_path: Path) -> None:
    """1.0 is the brightest value there, 3 here."""
    for calibrated in (False, True):
        io.write(dataclasses.replace(scene(), calibrated=calibrated), tmp_path / "a.dng")
        fields = tiff._fields(tmp_path / "a.dng")
        assert fields[tiff.TO_ABSOLUTE] == (24.0,)
        assert fields[tiff.STONITS if calibrated else tiff.NOMINAL] == (150.0,)


def test_an_exposure_that_another_program_added_still_counts(tmp_path: Path) -> None:
    io.write(dataclasses.replace(scene(), calibrated=True), tmp_path / "a.hdr")
    data = (tmp_path / "a.hdr").read_bytes()
    (tmp_path / "a.hdr").write_bytes(data.replace(b"PRIMARIES=", b"EXPOSURE= 2\nPRIMARIES=", 1))
    np.testing.assert_allclose(io.read_radiance(tmp_path / "a.hdr").rgb, scene().rgb / 2)


# The whole way --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_brackets(tmp_path_factory: pytest.TempPathFactory) -> list[list[Path]]:
    """One scene at 1/60..1/4 s and f/8, and at 1/15..2 s, f/11 and ISO 200."""
    folder, light = tmp_path_factory.mktemp("two"), hills(120, 160, 6) * 3
    sets = []
    for name, times, f_number, iso in (
        ("a", [1 / 60, 1 / 15, 1 / 4], 8.0, 100.0),
        ("b", [1 / 15, 1 / 2, 2], 16.0, 200.0),
    ):
        paths = []
        for i, t in enumerate(times):
            shot = Camera("film", seed=len(sets)).shoot(light * (8 / f_number) ** 2 * iso / 100, [t])[0]
            paths.append(folder / f"{name}{i}.jpg")
            write_photograph(shot.codes, paths[-1], Exposure(t, f_number, iso))
        sets.append(paths)
    return sets


def test_brackets_shot_differently_end_on_one_scale(two_brackets: list[list[Path]], tmp_path: Path) -> None:
    a, b = (make(paths, tmp_path / f"{i}.exr").radiance for i, paths in enumerate(two_brackets))
    absolute = [r.rgb * r.to_absolute for r in (a, b)]
    seen = (a.mask == 0) & (b.mask == 0)
    assert np.median(absolute[0][seen] / absolute[1][seen]) == pytest.approx(1, abs=0.02)
    values = like(io.read_radiance(tmp_path / "0.exr"), "0.exr")
    c = make(two_brackets[1], tmp_path / "c.exr", Recipe.of(values={"scale": values})).radiance
    assert np.median(c.rgb[seen] / a.rgb[seen]) == pytest.approx(1, abs=0.02)
    assert c.cd_m2 == pytest.approx(a.cd_m2)
    make(two_brackets[1], tmp_path / "d.exr", Recipe.load(tmp_path / "c.exr"))
    assert (tmp_path / "d.exr").read_bytes() == (tmp_path / "c.exr").read_bytes()


def test_the_command_line_calibrates_measures_and_scales(
    two_brackets: list[list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main([str(w) for w in words])
        return (int(end.value.code or 0), *capsys.readouterr())

    code, out, _ = run(
        "make", *two_brackets[0], "-o", "a.exr", "--calibrate", "80,60,5=70", "--region", "75,55,11,11", "--scale", "2"
    )  # fmt: skip
    assert code == 0
    assert out.startswith("region 75,55,11,11: ")
    assert 60 < float(out.split()[2]) < 80
    assert "cd/m2 (calibrated)" in out
    assert io.read_radiance("a.exr").calibrated
    code, _, _ = run("make", *two_brackets[1], "-o", "b.exr", "--scale-like", "a.exr", "--wb-match", "off")
    a, b = io.read_radiance("a.exr"), io.read_radiance("b.exr")
    assert code == 0
    assert b.calibrated
    assert (b.cd_m2, b.to_absolute) == (pytest.approx(a.cd_m2), pytest.approx(a.to_absolute))
    assert np.median(a.luminance_weights @ (a.rgb / b.rgb)[40:80, 40:120].reshape(-1, 3).T) == pytest.approx(
        1, abs=0.03
    )
    for flag, value, said in (
        ("--scale", "big", "--scale: must be auto or a number"),
        ("--scale", "0", "scale: factor must be a number between"),
        ("--calibrate", "80,600,5=70", "inside the image, which is 160 x 120"),
        ("--region", "80,60,500,5", "inside the image, which is 160 x 120"),
        ("--scale-like", "none.exr", "none.exr"),
        ("--scale-like", two_brackets[0][0], "is no radiance file"),
    ):
        code, out, err = run("make", *two_brackets[0], "-o", "x.exr", flag, value)
        assert (code != 0, out, said in err, Path("x.exr").exists()) == (True, "", True, False), err


def test_the_report_tells_colour_and_luminance(two_brackets: list[list[Path]], tmp_path: Path) -> None:
    report = make(two_brackets[0], tmp_path / "a.jpg", regions=[Region(10, 10, 5, 5)]).report
    assert report["radiance"]["luminance"] == "nominal"
    assert report["radiance"]["cd_m2"] == pytest.approx(12.5 / 0.18 * 64 * 15 / 100)
    assert [r["unit"] for r in report["regions"]] == ["cd/m2"]
    assert report["response"]["tint_de"] < 2
    assert report["response"]["cast_de"] > 0
    assert [f["wb_gain_ev"] for f in report["frames"]] == [[0, 0, 0]] * 3
