"""Fullwell against its peers, on the same arrays in one run: python benchmarks/run.py [--only NAME ...] [--most MP]

Prints a table as it goes. A whole run writes results.json, with the machine's description, and the page of it,
docs/benchmarks.md; --only runs what is named so (part of a name or a section), --most MP makes larger images that
small; such runs write nothing unless --write.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from cases import JOBS, LARGE, LARGE_BYTES, NATIVES, PROGRAMS, SCALED, SCALING_MP, STAGES, Native
from measure import LONG_S, MB, Seconds, child, in_turn, machine, peak_rise
from page import page
from scenes import Scene
from writers import WRITERS

from fullwell import write

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
FULLWELL = [sys.executable, "-m", "fullwell"]
ROUNDS = 3

scene = cache(Scene)
Row = dict[str, Any]
most_mp = float("inf")
opencv: dict[str, Seconds] = {}  # stages that were measured in this run


def size(megapixels: float) -> float:
    return min(megapixels, most_mp)


def modules() -> tuple[Any, Any]:
    import cv2

    from fullwell.compat import cv2 as ours

    return ours, cv2


def stages(wanted: Callable[[str], bool]) -> Iterator[Row]:
    """OpenCV's functions: the drop-in against OpenCV."""
    ours, theirs = modules()
    for case in STAGES:
        if wanted(case.name):
            data = scene(size(case.megapixels))
            pair = in_turn([partial(case.work, ours, data), partial(case.work, theirs, data)], ROUNDS)
            opencv[case.name] = pair[1]
            peaks = [_peak(case.name, who) for who in ("fullwell", "opencv")]
            yield _row(case.name, data.megapixels, *pair, case.target, *peaks)


def natives(wanted: Callable[[str], bool]) -> Iterator[Row]:
    """Fullwell's operators against the stage of OpenCV with that name, and in copies of the image."""
    _, theirs = modules()
    peers = {case.name: case for case in STAGES}
    for case in NATIVES:
        if wanted(case.name):
            data = scene(size(case.megapixels))
            target = np.empty_like(data.radiance)
            calls: list[Callable[[], Any]] = [partial(case.work, data), partial(np.copyto, target, data.radiance)]
            if case.peer and case.peer not in opencv:
                calls.append(partial(peers[case.peer].work, theirs, data))
            mine, copy, *other = in_turn(calls, ROUNDS)
            row = _row(case.name, data.megapixels, mine, other[0] if other else opencv.get(case.peer), case.target)
            yield row | {"copies": mine.wall / copy.wall, "peer": case.peer, "peak": _peak(case.name, "fullwell")}


def writers(wanted: Callable[[str], bool]) -> Iterator[Row]:
    """Files written, against the fastest library of the kind on pixels that need nothing but coding."""
    data = scene(size(24))
    for case in WRITERS:
        if wanted(case.name):
            pair = in_turn([partial(case.ours, data), partial(case.work, data)], ROUNDS)
            yield _row(case.name, data.megapixels, *pair, case.target)


def jobs(wanted: Callable[[str], bool]) -> Iterator[Row]:
    """From JPEG files to an .hdr and a JPEG, process start and all: the command against the tutorial's script."""
    data = scene(size(24))
    for job in JOBS:
        if wanted(job.name):
            frames = data.photographs()
            with tempfile.TemporaryDirectory() as folder:
                outputs = [str(Path(folder) / name) for name in job.outputs]
                words = [f"{p}:{t!r}" for p, t in zip(frames, data.times.tolist(), strict=True)]
                make = [
                    *FULLWELL,
                    "make",
                    *map(str, frames),
                    *job.options,
                    "--force",
                    *(w for o in outputs for w in ("-o", o)),
                ]
                tutorial = [sys.executable, str(HERE / "tutorial.py"), *outputs, *words]
                yield _row(job.name, data.megapixels, *_rivals(make, tutorial, job.target)) | {
                    "memory_target": job.memory
                }


