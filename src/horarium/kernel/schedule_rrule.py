"""A series of RFC 5545 as the moments of a schedule: DTSTART, DTEND or DURATION, RRULE,
RDATE and EXDATE, one property a line (or, in the one-line text, after a space).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from horarium.kernel.duration import Duration, format_duration, parse_duration
from horarium.kernel.errors import HorariumError, InvalidInput, NotFound
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall, civil, day_of, wall
from horarium.kernel.limits import Limits
from horarium.kernel.recurrence import ExDate, Length, RDate, RecurrenceSet
from horarium.kernel.rule import Rule
from horarium.kernel.zone import UTC, Gap, Zone, named

_LINE = re.compile(r"(DTSTART|DTEND|DURATION|RRULE|RDATE|EXDATE)((?:;[^:;\s]{1,300})*):(\S+)")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?", re.ASCII)
_KINDS = ("DATE", "DATE-TIME", "PERIOD")
LONGEST_TEXT = 65_536
"""Octets of one series: room for the dates that limits of a set allow."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A date or date-time as it is written; ``zone`` None where it floats."""

    wall: Wall
    zone: Zone | None
    date: bool

    def at(self, owner: Zone) -> Instant:
        return (self.zone or owner).at(self.wall)

    def text(self) -> str:
        c = civil(self.wall)
        date = f"{c.year:04}{c.month:02}{c.day:02}"
        if self.date:
            return date
        return f"{date}T{c.hour:02}{c.minute:02}{c.second:02}{'Z' if self.zone is UTC else ''}"

    def parameter(self) -> str:
        if self.date:
            return ";VALUE=DATE"
        return f";TZID={self.zone.name}" if self.zone not in (None, UTC) and self.zone else ""


@dataclass(frozen=True, slots=True)
class Series:
    """A recurrence set in the canonical text of its properties, one a line."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Series:
        """Read the properties; InvalidInput names the one that is wrong."""
        if len(text) > LONGEST_TEXT:
            raise _bad("the text is too long")
        reading = _Reading(text)
        reading.build(UTC, None)
        return cls("\n".join(reading.canonical()))

    @property
    def has_length(self) -> bool:
        """Whether its members last."""
        return "\nDTEND" in self.text or "\nDURATION" in self.text

    def set_in(self, owner: Zone, gap: Gap | None) -> RecurrenceSet:
        """Give the recurrence set, floating times and whole days on the owner's clocks."""
        return _Reading(self.text).build(owner, gap)


