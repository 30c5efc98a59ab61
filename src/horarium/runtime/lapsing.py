"""Open requests whose time is over: what becomes of them by itself."""

from __future__ import annotations

from horarium.booking.open_request import Awaits, Why, slot_text
from horarium.kernel.instant import Instant
from horarium.runtime.directory import Directory, Registered
from horarium.store.store import Transaction


def lapse(tx: Transaction, directory: Directory, now: Instant) -> None:
    """Says of each request that expired by `now` why it is to be decided again, or ends it."""
    for resource, uid, slot, awaits in tx.requests.expired(now):
        user = directory.by_id(resource)
        why = _why(awaits, user)
        if why is not None and user is not None:
            tx.requests.want(resource, uid, slot, why, now)
            continue
        tx.requests.close(resource, uid, slot, now)
        if awaits is Awaits.ORGANIZER and user is not None:
            _end_offer(tx, user, now)


def _why(awaits: Awaits, user: Registered | None) -> Why | None:
    if user is None:
        return None
    accepts = user.resource.preferences.approval_timeout_action == "accept"
    return {
        Awaits.APPROVAL: Why.APPROVED if accepts else Why.TIMEOUT,
        Awaits.TIME: Why.ENDED,
        Awaits.DELEGATE: Why.DELEGATE_DECLINED,
    }.get(awaits)


def _end_offer(tx: Transaction, user: Registered, now: Instant) -> None:
    """The offered time is free again for those who wait for it."""
    for known in tx.requests.awaiting(Awaits.TIME):
        if known.resource == user.id:
            request = known.request
            tx.requests.want(user.id, request.uid, slot_text(request.slot), Why.FREED, now)
