"""What commands ask of the distribution of a site; the same as the daemon does, or a word to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from horarium.distribution.configuration import Configuration
from horarium.distribution.realm import Channel, Realm
from horarium.distribution.records import Document
from horarium.kernel.errors import Conflict, NotFound
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.nearest import nearest
from horarium.runtime.building import Foreseen, Unchanged
from horarium.runtime.clock import Clock
from horarium.runtime.daemon import only_one, running
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.extracting import Extractor
from horarium.runtime.realm import realm_in_effect
from horarium.runtime.realm_views import waiting_edits
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import changed_names, load_belief
from horarium.runtime.tiers.enrolling import Enrolling
from horarium.runtime.tiers.extract_times import ASKED
from horarium.runtime.tiers.foreseeing import Foreseeing, foresee_build, origin_for
from horarium.runtime.tiers.hearing import ADOPTED
from horarium.runtime.tiers.identity import (
    Joined,
    NodeFolder,
    node_folder,
    own_identity,
    read_joined,
)
from horarium.runtime.tiers.joining import join
from horarium.runtime.tiers.linking import own_link
from horarium.runtime.tiers.making import Made, Making, Options, Return, going_back
from horarium.runtime.tiers.opened_by_hand import Awaited, awaited
from horarium.runtime.tiers.origin import Origin, tell_change
from horarium.runtime.tiers.removing import (
    ask_for_removal,
    check_removable,
    foresee_removal,
    remove_content,
)
from horarium.runtime.tiers.staging import pause, resume
from horarium.runtime.tiers.unpack_order import order_of_holdings
from horarium.runtime.tiers.unpacking import node_rules
from horarium.store.store import Store, Transaction
from horarium.transport.keys import KeyFolder
from horarium.transport.link import Refused

T = TypeVar("T")

_SECRET_OCTETS = 32


def make_tokens(
    site: Site, settings: Settings, store: Store, names: Iterable[str], now: Instant, *,
    dry_run: bool = False,
) -> dict[str, str]:  # fmt: skip
    """A token for each subscriber, an empty one where none is made. NotFound when one is not
    declared; then none is made."""
    origin = Origin(site, settings, store)
    known = origin.declared().subscribers
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise NotFound(f"there is no subscriber {name}{nearest(name, known)}")
    if dry_run:
        return dict.fromkeys(wanted, "")
    enrolling, secrets = Enrolling(origin), SystemSecrets()
    return {
        name: enrolling.token(name, secrets.random(_SECRET_OCTETS), now).written()
        for name in wanted
    }


async def join_realm(
    site: Site, settings: Settings, store: Store, url: str, token: str, now: Instant,
    *, again: bool, dry_run: bool = False,
) -> Joined:  # fmt: skip
    """Joins a realm; see `horarium.runtime.tiers.joining.join`. Conflict when it says no."""
    try:
        folder = NodeFolder(site.distribution)
        return await join(folder, store, url, token, now, again=again, dry_run=dry_run)
    except Refused as refused:
        raise Conflict(f"the realm refuses: {refused.detail}") from refused


def node_status(site: Site, settings: Settings, store: Store, now: Instant) -> Document:
    """Who this node is, whom it believes, and what it holds."""
    folder = NodeFolder(site.distribution)
    belief = load_belief(store)
    document: Document = {"role": "distributor" if Origin(
        site, settings, store).declared().distributors else "subscriber"}  # fmt: skip
    try:
        joined = read_joined(folder)
        document |= {"name": joined.name, "joined_by": f"{joined.parent} at {joined.url}"}
    except NotFound:
        if document["role"] == "subscriber":
            raise
        document["name"] = own_identity(folder).name if belief is not None else None
    if belief is not None:
        trusted = belief.trusted
        document |= _link(site, store) if document["role"] == "subscriber" else {}
        document["root"] = trusted.fingerprint
        document["metadata_expired"] = trusted.expired(now)
        document["certificate_until"] = format_instant(own_identity(folder).until)
    holdings = store.read(lambda tx: tx.holdings.all())
    document["bundles"] = len(holdings)
    document["extracted"] = {
        use.distribution: use.version for use in store.read(lambda tx: tx.extraction.all_in_use())
    }
    return document


def _link(site: Site, store: Store) -> Document:
    """To whom this node is linked; to nobody, while its daemon does not run."""
    link = store.read(own_link)
    if link is None:
        return {"linked_to": None}
    told = link.document()
    if running(site) is None:
        told |= {"linked_to": None, "linked_since": None, "link_down": "no daemon runs here"}
    return told


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh led to: the objects, as KIND:NAME, whose ``edits`` are in effect by it;
    whether what is published is otherwise than before, the names of metadata and statements that
    are ``published`` anew, and by distribution whom it does not reach and why."""

    edits: tuple[str, ...]
    changed: bool
    published: tuple[str, ...]
    lost: Mapping[str, Mapping[str, str]]


