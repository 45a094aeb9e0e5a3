"""The boxes that AVIF, HEIF and JPEG XL files are made of (ISO/IEC 14496-12, clause 4.2)."""

from __future__ import annotations

from collections.abc import Iterator


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
