"""Compiled zone files (TZif) as arrays of transitions. Source: RFC 9636 3."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput

_HEADER = struct.Struct(">4s1s15x6l")


@dataclass(frozen=True, slots=True)
class ZoneFile:
    """What a TZif file says.

    ``first`` is the offset before all transitions; ``at[i]`` is the instant
    from which ``offsets[i]`` (seconds east of UTC) holds; ``footer`` is the
    POSIX text for the time after the last transition, empty when there is none.
    """

    first: int
    at: tuple[int, ...]
    offsets: tuple[int, ...]
    footer: str


def read_zone_file(data: bytes) -> ZoneFile:
    """Take a TZif file apart; InvalidInput when it is damaged."""
    try:
        return _read(data)
    except (struct.error, IndexError, UnicodeDecodeError) as damaged:
        raise InvalidInput("the zone file is damaged", part="zone data") from damaged


def _read(data: bytes) -> ZoneFile:
    magic, version, *counts = _HEADER.unpack_from(data)
    if magic != b"TZif":
        raise InvalidInput("this is no zone file", part="zone data")
    if version == b"\0":
        return _block(data, _HEADER.size, counts, 4)[0]
    # Version 2 and later repeat everything with 64-bit instants after the first block.
    second = _HEADER.size + _length(counts, 4)
    _, _, *counts = _HEADER.unpack_from(data, second)
    zone, end = _block(data, second + _HEADER.size, counts, 8)
    footer = data[end:].split(b"\n", 2)[1].decode("ascii")
    return ZoneFile(zone.first, zone.at, zone.offsets, footer)


def _length(counts: list[int], width: int) -> int:
    utc, standard, leaps, times, types, letters = counts
    return times * (width + 1) + types * 6 + letters + leaps * (width + 4) + standard + utc


def _block(data: bytes, start: int, counts: list[int], width: int) -> tuple[ZoneFile, int]:
    times, types = counts[3], counts[4]
    at = struct.unpack_from(f">{times}{'l' if width == 4 else 'q'}", data, start)
    indices = data[start + times * width : start + times * (width + 1)]
    table = start + times * (width + 1)
    kinds = [struct.unpack_from(">l2B", data, table + 6 * i)[0] for i in range(types)]
    zone = ZoneFile(kinds[0], at, tuple(kinds[i] for i in indices), "")
    return zone, start + _length(counts, width)
