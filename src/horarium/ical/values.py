"""Property values: text, dates and times, durations, offsets, integers (RFC 5545 3.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum

from horarium.ical.contentline import ContentLine
from horarium.kernel.duration import Duration
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall, civil

_EPOCH = date(1970, 1, 1).toordinal()

# Clients write Unix seconds into SEQUENCE, so 32 bits are too few; more than 18 digits fit no
# store and are nobody's counter.
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}\Z")
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})\Z")
_DATE_TIME = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})[Tt]([0-9]{2})([0-9]{2})([0-9]{2})([Zz]?)\Z"
)
_DURATION = re.compile(
    r"([+-]?)P(?:([0-9]{1,9})W|(?:([0-9]{1,9})D)?(T(?:([0-9]{1,9})H)?"
    r"(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?)\Z"
)
_OFFSET = re.compile(r"([+-])([0-9]{2})([0-9]{2})([0-9]{2})?\Z")
_ESCAPED = re.compile(r"\\([nN,;\\:\"])")
_TO_ESCAPE = re.compile(r"[\\;,\n]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ESCAPES = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
_STATUS = re.compile(r"[0-9](\.[0-9]{1,2}){1,2}\Z")

# Dates outside are typing errors or probes; no calendar program has a use for them.
FIRST_YEAR = 1900
LAST_YEAR = 9998


def escape_text(text: str) -> str:
    """TEXT as written: separators and line breaks escaped, other controls left out (3.3.11)."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _TO_ESCAPE.sub(lambda found: _ESCAPES[found.group()], _CONTROL.sub("", text))


