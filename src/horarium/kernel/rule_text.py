"""The text of a recurrence rule, taken apart into numbers. Source: RFC 5545 3.3.10."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from horarium.kernel.errors import InvalidInput, LimitReached, UnsupportedCapability
from horarium.kernel.instant import Wall, civil, day_of, wall
from horarium.kernel.limits import Limits
from horarium.kernel.weekday import Weekday


class UntilKind(Enum):
    """The three ways UNTIL is written."""

    DATE = "date"
    LOCAL = "local"
    UTC = "utc"


@dataclass(frozen=True, slots=True)
class Until:
    """The inclusive end of a rule as written: a date (its midnight), a local or a UTC time."""

    kind: UntilKind
    at: Wall

    @property
    def day(self) -> int:
        """The date of the text, as days since 1970-01-01."""
        return day_of(self.at)

    def format(self) -> str:
        """Write the value as iCalendar does."""
        c = civil(self.at)
        date = f"{c.year:04}{c.month:02}{c.day:02}"
        if self.kind is UntilKind.DATE:
            return date
        z = "Z" if self.kind is UntilKind.UTC else ""
        return f"{date}T{c.hour:02}{c.minute:02}{c.second:02}{z}"


@dataclass(frozen=True, slots=True, order=True)
class ByDay:
    """A weekday with its ordinal in the month or year; ordinal 0 means every one."""

    ordinal: int
    weekday: Weekday

    def format(self) -> str:
        """Write ``MO``, ``2MO`` or ``-1FR``."""
        return f"{self.ordinal or ''}{self.weekday.name}"


PART_NAMES = (
    "FREQ",
    "UNTIL",
    "COUNT",
    "INTERVAL",
    "BYSECOND",
    "BYMINUTE",
    "BYHOUR",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
)
"""The parts in the order of the grammar."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNTIL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_CARDINAL = re.compile(r"\d{1,18}", re.ASCII)
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII | re.IGNORECASE)


def split_rule(text: str, limits: Limits) -> dict[str, str]:
    """Cut rule text into its parts, keyed by upper-case name.

    Raises InvalidInput for control characters, broken UTF-8, unknown, empty or
    repeated parts; LimitReached for too many octets; UnsupportedCapability for
    the parts of RFC 7529.
    """
    try:
        octets = len(text.encode())
    except UnicodeEncodeError as broken:
        raise InvalidInput("the RRULE is not valid UTF-8", part="RRULE") from broken
    if octets > limits.rule_octets:
        raise LimitReached("RRULE octets", octets, limits.rule_octets)
    if _CONTROL.search(text) is not None:
        raise InvalidInput("the RRULE holds a control character", part="RRULE")
    parts: dict[str, str] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        name = name.upper()
        if name in ("RSCALE", "SKIP"):
            raise UnsupportedCapability(f"{name}={value[:40]} (RFC 7529) is not supported")
        if name not in PART_NAMES:
            raise InvalidInput(
                f"{piece[:40]!r} is no part of a rule", part=name[:40], value=value[:40]
            )
        if name in parts:
            raise bad(name, value, "stands twice")
        if not equals or not value:
            raise bad(name, value, "is empty")
        parts[name] = value
    return parts


def bad(part: str, value: object, why: str) -> InvalidInput:
    """Make the error that names the part, the value and what is wrong."""
    shown = str(value)[:40]
    return InvalidInput(f"{part}={shown} {why}", part=part, value=shown)


def read_cardinal(parts: Mapping[str, str], name: str, default: int | None) -> int | None:
    """Read a positive whole number; ``default`` when the part is missing."""
    text = parts.get(name)
    if text is None:
        return default
    if _CARDINAL.fullmatch(text) is None:
        raise bad(name, text, "is no whole number")
    return int(text)


def read_list(parts: Mapping[str, str], name: str, limits: Limits) -> tuple[int, ...]:
    """Read a list of signed numbers; empty when the part is missing."""
    numbers = []
    for item in _items(parts, name, limits):
        if _NUMBER.fullmatch(item) is None:
            raise bad(name, item, "is no number")
        numbers.append(int(item))
    return tuple(numbers)


def read_days(parts: Mapping[str, str], limits: Limits) -> tuple[ByDay, ...]:
    """Read BYDAY; an ordinal of zero is refused."""
    days = []
    for item in _items(parts, "BYDAY", limits):
        match = _BY_DAY.fullmatch(item)
        if match is None:
            raise bad("BYDAY", item, "is no weekday")
        ordinal = match.group(1)
        if ordinal is not None and int(ordinal) == 0:
            raise bad("BYDAY", item, "counts from 1 or -1")
        days.append(ByDay(int(ordinal or 0), Weekday.from_ical(match.group(2))))
    return tuple(days)


def _items(parts: Mapping[str, str], name: str, limits: Limits) -> list[str]:
    text = parts.get(name)
    if text is None:
        return []
    items = text.split(",")
    if len(items) > limits.list_values:
        raise LimitReached(f"{name} values", len(items), limits.list_values)
    return items


def read_until(parts: Mapping[str, str]) -> Until | None:
    """Read UNTIL in any of its three forms."""
    text = parts.get("UNTIL")
    if text is None:
        return None
    match = _UNTIL.fullmatch(text)
    if match is None:
        raise bad("UNTIL", text, "is no date and no date-time")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        at = wall(year, month, day, hour, minute, second)
    except InvalidInput as missing:
        raise bad("UNTIL", text, "does not exist") from missing
    if match.group(4) is None:
        return Until(UntilKind.DATE, at)
    return Until(UntilKind.UTC if match.group(7) else UntilKind.LOCAL, at)
