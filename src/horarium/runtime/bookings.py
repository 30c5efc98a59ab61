"""What commands show of bookings: events, their occurrences, their decisions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from horarium.booking.event_state import Entry
from horarium.booking.freebusy import held_in
from horarium.booking.ports import Booking, Reservation
from horarium.booking.upkeep import lay_anew
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.directory import Registered, read_directory
from horarium.runtime.questions import find_object, shown
from horarium.runtime.settings import Settings
from horarium.store.bookings import write_key
from horarium.store.decisions import DecisionRecord
from horarium.store.store import Store, Transaction

# Events read in one go when all of them are walked.
PAGE = 200


@dataclass(frozen=True, slots=True)
class BookedEvent:
    """One event at one resource: its head, its entries, and the reservations laid down."""

    resource: str
    uid: str
    head: Booking | None
    entries: tuple[Entry, ...]
    reservations: tuple[Reservation, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Reservations of one event that are not what its stored text says."""

    resource: str
    uid: str
    missing: tuple[Reservation, ...]
    surplus: tuple[Reservation, ...]


def list_events(
    store: Store, settings: Settings, name: str | None, now: Instant
) -> list[BookedEvent]:
    """The events that hold time, of one resource or of all."""

    def work(tx: Transaction) -> list[BookedEvent]:
        return [
            _event(tx, user, uid, now)
            for user in _users(tx, settings, name)
            for uid in tx.upkeep.booked_uids(user.id)
        ]

    return store.read(work)


def find_event(store: Store, settings: Settings, uid: str, now: Instant) -> list[BookedEvent]:
    """What every resource knows of `uid`; NotFound when none does."""

    def work(tx: Transaction) -> list[BookedEvent]:
        found = [_event(tx, user, uid, now) for user in _users(tx, settings, None)]
        return [event for event in found if event.entries]

    events = store.read(work)
    if not events:
        raise NotFound(f"no resource knows the event {uid}")
    return events


def decisions_on(store: Store, uid: str) -> list[DecisionRecord]:
    """Every decision on `uid`, the first first; NotFound when there is none."""
    records = store.read(lambda tx: tx.decisions.of_event(uid))
    if not records:
        raise NotFound(f"there is no decision on {uid}")
    return records


def last_decisions(
    store: Store, settings: Settings, name: str | None, many: int
) -> list[DecisionRecord]:
    """The newest decisions of a calendar user, or of all, the newest first."""

    def work(tx: Transaction) -> list[DecisionRecord]:
        if name is None:
            return tx.decisions.last(many)
        return tx.decisions.last_of(find_object(tx, settings, name).id, many)

    return store.read(work)


def busy_of(
    store: Store, settings: Settings, name: str, within: Period, now: Instant
) -> tuple[str, list[Reservation]]:
    """The id of a resource and its reservations in a period, rules beyond the window included."""

    def work(tx: Transaction) -> tuple[str, list[Reservation]]:
        user = find_object(tx, settings, name)
        found = held_in(tx.reservations(user.id, user.uri, now), [within], user.resource)
        inside = [item for item in found if item.event.overlaps(within)]
        return shown(user), sorted(inside, key=lambda item: (item.event.start, item.uid))

    return store.read(work)


def rebuild(
    store: Store, settings: Settings, name: str | None, now: Instant, *, apply: bool
) -> list[Difference]:
    """Compares the reservations of a resource, or of all, with its stored events and, with
    `apply`, mends them; the differences found."""
    users = store.read(lambda tx: _users(tx, settings, name))
    found: list[Difference] = []
    for user in users:
        uids = store.read(partial(_uids, user))
        for at in range(0, len(uids), PAGE):
            piece = uids[at : at + PAGE]

            def work(
                tx: Transaction, user: Registered = user, piece: list[str] = piece
            ) -> list[Difference]:
                return [d for uid in piece if (d := _compare(tx, user, uid, now, apply))]

            found += store.transact([write_key(store.tenant, user.uri)], work)
    return found


def _uids(user: Registered, tx: Transaction) -> list[str]:
    return tx.upkeep.booked_uids(user.id)


def _compare(
    tx: Transaction, user: Registered, uid: str, now: Instant, apply: bool
) -> Difference | None:
    reservations = tx.reservations(user.id, user.uri, now)
    change = lay_anew(uid, reservations, user.resource, now)
    if change is None:
        return None
    laid = {_comparable(item): item for item in reservations.of_event(uid)}
    wanted = {_comparable(item): item for item in change.reservations}
    settled = change.settled
    surplus = [
        item
        for key, item in laid.items()
        if key not in wanted and (settled is None or item.event.end > settled)
    ]
    missing = [item for key, item in wanted.items() if key not in laid]
    if not missing and not surplus:
        return None
    if apply:
        reservations.apply(change, now)
    return Difference(shown(user), uid, tuple(missing), tuple(surplus))


def _comparable(item: Reservation) -> tuple[Instant, Period, Period]:
    return item.original, item.occupied, item.event


def _users(tx: Transaction, settings: Settings, name: str | None) -> list[Registered]:
    if name is not None:
        return [find_object(tx, settings, name)]
    return list(read_directory(tx, settings).users)


def _event(tx: Transaction, user: Registered, uid: str, now: Instant) -> BookedEvent:
    reservations = tx.reservations(user.id, user.uri, now)
    return BookedEvent(
        shown(user),
        uid,
        reservations.head(uid),
        reservations.event(uid).entries,
        tuple(reservations.of_event(uid)),
    )


__all__ = [
    "BookedEvent",
    "DecisionRecord",
    "Difference",
    "busy_of",
    "decisions_on",
    "find_event",
    "last_decisions",
    "list_events",
    "rebuild",
]
