"""The daily pass over one event: its endless series is laid down further (seed 000)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from horarium.booking.asked import ask
from horarium.booking.case import Case
from horarium.booking.event_state import Entry, EntryState, Stamp
from horarium.booking.freebusy import find_conflicts, held_in, occupied
from horarium.booking.laying import Entered, lay_down
from horarium.booking.outcome import EventChange, Mail, Outcome, Result
from horarium.booking.ports import Booking, Reservations
from horarium.booking.reasons import Reason
from horarium.booking.releasing import taken_back_mail, unprompted
from horarium.booking.reply import catalogue_for
from horarium.booking.resource import Resource
from horarium.booking.stored_event import hold, read_entry
from horarium.booking.trace import Step
from horarium.ical.event import Event
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.recurrence import Occurrence


def extend(
    uid: str, reservations: Reservations, resource: Resource, now: Instant
) -> Outcome | None:
    """Lays the series `uid` down to the window that ends a window's length after `now`.

    An occurrence that no longer fits is lost by the series that was accepted later, and its
    organizer is told. None when there is nothing to do.
    """
    state, head = reservations.event(uid), reservations.head(uid)
    master = state.master
    if head is None or head.endless_until is None or master is None or not master.text:
        return None
    held = hold(state, resource, {})
    asked = ask(held, resource, now, head.ends)
    until = asked.laid_until
    if until is not None and until <= head.endless_until:
        return None
    added = [o for o in asked.laid if o.start >= head.endless_until]
    lost = _lost(added, uid, head, reservations, resource)
    for occurrence in lost:
        state = state.with_entry(_given_up(occurrence, master, resource))
    case = unprompted("upkeep", uid, reservations, resource, now, state)
    change = lay_down(case, state, {}, head.capacity, _facts(head), asked)
    event = read_entry(master, resource)
    mails = tuple(_lost_mail(case, event, occurrence) for occurrence in lost)
    step = Step(
        "upkeep",
        "extended",
        evidence={
            "until": format_instant(until) if until is not None else None,
            "added": len(added) - len(lost),
            "lost": [format_instant(occurrence.original) for occurrence in lost],
        },
    )
    result = Result.LOST if lost else Result.UNCHANGED
    return Outcome(
        result, "conflict" if lost else "", uid, (step,), "UPKEEP", event.sequence,
        head.organizer, change=change, mails=mails,
        notice=f"{uid} lost {len(lost)} occurrences" if lost else "",
    )  # fmt: skip


def lay_anew(
    uid: str,
    reservations: Reservations,
    resource: Resource,
    now: Instant,
    entered: Entered | None = None,
) -> EventChange | None:
    """The change that makes the reservations of `uid` what its stored text says today: after new
    zone data, or to mend them. `entered` are the quotas it is entered in, those of before if it is
    None. None when the event holds nothing."""
    state, head = reservations.event(uid), reservations.head(uid)
    if head is None or not state.holds_time:
        return None
    entries = (_with_zone_data(entry, resource) for entry in state.entries)
    state = state.only(entries)
    case = unprompted("upkeep", uid, reservations, resource, now, state)
    change = lay_down(case, state, {}, head.capacity, _facts(head), entered=entered)
    return replace(change, unchecked=True)


def _lost(
    added: Sequence[Occurrence],
    uid: str,
    head: Booking,
    reservations: Reservations,
    resource: Resource,
) -> list[Occurrence]:
    """The added occurrences that do not fit beside what is laid down already and the rules that
    were accepted earlier; later rules lose their own when they are laid down."""
    if head.capacity is None or not added:
        return []
    spans = [occupied(o.start, o.end, resource.preferences) for o in added]
    laid = {(item.uid, item.original) for item in reservations.held(spans)}
    others = [
        item
        for item in held_in(reservations, spans, resource, without=uid)
        if (item.uid, item.original) in laid or _earlier(item.uid, uid, head, reservations)
    ]
    conflicts = find_conflicts(added, others, resource, head.capacity)
    return [conflict.occurrence for conflict in conflicts]


def _earlier(other: str, uid: str, head: Booking, reservations: Reservations) -> bool:
    theirs = reservations.head(other)
    return theirs is not None and (theirs.accepted, other) < (head.accepted, uid)


def _given_up(occurrence: Occurrence, master: Entry, resource: Resource) -> Entry:
    return Entry(
        key=occurrence.original,
        stamp=Stamp(master.stamp.sequence, master.stamp.dtstamp),
        state=EntryState.DECLINED,
        organizer=master.organizer,
        made_by=master.made_by,
        digest="",
        text=b"",
        zone_data=resource.zone_data,
    )


def _with_zone_data(entry: Entry, resource: Resource) -> Entry:
    return replace(entry, zone_data=resource.zone_data)


def _facts(head: Booking) -> tuple[str, str, str]:
    return head.organizer, head.organizer_name, head.summary


def _lost_mail(case: Case, event: Event, occurrence: Occurrence) -> Mail:
    """The REPLY that takes one occurrence of an accepted series back."""
    sentence = catalogue_for(case.message, event.organizer).text("lost")
    kind = f"lost:{occurrence.original}"
    return taken_back_mail(case, event, occurrence, Reason.CONFLICT, sentence, kind)
