"""The yearly rule of a zone after its last listed transition.

Written as POSIX TZ text such as ``CET-1CEST,M3.5.0,M10.5.0/3``; the hours of
a change may lie between -167 and 167. Source: RFC 9636 3.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY, is_leap, month_length, month_start, year_start
from horarium.kernel.instant import Instant

Tail = Callable[[int], Sequence[tuple[Instant, int]]]
"""Gives the (instant, offset from then on) pairs of a year, in order."""

_NAME = r"(?:[A-Za-z]{3,10}|<[A-Za-z0-9+-]{3,10}>)"
_TIME = r"([+-]?\d{1,3})(?::(\d\d))?(?::(\d\d))?"
_OFFSETS = re.compile(rf"{_NAME}{_TIME}(?:{_NAME}(?:{_TIME})?)?", re.ASCII)
_DATE = re.compile(rf"(?:M(\d{{1,2}})\.(\d)\.(\d)|J(\d{{1,3}})|(\d{{1,3}}))(?:/{_TIME})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Change:
    """The wall time of a change within a year, as days of the year and seconds."""

    month: int
    week: int
    weekday: int
    julian: int
    day: int
    seconds: int

    def wall(self, year: int) -> int:
        start, leap = year_start(year), is_leap(year)
        if self.month:
            first = start + month_start(self.month, leap)
            # The weekdays of POSIX count from Sunday; day 0 was a Thursday.
            ahead = (self.weekday - (first + 4)) % 7 + (self.week - 1) * 7
            if ahead >= month_length(year, self.month):
                ahead -= 7
            day = first + ahead
        elif self.julian:
            day = start + self.julian - 1 + (leap and self.julian >= 60)
        else:
            day = start + self.day
        return day * DAY + self.seconds


def read_tail(footer: str) -> tuple[int, Tail | None]:
    """Read the POSIX text of a zone: its standard offset and, with two offsets, its changes.

    Raises InvalidInput for text that is not of this form.
    """
    names, *dates = footer.split(",")
    match = _OFFSETS.fullmatch(names)
    if match is None or len(dates) not in (0, 2):
        raise InvalidInput("this is no zone rule", part="zone rule", value=footer[:80])
    standard = -_seconds(match.group(1, 2, 3))
    if not dates:
        return standard, None
    summer = -_seconds(match.group(4, 5, 6)) if match.group(4) else standard + 3600
    to_summer, to_standard = (_change(date) for date in dates)

    def tail(year: int) -> Sequence[tuple[Instant, int]]:
        return sorted(
            (
                (Instant(to_summer.wall(year) - standard), summer),
                (Instant(to_standard.wall(year) - summer), standard),
            )
        )

    return standard, tail


def _seconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds = (part or "0" for part in parts)
    size = abs(int(hours)) * 3600 + int(minutes) * 60 + int(seconds)
    return -size if hours.startswith("-") else size


def _change(text: str) -> _Change:
    match = _DATE.fullmatch(text)
    if match is None:
        raise InvalidInput("this is no date of a zone rule", part="zone rule", value=text[:40])
    month, week, weekday, julian, day = (int(part or 0) for part in match.group(1, 2, 3, 4, 5))
    seconds = _seconds(match.group(6, 7, 8)) if match.group(6) else 7200
    return _Change(month, week, weekday, julian, day, seconds)
