"""results.json as a page for readers: docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Column = tuple[str, Callable[[Row], str]]

HEAD = """# Benchmarks

Made by `make bench` from `benchmarks/results.json`; losses stay in. Both sides work on the same arrays or files in one
run, in turn, warm, and the best of some runs counts: of three, of two where a call takes more than 3 s, and of one
where a command takes more than 12 s. *Ratio* is the time of the other over the time of Fullwell, *goal* what it is to
reach. *Processor* is the same ratio of processor time, which a busy machine changes least. *Peak* is what a stage adds
to the resident size of a process, and of a command all of it. A *copy* is the time of copying the image once. *Scales*
is the share of the work that more threads make quicker, by Amdahl's law.
"""

TITLES = {
    "stages": "OpenCV's functions, through `fullwell.compat.cv2`",
    "natives": "Fullwell's own operators, against OpenCV's of that name",
    "writers": "Writing files, against libraries that only code",
    "jobs": "From JPEG files to files: 4 frames of 24 megapixels, process start included",
    "others": "Other programs",
    "start": "Start",
    "scaling": "Size of the image, and threads",
    "large": "A large job",
}


def page(results: dict[str, Any]) -> str:
    parts = [HEAD, _machine(results.get("machine", {}))]
    for section, title in TITLES.items():
        if rows := results.get(section):
            parts += [f"## {title}\n", _table(rows)]
    return "\n".join(parts)


def _machine(machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.get("versions", {}).items() if version)
    return (
        f"{machine.get('processor')}, {machine.get('cores')} cores, {machine.get('memory_gb')} GB, "
        f"{machine.get('system')}, {machine.get('float32_per_vector')} float32 a vector; "
        f"Python {machine.get('python')}, {versions}.\n"
    )


def _table(rows: list[Row]) -> str:
    columns = [c for c in COLUMNS if any(c[1](row) for row in rows)]
    lines = [[name for name, _ in columns], ["---", *["---:"] * (len(columns) - 1)]]
    lines += [[cell(row) for _, cell in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _number(name: str, shape: str, unit: float = 1.0) -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else format(row[name] / unit, shape)


def _processor(row: Row) -> str:
    other = row.get("other_processor_s")
    return f"{other / row['fullwell_processor_s']:.1f}" if other else ""


def _goal(row: Row) -> str:
    if row.get("target") is None:
        return ""
    return f"{row['target']:g}" if row.get("ratio") else f"{row['target']:g} copies"


COLUMNS: tuple[Column, ...] = (
    ("", lambda row: row["name"]),
    ("MP", _number("megapixels", "g")),
    ("Fullwell, s", _number("fullwell_s", ".3f")),
    ("other, s", _number("other_s", ".3f")),
    ("ratio", _number("ratio", ".1f")),
    ("goal", _goal),
    ("processor", _processor),
    ("copies", _number("copies", ".1f")),
    ("peak, MB", _number("peak", ".0f", 1e6)),
    ("other's peak, MB", _number("other_peak", ".0f", 1e6)),
    ("at most, s", _number("most_s", "g")),
    ("at most, MB", _number("most_bytes", ".0f", 1e6)),
    ("ms a MP", _number("ms_per_mp", ".2f")),
    ("one thread, s", _number("one_thread_s", ".3f")),
    ("scales", lambda row: "" if row.get("scales") is None else f"{row['scales']:.0%}"),
    ("same bits", lambda row: {True: "yes", False: "NO", None: ""}[row.get("same_bits")]),
)
