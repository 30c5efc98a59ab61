"""The days of a year that the date parts of a rule permit, as bits of an int.

Bit d stands for day d of the year, 0 for 1 January. A year is known by its
*kind*: whether it, the year before and the year after are leap years, and the
weekday of its 1 January. There are fewer than thirty kinds, so every mask is
computed once per rule and kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from horarium.kernel.gregorian import (
    CYCLE_DAYS,
    CYCLE_YEARS,
    MAX_YEAR,
    MONTH_LENGTHS,
    civil_day,
    is_leap,
    month_start,
    weekday_of,
    year_start,
)
from horarium.kernel.rule_text import ByDay


class YearKind(NamedTuple):
    """All that the dates of a year depend on."""

    leap: bool
    first: int
    """Weekday of 1 January, Monday = 0."""
    leap_before: bool
    leap_after: bool

    @property
    def length(self) -> int:
        """Days of the year."""
        return 366 if self.leap else 365


KINDS = tuple(
    YearKind(is_leap(y), weekday_of(year_start(y)), is_leap(y - 1), is_leap(y + 1))
    for y in range(CYCLE_YEARS, 2 * CYCLE_YEARS)
)
"""The kind of each year of the 400-year cycle, by ``year % 400``."""

STARTS = tuple(year_start(y) for y in range(CYCLE_YEARS, 2 * CYCLE_YEARS))
"""The day number of 1 January of the years 400 to 799, by ``year % 400``."""

_EVERY_WEEK = sum(1 << 7 * week for week in range(53))


def fast_year_start(year: int) -> int:
    """Give the day number of 1 January from the table of the cycle."""
    cycle, of_cycle = divmod(year, CYCLE_YEARS)
    return STARTS[of_cycle] + (cycle - 1) * CYCLE_DAYS


MONTHS = tuple(
    tuple(
        (month_start(month, leap), MONTH_LENGTHS[month - 1] + (leap and month == 2))
        for month in range(1, 13)
    )
    for leap in (False, True)
)
"""First day of the year and length of every month, of common and of leap years."""


class DayParts(NamedTuple):
    """The date parts of a rule, DTSTART's values filled in; empty means no limit."""

    month: tuple[int, ...] = ()
    week_no: tuple[int, ...] = ()
    year_day: tuple[int, ...] = ()
    month_day: tuple[int, ...] = ()
    day: tuple[ByDay, ...] = ()
    wkst: int = 0
    ordinals_in_month: bool = False


class YearDays:
    """The permitted days of every year, computed per kind of year when first asked for."""

    __slots__ = ("_by_year", "_masks", "_parts")

    def __init__(self, parts: DayParts) -> None:
        self._parts = parts
        self._masks: dict[YearKind, int] = {}
        self._by_year: list[int | None] = [None] * CYCLE_YEARS

    def mask(self, year: int) -> int:
        """Give the permitted days of a year as bits."""
        of_cycle = year % CYCLE_YEARS
        found = self._by_year[of_cycle]
        if found is None:
            kind = KINDS[of_cycle]
            if not self._parts.week_no:
                # Only weeks reach over the ends of a year.
                kind = YearKind(kind.leap, kind.first, False, False)
            found = self._masks.get(kind)
            if found is None:
                found = self._masks[kind] = _mask(self._parts, kind)
            self._by_year[of_cycle] = found
        return found

    def next_day(self, day: int) -> Iterator[int | None]:
        """Yield None for every year without a permitted day, then the first one from ``day`` on.

        Yields nothing more when the years end; each value is one step of work.
        """
        year = civil_day(day)[0]
        left = self.mask(year) >> (day - fast_year_start(year))
        if left:
            yield day + lowest(left)
            return
        while (year := year + 1) <= MAX_YEAR:
            mask = self.mask(year)
            if mask:
                yield fast_year_start(year) + lowest(mask)
                return
            yield None


def lowest(mask: int) -> int:
    """Give the number of the lowest bit that is set."""
    return (mask & -mask).bit_length() - 1


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, from the lowest."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _mask(parts: DayParts, kind: YearKind) -> int:
    mask = (1 << kind.length) - 1
    if parts.month:
        mask &= _or(_month_bits(kind, month) for month in parts.month)
    if parts.week_no:
        mask &= _week_bits(parts, kind)
    if parts.year_day:
        mask &= _positions(parts.year_day, 0, kind.length)
    if parts.month_day:
        mask &= _or(
            _positions(parts.month_day, start, length) for start, length in _months(kind, ())
        )
    if parts.day:
        mask &= _weekday_bits(parts, kind)
    return mask


def _or(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _months(kind: YearKind, months: tuple[int, ...]) -> list[tuple[int, int]]:
    """Give (first day of the year, length) of the months given, or of all."""
    every = MONTHS[kind.leap]
    return [every[month - 1] for month in months] if months else list(every)


def _month_bits(kind: YearKind, month: int) -> int:
    start, length = MONTHS[kind.leap][month - 1]
    return ((1 << length) - 1) << start


def _positions(numbers: tuple[int, ...], start: int, length: int) -> int:
    """Give bits for positions 1… or -1… of a stretch of days; those beyond it do not exist."""
    found = 0
    for number in numbers:
        if abs(number) <= length:
            found |= 1 << (start + (number - 1 if number > 0 else length + number))
    return found


def _weekday_bits(parts: DayParts, kind: YearKind) -> int:
    week = 0
    found = 0
    for day in parts.day:
        if day.ordinal:
            found |= _numbered_bits(parts, kind, day)
        else:
            week |= 1 << (day.weekday - kind.first) % 7
    # One multiplication repeats the weekdays for every week of the year.
    return found | week * _EVERY_WEEK


def _numbered_bits(parts: DayParts, kind: YearKind, day: ByDay) -> int:
    if parts.ordinals_in_month or parts.month:
        stretches = _months(kind, parts.month)
    else:
        stretches = [(0, kind.length)]
    found = 0
    for start, length in stretches:
        first = (day.weekday - kind.first - start) % 7
        weeks = (length - first + 6) // 7
        if abs(day.ordinal) <= weeks:
            week = day.ordinal - 1 if day.ordinal > 0 else weeks + day.ordinal
            found |= 1 << (start + first + 7 * week)
    return found


def _week_bits(parts: DayParts, kind: YearKind) -> int:
    """Give the days of this calendar year in the numbered weeks, of its neighbours' weeks too."""
    first = _first_week(kind.first, parts.wkst)
    before = 366 if kind.leap_before else 365
    first_before = _first_week((kind.first - before) % 7, parts.wkst) - before
    after = _first_week((kind.first + kind.length) % 7, parts.wkst) + kind.length
    beyond = 366 if kind.leap_after else 365
    last = _first_week((kind.first + kind.length + beyond) % 7, parts.wkst) + kind.length + beyond
    found = 0
    for start, end in ((first_before, first), (first, after), (after, last)):
        weeks = (end - start) // 7
        for number in parts.week_no:
            if abs(number) <= weeks:
                at = start + 7 * (number - 1 if number > 0 else weeks + number)
                found |= 127 << at if at >= 0 else 127 >> -at
    return found


def _first_week(first: int, wkst: int) -> int:
    """Give the day of the year on which week 1 begins: the first with four days in the year."""
    into = (first - wkst) % 7
    return -into if into <= 3 else 7 - into
