"""The time at the end of a line: a moment, a window, or the periodic pointer (seed 004)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from horarium.directives.problem import BadWord
from horarium.kernel.weekday import Weekday

DAY_MINUTES = 1_440
# The bounds of the periodic pointer: 00:01 to 255:00 (seed 004).
LEAST_PERIOD, MOST_PERIOD = 1, 255 * 60
_POINT = r"(?:([0-9]+)\.)?([0-9]+):([0-9]+)"
_MOMENT = re.compile(_POINT)
_WINDOW = re.compile(_POINT + r"-(?:([0-9]+)[.:](?=[0-9]+:))?([0-9]+):([0-9]+)")
_PERIOD = re.compile(r"[Pp]\.(.*)")
_INTERVAL = re.compile(r"([0-9]+):([0-9][0-9])")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of day in minutes, on one weekday or (None) every day."""

    day: Weekday | None
    minute: int

    def __str__(self) -> str:
        return _day(self.day) + _clock(self.minute)


@dataclass(frozen=True, slots=True)
class Window:
    """Open time from `start` to before `end`, in minutes of their days.

    The file names the last minute inclusively; here the end is the minute after it, up to 1,440.
    Without days it is open every day; with one day on that day; with two it is one stretch from
    the first to the second, or with `each_day` it is open on each day from the first to the second.
    An end at or before the start lies on the next day.
    """

    start_day: Weekday | None
    start: int
    end_day: Weekday | None
    end: int
    each_day: bool = False

    @property
    def stretch(self) -> tuple[Weekday, Weekday] | None:
        """The first and the last day of one stretch over days; None when it opens day by day."""
        if self.start_day is None or self.end_day is None or self.each_day:
            return None
        return self.start_day, self.end_day

    @property
    def days(self) -> tuple[Weekday, ...]:
        """The days on which it opens, in order of the week."""
        if self.start_day is None:
            return tuple(Weekday)
        if self.end_day is None or not self.each_day:
            return (self.start_day,)
        many = (self.end_day - self.start_day) % 7 + 1
        return tuple(sorted(Weekday((self.start_day + i) % 7) for i in range(many)))

    def __str__(self) -> str:
        last = (self.end - 1) % DAY_MINUTES
        return f"{_day(self.start_day)}{_clock(self.start)}-{_day(self.end_day)}{_clock(last)}"


@dataclass(frozen=True, slots=True)
class Period:
    """The periodic pointer: every so many minutes of elapsed time."""

    minutes: int

    def __str__(self) -> str:
        return f"P.{_clock(self.minutes)}"


TimeSpec = Moment | Window | Period


@lru_cache(maxsize=1024)
def looks_like_time(text: str) -> bool:
    """Whether a last word has the shape of a time; then it is one, right or wrong."""
    return bool(_MOMENT.fullmatch(text) or _WINDOW.fullmatch(text) or _PERIOD.fullmatch(text))


@lru_cache(maxsize=1024)
def parse_when(text: str, *, daily_range: bool = False) -> tuple[TimeSpec, tuple[str, ...]]:
    """The time that a word of that shape says, and warnings; BadWord when it says none.

    With `daily_range` a window with a day on both ends is one of each of those days."""
    period = _PERIOD.fullmatch(text)
    if period is not None:
        return _period(text, period[1]), ()
    window = _WINDOW.fullmatch(text)
    if window is not None:
        return _window(window, daily_range)
    moment = _MOMENT.fullmatch(text)
    if moment is None:
        raise BadWord(f"expected a time such as 8:30, 17:00-20:00 or P.01:00, found {text}")
    return Moment(_weekday(moment[1]), _minute(moment[2], moment[3])), ()


def _period(text: str, interval: str) -> Period:
    found = _INTERVAL.fullmatch(interval)
    if found is None:
        raise BadWord(f"expected P. and hours:minutes such as P.01:00, found {text}")
    hours, minutes = int(found[1]), int(found[2])
    if minutes > 59:
        raise BadWord(f"the minutes of {text} lie outside 00 to 59")
    length = hours * 60 + minutes
    if not LEAST_PERIOD <= length <= MOST_PERIOD:
        raise BadWord(f"{text} lies outside P.00:01 to P.255:00")
    return Period(length)


def _window(found: re.Match[str], daily: bool) -> tuple[Window, tuple[str, ...]]:
    first, last = _weekday(found[1]), _weekday(found[4])
    if first is None and last is not None:
        raise BadWord(f"{found[0]} has a day at its end only")
    each_day = daily and last is not None
    start = _minute(found[2], found[3])
    if (found[5], found[6]) in (("24", "00"), ("24", "0")):
        warning = f"{found[0]}: 24:00 is read as the end of the day; the file's way is 23:59"
        return Window(first, start, last, DAY_MINUTES, each_day), (warning,)
    return Window(first, start, last, _minute(found[5], found[6]) + 1, each_day), ()


def _weekday(text: str | None) -> Weekday | None:
    if text is None:
        return None
    if len(text) != 1 or not "0" <= text <= "6":
        raise BadWord(f"a day lies between 0 (Sunday) and 6 (Saturday), not {text}")
    return Weekday.from_sunday_zero(int(text))


def _minute(hours: str, minutes: str) -> int:
    if int(hours) > 23 or int(minutes) > 59 or len(minutes) != 2:
        raise BadWord(f"expected a time of day from 0:00 to 23:59, found {hours}:{minutes}")
    return int(hours) * 60 + int(minutes)


def _day(day: Weekday | None) -> str:
    return "" if day is None else f"{(day + 1) % 7}."


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
