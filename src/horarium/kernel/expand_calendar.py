"""MONTHLY and YEARLY rules: one pattern per set of permitted days, placed by arithmetic."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from horarium.kernel.daymask import MONTHS, YearDays, bits, fast_year_start
from horarium.kernel.expand_fixed import BLOCK
from horarium.kernel.gregorian import DAY, MAX_YEAR, civil_day, is_leap
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
        self._kept: dict[int, tuple[int, ...] | None] = {}

    def _period_of(self, day: int) -> int:
        raise NotImplementedError

    def _place(self, period: int) -> tuple[int, int]:
        """Give the first day of a period and its permitted days as bits."""
        raise NotImplementedError

    def pattern(self, mask: int) -> tuple[int, ...] | None:
        """Give the members of a period with these days as seconds from its start.

        None when they are too many to be kept.
        """
        if not self._positions and mask.bit_count() * len(self._times) > LARGE:
            return None
        return select_days(self._positions, tuple(bits(mask)), self._times)

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
            day, mask = place(period)
            if mask in kept:
                pattern = kept[mask]
            else:
                pattern = kept[mask] = self.pattern(mask)
            if pattern is None:
                if walls:
                    yield walls
                    walls = []
                yield from self._large(day, mask, lo, hi, meter)
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

    def _large(self, first: int, mask: int, lo: int, hi: int, meter: Meter) -> Iterator[list[int]]:
        for day in bits(mask):
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

    def _place(self, period: int) -> tuple[int, int]:
        return fast_year_start(period), self._year_days.mask(period)


class MonthExpansion(_CalendarExpansion):
    """Periods are months, counted as ``year * 12 + month - 1``."""

    __slots__ = ()

    def _period_of(self, day: int) -> int:
        year, month, _ = civil_day(day)
        return min(year * 12 + month - 1, MAX_YEAR * 12 + 11)

    def _place(self, period: int) -> tuple[int, int]:
        year, month = divmod(period, 12)
        start, length = MONTHS[is_leap(year)][month]
        mask = self._year_days.mask(year) >> start & ((1 << length) - 1)
        return fast_year_start(year) + start, mask


def month_mask(year_days: YearDays, year: int, month: int) -> int:
    """Give the permitted days of a month (from 0) as bits, counted from its start."""
    start, length = MONTHS[is_leap(year)][month]
    return year_days.mask(year) >> start & ((1 << length) - 1)
