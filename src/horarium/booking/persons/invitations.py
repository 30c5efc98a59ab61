"""What an organizer sends to a person: REQUEST, PUBLISH, ADD, CANCEL and DECLINECOUNTER."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from horarium.booking.case import Case
from horarium.booking.event_state import Entry, EntryState
from horarium.booking.freebusy import find_conflicts, held_in
from horarium.booking.itip_cancel import handle_cancel
from horarium.booking.order import Order
from horarium.booking.outcome import Result
from horarium.booking.persons.notes import REQUEST, EventNotes, Queued
from horarium.booking.persons.recording import TAKES_TIME, Recorded, Recording, named
from horarium.booking.persons.stating import Component, Stated, TakesPart, state_event
from horarium.booking.refreshing import ask_again
from horarium.booking.reply import own_attendee
from horarium.booking.stored_event import occurrence_key, read_component
from horarium.booking.trace import Step
from horarium.ical.event import Event
from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import MAX_INSTANT, Instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence

# Conflicts are looked for among so many occurrences; a note needs no more.
_MOST_COMPARED = 200


def take_request(recording: Recording) -> Recorded:
    """REQUEST: stored and queued; the organizer's time is known by it."""
    return _take_statement(recording, queue=True)


def take_publish(recording: Recording) -> Recorded:
    """PUBLISH: stored as it is; what the person published is the person's own time."""
    return _take_statement(recording, queue=False)


def take_add(recording: Recording) -> Recorded:
    """ADD: new occurrences of a known event, or the question for the whole event."""
    wish = recording.message.resource.preferences.add_method_response
    if wish == "ignore":
        return recording.ignore("method", "add_ignored")
    master = recording.case.state.master
    known = master is not None and bool(master.text)
    if wish == "refresh" or not known:
        outcome = ask_again(recording.case)
        if outcome.result is Result.IGNORED:
            return recording.ignored(outcome)
        recording.tell("asked_again")
        return recording.end(outcome)
    assert master is not None
    events = read_all(recording)
    stopped = heard(recording, events)
    if stopped is not None:
        return stopped
    if any(event.sequence < master.stamp.sequence for event in events):
        return late(recording, Order.STALE, events[0])
    stated = state_event(recording, events, _unanswered(recording.case), added=True)
    return _recorded(recording, events[0], stated, queue=True)


def take_cancel(recording: Recording) -> Recorded:
    """CANCEL: the event, or occurrences of it, are off; nothing of them waits any more."""
    case = recording.case
    outcome = handle_cancel(case)
    if outcome.result is Result.IGNORED:
        return recording.ignored(outcome)
    if outcome.result is not Result.CANCELLED or outcome.change is None:
        recording.tell("late")
        return recording.end(outcome)
    events = read_all(recording, needs_start=False)
    recording.notes = recording.notes.cancelled(keys_of(case, events))
    recording.see(outcome.change.state)
    recording.tell("cancelled", who=_name(events[0]))
    return recording.end(outcome)


def take_decline_counter(recording: Recording) -> Recorded:
    """DECLINECOUNTER: the organizer does not take what the person proposed; it is held no more."""
    events = read_all(recording, needs_start=False)
    stopped = heard(recording, events, addressed=False)
    if stopped is not None:
        return stopped
    recording.notes = replace(recording.notes, offers=())
    recording.tell("counter_declined", who=_name(events[0]))
    return recording.done(event=events[0])


# --- one statement ---------------------------------------------------------


def _take_statement(recording: Recording, *, queue: bool) -> Recorded:
    events = read_all(recording)
    stopped = heard(recording, events, addressed=queue)
    if stopped is not None:
        return stopped
    organizer = events[0].organizer
    assert organizer is not None
    own = organizer.address.key in recording.own
    stated = state_event(recording, events, organizes if own else _unanswered(recording.case))
    return _recorded(recording, events[0], stated, queue=queue and not own)


def _recorded(recording: Recording, head: Event, stated: Stated, *, queue: bool) -> Recorded:
    if not stated.news:
        if stated.unknown and stated.order is Order.STALE:
            return recording.ignore("order", "unknown_occurrence", event=head)
        return late(recording, stated.order, head)
    recording.case.passed("order")
    assert head.organizer is not None
    for item in stated.news:
        recording.notes = _noted(recording, item, queue)
    recording.see(stated.state)
    recording.tell("invited" if queue else "published", who=_name(head))
    _tell_conflicts(recording, stated)
    return recording.done(event=head, change=recording.laid(stated.state, head))


