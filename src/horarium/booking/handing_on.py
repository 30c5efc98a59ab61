"""What goes along when an event is handed on to a resource that stands in: the changes of its
occurrences, those of the message and those that overtook it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from horarium.booking.asked import Asked
from horarium.booking.case import Case, Following
from horarium.booking.event_state import Entry, EntryState, EventState
from horarium.booking.open_request import OpenRequest, Why
from horarium.booking.outcome import Elsewhere
from horarium.booking.reply import own_attendee
from horarium.booking.request import Delegation
from horarium.booking.resource import Resource
from horarium.booking.single import single_occurrence
from horarium.booking.stored_event import read_entry
from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event
from horarium.kernel.instant import Instant
from horarium.kernel.recurrence import Occurrence, Source


def changes_of(
    master: Event,
    stated: Mapping[Instant, Event],
    late: Iterable[Entry],
    asked: Asked,
    resource: Resource,
) -> dict[Instant, Event]:
    """The changed and the cancelled occurrences of `master` by their original starts: `stated` are
    the changes beside it, `late` those that are stored already and bear a later stamp."""
    series = master.series
    held = {occurrence.original for occurrence in asked.occurrences}
    found = {key: event for key, event in stated.items() if _goes(event, key, held)}
    for entry in late:
        if entry.key is None or series is None or not series.is_member(entry.key):
            continue
        if entry.state is EntryState.CANCELLED:
            found[entry.key] = _cancelled(master, entry)
        elif entry.state is EntryState.BOOKED and entry.key in held:
            found[entry.key] = read_entry(entry, resource)
    return dict(sorted(found.items()))


def asked_again(late: Iterable[Entry]) -> list[Entry]:
    """The changes as they came, whatever this resource said to them when it knew nothing else of
    the event."""
    return [
        replace(entry, state=EntryState.BOOKED)
        if entry.state is EntryState.DECLINED and entry.text
        else entry
        for entry in late
    ]


def given_away(state: EventState) -> EventState:
    """The state in which no changed occurrence holds time, though all are remembered: should the
    event come back, they are its changes again."""
    return state.only(
        replace(entry, state=EntryState.DORMANT)
        if entry.key is not None
        and entry.text
        and entry.state in (EntryState.BOOKED, EntryState.DECLINED)
        else entry
        for entry in state.entries
    )


def told_itself(case: Case, event: Event) -> OpenRequest | None:
    """The request by which the event is with a resource that stands in, where the organizer has
    invited that one too: then it gets the message itself."""
    before = case.delegated
    if before is None or case.message.again is not None:
        return None
    member = case.surroundings.member(before.stand_in)
    invited = {attendee.address.key for attendee in event.attendees}
    return before if member is not None and invited & member.resource.aliases else None


def taken_back(case: Case, follow: Following, keys: tuple[Instant, ...]) -> Following:
    """What follows, and the end of the event (or of its occurrences `keys`) at a resource that
    stood in until now. One that refused a change, or never heard of it, may still hold the event
    as it was before."""
    before, again = case.delegated, case.message.again
    if before is None:
        return follow
    if keys and (again is None or again.why is not Why.DELEGATE_DECLINED):
        return follow
    if not keys and any(request.stand_in == before.stand_in for request in follow.opened):
        return follow
    given_up = Elsewhere(before.stand_in, release=True, originals=keys)
    return replace(follow, elsewhere=(*follow.elsewhere, given_up))


def _goes(event: Event, key: Instant, held: set[Instant]) -> bool:
    return event.status == "CANCELLED" or key in held


def _cancelled(master: Event, entry: Entry) -> Event:
    assert entry.key is not None
    assert master.first is not None
    end = Instant(entry.key + master.first.end - master.first.start)
    event = single_occurrence(master, Occurrence(entry.key, entry.key, end, Source.DTSTART))
    lines = [
        ContentLine.of(line.name, line.value, {"RANGE": "THISANDFUTURE"})
        if entry.this_and_future and line.name == "RECURRENCE-ID"
        else line
        for line in event.component.properties
    ]
    component = Component("VEVENT", [*lines, ContentLine("STATUS", (), "CANCELLED")])
    return replace(event, component=component, status="CANCELLED", rule=None)


def delegation_of(case: Case, head: Event, *, single: bool) -> Delegation:
    """How far an event is handed on: one that another resource handed to this one, and a `single`
    occurrence, is handed on to nobody else."""
    again = case.message.again
    own = own_attendee(case.message, head)
    received = bool(case.asked_by or (own is not None and own.delegated_from))
    if again is not None and again.why is Why.DELEGATE_DECLINED:
        tried = again.request.tried | {again.request.stand_in}
        if single and case.delegated is not None:
            # One occurrence of an event is not taken from the one that attends the others.
            tried |= {case.message.resource.address.key}
        return Delegation(tried, received=received or single)
    before = case.delegated
    stand_in = before.stand_in if before is not None and again is None else ""
    return Delegation(stand_in=stand_in, received=received or single)
