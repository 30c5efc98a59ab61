"""VTIMEZONE written for a zone and the span a message speaks of (RFC 5545 3.6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.onset import YearlyOnsets
from horarium.ical.values import DateTimeValue, Kind, escape_text, format_offset, format_utc
from horarium.kernel.gregorian import DAY, month_length, weekday_of
from horarium.kernel.instant import Instant, Wall, civil, day_of
from horarium.kernel.rule import ByDay, Frequency, Rule
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import Zone

# The definition begins this long before the span, so that wall times near its start are covered.
_LEAD = 400 * DAY
# A pattern seen in three years in a row is written as a yearly rule.
_LEAST_RUN = 3

Change = tuple[Instant, int, int]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What two changes of different years share when one yearly rule makes both."""

    before: int
    after: int
    month: int
    weekday: int
    nth: int
    of_day: int


def write_vtimezone(zone: Zone, tzid: str, start: Instant, until: Instant) -> Component:
    """A VTIMEZONE exact for all instants in [start, until], also where rules change in between.

    A change that recurs yearly up to `until` is written as a rule without end, so that readers
    may look further.
    """
    begin = Instant(start - _LEAD)
    changes = zone.transitions(begin, Instant(until + DAY))
    component = Component("VTIMEZONE", [ContentLine("TZID", (), escape_text(tzid))])
    offset = zone.offset_at(begin)
    component.components.append(_part("STANDARD", begin, offset, offset, []))
    for run, pattern in _runs(changes):
        at, before, after = run[0]
        name = "DAYLIGHT" if after > before else "STANDARD"
        lines: list[ContentLine] = []
        if pattern is not None:
            last = None if _goes_on(zone, run[-1], pattern) else run[-1][0]
            lines.append(_rule(pattern, last))
        component.components.append(_part(name, at, before, after, lines))
    return component


def _goes_on(zone: Zone, last: Change, pattern: _Pattern) -> bool:
    """Whether the zone makes the change of this pattern in the year after the last one too."""
    at, before, _ = last
    days = (ByDay(pattern.nth, Weekday(pattern.weekday)),)
    rule = Rule(freq=Frequency.YEARLY, by_month=(pattern.month,), by_day=days)
    local = Wall(at + before)
    (expected,) = YearlyOnsets(local, before, rule).in_year(civil(local).year + 1)
    return bool(zone.transitions(expected, Instant(expected + 1)))


def _part(name: str, at: Instant, before: int, after: int, extra: list[ContentLine]) -> Component:
    onset = DateTimeValue(Wall(at + before), Kind.FLOATING).format()
    return Component(
        name,
        [
            ContentLine("DTSTART", (), onset),
            ContentLine("TZOFFSETFROM", (), format_offset(before)),
            ContentLine("TZOFFSETTO", (), format_offset(after)),
            *extra,
        ],
    )


def _rule(pattern: _Pattern, last: Instant | None) -> ContentLine:
    day = f"{pattern.nth}{Weekday(pattern.weekday).name}"
    until = f";UNTIL={format_utc(last)}" if last is not None else ""
    return ContentLine("RRULE", (), f"FREQ=YEARLY{until};BYMONTH={pattern.month};BYDAY={day}")


def _runs(changes: list[Change]) -> Iterator[tuple[list[Change], _Pattern | None]]:
    """The changes as runs of one yearly pattern, in order of their first; others stand alone."""
    years = [civil(Wall(at + before)).year for at, before, _ in changes]
    used = [False] * len(changes)
    for index, change in enumerate(changes):
        if used[index]:
            continue
        best: list[int] = [index]
        best_pattern: _Pattern | None = None
        for pattern in _patterns(change):
            found = [index]
            for later in range(index + 1, len(changes)):
                if years[later] > years[found[-1]] + 1:
                    break
                if years[later] == years[found[-1]] or used[later]:
                    continue
                if pattern in _patterns(changes[later]):
                    found.append(later)
            if len(found) > len(best):
                best, best_pattern = found, pattern
        if len(best) < _LEAST_RUN:
            best, best_pattern = [index], None
        for taken in best:
            used[taken] = True
        yield [changes[taken] for taken in best], best_pattern


def _patterns(change: Change) -> list[_Pattern]:
    """The yearly rules that make this change: the n-th weekday, and the last one where it is."""
    at, before, after = change
    local = Wall(at + before)
    found = civil(local)
    weekday = weekday_of(day_of(local))
    nths = [(found.day - 1) // 7 + 1]
    if found.day + 7 > month_length(found.year, found.month):
        nths.insert(0, -1)
    return [
        _Pattern(before, after, found.month, weekday, nth, local % DAY) for nth in nths if nth < 5
    ]
