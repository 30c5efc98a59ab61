"""The parts of a VTIMEZONE: between which offsets a zone changes, and when (RFC 5545 3.6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.ical.component import Component
from horarium.ical.values import Kind, parse_date_time, parse_offset, time_parameters
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY, day_number, month_length, weekday_of
from horarium.kernel.instant import Instant, Wall, civil
from horarium.kernel.limits import Limits
from horarium.kernel.recurrence import Length, RecurrenceSet
from horarium.kernel.rule import Frequency, Rule, UntilKind
from horarium.kernel.zone import table

_RULE_LIMITS = Limits()
# A clock change is a moment; a recurrence set only needs some length.
_MOMENT = Length.exact(1)
_EVERY_MONTH = tuple(range(1, 13))
# Rules that need the general recurrence are followed for two centuries; the last offset stays.
_SERIES_UNTIL = 2200


@dataclass(frozen=True, slots=True)
class YearlyOnsets:
    """Clock changes that every year (or every `interval` years) repeats by one simple pattern.

    Covers what zone definitions use: months, days of the month, weekdays with or without an
    ordinal, one time of day. `days` and `weekdays` both given means both must hold.
    """

    start: Wall
    offset: int
    rule: Rule

    @staticmethod
    def covers(rule: Rule) -> bool:
        """Whether the rule is of the simple kind."""
        if rule.count is not None or rule.by_year_day or rule.by_week_no or rule.by_set_pos:
            return False
        if rule.freq is Frequency.MONTHLY:
            return rule.interval == 1
        return bool(rule.by_month) or not (rule.by_day or rule.by_month_day)

    @property
    def cost(self) -> int:
        """Days looked at for one year."""
        months = self.rule.by_month or (_EVERY_MONTH if self._monthly else (1,))
        wide = any(day.ordinal == 0 for day in self.rule.by_day)
        per_month = len(self.rule.by_month_day) or (31 if wide else len(self.rule.by_day) or 1)
        return len(months) * per_month

    @property
    def _monthly(self) -> bool:
        return self.rule.freq is Frequency.MONTHLY

    def steady_after(self, year: int) -> bool:
        """Whether the changes of this year and all later ones follow from its calendar alone."""
        if self.rule.interval != 1 or year <= civil(self.start).year:
            return False
        until = self.rule.until
        return until is None or civil(until.at).year + 1 < year

    def in_year(self, year: int) -> list[Instant]:
        """The changes of one year (as clocks counted it before the change), in order."""
        rule, begin = self.rule, civil(self.start)
        if year < begin.year or (year - begin.year) % (1 if self._monthly else rule.interval):
            return []
        of_day = (
            (rule.by_hour[0] if rule.by_hour else begin.hour) * 3600
            + (rule.by_minute[0] if rule.by_minute else begin.minute) * 60
            + (rule.by_second[0] if rule.by_second else begin.second)
        )
        months = rule.by_month or (_EVERY_MONTH if self._monthly else (begin.month,))
        found = [
            day * DAY + of_day - self.offset
            for month in months
            for day in self._days(year, month, begin.day)
        ]
        first = self.start - self.offset
        last = self._until()
        return [Instant(at) for at in found if first <= at and (last is None or at <= last)]

    def _days(self, year: int, month: int, day_of_start: int) -> Iterator[int]:
        rule = self.rule
        length = month_length(year, month)
        first = day_number(year, month, 1)
        if rule.by_month_day:
            numbers = {n if n > 0 else length + 1 + n for n in rule.by_month_day}
            wanted = {day.weekday for day in rule.by_day}
            for number in sorted(numbers):
                if 1 <= number <= length:
                    day = first + number - 1
                    if not wanted or weekday_of(day) in wanted:
                        yield day
        elif rule.by_day:
            weekday = weekday_of(first)
            days: set[int] = set()
            for by_day in rule.by_day:
                nearest = (by_day.weekday - weekday) % 7
                same = range(nearest, length, 7)
                if by_day.ordinal == 0:
                    days.update(same)
                elif abs(by_day.ordinal) <= len(same):
                    ordinal = by_day.ordinal
                    days.add(same[ordinal - 1 if ordinal > 0 else ordinal])
            for offset in sorted(days):
                yield first + offset
        elif day_of_start <= length:
            yield first + day_of_start - 1

    def _until(self) -> int | None:
        until = self.rule.until
        if until is None:
            return None
        if until.kind is UntilKind.UTC:
            return until.at
        return until.at - self.offset + (DAY - 1 if until.kind is UntilKind.DATE else 0)


@dataclass(frozen=True, slots=True)
class SeriesOnsets:
    """Clock changes by any other rule, left to the kernel's recurrence."""

    series: RecurrenceSet

    def steady_after(self, year: int) -> bool:
        """Whether there are no more changes."""
        return year > _SERIES_UNTIL

    def in_year(self, year: int) -> list[Instant]:
        """The changes between New Year and New Year in UTC, in order."""
        if year > _SERIES_UNTIL:
            return []
        start = Instant(day_number(year, 1, 1) * DAY)
        end = Instant(start + (365 + (month_length(year, 2) == 29)) * DAY)
        return [at for at in self.series.starts(start, end) if start <= at < end]


