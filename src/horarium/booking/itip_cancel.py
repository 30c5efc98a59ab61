"""CANCEL: occurrences, or the whole event, are given up; nothing is answered (RFC 5546 3.2.5)."""

from __future__ import annotations

from horarium.booking.case import Case, Following
from horarium.booking.event_state import Entry, EntryState, EventState, Stamp
from horarium.booking.laying import lay_down
from horarium.booking.open_request import slot_text
from horarium.booking.order import Order, order_cancel, survivors, without_followers
from horarium.booking.outcome import Elsewhere, Outcome, Result
from horarium.booking.stored_event import occurrence_key, read_component
from horarium.booking.trace import Step
from horarium.ical.event import Event, InvalidComponent
from horarium.kernel.instant import Instant


def handle_cancel(case: Case) -> Outcome:
    """Cancels what the message names, whatever policy says now; an unknown event leaves a
    tombstone, because its request may still be on the way."""
    resource = case.message.resource
    try:
        events = [
            read_component(component, case.book, resource, needs_start=False)
            for component in case.message.components
        ]
    except InvalidComponent as error:
        return case.ignore("validity", f"invalid_{error.prop.lower()}", hold=True)
    head = events[0]
    if head.organizer is None:
        return case.ignore("sender", "no_organizer", event=head, hold=True)
    standing = case.hear(head.organizer)
    if not standing.heard:
        notice = f"{case.message.uid}: another organizer than before" if standing.alarm else ""
        return case.ignore("sender", standing.reason, event=head, hold=True, notice=notice)
    fault = case.addressee_fault(head, needed=False)
    if fault and not case.message.passed_on:
        return case.ignore("addressee", fault, event=head)
    if any(case.is_ahead(event) for event in events):
        return case.ignore("order", "dtstamp_future", event=head)
    return cancel_components(case, events)


def cancel_components(case: Case, events: list[Event]) -> Outcome:
    """Cancels what the components name, as far as the message is not late."""
    state = case.state
    orders: list[Order] = []
    for event in sorted(events, key=lambda e: e.recurrence_id is not None):
        key, named = _key(case, event)
        if not named:
            return case.ignore("order", "unknown_occurrence", event=event)
        has_sequence = event.component.first("SEQUENCE") is not None
        stamp = case.stamp(event)
        future = event.recurrence_id is not None and event.recurrence_id.this_and_future
        order = order_cancel(state, (key, future), stamp, has_sequence=has_sequence)
        orders.append(order)
        if order is Order.NEWER:
            state = _cancelled(case, state, event, key, _settled(state, stamp, has_sequence))
    if Order.NEWER not in orders:
        result = Result.STALE if Order.STALE in orders else Result.DUPLICATE
        case.trace.append(Step("order", result.value, result.value.lower()))
        return case.close(result, result.value.lower(), event=events[0])
    case.trace.append(Step("commit", Result.CANCELLED.value))
    head = case.reservations.head(case.message.uid)
    facts = (head.organizer, head.organizer_name, head.summary) if head else ("", "", "")
    change = lay_down(case, state, {}, None, facts)
    keys = [_key(case, event)[0] for event in events]
    follow = _following(case, frozenset(keys), None in keys)
    return case.close(
        Result.CANCELLED, "", event=events[0], change=change, key=keys[0], follow=follow
    )


def _following(case: Case, keys: frozenset[Instant | None], whole: bool) -> Following:
    """The end of what was open or held for what is cancelled, also where another stands in."""
    uid = case.message.uid
    held = case.reservations.provisional(uid)
    charges = [charge for charge in case.reservations.charges(uid) if charge.pending]
    before = case.delegated
    elsewhere = (Elsewhere(before.stand_in, pass_on=True),) if before is not None else ()
    return Following(
        settled=frozenset(slot_text((key, False)) for key in keys),
        whole=whole,
        elsewhere=elsewhere,
        provisional=()
        if whole
        else tuple(item for item in held if item.reservation.original not in keys),
        pending=() if whole else tuple(c for c in charges if c.original not in keys),
    )


def _key(case: Case, event: Event) -> tuple[Instant | None, bool]:
    """The key a component names; False beside it when it names no single occurrence."""
    which = event.recurrence_id
    if which is None:
        return None, True
    zone = case.message.resource.zone
    key = occurrence_key(which, event.whole_day, case.master_event(), zone)
    return key, key is not None


def _settled(state: EventState, stamp: Stamp, has_sequence: bool) -> Stamp:
    """The stamp of the tombstone. One without SEQUENCE, heard for its later DTSTAMP alone, counts
    as of the sequence it ended."""
    if has_sequence:
        return stamp
    known = max((entry.stamp.sequence for entry in state.entries), default=0)
    return Stamp(max(known, stamp.sequence), stamp.dtstamp)


def _cancelled(
    case: Case, state: EventState, event: Event, key: Instant | None, stamp: Stamp
) -> EventState:
    assert event.organizer is not None
    future = event.recurrence_id is not None and event.recurrence_id.this_and_future
    tombstone = Entry(
        key=key,
        stamp=stamp,
        state=EntryState.CANCELLED,
        organizer=event.organizer.address.key,
        made_by=case.made_by,
        digest="",
        text=b"",
        zone_data=case.message.resource.zone_data,
        this_and_future=future,
    )
    if key is None:
        return EventState(state.uid, (tombstone, *survivors(state, stamp, cancelled=True)))
    return EventState(state.uid, without_followers(state.with_entry(tombstone).entries))
