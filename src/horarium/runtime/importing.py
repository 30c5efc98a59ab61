"""Imports into the store, in pieces that each leave a consistent state."""

from __future__ import annotations

from collections.abc import Sequence

from horarium.booking.decision import capacity_of
from horarium.booking.importing import Imported, import_event
from horarium.ical.component import Component
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.runtime.questions import find_object, view_of
from horarium.runtime.settings import Settings
from horarium.store.bookings import write_key
from horarium.store.store import Store, Transaction

# Events in one transaction; a booking waits for no more than these.
PIECE = 50

Exported = tuple[Component, str, list[Component]]


class _DryRun(Exception):
    """Ends a transaction that must not be kept."""

    def __init__(self, found: list[Imported]) -> None:
        super().__init__()
        self.found = found


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
    user = store.read(lambda tx: find_object(tx, settings, name))
    found: list[Imported] = []
    # What is foreseen must see all that came before it, and nothing of it is kept between pieces.
    size = max(len(events), 1) if dry_run else PIECE
    for at in range(0, len(events), size):
        piece = events[at : at + size]

        def work(tx: Transaction, piece: Sequence[Exported] = piece) -> list[Imported]:
            reservations = tx.reservations(user.id, user.uri, now)
            capacity = capacity_of(view_of(tx, user, now)) or 1
            done: list[Imported] = []
            for calendar, uid, components in piece:
                try:
                    item = import_event(
                        calendar, uid, components, reservations, user.resource, now, capacity
                    )
                except HorariumError as error:
                    item = Imported(uid, problem=str(error))
                if item.change is not None:
                    reservations.apply(item.change, now)
                done.append(item)
            if dry_run:
                raise _DryRun(done)
            return done

        try:
            found += store.transact([write_key(store.tenant, user.uri)], work)
        except _DryRun as ended:
            found += ended.found
    return found
