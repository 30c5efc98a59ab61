"""What a node holds, looked at octet by octet; what is not what it was is had again."""

from __future__ import annotations

from dataclasses import dataclass, field

from horarium.kernel.instant import Instant
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.identity import NodeFolder
from horarium.runtime.tiers.mending import Mended, mend
from horarium.runtime.tiers.origin import CHANGED, Origin
from horarium.store.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a node found: digests of contents that were ``damaged``, and of those that
    are ``missing``. What a distributor did about it stands in ``mended``, by distribution."""

    checked: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    mended: dict[str, Mended] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether nothing was found."""
        found = any(one != Mended() for one in self.mended.values())
        return not (self.damaged or self.missing or found)


def check_node(site: Site, settings: Settings, store: Store, now: Instant) -> Checked:
    """Hashes every content. What is damaged goes, with its row: it is fetched again, or made anew
    where it came from. GatherFailed when there is no space for that."""
    contents = NodeFolder(site.distribution).store()
    found = list(contents.digests())
    damaged = tuple(digest for digest in found if not contents.verify(digest))
    for digest in damaged:
        contents.drop(digest)
    lost = _drop_lost(site, store)
    mended = _mend(Origin(site, settings, store), now)
    made = {digest for one in mended.values() for digest in one.made}
    absent = {digest for one in mended.values() for digest in one.missing}
    missing = (lost | made | absent) - set(damaged)
    return Checked(len(found), damaged, tuple(sorted(missing)), mended)


def _drop_lost(site: Site, store: Store) -> set[str]:
    """Lets go of the rows of bundles that are here no more, so that they are received again."""
    contents = NodeFolder(site.distribution).store()
    holdings = store.read(lambda tx: tx.holdings.all())
    lost = [one for one in holdings if not contents.has(one.digest)]

    def work(tx: Transaction) -> None:
        for holding in lost:
            tx.holdings.drop(holding)
        tx.set_meta(CHANGED, str(int(tx.meta(CHANGED) or 0) + 1))

    if lost:
        store.transact([], work)
    return {one.digest for one in lost}


def _mend(origin: Origin, now: Instant) -> dict[str, Mended]:
    """What a distributor lost, made anew: there is nobody that it could be fetched from."""
    found: dict[str, Mended] = {}
    realm = origin.realm()
    for name, what in realm.distributions.items() if realm.distributors else ():
        # A build lays down contents of a version that nobody knows yet.
        with origin.locked(f"build-{name}"):
            found[name] = mend(origin, what, now)
    return found
