"""What a node lets go of: contents that nobody needs any more, here or below, and bundles that it
keeps for others beyond what its owner gives them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
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
CACHE_SECONDS = 5.0


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


async def keep_cache(node: ReceivingNode) -> None:
    """Keeps the bundles of a node within `cache_max`, and lets them go where the disk has less
    than `free_space` left; until it is cancelled."""
    while True:
        await node.clock.sleep(CACHE_SECONDS)
        try:
            # Who waits for what is told on the loop's thread.
            if await node.do(partial(_shrink, node, frozenset(awaited(node)))):
                await node.recount()
        except (HorariumError, OSError) as error:
            log.warning("cache.unavailable reason=%s", error)


def awaited(node: ReceivingNode) -> set[str]:
    """The digests of bundles that children who can be reached are still to get: what they lack,
    what a ring holds back from them, and anything as long as they have not said."""
    found: set[str] = set()
    children = node.configuration().children
    for name, standing in node.sender.reachable().items():
        for distribution, follows in children[name].distributions.items():
            said, release = standing.get(distribution), node.release(distribution)
            for version in node.versions(distribution):
                waits = follows.extracts and version.number not in release.withdrawn
                if said is None or (waits and not release.allows(version.number, follows)):
                    found |= {bundle.content.digest for bundle in version.bundles}
            found |= {need.content.digest for need in said.needs} if said is not None else set()
    return found


def beyond(
    contents: ContentStore, holdings: Iterable[Holding], needed: Collection[str],
    most: int | None, lacking: int,
) -> list[Holding]:  # fmt: skip
    """Which bundles go so that all of them have at most so many octets and so many ``lacking`` ones
    are won, as far as they are not ``needed``: those first that were needed longest ago."""
    looks = [(one, contents.path(one.digest)) for one in holdings]
    states = {one: path.stat() for one, path in looks if path.exists()}
    sizes = {one.digest: state.st_size for one, state in states.items()}
    over = max(sum(sizes.values()) - most if most is not None else 0, lacking)
    gone: list[Holding] = []
    for one in sorted(states, key=lambda one: (states[one].st_mtime_ns, one.version)):
        if over <= 0:
            break
        if one.digest not in needed:
            over -= sizes[one.digest]
            gone.append(one)
    return gone


def _shrink(node: ReceivingNode, needed: frozenset[str]) -> int:
    """Drops bundles beyond the limits; how many."""
    configuration = node.configuration()
    most = configuration.setting("cache_max")
    floor = configuration.setting("free_space", 1 << 30) or 0
    lacking = floor - node.folder.free
    if most is None and lacking <= 0:
        return 0
    holdings, unfinished = node.store.read(
        lambda tx: (tx.holdings.all(), tx.extraction.unfinished())
    )
    extracted = node.unpacker.extracted()
    own = set()
    for one in holdings:
        follows = configuration.distributions.get(one.distribution)
        done = one.version <= extracted.get(one.distribution, 0)
        if follows is not None and follows.extracts and not done:
            own.add(one.digest)
        if unfinished.get(one.distribution) == one.version:
            own.add(one.digest)
    gone = beyond(node.contents, holdings, needed | own, most, lacking)

    def work(tx: Transaction) -> None:
        for holding in gone:
            tx.holdings.drop(holding)

    if gone:
        node.store.transact([], work)
    for holding in gone:
        _drop(node, holding)
    return len(gone)


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
