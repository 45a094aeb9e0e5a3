"""Names of results with placeholders in them: {reference} is the name of the reference frame without its extension."""

from __future__ import annotations

import re
from pathlib import Path

from fullwell.errors import UsageError, did_you_mean
from fullwell.image import Bracket

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def fill(template: str | Path, **words: str) -> Path:
    """The path that a name with placeholders stands for. Raises UsageError for an unknown placeholder."""

    def word(match: re.Match[str]) -> str:
        if match[1] not in words:
            raise UsageError(f"{template}: {match[0]} stands for nothing; {did_you_mean(match[1], words)}")
        return words[match[1]]

    return Path(PLACEHOLDER.sub(word, str(template)))


def reference_name(bracket: Bracket) -> str:
    """What {reference} stands for."""
    return Path(bracket.frames[bracket.reference].name).stem
