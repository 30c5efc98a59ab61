"""What a decision on a booking tells the directives that wait for it."""

from __future__ import annotations

from horarium.booking.outcome import EventChange, Outcome, Result
from horarium.booking.ports import Reservation, Reservations
from horarium.kernel.instant import Instant
from horarium.store.store import Transaction

ACCEPTED, CANCELLED = "booking.accepted", "booking.cancelled"
# What else is decided says again what was known, or answers a question.
_MOVING = frozenset({Result.ACCEPTED, Result.PARTLY, Result.DECLINED, Result.CANCELLED})


def signal_change(
    tx: Transaction, outcome: Outcome, reservations: Reservations, now: Instant
) -> str | None:
    """Gives the signal of a change that is about to be stored, in the transaction that stores it.

    `booking.accepted` when it holds time that was not held before (a booking that moves is one),
    `booking.cancelled` when it only gives time up. None, and no signal, when the time held stays
    as it is, whatever else of the event was changed.
    """
    if outcome.change is None or outcome.result not in _MOVING:
        return None
    name = _meaning(outcome.change, reservations.of_event(outcome.uid))
    if name is not None:
        tx.timers.give_signal(name, now)
    return name


def _meaning(change: EventChange, stored: list[Reservation]) -> str | None:
    before = {(item.original, item.event) for item in stored}
    after = {(item.original, item.event) for item in change.reservations}
    if after - before:
        return ACCEPTED
    settled = change.settled
    # What lies before that is history, which is not stated anew and is kept.
    freed = any(settled is None or event.end > settled for _, event in before - after)
    return CANCELLED if freed else None
