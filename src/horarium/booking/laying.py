"""The time of an event state laid down: the reservations that the store is to hold for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from horarium.booking.asked import Asked, ask
from horarium.booking.case import Case
from horarium.booking.event_state import EntryState, EventState, Slot
from horarium.booking.freebusy import reservation
from horarium.booking.outcome import EventChange
from horarium.booking.ports import Booking
from horarium.booking.stored_event import hold
from horarium.ical.event import Event
from horarium.kernel.recurrence import Occurrence


def lay_down(
    case: Case,
    state: EventState,
    fresh: Mapping[Slot, Event],
    capacity: int | None,
    organizer: tuple[str, str, str],
    asked: Asked | None = None,
) -> EventChange:
    """The change that makes the store hold exactly the time of `state`.

    `asked` is what was judged just now; without it the held time is computed anew, an earlier
    clipping kept.
    """
    resource, uid = case.message.resource, case.message.uid
    if not state.holds_time:
        return EventChange(state, None, ())
    head = case.reservations.head(uid)
    held = hold(state, resource, fresh)
    if asked is None:
        asked = ask(held, resource, case.now, head.ends if head else None)
        if head is not None and head.endless_until is not None and asked.laid_until is not None:
            # Only a judged request and the daily pass lay a series down further.
            asked = replace(asked, laid_until=min(head.endless_until, asked.laid_until))
    recurring = held.series is not None and held.series.rule is not None
    recurring = recurring or len(asked.occurrences) > 1 or held.series is None
    reservations = tuple(
        reservation(uid, occurrence, resource.preferences, recurring=recurring)
        for occurrence in _not_left_out(asked.laid, state)
    )
    if not reservations and asked.laid_until is None:
        return EventChange(state, None, ())
    booking = Booking(
        *organizer,
        accepted=case.now if head is None else head.accepted,
        capacity=capacity if capacity is not None or head is None else head.capacity,
        endless_until=asked.laid_until,
        ends=asked.ends,
    )
    settled = case.now if asked.laid_until is not None else None
    return EventChange(state, booking, reservations, settled)


def _not_left_out(occurrences: tuple[Occurrence, ...], state: EventState) -> list[Occurrence]:
    gone = {
        e.key for e in state.instances if e.state is not EntryState.BOOKED and not e.this_and_future
    }
    return [o for o in occurrences if o.original not in gone]
