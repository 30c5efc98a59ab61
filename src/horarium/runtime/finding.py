"""The search for a free resource among all of a site."""

from __future__ import annotations

from collections.abc import Sequence

from horarium.booking.finding import Finding, Wish, in_order, judge
from horarium.booking.request import View
from horarium.kernel.instant import MAX_INSTANT, Instant
from horarium.kernel.period import Period
from horarium.runtime.directory import Directory, Registered, read_directory
from horarium.runtime.settings import Settings
from horarium.runtime.surroundings import SiteSurroundings
from horarium.store.store import Store, Transaction


def find_resources(store: Store, settings: Settings, wish: Wish) -> list[Finding]:
    """Every resource with what speaks against it: the free ones first, the smallest of them
    before all, then the others."""
    return store.read(lambda tx: find_among(tx, read_directory(tx, settings), wish))


def find_among(tx: Transaction, directory: Directory, wish: Wish) -> list[Finding]:
    """`find_resources` over a directory in hand: what all resources hold is read at once."""
    users = directory.registered
    held = tx.held_by_all(_reach(wish.time, users), wish.now)
    surroundings = SiteSurroundings(tx, directory, wish.now)
    findings = []
    for user in users:
        whole = tx.reservations(user.id, user.uri, wish.now)
        view = View(user.resource, held.of(user.id, whole), surroundings)
        findings.append(judge(wish, view))
    return in_order(findings)


def _reach(time: Period, users: Sequence[Registered]) -> Period:
    """`time` with the widest buffers that any of the resources keeps."""
    before = max((user.resource.preferences.buffer_before for user in users), default=0)
    after = max((user.resource.preferences.buffer_after for user in users), default=0)
    return Period(Instant(max(time.start - before, 0)), Instant(min(time.end + after, MAX_INSTANT)))