def refresh_now(
    site: Site, settings: Settings, store: Store, name: str, now: Instant,
    keys: Path | None = None, *, dry_run: bool = False,
) -> Refreshed:  # fmt: skip
    """Refreshes a distributor now; with the keys of a folder that is there for this once."""
    origin = origin_for(site, settings, store, dry_run=dry_run)
    _known(origin.declared().distributors, "distributor", name)
    before, (edits, _) = load_belief(store), waiting_edits(store, settings)
    found = origin.refresh(now, () if keys is None else (KeyFolder(keys),))
    if not dry_run:
        origin.ask_refresh()
    published = tuple(sorted(changed_names(before, found.belief)))
    return Refreshed(tuple(edits), found.changed, published, found.plan.lost)


def build_now(
    site: Site, settings: Settings, store: Store, clock: Clock, name: str, by: str,
    options: Options | None = None,
) -> Made:  # fmt: skip
    """Builds a distribution now, whatever its schedule says. One that is not in effect yet is so
    from now on, with all that waits for a refresh."""
    origin = Origin(site, settings, store)
    _known(origin.declared().distributions, "distribution", name)
    now = clock.now()
    if not origin.has_in_effect("distribution", name):
        origin.refresh(now)
    return Making(origin, clock).build(name, f"by hand ({by})", now, options)


def foresee_build_now(
    site: Site, settings: Settings, store: Store, clock: Clock, name: str,
    options: Options | None = None,
) -> Foreseen | Unchanged:  # fmt: skip
    """What `build_now` would make."""
    origin = Foreseeing(site, settings, store)
    _known(origin.declared().distributions, "distribution", name)
    return foresee_build(origin, name, clock, options)


def adopt_now(
    site: Site, settings: Settings, store: Store, name: str, version: int, *, dry_run: bool = False
) -> None:
    """Goes on counting behind a version that receivers have and that this store never built: the
    next build makes a whole version with the number after it. Conflict when it is known here."""
    _known(Origin(site, settings, store).realm().distributions, "distribution", name)

    def work(tx: Transaction) -> None:
        highest = tx.versions.highest(name)
        if version <= highest:
            raise Conflict(f"version {version} of {name} was built here; {highest} is the newest")
        tx.set_meta(ADOPTED + name, str(version))

    _transact(store, work, dry_run=dry_run)


def send_now(
    site: Site, settings: Settings, store: Store, name: str, by: str, now: Instant, *,
    dry_run: bool = False,
) -> list[Awaited]:  # fmt: skip
    """Opens a window of a channel until what is lacking now is sent; what that is. Conflict for
    one because of which nothing can be sent."""

    def work(tx: Transaction) -> list[Awaited]:
        realm = realm_in_effect(tx, settings)
        _known(realm.channels, "channel", name)
        _check_sends(realm, realm.channels[name])
        tx.releases.open_window(name, now, by)
        tell_change(tx)
        return awaited(tx, realm, realm.channels[name])

    return _transact(store, work, dry_run=dry_run)


def _check_sends(realm: Realm, channel: Channel) -> None:
    if not channel.active:
        raise Conflict(
            f"channel {channel.name} is inactive, so nothing is sent because of it: "
            f"horarium channel activate {channel.name}"
        )
    listed = channel.distributions
    if not any(realm.distributions[one].active for one in listed):
        lacks = f"only inactive ones: {', '.join(listed)}" if listed else "none"
        raise Conflict(f"channel {channel.name} has no distribution that is sent, {lacks}")


def pause_now(
    site: Site, settings: Settings, store: Store, name: str, by: str, now: Instant, *,
    dry_run: bool = False,
) -> int:  # fmt: skip
    """Holds a channel with rings until it is resumed: what it is releasing, and what is built
    meanwhile; how many versions are held by it now."""

    def work(tx: Transaction, realm: Realm, channel: Channel) -> int:
        return pause(tx, realm, channel, now, by)

    return _staged(site, settings, store, name, work, dry_run=dry_run)


def resume_now(
    site: Site, settings: Settings, store: Store, name: str, by: str, now: Instant, *,
    dry_run: bool = False,
) -> int:  # fmt: skip
    """Holds a channel no more, and lets go on what was held or halted there; how many versions
    that are."""

    def work(tx: Transaction, realm: Realm, channel: Channel) -> int:
        return resume(tx, realm, channel, now, by)

    return _staged(site, settings, store, name, work, dry_run=dry_run)


def rollback_now(
    site: Site, settings: Settings, store: Store, clock: Clock, name: str, by: str
) -> dict[str, int | None]:
    """Goes back, in a channel with rings, to the version before of every distribution that is
    being released; by distribution, the version that has its content now."""
    origin = Origin(site, settings, store)
    wanted = _released(origin, name)
    making, now = Making(origin, clock), clock.now()
    return {one: making.give_back(name, one, now, by).version for one in wanted}


