"""Who is expected to get which version: the rows that a distributor keeps of its receivers follow
what the realm says, each time it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from horarium.distribution.configuration import Follows
from horarium.distribution.realm import Realm
from horarium.distribution.release import Release
from horarium.distribution.stating import Rings
from horarium.distribution.tree import Tree
from horarium.distribution.version import Version
from horarium.kernel.instant import Instant
from horarium.store.store import Transaction


def expect_receivers(
    tx: Transaction, realm: Realm, trees: Mapping[str, Tree],
    versions: Mapping[str, Sequence[Version]], releases: Sequence[Release], now: Instant,
) -> None:  # fmt: skip
    """Everybody who is to get a distribution has a row of its newest version; who has left has
    rows that say so, and who came back those from before. Where versions need not follow each
    other, an older one that somebody still waits for gives way to the newest that may go there."""
    by_name = {release.distribution: release for release in releases}
    for name, kept in versions.items():
        if not kept:
            continue
        receivers, newest = trees[name].receivers, kept[-1].number
        tx.versions.expect(name, newest, receivers, now)
        known = tx.versions.subscribers(name)
        gone = [node for node, left in known.items() if not left and node not in receivers]
        back = [node for node, left in known.items() if left and node in receivers]
        tx.versions.unsubscribe(name, gone, now)
        tx.versions.subscribe_again(name, back, now)
        if not realm.distributions[name].sequential:
            release = by_name.get(name, Release(name))
            _supersede(tx, realm, release, newest, now)


def _supersede(tx: Transaction, realm: Realm, release: Release, newest: int, now: Instant) -> None:
    name = release.distribution
    rings = Rings.of(realm, name)
    late = [
        node
        for node in tx.versions.waiting(name, newest)
        if node in realm.subscribers and release.allows(newest, Follows(True, rings.rings(node)))
    ]
    for node in late:
        tx.versions.supersede(name, newest, node, now)
