"""Versions on their way, written into the store of a site as a distributor at work writes them."""

from __future__ import annotations

from pathlib import Path

from horarium.distribution.content import Blob
from horarium.distribution.messages import Row
from horarium.distribution.version import Bundle, Version
from horarium.kernel.instant import Instant, parse_instant
from horarium.runtime.site import Site
from horarium.store.embedded import EmbeddedEngine
from horarium.store.nodes import Node
from horarium.store.releases import StagedRelease
from horarium.store.store import Store, Transaction

MIB = 1 << 20


class Way:
    """What happens to versions of ``intranet``, at a store that lies beneath a site."""

    def __init__(self, store: Store, distribution: str = "intranet") -> None:
        self.store = store
        self.name = distribution
        self._orders: dict[tuple[int, str], int] = {}

    @classmethod
    def at(cls, folder: Path) -> Way:
        """At the store of a site."""
        return cls(Store(EmbeddedEngine(Site(folder).database)))

    def version(self, number: int, built: str, *receivers: str) -> Version:
        """A version that was built then, and is expected by receivers."""
        blob = Blob("sha256:" + "0" * 64, 5 * MIB)
        bundle = Bundle(0, blob, blob, 6 * MIB)
        at = parse_instant(built)
        version = Version(self.name, number, at, blob, (bundle,), 12, 6 * MIB, "d")

        def work(tx: Transaction) -> None:
            versions = tx.versions
            build = versions.begin_build(self.name, "schedule", at)
            versions.add(version)
            versions.end_build(build, "built", at, version=number, size=6 * MIB, delta=MIB)
            versions.expect(self.name, number, receivers, at)

        self.store.transact([], work)
        return version

    def joined(self, *names: str, seen: str = "", revoked: bool = False) -> None:
        """Nodes that have joined, and were heard of then."""
        at = parse_instant("2026-02-01T00:00:00Z")
        for name in names:
            node = Node(name, f"serial-{name}", b"", at, Instant(at + 90 * 86_400))

            def work(tx: Transaction, node: Node = node) -> None:
                tx.nodes.put(node)
                if revoked:
                    tx.nodes.revoke(node, at)

            self.store.transact([], work)
            if seen:
                self.seen(name, seen)

    def seen(self, name: str, when: str) -> None:
        """A node was heard of."""
        self.store.transact([], lambda tx: tx.nodes.seen(name, parse_instant(when)))

    def told(
        self, number: int, name: str, state: str, when: str, reason: str = "", percent: int = 0
    ) -> None:
        """A receiver's row."""
        order = self._orders[(number, name)] = self._orders.get((number, name), 0) + 1
        row = Row(
            name, self.name, number, state, parse_instant(when), order, reason, percent,
            5 * MIB * percent // 100,
        )  # fmt: skip
        self.store.transact([], lambda tx: tx.versions.put_row(row))

    def release(
        self, number: int, rings: int, state: str, when: str, reason: str = "", *,
        channel: str = "night",
    ) -> None:  # fmt: skip
        """How far a version is released through the rings of a channel."""
        at = parse_instant(when)
        row = StagedRelease(channel, self.name, number, rings, at, 0, state, reason, at, "ann")
        self.store.transact([], lambda tx: tx.releases.put(row))
