"""The hours of a host: when somebody, or something, gives appointments.

What holds on a date is, first match wins: the dated override, also on a day
that is otherwise closed; blocked, special and holiday dates; the weekly hours
valid then; the valid blocks; the whole day. Absences are taken out of it all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from horarium.appointments.codes import Code
from horarium.appointments.local_day import day_start, local_day, on_day
from horarium.appointments.rules import Hours, Rules
from horarium.kernel.gregorian import DAY, weekday_of
from horarium.kernel.instant import Instant, Wall
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import Fold, Gap, Zone

Range = tuple[int, int]
"""Seconds since local midnight; an end at or before its start lies on the next day."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """Ranges of some weekdays, on the dates from ``first`` to ``last`` (None: without bound)."""

    days: frozenset[Weekday]
    ranges: tuple[Range, ...]
    first: int | None = None
    last: int | None = None

    def holds(self, day: int) -> bool:
        """Whether it says anything about a date."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Travel:
    """The host's clock on the dates from ``first`` to ``last``."""

    first: int
    last: int
    zone: Zone


class _Date(NamedTuple):
    """What holds on a date: ranges that may join into one opening, or the valid blocks."""

    ranges: tuple[Range, ...] = ()
    blocks: bool = False
    closed: Code | None = None


WHOLE: tuple[Range, ...] = ((0, DAY),)


@dataclass(frozen=True, slots=True)
class HostHours:
    """Everything that says when a host works; a value that answers for any date.

    ``overrides`` gives the ranges of single dates, none for a closed one.
    ``holidays`` are closed dates, ``absences`` stretches of time taken out.
    """

    rules: Rules = field(default_factory=Rules)
    weekly: tuple[Weekly, ...] = ()
    overrides: Mapping[int, tuple[Range, ...]] = field(default_factory=dict)
    holidays: frozenset[int] = frozenset()
    absences: PeriodSet = EMPTY
    travels: tuple[Travel, ...] = ()

    @property
    def zone(self) -> Zone:
        """The host's own zone."""
        return self.rules.zone

    @property
    def maximum(self) -> int:
        """How many slots may begin on one day; 0 for any number."""
        return self.rules.maximum

    def hours(self, day: int, duration: int) -> Hours:
        """Gives where slots of a duration that begin on the day may lie."""
        begin, end = day_start(self.zone, day), day_start(self.zone, day + 1)
        if begin == end:
            return Hours((), Code.OUTSIDE_HOURS)
        reach = Period(begin, Instant(end + duration))
        found = [p for p in self.openings(reach) if p.start < end and p.end > begin]
        left = [part for p in found for part in PeriodSet([p]).subtract(self.absences)]
        spans = tuple(part for part in left if part.start < end and part.end > begin)
        return Hours(spans, None if spans else self._why_closed(day, bool(found)))

    def open_between(self, start: Instant, end: Instant) -> PeriodSet:
        """Gives when the host works within ``[start, end)``."""
        if start >= end:
            return EMPTY
        found = PeriodSet(sorted(self.openings(Period(start, end))))
        return found.clip(start, end).subtract(self.absences)

    def holds(self, slot: Period) -> bool:
        """Tells whether a slot lies whole in one opening, and in no absence."""
        parts = (PeriodSet([p]).subtract(self.absences) for p in self.openings(slot))
        return any(p.start <= slot.start and slot.end <= p.end for found in parts for p in found)

    def openings(self, within: Period) -> list[Period]:
        """Gives the unbroken stretches that overlap ``within``, before absences, in order.

        Ranges that touch are one stretch, also over midnight; valid blocks stay apart.
        """
        first = local_day(self.zone, within.start) - 2
        last = local_day(self.zone, within.end) + 2
        joined: list[Period] = []
        apart: list[Period] = []
        for day in range(first, last + 1):
            date = self._date(day)
            zone = self.zone_on(day)
            if date.blocks:
                apart += self._periods(zone, day, sorted(self.rules.blocks))
            else:
                joined += self._periods(zone, day, date.ranges)
        stretches = [*PeriodSet(joined), *apart]
        return sorted(p for p in stretches if p.overlaps(within))

    def _periods(self, zone: Zone, day: int, ranges: Sequence[Range]) -> Iterator[Period]:
        for lower, upper in ranges:
            if upper > lower:
                period = on_day(zone, day, lower, upper)
            else:
                period = self._over_midnight(zone, day, lower, upper)
            if period is not None:
                yield period

    def _over_midnight(self, zone: Zone, day: int, lower: int, upper: int) -> Period | None:
        """A range that belongs to the day of its start; a closed or overridden day cuts it."""
        begin = on_day(zone, day, lower, DAY)
        if self._stops(day + 1):
            return begin
        rest = on_day(zone, day + 1, 0, upper)
        if begin is None or rest is None:
            return begin or rest
        return Period(begin.start, rest.end)

    def _stops(self, day: int) -> bool:
        # A weekday without ranges of its own does not cut what reaches into it.
        return day in self.overrides or self._date(day).closed not in (None, Code.OUTSIDE_HOURS)

    def _date(self, day: int) -> _Date:
        if day in self.overrides:
            ranges = self.overrides[day]
            return _Date(ranges, closed=None if ranges else Code.CLOSED_OVERRIDE)
        code = self.rules.closed(day)
        if code is None and day in self.holidays:
            code = Code.CLOSED_HOLIDAY
        if code is not None:
            return _Date(closed=code)
        if self.weekly:
            valid = [entry for entry in self.weekly if entry.holds(day)]
            ranges = tuple(r for e in valid if weekday_of(day) in e.days for r in e.ranges)
            return _Date(ranges, closed=None if ranges else Code.OUTSIDE_HOURS)
        return _Date(blocks=True) if self.rules.blocks else _Date(WHOLE)

    def _why_closed(self, day: int, absent: bool) -> Code:
        if absent:
            return Code.CLOSED_ABSENCE
        return self._date(day).closed or Code.OUTSIDE_HOURS

    def zone_on(self, day: int) -> Zone:
        """Gives the zone whose clock the host goes by on a date."""
        return next((t.zone for t in self.travels if t.first <= day <= t.last), self.zone)

    def at(self, day: int, seconds: int) -> Instant | None:
        """Gives the first instant at which the clock shows a time of a day; None in a gap."""
        found = self.zone_on(day).resolve(Wall(day * DAY + seconds), Gap.SKIP, Fold.FIRST)
        return found.instants[0] if found.instants else None
