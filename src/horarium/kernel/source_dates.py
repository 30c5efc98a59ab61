"""Moments of dates: ``daily``, ``weekly``, ``monthly``, ``yearly``, and ``at`` on a wall clock.

Each date that is meant has a moment at its start, or a window whose start it
is, with a grid or a random instant inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from horarium.kernel.dispatch import offset
from horarium.kernel.excepted import Exceptions
from horarium.kernel.gregorian import (
    DAY,
    MAX_DAY,
    MIN_DAY,
    civil_day,
    day_number,
    month_length,
    weekday_of,
)
from horarium.kernel.instant import Instant, Wall, day_of
from horarium.kernel.moment import Batch, Entry, Reason, Skip
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.quiet import QuietClock
from horarium.kernel.schedule import LAST_DAY, Schedule, Type
from horarium.kernel.schedule_parts import write_date
from horarium.kernel.source_grid import skipped
from horarium.kernel.steps import Meter
from horarium.kernel.window import WeekWindow, Window, date_missing, stretch
from horarium.kernel.zone import Case, Fold, Gap, Zone


class Missing(NamedTuple):
    """A month that lacks the day: the first day of the month, its name, the day."""

    first: int
    month: str
    day: int


Dates = Callable[[int], Iterator["int | Missing"]]
"""Yields the dates that are meant from a day on, in order."""


class DatedMoments:
    """The dates of a schedule and what each of them gives."""

    __slots__ = (
        "_clock", "_dates", "_exceptions", "_fold", "_gap", "_late", "_object",
        "_schedule", "_seed", "_span", "_start", "_zone", "reach",
    )  # fmt: skip

    def __init__(
        self, schedule: Schedule, zone: Zone, exceptions: Exceptions, seed: str, object_id: str
    ) -> None:
        self._schedule = schedule
        self._zone = zone
        self._exceptions = exceptions
        self._seed = schedule.seed or seed
        self._object = object_id
        self._start = _time_of(schedule)
        self._span = _span_of(schedule)
        self._dates = _dates_of(schedule)
        self._clock = QuietClock(zone)
        self._late = self._latest()
        self._gap = schedule.gap or Gap.AT_END
        self._fold = schedule.fold or Fold.FIRST
        self.reach = max(self._span or (DAY if schedule.repeat else 0), schedule.length or 0)
        self.reach += 2 * DAY

    def _latest(self) -> int:
        """Give the wall seconds after its start at which a date may still have a moment."""
        s = self._schedule
        if s.repeat is None and not s.random_window and not len(self._exceptions.periods):
            return 0
        longest = self._span or (DAY if s.repeat is not None else 0)
        return max(longest, s.length or 0 if s.random_window else 0)

    def batches(self, a: int, b: int, meter: Meter) -> Iterator[Entry]:
        """Yield the moments in ``[a, b)``, a batch or more for each date."""
        first = self._first_date(max(a, MIN_DAY * DAY + 2 * DAY))
        # Clocks run less than a day behind UTC.
        last = b // DAY + 1
        for date in self._bounded(first):
            meter.spend(1)
            if isinstance(date, Missing):
                if date.first > last:
                    return
                entry = self._missing(date)
                if a <= entry.at < b:
                    yield entry
                continue
            if date > last:
                return
            for item in self._of_date(date, meter):
                if isinstance(item, Skip):
                    if a <= item.at < b:
                        yield item
                elif (kept := item.clip(a, b)) is not None:
                    yield kept

    def windows(self, a: Instant, b: Instant, meter: Meter) -> Iterator[Period]:
        """Yield the open time of the dates whose windows may reach into ``[a, b)``."""
        first = day_of(self._zone.to_wall(a)) - self.reach // DAY - 1
        for date in self._bounded(first):
            meter.spend(1)
            if isinstance(date, Missing):
                continue
            if date > b // DAY + 1:
                return
            window = self._window(date) if self._rests(date) is None else None
            if window is not None and self._schedule.random_window:
                chosen = Instant(window.start + self._offset(window, date))
                window = Period(chosen, window.end)
            if window is not None:
                yield window

    def _first_date(self, a: int) -> int:
        """Give a date before which none has a moment at or after the instant."""
        wall = self._zone.to_wall(Instant(a))
        first = -(-(wall - self._start - self._late) // DAY)
        return first if self._clock.quiet_between((first - 1) * DAY, wall) else first - 3

    # --- one date ----------------------------------------------------------

    def _missing(self, date: Missing) -> Skip:
        # What a month lacks is known from its first instant on.
        at = self._zone.at(Wall(date.first * DAY), Gap.AT_END, Fold.FIRST)
        return Skip(at, at, 1, Reason.NO_SUCH_DAY, date.month, str(date.day))

    def _rests(self, day: int) -> Reason | None:
        if not self._clock.quiet(day * DAY) and date_missing(self._zone, day):
            return Reason.NO_SUCH_DATE
        return Reason.EXCEPTED if day in self._exceptions.days else None

    def _skip(self, day: int, reason: Reason) -> Skip:
        wall = Wall(day * DAY + self._start)
        at = self._zone.at(wall, Gap.AT_END, Fold.FIRST)
        return Skip(at, at, 1, reason, write_date(day))

    def _window(self, day: int) -> Period | None:
        """Give the window of a date; None when a gap swallows it or there is none."""
        start = day * DAY + self._start
        if self._span is not None:
            if self._clock.quiet_between(start, start + self._span):
                begin = self._clock.plain(start)
                return Period(begin, Instant(begin + self._span))
            return stretch(self._zone, start, start + self._span)
        if self._schedule.random_window and self._schedule.length is not None:
            begin = self._zone.at(Wall(start), Gap.AT_END, Fold.FIRST)
            return Period(begin, Instant(begin + self._schedule.length))
        return None

    def _bounded(self, first: int) -> Iterator[int | Missing]:
        """Yield the dates from a day on that ``from`` and ``until`` leave."""
        s = self._schedule
        last = MAX_DAY if s.last_date is None else s.last_date
        for date in self._dates(max(first, MIN_DAY, s.first_date or MIN_DAY)):
            if (date.first if isinstance(date, Missing) else date) > last:
                return
            yield date

    def _of_date(self, day: int, meter: Meter) -> Iterator[Entry]:
        reason = self._rests(day)
        if reason is not None:
            yield self._skip(day, reason)
            return
        window = self._window(day)
        if window is None and self._span is not None:
            yield self._skip(day, Reason.WINDOW_IN_GAP)
            return
        found = False
        for batch in self._moments(day, window):
            found = True
            meter.spend(1)
            yield from self._cut(batch) if len(self._exceptions.periods) else (batch,)
        if not found:
            yield self._skip(day, Reason.IN_GAP)

    def _moments(self, day: int, window: Period | None) -> Iterator[Batch]:
        """Yield what a date gives before exceptions of a period are taken away."""
        s = self._schedule
        if s.random_window and window is not None:
            yield self._within(window, window.start + self._offset(window, day), day, ("random",))
            return
        start = Wall(day * DAY + self._start)
        instants: tuple[Instant, ...]
        notes: tuple[str, ...] = ()
        if self._clock.quiet(start):
            instants = (self._clock.plain(start),)
        else:
            instants, case = self._zone.resolve(start, self._gap, self._fold)
            notes = () if case is Case.PLAIN else (case.value,)
        if window is not None:
            for first in instants:
                if first < window.end:
                    yield self._within(window, first, day, notes)
            return
        for first in instants:
            if s.repeat is not None:
                end = self._zone.at(Wall((day + 1) * DAY), Gap.AT_END, Fold.LAST)
                count = max(-(-(end - first) // s.repeat), 1)
                yield Batch(first, count, s.repeat, length=s.length, notes=notes)
            else:
                opens = s.length is not None
                yield Batch(first, length=s.length, opens=opens, day=day, notes=notes)

    def _within(self, window: Period, first: int, day: int, notes: tuple[str, ...]) -> Batch:
        repeat = self._schedule.repeat
        if repeat is None:
            return Batch(
                first, start=window.start, end=window.end, opens=True, day=day, notes=notes
            )
        count = -(-(window.end - first) // repeat)
        return Batch(first, count, repeat, window.start, window.end, notes=notes)

    def _offset(self, window: Period, day: int) -> int:
        return offset(window.seconds, self._seed, self._object, write_date(day))

    def _cut(self, batch: Batch) -> Iterator[Entry]:
        """Take exceptions of a period away: from the window, or from the moments of a grid."""
        if batch.opens and batch.end is not None:
            whole = PeriodSet([Period(Instant(batch.first), Instant(batch.end))])
            left = whole.subtract(self._exceptions.periods).periods()
            if left:
                yield batch._replace(first=left[0].start, end=left[-1].end)
            else:
                yield skipped(batch, Reason.EXCEPTED, self._zone)
            return
        within = Period(Instant(batch.first), Instant(batch.last + 1))
        shut = self._exceptions.periods.clip(within.start, within.end)
        parts = [(p, True) for p in shut] + [(p, False) for p in shut.gaps(within)]
        for part, refused in sorted(parts):
            kept = batch.clip(part.start, part.end)
            if kept is not None:
                yield skipped(kept, Reason.EXCEPTED, self._zone) if refused else kept


def _time_of(schedule: Schedule) -> int:
    """Give the seconds of the day at which each date starts."""
    if schedule.at is not None and schedule.at.wall is not None:
        return schedule.at.wall % DAY
    return schedule.start or 0


def _span_of(schedule: Schedule) -> int | None:
    """Give the wall seconds from start to end; None without an end."""
    if schedule.end is None:
        return None
    start = _time_of(schedule)
    if schedule.weekday is not None and schedule.end_weekday is not None:
        return WeekWindow(schedule.weekday, start, schedule.end_weekday, schedule.end).span
    return Window(start, schedule.end).span


def _dates_of(s: Schedule) -> Dates:
    if s.type is Type.DAILY:
        return lambda first: _weekdays(frozenset(int(day) for day in s.days), first)
    if s.weekday is not None:
        weekday = int(s.weekday)
        return lambda first: iter(range(first + (weekday - weekday_of(first)) % 7, MAX_DAY + 1, 7))
    if s.month_day is not None:
        step = 12 if s.month is not None else 1
        return lambda first: _months(s.month, s.month_day or 1, first, step)
    only = day_of(s.at.wall) if s.at is not None and s.at.wall is not None else 0
    return lambda first: iter((only,) if only >= first else ())


def _weekdays(days: frozenset[int], first: int) -> Iterator[int]:
    if len(days) == 7:
        return iter(range(first, MAX_DAY + 1))
    return (day for day in range(first, MAX_DAY + 1) if (day + 3) % 7 in days)


def _months(month: int | None, day: int, first: int, step: int) -> Iterator[int | Missing]:
    year, current, _ = civil_day(first)
    index = year * 12 + (current if month is None else month) - 1
    while index < 10_000 * 12:
        year, current = index // 12, index % 12 + 1
        length = month_length(year, current)
        if day != LAST_DAY and day > length:
            yield Missing(day_number(year, current, 1), f"{year:04}-{current:02}", day)
        else:
            found = day_number(year, current, length if day == LAST_DAY else day)
            if found >= first:
                yield found
        index += step
