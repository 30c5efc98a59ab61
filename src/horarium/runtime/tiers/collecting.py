"""What a node lets go of: contents that nobody needs any more, here or below."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from horarium.distribution.definition import read_definition
from horarium.distribution.manifest import File
from horarium.distribution.manifest_text import read_manifest
from horarium.distribution.version import Version
from horarium.kernel.errors import HorariumError
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.store.holdings import Holding
from horarium.store.store import Transaction
from horarium.transport.content import ContentStore

if TYPE_CHECKING:
    from horarium.runtime.tiers.origin import Origin
    from horarium.runtime.tiers.receiving_node import ReceivingNode

log = logging.getLogger(__name__)

YOUNG_SECONDS = 3_600


def collect(node: ReceivingNode) -> int:
    """Drops bundles of versions that are retired everywhere, and contents that nothing refers to;
    how many contents. What is extracted is told as changes by the next version, so its manifest
    stays."""
    store, trusted = node.store, node.belief().trusted
    holdings = store.read(lambda tx: tx.holdings.all())
    names = {holding.distribution for holding in holdings}
    retained = {
        bundle.content.digest
        for name in names
        for version in trusted.versions(name)
        for bundle in version.bundles
    }
    kept = [one for one in holdings if one.digest in retained and not _is_dropped(node, one)]
    gone = [one for one in holdings if one not in kept]

    def work(tx: Transaction) -> None:
        for holding in gone:
            tx.holdings.drop(holding)

    if gone:
        store.transact([], work)
    return sum(1 for holding in gone if _drop(node, holding))


def collect_origin(origin: Origin, now: Instant) -> int:
    """Drops, at the distributor, contents that no retained version refers to and that are not of
    this hour: a build may have laid them down just now. How many."""
    contents = origin.folder.store()
    realm = origin.realm()
    kept: set[str] = set()
    for name in realm.distributions:
        for version in origin.store.read(partial(_retained, name)):
            try:
                kept |= _digests(contents, version)
            except HorariumError as error:
                # Who does not know what is needed lets go of nothing.
                log.error("manifest.unreadable distribution=%s reason=%s", name, error)
                return 0
    gone = [
        digest
        for digest in contents.digests()
        if digest not in kept and contents.path(digest).stat().st_mtime < int(now) - YOUNG_SECONDS
    ]
    for digest in gone:
        contents.drop(digest)
    return len(gone)


def age_reports(origin: Origin, now: Instant) -> int:
    """Lets go of what happened so long ago that no distributor's reports reach back to it; how
    many entries."""
    days = [one.report_days for one in origin.realm().distributors.values()]
    before = Instant(now - max(days, default=400) * DAY)

    def work(tx: Transaction) -> int:
        return tx.versions.drop_passages(before) + tx.acts.drop_log(before)

    return origin.store.transact([], work)


def _retained(name: str, tx: Transaction) -> list[Version]:
    return tx.versions.retained(name)


def _digests(contents: ContentStore, version: Version) -> set[str]:
    found = {version.manifest.digest}
    for bundle in version.bundles:
        found |= {bundle.content.digest, bundle.chunks.digest}
    manifest = read_manifest(contents.read(version.manifest.digest))
    return found | {entry.digest for entry in manifest.entries if isinstance(entry, File)}


def _is_dropped(node: ReceivingNode, holding: Holding) -> bool:
    """Whether a distribution keeps no earlier bundle, and this one was extracted."""
    definition = node.belief().trusted.definition(holding.distribution)
    if definition is None or node.configuration().children:
        return False
    what = read_definition(holding.distribution, definition)
    extracted = node.unpacker.extracted().get(holding.distribution, 0)
    return what.delete_previous_first and holding.version < extracted


def _drop(node: ReceivingNode, holding: Holding) -> bool:
    node.contents.drop(holding.digest)
    log.info("bundle.dropped distribution=%s version=%d", holding.distribution, holding.version)
    return True
