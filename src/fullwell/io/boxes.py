"""The boxes that AVIF, HEIF and JPEG XL files are made of (ISO/IEC 14496-12, clause 4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, payload) of every whole box; one of size 0 reaches to the end."""
    at = 0
    while at + 8 <= len(data):
        size, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        end = len(data) if size == 0 else at + size
        if end < start or end > len(data):
            return
        yield data[at + 4 : at + 8], data[start:end]
        at = end


def box(kind: bytes, *payload: bytes) -> bytes:
    """A box around the payloads."""
    inside = b"".join(payload)
    if len(inside) + 8 < 1 << 32:
        return (len(inside) + 8).to_bytes(4, "big") + kind + inside
    return b"\0\0\0\1" + kind + (len(inside) + 16).to_bytes(8, "big") + inside


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
