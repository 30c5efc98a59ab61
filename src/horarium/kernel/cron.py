"""Cron expressions: five fields that pick minutes of the wall clock."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from horarium.kernel.daymask import KINDS, DayParts, YearDays, fast_year_start, lowest
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import CYCLE_YEARS, DAY, MAX_YEAR, civil_day
from horarium.kernel.rule_text import ByDay
from horarium.kernel.weekday import Weekday

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

# Name, lowest and highest value, names of the values.
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, {name: n for n, name in enumerate(_MONTHS, start=1)}),
    ("day of week", 0, 7, {name: n for n, name in enumerate(_DAYS)}),
)

_ITEM = re.compile(r"(\*|(\w{1,3})(?:-(\w{1,3}))?)(?:/(\d{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cron:
    """The minutes an expression picks; equal when the canonical texts are.

    ``wildcard`` tells that minute or hour begins with ``*``: such a job follows
    the clock literally, the others are jobs of a fixed time. When both day
    fields are restricted, either matches.
    """

    text: str
    wildcard: bool = field(compare=False)
    times: tuple[int, ...] = field(compare=False)
    """Seconds of the day, sorted."""
    _years: tuple[YearDays, ...] = field(compare=False, repr=False)
    _masks: list[int | None] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read five fields, or ``@daily`` and the like.

        Raises InvalidInput naming the field, also when no date satisfies it.
        """
        words = NICKNAMES.get(text.strip().lower(), text).upper().split()
        if len(words) != len(_FIELDS):
            raise _bad("cron", text, "five fields: minute hour day-of-month month day-of-week")
        minutes, hours, days, months, weekdays = (
            _values(word, *about) for word, about in zip(words, _FIELDS, strict=True)
        )
        by_day = tuple(ByDay(0, day) for day in sorted({_weekday(n) for n in weekdays}))
        month = () if len(months) == 12 else months
        if words[2][0] != "*" and words[4][0] != "*":
            parts = [DayParts(month=month, month_day=days), DayParts(month=month, day=by_day)]
        else:
            parts = [DayParts(month=month, month_day=days, day=by_day)]
        times = tuple(hour * 3600 + minute * 60 for hour in hours for minute in minutes)
        wildcard = words[0][0] == "*" or words[1][0] == "*"
        years = tuple(YearDays(part) for part in parts)
        made = cls(" ".join(words), wildcard, times, years, [None] * CYCLE_YEARS)
        if not any(made.mask(year) for year in dict(zip(KINDS, range(CYCLE_YEARS))).values()):  # noqa: B905
            raise _bad("cron", text, "an expression that any date satisfies")
        return made

    def mask(self, year: int) -> int:
        """Give the days of a year that match, bit 0 for 1 January."""
        of_cycle = year % CYCLE_YEARS
        found = self._masks[of_cycle]
        if found is None:
            found = 0
            for days in self._years:
                found |= days.mask(year)
            self._masks[of_cycle] = found
        return found

    def next_wall(self, w: int) -> int | None:
        """Give the first matching wall time at or after ``w``; None past the year 9999."""
        day, of_day = divmod(w, DAY)
        year = civil_day(day)[0]
        if year > MAX_YEAR:
            return None
        start = fast_year_start(year)
        left = self.mask(year) >> (day - start)
        if left & 1:
            i = bisect_left(self.times, of_day)
            if i < len(self.times):
                return day * DAY + self.times[i]
        left >>= 1
        if left:
            return (day + 1 + lowest(left)) * DAY + self.times[0]
        while (year := year + 1) <= MAX_YEAR:
            left = self.mask(year)
            if left:
                return (fast_year_start(year) + lowest(left)) * DAY + self.times[0]
        return None


def _weekday(number: int) -> Weekday:
    return Weekday.from_sunday_zero(number)


def _values(word: str, name: str, low: int, high: int, names: dict[str, int]) -> tuple[int, ...]:
    found: set[int] = set()
    for item in word.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise _bad(name, item, f"numbers from {low} to {high}, lists, ranges or steps")
        whole, first, last, step = match.groups()
        if step is not None and int(step) < 1:
            raise _bad(name, item, "a step of at least 1")
        if whole == "*":
            begin, end = low, high if name != "day of week" else 6
        else:
            begin = _number(first, name, low, high, names)
            # A number with a step goes on to the end of its field.
            end = high if step is not None else begin
            if last is not None:
                end = _number(last, name, low, high, names)
                if name == "day of week" and end == 0 < begin:
                    end = 7
        if end < begin:
            raise _bad(name, item, "a range that goes up")
        found.update(range(begin, end + 1, int(step or 1)))
    return tuple(sorted(found))


def _number(text: str, name: str, low: int, high: int, names: dict[str, int]) -> int:
    found = names.get(text)
    if found is None:
        if not (text.isascii() and text.isdigit()):
            raise _bad(name, text, f"a number from {low} to {high}")
        found = int(text)
    if not low <= found <= high:
        raise _bad(name, text, f"a number from {low} to {high}")
    return found


def _bad(part: str, value: str, expected: str) -> InvalidInput:
    shown = value[:40]
    return InvalidInput(f"{part}: {shown!r} is not {expected}", part=part, value=shown)
