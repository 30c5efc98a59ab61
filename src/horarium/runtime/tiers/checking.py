"""What a node holds and has unpacked, looked at octet by octet; what is not what it was is had
again."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from horarium.distribution.configuration import Configuration
from horarium.distribution.extraction import LocalChanges
from horarium.distribution.version import Version
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import load_belief
from horarium.runtime.tiers.identity import NodeFolder, node_folder, read_joined
from horarium.runtime.tiers.mending import Mended, mend, sent_of
from horarium.runtime.tiers.origin import Origin
from horarium.runtime.tiers.repairing import Changed, check_installed, policy_by, tell_checked
from horarium.runtime.tiers.unpacking import node_rules
from horarium.store.store import Store, Transaction
from horarium.transport.content import ContentStore


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a node found: digests of contents that were ``damaged``, and of those that
    are ``missing``; what was ``changed`` of all that is installed. What a distributor did about
    its contents stands in ``mended``, by distribution."""

    checked: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    mended: dict[str, Mended] = field(default_factory=dict)
    changed: tuple[Changed, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether nothing was found but local changes that are kept on purpose."""
        found = any(one != Mended() for one in self.mended.values())
        wrong = any(one.policy is not LocalChanges.KEEP for one in self.changed)
        return not (self.damaged or self.missing or found or wrong)


def check_node(
    site: Site, settings: Settings, store: Store, now: Instant, *, dry_run: bool = False
) -> Checked:
    """Hashes every content and all that is installed. A content that is damaged goes, with its
    row: it is fetched again, or made anew where it came from. GatherFailed when there is no space
    for that. With `dry_run` everything is looked at and stays as it is."""
    folder = node_folder(site, settings)
    contents = folder.store()
    store = store.foreseen() if dry_run else store
    found = list(contents.digests())
    damaged = tuple(digest for digest in found if not contents.verify(digest))
    for digest in () if dry_run else damaged:
        contents.drop(digest)
    lost = drop_lost(contents, store)
    origin = Origin(site, settings, store)
    mended = _absent(origin, contents) if dry_run else _mend(origin, now)
    made = {digest for one in mended.values() for digest in one.made}
    absent = {digest for one in mended.values() for digest in one.missing}
    missing = (lost | made | absent) - set(damaged)
    changed = _check_installed(folder, settings, store)
    return Checked(len(found), damaged, tuple(sorted(missing)), mended, tuple(changed))


def drop_lost(contents: ContentStore, store: Store) -> set[str]:
    """Lets go of the rows of bundles that are here no more, so that they are received again; the
    digests of all that is to be."""
    holdings, manifests = store.read(lambda tx: (tx.holdings.all(), tx.holdings.manifests()))
    lost = [one for one in holdings if not contents.has(one.digest)]
    found = {digest for digest in manifests.values() if not contents.has(digest)}
    found |= {one.digest for one in lost}

    def work(tx: Transaction) -> None:
        for holding in lost:
            tx.holdings.drop(holding)
        tell_checked(tx)

    if found:
        store.transact([], work)
    return found


def _check_installed(folder: NodeFolder, settings: Settings, store: Store) -> list[Changed]:
    try:
        name = read_joined(folder).name
    except NotFound:
        return []
    belief = load_belief(store)
    configuration = belief.configuration(name) if belief is not None else None
    rules = node_rules(configuration or Configuration(name, ""), settings, folder.policies)
    return check_installed(store, (*rules.roots, str(folder.policies)), policy_by(belief))


def _mend(origin: Origin, now: Instant) -> dict[str, Mended]:
    """What a distributor lost, made anew: there is nobody that it could be fetched from."""
    found: dict[str, Mended] = {}
    realm = origin.realm()
    for name, what in realm.distributions.items() if realm.distributors else ():
        # A build lays down contents of a version that nobody knows yet.
        with origin.locked(f"build-{name}"):
            found[name] = mend(origin, what, now)
    return found


def _absent(origin: Origin, contents: ContentStore) -> dict[str, Mended]:
    """What a distributor would have to make anew: what its versions name and is not here."""
    found: dict[str, Mended] = {}
    for name in origin.realm().distributions:
        kept = origin.store.read(partial(_retained, name))
        named = {digest for version in kept for digest in sent_of(version)}
        missing = sorted(digest for digest in named if not contents.has(digest))
        found[name] = Mended(missing=tuple(missing))
    return found


def _retained(name: str, tx: Transaction) -> list[Version]:
    return tx.versions.retained(name)
