"""A report as one web page that needs nothing else: what was used, how well it fitted, and whether to trust it."""

from __future__ import annotations

import html
import string
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from fullwell.image import Bracket, Picture, Radiance, Response
from fullwell.io import written_time
from fullwell.io.picture import encode
from fullwell.report import charts, response_plot, views
from fullwell.report.ghost_map import ghost_map
from fullwell.report.views import View

PICTURE = 1200  # px, longer side of the finished picture
COLUMNS = ("", "histogram", "settings", "exposure (EV)", "clipped", "alignment", "against the result")


def page(
    report: dict[str, Any], bracket: Bracket, response: Response | None, radiance: Radiance | None,
    picture: Picture | None,
) -> str:  # fmt: skip
    """The page of a report (`report.record`) and of what it reports on: the pictures are made small and part of it."""
    seen = views.views(bracket, response, radiance)
    title = Path(bracket.frames[report["reference"]].name).name
    text = string.Template((files("fullwell.report") / "page.html").read_text(encoding="utf-8"))
    return text.substitute(
        title=html.escape(f"{title}: report"),
        recipe=html.escape(report["recipe"]).replace("--", "&#45;&#45;"),
        shown=html.escape(report["recipe"]),
        version=html.escape(report["fullwell"]),
        verdict=_verdict(report["verdict"]),
        warnings=_list("warnings", report["warnings"]),
        picture=_picture(picture),
        rows="\n".join(_row(f, v) for f, v in zip(report["frames"], seen, strict=True)),
        headings="".join(f"<th>{h}</th>" for h in COLUMNS),
        sections="\n".join(_sections(bracket, response, radiance)),
        outputs=_list("outputs", [Path(p).name for p in report["outputs"]]),
        seconds=", ".join(f"{stage} {s:.2f} s" for stage, s in report["seconds"].items()),
    )


def _verdict(verdict: dict[str, Any]) -> str:
    headline, *rest = (html.escape(s) for s in verdict["sentences"])
    return f'<div class="verdict {verdict["grade"]}"><h1>{headline}</h1><p>{" ".join(rest)}</p></div>'


def _list(name: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{html.escape(s)}</li>" for s in sentences)
    return f'<ul class="{name}">{items}</ul>' if items else ""


def _picture(picture: Picture | None) -> str:
    if picture is None:
        return ""
    codes = encode(picture, 8, long_edge=PICTURE).codes
    return f'<img class="picture" src="{views.embedded(codes)}" alt="the finished picture">'


def _row(frame: dict[str, Any], view: View) -> str:
    name, exposure, alignment = Path(frame["path"]).name, frame["exposure"], frame["alignment"]
    settings = [
        written_time(exposure["time_s"]) if exposure["time_s"] else "no time",
        f"f/{exposure['f_number']:.3g}" if exposure["f_number"] else "",
        f"ISO {exposure['iso']:g}" if exposure["iso"] else "",
        frame["white_balance"],
    ]
    stops = [
        f"{label} {exposure[key]:+.2f}"
        for label, key in (("nominal", "nominal_ev"), ("snapped", "snapped_ev"), ("solved", "solved_ev"),
                           ("used", "used_ev"), ("residual", "residual_ev"))
        if exposure[key] is not None
    ]  # fmt: skip
    clipped = [
        f"{label} {frame['clipped'][key]:.1%}"
        for label, key in (("dark", "low"), ("bright", "high"))
        if frame["clipped"][key] is not None
    ]
    cells = [
        f'<img src="{views.embedded(view.thumbnail)}" alt=""><b>{html.escape(name)}</b>',
        charts.histogram(view.histogram),
        _lines(settings),
        _lines(stops),
        _lines(clipped),
        _lines(_alignment(alignment)) if frame["used"] else "",
        _against(view) if frame["used"] else f'<em class="warn">not used: {html.escape(str(frame["reason"]))}</em>',
    ]
    return f"<tr{'' if frame['used'] else ' class=lost'}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _alignment(alignment: dict[str, Any]) -> list[str]:
    y, x = alignment["shift_px"]
    lines = [alignment["model"], f"{x:+.1f}, {y:+.1f} px"]
    if abs(alignment["roll_deg"]) > 5e-4 or abs(alignment["scale"] - 1) > 5e-6:
        lines += [f"roll {alignment['roll_deg']:+.2f}\u00b0", f"scale {alignment['scale']:.4f}"]
    if alignment["residual_px"] is not None:
        lines.append(f"residual {alignment['residual_px']:.2f} px")
    if alignment["confidence"] is not None:
        lines.append(f"confidence {alignment['confidence']:.2f}")
    return lines


def _against(view: View) -> str:
    if view.residual is None:
        return ""
    told = f"{view.rms_stops:.2f} stops rms" if view.rms_stops is not None else "nothing to compare"
    return f'<img src="{views.embedded(view.residual)}" alt="">{told}, {view.compared:.0%} compared'


def _lines(lines: Sequence[str]) -> str:
    return "<br>".join(html.escape(line) for line in lines if line)


def _sections(bracket: Bracket, response: Response | None, radiance: Radiance | None) -> list[str]:
    """What only a merge has."""
    if radiance is None or response is None:
        return []
    found = [
        _section(
            "Which frames measure the scene",
            "The scene's luminance in stops, what every frame records well, and how many frames do. Red was measured "
            "well by none.",
            charts.coverage(bracket, response, radiance),
        ),
        _section("Camera response", _white(response), response_plot.svg(response)),
    ]
    if radiance.sigma is not None:
        found.append(
            _section(
                "Noise",
                "The standard deviation of the light by the camera's noise, as a share of it: pale is 1 % and less, "
                "dark is 30 % and more, grey was measured by no frame.",
                f'<img src="{views.embedded(views.noise(radiance))}" alt="">',
            )
        )
    if radiance.ghosts is not None:
        found.append(
            _section(
                "What was left out because it moved",
                "Red is not used of the frame that is named.",
                f'<img src="{views.embedded(ghost_map(radiance, [f.name for f in bracket]))}" alt="">',
            )
        )
    marked = views.unmeasured(radiance)
    if marked is not None:
        found.append(
            _section(
                "What no frame measured",
                "Pink was too bright for every frame and is at least as bright as the result says; blue was too dark "
                "and is at most as bright.",
                f'<img src="{views.embedded(marked)}" alt="">',
            )
        )
    return found


def _white(response: Response) -> str:
    """A sentence where white is not the last code."""
    if min(response.full) == 1.0:
        return ""
    red, green, blue = (round(255 * level) for level in response.full)
    return f"White is recorded as {red} in red, {green} in green and {blue} in blue, of 255: from there on is clipped."


def _section(title: str, text: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{f'<p>{text}</p>' if text else ''}{content}</section>"
