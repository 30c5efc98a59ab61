"""What one node believes: signed metadata, kept in its store, and what they say to it.

A distributor publishes here what it signs; every other node brings it up to date from the node
above. What does not verify is refused, and what was believed before stays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from horarium.distribution import configuration as configurations
from horarium.distribution import release as releases
from horarium.distribution.configuration import Configuration, read_configuration
from horarium.distribution.records import as_table, text
from horarium.distribution.release import Release, read_release
from horarium.distribution.trust import (
    LARGEST,
    LARGEST_ROLE,
    ROOTS,
    Statement,
    Trusted,
    build_role,
    remembered,
)
from horarium.distribution.untrusted import Doubt, Untrusted
from horarium.kernel.instant import Instant
from horarium.store.metadata import Signed
from horarium.store.store import Store, Transaction

STATEMENT = "statement/"
REVOKED = "revoked/realm"
REALM = "realm/realm"
"""The statement of who issues certificates."""
MOST_ROOTS = 1_000
"""Roots followed in one go: an endless chain of them is an attack."""

Fetch = Callable[[str, int], Awaitable[bytes | None]]
"""Asks the node above for metadata of a name, of at most so many octets."""


@dataclass(frozen=True, slots=True)
class Belief:
    """All that is believed at one time. ``statements`` by ``KIND/NAME``, ``stated`` their
    octets. Frozen: what follows is another one."""

    trusted: Trusted
    statements: dict[str, Statement] = field(default_factory=dict)
    stated: dict[str, bytes] = field(default_factory=dict)

    def configuration(self, node: str) -> Configuration | None:
        """What holds for a node; None when nothing was stated for it."""
        found = self.statements.get(f"{configurations.KIND}/{node}")
        return read_configuration(node, found.body) if found is not None else None

    def release(self, distribution: str) -> Release:
        """What of a distribution is released; without rings nothing is held back."""
        found = self.statements.get(f"{releases.KIND}/{distribution}")
        return read_release(distribution, found.body) if found else Release(distribution)

    def number(self, label: str) -> int:
        """The number of a statement, 0 when there is none."""
        found = self.statements.get(label)
        return found.number if found is not None else 0

    @property
    def revoked(self) -> frozenset[str]:
        """The serials of certificates that count no more."""
        found = self.statements.get(REVOKED)
        serials = found.body.get("serials", []) if found is not None else []
        return frozenset(serials) if isinstance(serials, list) else frozenset()

    @property
    def authority(self) -> str | None:
        """The certificate of who issues certificates, as PEM."""
        found = self.statements.get(REALM)
        return text(as_table(found.body), "authority", 65_536) if found is not None else None

    def octets(self, name: str) -> bytes | None:
        """Metadata as they are given to nodes below."""
        if name.startswith(STATEMENT):
            return self.stated.get(name.removeprefix(STATEMENT))
        return self.trusted.octets.get(name)

    def with_statement(self, data: bytes, at: Instant, label: str) -> Belief:
        """The belief with a statement of who may make it; Untrusted for another one."""
        found = self.trusted.statement(data, at, self.number(label))
        if f"{found.kind}/{found.name}" != label:
            raise Untrusted(Doubt.MIXED, label, f"is about {found.kind}/{found.name}")
        return replace(
            self,
            statements={**self.statements, label: found},
            stated={**self.stated, label: data},
        )


def load_belief(store: Store) -> Belief | None:
    """What was believed when the node last kept it; None before it has joined a realm."""
    kept = store.read(lambda tx: tx.metadata.all())
    if "root" not in kept:
        return None
    stated = {
        name.removeprefix(STATEMENT): data
        for name, data in kept.items()
        if name.startswith(STATEMENT)
    }
    plain = {name: data for name, data in kept.items() if not name.startswith(STATEMENT)}
    trusted = remembered(plain)
    # They were believed when they were kept; that they are over time stops new work elsewhere. What
    # a key signed that counts no more is let go of, and asked for anew.
    stated = {label: data for label, data in stated.items() if trusted.stated_well(data)}
    statements = {label: trusted.statement(data, Instant(0)) for label, data in stated.items()}
    return Belief(trusted, statements, stated)


def keep_belief(
    store: Store, before: Belief | None, after: Belief, now: Instant,
    also: Callable[[Transaction], None] = lambda tx: None,
) -> None:  # fmt: skip
    """Keeps what changed, in one transaction with what ``also`` writes."""
    entries: list[Signed] = []
    old, new = _octets(before), _octets(after)
    for name in changed_names(before, after):
        label = name.removeprefix(STATEMENT)
        number = _number(after.trusted, name) if label == name else after.number(label)
        entries.append(Signed(name, number, now, new[name]))
    gone = [name for name in old if name not in new]

    def work(tx: Transaction) -> None:
        tx.metadata.put(*entries)
        tx.metadata.drop(gone)
        also(tx)

    store.transact([], work)


def changed_names(before: Belief | None, after: Belief) -> list[str]:
    """The names of metadata and statements that are new, or are otherwise than before."""
    old = _octets(before)
    return [name for name, data in _octets(after).items() if old.get(name) != data]


def _octets(belief: Belief | None) -> dict[str, bytes]:
    """All that a belief is made of, by the names it is kept under."""
    if belief is None:
        return {}
    stated = {STATEMENT + label: data for label, data in belief.stated.items()}
    return {**belief.trusted.octets, **stated}


def _number(trusted: Trusted, name: str) -> int:
    if name.startswith(ROOTS):
        return int(name.removeprefix(ROOTS))
    if name == "root":
        return trusted.root.version
    if name == "timestamp" and trusted.timestamp is not None:
        return trusted.timestamp.version
    if name == "snapshot" and trusted.snapshot is not None:
        return trusted.snapshot.version
    return trusted.roles[name].version


async def refreshed(belief: Belief, node: str, fetch: Fetch, now: Instant) -> Belief:
    """The belief brought up to date from the node above: roots one after the other, timestamp,
    snapshot, targets, the statements for this node, and the versions of what it follows. Raises
    Untrusted as soon as something is not to be believed; the belief before stays."""
    trusted = belief.trusted
    for _ in range(MOST_ROOTS):
        data = await fetch(f"root.{trusted.root.version + 1}", LARGEST["root"])
        if data is None:
            break
        trusted = trusted.with_root(data)
    timestamp = await _needed(fetch, "timestamp")
    if timestamp != trusted.octets.get("timestamp"):
        trusted = trusted.with_timestamp(timestamp, now)
    wanted = trusted.timestamp.snapshot_meta.version if trusted.timestamp is not None else 0
    if trusted.snapshot is None or trusted.snapshot.version != wanted:
        trusted = trusted.with_snapshot(await _needed(fetch, "snapshot"), now)
    if trusted.lacks("targets"):
        trusted = trusted.with_role("targets", await _needed(fetch, "targets"), now)
    after = replace(belief, trusted=trusted)
    for label in (REALM, REVOKED, f"{configurations.KIND}/{node}"):
        after = await _stated(after, label, fetch, now)
    return await with_distributions(after, node, fetch, now)


async def with_distributions(belief: Belief, node: str, fetch: Fetch, now: Instant) -> Belief:
    """The belief with versions and releases of all that a node follows, or gives on."""
    configuration = belief.configuration(node)
    if configuration is None:
        return belief
    trusted = belief.trusted
    for name in followed(configuration):
        role = build_role(name)
        data = await fetch(role, LARGEST_ROLE) if trusted.lacks(role) else None
        if data is not None:
            # Who is no child there is not told: it learns where it belongs, and asks again there.
            trusted = trusted.with_role(role, data, now)
    after = replace(belief, trusted=trusted)
    for name in followed(configuration):
        after = await _stated(after, f"{releases.KIND}/{name}", fetch, now)
    return after


def followed(configuration: Configuration) -> list[str]:
    """The distributions that a node follows or gives on."""
    found = set(configuration.distributions)
    for child in configuration.children.values():
        found |= child.distributions.keys()
    return sorted(found)


async def _stated(belief: Belief, label: str, fetch: Fetch, now: Instant) -> Belief:
    data = await fetch(STATEMENT + label, LARGEST_ROLE)
    if data is None or data == belief.stated.get(label):
        return belief
    return belief.with_statement(data, now, label)


async def _needed(fetch: Fetch, name: str) -> bytes:
    data = await fetch(name, LARGEST.get(name, LARGEST_ROLE))
    if data is None:
        raise Untrusted(Doubt.MIXED, name, "the node above does not have it")
    return data
