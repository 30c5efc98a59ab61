"""What commands show of persons' time: their own by its kind, and what they know of others'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from horarium.booking.authority import Voice
from horarium.booking.message import EventMessage, Origin
from horarium.booking.persons.known import STATED, Known, KnownChange, see_event
from horarium.booking.persons.recording import Recording
from horarium.booking.ports import Holding, Reservation
from horarium.ical.component import Component
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.directory import Registered
from horarium.runtime.questions import find_object, shown
from horarium.runtime.settings import Settings
from horarium.store.bookings import ResourceReservations, write_key
from horarium.store.persons import PersonRepository
from horarium.store.store import Store, Transaction

DAY = 86_400
# Events read in one transaction.
PAGE = 200


@dataclass(frozen=True, slots=True)
class OtherDifference:
    """What is known of a party from events, where it is not what the stored events show."""

    party: str
    missing: tuple[Known, ...]
    surplus: tuple[Known, ...]


def kinds_of(
    store: Store, settings: Settings, name: str, held: Sequence[Reservation]
) -> Callable[[Reservation], str]:
    """How each of the reservations of a calendar user is shown: BUSY, or BUSY-TENTATIVE where a
    person takes part perhaps, and where a resource is held without being booked."""

    def work(tx: Transaction) -> dict[tuple[str, Instant | None], str]:
        user = find_object(tx, settings, name)
        if not user.is_person:
            return {}
        uids = sorted({item.uid for item in held})
        return tx.person(user.id).partstats(user.resource.address.key, uids)

    said = store.read(work)

    def kind(item: Reservation) -> str:
        if item.holding is not Holding.BOOKED:
            return "BUSY-TENTATIVE"
        answer = said.get((item.uid, item.original)) or said.get((item.uid, None))
        return "BUSY-TENTATIVE" if answer == "TENTATIVE" else "BUSY"

    return kind


def others_of(
    store: Store, settings: Settings, name: str, within: Period
) -> tuple[str, list[Known]]:
    """The id of a calendar user, and what it knows of others' time in a stretch."""

    def work(tx: Transaction) -> tuple[str, list[Known]]:
        user = find_object(tx, settings, name)
        rows = tx.person(user.id).known_of_all()
        found = [r for r in rows if r.kind != STATED and r.period.overlaps(within)]
        return shown(user), sorted(found, key=lambda r: (r.period.start, r.party, r.kind))

    return store.read(work)


def rebuild_others(
    store: Store, settings: Settings, name: str, now: Instant, *, apply: bool
) -> list[OtherDifference]:
    """Compares what a calendar user knows of others from events with the events that are stored,
    from a day ago to the end of the window, and with `apply` mends it. What others stated
    themselves stays: only they can say it anew."""
    user = store.read(lambda tx: find_object(tx, settings, name))
    missing: set[Known] = set()
    surplus: set[Known] = set()
    after = ""
    while True:
        piece = partial(_piece, user, now, after, apply)
        uids, changes = store.transact([write_key(store.tenant, user.uri)], piece)
        for change in changes:
            missing |= set(change.come)
            surplus |= {row for row in change.gone if row.period.end > now - DAY}
        if len(uids) < PAGE:
            break
        after = uids[-1]
    parties = sorted({row.party for row in missing | surplus})
    return [
        OtherDifference(
            party,
            tuple(sorted(row for row in missing if row.party == party)),
            tuple(sorted(row for row in surplus if row.party == party)),
        )
        for party in parties
    ]


def _piece(
    user: Registered, now: Instant, after: str, apply: bool, tx: Transaction
) -> tuple[list[str], list[KnownChange]]:
    """What is to be mended for one page of events, the first page with those no longer stored."""
    memory = tx.person(user.id)
    rows = memory.known_of_all()
    uids = memory.events(after, PAGE)
    end = uids[-1] if len(uids) == PAGE else None
    within = {r.uid for r in rows if r.uid > after and (end is None or r.uid <= end)}
    changes = []
    for uid in sorted(within | set(uids)):
        changes += _mended(tx, user, uid, [r for r in rows if r.uid in ("", uid)], now)
    if apply:
        for change in changes:
            memory.change_known(change)
    return uids, changes


def _mended(
    tx: Transaction, user: Registered, uid: str, rows: list[Known], now: Instant
) -> list[KnownChange]:
    reservations, memory = tx.reservations(user.id, user.uri, now), tx.person(user.id)
    recording = _recording(uid, user, reservations, memory, now)
    state = recording.case.state
    seen = recording.seen(state)
    parties = {r.party for r in rows if r.uid} | set(seen)
    found = []
    for party in sorted(parties):
        own = [r for r in rows if r.party == party]
        stated = recording.said(state, party)
        change = see_event(own, party, uid, seen.get(party, ()), stated)
        if change is not None:
            found.append(change)
    return found


def _recording(
    uid: str,
    user: Registered,
    reservations: ResourceReservations,
    memory: PersonRepository,
    now: Instant,
) -> Recording:
    """A recording that no mail began."""
    calendar = Component("VCALENDAR")
    origin = Origin(f"rebuild:{user.uri}:{uid}:{now}", Voice(None, None))
    message = EventMessage(
        "UPKEEP", uid, (Component("VEVENT"),), calendar, origin, user.resource, now
    )
    return Recording.open(message, reservations, memory)
