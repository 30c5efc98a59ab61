"""What a distributor hears of receivers: believed only of who may say it, kept, and never lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from horarium.distribution.configuration import Configuration
from horarium.distribution.content import Blob
from horarium.distribution.ending import CHANGED_HERE
from horarium.distribution.manifest import File
from horarium.distribution.manifest_text import read_manifest
from horarium.distribution.messages import Row
from horarium.distribution.states import SETTLED, STAGES, State, may_be_told, stages_reached
from horarium.distribution.tree import ORIGIN
from horarium.distribution.version import Version
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.notices import (
    CHANGED_LOCALLY,
    CONTENT_MISSING,
    EXTRACT_FAILED,
    IMPOSSIBLE_STEP,
    NODE_BACK,
    NODE_UNREACHABLE,
    REFUSED_RECEIPT,
    REFUSED_ROW,
    notice,
)
from horarium.runtime.tiers.children import Permission
from horarium.runtime.tiers.overview import MET_SECONDS
from horarium.runtime.tiers.rows import RECEIPTS
from horarium.runtime.tiers.sending import Sender
from horarium.runtime.tiers.signed import is_signed_by
from horarium.store.nodes import Node
from horarium.store.store import Store, Transaction
from horarium.store.versions import Passage
from horarium.transport.content import ContentStore

if TYPE_CHECKING:
    from horarium.runtime.tiers.origin import Published

log = logging.getLogger(__name__)

_MOST_MANIFESTS = 64
AHEAD = "receivers_ahead/"
LOST_HERE = "content_missing"
"""Why a version is not sent that this distributor built and has no more."""
_REMEDY = "what carries it is not here any more; horarium node fsck makes it anew"
ADOPTED = "adopted_version/"
"""The version from which on an adopted distribution counts."""


def ahead_of(tx: Transaction, distribution: str) -> int:
    """The highest version that a receiver has and that was never built by this store; 0 for
    none."""
    return int(tx.meta(AHEAD + distribution) or 0)


class Hearing:
    """Keeps what receivers say."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hear(self, child: str, rows: Sequence[Row], allowed: set[str], now: Instant) -> list[Row]:
        """Keeps rows of a child and of those behind it; those that changed something. A receipt
        counts when its node signed it; a step that there is not keeps the row and is noticed."""
        kept: list[Row] = []

        def work(tx: Transaction) -> None:
            kept.clear()
            tx.nodes.seen(child, now)
            for row in rows:
                if row.subscriber not in allowed:
                    log.error("rows.foreign child=%s subscriber=%s", child, row.subscriber)
                    told = f"told by {child}, behind which it is not"
                    notice(tx, REFUSED_ROW, row.subscriber, told, now)
                    continue
                held = tx.versions.row(row.distribution, row.version, row.subscriber)
                if held is None:
                    self._look_ahead(tx, row)
                if held is not None and self._is_new(tx, held, row, now):
                    tx.versions.put_row(row)
                    kept.append(row)
                    _note(tx, held, row, now)

        self._store.transact([], work)
        return kept

    def _is_new(self, tx: Transaction, held: Row, row: Row, now: Instant) -> bool:
        about = f"{row.distribution} {row.version} at {row.subscriber}"
        try:
            after = State(row.state)
        except ValueError:
            log.error("rows.unknown_state subscriber=%s", row.subscriber)
            notice(tx, IMPOSSIBLE_STEP, about, f"the state {row.state[:40]!r} is not known", now)
            return False
        before = State(held.state)
        if _is_reason(held, row):
            # A parent says in the place of a silent child why it goes no further, or the child
            # is back.
            return True
        if held.order >= row.order or before in (State.UNSUBSCRIBED, State.SUPERSEDED):
            # Told late, or of no interest any more.
            return False
        if not may_be_told(before, after):
            log.error(
                "rows.impossible_step subscriber=%s distribution=%s version=%d before=%s after=%s",
                row.subscriber, row.distribution, row.version, before.value, after.value,
            )  # fmt: skip
            told = f"{before.value} is not followed by {after.value}; the row stays"
            notice(tx, IMPOSSIBLE_STEP, about, told, now)
            return False
        if after in RECEIPTS and not self._is_signed(tx, row):
            log.error(
                "receipt.not_signed subscriber=%s distribution=%s version=%d", row.subscriber,
                row.distribution, row.version,
            )  # fmt: skip
            notice(tx, REFUSED_RECEIPT, about, "its receipt is not signed by itself", now)
            return False
        return True

    def _look_ahead(self, tx: Transaction, row: Row) -> None:
        """A receiver that has what was never built here knows more than this store: it is older
        than it should be, as after a backup was restored."""
        reached = row.state in (State.RECEIVED, State.EXTRACTED)
        if not reached or row.version <= tx.versions.highest(row.distribution):
            return
        if row.version > ahead_of(tx, row.distribution) and self._is_signed(tx, row):
            tx.set_meta(AHEAD + row.distribution, str(row.version))
            log.critical(
                "store.behind distribution=%s subscriber=%s version=%d remedy=horarium "
                "distribution adopt %s --version %d", row.distribution, row.subscriber, row.version,
                row.distribution, row.version,
            )  # fmt: skip

    def _is_signed(self, tx: Transaction, row: Row) -> bool:
        return is_signed_by(tx, row.subscriber, row.signature, row.signed_text())

    def met(self, silent: Mapping[str, float], patience: int, now: Instant) -> None:
        """Keeps when nodes of the first tier were last heard of, ``silent`` seconds ago each, and
        notices who is back."""
        nodes = self._store.read(lambda tx: tx.nodes.all())
        known = {node.name: node for node in nodes if self._is_news(node, silent, now)}
        if not known:
            return

        def work(tx: Transaction) -> None:
            for name, node in known.items():
                heard = Instant(now - int(silent[name]))
                before = node.seen or node.issued
                tx.nodes.seen(name, heard)
                if now - before > patience + MET_SECONDS:
                    notice(tx, NODE_BACK, name, f"heard of after {heard - before} s", now)

        self._store.transact([], work)

    @staticmethod
    def _is_news(node: Node, silent: Mapping[str, float], now: Instant) -> bool:
        """Whether a node was heard of well after what is written."""
        if node.name not in silent:
            return False
        return (node.seen or node.issued) < now - silent[node.name] - MET_SECONDS

    def missed(self, names: Iterable[str], now: Instant) -> None:
        """Notices nodes that have just gone out of reach."""

        def work(tx: Transaction) -> None:
            for name in names:
                notice(tx, NODE_UNREACHABLE, name, "is not heard of any more", now)

        self._store.transact([], work)

    def waits(self, news: Mapping[tuple[str, str, int], str], now: Instant) -> None:
        """Keeps why receivers of the first tier wait, and notices what is not here any more."""
        missing = {(name, number) for (_, name, number), why in news.items() if why == LOST_HERE}
        for name, number in sorted(missing):
            log.error("content.missing distribution=%s version=%d", name, number)

        def work(tx: Transaction) -> None:
            for name, number in sorted(missing):
                notice(tx, CONTENT_MISSING, f"{name} {number}", _REMEDY, now)
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