def unescape_text(value: str) -> str:
    """TEXT as meant, unescaped once. An unescaped comma or semicolon is text (3.3.11)."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


class Kind(Enum):
    """How a DATE-TIME is fixed on the line of instants (3.3.5)."""

    UTC = "utc"
    ZONED = "zoned"
    FLOATING = "floating"


@dataclass(frozen=True, slots=True)
class DateValue:
    """A civil day: `day` counts days from 1970-01-01 (3.3.4)."""

    day: int

    @property
    def wall(self) -> Wall:
        """Midnight at which the day begins."""
        return Wall(self.day * DAY)

    def format(self) -> str:
        """`20260331`."""
        found = civil(self.wall)
        return f"{found.year:04}{found.month:02}{found.day:02}"


@dataclass(frozen=True, slots=True)
class DateTimeValue:
    """A wall time and how it is fixed; `tzid` is the name sent, only for ZONED (3.3.5)."""

    wall: Wall
    kind: Kind
    tzid: str | None = None

    def format(self) -> str:
        """`20260331T090000`, with Z for UTC."""
        found = civil(self.wall)
        return (
            f"{found.year:04}{found.month:02}{found.day:02}"
            f"T{found.hour:02}{found.minute:02}{found.second:02}"
            + ("Z" if self.kind is Kind.UTC else "")
        )


TimeValue = DateValue | DateTimeValue


@dataclass(frozen=True, slots=True)
class PeriodValue:
    """A PERIOD before its zone is known: start, and an end or a positive duration (3.3.9)."""

    start: DateTimeValue
    end: DateTimeValue | Duration


def parse_date(text: str, first_year: int = FIRST_YEAR) -> DateValue:
    """A DATE; `InvalidInput` for a day no calendar has or a year outside first_year..9998."""
    found = _DATE.match(text)
    if found is None:
        raise InvalidInput("not a DATE", part="date", value=text[:40])
    return DateValue(_day(found[1], found[2], found[3], text, first_year))


def parse_date_time(
    text: str, tzid: str | None = None, first_year: int = FIRST_YEAR
) -> DateTimeValue:
    """A DATE-TIME; second 60 is read as 59, hour 24 is `InvalidInput`. Z wins over `tzid`."""
    found = _DATE_TIME.match(text)
    if found is None:
        raise InvalidInput("not a DATE-TIME", part="date-time", value=text[:40])
    day = _day(found[1], found[2], found[3], text, first_year)
    hour, minute, second = int(found[4]), int(found[5]), int(found[6])
    if hour > 23 or minute > 59 or second > 60:
        raise InvalidInput("no such time of day", part="date-time", value=text[:40])
    wall = Wall(day * DAY + hour * 3600 + minute * 60 + min(second, 59))
    if found[7]:
        return DateTimeValue(wall, Kind.UTC)
    if tzid is None:
        return DateTimeValue(wall, Kind.FLOATING)
    return DateTimeValue(wall, Kind.ZONED, tzid)


def _day(year: str, month: str, day: str, text: str, first_year: int) -> int:
    number = int(year)
    if not first_year <= number <= LAST_YEAR:
        raise InvalidInput("year out of range", part="date", value=text[:40])
    try:
        return date(number, int(month), int(day)).toordinal() - _EPOCH
    except ValueError as error:
        raise InvalidInput("no such date", part="date", value=text[:40]) from error


def parse_time_value(text: str, value_type: str | None, tzid: str | None) -> TimeValue:
    """A DATE or DATE-TIME; the VALUE parameter, if given, must fit the text.

    Eight digits without VALUE=DATE are still a DATE: several programs leave the parameter out.
    """
    text = text.strip()
    if value_type == "DATE" or (value_type is None and len(text) == 8):
        return parse_date(text)
    if value_type not in (None, "DATE-TIME"):
        raise InvalidInput("neither DATE nor DATE-TIME", part="VALUE", value=value_type or "")
    return parse_date_time(text, tzid)


def parse_date_or_date_time(line: ContentLine) -> TimeValue:
    """The value of DTSTART, DTEND or RECURRENCE-ID; errors name the property."""
    value_type, tzid = time_parameters(line)
    try:
        return parse_time_value(line.value, value_type, tzid)
    except InvalidInput as error:
        raise InvalidInput(str(error), part=line.name, value=line.value[:40]) from error


def time_parameters(line: ContentLine) -> tuple[str | None, str | None]:
    """VALUE in upper case and TZID of a line, each None when absent."""
    if not line.parameters:
        return None, None
    value_type = line.parameter("VALUE")
    return (value_type.upper() if value_type else None), line.parameter("TZID")


def parse_ical_duration(text: str) -> Duration:
    """A DURATION of RFC 5545 3.3.6, possibly negative: days nominal, the rest exact."""
    text = text.strip().upper()
    found = _DURATION.match(text)
    if found is None or found.group(2, 3, 5, 6, 7) == (None,) * 5 or found[4] == "T":
        raise InvalidInput("not a DURATION", part="duration", value=text[:40])
    weeks, days, hours, minutes, seconds = (int(n or 0) for n in found.group(2, 3, 5, 6, 7))
    sign = -1 if found[1] == "-" else 1
    return Duration(
        days=sign * (weeks * 7 + days), seconds=sign * (hours * 3600 + minutes * 60 + seconds)
    )


def parse_period(text: str, tzid: str | None = None) -> PeriodValue:
    """A PERIOD in either form; a duration that is not positive is `InvalidInput`."""
    first, slash, second = text.strip().partition("/")
    if not slash:
        raise InvalidInput("not a PERIOD", part="period", value=text[:60])
    start = parse_date_time(first, tzid)
    if second[:1].upper() in ("P", "+", "-"):
        length = parse_ical_duration(second)
        if length.days < 0 or length.seconds < 0 or (length.days, length.seconds) == (0, 0):
            raise InvalidInput("a PERIOD of no length", part="period", value=text[:60])
        return PeriodValue(start, length)
    return PeriodValue(start, parse_date_time(second, tzid))


def parse_offset(text: str) -> int:
    """A UTC-OFFSET in seconds, |offset| < 24 h (3.3.14)."""
    found = _OFFSET.match(text.strip())
    if found is None:
        raise InvalidInput("not a UTC offset", part="utc-offset", value=text[:40])
    hours, minutes, seconds = int(found[2]), int(found[3]), int(found[4] or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise InvalidInput("UTC offset out of range", part="utc-offset", value=text[:40])
    total = hours * 3600 + minutes * 60 + seconds
    return -total if found[1] == "-" else total


def format_offset(seconds: int) -> str:
    """`+0530`, or `-001815` where seconds count."""
    sign, size = ("-", -seconds) if seconds < 0 else ("+", seconds)
    text = f"{sign}{size // 3600:02}{size // 60 % 60:02}"
    return f"{text}{size % 60:02}" if size % 60 else text


def parse_integer(text: str) -> int:
    """An INTEGER of at most 18 digits (3.3.8)."""
    text = text.strip()
    if not _INTEGER.match(text):
        raise InvalidInput("not an INTEGER", part="integer", value=text[:40])
    return int(text)


def format_utc(at: Instant) -> str:
    """An instant as a DATE-TIME in UTC: `20260331T070000Z`."""
    return DateTimeValue(Wall(int(at)), Kind.UTC).format()


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """REQUEST-STATUS: a dotted code, a sentence, and the data it speaks of (3.8.8.3)."""

    code: str
    text: str
    data: str = ""

    def __post_init__(self) -> None:
        if not _STATUS.match(self.code):
            raise InvalidInput("not a status code", part="REQUEST-STATUS", value=self.code[:40])

    def format(self) -> str:
        """`3.5;Invalid date;DTSTART`, each part escaped."""
        parts = [self.code, escape_text(self.text)]
        if self.data:
            parts.append(escape_text(self.data))
        return ";".join(parts)


def parse_request_status(value: str) -> RequestStatus:
    """Reads REQUEST-STATUS; separators inside the parts are escaped there."""
    parts: list[str] = []
    start = 0
    for mark in re.finditer(r"\\.|;", value):
        if mark.group() == ";" and len(parts) < 2:
            parts.append(value[start : mark.start()])
            start = mark.end()
    parts.append(value[start:])
    texts = [unescape_text(part) for part in parts] + ["", ""]
    return RequestStatus(texts[0].strip(), texts[1], texts[2])
