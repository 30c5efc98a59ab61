"""HOURLY, MINUTELY and SECONDLY rules with limiting parts: a grid that jumps over what is shut."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from horarium.kernel.daymask import YearDays
from horarium.kernel.expand_fixed import BLOCK
from horarium.kernel.gregorian import DAY
from horarium.kernel.steps import Meter


class TimeExpansion:
    """Every grid point ``first + k * step`` that all limits permit, at each inner offset.

    ``cycles`` are the limits on the clock, coarse to fine: (length of the
    cycle, length of the unit, permitted units), as (86400, 3600, hours). A
    point that a limit refuses is left by a jump to the next permitted unit,
    so that closed hours and days cost one step each.
    """

    __slots__ = ("_cycles", "_first", "_offsets", "_run", "_step", "_year_days")

    def __init__(
        self,
        first: int,
        step: int,
        offsets: tuple[int, ...],
        year_days: YearDays | None,
        cycles: tuple[tuple[int, int, tuple[int, ...]], ...],
    ) -> None:
        self._first = first
        self._step = step
        self._offsets = offsets
        self._year_days = year_days
        self._cycles = cycles
        # Nothing below this unit is limited: inside it the grid runs free.
        self._run = cycles[-1][1] if cycles else DAY

    def chunks(self, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
        """Yield the walls in ``[lo, hi)`` in sorted blocks."""
        offsets = self._offsets
        if hi <= lo or not offsets:
            return
        size = 1
        block: list[int] = []
        for run in self._runs(lo - offsets[-1], hi, meter):
            meter.spend(len(run) * len(offsets))
            if len(offsets) == 1:
                block += [at + offsets[0] for at in run]
            else:
                block += [at + offset for at in run for offset in offsets]
            if len(block) >= size:
                yield from _inside(block, lo, hi)
                block = []
                size = BLOCK
        if block:
            yield from _inside(block, lo, hi)

    def _runs(self, lo: int, hi: int, meter: Meter) -> Iterator[range]:
        """Yield the permitted grid points in ``[lo, hi)`` as short runs."""
        first, step, run = self._first, self._step, self._run
        most = max(BLOCK // len(self._offsets), 1) * step
        at = max(lo, first)
        while True:
            at += (first - at) % step
            if at >= hi:
                return
            meter.spend(1)
            jump = self._closed_until(at, meter)
            if jump is None:
                end = min(at - at % run + run, hi, at + most)
                points = range(at, end, step)
                yield points
                at = points[-1] + step
            else:
                at = jump

    def _closed_until(self, at: int, meter: Meter) -> int | None:
        """Give None when ``at`` is permitted, else where to go on."""
        if self._year_days is not None:
            day = at // DAY
            for permitted in self._year_days.next_day(day):
                if permitted is None:
                    meter.spend(1)
                elif permitted == day:
                    break
                else:
                    return permitted * DAY
            else:
                return _NEVER
        for cycle, unit, permitted_units in self._cycles:
            start = at - at % cycle
            now = at % cycle // unit
            index = bisect_left(permitted_units, now)
            if index == len(permitted_units):
                return start + cycle
            if permitted_units[index] != now:
                return start + permitted_units[index] * unit
        return None


_NEVER = 10**15
"""Past every wall time."""


def _inside(walls: list[int], lo: int, hi: int) -> Iterator[list[int]]:
    if walls[0] < lo or walls[-1] >= hi:
        walls = [w for w in walls if lo <= w < hi]
    if walls:
        yield walls
