"""The boxes that AVIF, HEIF and JPEG XL files are made of (ISO/IEC 14496-12, clause 4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

Data = TypeVar("Data", bytes, memoryview)


def boxes(data: Data) -> Iterator[tuple[bytes, Data]]:
    """(type, payload) of every whole box; one of size 0 reaches to the end. Of a memoryview, payloads are no copies."""
    at = 0
    while at + 8 <= len(data):
        size, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        end = len(data) if size == 0 else at + size
        if end < start or end > len(data):
            return
        yield bytes(data[at + 4 : at + 8]), data[start:end]
        at = end


def box(kind: bytes, *payload: bytes) -> bytes:
    """A box around the payloads."""
    return b"".join([head(kind, sum(map(len, payload))), *payload])


def head(kind: bytes, size: int) -> bytes:
    """What stands before a payload of so many bytes."""
    if size + 8 < 1 << 32:
        return (size + 8).to_bytes(4, "big") + kind
    return b"\0\0\0\1" + kind + (size + 16).to_bytes(8, "big")


def is_whole(path: Path) -> bool:
    """Whether a file holds all of its outermost boxes: decoders fill with something what is missing."""
    size, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at + 8 <= size:
            file.seek(at)
            start = file.read(16)
            length = int.from_bytes(start[:4], "big")
            if length == 0:
                return True
            at += int.from_bytes(start[8:16], "big") if length == 1 else max(length, 8)
    return at <= size