def _is_reason(held: Row, row: Row) -> bool:
    """Whether a row only says anew why a receiver goes no further."""
    same = (held.order, held.state) == (row.order, row.state)
    return same and held.reason != row.reason and State(row.state) not in RECEIPTS | SETTLED


def _note(tx: Transaction, held: Row, row: Row, now: Instant) -> None:
    """Keeps a step for reports, with those before it that had no row of their own, and notices
    what somebody should know."""
    for stage in row.stages:
        if STAGES.index(State(stage.state)) >= stages_reached(State(held.state)):
            tx.versions.note(
                Passage(
                    row.distribution, row.version, row.subscriber, stage.state, stage.at,
                    stage.octets, "",
                )
            )  # fmt: skip
    if held.state != row.state:
        tx.versions.note(
            Passage(
                row.distribution, row.version, row.subscriber, row.state, row.at, row.octets,
                row.reason,
            )
        )  # fmt: skip
    about = f"{row.distribution} {row.version} at {row.subscriber}"
    if row.state == State.EXTRACT_FAILED:
        notice(tx, EXTRACT_FAILED, about, row.reason, now)
    elif row.state == State.EXTRACTED:
        if row.reason.startswith(CHANGED_HERE) and held.state != row.state:
            notice(tx, CHANGED_LOCALLY, about, row.reason, now)
        tx.versions.supersede(row.distribution, row.version, row.subscriber, now)


def waiting_rows(
    sender: Sender, configuration: Configuration, published: Published
) -> dict[tuple[str, str, int], str]:
    """Why what receivers of the first tier lack is not sent to them."""
    found = {key: reason_text(one) for key, one in sender.waiting.items()}
    for child, name, version in sender.absent():
        # Nobody has it then who could pass it on to those behind the child.
        found |= {(one, name, version): LOST_HERE for one in published.behind(child)}
    for child, follows in configuration.children.items():
        silent = sender.silent(child)
        if silent is None and published.plan.parents.get(child) != ORIGIN:
            # It may turn here one day, and is not expected before it does.
            continue
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
