"""The web page: what it holds, that it needs nothing else, and the shared exponent."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fullwell.image import Metadata, Radiance
from fullwell.io import html, write
from fullwell.simulate import hills


def test_the_page_holds_the_light(tmp_path: Path) -> None:
    scene = Radiance(hills(60, 90) * 37)
    write(scene, tmp_path / "a.html")
    light = html.read(tmp_path / "a.html")
    assert light.shape == scene.rgb.shape
    largest = light.max(axis=2, keepdims=True)
    assert (np.abs(light - html.shown(scene)) / largest).max() < 1 / 500
    grey = np.exp2(np.log2(light @ np.array([0.2126, 0.7152, 0.0722])).mean())
    assert abs(np.log2(grey / 0.18)) < 0.01


def test_the_page_needs_nothing_else_and_is_the_same_each_time(tmp_path: Path) -> None:
    scene = Radiance(hills(20, 30), meta=Metadata(sources=('<b>"1".jpg',)))
    for name in ("a.html", "b.html"):
        write(scene, tmp_path / name)
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=|https?:|@import|url\(", text)
    assert not re.search(r"\$(title|width|height|data)", text)
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_large_scenes_are_reduced(tmp_path: Path) -> None:
    lamp = np.full((2000, 3400, 3), 0.1, np.float32)
    lamp[900:1000, 900:1000] = 5000.0
    light = html.shown(Radiance(lamp))
    assert light.shape == (941, 1600, 3)
    assert light.min() > 0
    assert light.max() / light.min() < 50_001  # no ringing either way


@given(st.lists(st.floats(0, 65408, width=32), min_size=3, max_size=30))
@settings(max_examples=100, deadline=None)
def test_shared_exponent_is_within_half_a_step(values: list[float]) -> None:
    rgb = np.resize(np.array(values, np.float32), (1, len(values) // 3, 3))
    packed = html.shared_exponent(rgb)
    exponent = (packed >> 27).astype(int)
    read = np.ldexp(
        np.stack([packed >> s & 511 for s in (0, 9, 18)], axis=2).astype(np.float64), exponent[..., None] - 24
    )
    step = np.maximum(rgb.max(axis=2) / 256, 2.0**-24)
    assert (np.abs(read - rgb) <= 0.5001 * step[..., None]).all()
