"""What a node lets go of: contents that nobody needs any more, here or below."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from horarium.distribution.definition import read_definition
from horarium.store.holdings import Holding
from horarium.store.store import Transaction

if TYPE_CHECKING:
    from horarium.runtime.tiers.receiving_node import ReceivingNode

log = logging.getLogger(__name__)


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
