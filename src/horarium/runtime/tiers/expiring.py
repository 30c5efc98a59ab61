"""What of a realm's trust runs out soon, and which of its keys lie together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.distribution.finding import Finding, Level
from horarium.distribution.signing import TOP_ROLES, life_of
from horarium.distribution.trust import remembered
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.notices import EXPIRES, notice
from horarium.runtime.site import Site
from horarium.runtime.tiers.identity import NodeFolder
from horarium.store.store import Store, Transaction
from horarium.transport.certificates import NODE_LIFE, RENEW_AFTER

# Metadata is signed anew a third through its life, a certificate two thirds: with so much left of
# it or less, nobody did.
_SHARE = 3


@dataclass(frozen=True, slots=True)
class Expiring:
    """Something that was not renewed in time: its kind, its name, and when it is over."""

    kind: str
    name: str
    ends: Instant


def expiring(tx: Transaction, now: Instant) -> Iterator[Expiring]:
    """Metadata and certificates of which no more than a third of their life is left."""
    kept = {
        name: data
        for name, data in tx.metadata.all().items()
        if not name.startswith(("statement/", "root."))
    }
    if "root" in kept:
        trusted = remembered(kept)
        signed = {
            "root": trusted.root, "timestamp": trusted.timestamp, "snapshot": trusted.snapshot,
            **trusted.roles,
        }  # fmt: skip
        for name, one in signed.items():
            if one is None:
                continue
            ends = Instant(int(one.expires.timestamp()))
            if ends - now <= life_of(name) // _SHARE:
                yield Expiring("metadata", name, ends)
    for node in tx.nodes.all():
        # A node that is out of reach for a day, or has just been renewed, is no matter yet.
        if node.revoked is None and node.expires - now < NODE_LIFE - RENEW_AFTER - DAY:
            yield Expiring("certificate", node.name, node.expires)


def notice_expiring(store: Store, now: Instant) -> None:
    """Notices what runs out."""

    def work(tx: Transaction) -> None:
        for one in expiring(tx, now):
            notice(tx, EXPIRES, f"{one.kind} {one.name}", _message(one, now), now)

    store.transact([], work)


def findings_of_trust(site: Site, tx: Transaction, now: Instant) -> Iterator[Finding]:
    """What lint says of trust: keys that all lie here, and what runs out."""
    for one in expiring(tx, now):
        yield Finding("expiry", Level.WARNING, one.kind, one.name, _message(one, now))
    if set(NodeFolder(site.distribution).keys.names()).issuperset(TOP_ROLES):
        yield Finding(
            "keys-together", Level.WARNING, "realm", "keys",
            "the keys of all roles lie on this machine: who breaks in here speaks for the whole "
            "realm; take root.key and targets.key to another place",
        )  # fmt: skip


def _message(one: Expiring, now: Instant) -> str:
    verb = "is over since" if one.ends <= now else "is over at"
    return f"its {one.kind} was not renewed; it {verb} {format_instant(one.ends)}"
