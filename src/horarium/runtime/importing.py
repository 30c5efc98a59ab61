"""Imports into the store, in pieces that each leave a consistent state."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from horarium.booking.decision import capacity_of, entered_by
from horarium.booking.importing import Exported, Imported, Terms, import_event
from horarium.booking.outcome import EventChange
from horarium.kernel.errors import HorariumError, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.directory import Registered, read_directory
from horarium.runtime.questions import view_of
from horarium.runtime.settings import Settings
from horarium.runtime.surroundings import decision_keys
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction

# Events in one transaction; a booking waits for no more than these.
PIECE = 50


def import_into(
    store: Store,
    settings: Settings,
    name: str,
    events: Sequence[Exported],
    now: Instant,
    *,
    dry_run: bool,
) -> list[Imported]:
    """Takes `events` over for the resource `name`; what became of each, in order. NotFound for an
    unknown resource."""
    user, keys = store.read(lambda tx: _meant(tx, store.tenant, settings, name))
    found: list[Imported] = []
    run = store.foresee if dry_run else store.transact
    # What is foreseen must see all that came before it, and nothing of it is kept between pieces.
    size = max(len(events), 1) if dry_run else PIECE
    for at in range(0, len(events), size):
        work = partial(import_piece, user=user, events=events[at : at + size], now=now)
        found += run(keys, work)
    return found


def import_piece(
    tx: Transaction,
    user: Registered,
    events: Sequence[Exported],
    now: Instant,
    *,
    as_answered: bool = False,
) -> list[Imported]:
    """Takes `events` over inside one transaction: what became of each, in order."""
    reservations = tx.reservations(user.id, user.uri, now)
    view = view_of(tx, user, now)
    terms = Terms(capacity_of(view) or 1, entered_by(view), as_answered)
    found: list[Imported] = []
    for calendar, uid, components in events:
        try:
            item = import_event(calendar, uid, components, reservations, user.resource, now, terms)
        except HorariumError as error:
            item = Imported(uid, problem=str(error))
        if item.change is not None:
            reservations.apply(item.change, now)
            enter_change(tx, user, item.change)
        found.append(item)
    return found


def enter_change(tx: Transaction, user: Registered, change: EventChange) -> None:
    """Makes the quotas say what `change` states of them, whatever the limits; what waits for an
    approver stays charged."""
    uid = change.state.uid
    stored = tx.quotas.of_event(user.id, uid)
    charges = change.charges or ()
    if stored or charges:
        pending = [charge for charge in stored if charge.pending]
        tx.quotas.restate(user.id, uid, [*charges, *pending], change.settled)
    if change.claims or tx.quotas.claims_of_event(user.id, uid):
        tx.quotas.restate_claims(user.id, uid, change.claims or (), change.settled)


def _meant(
    tx: Transaction, tenant: str, settings: Settings, name: str
) -> tuple[Registered, list[Key]]:
    directory = read_directory(tx, settings)
    user = directory.find(name)
    if user is None:
        raise NotFound(f"there is no object {name}")
    return user, decision_keys(tenant, directory, user)
