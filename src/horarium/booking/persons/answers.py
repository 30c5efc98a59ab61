"""What attendees send to a person who organizes: REPLY and COUNTER (RFC 5546 3.2.3, 3.2.7)."""

from __future__ import annotations

from horarium.booking.authority import judge_attendee
from horarium.booking.content import stored_text
from horarium.booking.event_state import EventState, Stamp
from horarium.booking.order import Order
from horarium.booking.outcome import Result
from horarium.booking.persons.invitations import keys_of, late, read_all
from horarium.booking.persons.notes import COUNTER, Attendance, EventNotes, Queued
from horarium.booking.persons.recording import Recorded, Recording, named, whole_event
from horarium.booking.stored_event import read_entry
from horarium.ical.event import Event
from horarium.ical.participant import Participant
from horarium.kernel.instant import Instant

# A delegation that goes on further, or in a circle, is not followed.
LONGEST_CHAIN = 3


def take_reply(recording: Recording) -> Recorded:
    """REPLY: how an attendee takes part, in the event or in one occurrence of it."""
    events = read_all(recording, needs_start=False)
    fault = organizer_fault(recording, events[0])
    if fault:
        return recording.ignore("addressee", fault, event=events[0])
    ends = [
        _merge(recording, event, key)
        for event, key in zip(events, keys_of(recording.case, events), strict=True)
    ]
    if "" not in ends:
        reason = ends[0]
        if reason in ("stale", "duplicate"):
            return late(recording, Order(reason), events[0])
        return recording.ignore("attendee", reason, event=events[0])
    recording.see(recording.case.state)
    return recording.done(event=events[0])


def take_counter(recording: Recording) -> Recorded:
    """COUNTER: another time that an attendee proposes; it waits for the person."""
    events = read_all(recording, needs_start=False)
    fault = organizer_fault(recording, events[0])
    if fault:
        return recording.ignore("addressee", fault, event=events[0])
    ends = [
        _queue(recording, event, key)
        for event, key in zip(events, keys_of(recording.case, events), strict=True)
    ]
    if "" not in ends:
        return recording.ignore("attendee", ends[0], event=events[0])
    return recording.done(event=events[0], result=Result.RECORDED)


def organizer_fault(recording: Recording, event: Event) -> str:
    """Why what an attendee says does not concern the person as an organizer; "" when it does. A
    message without ORGANIZER means the one of the stored event."""
    stored = recording.case.state.organizer
    if stored is None:
        return "unknown_event"
    named = event.organizer.address.key if event.organizer else stored
    return "" if named in recording.own and stored in recording.own else "not_organizer"


def invited(recording: Recording, key: Instant | None) -> dict[str, Participant]:
    """Who is invited to an occurrence, as the person stated it: by address key."""
    state, resource = recording.case.state, recording.message.resource
    entry = state.get((key, False)) or state.master
    if entry is None or not entry.text:
        return {}
    return {each.address.key: each for each in read_entry(entry, resource).attendees}


def is_occurrence(recording: Recording, key: Instant | None) -> bool:
    """Whether the event has an occurrence of that original start."""
    state = recording.case.state
    if key is None or state.get((key, False)) is not None:
        return True
    held = whole_event(EventState(state.uid, state.entries), recording.case)
    return held.series is not None and held.series.is_member(key)


# --- one answer --------------------------------------------------------------


def _merge(recording: Recording, event: Event, key: Instant | None) -> str:
    """Takes one answer in; the reason when it is not, "" when it is."""
    if event.recurrence_id is not None and (key is None or not is_occurrence(recording, key)):
        return "unknown_occurrence"
    speaker, reason = _speaker(recording, event)
    if speaker is None:
        return reason
    fault = _standing_fault(recording, speaker, key)
    if fault:
        if fault == "not_invited":
            recording.tell("crasher", who=speaker.address.text)
        return fault
    stamp = recording.case.stamp(event)
    order = _order(recording, speaker, key, stamp, event)
    if order is not Order.NEWER:
        return order.value
    said = speaker.partstat if speaker.partstat in _ANSWERS else "NEEDS-ACTION"
    recording.notes = recording.notes.with_answer(
        Attendance(
            key, speaker.address.key, stamp, said,
            tuple(a.key for a in speaker.delegated_from),
            tuple(a.key for a in speaker.delegated_to),
        )
    )  # fmt: skip
    recording.tell(f"answer.{said}", who=named(speaker))
    return ""


