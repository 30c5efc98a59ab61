"""What a distributor hears of receivers: believed only of who may say it, kept, and never lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from horarium.distribution.configuration import Configuration
from horarium.distribution.content import Blob
from horarium.distribution.manifest import File
from horarium.distribution.manifest_text import read_manifest
from horarium.distribution.messages import Row
from horarium.distribution.states import ARRIVED, SETTLED, State, may_be_told
from horarium.distribution.version import Version
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.tiers.children import Permission
from horarium.runtime.tiers.rows import RECEIPTS
from horarium.runtime.tiers.sending import Sender
from horarium.store.store import Store, Transaction
from horarium.store.versions import Passage
from horarium.transport.certificates import signs
from horarium.transport.content import ContentStore

if TYPE_CHECKING:
    from horarium.runtime.tiers.origin import Published

log = logging.getLogger(__name__)

# What is noted for reports: how a version came, not each piece of it.
_NOTED = ARRIVED | SETTLED | {State.SUSPENDED, State.CORRUPT}
_MOST_MANIFESTS = 64


class Hearing:
    """Keeps what receivers say."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hear(self, child: str, rows: Sequence[Row], allowed: set[str], now: Instant) -> list[Row]:
        """Keeps rows of a child and of those behind it; those that changed something. A receipt
        counts when its node signed it."""
        kept: list[Row] = []

        def work(tx: Transaction) -> None:
            kept.clear()
            tx.nodes.seen(child, now)
            for row in rows:
                if row.subscriber not in allowed:
                    log.error("rows.foreign child=%s subscriber=%s", child, row.subscriber)
                elif self._is_new(tx, row):
                    tx.versions.put_row(row)
                    kept.append(row)
                    if State(row.state) in _NOTED:
                        tx.versions.note(
                            Passage(
                                row.distribution, row.version, row.subscriber, row.state, row.at,
                                row.octets, row.reason,
                            )
                        )  # fmt: skip

        self._store.transact([], work)
        return kept

    def _is_new(self, tx: Transaction, row: Row) -> bool:
        try:
            after = State(row.state)
        except ValueError:
            log.error("rows.unknown_state subscriber=%s", row.subscriber)
            return False
        held = tx.versions.row(row.distribution, row.version, row.subscriber)
        if held is None:
            return False
        if held.order >= row.order or not may_be_told(State(held.state), after):
            return False
        if after in RECEIPTS and not self._is_signed(tx, row):
            log.error(
                "receipt.not_signed subscriber=%s distribution=%s version=%d", row.subscriber,
                row.distribution, row.version,
            )  # fmt: skip
            return False
        return True

    def _is_signed(self, tx: Transaction, row: Row) -> bool:
        node = tx.nodes.find(row.subscriber)
        try:
            signature = bytes.fromhex(row.signature)
        except ValueError:
            return False
        return node is not None and signs(node.key, signature, row.signed_text())

    def waits(self, news: Mapping[tuple[str, str, int], str], now: Instant) -> None:
        """Keeps why receivers of the first tier wait."""

        def work(tx: Transaction) -> None:
            for (child, distribution, version), reason in news.items():
                held = tx.versions.row(distribution, version, child)
                if held is not None and held.state in (State.PENDING, State.SUSPENDED):
                    row = Row(
                        child, distribution, version, held.state, now, held.order, reason,
                        held.percent, held.octets,
                    )  # fmt: skip
                    tx.versions.put_row(row)

        self._store.transact([], work)

    def files(
        self, contents: ContentStore, versions: Sequence[Version]
    ) -> Callable[[str, int, Blob], bool]:
        """What answers whether a file belongs to a version: the manifests know."""
        by_number = {(version.distribution, version.number): version for version in versions}

        @lru_cache(maxsize=_MOST_MANIFESTS)
        def blobs(distribution: str, number: int) -> frozenset[tuple[str, int]]:
            version = by_number.get((distribution, number))
            if version is None:
                return frozenset()
            try:
                manifest = read_manifest(contents.read(version.manifest.digest))
            except HorariumError as error:
                log.error("manifest.unreadable distribution=%s reason=%s", distribution, error)
                return frozenset()
            return frozenset((e.digest, e.size) for e in manifest.entries if isinstance(e, File))

        def known(distribution: str, number: int, content: Blob) -> bool:
            return (content.digest, content.length) in blobs(distribution, number)

        return known


def waiting_rows(
    sender: Sender, configuration: Configuration, published: Published
) -> dict[tuple[str, str, int], str]:
    """Why what receivers of the first tier lack is not sent to them."""
    found = {key: reason_text(one) for key, one in sender.waiting.items()}
    for child, follows in configuration.children.items():
        silent = sender.silent(child)
        patience = configuration.setting("timeout", 300) or 300
        reason = ""
        if silent is None:
            reason = "never_contacted"
        elif silent > patience:
            reason = "unreachable"
        if not reason:
            continue
        for name in follows.distributions:
            versions = published.belief.trusted.versions(name)
            if versions:
                found[(child, name, versions[-1].number)] = reason
    return found


def reason_text(permission: Permission) -> str:
    """Why something waits, and until when where that is known."""
    if permission.until is None or "(" in permission.reason:
        return permission.reason
    return f"{permission.reason}({format_instant(permission.until)})"
