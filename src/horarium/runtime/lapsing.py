"""Open requests whose time is over: what becomes of them by itself."""

from __future__ import annotations

from dataclasses import replace

from horarium.booking.event_state import EntryState
from horarium.booking.open_request import Awaits, OpenRequest, Why, slot_text
from horarium.kernel.instant import Instant
from horarium.runtime.directory import Directory, Registered
from horarium.store.store import Transaction


def lapse(tx: Transaction, directory: Directory, now: Instant) -> None:
    """Says of each request that expired by `now` why it is to be decided again, or ends it."""
    for resource, uid, slot, awaits in tx.requests.expired(now):
        user = directory.by_id(resource)
        if awaits is Awaits.DELEGATE and user is not None:
            _lapse_delegation(tx, directory, user, uid, slot, now)
            continue
        why = _why(awaits, user)
        if why is not None and user is not None:
            tx.requests.want(resource, uid, slot, why, now)
            continue
        tx.requests.close(resource, uid, slot, now)
        if awaits is Awaits.ORGANIZER and user is not None:
            _end_offer(tx, user, now)


def _lapse_delegation(
    tx: Transaction, directory: Directory, user: Registered, uid: str, slot: str, now: Instant
) -> None:
    """One that was asked to stand in and said nothing counts as one that declined; but if only its
    answer was lost, what it decided stands."""
    for request in tx.reservations(user.id, user.uri, now).open_requests(uid):
        if slot_text(request.slot) != slot:
            continue
        if not _attends(tx, directory, request, now):
            tx.requests.want(user.id, uid, slot, Why.DELEGATE_DECLINED, now)
            continue
        tx.requests.put(user.id, "", replace(request, stands=True, expires=None), None, now)
        if user.resource.preferences.delegation_reply == "accept_as_asked":
            tx.requests.want(user.id, uid, slot, Why.DELEGATE_ACCEPTED, now)


def _attends(tx: Transaction, directory: Directory, request: OpenRequest, now: Instant) -> bool:
    """Whether the one that stands in has booked what it was asked for."""
    member = directory.find(request.stand_in)
    if member is None:
        return False
    entry = tx.reservations(member.id, member.uri, now).event(request.uid).get(request.slot)
    return entry is not None and entry.state is EntryState.BOOKED and entry.stamp >= request.stamp


def _why(awaits: Awaits, user: Registered | None) -> Why | None:
    if user is None:
        return None
    accepts = user.resource.preferences.approval_timeout_action == "accept"
    return {
        Awaits.APPROVAL: Why.APPROVED if accepts else Why.TIMEOUT,
        Awaits.TIME: Why.ENDED,
    }.get(awaits)


def _end_offer(tx: Transaction, user: Registered, now: Instant) -> None:
    """The offered time is free again for those who wait for it."""
    for known in tx.requests.awaiting(Awaits.TIME):
        if known.resource == user.id:
            request = known.request
            tx.requests.want(user.id, request.uid, slot_text(request.slot), Why.FREED, now)
