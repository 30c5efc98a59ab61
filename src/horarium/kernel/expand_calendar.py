"""MONTHLY and YEARLY rules: one pattern per kind of month or year, placed by arithmetic."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from horarium.kernel.daymask import KINDS, YearDays, YearKind, bits, fast_year_start
from horarium.kernel.expand_fixed import BLOCK
from horarium.kernel.gregorian import (
    CYCLE_YEARS,
    DAY,
    MAX_YEAR,
    MONTH_LENGTHS,
    civil_day,
    month_start,
)
from horarium.kernel.steps import Meter
from horarium.kernel.timeset import select_days

LARGE = 4_096
"""Members of one period above which they are made in parts instead of kept."""


class _CalendarExpansion:
    """What months and years share: counting periods, filling blocks."""

    __slots__ = ("_first", "_interval", "_kept", "_positions", "_times", "_year_days")

    def __init__(
        self,
        first: int,
        interval: int,
        year_days: YearDays,
        times: tuple[int, ...],
        positions: tuple[int, ...],
    ) -> None:
        self._first = first
        self._interval = interval
        self._year_days = year_days
        self._times = times
        self._positions = positions
        self._kept: dict[object, tuple[int, ...] | None] = {}

    def _period_of(self, day: int) -> int:
        raise NotImplementedError

    def _place(self, period: int) -> tuple[int, object]:
        """Give the day number the pattern counts from, and the key of the pattern."""
        raise NotImplementedError

    def _days(self, key: object) -> Sequence[int]:
        raise NotImplementedError

    def pattern(self, key: object) -> tuple[int, ...] | None:
        """Give the members of a kind of period as seconds from its start; None when too many."""
        days = self._days(key)
        if not self._positions and len(days) * len(self._times) > LARGE:
            return None
        return select_days(self._positions, days, self._times)

    def chunks(self, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
        """Yield the walls in ``[lo, hi)`` in sorted blocks."""
        for walls in self._blocks(lo, hi, meter):
            if walls[0] < lo:
                walls = walls[bisect_left(walls, lo) :]
            if walls and walls[-1] >= hi:
                walls = walls[: bisect_left(walls, hi)]
            if walls:
                yield walls

    def _blocks(self, lo: int, hi: int, meter: Meter) -> Iterator[list[int]]:
        if hi <= lo:
            return
        interval, kept, place = self._interval, self._kept, self._place
        late = max(self._period_of(lo // DAY) - self._first, 0)
        begin = self._first + -(-late // interval) * interval
        end = self._period_of((hi - 1) // DAY)
        walls: list[int] = []
        size = 1
        for period in range(begin, end + 1, interval):
            day, key = place(period)
            if key in kept:
                pattern = kept[key]
            else:
                pattern = kept[key] = self.pattern(key)
            if pattern is None:
                if walls:
                    yield walls
                    walls = []
                yield from self._large(day, key, lo, hi, meter)
                continue
            meter.spend(1 + len(pattern))
            if pattern:
                start = day * DAY
                walls += [start + offset for offset in pattern]
                if len(walls) >= size:
                    yield walls
                    walls = []
                    size = BLOCK
        if walls:
            yield walls

    def _large(
        self, first: int, key: object, lo: int, hi: int, meter: Meter
    ) -> Iterator[list[int]]:
        for day in self._days(key):
            start = (first + day) * DAY
            if start + DAY <= lo or start >= hi:
                continue
            meter.spend(1 + len(self._times))
            yield [start + time for time in self._times]


class YearExpansion(_CalendarExpansion):
    """Periods are years, counted by their number."""

    __slots__ = ()

    def _period_of(self, day: int) -> int:
        return min(civil_day(day)[0], MAX_YEAR)

    def _place(self, period: int) -> tuple[int, YearKind]:
        return fast_year_start(period), KINDS[period % CYCLE_YEARS]

    def _days(self, key: object) -> Sequence[int]:
        assert isinstance(key, YearKind)
        return self._year_days.days(key)


class MonthExpansion(_CalendarExpansion):
    """Periods are months, counted as ``year * 12 + month - 1``."""

    __slots__ = ()

    def _period_of(self, day: int) -> int:
        year, month, _ = civil_day(day)
        return min(year * 12 + month - 1, MAX_YEAR * 12 + 11)

    def _place(self, period: int) -> tuple[int, tuple[YearKind, int]]:
        year, month = divmod(period, 12)
        # The pattern of a month counts from the start of its year.
        return fast_year_start(year), (KINDS[year % CYCLE_YEARS], month)

    def _days(self, key: object) -> Sequence[int]:
        assert isinstance(key, tuple)
        kind, month = key
        return month_days(self._year_days, kind, month)


def month_days(year_days: YearDays, kind: YearKind, month: int) -> tuple[int, ...]:
    """Give the permitted days of a month (from 0), counted from the start of the year."""
    start = month_start(month + 1, kind.leap)
    length = MONTH_LENGTHS[month] + (kind.leap and month == 1)
    mask = year_days.mask(kind) & (((1 << length) - 1) << start)
    return tuple(bits(mask))