def others(wanted: Callable[[str], bool]) -> Iterator[Row]:
    """Other programs on the same photographs, where they are installed."""
    data = scene(size(24))
    for program in PROGRAMS:
        if not wanted(program.name):
            continue
        if shutil.which(program.name.split()[0]) is None:
            print(f"  {program.name} is not installed")
            continue
        with tempfile.TemporaryDirectory() as folder:
            out = str(Path(folder) / "out")
            radiance = f"{out}.in.hdr"
            if program.megapixels != 24:
                write(scene(size(program.megapixels)).radiance, radiance)
            frames = list(map(str, data.photographs()))
            evs = ",".join(f"{np.log2(t):g}" for t in data.times)
            theirs, mine = program.commands(frames, evs, radiance, out)
            try:
                rivals = _rivals([*FULLWELL, *mine, "--force"], theirs, 1, QT_QPA_PLATFORM="offscreen")
            except RuntimeError as failed:
                print(f"  {failed}")
                continue
            yield _row(program.name, size(program.megapixels), *rivals)


def start(wanted: Callable[[str], bool]) -> Iterator[Row]:
    """What comes before the pixels: the seconds of a command, against what they may be."""
    frames = list(map(str, scene(size(1.5)).photographs()))
    with tempfile.TemporaryDirectory() as folder:
        make = [*FULLWELL, "make", *frames, "--force", "-o", f"{folder}/a.hdr", "-o", f"{folder}/a.jpg"]
        for name, command, most, rounds, settings in (
            ("help", [*FULLWELL, "--help"], 0.3, 5, {}),
            ("make, first on a machine", make, 30.0, 1, {"FULLWELL_CACHE": f"{folder}/cache"}),
            ("make, kernels in the cache", make, 1.2, 5, {}),
        ):
            if wanted(name):
                seconds, peak = min(child(command, **settings) for _ in range(rounds))
                yield {"name": name, "megapixels": size(1.5), "fullwell_s": seconds.wall, "most_s": most, "peak": peak}


def scaling(wanted: Callable[[str], bool]) -> Iterator[Row]:
    """Milliseconds per megapixel as images grow, and bits and seconds of one thread against all."""
    for case in (*STAGES, *NATIVES):
        if case.name not in SCALED or not wanted(case.name):
            continue
        for megapixels in sorted({size(mp) for mp in SCALING_MP}):
            data = Scene(megapixels)
            work = partial(case.work, data) if isinstance(case, Native) else partial(case.work, modules()[0], data)
            one = partial(_single, work)
            many_s, one_s = (t.wall for t in in_turn([work, one], 2))
            yield {
                "name": case.name, "megapixels": megapixels, "fullwell_s": many_s, "one_thread_s": one_s,
                "ms_per_mp": 1e3 * many_s / megapixels, "scales": _scaling_share(one_s, many_s),
                "same_bits": bool(np.array_equal(np.asarray(work()), np.asarray(one()))),
            }  # fmt: skip


def _scaling_share(one_s: float, many_s: float) -> float | None:
    """The share of the work that the threads share, by Amdahl's law; None on one core."""
    from fullwell.kernels._jit import thread_count

    count = thread_count()
    return (1 - many_s / one_s) / (1 - 1 / count) if count > 1 else None


def _single(work: Callable[[], Any]) -> Any:
    from fullwell.kernels import _jit

    with _jit.threads(1):
        return work()


def large(wanted: Callable[[str], bool]) -> Iterator[Row]:
    """The peak of a large job, against the stated bound."""
    count, megapixels = LARGE
    name = f"{count} x {megapixels} MP to EXR and JPEG"
    if wanted(name):
        frames = list(map(str, scene(megapixels, count).photographs()))
        with tempfile.TemporaryDirectory() as folder:
            seconds, peak = child([*FULLWELL, "make", *frames, "-o", f"{folder}/a.exr", "-o", f"{folder}/a.jpg"])
        yield {
            "name": name, "megapixels": megapixels, "frames": count, "fullwell_s": seconds.wall, "peak": peak,
            "most_bytes": LARGE_BYTES,
        }  # fmt: skip


SECTIONS = {
    "stages": stages, "natives": natives, "writers": writers, "jobs": jobs, "others": others, "start": start,
    "scaling": scaling, "large": large,
}  # fmt: skip


