"""Moments as people write and read them: local, in a named zone."""

import re

from horarium.kernel.duration import parse_duration
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import (
    Instant,
    Wall,
    civil,
    day_of,
    format_wall,
    instant,
    parse_instant,
    wall,
)
from horarium.kernel.zone import Zone

DAY = 86_400
_LOCAL = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?", re.ASCII)
_DAY_WORD = re.compile(r"(today|tomorrow|yesterday)(?: (\d{1,2}):(\d\d))?", re.ASCII)
EXPECTED = "an instant such as 2026-03-29T01:30:00Z, or local 2026-03-29 02:30"


def parse_moment(text: str, zone: Zone) -> Instant:
    """An instant with its offset (RFC 3339), or a local date and time of ``zone``; a time that a
    change of clocks skips is moved on by its length. InvalidInput for anything else."""
    local = _LOCAL.fullmatch(text)
    if local is not None:
        parts = [int(part) for part in local.groups(default="0")]
        return zone.at(wall(*parts))
    try:
        return parse_instant(text)
    except InvalidInput as error:
        raise InvalidInput(f"expected {EXPECTED}", part="moment", value=text[:80]) from error


def parse_relative_moment(text: str, zone: Zone, now: Instant) -> Instant:
    """As ``parse_moment``; also ``now``, ``+2h``, ``-P1D``, ``today``, ``tomorrow 9:00``."""
    word = text.strip().lower()
    if word == "now":
        return now
    if word[:1] in ("+", "-") and len(word) > 1:
        length = parse_duration(text.strip()[1:]).exact
        return instant(now + (length if word[0] == "+" else -length))
    named = _DAY_WORD.fullmatch(word)
    if named is not None:
        shift = {"yesterday": -1, "today": 0, "tomorrow": 1}[named.group(1)]
        hour, minute = int(named.group(2) or 0), int(named.group(3) or 0)
        if hour > 23 or minute > 59:
            raise InvalidInput("not a time of day", part="moment", value=text[:80])
        day = day_of(zone.to_wall(now)) + shift
        return zone.at(Wall(day * DAY + hour * 3600 + minute * 60))
    return parse_moment(text.strip(), zone)


def format_moment(t: Instant, zone: Zone) -> str:
    """``2026-03-02 10:14+01:00 Europe/Oslo``; seconds only when there are any."""
    return f"{_clock(t, zone)}{_offset(t, zone)} {zone.name}"


def format_span(start: Instant, end: Instant, zone: Zone) -> str:
    """``2026-03-05 09:00-12:00 +01:00``; the date of the end where it is another one, its offset
    where that differs."""
    first, last = zone.to_wall(start), zone.to_wall(end)
    finish = _clock(end, zone)
    if day_of(first) == day_of(last):
        finish = finish.partition(" ")[2]
    offsets = _offset(start, zone), _offset(end, zone)
    if offsets[0] == offsets[1]:
        return f"{_clock(start, zone)}-{finish} {offsets[0]}"
    return f"{_clock(start, zone)}{offsets[0]} - {finish}{offsets[1]}"


def _clock(t: Instant, zone: Zone) -> str:
    w = zone.to_wall(t)
    text = format_wall(w)
    return text if civil(w).second else text[:-3]


def _offset(t: Instant, zone: Zone) -> str:
    offset = zone.offset_at(t)
    sign, size = ("-" if offset < 0 else "+"), abs(offset)
    seconds = f":{size % 60:02}" if size % 60 else ""
    return f"{sign}{size // 3600:02}:{size // 60 % 60:02}{seconds}"
