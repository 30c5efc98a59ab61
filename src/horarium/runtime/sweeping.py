"""Sweeping: what has ended of signing in, and holds that came to nothing, are dropped when nobody
asks for them any more.

It is done in small transactions, by any number of processes; nothing depends on when it was done.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from horarium.kernel.errors import Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.desk import Desk
from horarium.store.sessions import PIECE
from horarium.store.store import Store, Transaction

log = logging.getLogger(__name__)

# The name under which the store remembers the last sweep.
SWEPT = "sessions_swept"
# A turn that led to nothing is given to the next visitor, not tomorrow's.
DESK_SECONDS = 30
EVERY_SECONDS = 3_600

_PIECES: dict[str, Callable[[Transaction, Instant], int]] = {
    "sessions": lambda tx, now: tx.sessions({}).sweep(now),
    "failures": lambda tx, now: tx.failures.sweep(now),
    "browsers": lambda tx, now: tx.browsers.sweep(now),
    "records": lambda tx, now: tx.identity_log.sweep(now),
    "holds": lambda tx, now: tx.appointments.sweep(now),
}


def sweep(store: Store, now: Instant) -> dict[str, int]:
    """Drops all that has ended long enough ago; how many sessions, failures, known browsers,
    records of the log and holds went."""
    found = dict.fromkeys(_PIECES, 0)
    for name in _PIECES:
        while gone := sweep_piece(store, name, now):
            found[name] += gone
            if gone < PIECE:
                break
    note_sweep(store, now)
    return found


def sweep_piece(store: Store, name: str, now: Instant) -> int:
    """Drops at most PIECE of one kind in one transaction; how many went."""
    return store.transact([], lambda tx: _PIECES[name](tx, now))


def note_sweep(store: Store, now: Instant) -> None:
    """Remembers that everything was swept."""
    store.transact([], lambda tx: tx.set_meta(SWEPT, str(now)))


async def keep_swept(
    store: Store, clock: Clock, decide: Callable[[Callable[[], int]], Awaitable[int]]
) -> None:
    """Sweeps once an hour. Each piece is handed to `decide` by itself, so that what else is decided
    there waits for one piece at most."""
    while True:
        now = clock.now()
        try:
            for name in _PIECES:
                while await decide(partial(sweep_piece, store, name, now)) == PIECE:
                    pass
            note_sweep(store, now)
        except Unavailable as error:
            log.warning("sweep.waiting reason=%s", error)
        await clock.sleep(EVERY_SECONDS)


async def keep_desk_swept(
    desk: Callable[[], Desk], clock: Clock, decide: Callable[[Callable[[], int]], Awaitable[int]],
    written: Callable[[], None],
) -> None:  # fmt: skip
    """Tells every half minute what has expired at the desk, so that turns come back and those who
    waited are told; says so where mails were written."""
    while True:
        try:
            while await decide(partial(desk().sweep, clock.now())):
                written()
        except Unavailable as error:
            log.warning("sweep.waiting reason=%s", error)
        await clock.sleep(DESK_SECONDS)
