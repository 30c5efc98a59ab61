"""The distributor of a site: reads its realm, states and signs what holds, and publishes versions.

Commands and the daemon do the same by it: a lock keeps two processes from publishing at one time,
and a number in the store tells the daemon that another process did.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from horarium.distribution import configuration as configurations
from horarium.distribution import release as releases
from horarium.distribution.configuration import Configuration, Place, Rates
from horarium.distribution.definition import definition_document
from horarium.distribution.realm import Realm
from horarium.distribution.records import Document
from horarium.distribution.release import Release, release_document
from horarium.distribution.schedules import Given
from horarium.distribution.sending import Busy, Sending, never_busy
from horarium.distribution.stating import Plan, Stated, guests_of, plan_of, state_all
from horarium.distribution.trust import ROOTS, fingerprint
from horarium.distribution.version import Version
from horarium.kernel.errors import NotFound
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.periodset import PeriodSet
from horarium.runtime import crash
from horarium.runtime.realm import declared_realm, realm_in_effect, take_definition, take_effect
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import REVOKED, Belief, keep_belief, load_belief
from horarium.runtime.tiers.expecting import expect_receivers
from horarium.runtime.tiers.identity import node_folder
from horarium.runtime.tiers.publishing import Wanted, begin_realm, own_certificate, publish
from horarium.runtime.tiers.staging import new_releases, pauses, releases_of
from horarium.store.store import Store, Transaction
from horarium.transport.keys import KeyFolder

log = logging.getLogger(__name__)

CHANGED = "distribution_changed"
"""A number in the store that rises with everything the daemon should look at."""
REFRESH_ASKED = "refresh_asked"
"""A number in the store that rises when somebody wants a refresh at once."""
# Windows below the first tier are stated for so many days, from the beginning of this one on.
STATED_DAYS = 9
# One that was opened by hand is stated for two to three hours, and again every hour: who hears of
# its end no more, because the distributor died, keeps it for no longer.
BY_HAND_SECONDS = 3_600
KNOWN_SINCE = "distribution_known_since"


@dataclass(frozen=True, slots=True)
class Published:
    """What holds after a refresh: what is believed, the realm it follows from, how it travels, and
    the distributor's own configuration; and of what the store counts, as much as was seen."""

    belief: Belief
    realm: Realm
    plan: Plan
    origin: Configuration
    changed: bool
    changes: int
    asked: int

    def behind(self, child: str) -> set[str]:
        """A node of the first tier, all behind it, and those that may turn to any of them."""
        hosts = {child, *self.plan.below(child)}
        guests = guests_of(self.realm, self.plan)
        found = {name for host in hosts for name in guests.get(host, ())}
        return hosts | found | {below for name in found for below in self.plan.below(name)}


