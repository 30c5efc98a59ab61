"""The copy of what a person sends: it tells the records what the person decided.

Nothing is sent and nobody is told. Only what the person may say counts: as the organizer of the
event, or as one of its attendees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from horarium.booking.content import content_digest, stored_text
from horarium.booking.event_state import Entry, EntryState, EventState, Stamp
from horarium.booking.itip_cancel import cancel_components
from horarium.booking.message import EventMessage
from horarium.booking.order import Order
from horarium.booking.outcome import EventChange, Result
from horarium.booking.persons.answers import invited, is_occurrence
from horarium.booking.persons.incoming import guarded
from horarium.booking.persons.invitations import keys_of, late, read_all
from horarium.booking.persons.notes import COUNTER, REQUEST, Attendance, Offer
from horarium.booking.persons.ports import PersonMemory
from horarium.booking.persons.recording import TAKES_TIME, Recorded, Recording, takes_time
from horarium.booking.persons.stating import Component, state_event
from horarium.booking.ports import Reservations
from horarium.booking.reply import own_attendee
from horarium.booking.single import single_occurrence
from horarium.booking.stored_event import read_entry
from horarium.ical.component import Component as Calendar
from horarium.ical.component import parse, serialize
from horarium.ical.event import Event
from horarium.ical.tzid import ZoneBook
from horarium.kernel.instant import Instant

# Methods in which the organizer speaks; in the others an attendee does.
ORGANIZERS = frozenset({"REQUEST", "PUBLISH", "ADD", "CANCEL", "DECLINECOUNTER"})


def take_outgoing(
    message: EventMessage, reservations: Reservations, memory: PersonMemory
) -> Recorded:
    """What the copy of a person's own message changes in the person's records. Pure."""
    recording = Recording.open(message, reservations, memory)
    handler = _HANDLERS.get(message.method)
    if handler is None or message.components[0].name == "VFREEBUSY":
        return recording.ignore("method", f"outgoing_{message.method.lower()[:40]}")
    return guarded(recording, lambda it: _spoken(it, handler))


def _spoken(
    recording: Recording, handler: Callable[[Recording, list[Event]], Recorded]
) -> Recorded:
    """Runs a handler if the message is the person's to send."""
    events = read_all(recording, needs_start=recording.message.method in ("REQUEST", "PUBLISH"))
    head, stored = events[0], recording.case.state.organizer
    if recording.message.method in ORGANIZERS:
        speaks = head.organizer is not None and head.organizer.address.key in recording.own
        if not speaks:
            return recording.ignore("sender", "organizer_mismatch", event=head)
        if stored not in (None, "", *recording.own):
            return recording.ignore("sender", "organizer_changed", event=head)
    elif own_attendee(recording.message, head) is None:
        return recording.ignore("sender", "attendee_mismatch", event=head)
    recording.case.made_by = recording.key
    recording.case.passed("sender", {"made_by": recording.key})
    return handler(recording, events)


def _state(recording: Recording, events: list[Event]) -> Recorded:
    """REQUEST, PUBLISH and ADD: the event is the person's own, and so is its time."""
    added = recording.message.method == "ADD"
    stated = state_event(recording, events, _takes_part(recording), added=added)
    if not stated.news:
        return late(recording, stated.order, events[0])
    for item in stated.news:
        if item.cancelled:
            recording.notes = recording.notes.cancelled([item.key])
        elif not item.same_times or recording.notes.answer(recording.key, item.key) is None:
            recording.notes = recording.notes.with_answer(_scheduled(recording, item))
    recording.see(stated.state)
    return recording.done(event=events[0], change=recording.laid(stated.state, events[0]))


def _takes_part(recording: Recording) -> Callable[[Component, Entry | None], bool]:
    def takes_part(item: Component, _stored: Entry | None) -> bool:
        own = own_attendee(recording.message, item.event)
        return own is None or own.partstat != "DECLINED"

    return takes_part


def _scheduled(recording: Recording, item: Component) -> Attendance:
    """How the organizer takes part; its stamp is the one below which answers are late."""
    own = own_attendee(recording.message, item.event)
    said = own.partstat if own is not None and own.partstat in ("DECLINED", "TENTATIVE") else ""
    return Attendance(item.key, recording.key, item.stamp, said or "ACCEPTED")


# --- CANCEL ------------------------------------------------------------------


def _cancel(recording: Recording, events: list[Event]) -> Recorded:
    """CANCEL of everybody ends the event; of some it takes them off its list."""
    case = recording.case
    gone = {a.address.key for event in events for a in event.attendees} - recording.own
    guests = {k for e in case.state.entries for k in invited(recording, e.key)} - recording.own
    if gone and guests - gone:
        return _uninvite(recording, events, gone)
    keys = keys_of(case, events)
    outcome = cancel_components(case, events)
    if outcome.result is Result.CANCELLED:
        if outcome.change is not None:
            recording.see(outcome.change.state)
        recording.notes = recording.notes.cancelled(keys)
    return recording.end(outcome)


def _uninvite(recording: Recording, events: list[Event], gone: set[str]) -> Recorded:
    case = recording.case
    keys = set(keys_of(case, events))
    state = case.state
    if all(case.stamp(event) < e.stamp for event in events for e in state.entries if e.text):
        return late(recording, Order.STALE, events[0])
    for entry in state.entries:
        if entry.text and (None in keys or entry.key in keys):
            stamp = max(case.stamp(event) for event in events)
            state = state.with_entry(_without(entry, gone, stamp, recording))
    if None in keys:
        recording.notes = recording.notes.without_answers(gone)
    change = EventChange(
        state, case.reservations.head(state.uid), tuple(case.reservations.of_event(state.uid))
    )
    return recording.done(event=events[0], change=change)


