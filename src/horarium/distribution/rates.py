"""Rates and sizes: how fast octets go over a link, and how many there are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet
from horarium.kernel.schedule_parts import EVERY_DAY, read_days, read_time
from horarium.kernel.weekday import Weekday
from horarium.kernel.window import Window
from horarium.kernel.zone import Zone

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

LEAST_RATE = KIB
"""Octets a second: what is slower counts as no progress at all."""
MOST_RATE = 1 << 40
"""Octets a second: no link is faster, so a greater number is a slip of the pen."""
MOST_SIZE = 1 << 50
MOST_LINES = 200
"""Lines of a rate grid; every one is looked at for every instant."""

_AMOUNT = re.compile(r"(\d{1,15})\s*([A-Za-z]*)(?:/s|ps)?", re.ASCII)
# Octets, in eighths: a bit is one of them.
_RATE_UNITS = {
    "": 8, "b": 8, "kib": 8 * KIB, "mib": 8 * MIB, "gib": 8 * GIB,
    "kbit": 1_000, "mbit": 1_000_000, "gbit": 1_000_000_000,
}  # fmt: skip
_SIZE_UNITS = {
    "": 1, "b": 1, "kib": KIB, "mib": MIB, "gib": GIB, "tib": 1 << 40,
    "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000,
}  # fmt: skip
_UNLIMITED = "unlimited"


def read_rate(value: object) -> int | None:
    """Octets a second of ``2Mbit``, ``512KiB`` or a number of them; None is ``unlimited``."""
    rate = _rate(value)
    if rate is not None and not LEAST_RATE <= rate <= MOST_RATE:
        raise InvalidInput(f"{str(value)[:40]!r} is not at least {LEAST_RATE} octets a second")
    return rate


def _rate(value: object) -> int | None:
    if value == _UNLIMITED:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    unit = _RATE_UNITS.get(found[2].lower()) if found is not None else None
    if found is None or unit is None:
        shown = str(value)[:40]
        raise InvalidInput(f"{shown!r} is no rate like 2Mbit, 512KiB or unlimited")
    return int(found[1]) * unit // 8


def write_rate(rate: int | None) -> str:
    """A rate as people write it: the shortest of its units that loses nothing."""
    if rate is None:
        return _UNLIMITED
    for unit in ("gib", "mib", "gbit", "mbit", "kib", "kbit"):
        eighths = _RATE_UNITS[unit]
        if rate and rate * 8 % eighths == 0:
            return f"{rate * 8 // eighths}{_SHOWN[unit]}"
    return f"{rate}B"


_SHOWN = {
    "gib": "GiB", "mib": "MiB", "kib": "KiB", "gbit": "Gbit", "mbit": "Mbit", "kbit": "kbit",
}  # fmt: skip


def read_size(value: object) -> int:
    """Octets of ``1GiB``, ``500MiB`` or a number of them."""
    if isinstance(value, int) and not isinstance(value, bool):
        size = value
    else:
        found = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
        unit = _SIZE_UNITS.get(found[2].lower()) if found is not None else None
        if found is None or unit is None:
            raise InvalidInput(f"{str(value)[:40]!r} is no size like 1GiB or 500MiB")
        size = int(found[1]) * unit
    if not 0 <= size <= MOST_SIZE:
        raise InvalidInput(f"{str(value)[:40]!r} is more than there can be")
    return size


def write_size(size: int) -> str:
    """A size as people write it: the largest unit that loses nothing."""
    for name, unit in (("TiB", 1 << 40), ("GiB", GIB), ("MiB", MIB), ("KiB", KIB)):
        if size and size % unit == 0:
            return f"{size // unit}{name}"
    return f"{size}B"


class GridLine(NamedTuple):
    """One line of a rate grid: a recurring window, and its rate; None is unlimited, 0 closed."""

    window: Window
    rate: int | None


@dataclass(frozen=True, slots=True)
class RateGrid:
    """The rates of a channel by day and hour. A later line wins over an earlier one; what no line
    covers is unlimited."""

    lines: tuple[GridLine, ...] = ()

    def open_between(self, start: Instant, end: Instant, zone: Zone) -> PeriodSet:
        """Where no cell is 0."""
        shut = EMPTY
        for line in self.lines:
            cells = line.window.open_between(start, end, zone)
            shut = shut.union(cells) if line.rate == 0 else shut.subtract(cells)
        return shut.gaps(Period(start, end)) if start < end else EMPTY

    def rates_between(
        self, start: Instant, end: Instant, zone: Zone
    ) -> list[tuple[Period, int | None]]:
        """The stretches of ``[start, end)`` with their rates, in order."""
        if start >= end:
            return []
        parts: list[tuple[Period, int | None]] = [(Period(start, end), None)]
        for line in self.lines:
            cells = line.window.open_between(start, end, zone)
            kept = [
                (left, rate)
                for period, rate in parts
                for left in PeriodSet([period]).subtract(cells)
            ]
            parts = kept + [(cell, line.rate) for cell in cells]
        return sorted(parts, key=lambda part: part[0].start)


def read_grid(lines: tuple[str, ...]) -> RateGrid:
    """The grid of lines like ``Mon-Fri 08:00-18:00 2Mbit``; InvalidInput for another."""
    if len(lines) > MOST_LINES:
        raise InvalidInput(f"a rate grid has at most {MOST_LINES} lines")
    return RateGrid(tuple(read_grid_line(line) for line in lines))


def read_grid_line(text: str) -> GridLine:
    """``days hours rate``; without days it is every day. InvalidInput for another line."""
    words = text.split()
    try:
        days, hours, rate = _taken_apart(words)
        first, _, last = hours.partition("-")
        window = Window(read_time(first) % DAY, read_time(last), days)
        found = _rate(int(rate) if rate.isdecimal() else rate)
    except (HorariumError, ValueError) as error:
        raise InvalidInput(
            f"{text[:60]!r} is no line like 'Mon-Fri 08:00-18:00 2Mbit': {error}"
        ) from None
    return GridLine(window, found if not found else read_rate(found))


def _taken_apart(words: list[str]) -> tuple[tuple[Weekday, ...], str, str]:
    if len(words) == 2:
        return EVERY_DAY, words[0], words[1]
    if len(words) != 3:
        raise ValueError("it has days, hours and a rate")
    return read_days(words[0]), words[1], words[2]