class Origin:
    """The distributor's side of a site. `busy` answers for link calendars."""

    def __init__(
        self, site: Site, settings: Settings, store: Store, busy: Busy = never_busy
    ) -> None:
        self.site = site
        self.settings = settings
        self.store = store
        self.busy = busy
        self.folder = node_folder(site, settings)

    @property
    def url(self) -> str:
        """Where the first tier reaches this node."""
        node = self.settings.node
        if node.url is not None:
            return node.url
        scheme = "http" if node.insecure_loopback else "https"
        return f"{scheme}://{node.listen}"

    def name(self, realm: Realm) -> str:
        """The name of this node: as it was set, else that of the first distributor."""
        return self.settings.node.name or next(iter(sorted(realm.distributors)), "origin")

    def realm(self) -> Realm:
        """The realm in effect."""
        return self.store.read(lambda tx: realm_in_effect(tx, self.settings))

    def declared(self) -> Realm:
        """The realm as it is declared now."""
        return self.store.read(lambda tx: declared_realm(tx, self.settings))

    def has_in_effect(self, kind: str, name: str) -> bool:
        """Whether an object was there at the last refresh."""
        return self.store.read(lambda tx: tx.in_effect.has(kind, name))

    def defined(self, name: str) -> Realm:
        """The realm in effect, with a distribution that is about to be built as it is declared
        now. NotFound."""

        def work(tx: Transaction) -> Realm:
            if take_definition(tx, self.settings, name):
                tell_change(tx)
            return realm_in_effect(tx, self.settings)

        return self.store.transact([], work)

    def refresh(self, now: Instant, brought: Sequence[KeyFolder] = ()) -> Published:
        """Puts what is declared into effect, and publishes what follows; with keys that are kept
        elsewhere where they are `brought`. NotFound without a distributor."""
        with self.locked("publish"):
            self._take_effect()
            return self._publish(now, lambda tx, belief: None, brought=brought)

    def follow(self, now: Instant, brought: Sequence[KeyFolder] = ()) -> Published:
        """Publishes what follows from the realm in effect: other instants, reservations, releases
        and certificates than before."""
        with self.locked("publish"):
            return self._publish(now, lambda tx, belief: None, brought=brought)

    def _take_effect(self) -> None:
        self.store.transact([], lambda tx: take_effect(tx, self.settings))

    def turn(
        self, turned: Callable[[Belief], Belief], now: Instant, brought: Sequence[KeyFolder]
    ) -> Published:
        """Publishes everything anew under the root that `turned` gives."""
        with self.locked("publish"):
            return self._publish(
                now, lambda tx, belief: None, brought=brought, turned=turned
            )  # fmt: skip

    def add_version(
        self, version: Version, retired: list[int], now: Instant, baseline: Version | None = None
    ) -> Published:
        """Publishes a version that was built: with its row, its signature and those of its
        receivers in one transaction. ``retired`` are versions that nobody may want any more,
        ``baseline`` the oldest that is kept, with the bundle that it needs from now on."""
        crash.at("build:before-publish")

        def work(tx: Transaction, belief: Belief) -> None:
            tx.versions.add(version)
            if baseline is not None:
                tx.versions.save(baseline)
            for number in retired:
                tx.versions.retire(version.distribution, number, now)

        with self.locked("publish"):
            found = self._publish(now, work, version, frozenset(retired), baseline)
        crash.at("build:after-publish")
        return found

    def _publish(
        self, now: Instant, work: Callable[[Transaction, Belief], None],
        added: Version | None = None, retired: frozenset[int] = frozenset(),
        baseline: Version | None = None, brought: Sequence[KeyFolder] = (),
        turned: Callable[[Belief], Belief] = lambda belief: belief,
    ) -> Published:  # fmt: skip
        # What is counted while this goes on has not been seen by it.
        changes, asked = self.changes(), self.refreshes_asked()
        if not self.store.read(lambda tx: tx.in_effect.some()):
            self._take_effect()
        realm = self.realm()
        if not realm.distributors:
            raise NotFound("no distributor is declared; see [distributor.NAME] of an object file")
        before = load_belief(self.store)
        name = self.name(realm)
        belief = turned(before or begin_realm(self.folder, name, now))
        self._certify(name, now)
        plan = plan_of(realm)
        versions = self.store.read(lambda tx: _retained(tx, realm))
        if added is not None:
            versions = _with(versions, added, retired, baseline)
        staged, held = self.store.read(lambda tx: (tx.releases.all(), pauses(tx, realm)))
        staged += (news := new_releases(staged, realm, versions, added, now, held))
        released = releases_of(staged, realm, versions)
        stated = self._state(realm, plan, belief, name, now)
        wanted = Wanted(
            {key: definition_document(one) for key, one in realm.distributions.items()},
            versions,
            self._statements(released, stated, now),
        )
        after = publish(belief, wanted, self.folder, now, brought)
        crash.at("build:signed")
        origin = stated.origin

        def keep(tx: Transaction) -> None:
            work(tx, after)
            for release in news:
                tx.releases.put(release)
            expect_receivers(tx, realm, plan.trees, versions, released, now)
            if after != before:
                tell_change(tx)

        keep_belief(self.store, before, after, now, keep)
        own = int(after != before)
        return Published(after, realm, plan, origin, bool(own), changes + own, asked)

    def _certify(self, name: str, now: Instant) -> None:
        own_certificate(self.folder, name, now)

    def _state(self, realm: Realm, plan: Plan, belief: Belief, name: str, now: Instant) -> Stated:
        before: dict[str, tuple[int, Document]] = {}
        for label, statement in belief.statements.items():
            kind, _, node = label.partition("/")
            if kind == configurations.KIND:
                before[node] = (statement.number, statement.body)
        start = Instant(now - now % DAY)
        until = Instant(start + STATED_DAYS * DAY)
        sending = replace(self.sending(realm), by_hand_until=by_hand_until(now))

        def opened(distribution: str, node: str) -> tuple[PeriodSet | None, Rates]:
            return link_periods(realm, plan, sending, distribution, node, start, until)

        origin = Place(name, self.url)
        # The first root names the realm: it stays when keys are turned.
        octets = belief.trusted.octets
        realm_id = fingerprint(octets.get(f"{ROOTS}1", octets["root"]))[:16]
        return state_all(realm, plan, origin, realm_id, before, opened, until, now)

    def _statements(
        self, releases_: Sequence[Release], stated: Stated, now: Instant
    ) -> dict[str, tuple[int, Document]]:
        found: dict[str, tuple[int, Document]] = {}
        for node, document in stated.documents.items():
            found[f"{configurations.KIND}/{node}"] = (stated.numbers[node], document)
        revoked = self.store.read(lambda tx: tx.nodes.revoked(now))
        found[REVOKED] = (0, {"serials": revoked})
        for release in releases_:
            label = f"{releases.KIND}/{release.distribution}"
            found[label] = (0, release_document(release))
        return found

    def sending(self, realm: Realm) -> Sending:
        """The windows of the realm, with those that were opened by hand."""
        opened = self.store.read(lambda tx: tx.releases.open_windows())
        by_hand = frozenset(window.channel for window in opened)
        return Sending(realm, self.given(), self.busy, by_hand=by_hand)

    def given(self) -> Given:
        """Since when schedules are known here."""
        kept = self.store.read(lambda tx: tx.meta(KNOWN_SINCE))
        return Given(activation=Instant(int(kept) if kept else 0))

    def know_since(self, now: Instant) -> None:
        """Keeps since when schedules are known, the first time."""

        def work(tx: Transaction) -> None:
            if tx.meta(KNOWN_SINCE) is None:
                tx.set_meta(KNOWN_SINCE, str(int(now)))

        self.store.transact([], work)

    def changes(self) -> int:
        """How often something changed."""
        return self.store.read(lambda tx: int(tx.meta(CHANGED) or 0))

    def ask_refresh(self) -> None:
        """Has the daemon refresh at once: what waits for a refresh goes by it."""
        self.store.transact([], lambda tx: _count(tx, REFRESH_ASKED))

    def refreshes_asked(self) -> int:
        """How often a refresh was asked for."""
        return self.store.read(lambda tx: int(tx.meta(REFRESH_ASKED) or 0))

    @contextmanager
    def locked(self, what: str) -> Iterator[None]:
        """Holds one thing of this site for this process; others wait."""
        folder = self.folder.root
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(folder / f"{what}.lock", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def tell_change(tx: Transaction) -> None:
    """Tells the daemon of what the same transaction changes."""
    _count(tx, CHANGED)


def _count(tx: Transaction, what: str) -> None:
    tx.set_meta(what, str(int(tx.meta(what) or 0) + 1))


def _with(
    versions: Mapping[str, list[Version]], added: Version, retired: frozenset[int],
    baseline: Version | None,
) -> dict[str, list[Version]]:  # fmt: skip
    """The versions that are kept, as they are once another is there."""
    known = {baseline.number: baseline} if baseline is not None else {}
    kept = [known.get(v.number, v) for v in versions[added.distribution] if v.number not in retired]
    return {**versions, added.distribution: [*kept, added]}


def _retained(tx: Transaction, realm: Realm) -> dict[str, list[Version]]:
    return {name: tx.versions.retained(name) for name in realm.distributions}


def by_hand_until(now: Instant) -> Instant:
    """Up to when windows are stated that were opened by hand, below the first tier."""
    return Instant(now - now % BY_HAND_SECONDS + 3 * BY_HAND_SECONDS)


def link_periods(
    realm: Realm, plan: Plan, sending: Sending, distribution: str, node: str, start: Instant,
    until: Instant,
) -> tuple[PeriodSet | None, Rates]:  # fmt: skip
    """When the link above a node below the first tier is open to a distribution, and how fast: at
    any hour (None), unless a channel makes all tiers obey its window, or the link has a
    calendar."""
    found: PeriodSet | None = None
    rates: Rates = ()
    if sending.obeys(distribution, node):
        found = sending.union(distribution, node, start, until)
        rates = sending.rates(distribution, node, start, until)
    if realm.subscribers[node].calendar is not None:
        link = sending.link_windows(realm.subscribers[node], start, until)
        found = link if found is None else found.intersect(link)
    return found, rates
