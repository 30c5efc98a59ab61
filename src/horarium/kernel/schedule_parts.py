"""The small texts a schedule is made of: times of day, lengths, weekdays, dates, moments.

Each is read by one function and written by another; what is written is
canonical and read back as the same value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from horarium.kernel.duration import parse_duration
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY, civil_day
from horarium.kernel.instant import (
    Instant,
    Wall,
    day_of,
    format_instant,
    format_wall,
    parse_instant,
    wall,
)
from horarium.kernel.weekday import Weekday

EVERY_DAY = tuple(Weekday)

_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_HOURS = re.compile(r"(\d{1,3}):(\d\d)", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_WALL = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ Tt](\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)


def bad(key: str, value: object, expected: str) -> InvalidInput:
    """Make the error of a part: what stands there, and what is expected."""
    shown = str(value)[:40]
    return InvalidInput(f"{key}: {shown!r} is not {expected}", part=key, value=shown)


def read_time(text: str, key: str = "time") -> int:
    """Read ``HH:MM[:SS]``, 00:00 to 24:00, as seconds of the day."""
    match = _TIME.fullmatch(text)
    if match is not None:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        found = hours * 3600 + minutes * 60 + seconds
        if minutes < 60 and seconds < 60 and found <= DAY:
            return found
    raise bad(key, text, "a time of day from 00:00 to 24:00")


def write_time(seconds: int) -> str:
    """Write seconds of the day as ``HH:MM``, with seconds when there are any."""
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text


def read_length(text: str, key: str = "duration") -> int:
    """Read ``1h30m`` or ``PT1H30M`` as elapsed seconds; a day has 86,400."""
    try:
        return parse_duration(text).exact
    except InvalidInput as error:
        raise bad(key, text, "a duration like 1h30m or PT1H30M") from error


def write_length(seconds: int) -> str:
    """Write seconds as ``1d2h3m4s``, without the parts that are nothing."""
    days, rest = divmod(seconds, DAY)
    parts = ((days, "d"), (rest // 3600, "h"), (rest // 60 % 60, "m"), (rest % 60, "s"))
    return "".join(f"{number}{letter}" for number, letter in parts if number) or "0s"


LONGEST_PERIODIC = 255 * 3600


def read_periodic(text: str) -> int:
    """Read ``hhh:mm``, 00:01 to 255:00, as seconds (seed 004)."""
    match = _HOURS.fullmatch(text)
    if match is not None:
        hours, minutes = int(match[1]), int(match[2])
        if minutes < 60 and 0 < hours * 3600 + minutes * 60 <= LONGEST_PERIODIC:
            return hours * 3600 + minutes * 60
    raise bad("every", text, "hours and minutes from 00:01 to 255:00")


def write_periodic(seconds: int) -> str:
    """Write seconds as ``hhh:mm``."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def read_weekday(text: str, key: str = "day") -> Weekday:
    """Read ``MO`` or ``mon``."""
    try:
        return Weekday.from_name(text)
    except InvalidInput as error:
        raise bad(key, text, "a weekday, MO to SU") from error


def read_days(text: str) -> tuple[Weekday, ...]:
    """Read ``MO-FR,SU``; a range may go over the week's end. Sorted, each once."""
    found: set[Weekday] = set()
    for piece in text.split(","):
        first, dash, last = piece.partition("-")
        begin = read_weekday(first.strip(), "days")
        end = read_weekday(last.strip(), "days") if dash else begin
        found.update(Weekday((begin + n) % 7) for n in range((end - begin) % 7 + 1))
    return tuple(sorted(found))


def write_days(days: Iterable[Weekday]) -> str:
    """Write weekdays; three or more in a row as a range."""
    runs: list[list[Weekday]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(
        f"{run[0].name}-{run[-1].name}" if len(run) > 2 else ",".join(day.name for day in run)
        for run in runs
    )


def read_date(text: str, key: str = "date") -> int:
    """Read ``YYYY-MM-DD`` as days since 1970-01-01."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise bad(key, text, "a date like 2026-12-31")
    try:
        return day_of(wall(*(int(part) for part in match.groups())))
    except InvalidInput as error:
        raise bad(key, text, "a date that exists") from error


def write_date(day: int) -> str:
    """Write days since 1970-01-01 as ``YYYY-MM-DD``."""
    year, month, day_of_month = civil_day(day)
    return f"{year:04}-{month:02}-{day_of_month:02}"


@dataclass(frozen=True, slots=True)
class At:
    """When a single moment is: on the clocks of a zone, on the UTC line, or so many seconds
    after the activation. Exactly one is given.
    """

    wall: Wall | None = None
    instant: Instant | None = None
    after: int | None = None

    def __post_init__(self) -> None:
        given = [part for part in (self.wall, self.instant, self.after) if part is not None]
        if len(given) != 1:
            raise InvalidInput("one moment is one of three things", part="at")
        if self.after is not None and self.after < 0:
            raise bad("at", self.after, "a time after the activation")


def read_at(text: str) -> At:
    """Read ``2026-12-01 08:30``, an instant with ``Z`` or an offset, or ``+1h``."""
    if text.startswith("+"):
        return At(after=read_length(text[1:], "at"))
    match = _WALL.fullmatch(text)
    try:
        if match is not None:
            return At(wall=wall(*(int(part or 0) for part in match.groups())))
        return At(instant=parse_instant(text))
    except InvalidInput as error:
        expected = "a moment like 2026-12-01T08:30, 2026-12-01T07:30:00Z or +1h"
        raise bad("at", text, expected) from error


def write_at(at: At, separator: str = "T") -> str:
    """Write a single moment; date and wall time are joined by ``separator``."""
    if at.after is not None:
        return "+" + write_length(at.after)
    if at.instant is not None:
        return format_instant(at.instant)
    return format_wall(Wall(at.wall or 0)).replace(" ", separator).removesuffix(":00")
