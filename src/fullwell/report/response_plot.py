"""A response as a picture: exposure over code value for each channel, with the samples it was found from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fullwell.atomic import whole, write_text
from fullwell.errors import UsageError
from fullwell.image import Array, Response
from fullwell.io.targets import PLOT, Target

INK = ("#c0392b", "#218c53", "#2c5faa")
CHANNELS = ("red", "green", "blue")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 520, 70, 56, 46, 20


def plot(response: Response, path: str | Path) -> None:
    """Write the plot; .svg always works, .png and .pdf need the extra `plots`. Raises UsageError."""
    path = Path(path)
    Target(path, PLOT).check()
    if path.suffix.lower() == ".svg":
        write_text(svg(response), path)
    else:
        figure, png = _matplotlib(response, path), path.suffix.lower() == ".png"
        # No versions and dates in either: the same plot, the same bytes.
        stamp = {"Software": "Fullwell"} if png else {"Creator": "Fullwell", "CreationDate": None}
        with whole(path) as temporary:
            figure.savefig(temporary, dpi=150, metadata=stamp)


def svg(response: Response) -> str:
    """The plot as SVG text: code value 0..1 across, log2 relative exposure up."""
    codes, stops = _curves(response)
    low, high = np.floor(stops[1:].min()), np.ceil(stops.max())

    def place(code: Array, ev: Array) -> Array:
        x = LEFT + code * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - (ev - low) / max(high - low, 1) * (HEIGHT - BOTTOM - TOP)
        return np.stack([x, np.clip(y, TOP, HEIGHT - BOTTOM)], axis=-1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        "<!-- Fullwell -->",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="26" font-size="16">Camera response: {response.name}{_fit(response)}</text>',
        '<g font-size="13">',
    ]
    step = max(1, round((high - low) / 10))
    for ev in np.arange(low, high + 0.5, step):
        (x0, y), (x1, _) = place(np.array([0.0, 1.0]), np.array([ev, ev]))
        parts.append(f'<line x1="{x0:.1f}" y1="{y:.1f}" x2="{x1:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{ev:g}</text>')
    for code in np.arange(0, 1.01, 0.125):
        (x, y0), (_, y1) = place(np.array([code, code]), np.array([low, high]))
        parts.append(f'<line x1="{x:.1f}" y1="{y0:.1f}" x2="{x:.1f}" y2="{y1:.1f}" stroke="#eee"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{round(code * 255)}</text>')
    if response.samples is not None:
        for c, code, ev in response.samples:
            (x, y) = place(np.array(code / 255), np.array(ev - _level(response, int(c))))
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6" fill="{INK[int(c)]}" fill-opacity="0.25"/>')
    for c in range(3):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in place(codes[1:], stops[1:, c]))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{INK[c]}" stroke-width="2"/>')
        parts.append(f'<text x="{WIDTH - 70}" y="{HEIGHT - BOTTOM - 52 + 18 * c}" fill="{INK[c]}">{CHANNELS[c]}</text>')
    middle = (HEIGHT - BOTTOM + TOP) / 2
    parts += [
        f'<text x="{(WIDTH + LEFT) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">code value (of 255)</text>',
        f'<text transform="translate(22 {middle:.0f}) rotate(-90)" text-anchor="middle">exposure (stops)</text>',
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _curves(response: Response) -> tuple[Array, Array]:
    """256 code values 0..1 and their exposure in stops, (256, 3)."""
    curve = response.table(256)
    return np.linspace(0, 1, 256), np.log2(np.maximum(curve, 1e-12))


def _level(response: Response, channel: int) -> float:
    """The samples' own zero: they lie on the curve on average."""
    assert response.samples is not None
    mine = response.samples[response.samples[:, 0] == channel]
    curve = np.log2(np.maximum(response.table(256)[mine[:, 1].astype(int), channel], 1e-12))
    return float(np.median(mine[:, 2] - curve))


def _fit(response: Response) -> str:
    return "" if response.residual_stops is None else f", residual {response.residual_stops:.3f} stops"


def _matplotlib(response: Response, path: Path) -> Any:
    """The plot as a figure."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError(f"{path}: needs matplotlib: pip install 'fullwell[plots]', or write an .svg.") from None
    codes, stops = _curves(response)
    figure = Figure(figsize=(7.2, 5.2), layout="constrained")
    axes = figure.add_subplot(title=f"Camera response: {response.name}{_fit(response)}")
    for c in range(3):
        if response.samples is not None:
            mine = response.samples[response.samples[:, 0] == c]
            axes.plot(mine[:, 1], mine[:, 2] - _level(response, c), ".", color=INK[c], alpha=0.2, markersize=3)
        axes.plot(codes[1:] * 255, stops[1:, c], color=INK[c], label=CHANNELS[c])
    axes.set(xlabel="code value (of 255)", ylabel="exposure (stops)", xlim=(0, 255))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
