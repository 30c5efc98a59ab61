"""Working hours: when a resource may be booked at all, by weekday and by named date."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from horarium.booking.calls import Words, split_lines
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, Wall, day_of, wall
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import Zone

DAY = 86_400
# A list longer than this is no timetable of a room any more.
MAX_LINES = 1_000

# Seconds of the local day, half-open, ascending.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class NamedDays:
    """The hours of the civil days ``first`` to ``last`` (both meant), in place of the weekday's;
    none means closed. Days count from 1970-01-01."""

    first: int
    last: int
    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Open ranges for each weekday (Monday first) and for named days, the later of which win.
    What is not listed is closed."""

    weekdays: tuple[tuple[Range, ...], ...]
    named: tuple[NamedDays, ...]

    def open_on(self, day: int) -> tuple[Range, ...]:
        """The open ranges of one civil day (days since 1970-01-01)."""
        for exception in reversed(self.named):
            if exception.first <= day <= exception.last:
                return exception.ranges
        return self.weekdays[(day + 3) % 7]  # 1970-01-01 was a Thursday

    def open_periods(self, start: Instant, end: Instant, zone: Zone) -> PeriodSet:
        """What is open between ``start`` and ``end``, read on the clocks of ``zone``; touching
        ranges are joined."""
        return _open_periods(self, start, end, zone)


# Many resources have the same hours and are asked for the same time, one after the other.
@lru_cache(maxsize=32)
def _open_periods(hours: WorkingHours, start: Instant, end: Instant, zone: Zone) -> PeriodSet:
    first, last = day_of(zone.to_wall(start)), day_of(zone.to_wall(end))
    periods = []
    for day in range(first - 1, last + 2):
        for opens, closes in hours.open_on(day):
            begin = zone.at(Wall(day * DAY + opens))
            finish = zone.at(Wall(day * DAY + closes))
            if begin < finish:  # a gap may swallow a range
                periods.append(Period(begin, finish))
    return PeriodSet(periods).clip(start, end)


def parse_hours(text: str) -> WorkingHours:
    """The working hours that ``text`` says, one line each::

        mon-fri 08:00-18:00
        sat 09:00-12:00,13:00-15:00
        closed 2026-12-24..2026-12-26
        open 2026-12-27 10:00-14:00

    InvalidInput, with ``line N`` as its part, for any other line and for a text without lines.
    """
    weekdays: list[list[Range]] = [[] for _ in range(7)]
    named = []
    lines = list(split_lines(text))
    if not lines:
        raise InvalidInput("working hours need at least one line", part="line 1", value=text)
    if len(lines) > MAX_LINES:
        raise InvalidInput(f"more than {MAX_LINES} lines", part=f"line {lines[MAX_LINES].line}")
    for line in lines:
        if line.words[0].lower() in ("closed", "open"):
            named.append(_named(line))
        elif len(line.words) != 2:
            raise _fault(line, "expected DAYS HH:MM-HH:MM", " ".join(line.words))
        else:
            for weekday in _weekdays(line):
                weekdays[weekday].extend(_ranges(line, line.words[1]))
    return WorkingHours(tuple(_ascending(ranges) for ranges in weekdays), tuple(named))


def _ascending(ranges: list[Range]) -> tuple[Range, ...]:
    return tuple(sorted(set(ranges)))


def _named(line: Words) -> NamedDays:
    kind, *rest = line.words
    if kind.lower() == "closed" and len(rest) == 1:
        first, _, last = rest[0].partition("..")
        begin, end = _date(line, first), _date(line, last or first)
        if end < begin:
            raise _fault(line, "the last day is before the first", rest[0])
        return NamedDays(begin, end, ())
    if kind.lower() == "open" and len(rest) == 2:
        day = _date(line, rest[0])
        return NamedDays(day, day, _ascending(list(_ranges(line, rest[1]))))
    raise _fault(
        line, "expected closed DATE, closed DATE..DATE or open DATE HH:MM-HH:MM", " ".join(rest)
    )


def _weekdays(line: Words) -> Iterator[int]:
    for part in line.words[0].split(","):
        first, dash, last = part.partition("-")
        begin = _weekday(line, first)
        end = _weekday(line, last) if dash else begin
        yield from ((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _weekday(line: Words, name: str) -> int:
    try:
        return int(Weekday.from_name(name))
    except InvalidInput as error:
        raise _fault(line, "not a weekday (mon … sun)", name) from error


def _ranges(line: Words, text: str) -> Iterator[Range]:
    for part in text.split(","):
        opens, dash, closes = part.partition("-")
        begin, end = _time(line, opens or part), _time(line, closes if dash else part)
        if not dash or begin >= end:
            raise _fault(line, "expected HH:MM-HH:MM, the end after the start", part)
        yield begin, end


def _time(line: Words, text: str) -> int:
    hours, colon, minutes = text.partition(":")
    digits = hours.isascii() and minutes.isascii() and hours.isdigit() and minutes.isdigit()
    if not colon or not digits or len(hours) > 2 or len(minutes) != 2 or int(minutes) > 59:
        raise _fault(line, "not a time HH:MM", text)
    seconds = int(hours) * 3600 + int(minutes) * 60
    if seconds > DAY:
        raise _fault(line, "a day ends at 24:00", text)
    return seconds


def _date(line: Words, text: str) -> int:
    parts = text.split("-")
    if len(text) != 10 or len(parts) != 3 or not all(p.isascii() and p.isdigit() for p in parts):
        raise _fault(line, "not a date YYYY-MM-DD", text)
    try:
        return day_of(wall(*(int(part) for part in parts)))
    except InvalidInput as error:
        raise _fault(line, "no such day", text) from error


def _fault(line: Words, message: str, value: str) -> InvalidInput:
    return InvalidInput(message, part=f"line {line.line}", value=value)
