"""Time that is given back without the organizer having asked: withdrawn, or not claimed on the
spot; and the mail that takes an accepted occurrence back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from horarium.booking.authority import Voice
from horarium.booking.case import Case
from horarium.booking.event_state import Entry, EntryState, EventState
from horarium.booking.laying import lay_down
from horarium.booking.message import EventMessage, Origin
from horarium.booking.outcome import Mail, Outcome, Result
from horarium.booking.ports import Reservations
from horarium.booking.reasons import STATUS, Reason
from horarium.booking.reply import Answer, catalogue_for, reply_mail, titled
from horarium.booking.request import NOWHERE
from horarium.booking.resource import Resource
from horarium.booking.single import single_occurrence
from horarium.booking.stored_event import read_entry
from horarium.booking.trace import Step
from horarium.booking.wording import Wording
from horarium.ical.component import Component
from horarium.ical.event import Event
from horarium.ical.tzid import ZoneBook
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.recurrence import Occurrence, Source


def unprompted(
    why: str, uid: str, reservations: Reservations, resource: Resource, now: Instant,
    state: EventState | None = None,
) -> Case:  # fmt: skip
    """A case that no mail began; `why` and the instant name its decision."""
    calendar = Component("VCALENDAR")
    origin = Origin(f"{why}:{resource.address.key}:{uid}:{now}", Voice(None, None))
    message = EventMessage(why.upper(), uid, (), calendar, origin, resource, now)
    book = ZoneBook(calendar, resource.zone)
    known = reservations.event(uid) if state is None else state
    return Case(message, reservations, book, known, NOWHERE)


def release(
    uid: str,
    reservations: Reservations,
    resource: Resource,
    now: Instant,
    reason: Reason,
    *,
    originals: Collection[Instant] | None = None,
    comment: str = "",
    tell: bool = True,
) -> Outcome | None:
    """Gives back the occurrences of `uid` that are named by their original starts, or all that is
    still to come of it, and tells the organizer if `tell`. None when it holds none of that."""
    held = [item for item in reservations.of_event(uid) if item.event.end > now]
    gone = [item for item in held if originals is None or item.original in originals]
    head, state = reservations.head(uid), reservations.event(uid)
    if head is None or not gone:
        return None
    case = unprompted(reason.value, uid, reservations, resource, now, state)
    whole = originals is None
    entries = (_ended(entry) for entry in state.entries) if whole else iter(state.entries)
    state = state.only(entries)
    if not whole:
        for item in gone:
            state = state.with_entry(_given_up(item.original, state, resource))
    facts = (head.organizer, head.organizer_name, head.summary)
    change = lay_down(case, state, {}, head.capacity, facts)
    event = _event_of(case.state, resource)
    starts = [format_instant(item.event.start) for item in gone]
    step = Step(reason.value, Result.LOST.value, reason.value, {"occurrences": starts[:10]})
    mails: tuple[Mail, ...] = ()
    if tell and event is not None:
        given = [_occurrence(item.original, item.event.start, item.event.end) for item in gone]
        single = event.series is None or event.rule is None
        mails = _mails(case, event, given, reason, comment, alone=whole and single)
    return Outcome(
        Result.LOST, reason.value, uid, (step,), case.message.method,
        event.sequence if event is not None else 0, head.organizer, change=change, mails=mails,
        provisional=() if whole else None, whole_settled=whole,
    )  # fmt: skip


def taken_back_mail(
    case: Case,
    event: Event,
    occurrence: Occurrence | None,
    reason: Reason,
    sentence: str,
    kind: str,
) -> Mail:
    """The REPLY that takes an acceptance back: of one occurrence, or (None) of the event."""
    assert event.organizer is not None
    organizer, message, resource = event.organizer, case.message, case.message.resource
    said = event if occurrence is None else single_occurrence(event, occurrence)
    catalogue = catalogue_for(message, organizer)
    wording = Wording(catalogue, resource, organizer, said)
    first = said.first
    times = [] if first is None else [_occurrence(first.start, first.start, first.end)]
    text = f"{wording.declined(times)}\n{sentence}\n"
    answer = Answer(said, "DECLINED", (STATUS[reason],), sentence)
    subject = titled(catalogue, "DECLINED", event.summary)
    return reply_mail(message, organizer, [answer], case.book, subject, text, kind=kind)


def _mails(
    case: Case, event: Event, gone: list[Occurrence], reason: Reason, comment: str, *, alone: bool
) -> tuple[Mail, ...]:
    assert event.organizer is not None
    catalogue = catalogue_for(case.message, event.organizer)
    sentence = " ".join((catalogue.text(f"reason.{reason.value}"), comment)).strip()
    if alone or (not event.endless and case.message.method == "WITHDRAWN"):
        return (taken_back_mail(case, event, None, reason, sentence, "reply"),)
    return tuple(
        taken_back_mail(case, event, o, reason, sentence, f"reply:{o.original}") for o in gone[:100]
    )


def _ended(entry: Entry) -> Entry:
    booked = entry.state is EntryState.BOOKED
    return replace(entry, state=EntryState.DECLINED) if booked else entry


def _given_up(original: Instant, state: EventState, resource: Resource) -> Entry:
    master = state.master or state.entries[0]
    return Entry(
        key=original, stamp=master.stamp, state=EntryState.DECLINED, organizer=master.organizer,
        made_by=master.made_by, digest="", text=b"", zone_data=resource.zone_data,
    )  # fmt: skip


def _event_of(state: EventState, resource: Resource) -> Event | None:
    entry = next((e for e in (state.master, *state.instances) if e is not None and e.text), None)
    return read_entry(entry, resource) if entry is not None else None


def _occurrence(original: Instant, start: Instant, end: Instant) -> Occurrence:
    return Occurrence(original, start, end, Source.DTSTART)
