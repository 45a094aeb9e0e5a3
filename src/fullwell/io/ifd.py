"""The structure that TIFF and EXIF share: directories of tagged entries, in either byte order (TIFF 6.0, section 2).

What is written is appended and old data stays where it is, so that maker notes, which hold offsets, stay valid.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable
from typing import NamedTuple

Data = bytes | bytearray | mmap.mmap
Directory = dict[int, "Entry"]

ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}  # bytes by type
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL, DOUBLE = 1, 2, 3, 4, 5, 7, 10, 12
CODES = {SHORT: "H", LONG: "I", RATIONAL: "I", SRATIONAL: "i", DOUBLE: "d"}


class Entry(NamedTuple):
    """One field: its type, the number of its values, and the four bytes that hold them or their offset."""

    type: int
    length: int
    field: bytes

    @property
    def size(self) -> int:
        return SIZES.get(self.type, 0) * self.length


def order_of(data: Data) -> str:
    """The byte order, "<" or ">"; raises ValueError for what is no such structure."""
    try:
        return ORDERS[bytes(data[:4])]
    except KeyError:
        raise ValueError("no TIFF header") from None


def first(data: Data) -> int:
    """Offset of the first directory."""
    return int(struct.unpack_from(order_of(data) + "I", data, 4)[0]) if len(data) >= 8 else 0


def directory(data: Data, at: int) -> tuple[Directory, int]:
    """Entries whose data lie inside, and the offset of the next directory (0: none). Broken entries are left out."""
    order = order_of(data)
    if not 8 <= at <= len(data) - 2:
        return {}, 0
    (count,) = struct.unpack_from(order + "H", data, at)
    entries: Directory = {}
    for k in range(count):
        start = at + 2 + 12 * k
        if start + 12 > len(data):
            return entries, 0
        tag, kind, values = struct.unpack_from(order + "HHI", data, start)
        entry = Entry(kind, values, bytes(data[start + 8 : start + 12]))
        if kind in SIZES and len(value(data, entry)) == entry.size:
            entries[tag] = entry
    end = at + 2 + 12 * count
    return entries, int(struct.unpack_from(order + "I", data, end)[0]) if end + 4 <= len(data) else 0


def value(data: Data, entry: Entry) -> bytes:
    """The bytes of an entry's values; shorter than they should be where the data end before."""
    if entry.size <= 4:
        return entry.field[: entry.size]
    at = number(data, entry._replace(type=LONG))
    return bytes(data[at : at + entry.size])


def number(data: Data, entry: Entry) -> int:
    """The first value of a SHORT or LONG entry, or an offset."""
    order = order_of(data)
    return int(struct.unpack_from(order + ("H" if entry.type == SHORT else "I"), entry.field)[0])


def numbers(data: Data, entry: Entry) -> tuple[float, ...]:
    """All values of a DOUBLE entry, or the quotients of a RATIONAL one."""
    parts = struct.unpack(
        f"{order_of(data)}{entry.size // (8 if entry.type == DOUBLE else 4)}{CODES[entry.type]}", value(data, entry)
    )
    return (
        parts
        if entry.type == DOUBLE
        else tuple(a / b if b else 0.0 for a, b in zip(parts[::2], parts[1::2], strict=True))
    )


def sub(data: Data, entries: Directory, pointer: int) -> Directory:
    """The directory that a pointer entry names; empty where there is none."""
    return directory(data, number(data, entries[pointer]))[0] if pointer in entries else {}


class Builder:
    """A structure that grows at its end, from another one or from nothing."""

    def __init__(self, data: Data = b"II*\0\0\0\0\0") -> None:
        self.data = bytearray(data)
        self.order = order_of(self.data)

    def append(self, more: bytes) -> int:
        """Where it begins, on an even offset."""
        self.data += bytes(len(self.data) % 2)
        at = len(self.data)
        self.data += more
        return at

    def entry(self, kind: int, values: bytes | Iterable[float]) -> Entry:
        """A new entry; numbers for SHORT, LONG, [S]RATIONAL (pairs, flat) and DOUBLE, bytes for the others."""
        if not isinstance(values, bytes):
            numbers = list(values)
            values = struct.pack(f"{self.order}{len(numbers)}{CODES[kind]}", *numbers)
        count = len(values) // SIZES[kind]
        if len(values) <= 4:
            return Entry(kind, count, values.ljust(4, b"\0"))
        return Entry(kind, count, struct.pack(self.order + "I", self.append(values)))

    def pointer(self, entries: Directory) -> Entry:
        """An entry that points to a new directory."""
        return self.entry(LONG, [self.add(entries)])

    def copy(self, data: Data, entry: Entry) -> Entry:
        """The entry of another structure of the same byte order, with its values."""
        held = value(data, entry)
        return entry if len(held) <= 4 else entry._replace(field=struct.pack(self.order + "I", self.append(held)))

    def add(self, entries: Directory) -> int:
        """Append a directory, in the order of tags, with none behind it."""
        packed = struct.pack(self.order + "H", len(entries))
        for tag in sorted(entries):
            kind, length, field = entries[tag]
            packed += struct.pack(self.order + "HHI", tag, kind, length) + field
        return self.append(packed + bytes(4))

    def finish(self, root: Directory) -> bytes:
        """The whole, beginning with this directory."""
        struct.pack_into(self.order + "I", self.data, 4, self.add(root))
        return bytes(self.data)