def _noted(recording: Recording, item: Component, queue: bool) -> EventNotes:
    notes = recording.notes
    if item.cancelled:
        return notes.cancelled([item.key])
    if not item.same_times:
        # What was answered was answered to other times.
        old = [a for a in notes.attendance if a.attendee == recording.key]
        gone = [a for a in old if item.key is None or a.key == item.key]
        notes = replace(notes, attendance=tuple(a for a in notes.attendance if a not in gone))
    own = own_attendee(recording.message, item.event)
    answered = own is not None and own.partstat_sent and own.partstat != "NEEDS-ACTION"
    if not queue or (answered and item.same_times):
        return notes
    waiting = Queued(item.key, REQUEST, "", item.stamp, recording.case.now)
    return notes.with_queued(waiting)


def _unanswered(case: Case) -> TakesPart:
    """Takes part in what the person accepted, as long as its times are the same or the organizer
    counts the person in; in anything else the person has yet to."""

    def takes_part(item: Component, stored: Entry | None) -> bool:
        if stored is None or stored.state is not EntryState.BOOKED:
            return False
        own = own_attendee(case.message, item.event)
        counted = own is not None and own.partstat_sent and own.partstat in TAKES_TIME
        return item.same_times or counted

    return takes_part


def organizes(_item: Component, _stored: Entry | None) -> bool:
    """Takes part in everything: the person is who made it."""
    return True


def _tell_conflicts(recording: Recording, stated: Stated) -> None:
    """Says what of the person's own time an event meets; nothing is refused for it."""
    case = recording.case
    resource = case.message.resource
    asked = [o for item in stated.news for o in _first_occurrences(item, case)]
    spans = [Period(o.start, o.end) for o in asked]
    try:
        held = held_in(case.reservations, spans, resource, without=case.message.uid)
        conflicts = find_conflicts(asked, held, resource, 1)
    except LimitReached:
        return
    met = [conflict.met for conflict in conflicts if conflict.met is not None]
    if met:
        span = recording.catalogue.span(
            resource.zone.to_wall(met[0].event.start),
            resource.zone.to_wall(met[0].event.end),
            whole_day=False,
        )
        recording.tell("conflict", count=len(met), when=f"{span} ({resource.zone.name})")


def _first_occurrences(item: Component, case: Case) -> list[Occurrence]:
    event = item.event
    if item.cancelled or event.series is None or event.first is None:
        return []
    start = max(event.first.start, case.now)
    found: list[Occurrence] = []
    for occurrence in event.series.occurrences(start, MAX_INSTANT):
        found.append(occurrence)
        if len(found) == _MOST_COMPARED:
            break
    return found


# --- gates -------------------------------------------------------------------


def read_all(recording: Recording, *, needs_start: bool = True) -> list[Event]:
    """The components of the message; InvalidComponent for one that can not be read."""
    message, book = recording.message, recording.case.book
    events = [
        read_component(component, book, message.resource, needs_start=needs_start)
        for component in message.components
    ]
    recording.event = events[0]
    return events


def heard(recording: Recording, events: list[Event], *, addressed: bool = True) -> Recorded | None:
    """The end of a message whose sender does not speak for the organizer, or that does not concern
    the person; None when it is heard."""
    case, head = recording.case, events[0]
    if head.organizer is None:
        return recording.ignore("sender", "no_organizer", event=head)
    standing = case.hear(head.organizer)
    if not standing.heard:
        notice = f"{case.message.uid}: another organizer than before" if standing.alarm else ""
        return recording.ignore("sender", standing.reason, event=head, notice=notice)
    if addressed:
        fault = case.addressee_fault(head)
        if fault:
            return recording.ignore("addressee", fault, event=head)
        case.passed("addressee")
    if any(case.is_ahead(event) for event in events):
        return recording.ignore("order", "dtstamp_future", event=head)
    return None


def late(recording: Recording, order: Order, event: Event) -> Recorded:
    """The end of a message that came too late, or a second time."""
    result = Result.DUPLICATE if order is Order.DUPLICATE else Result.STALE
    recording.case.trace.append(Step("order", result.value, result.value.lower()))
    recording.tell("known" if order is Order.DUPLICATE else "late")
    outcome = recording.case.close(result, result.value.lower(), event=event)
    return recording.end(outcome)


def keys_of(case: Case, events: Iterable[Event]) -> list[Instant | None]:
    """The original starts that components name, None for the whole event."""
    master, zone = case.master_event(), case.message.resource.zone
    return [
        None
        if event.recurrence_id is None
        else occurrence_key(event.recurrence_id, event.whole_day, master, zone)
        for event in events
    ]


def _name(event: Event) -> str:
    assert event.organizer is not None
    return named(event.organizer)
