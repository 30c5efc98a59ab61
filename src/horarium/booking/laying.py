"""The time of an event state laid down: the reservations that the store is to hold for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from horarium.booking.asked import Asked, ask
from horarium.booking.case import Case
from horarium.booking.charging import MOST_CHARGED, charges_for, claims_for, quotas_of
from horarium.booking.event_state import EntryState, EventState, Slot
from horarium.booking.freebusy import reservation
from horarium.booking.outcome import EventChange
from horarium.booking.ports import Booking
from horarium.booking.stored_event import HeldEvent, hold
from horarium.ical.event import Event
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT
from horarium.kernel.recurrence import Occurrence


@dataclass(frozen=True, slots=True)
class Entered:
    """The quotas that an event is charged to, and those in whose free/busy it is claimed."""

    charges: frozenset[str]
    claims: frozenset[str]


def lay_down(
    case: Case,
    state: EventState,
    fresh: Mapping[Slot, Event],
    capacity: int | None,
    organizer: tuple[str, str, str],
    asked: Asked | None = None,
    entered: Entered | None = None,
) -> EventChange:
    """The change that makes the store hold exactly the time of `state`, and charge it.

    `asked` is what was judged just now; without it the held time is computed anew, an earlier
    clipping kept. `entered` are the quotas it is entered in now; without them those that it was
    entered in before.
    """
    resource, uid = case.message.resource, case.message.uid
    nothing = EventChange(state, None, (), charges=(), claims=())
    if not state.holds_time:
        return nothing
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
        return nothing
    booking = Booking(
        *organizer,
        accepted=case.now if head is None else head.accepted,
        capacity=capacity if capacity is not None or head is None else head.capacity,
        endless_until=asked.laid_until,
        ends=asked.ends,
    )
    settled = case.now if asked.laid_until is not None else None
    if entered is None:
        entered = _entered_before(case)
    taken = _not_left_out(_charged(held, asked), state)
    who = organizer[0]
    return EventChange(
        state, booking, reservations, settled,
        charges=charges_for(entered.charges, who, taken, resource),
        claims=claims_for(entered.claims, who, [o for o in taken if o in asked.laid], uid)
        if entered.claims else (),
    )  # fmt: skip


def _entered_before(case: Case) -> Entered:
    uid = case.message.uid
    charged = [charge for charge in case.reservations.charges(uid) if not charge.pending]
    return Entered(quotas_of(charged), quotas_of(case.reservations.claims(uid)))


def _charged(held: HeldEvent, asked: Asked) -> tuple[Occurrence, ...]:
    """The occurrences that are charged: all of an event with an end, else those laid down."""
    if asked.laid_until is None or held.endless:
        return asked.laid
    return all_of(held) or asked.laid


def all_of(held: HeldEvent) -> tuple[Occurrence, ...] | None:
    """Every occurrence, None when there is no end to them or there are too many to be charged."""
    if held.endless:
        return None
    found, complete = held.pages(MIN_INSTANT, MAX_INSTANT, MOST_CHARGED)
    return tuple(found) if complete and len(found) <= MOST_CHARGED else None


def _not_left_out(occurrences: Sequence[Occurrence], state: EventState) -> list[Occurrence]:
    gone = {
        e.key for e in state.instances if e.state is not EntryState.BOOKED and not e.this_and_future
    }
    return [o for o in occurrences if o.original not in gone]
