"""DAILY and WEEKLY rules with limiting date parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from horarium.kernel.daymask import YearDays, bits, fast_year_start
from horarium.kernel.expand_fixed import BLOCK
from horarium.kernel.gregorian import DAY, MAX_YEAR, civil_day
from horarium.kernel.steps import Meter
from horarium.kernel.timeset import select_days


class DayExpansion:
    """Every ``interval``-th day from ``first`` that the date parts permit, at each time."""

    __slots__ = ("_first", "_interval", "_times", "_year_days")

    def __init__(
        self, first: int, interval: int, year_days: YearDays, times: tuple[int, ...]
    ) -> None:
        self._first = first
        self._interval = interval
        self._year_days = year_days
        self._times = times

    def chunks(self, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
        """Yield the walls in ``[lo, hi)`` in sorted blocks."""
        times = self._times
        if hi <= lo or not times:
            return
        most = max(BLOCK // len(times), 1)
        for days in self._days(lo // DAY, (hi - 1) // DAY, meter):
            for at in range(0, len(days), most):
                walls = [day * DAY + time for day in days[at : at + most] for time in times]
                meter.spend(len(walls))
                if walls[0] < lo or walls[-1] >= hi:
                    walls = [w for w in walls if lo <= w < hi]
                if walls:
                    yield walls

    def _days(self, lo: int, last: int, meter: Meter) -> Iterator[list[int]]:
        """Yield the days from ``lo`` to ``last``, a year at a time."""
        day = self._on_grid(max(lo, self._first))
        while day <= last:
            year = civil_day(day)[0]
            if year > MAX_YEAR:
                return
            start = fast_year_start(year)
            end = min(fast_year_start(year + 1), last + 1)
            permitted = self._year_days.mask(year) >> (day - start) & ((1 << (end - day)) - 1)
            found = self._on_both(day, end, permitted, meter)
            if found:
                yield found
            day = self._on_grid(end)

    def _on_grid(self, day: int) -> int:
        return day + (self._first - day) % self._interval

    def _on_both(self, day: int, end: int, mask: int, meter: Meter) -> list[int]:
        """Give the grid days in ``[day, end)`` set in a mask, trying the fewer of the two."""
        interval, first = self._interval, self._first
        on_grid = -((day - end) // interval)
        meter.spend(1 + min(on_grid, mask.bit_count()))
        if on_grid < mask.bit_count():
            return [d for d in range(day, end, interval) if mask >> (d - day) & 1]
        if interval == 1:
            return [day + bit for bit in bits(mask)]
        return [day + bit for bit in bits(mask) if (day + bit - first) % interval == 0]


class WeekExpansion:
    """Every ``interval``-th week from the one that begins on day ``first``, dates limited."""

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
        self._kept: dict[int, tuple[int, ...]] = {}

    def week(self, day: int) -> int:
        """Give the permitted days of the week beginning on a day, as seven bits."""
        year = civil_day(day)[0]
        found = self._year_days.mask(year) >> (day - fast_year_start(year)) & 127
        here = fast_year_start(year + 1) - day
        if here < 7:
            found |= self._year_days.mask(year + 1) << here & 127
        return found

    def pattern(self, week: int) -> tuple[int, ...]:
        """Give the members of a week with these permitted days, as seconds from its start."""
        found = self._kept.get(week)
        if found is None:
            found = select_days(self._positions, list(bits(week)), self._times)
            self._kept[week] = found
        return found

    def chunks(self, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
        """Yield the walls in ``[lo, hi)``, a week at a time."""
        step = 7 * self._interval
        late = max((lo // DAY - self._first) // step, 0)
        for day in range(self._first + late * step, (hi - 1) // DAY + 1, step):
            offsets = self.pattern(self.week(day))
            meter.spend(1 + len(offsets))
            walls = [day * DAY + offset for offset in offsets]
            if walls and (walls[0] < lo or walls[-1] >= hi):
                walls = [w for w in walls if lo <= w < hi]
            if walls:
                yield walls