@dataclass(frozen=True, slots=True)
class Observance:
    """One STANDARD or DAYLIGHT part: the offset before and after, and its onsets."""

    before: int
    after: int
    first: Instant
    dates: tuple[Instant, ...]
    onsets: YearlyOnsets | SeriesOnsets | None


def read_observance(part: Component, room: int) -> Observance:
    """Reads one part; at most `room` RDATE values. `InvalidInput` names what is wrong."""
    if part.faults:
        raise InvalidInput("unreadable line", part=part.faults[0].name)
    before, after = _offset(part, "TZOFFSETFROM"), _offset(part, "TZOFFSETTO")
    start = part.first("DTSTART")
    if start is None:
        raise InvalidInput("start missing", part="DTSTART")
    value = parse_date_time(start.value.strip(), first_year=1)
    # The start is local by the standard; a Z is a mistake whose meaning is clear.
    wall = Wall(value.wall + before) if value.kind is Kind.UTC else value.wall
    rules = part.all("RRULE")
    if len(rules) > 1:
        raise InvalidInput("more than one rule", part="RRULE")
    onsets = _onsets(wall, before, rules[0].value) if rules else None
    return Observance(before, after, Instant(wall - before), _dates(part, before, room), onsets)


def _offset(part: Component, name: str) -> int:
    line = part.first(name)
    if line is None:
        raise InvalidInput("offset missing", part=name)
    return parse_offset(line.value)


def _onsets(start: Wall, offset: int, text: str) -> YearlyOnsets | SeriesOnsets:
    rule = Rule.parse(text.strip(), _RULE_LIMITS)
    if rule.freq not in (Frequency.YEARLY, Frequency.MONTHLY):
        raise InvalidInput("frequency not allowed here", part="RRULE", value=text[:80])
    if max(len(rule.by_hour), len(rule.by_minute), len(rule.by_second)) > 1:
        raise InvalidInput("several changes on one day", part="RRULE", value=text[:80])
    if YearlyOnsets.covers(rule):
        return YearlyOnsets(start, offset, rule)
    zone = table(f"offset {offset}", offset, (), None)
    return SeriesOnsets(RecurrenceSet(start, zone, _MOMENT, rule))


def _dates(part: Component, before: int, room: int) -> tuple[Instant, ...]:
    found: list[Instant] = []
    for line in part.all("RDATE"):
        value_type, _ = time_parameters(line)
        for text in line.value.split(","):
            if len(found) >= room:
                raise InvalidInput("too many RDATE values", part="RDATE")
            text = text.strip()
            if value_type == "PERIOD":
                text = text.partition("/")[0]
            value = parse_date_time(text, first_year=1)
            found.append(Instant(value.wall - (0 if value.kind is Kind.UTC else before)))
    return tuple(found)
