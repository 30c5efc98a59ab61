"""The invitation that puts an appointment into calendars, and what takes it out again.

Source: RFC 5546 3.2.2 (REQUEST), 3.2.5 (CANCEL).
"""

from __future__ import annotations

from dataclasses import dataclass

from horarium.appointments.appointment import Appointment, State
from horarium.ical.address import Address
from horarium.ical.component import Component, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.vtimezone import write_vtimezone
from horarium.ical.writing import address_line, instant_line, text_line, vcalendar
from horarium.kernel.instant import Instant, civil
from horarium.kernel.zone import Zone

YEAR = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody in an invitation."""

    address: Address
    name: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An appointment as a calendar is told of it. ``url`` is the client's own link, for nobody
    else's copy; ``sent_by`` the mailbox that writes in the organizer's name. ``answer`` is
    the method of one that answers the client."""

    item: Appointment
    organizer: Party
    attendees: tuple[Party, ...]
    summary: str
    zone: Zone
    written: Instant
    location: str = ""
    url: str = ""
    sent_by: Address | None = None
    answer: str = ""

    @property
    def method(self) -> str:
        """REQUEST for what stands, CANCEL for what does not; or the answer that it is."""
        if self.answer:
            return self.answer
        return "CANCEL" if self.item.state is State.CANCELLED else "REQUEST"

    def calendar(self) -> bytes:
        """The iCalendar object; local times with the host's zone and its definition."""
        lines = [
            text_line("UID", self.item.uid),
            text_line("SEQUENCE", str(self.item.sequence)),
            instant_line("DTSTAMP", self.written),
            self._time("DTSTART", self.item.slot.start),
            self._time("DTEND", self.item.slot.end),
            text_line("SUMMARY", self.summary),
            text_line("STATUS", "CANCELLED" if self.method == "CANCEL" else "CONFIRMED"),
            address_line("ORGANIZER", self.organizer.address, self._of_organizer()),
        ]
        lines += [self._attendee(party) for party in self.attendees]
        if self.location:
            lines.append(text_line("LOCATION", self.location))
        if self.url:
            lines.append(ContentLine("URL", (), self.url))
        slot = self.item.slot
        zones = []
        if self.zone.name != "UTC":
            last = Instant(slot.end + YEAR)
            zones = [write_vtimezone(self.zone, self.zone.name, slot.start, last)]
        return serialize(vcalendar(self.method, [*zones, Component("VEVENT", lines)]))

    def _of_organizer(self) -> dict[str, str]:
        found = {"CN": self.organizer.name} if self.organizer.name else {}
        if self.sent_by is not None and self.sent_by.key != self.organizer.address.key:
            found["SENT-BY"] = self.sent_by.uri
        return found

    def _attendee(self, party: Party) -> ContentLine:
        parameters = {"CN": party.name} if party.name else {}
        status = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
        return address_line("ATTENDEE", party.address, {**parameters, **status})

    def _time(self, name: str, at: Instant) -> ContentLine:
        if self.zone.name == "UTC":
            return instant_line(name, at)
        c = civil(self.zone.to_wall(at))
        text = f"{c.year:04}{c.month:02}{c.day:02}T{c.hour:02}{c.minute:02}{c.second:02}"
        return ContentLine.of(name, text, {"TZID": self.zone.name})