class _Reading:
    """The properties of a series while they are put together."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, list[tuple[str, str]]] = {}
        for line in re.split(r"\s+", text.strip()):
            match = _LINE.fullmatch(line) or _LINE.fullmatch(_upper(line))
            if match is None:
                raise _bad(f"{line[:40]!r} is no DTSTART, DTEND, DURATION, RRULE, RDATE or EXDATE")
            name, parameters, value = match.groups()
            self._lines.setdefault(name, []).append((parameters, value))
        for name, lines in self._lines.items():
            if len(lines) > 1 and name not in ("RDATE", "EXDATE"):
                raise _bad(f"{name} stands twice")
        if "DTSTART" not in self._lines:
            raise _bad("DTSTART is missing")
        if "DTEND" in self._lines and "DURATION" in self._lines:
            raise _bad("DTEND stands beside DURATION")
        self.start = self._values("DTSTART")[0]

    def _values(self, name: str) -> list[_Value]:
        found = []
        for parameters, text in self._lines.get(name, ()):
            zone, _ = _parameters(name, parameters)
            found += [_value(name, item, zone) for item in text.split(",")]
        return found

    def _length(self, owner: Zone) -> Length:
        if "DTEND" in self._lines:
            (end,) = self._values("DTEND")[:1]
            if end.date != self.start.date:
                raise _bad("DTEND is not of the kind of DTSTART")
            if end.date:
                return Length(days=(end.wall - self.start.wall) // DAY)
            return Length.exact(end.at(owner) - self.start.at(owner))
        if "DURATION" in self._lines:
            return Length.nominal(self._duration())
        return Length.exact(0)

    def _duration(self) -> Duration:
        return parse_duration(self._lines["DURATION"][0][1])

    def build(self, owner: Zone, gap: Gap | None) -> RecurrenceSet:
        """Make the set; every refusal is InvalidInput about the key ``rrule``."""
        try:
            return self._build(owner, gap or Gap.SHIFT)
        except HorariumError as error:
            raise _bad(str(error)) from error

    def _build(self, owner: Zone, gap: Gap) -> RecurrenceSet:
        length = self._length(owner)
        if ("DTEND" in self._lines or "DURATION" in self._lines) and length == Length():
            raise _bad("a member does not last")
        rule = self._lines.get("RRULE")
        return RecurrenceSet(
            self.start.wall,
            self.start.zone or owner,
            length,
            rule=Rule.parse(rule[0][1]) if rule else None,
            rdates=[RDate(*ends) for ends in self._rdates(owner)],
            exdates=[
                ExDate(day=day_of(v.wall)) if v.date else ExDate(v.at(owner))
                for v in self._values("EXDATE")
            ],
            whole_day=self.start.date,
            limits=Limits(),
            gap=gap,
        )

    def _rdates(self, owner: Zone) -> list[tuple[Instant, Instant | None]]:
        found: list[tuple[Instant, Instant | None]] = []
        for parameters, text in self._lines.get("RDATE", ()):
            zone, kind = _parameters("RDATE", parameters)
            for item in text.split(","):
                first, slash, second = item.partition("/")
                if bool(slash) != (kind == "PERIOD"):
                    raise _bad(f"RDATE {item[:40]!r} is not of its kind")
                start = _value("RDATE", first, zone)
                if start.date and not self.start.date:
                    start = _Value(Wall(start.wall + self.start.wall % DAY), self.start.zone, False)
                end = None
                if slash and second[:1] in "Pp+-":
                    length = Length.nominal(parse_duration(second))
                    end = length.end_of(start.wall, start.at(owner), start.zone or owner)
                elif slash:
                    end = _value("RDATE", second, zone).at(owner)
                found.append((start.at(owner), end))
        return found

    def canonical(self) -> list[str]:
        """Give the lines in a fixed order and spelling."""
        found = [f"DTSTART{self.start.parameter()}:{self.start.text()}"]
        for value in self._values("DTEND"):
            found.append(f"DTEND{value.parameter()}:{value.text()}")
        if "DURATION" in self._lines:
            found.append(f"DURATION:{format_duration(self._duration())}")
        for _, text in self._lines.get("RRULE", ()):
            found.append(f"RRULE:{Rule.parse(text).format()}")
        for name in ("RDATE", "EXDATE"):
            lines = sorted(self._lines.get(name, ()))
            found += [f"{name}{parameters}:{text}".replace('"', "") for parameters, text in lines]
        return found


def _upper(line: str) -> str:
    """Give the line with its name in capitals; the value keeps its letters."""
    cut = min((i for i in (line.find(":"), line.find(";")) if i >= 0), default=len(line))
    return line[:cut].upper() + line[cut:]


def _parameters(name: str, text: str) -> tuple[Zone | None, str]:
    zone, kind = None, ""
    for part in text.split(";")[1:]:
        key, _, value = part.partition("=")
        if key.upper() == "TZID":
            try:
                zone = named(value.strip('"'))
            except NotFound as error:
                raise _bad(f"{name}: {error.message}") from error
        elif key.upper() == "VALUE" and value.upper() in _KINDS:
            kind = value.upper()
        else:
            raise _bad(f"{name} has the parameter {part[:40]!r}")
    return zone, kind


def _value(name: str, text: str, zone: Zone | None) -> _Value:
    match = _TIME.fullmatch(text.upper())
    if match is None:
        raise _bad(f"{name} {text[:40]!r} is no date and no date-time")
    try:
        at = wall(*(int(part or 0) for part in match.groups()[:6]))
    except InvalidInput as error:
        raise _bad(f"{name} {error.message}") from error
    return _Value(at, UTC if match[7] else zone, match[4] is None)


def _bad(message: str) -> InvalidInput:
    text = message.removeprefix("rrule: ")
    return InvalidInput(f"rrule: {text}", part="rrule")
