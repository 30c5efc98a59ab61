"""The gate of a schedule: when its moments count, and the reason when they do not.

Dates of exceptions, periods of exceptions and a daily window are laid over the
line of time; what is left is where moments made by a grid, a cron expression, a
series or a signal become runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from horarium.kernel.excepted import Exceptions
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant, Wall, day_of
from horarium.kernel.moment import Reason
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.schedule import Schedule
from horarium.kernel.steps import Meter
from horarium.kernel.window import Window
from horarium.kernel.zone import Fold, Gap, Zone

_FIRST_CHUNK = 2
_LONGEST_CHUNK = 64
"""Days looked at in one go: few for the next moment, more for a long outage."""


class Piece(NamedTuple):
    """A stretch of time with one answer: None where moments count."""

    start: int
    end: int
    reason: Reason | None


class Gate:
    """Where moments count. ``lo`` and ``hi`` are the bounds that ``from`` and ``until`` set."""

    __slots__ = ("_last", "_zone", "exceptions", "hi", "lo", "window")

    def __init__(self, schedule: Schedule, zone: Zone, exceptions: Exceptions) -> None:
        self._zone = zone
        self.exceptions = exceptions
        self._last = Piece(0, 0, None)
        self.window: Window | None = None
        if schedule.gated and schedule.start is not None and schedule.end is not None:
            self.window = Window(schedule.start, schedule.end)
        first, last = schedule.first_date, schedule.last_date
        self.lo = int(MIN_INSTANT) if first is None else self._midnight(first)
        self.hi = int(MAX_INSTANT) + 1 if last is None else self._midnight(last + 1)

    def _midnight(self, day: int) -> int:
        return self._zone.at(Wall(day * DAY), Gap.AT_END, Fold.FIRST)

    @property
    def open(self) -> bool:
        """Whether every moment counts."""
        return self.window is None and not self.exceptions

    def refusal(self, t: Instant) -> Reason | None:
        """Give why a moment inside the bounds does not count; None when it does."""
        if self.open:
            return None
        if self._last.start <= t < self._last.end:
            return self._last.reason
        day = day_of(self._zone.to_wall(t))
        if not self.exceptions and self.window is not None:
            self._last = self._piece(t, day, self.window)
            return self._last.reason
        if day in self.exceptions.days or self.exceptions.periods.contains(t):
            return Reason.EXCEPTED
        if self.window is None:
            return None
        reason = Reason.OUTSIDE_WINDOW
        for start in (day - 1, day):
            window = self.window.on(start, self._zone)
            if window is not None and window.contains(t):
                if start not in self.exceptions.days:
                    return None
                reason = Reason.EXCEPTED
        return reason

    def _piece(self, t: int, day: int, window: Window) -> Piece:
        """Give the window an instant lies in, or the time between two; moments come in order."""
        found = [window.on(start, self._zone) for start in (day - 1, day, day + 1)]
        last, following = t, t + 1
        for period in found:
            if period is None:
                continue
            if period.contains(Instant(t)):
                return Piece(period.start, period.end, None)
            if period.end <= t:
                last = period.end
            elif following == t + 1:
                following = period.start
        return Piece(last, following, Reason.OUTSIDE_WINDOW)

    def pieces(self, a: int, b: int, meter: Meter) -> Iterator[Piece]:
        """Yield ``[a, b)``, kept within the bounds, as stretches of one answer, in order."""
        a, b = max(a, self.lo), min(b, self.hi)
        if a >= b:
            return
        if self.open:
            yield Piece(a, b, None)
            return
        days = _FIRST_CHUNK
        while a < b:
            meter.spend(days)
            end = min(a + days * DAY, b)
            yield from self._chunk(Period(Instant(a), Instant(end)))
            a, days = end, min(days * 2, _LONGEST_CHUNK)

    def _chunk(self, within: Period) -> list[Piece]:
        first = day_of(self._zone.to_wall(within.start)) - 2
        last = day_of(self._zone.to_wall(within.end)) + 2
        excepted = self._excepted(first, last)
        windows, lost = self._windows(first, last)
        passed = windows.clip(within.start, within.end).subtract(excepted)
        refused = excepted.union(lost.subtract(passed)).clip(within.start, within.end)
        shut = passed.union(refused).gaps(within)
        found = [Piece(p.start, p.end, None) for p in passed]
        found += [Piece(p.start, p.end, Reason.EXCEPTED) for p in refused]
        found += [Piece(p.start, p.end, Reason.OUTSIDE_WINDOW) for p in shut]
        return sorted(found, key=lambda piece: piece.start)

    def _excepted(self, first: int, last: int) -> PeriodSet:
        days = [day for day in range(first, last) if day in self.exceptions.days]
        edges = ((self._midnight(day), self._midnight(day + 1)) for day in days)
        dates = PeriodSet(Period(Instant(a), Instant(b)) for a, b in edges if a < b)
        return dates.union(self.exceptions.periods)

    def _windows(self, first: int, last: int) -> tuple[PeriodSet, PeriodSet]:
        """Give the windows, and those that exceptions of their date take away."""
        if self.window is None:
            whole = Period(Instant(self._midnight(first)), Instant(self._midnight(last)))
            return PeriodSet([whole]), PeriodSet()
        kept: list[Period] = []
        lost: list[Period] = []
        for day in range(first, last):
            window = self.window.on(day, self._zone)
            if window is not None:
                (lost if day in self.exceptions.days else kept).append(window)
        return PeriodSet(kept), PeriodSet(lost)

    def open_between(self, a: Instant, b: Instant, meter: Meter) -> PeriodSet:
        """Give where moments count in ``[a, b)``."""
        found = [p for p in self.pieces(a, b, meter) if p.reason is None]
        return PeriodSet(Period(Instant(p.start), Instant(p.end)) for p in found)

    def next_open(self, t: Instant, meter: Meter) -> Instant | None:
        """Give the first instant from ``t`` on at which moments count; None when there is none."""
        for piece in self.pieces(t, MAX_INSTANT + 1, meter):
            if piece.reason is None:
                return Instant(piece.start)
        return None
