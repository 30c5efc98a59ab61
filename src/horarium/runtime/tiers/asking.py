"""What commands ask of the distribution of a site; the same as the daemon does, or a word to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from horarium.distribution.configuration import Configuration
from horarium.distribution.realm import Channel, Realm
from horarium.distribution.records import Document
from horarium.kernel.errors import Conflict, NotFound
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.nearest import nearest
from horarium.runtime.clock import Clock
from horarium.runtime.daemon import only_one, running
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.extracting import Extractor
from horarium.runtime.realm import realm_in_effect
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import load_belief
from horarium.runtime.tiers.enrolling import Enrolling
from horarium.runtime.tiers.extract_times import ASKED
from horarium.runtime.tiers.hearing import ADOPTED
from horarium.runtime.tiers.identity import (
    Joined,
    NodeFolder,
    node_folder,
    own_identity,
    read_joined,
)
from horarium.runtime.tiers.joining import join
from horarium.runtime.tiers.making import Made, Making, Options
from horarium.runtime.tiers.origin import Origin, Published, tell_change
from horarium.runtime.tiers.removing import (
    ask_for_removal,
    check_removable,
    remove_content,
)
from horarium.runtime.tiers.staging import pause, resume
from horarium.runtime.tiers.unpacking import node_rules
from horarium.store.store import Store, Transaction
from horarium.transport.keys import KeyFolder
from horarium.transport.link import Refused

_SECRET_OCTETS = 32


def make_tokens(
    site: Site, settings: Settings, store: Store, names: Iterable[str], now: Instant
) -> dict[str, str]:
    """A token for each subscriber. NotFound when one is not declared; then none is made."""
    origin = Origin(site, settings, store)
    known = origin.declared().subscribers
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise NotFound(f"there is no subscriber {name}{nearest(name, known)}")
    enrolling, secrets = Enrolling(origin), SystemSecrets()
    return {
        name: enrolling.token(name, secrets.random(_SECRET_OCTETS), now).written()
        for name in wanted
    }


async def join_realm(
    site: Site, settings: Settings, store: Store, url: str, token: str, now: Instant,
    *, again: bool,
) -> Joined:  # fmt: skip
    """Joins a realm; see `horarium.runtime.tiers.joining.join`. Conflict when it says no."""
    try:
        return await join(NodeFolder(site.distribution), store, url, token, now, again=again)
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
        document["root"] = trusted.fingerprint
        document["metadata_expired"] = trusted.expired(now)
        document["certificate_until"] = format_instant(own_identity(folder).until)
    holdings = store.read(lambda tx: tx.holdings.all())
    document["bundles"] = len(holdings)
    document["extracted"] = {
        use.distribution: use.version for use in store.read(lambda tx: tx.extraction.all_in_use())
    }
    return document


def refresh_now(
    site: Site, settings: Settings, store: Store, name: str, now: Instant,
    keys: Path | None = None,
) -> Published:  # fmt: skip
    """Refreshes a distributor now; with the keys of a folder that is there for this once."""
    origin = Origin(site, settings, store)
    _known(origin.declared().distributors, "distributor", name)
    found = origin.refresh(now, () if keys is None else (KeyFolder(keys),))
    origin.ask_refresh()
    return found


def build_now(
    site: Site, settings: Settings, store: Store, clock: Clock, name: str, by: str,
    options: Options | None = None,
) -> Made:  # fmt: skip
    """Builds a distribution now, whatever its schedule says. One that is not in effect yet is so
    from now on, with all that waits for a refresh."""
    origin = Origin(site, settings, store)
    _known(origin.declared().distributions, "distribution", name)
    now = clock.now()
    if name not in origin.realm().distributions:
        origin.refresh(now)
    return Making(origin, clock).build(name, f"by hand ({by})", now, options)


def adopt_now(site: Site, settings: Settings, store: Store, name: str, version: int) -> None:
    """Goes on counting behind a version that receivers have and that this store never built: the
    next build makes a whole version with the number after it. Conflict when it is known here."""
    _known(Origin(site, settings, store).realm().distributions, "distribution", name)

    def work(tx: Transaction) -> None:
        highest = tx.versions.highest(name)
        if version <= highest:
            raise Conflict(f"version {version} of {name} was built here; {highest} is the newest")
        tx.set_meta(ADOPTED + name, str(version))

    store.transact([], work)


def send_now(
    site: Site, settings: Settings, store: Store, name: str, by: str, now: Instant
) -> None:
    """Opens a window of a channel until what is lacking now is sent. Conflict for one because of
    which nothing can be sent."""

    def work(tx: Transaction) -> None:
        realm = realm_in_effect(tx, settings)
        _known(realm.channels, "channel", name)
        _check_sends(realm, realm.channels[name])
        tx.releases.open_window(name, now, by)
        tell_change(tx)

    store.transact([], work)


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
    site: Site, settings: Settings, store: Store, name: str, by: str, now: Instant
) -> int:
    """Holds what a channel is releasing to its rings; how many versions that are."""
    return _staged(site, settings, store, name, lambda tx, realm, one: pause(tx, one, now, by))


def resume_now(
    site: Site, settings: Settings, store: Store, name: str, by: str, now: Instant
) -> int:
    """Lets go on what was held or halted in a channel; how many versions that are."""
    return _staged(
        site, settings, store, name, lambda tx, realm, one: resume(tx, realm, one, now, by)
    )


def rollback_now(
    site: Site, settings: Settings, store: Store, clock: Clock, name: str, by: str
) -> dict[str, int | None]:
    """Goes back, in a channel with rings, to the version before of every distribution that is
    being released; by distribution, the version that has its content now."""
    origin = Origin(site, settings, store)
    realm = origin.realm()
    _known(realm.channels, "channel", name)
    making, now = Making(origin, clock), clock.now()
    released = {one.distribution for one in store.read(lambda tx: tx.releases.all())}
    wanted = [one for one in realm.channels[name].distributions if one in released]
    if not wanted:
        raise Conflict(f"{name} releases nothing by rings")
    return {one: making.give_back(name, one, now, by).version for one in wanted}


def _staged(
    site: Site, settings: Settings, store: Store, name: str,
    work: Callable[[Transaction, Realm, Channel], int],
) -> int:  # fmt: skip
    realm = Origin(site, settings, store).realm()
    _known(realm.channels, "channel", name)

    def change(tx: Transaction) -> int:
        tell_change(tx)
        return work(tx, realm, realm.channels[name])

    return store.transact([], change)


def extract_now(site: Site, store: Store, name: str) -> None:
    """Tells the node of this site to unpack at once what it has received. NotFound when this is
    another node."""
    joined = read_joined(NodeFolder(site.distribution))
    if joined.name != name:
        raise NotFound(f"this site is the node {joined.name}; {name} unpacks at its own")

    def work(tx: Transaction) -> None:
        tx.set_meta(ASKED, str(int(tx.meta(ASKED) or 0) + 1))

    store.transact([], work)


def remove_content_now(
    site: Site, settings: Settings, store: Store, clock: Clock, distribution: str,
    *, force: bool,
) -> bool:  # fmt: skip
    """Removes what a distribution installed at the node of this site, which does not get it any
    more; False when the daemon that runs here is to do it. Conflict when it can not be removed."""
    folder = node_folder(site, settings)
    joined = read_joined(folder)
    belief = load_belief(store)
    check_removable(store, belief, joined.name, distribution, force=force)
    if running(site) is not None:
        ask_for_removal(store, distribution)
        return False
    found = belief.configuration(joined.name) if belief is not None else None
    rules = node_rules(found or Configuration(joined.name, ""), settings, folder.policies)
    with only_one(site):
        extractor = Extractor(store, rules, clock)
        extractor.recover()
        trouble = remove_content(store, folder.store(), extractor, belief, distribution)
    if trouble:
        raise Conflict(f"{distribution} could not be removed: {trouble}")
    return True


def revoke_now(site: Site, settings: Settings, store: Store, name: str, now: Instant) -> None:
    """Ends that the certificate of a node counts."""
    Enrolling(Origin(site, settings, store)).revoke(name, now)


def realm_of(store: Store, settings: Settings) -> Realm:
    """The realm of a site."""
    return store.read(lambda tx: realm_in_effect(tx, settings))


def _known(objects: Iterable[str], kind: str, name: str) -> None:
    names = list(objects)
    if name not in names:
        raise NotFound(f"there is no {kind} {name}{nearest(name, names)}")
