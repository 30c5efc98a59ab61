"""Instants of the UTC line and wall times of a clock, both as whole seconds."""

from __future__ import annotations

import re
from typing import NamedTuple, NewType

from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import (
    DAY,
    MAX_YEAR,
    MIN_YEAR,
    civil_day,
    day_number,
    month_length,
)

Instant = NewType("Instant", int)
"""A point on the UTC line: whole seconds since 1970-01-01T00:00:00Z."""

Wall = NewType("Wall", int)
"""What a clock shows: whole seconds since 1970-01-01T00:00:00 on that clock, no zone."""

MIN_INSTANT = Instant(-62_135_596_800)
"""0001-01-01T00:00:00Z."""

MAX_INSTANT = Instant(253_402_300_799)
"""9999-12-31T23:59:59Z."""


class Civil(NamedTuple):
    """A wall time taken apart."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int


def instant(seconds: int) -> Instant:
    """Check that the seconds lie in the years 1 to 9999 and give them as an Instant."""
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise InvalidInput(
            f"an instant is a whole number of seconds, not {type(seconds).__name__}",
            part="instant",
            value=str(seconds),
        )
    if not MIN_INSTANT <= seconds <= MAX_INSTANT:
        raise InvalidInput(
            "an instant lies in the years 1 to 9999", part="instant", value=str(seconds)
        )
    return Instant(seconds)


def wall(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> Wall:
    """Give the wall time of a date and a time of day; second 60 is read as 59.

    Raises InvalidInput for a date or a time of day that does not exist.
    Source: RFC 5545 3.3.12 for second 60.
    """
    if (
        not MIN_YEAR <= year <= MAX_YEAR
        or not 1 <= month <= 12
        or not 1 <= day <= month_length(year, month)
    ):
        shown = f"{year:04}-{month:02}-{day:02}"
        raise InvalidInput(f"there is no date {shown}", part="date", value=shown)
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 60):
        shown = f"{hour:02}:{minute:02}:{second:02}"
        raise InvalidInput(f"there is no time of day {shown}", part="time", value=shown)
    return Wall(day_number(year, month, day) * DAY + hour * 3600 + minute * 60 + min(second, 59))


def civil(w: Wall) -> Civil:
    """Take a wall time apart."""
    day, of_day = divmod(w, DAY)
    year, month, day_of_month = civil_day(day)
    return Civil(year, month, day_of_month, of_day // 3600, of_day // 60 % 60, of_day % 60)


def day_of(w: Wall) -> int:
    """Give the civil day of a wall time as days since 1970-01-01."""
    return w // DAY


def format_wall(w: Wall) -> str:
    """Write a wall time as ``2026-03-29 02:30:00``."""
    c = civil(w)
    return f"{c.year:04}-{c.month:02}-{c.day:02} {c.hour:02}:{c.minute:02}:{c.second:02}"


def format_instant(t: Instant) -> str:
    """Write an instant as ``2026-03-29T01:30:00Z`` (RFC 3339)."""
    return format_wall(Wall(t)).replace(" ", "T") + "Z"


_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.0{1,9})?"
    r"(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)


def parse_instant(text: str) -> Instant:
    """Read ``2026-03-29T01:30:00Z`` or the same with a numeric offset.

    Raises InvalidInput for anything else: a time without zone, a fraction of a
    second, a date that does not exist. Source: RFC 3339 5.6.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise InvalidInput(
            "an instant is written like 2026-03-29T01:30:00Z or with an offset like +02:00",
            part="instant",
            value=text[:80],
        )
    sign, hours, minutes = match.group(7, 8, 9)
    shift = 0
    if sign is not None:
        if int(hours) > 23 or int(minutes) > 59:
            raise InvalidInput("an offset lies within a day", part="offset", value=text[:80])
        shift = (int(hours) * 3600 + int(minutes) * 60) * (1 if sign == "+" else -1)
    return instant(wall(*(int(part) for part in match.group(1, 2, 3, 4, 5, 6))) - shift)
