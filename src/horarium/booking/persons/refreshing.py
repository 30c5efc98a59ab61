"""REFRESH: an attendee who lost an event gets it from the person's records (RFC 5546 3.2.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from horarium.booking.authority import judge_attendee
from horarium.booking.content import zone_components
from horarium.booking.event_state import Entry, EntryState
from horarium.booking.outcome import Mail, Result
from horarium.booking.persons.answers import invited, organizer_fault
from horarium.booking.persons.invitations import read_all
from horarium.booking.persons.recording import Recorded, Recording
from horarium.booking.reply import catalogue_for, post, titled
from horarium.booking.stored_event import read_entry
from horarium.booking.tombstone import tombstone_lines
from horarium.ical.address import Address, parse_address
from horarium.ical.component import Component, parse, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event
from horarium.ical.participant import Participant
from horarium.ical.tzid import ZoneBook
from horarium.ical.writing import address_line, vcalendar


def take_refresh(recording: Recording) -> Recorded:
    """REFRESH: answered by itself where the person wants that, and only to who is invited."""
    event = read_all(recording, needs_start=False)[0]
    fault = organizer_fault(recording, event)
    if fault:
        return recording.ignore("addressee", fault, event=event)
    asker = _asker(recording, event)
    if asker is None:
        return recording.ignore("attendee", "attendee_mismatch", event=event)
    wish = recording.message.resource.preferences.event_refreshing
    if wish != "always" or recording.message.origin.bulk:
        recording.tell("refresh_asked", who=asker.address.text)
        return recording.done(event=event)
    recording.tell("refreshed", who=asker.address.text)
    mails = tuple(_mails(recording, asker))
    result = Result.ANSWERED if mails else Result.RECORDED
    return recording.done(event=event, mails=mails, result=result)


def _asker(recording: Recording, event: Event) -> Participant | None:
    """The attendee who asks, if the person invited them to any part of the event."""
    voice, resource = recording.message.origin.voice, recording.message.resource
    guests = {
        guest for entry in recording.case.state.entries for guest in invited(recording, entry.key)
    } | set(invited(recording, None))
    for attendee in event.attendees:
        if attendee.address.key in guests and judge_attendee(voice, attendee, resource).heard:
            return attendee
    return None


def _mails(recording: Recording, asker: Participant) -> Iterable[Mail]:
    state = recording.case.state
    standing = [e for e in state.entries if e.text and e.state is not EntryState.CANCELLED]
    ended = [e for e in state.entries if e.state is EntryState.CANCELLED]
    if standing:
        yield _mail(recording, asker, "REQUEST", standing, _restated(recording, standing))
    if ended:
        cancelled = [_cancelled(recording, entry, asker) for entry in ended]
        yield _mail(recording, asker, "CANCEL", ended, cancelled)


def _mail(
    recording: Recording,
    asker: Participant,
    method: str,
    entries: Sequence[Entry],
    components: Sequence[Component],
) -> Mail:
    message, resource = recording.message, recording.message.resource
    # A person speaks as the organizer that the event names, never through the site's own sender.
    ways = replace(resource.ways, reply_from_sender=False)
    speaker = replace(resource, ways=ways, address=_organizer(recording))
    message = replace(message, resource=speaker)
    named = next((e for e in entries if e.text), None)
    summary = read_entry(named, resource).summary if named is not None else None
    catalogue = catalogue_for(message, asker)
    return post(
        message, asker.address.text, kind=f"resent-{method.lower()}",
        sequence=entries[0].stamp.sequence,
        subject=titled(catalogue, method, summary), text=catalogue.text("resent") + "\n",
        calendar=serialize(vcalendar(method, components)), method=method,
    )  # fmt: skip


def _restated(recording: Recording, entries: Sequence[Entry]) -> list[Component]:
    """The stored components as the person stated them, each attendee as last answered, with the
    zones they name."""
    zones: dict[str, Component] = {}
    events = []
    resource = recording.message.resource
    for entry in entries:
        calendar = parse(entry.text)[0]
        component = calendar.children("VEVENT")[0]
        first = read_entry(entry, resource).first
        book = ZoneBook(calendar, resource.zone)
        for zone in zone_components(component.properties, book, first):
            line = zone.first("TZID")
            zones.setdefault(line.value if line else "", zone)
        lines = [_as_answered(recording, line, entry) for line in component.properties]
        events.append(Component("VEVENT", lines, component.components))
    return [*zones.values(), *events]


def _as_answered(recording: Recording, line: ContentLine, entry: Entry) -> ContentLine:
    if line.name != "ATTENDEE":
        return line
    key = next(
        (k for k, guest in invited(recording, entry.key).items() if guest.line == line), None
    )
    answer = recording.notes.partstat(key, entry.key) if key else None
    if answer is None or key == recording.key:
        return line
    kept = line.without("PARTSTAT").parameters
    return ContentLine(line.name, (*kept, ("PARTSTAT", (answer,))), line.value)


def _cancelled(recording: Recording, entry: Entry, asker: Participant) -> Component:
    uid, master = recording.message.uid, recording.case.master_event()
    lines = tombstone_lines(uid, entry, _organizer(recording), master)
    return Component("VEVENT", [*lines, address_line("ATTENDEE", asker.address)])


def _organizer(recording: Recording) -> Address:
    """The address under which the person organizes the event."""
    resource = recording.message.resource
    organizer = recording.case.state.organizer or resource.address.key
    return parse_address(organizer, resource.ways.local_domains)
