"""A quota compared with the events that are booked, and mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from horarium.booking.charging import quotas_of
from horarium.booking.decision import entered_by
from horarium.booking.laying import Entered
from horarium.booking.quota import Charge, Claim
from horarium.booking.upkeep import lay_anew
from horarium.kernel.instant import MIN_INSTANT, Instant
from horarium.runtime.directory import Directory, Registered, read_directory
from horarium.runtime.questions import shown, view_of
from horarium.runtime.quota_answers import find_quota
from horarium.runtime.settings import Settings
from horarium.runtime.surroundings import decision_keys, quota_names
from horarium.store.engine import Key
from horarium.store.quotas import quota_key
from horarium.store.store import Store, Transaction

# Events in one transaction; a booking waits for no more than these.
PIECE = 100


@dataclass(frozen=True, slots=True)
class EntryDifference:
    """Charges to a quota, and times in its free/busy, that are not what one event makes them."""

    resource: str
    uid: str
    missing: tuple[Charge | Claim, ...]
    surplus: tuple[Charge | Claim, ...]


@dataclass(frozen=True, slots=True)
class _Task:
    """What is compared: one quota at one resource, at an instant."""

    quota: str
    user: Registered
    now: Instant
    apply: bool


def rebuild_quota(
    store: Store, settings: Settings, name: str, now: Instant, *, apply: bool
) -> list[EntryDifference]:
    """Compares what a quota holds with the booked events of the resources that it holds anything
    of, or whose functions name it, and, with `apply`, mends it; the differences found. What has
    expired, what waits for an approver and the free/busy of the past stay as they are. NotFound
    when there is no such quota."""
    quota, directory = store.read(
        lambda tx: (find_quota(tx, settings, name), read_directory(tx, settings))
    )
    found: list[EntryDifference] = []
    for user in directory.registered:
        task = _Task(quota, user, now, apply)
        uids = store.read(partial(_uids, task))
        keys = _keys(store.tenant, directory, task)
        for at in range(0, len(uids), PIECE):
            piece = uids[at : at + PIECE]

            def work(
                tx: Transaction, task: _Task = task, piece: list[str] = piece
            ) -> list[EntryDifference]:
                return [d for uid in piece if (d := _compare(tx, task, uid))]

            found += store.transact(keys, work)
    return found


def _keys(tenant: str, directory: Directory, task: _Task) -> list[Key]:
    own = decision_keys(tenant, directory, task.user)
    return sorted({*own, quota_key(tenant, task.quota)})


def _uids(task: _Task, tx: Transaction) -> list[str]:
    uids = {uid for resource, uid in tx.quotas.events(task.quota) if resource == task.user.id}
    if task.quota in quota_names(task.user):
        uids.update(tx.upkeep.booked_uids(task.user.id))
    return sorted(uids)


def _compare(tx: Transaction, task: _Task, uid: str) -> EntryDifference | None:
    user, quota = task.user, task.quota
    reservations = tx.reservations(user.id, user.uri, task.now)
    charges, claims = tx.quotas.of_event(user.id, uid), tx.quotas.claims_of_event(user.id, uid)
    entered = _entered(tx, task, charges, claims)
    change = lay_anew(uid, reservations, user.resource, task.now, entered)
    head = reservations.head(uid)
    wanted: set[Charge | Claim] = set()
    if change is not None and head is not None and head.organizer:
        wanted.update(item for item in change.charges or () if item.quota == quota)
        wanted.update(
            replace(item, resource=user.id) for item in change.claims or () if item.quota == quota
        )
    settled = change.settled if change is not None else None
    expired = tx.quotas.mark(quota)
    marks = (expired if expired is not None else MIN_INSTANT, task.now, settled)
    wanted = {item for item in wanted if _judged(item, *marks)}
    stored: set[Charge | Claim] = {*charges, *claims}
    there = {i for i in stored if i.quota == quota and _judged(i, *marks)}
    if wanted == there:
        return None
    if task.apply:
        kept = (stored - there) | wanted
        tx.quotas.restate(user.id, uid, [i for i in kept if isinstance(i, Charge)])
        tx.quotas.restate_claims(user.id, uid, [i for i in kept if isinstance(i, Claim)])
    return EntryDifference(shown(user), uid, _ordered(wanted - there), _ordered(there - wanted))


def _entered(
    tx: Transaction, task: _Task, charges: Iterable[Charge], claims: Iterable[Claim]
) -> Entered:
    """Where the event is entered now, and where the functions enter it in this quota."""
    named = entered_by(view_of(tx, task.user, task.now))
    booked = [charge for charge in charges if not charge.pending]
    only = frozenset({task.quota})
    return Entered(
        quotas_of(booked) | (named.charges & only), quotas_of(claims) | (named.claims & only)
    )


def _judged(item: Charge | Claim, expired: Instant, now: Instant, settled: Instant | None) -> bool:
    """Whether anything still depends on it."""
    if settled is not None and item.event.end <= settled:
        return False
    if isinstance(item, Charge):
        return not item.pending and item.event.end > expired
    return item.event.end > now


def _ordered(items: Iterable[Charge | Claim]) -> tuple[Charge | Claim, ...]:
    return tuple(sorted(items, key=lambda item: (item.event.start, isinstance(item, Claim))))