def _rivals(
    mine: list[str], theirs: list[str], target: float, **environment: str
) -> tuple[Seconds, Seconds, float, float, float]:
    """The best of some runs of two commands in turn, as `_row` takes it; who takes long runs once."""
    runs, slow = [child(mine)], [child(theirs, **environment)]
    for _ in range(ROUNDS - 1):
        runs.append(child(mine))
        if slow[0][0].wall < LONG_S:
            slow.append(child(theirs, **environment))
    (my_time, my_peak), (their_time, their_peak) = min(runs), min(slow)
    return my_time, their_time, target, my_peak, their_peak


def _row(
    name: str, megapixels: float, mine: Seconds, other: Seconds | None, target: float | None,
    my_peak: float | None = None, their_peak: float | None = None,
) -> Row:  # fmt: skip
    row: Row = {"name": name, "megapixels": megapixels, "fullwell_s": mine.wall, "target": target}
    row |= {"fullwell_processor_s": mine.processor, "peak": my_peak, "other_peak": their_peak, "ratio": None}
    if other:
        row |= {"other_s": other.wall, "other_processor_s": other.processor, "ratio": other.wall / mine.wall}
    return row


def _peak(name: str, who: str) -> float | None:
    """Bytes that a case adds to the resident size of a fresh process."""
    command = [sys.executable, __file__, "--peak-of", name, who, "--most", str(most_mp)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return float(said) if said != "None" else None


def _print_peak(name: str, who: str) -> None:
    """After a warm-up on a small scene, so that compiled code and libraries do not count."""
    case = next(c for c in (*STAGES, *NATIVES) if c.name == name)
    small, data = Scene(min(0.1, most_mp)), Scene(size(case.megapixels))
    for part in ("frames", "radiance"):
        getattr(data, part)
    if isinstance(case, Native):
        case.work(small)
        print(peak_rise(partial(case.work, data)))
        return
    module = modules()[0 if who == "fullwell" else 1]
    case.work(module, small)
    print(peak_rise(partial(case.work, module, data)))


def shown(row: Row) -> str:
    line = f"  {row['name']:<34}{row['megapixels']:>6g} MP {row['fullwell_s']:8.3f} s"
    if row.get("ratio"):
        processor = row["other_processor_s"] / row["fullwell_processor_s"]
        line += f"   other {row['other_s']:7.3f} s   x {row['ratio']:5.1f} of {row['target']:g}"
        line += f" (processor x {processor:.1f})"
    if row.get("copies"):
        line += f"   {row['copies']:5.1f} copies"
    if row.get("peak"):
        line += f"   peak {row['peak'] / MB:5.0f} MB"
    if row.get("other_peak"):
        line += f" of {row['other_peak'] / MB:5.0f} MB"
    if row.get("most_s"):
        line += f"   at most {row['most_s']:g} s"
    if "same_bits" in row:
        line += (
            f"   {row['ms_per_mp']:6.2f} ms/MP, one thread {row['one_thread_s']:7.3f} s, same bits {row['same_bits']}"
        )
    if row.get("scales") is not None:
        line += f", {row['scales']:.0%} scales"
    return line


def main() -> None:
    global most_mp
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], help="sections, or parts of names")
    parser.add_argument("--large", action="store_true", help="also the large job, some minutes and 3 GB of disk")
    parser.add_argument("--most", type=float, default=most_mp, metavar="MP", help="the largest image")
    parser.add_argument("--write", action="store_true", help="put a partial run into results.json too")
    parser.add_argument("--page", action="store_true", help="only make the page of results.json again")
    parser.add_argument("--peak-of", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    most_mp = asked.most
    if asked.peak_of:
        _print_peak(*asked.peak_of)
        return
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if not asked.page:
        for section, measured in SECTIONS.items():
            named = section in asked.only
            if section == "large" and not asked.large:
                continue

            def wanted(name: str, named: bool = named) -> bool:
                return named or not asked.only or any(word.lower() in name.lower() for word in asked.only)

            print(f"{section}: {measured.__doc__}")
            rows = {row["name"] + f" {row['megapixels']}": row for row in results.get(section, [])}
            with suppress(KeyboardInterrupt):
                for row in measured(wanted):
                    print(shown(row), flush=True)
                    rows[row["name"] + f" {row['megapixels']}"] = row
            results[section] = list(rows.values())
        results["machine"] = machine()
    if asked.write or asked.page or not (asked.only or asked.most < float("inf")):
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        PAGE.write_text(page(results))


if __name__ == "__main__":
    main()
