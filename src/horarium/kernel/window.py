"""Windows: recurring open time, of a day or of a week, half-open on the wall.

A start edge that no clock shows is the first instant after the gap; one shown
twice is the first. An end edge shown twice is the last. So a window never loses
time that clocks show inside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY, weekday_of
from horarium.kernel.instant import Instant, Wall, day_of
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.schedule_parts import EVERY_DAY
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import Case, Fold, Gap, Zone

WEEK = 7 * DAY


def stretch(zone: Zone, start: int, end: int) -> Period | None:
    """Give the period between two wall times; None when a gap swallows it."""
    begin = zone.resolve(Wall(start), Gap.AT_END, Fold.FIRST).instants[0]
    finish = zone.resolve(Wall(end), Gap.AT_END, Fold.LAST).instants[0]
    return Period(begin, finish) if begin < finish else None


def date_missing(zone: Zone, day: int) -> bool:
    """Tell whether no clock of the zone ever shows the date (a zone that changed sides)."""
    midnight = zone.resolve(Wall(day * DAY), Gap.AT_END)
    if midnight.case is not Case.GAP:
        return False
    return midnight.instants[0] == zone.resolve(Wall((day + 1) * DAY), Gap.AT_END).instants[0]


@dataclass(frozen=True, slots=True)
class Window:
    """Open from ``start`` to ``end`` (seconds of the day) on each of ``days``.

    An end at or before the start lies on the next date, and the window belongs
    to the day of its start; equal ends are a whole day.
    """

    start: int = 0
    end: int = DAY
    days: tuple[Weekday, ...] = EVERY_DAY

    def __post_init__(self) -> None:
        if not 0 <= self.start < DAY or not 0 <= self.end <= DAY:
            raise InvalidInput("a window lies between 00:00 and 24:00", part="window")
        if not self.days:
            raise InvalidInput("a window needs a weekday", part="days")

    @property
    def span(self) -> int:
        """Seconds on the wall from start to end."""
        return self.end - self.start + (DAY if self.end <= self.start else 0)

    def on(self, day: int, zone: Zone) -> Period | None:
        """Give the period that begins on a civil day; None when there is none.

        A weekday that is not meant, a date that no clock shows, and edges that
        meet in a gap give none.
        """
        if weekday_of(day) not in self.days or date_missing(zone, day):
            return None
        at = day * DAY + self.start
        return stretch(zone, at, at + self.span)

    def open_between(self, start: Instant, end: Instant, zone: Zone) -> PeriodSet:
        """Give what is open in ``[start, end)``; windows that touch are one period."""
        days = range(day_of(zone.to_wall(start)) - 2, day_of(zone.to_wall(end)) + 2)
        found = (self.on(day, zone) for day in days)
        return PeriodSet(p for p in found if p is not None).clip(start, end)


@dataclass(frozen=True, slots=True)
class WeekWindow:
    """One continuous stretch of every week, from a weekday and time to another.

    It may go over the week's end; equal ends are the whole week.
    """

    first: Weekday
    start: int
    last: Weekday
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < DAY or not 0 <= self.end <= DAY:
            raise InvalidInput("a window lies between 00:00 and 24:00", part="window")

    @property
    def span(self) -> int:
        """Seconds on the wall from start to end."""
        return ((self.last - self.first) * DAY + self.end - self.start) % WEEK or WEEK

    def on(self, day: int, zone: Zone) -> Period | None:
        """Give the period that begins on a civil day; None when there is none."""
        if weekday_of(day) != self.first or date_missing(zone, day):
            return None
        at = day * DAY + self.start
        return stretch(zone, at, at + self.span)

    def open_between(self, start: Instant, end: Instant, zone: Zone) -> PeriodSet:
        """Give what is open in ``[start, end)``; windows that touch are one period."""
        return PeriodSet(self._around(start, end, zone)).clip(start, end)

    def _around(self, start: Instant, end: Instant, zone: Zone) -> Iterator[Period]:
        first = day_of(zone.to_wall(start)) - 9
        for day in range(first, day_of(zone.to_wall(end)) + 2):
            found = self.on(day, zone)
            if found is not None:
                yield found