_ANSWERS = ("ACCEPTED", "TENTATIVE", "DECLINED", "DELEGATED")


def _speaker(recording: Recording, event: Event) -> tuple[Participant | None, str]:
    """The attendee who speaks, and otherwise why none of those named does."""
    voice, resource = recording.message.origin.voice, recording.message.resource
    reason = "attendee_mismatch"
    for attendee in event.attendees:
        standing = judge_attendee(voice, attendee, resource)
        if standing.heard:
            recording.case.made_by = standing.made_by
            recording.case.passed("sender", {"made_by": standing.made_by})
            return attendee, ""
        if standing.reason != "attendee_mismatch":
            reason = standing.reason
    return None, reason


def _standing_fault(recording: Recording, speaker: Participant, key: Instant | None) -> str:
    """Why the speaker has no say in the event; "" for who is invited, and for a delegate to whom
    somebody who is invited handed over."""
    guests = invited(recording, key)
    if speaker.address.key in guests:
        return ""
    notes = recording.notes
    for delegator in speaker.delegated_from:
        if speaker.address.key in _delegates(notes, guests, delegator.key):
            chain = _chain(notes, guests, delegator.key, {speaker.address.key})
            return "" if chain else "delegation_chain"
    return "not_invited"


def _delegates(notes: EventNotes, guests: dict[str, Participant], delegator: str) -> frozenset[str]:
    """To whom somebody handed over, by the invitation or by an answer of theirs."""
    found = {a.key for a in guests[delegator].delegated_to} if delegator in guests else set()
    answers = (a for a in notes.attendance if a.attendee == delegator)
    return frozenset(found.union(*(a.delegated_to for a in answers)))


def _chain(
    notes: EventNotes, guests: dict[str, Participant], delegator: str, seen: set[str]
) -> bool:
    """Whether a delegation leads back to somebody who is invited, not too far and in no circle."""
    while delegator not in seen and len(seen) < LONGEST_CHAIN:
        seen = seen | {delegator}
        if delegator in guests:
            return True
        before = [
            origin
            for a in notes.attendance
            if a.attendee == delegator
            for origin in a.delegated_from
        ]
        if not before:
            return False
        delegator = before[0]
    return False


def _order(
    recording: Recording, speaker: Participant, key: Instant | None, stamp: Stamp, event: Event
) -> Order:
    """What an answer is to the one that is kept, and to the last re-scheduling (RFC 5546 2.1.5)."""
    notes = recording.notes
    scheduled = notes.answer(recording.key, key) or notes.answer(recording.key, None)
    has_sequence = event.component.first("SEQUENCE") is not None
    if has_sequence and scheduled is not None and stamp.sequence < scheduled.stamp.sequence:
        return Order.STALE
    stored = notes.answer(speaker.address.key, key)
    if stored is None or stamp > stored.stamp:
        return Order.NEWER
    if stamp == stored.stamp:
        return Order.DUPLICATE if stored.partstat == speaker.partstat else Order.NEWER
    return Order.STALE


def _queue(recording: Recording, event: Event, key: Instant | None) -> str:
    if event.recurrence_id is not None and (key is None or not is_occurrence(recording, key)):
        return "unknown_occurrence"
    speaker, reason = _speaker(recording, event)
    if speaker is None:
        return reason
    fault = _standing_fault(recording, speaker, key)
    if fault:
        return fault
    case, who = recording.case, speaker.address.key
    stamp = case.stamp(event)
    before = [
        q for q in recording.notes.queue if (q.kind, q.key, q.attendee) == (COUNTER, key, who)
    ]
    if any(q.stamp > stamp for q in before):
        return "stale"
    text = stored_text(event, case.book, recording.message.resource.preferences)
    recording.notes = recording.notes.with_queued(Queued(key, COUNTER, who, stamp, case.now, text))
    when = ""
    if event.first is not None:
        zone = recording.message.resource.zone
        first, last = zone.to_wall(event.first.start), zone.to_wall(event.first.end)
        when = recording.catalogue.span(first, last, whole_day=event.whole_day)
    recording.tell("counter", who=named(speaker), when=when or "?")
    return ""