def _without(entry: Entry, gone: set[str], stamp: Stamp, recording: Recording) -> Entry:
    """A stored component without some of its attendees."""
    resource = recording.message.resource
    event = read_entry(entry, resource)
    leaving = {a.line for a in event.attendees if a.address.key in gone}
    calendar = parse(entry.text)[0]
    component = calendar.children("VEVENT")[0]
    kept = [line for line in component.properties if line not in leaving]
    rest = [c for c in calendar.components if c is not component]
    fresh = Calendar("VEVENT", kept, component.components)
    text = serialize(Calendar("VCALENDAR", calendar.properties, [*rest, fresh]))
    changed = replace(entry, text=text, stamp=max(entry.stamp, stamp))
    return replace(changed, digest=content_digest(read_entry(changed, resource)))


def _decline_counter(recording: Recording, events: list[Event]) -> Recorded:
    """DECLINECOUNTER: what attendees proposed waits no more; of those named, or of all."""
    named = {a.address.key for event in events for a in event.attendees} - recording.own
    kept = tuple(
        q for q in recording.notes.queue if q.kind != COUNTER or (named and q.attendee not in named)
    )
    recording.notes = replace(recording.notes, queue=kept)
    return recording.done(event=events[0])


# --- as an attendee ----------------------------------------------------------


def _reply(recording: Recording, events: list[Event]) -> Recorded:
    """REPLY: how the person takes part; only then is the time of the event the person's own."""
    case = recording.case
    state = case.state
    if not any(entry.text for entry in state.entries):
        return recording.ignore("event", "unknown_event", event=events[0])
    taken = False
    for event, key in zip(events, keys_of(case, events), strict=True):
        own = own_attendee(recording.message, event)
        if own is None or (event.recurrence_id is not None and key is None):
            continue
        if not is_occurrence(recording, key) or _is_late(state, event, key):
            continue
        state = _answered(recording, state, key, own.partstat)
        delegated = tuple(a.key for a in own.delegated_to)
        answer = Attendance(key, recording.key, case.stamp(event), own.partstat, (), delegated)
        recording.notes = recording.notes.with_answer(answer).dequeued(REQUEST, key)
        taken = True
    if not taken:
        return late(recording, Order.STALE, events[0])
    stated = read_entry(next(e for e in state.entries if e.text), case.message.resource)
    return recording.done(event=events[0], change=recording.laid(state, stated))


def _is_late(state: EventState, event: Event, key: Instant | None) -> bool:
    """Whether an answer is to an earlier version; its DTSTAMP says nothing, since some programs
    erase the time in it."""
    if event.component.first("SEQUENCE") is None:
        return False
    stored = state.get((key, False)) or state.master
    return stored is not None and event.sequence < stored.stamp.sequence


def _answered(
    recording: Recording, state: EventState, key: Instant | None, partstat: str
) -> EventState:
    """The state in which the time of the event, or of one occurrence, is taken or given up."""
    resource = recording.message.resource
    stored = state.get((key, False))
    if stored is not None and stored.state is EntryState.CANCELLED:
        return state
    if stored is None or not stored.text:
        assert key is not None
        if state.master is None or not state.master.text:
            return state
        stored = _occurrence_entry(recording, state.master, key)
        if stored is None:
            return state
    event = read_entry(stored, resource)
    holds = partstat in TAKES_TIME and takes_time(event, recording.case)
    entry = replace(stored, state=EntryState.BOOKED if holds else EntryState.DECLINED)
    if stored.state is EntryState.DORMANT:
        return state
    return state if entry == stored else state.with_entry(entry)


def _occurrence_entry(recording: Recording, master: Entry, key: Instant) -> Entry | None:
    """One occurrence of a series as an entry of its own, for the person's own answer to it."""
    resource = recording.message.resource
    event = read_entry(master, resource)
    assert event.series is not None
    found = [o for o in event.series.query(key, Instant(key + 1)).members if o.original == key]
    if not found:
        return None
    single = single_occurrence(event, found[0])
    book = ZoneBook(Calendar("VCALENDAR"), resource.zone)
    text = stored_text(single, book, resource.preferences)
    return replace(master, key=key, made_by=recording.key, digest="", text=text)


def _counter(recording: Recording, events: list[Event]) -> Recorded:
    """COUNTER: the proposed times are held for as long as the person's offers last."""
    case = recording.case
    life = case.message.resource.preferences.freebusy_offers
    if case.state.organizer is None:
        return recording.ignore("event", "unknown_event", event=events[0])
    offers = [o for o in recording.notes.offers if o.expires > case.now]
    for event, key in zip(events, keys_of(case, events), strict=True):
        if life is not None and event.first is not None:
            offers = [o for o in offers if o.key != key]
            offers.append(Offer(key, event.first, Instant(case.now + life)))
    recording.notes = replace(recording.notes, offers=tuple(offers))
    return recording.done(event=events[0])


_HANDLERS: dict[str, Callable[[Recording, list[Event]], Recorded]] = {
    "REQUEST": _state,
    "PUBLISH": _state,
    "ADD": _state,
    "CANCEL": _cancel,
    "DECLINECOUNTER": _decline_counter,
    "REPLY": _reply,
    "COUNTER": _counter,
}
