"""Named recipes: a TOML file each, found by its name; the first line, a comment, says what it is for."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """The names, from the file names alone."""
    return tuple(sorted(p.stem for p in FOLDER.glob("*.toml")))


def text(name: str) -> str:
    """The TOML of a named recipe."""
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def summary(name: str) -> str:
    """What a named recipe is for, one sentence."""
    return text(name).splitlines()[0].removeprefix("# ")