def foresee_rollback_now(
    site: Site, settings: Settings, store: Store, now: Instant, name: str, by: str
) -> dict[str, Return]:
    """By distribution, what `rollback_now` would withdraw and go back to."""
    origin = Origin(site, settings, store)
    wanted = _released(origin, name)
    channel = origin.realm().channels[name]

    def work(tx: Transaction) -> dict[str, Return]:
        return {one: going_back(tx, channel, one, now, by) for one in wanted}

    return store.foresee([], work)


def _released(origin: Origin, name: str) -> list[str]:
    """What a channel releases by rings."""
    channels = origin.realm().channels
    _known(channels, "channel", name)
    released = {one.distribution for one in origin.store.read(lambda tx: tx.releases.all())}
    wanted = [one for one in channels[name].distributions if one in released]
    if not wanted:
        raise Conflict(f"{name} releases nothing by rings")
    return wanted


def _staged(
    site: Site, settings: Settings, store: Store, name: str,
    work: Callable[[Transaction, Realm, Channel], int], *, dry_run: bool,
) -> int:  # fmt: skip
    origin = origin_for(site, settings, store, dry_run=dry_run)
    realm = origin.realm()
    _known(realm.channels, "channel", name)

    def change(tx: Transaction) -> int:
        tell_change(tx)
        return work(tx, realm, realm.channels[name])

    # A version that is being published now has its rows before this looks at them.
    with origin.locked("publish"):
        return _transact(store, change, dry_run=dry_run)


def _transact(store: Store, work: Callable[[Transaction], T], *, dry_run: bool) -> T:
    return store.foresee([], work) if dry_run else store.transact([], work)


def extract_now(
    site: Site, store: Store, name: str, *, dry_run: bool = False
) -> list[tuple[str, int]]:
    """Tells the node of this site to unpack at once what it has received; the versions that this
    is now, in their order. NotFound when this is another node."""
    joined = read_joined(NodeFolder(site.distribution))
    if joined.name != name:
        raise NotFound(f"this site is the node {joined.name}; {name} unpacks at its own")

    belief = load_belief(store)
    configuration = belief.configuration(name) if belief is not None else None

    def work(tx: Transaction) -> list[tuple[str, int]]:
        tx.set_meta(ASKED, str(int(tx.meta(ASKED) or 0) + 1))
        if belief is None or configuration is None:
            return []
        extracted = {use.distribution: use.version for use in tx.extraction.all_in_use()}
        order = order_of_holdings(
            belief, configuration, tx.holdings.all(), extracted, tx.extraction.unfinished()
        )
        return [(one.distribution, one.version) for one in order.run]

    return _transact(store, work, dry_run=dry_run)


@dataclass(frozen=True, slots=True)
class Removal:
    """An installation that is taken away: its ``paths``; not ``done`` yet where the daemon that
    runs here does it."""

    done: bool
    paths: tuple[str, ...]


def remove_content_now(
    site: Site, settings: Settings, store: Store, clock: Clock, distribution: str,
    *, force: bool, dry_run: bool = False,
) -> Removal:  # fmt: skip
    """Removes what a distribution installed at the node of this site, which does not get it any
    more; the daemon does where one runs here. Conflict when it can not be removed."""
    folder = node_folder(site, settings)
    joined = read_joined(folder)
    belief = load_belief(store)
    check_removable(store, belief, joined.name, distribution, force=force)
    found = belief.configuration(joined.name) if belief is not None else None
    rules = node_rules(found or Configuration(joined.name, ""), settings, folder.policies)
    extractor = Extractor(store, rules, clock)
    if dry_run:
        return Removal(False, tuple(foresee_removal(extractor, belief, distribution)))
    if running(site) is not None:
        ask_for_removal(store, distribution)
        return Removal(False, ())
    with only_one(site):
        extractor.recover()
        paths = foresee_removal(extractor, belief, distribution)
        trouble = remove_content(store, folder.store(), extractor, belief, distribution)
    if trouble:
        raise Conflict(f"{distribution} could not be removed: {trouble}")
    return Removal(True, tuple(paths))


def revoke_now(
    site: Site, settings: Settings, store: Store, name: str, now: Instant, *, dry_run: bool = False
) -> str:
    """Ends that the certificate of a node counts; its serial number."""
    return Enrolling(origin_for(site, settings, store, dry_run=dry_run)).revoke(name, now)


def _known(objects: Iterable[str], kind: str, name: str) -> None:
    names = list(objects)
    if name not in names:
        raise NotFound(f"there is no {kind} {name}{nearest(name, names)}")
