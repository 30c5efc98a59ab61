"""What reading any scheduling component has in common: identity, single properties, times."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from horarium.ical.address import InvalidAddress
from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.invalid import InvalidComponent
from horarium.ical.limits import ParseLimits
from horarium.ical.participant import Participant, read_participant
from horarium.ical.tzid import ZoneBook
from horarium.ical.values import (
    DateTimeValue,
    DateValue,
    Kind,
    TimeValue,
    parse_date_or_date_time,
    parse_integer,
    unescape_text,
)
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, Wall
from horarium.kernel.zone import UTC, Zone

_NUMBER = re.compile(r"[+-]?[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class TimeOf:
    """A value with its zone found: as sent, on its clock, and as an instant."""

    value: TimeValue
    wall: Wall
    zone: Zone
    instant: Instant


class Reading:
    """One component under reading: its lines by name, and the notes so far.

    `identify` comes first: it finds UID and ORGANIZER, so that every later error can name whom
    to answer.
    """

    def __init__(
        self,
        component: Component,
        book: ZoneBook,
        owner: Zone,
        limits: ParseLimits,
        local_domains: Container[str] | None = None,
    ) -> None:
        self.component = component
        self.owner = owner
        self.limits = limits
        self.uid = ""
        self.organizer: Participant | None = None
        self._book = book
        self._local_domains = local_domains
        self._notes: dict[str, None] = dict.fromkeys(component.notes)
        self._lines: dict[str, list[ContentLine]] = {}
        for line in component.properties:
            self._lines.setdefault(line.name, []).append(line)

    def invalid(
        self, code: str, prop: str, message: str, value: str = "", *, limit: str | None = None
    ) -> InvalidComponent:
        """The error to raise, carrying what is known of the component."""
        return InvalidComponent(
            code,
            prop,
            message,
            value=value,
            uid=self.uid or None,
            organizer=self.organizer,
            limit=limit,
        )

    def note(self, text: str) -> None:
        """Keeps a warning for the record, once."""
        self._notes[text] = None

    def all_notes(self) -> tuple[str, ...]:
        """All warnings in the order they arose."""
        return tuple(self._notes)

    def has(self, name: str) -> bool:
        """Whether a property is present."""
        return name in self._lines

    def lines(self, name: str) -> list[ContentLine]:
        """All lines of a property."""
        return self._lines.get(name, [])

    def single(self, name: str) -> ContentLine | None:
        """The one line of a property that may occur once: the first counts."""
        found = self._lines.get(name)
        if not found:
            return None
        if len(found) > 1:
            self.note(f"repeated_property:{name}")
        return found[0]

    def text(self, name: str) -> str | None:
        """A TEXT property unescaped, or None."""
        line = self.single(name)
        return None if line is None else unescape_text(line.value)

    def word(self, name: str) -> str | None:
        """A property of one word in upper case, or None when missing or empty."""
        line = self.single(name)
        return (line.value.strip().upper() or None) if line is not None else None

    def identify(self) -> None:
        """Reads UID and ORGANIZER. A missing organizer is for the caller to judge."""
        line = self.single("ORGANIZER")
        if line is not None:
            try:
                self.organizer = read_participant(line, self._local_domains)
            except InvalidAddress as error:
                self.uid = self._uid()
                raise self.invalid("3.1", "ORGANIZER", error.reason, line.value) from error
        self.uid = self._uid()
        if not self.uid:
            raise self.invalid("3.11", "UID", "missing")

    def _uid(self) -> str:
        line = self.single("UID")
        return unescape_text(line.value).strip() if line is not None else ""

    def attendees(self) -> tuple[Participant, ...]:
        """All attendees whose address can be read; the others are noted."""
        lines = self.lines("ATTENDEE")
        if len(lines) > self.limits.attendees:
            raise self.invalid("3.10", "ATTENDEE", "too many attendees", limit="attendees")
        found: list[Participant] = []
        for line in lines:
            try:
                found.append(read_participant(line, self._local_domains))
            except InvalidAddress as error:
                self.note(f"attendee_unreadable:{error.reason}")
        return tuple(found)

    def sequence(self) -> int:
        """SEQUENCE; missing or not a number is 0, negative is invalid."""
        line = self.single("SEQUENCE")
        if line is None:
            return 0
        text = line.value.strip()
        if not _NUMBER.match(text):
            self.note("sequence_not_a_number")
            return 0
        try:
            number = parse_integer(text)
        except InvalidInput as error:
            raise self.invalid("3.1", "SEQUENCE", str(error), text) from error
        if number < 0:
            raise self.invalid("3.1", "SEQUENCE", "negative", text)
        return number

    def dtstamp(self) -> Instant | None:
        """DTSTAMP, or None when missing. A date alone is its midnight in UTC, noted."""
        line = self.single("DTSTAMP")
        if line is None:
            self.note("dtstamp_missing")
            return None
        placed = self.time(line)
        if isinstance(placed.value, DateValue):
            self.note("dtstamp_without_time")
            return Instant(placed.value.wall)
        if placed.value.kind is not Kind.UTC:
            self.note("dtstamp_not_utc")
        return placed.instant

    def time(self, line: ContentLine) -> TimeOf:
        """A DATE or DATE-TIME property with its zone; code 3.5 names it when it is wrong."""
        try:
            value = parse_date_or_date_time(line)
            return self.place(value)
        except InvalidInput as error:
            raise self.invalid("3.5", line.name, str(error), line.value) from error

    def place(self, value: TimeValue) -> TimeOf:
        """A value on the line of instants: whole days and floating times are the owner's."""
        if isinstance(value, DateTimeValue) and value.kind is Kind.UTC:
            return TimeOf(value, value.wall, UTC, Instant(value.wall))
        zone = self.owner
        if isinstance(value, DateTimeValue) and value.tzid is not None:
            resolved = self._book.zone(value.tzid, value.wall)
            zone = resolved.zone
            if resolved.note:
                self.note(resolved.note)
        return TimeOf(value, value.wall, zone, zone.at(value.wall))
