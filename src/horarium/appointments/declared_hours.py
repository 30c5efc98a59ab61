"""The hours of hosts as object files write them."""

from __future__ import annotations

import re
from collections.abc import Callable

from horarium.appointments.hours import Range, Travel, Weekly
from horarium.appointments.local_day import day_start
from horarium.appointments.values import as_text, as_zone
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY, month_length
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.schedule_parts import read_at, read_date, read_days, read_time
from horarium.kernel.zone import Gap, Zone

_SPECIAL = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_RANGE = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)", re.ASCII)
_VALID = re.compile(r"(.*?)(?: from (\S+))?(?: until (\S+))?", re.ASCII)


def special_day(value: object) -> tuple[int, int]:
    """``12-25``, as month and day."""
    found = _SPECIAL.fullmatch(as_text(value))
    month, day = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= month <= 12 or not 1 <= day <= month_length(2000, month):
        raise InvalidInput(f"{value!r} is no day of a year like 12-25")
    return month, day


def _range(text: str) -> Range:
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text.strip()[:40]!r} is no range like 09:00-13:30")
    start, end = read_time(found[1]), read_time(found[2])
    if start == end:
        raise InvalidInput(f"{text.strip()} is empty; a whole day is 00:00-24:00")
    if start == DAY:
        raise InvalidInput("24:00 is an end only")
    return start, 0 if end == 0 else end


def _ranges(text: str) -> tuple[Range, ...]:
    if text.strip() == "closed":
        return ()
    return tuple(_range(piece) for piece in text.split(","))


def block_line(value: object) -> Range:
    """``08:00-12:00``, on one day."""
    start, end = _range(as_text(value))
    if end <= start:
        raise InvalidInput("a valid block time ends on the day it begins")
    return start, end


def weekly_line(value: object) -> Weekly:
    """``mon-thu 09:00-13:30,15:00-18:00 [from DATE] [until DATE]``."""
    parts = _VALID.fullmatch(" ".join(as_text(value).split()))
    assert parts is not None
    days, _, ranges = parts[1].partition(" ")
    if not ranges:
        raise InvalidInput(f"{value!r} is no line like 'mon-fri 09:00-17:00'")
    first = read_date(parts[2], "from") if parts[2] else None
    last = read_date(parts[3], "until") if parts[3] else None
    if first is not None and last is not None and last < first:
        raise InvalidInput(f"{value!r} ends before it begins")
    return Weekly(frozenset(read_days(days)), _ranges(ranges), first, last)


def override_line(value: object) -> tuple[int, tuple[Range, ...]]:
    """``2027-12-24 09:00-12:00`` or ``2027-12-24 closed``: the date and its ranges."""
    day, _, ranges = as_text(value).strip().partition(" ")
    if not ranges:
        raise InvalidInput(f"{value!r} is no override like '2027-12-24 09:00-12:00' or '… closed'")
    return read_date(day), _ranges(ranges)


def dates_line(value: object) -> tuple[int, int]:
    """``2027-07-01..2027-07-14`` or one date: the first and the last day."""
    first, dots, last = as_text(value).strip().partition("..")
    begin = read_date(first)
    end = read_date(last) if dots else begin
    if end < begin or end - begin > 10 * 366:
        raise InvalidInput(f"{value!r} is no stretch of dates like 2027-07-01..2027-07-14")
    return begin, end


def travel_line(value: object) -> Travel:
    """``2027-07-01..2027-07-14 Europe/Oslo``."""
    dates, _, zone = as_text(value).strip().partition(" ")
    return Travel(*dates_line(dates), as_zone(zone.strip()))


def absence_line(zone: Zone) -> Callable[[object], Period]:
    """``2027-07-01..2027-07-14 [why]`` or ``2027-07-01T12:00/2027-07-01T14:00 [why]``."""

    def read(value: object) -> Period:
        span, _, _why = as_text(value).strip().partition(" ")
        first, slash, last = span.partition("/")
        if not slash:
            begin, end = dates_line(span)
            return Period(day_start(zone, begin), day_start(zone, end + 1))
        return Period(_moment(zone, first), _moment(zone, last))

    return read


def _moment(zone: Zone, text: str) -> Instant:
    at = read_at(text)
    if at.wall is not None:
        return zone.at(at.wall, Gap.AT_END)
    if at.instant is None:
        raise InvalidInput(f"{text!r} is no moment like 2027-07-01T12:00")
    return at.instant
