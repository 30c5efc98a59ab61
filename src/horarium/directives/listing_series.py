"""A schedule as a recurring event of a calendar program, exact or not at all (RFC 5545).

A rule on the wall clock and what is meant differ on the days on which the clocks change: a moment
in the gap is run at its end, a window ends by the wall clock and not after its usual length. Within
two years such days are taken out of the rule and stand as events of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from horarium.ical.values import format_utc
from horarium.kernel.gregorian import DAY, civil_day, month_length, weekday_of
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant, Wall, day_of
from horarium.kernel.schedule import LAST_DAY, Schedule, Type
from horarium.kernel.schedule_lint import NEAR
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.weekday import Weekday
from horarium.kernel.window import WeekWindow, Window
from horarium.kernel.zone import UTC, Case, Zone

# A leap day may be eight years away.
_FAR = 8 * 366 + 1
_UNITS = ((DAY, "DAILY"), (3600, "HOURLY"), (60, "MINUTELY"), (1, "SECONDLY"))
_WITHOUT_RULE = {
    Type.NEVER: "it is never due",
    Type.ON: "it waits for a signal",
    Type.IMMEDIATELY: "it is due at once",
    Type.CRON: "a cron expression is no rule of a calendar",
    Type.RRULE: "its series has its own dates and zones",
}


class Span(NamedTuple):
    """One event: its beginning, and its end unless it takes no time."""

    start: Instant
    end: Instant | None


@dataclass(frozen=True, slots=True)
class CalendarSeries:
    """A first event that a rule repeats on the clocks of `zone`, without the wall times `except_`
    and with the events `others`. Without a `rule` the first event is the only one."""

    first: Span
    rule: str | None
    zone: Zone
    except_: tuple[Wall, ...] = ()
    others: tuple[Span, ...] = ()


def series_of(
    schedule: Schedule, zone: Zone, now: Instant, anchor: Instant | None
) -> CalendarSeries | str:
    """The series of what is still to come or goes on at `now`; else why there is none.

    A grid without an anchor of its own counts from `anchor`, else from `now`. `zone` is that of a
    schedule which names none.
    """
    obstacle = _obstacle(schedule)
    if obstacle is not None:
        return obstacle
    length = _length(schedule)
    circumstances = Circumstances(
        activation=Instant(max(now - (length or 0) - 3 * DAY, MIN_INSTANT)),
        zone=zone,
        anchor=now if anchor is None else anchor,
    )
    timetable = Timetable(schedule, circumstances)
    if schedule.type.dated:
        return _Dated(timetable, now, length).series()
    opening = timetable.next_after(Instant(now - 1))
    if opening is None:
        return "it has no moment to come"
    first = Span(opening.due, opening.end)
    return CalendarSeries(first, _grid_rule(schedule), UTC)


def _obstacle(s: Schedule) -> str | None:
    if not s.enabled:
        return "it is not enabled"
    if s.type in _WITHOUT_RULE:
        return _WITHOUT_RULE[s.type]
    if s.random_window or s.jitter is not None:
        return "its moments are moved at random"
    if s.excepted:
        return "it has exceptions by calendar"
    if s.repeat is not None:
        return "it repeats within its window"
    if s.gated:
        return "a window lets only some of its moments through"
    if not s.type.dated and (s.first_date is not None or s.last_date is not None):
        return "its grid is bounded by dates"
    return None


def _length(s: Schedule) -> int | None:
    """How long an event usually is; None for one that takes no time."""
    if s.end is None:
        return s.length
    start = s.start or 0
    if s.weekday is not None and s.end_weekday is not None:
        return WeekWindow(s.weekday, start, s.end_weekday, s.end).span
    return Window(start, s.end).span


def _grid_rule(s: Schedule) -> str | None:
    if s.every is None:
        return None
    unit, name = next((unit, name) for unit, name in _UNITS if s.every % unit == 0)
    return f"FREQ={name};INTERVAL={s.every // unit}"


class _Dated:
    """A schedule whose moments belong to dates, seen as a rule with exceptions."""

    def __init__(self, timetable: Timetable, now: Instant, length: int | None) -> None:
        self._timetable = timetable
        self._schedule = timetable.schedule
        self._zone = timetable.zone
        self._now = now
        self._length = length
        self._reach = (length or 0) // DAY + 2

    def series(self) -> CalendarSeries | str:
        """The rule from its first regular day on."""
        except_, others = self._irregular()
        for day in self._days():
            usual = self._usual(day)
            if usual is None or self._wall(day) in except_ or not self._live(usual):
                continue
            if self._ambiguous(usual):
                others.add(usual)
                continue
            start = self._wall(day)
            left_out = tuple(sorted(wall for wall in except_ if wall > start))
            return CalendarSeries(usual, self._rule(), self._zone, left_out, tuple(sorted(others)))
        return "it has no moment to come"

    def _days(self) -> Iterator[int]:
        """The dates of the rule, from those on that may still go on."""
        s = self._schedule
        first = max(day_of(self._zone.to_wall(self._now)) - self._reach, s.first_date or -(10**9))
        last = min(first + _FAR, day_of(Wall(MAX_INSTANT)) - self._reach)
        if s.last_date is not None:
            last = min(last, s.last_date)
        return (day for day in range(first, last + 1) if self._meant(day))

    def _meant(self, day: int) -> bool:
        s = self._schedule
        if s.first_date is not None and day < s.first_date:
            return False
        if s.last_date is not None and day > s.last_date:
            return False
        if s.month_day is None:
            weekday = Weekday(weekday_of(day))
            return weekday in s.days if s.weekday is None else weekday == s.weekday
        year, month, of_month = civil_day(day)
        if s.month is not None and month != s.month:
            return False
        wanted = month_length(year, month) if s.month_day == LAST_DAY else s.month_day
        return of_month == wanted

    def _wall(self, day: int) -> Wall:
        return Wall(day * DAY + (self._schedule.start or 0))

    def _usual(self, day: int) -> Span | None:
        """What the rule says of a date: nothing where no clock shows the time."""
        found = self._zone.resolve(self._wall(day))
        if found.case is Case.GAP:
            return None
        start = found.instants[0]
        return Span(start, None if self._length is None else Instant(start + self._length))

    def _live(self, span: Span) -> bool:
        return span.start >= self._now if span.end is None else span.end > self._now

    def _irregular(self) -> tuple[set[Wall], set[Span]]:
        """The wall times of the rule that are not meant, and what is meant beside the rule."""
        except_: set[Wall] = set()
        others: set[Span] = set()
        begin = Instant(max(self._now - self._reach * DAY, MIN_INSTANT))
        end = Instant(min(self._now + NEAR, MAX_INSTANT - 30 * DAY))
        for change, _, _ in self._zone.transitions(begin, end):
            around = day_of(self._zone.to_wall(change))
            first, last = around - self._reach, around + 2
            days = [day for day in range(first, last) if self._meant(day)]
            meant = self._openings(first, last)
            usual = {self._wall(day): self._usual(day) for day in days}
            except_.update(wall for wall, span in usual.items() if span not in meant)
            others |= {span for span in meant if span not in usual.values() and self._live(span)}
        return except_, others

    def _openings(self, first: int, last: int) -> set[Span]:
        """What the schedule has on the dates [first, last)."""
        edges = [self._zone.at(Wall(day * DAY)) for day in (first, last)]
        found = self._timetable.moments(edges[0], edges[1])
        since = self._timetable.circumstances.activation
        return {Span(opening.due, opening.end) for opening in found.openings if opening.due > since}

    def _rule(self) -> str:
        s = self._schedule
        if s.weekday is not None:
            rule = f"FREQ=WEEKLY;BYDAY={s.weekday.name}"
        elif s.month_day is not None:
            often = "MONTHLY" if s.month is None else f"YEARLY;BYMONTH={s.month}"
            rule = f"FREQ={often};BYMONTHDAY={s.month_day}"
        elif len(s.days) == len(Weekday):
            rule = "FREQ=DAILY"
        else:
            rule = f"FREQ=WEEKLY;BYDAY={','.join(day.name for day in s.days)}"
        if s.last_date is None:
            return rule
        midnight = self._zone.at(Wall((s.last_date + 1) * DAY))
        return f"{rule};UNTIL={format_utc(Instant(midnight - 1))}"

    def _ambiguous(self, span: Span) -> bool:
        """Whether the end can not be written as a wall time, which means the first of two."""
        return span.end is not None and self._zone.at(self._zone.to_wall(span.end)) != span.end
