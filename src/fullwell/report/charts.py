"""Charts for the page of a report, as SVG text that takes its colours from the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from fullwell.image import Array, Bracket, Radiance, Response
from fullwell.report.views import log_luminance

WIDTH, LEFT, RIGHT = 960, 150, 20
SCENE, ROW, FOOT = 150, 20, 44  # px: the scene's histogram, a frame's bar, the axis
PER_STOP = 4  # columns of the histogram
BEYOND = 2  # stops shown beyond what frames measure; what is further out stands at the ends
LOW, HIGH = 8 / 255, 0.94  # codes between which a frame measures well: over the noise, under what clips
INK = ("#c0392b", "#218c53", "#2c5faa")


def histogram(shares: Array) -> str:
    """The channels of a frame's histogram (bins, 3) over each other."""
    bins = len(shares)
    parts = [f'<svg class="histogram" viewBox="0 0 {bins} 24" preserveAspectRatio="none" role="img">']
    for c in range(3):
        line = " ".join(f"{i + 0.5},{24 - 23 * v:.1f}" for i, v in enumerate(shares[:, c]))
        parts.append(f'<polygon points="0,24 {line} {bins},24" fill="{INK[c]}" fill-opacity="0.45"/>')
    return "".join([*parts, "</svg>"])


def spans(bracket: Bracket, response: Response, radiance: Radiance) -> list[tuple[float, float]]:
    """log2 of the least and the most luminance that each used frame measures well, in the unit of the radiance."""
    used = bracket.used
    curve = np.exp(np.mean(np.log(np.maximum(response.table(256), 1e-30)), axis=1))
    ends = np.interp([LOW * 255, HIGH * 255], np.arange(256), curve)
    white = (radiance.to_absolute or 1 / used.middle_exposure) * used.exposures
    scale = response.white or 1.0
    low, high = (np.log2(end / scale / white) for end in ends)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def measured_by(ranges: Sequence[tuple[float, float]], stop: float) -> int:
    """How many frames measure a luminance, given as log2."""
    return sum(low <= stop <= high for low, high in ranges)


def coverage(bracket: Bracket, response: Response, radiance: Radiance) -> str:
    """The scene's luminance as a histogram over stops, below it what each frame measures, and how many do."""
    ranges = spans(bracket, response, radiance)
    names = [Path(f.name).name for f in bracket.used]
    names = [names[i] for i in np.argsort(ranges, axis=0)[:, 0]]
    ranges.sort()
    first = math.floor(min(low for low, _ in ranges)) - BEYOND
    last = math.ceil(max(high for _, high in ranges)) + BEYOND
    logs = log_luminance(radiance)
    logs = np.clip(logs[np.isfinite(logs)], first, last)
    counts, _ = np.histogram(logs, bins=(last - first) * PER_STOP, range=(first, last))
    height = SCENE + ROW * (len(ranges) + 1) + FOOT

    def across(stop: float) -> float:
        return LEFT + (stop - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" font-size="12">']
    wide = (WIDTH - LEFT - RIGHT) / (last - first) / PER_STOP
    top = max(int(counts.max()), 1)
    for i, count in enumerate(counts):
        tall, stop = count / top * (SCENE - 16), first + (i + 0.5) / PER_STOP
        if count:
            frames = measured_by(ranges, stop)
            kind = "seen" if frames else "unseen"
            tip = f"<title>{count / max(logs.size, 1):.1%} of the pixels, measured by {frames} frames</title>"
            parts.append(
                f'<rect class="{kind}" x="{across(first + i / PER_STOP):.1f}" y="{SCENE - tall:.1f}" '
                f'width="{max(wide - 1, 0.5):.1f}" height="{max(tall, 0.8):.1f}">{tip}</rect>'
            )
    parts.append(f'<text class="dim" x="{LEFT - 8}" y="{SCENE - 4}" text-anchor="end">the scene</text>')
    for i, ((low, high), name) in enumerate(zip(ranges, names, strict=True)):
        y = SCENE + ROW * i + 4
        label = name if len(name) <= 20 else name[:9] + "\u2026" + name[-10:]
        parts.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(label)}</text>')
        parts.append(
            f'<rect class="range" x="{across(low):.1f}" y="{y + 2}" width="{across(high) - across(low):.1f}" '
            f'height="{ROW - 7}" rx="3"><title>{escape(name)}</title></rect>'
        )
    y = SCENE + ROW * len(ranges) + 16
    parts.append(f'<text class="dim" x="{LEFT - 8}" y="{y}" text-anchor="end">measured by</text>')
    for stop in range(first, last):
        count = measured_by(ranges, stop + 0.5)
        kind = "dim" if count else "warn"
        parts.append(f'<text class="{kind}" x="{across(stop + 0.5):.1f}" y="{y}" text-anchor="middle">{count}</text>')
    every = max(1, round((last - first) / 16))
    for stop in range(first, last + 1, every):
        parts.append(f'<text class="dim" x="{across(stop):.1f}" y="{y + 20}" text-anchor="middle">{stop:+d}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        f'<text class="dim" x="{middle}" y="{height - 3}" text-anchor="middle">log2 luminance (stops, 0 is 1.0 of the '
        "radiance)</text></svg>"
    )
    return "".join(parts)
