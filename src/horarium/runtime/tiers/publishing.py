"""What a distributor signs and publishes: keys, metadata, statements, kept in one transaction.

Nothing is signed anew that did not change and is not yet a third through its life.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from securesystemslib.signer import Key, Signer
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.metadata import Signed as TufSigned

from horarium.distribution import configuration as configurations
from horarium.distribution import release as releases
from horarium.distribution.records import Document
from horarium.distribution.signing import (
    TOP_ROLES,
    Holders,
    life_of,
    make_root,
    make_snapshot,
    make_statement,
    make_targets,
    make_timestamp,
    make_versions,
    next_number,
)
from horarium.distribution.trust import (
    STATEMENTS,
    Statement,
    Trusted,
    build_role,
    first_trust,
)
from horarium.distribution.version import Version
from horarium.kernel.instant import Instant
from horarium.runtime.tiers.belief import REALM, Belief
from horarium.runtime.tiers.identity import (
    AUTHORITY_KEY,
    NODE_KEY,
    NodeFolder,
    keep_certificate,
)
from horarium.transport.certificates import (
    RENEW_AFTER,
    identity_of,
    issue,
    make_authority,
    make_request,
)
from horarium.transport.keys import KeyFolder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be published: definitions and retained versions by distribution; statements by
    ``KIND/NAME``, each with its number where it has one of its own (0: that which follows)."""

    definitions: Mapping[str, Document]
    versions: Mapping[str, Sequence[Version]]
    statements: Mapping[str, tuple[int, Document]] = field(default_factory=dict)


def begin_realm(folder: NodeFolder, name: str, now: Instant) -> Belief:
    """Makes the keys of a realm, its root, the authority that issues certificates, and the
    certificate of the distributor's own node."""
    keys = folder.keys
    for role in (*TOP_ROLES, STATEMENTS):
        keys.make(role)
    holders = {role: Holders((_public(keys, role),)) for role in TOP_ROLES}
    root = make_root(holders, [keys.signer("root")], 1, now)
    authority = make_authority(keys.make(AUTHORITY_KEY), f"realm of {name}"[:64], now)
    _certify(folder, name, authority, now)
    return Belief(first_trust(root))


def own_certificate(folder: NodeFolder, name: str, now: Instant) -> bool:
    """Renews the certificate of the distributor's own node when it is time; whether it did."""
    authority = folder.papers.authority.read_bytes()
    try:
        held = identity_of(folder.papers.certificate.read_bytes())
        if held.name == name and now < held.since + RENEW_AFTER:
            return False
    except FileNotFoundError:
        pass
    _certify(folder, name, authority, now)
    return True


def _certify(folder: NodeFolder, name: str, authority: bytes, now: Instant) -> None:
    key = folder.keys.make(NODE_KEY)
    certificate = issue(
        make_request(key, name), name, authority, folder.keys.private(AUTHORITY_KEY), now
    )
    keep_certificate(folder, certificate, authority)


def publish(
    belief: Belief, wanted: Wanted, folder: NodeFolder, now: Instant,
    brought: Sequence[KeyFolder] = (),
) -> Belief:  # fmt: skip
    """The belief with everything that is wanted in it, signed by the keys that are here, or were
    `brought` for this once. What would need a key that is kept elsewhere stays as it is, and the
    log says so."""
    signing = _Signing(folder.keys, now, tuple(brought))
    trusted = signing.targets(belief.trusted, wanted)
    for name in sorted(wanted.versions):
        trusted = signing.versions(trusted, name, wanted.versions[name])
    trusted = signing.snapshot(trusted)
    after = replace(belief, trusted=trusted)
    authority: Document = {"authority": folder.papers.authority.read_text("ascii")}
    statements = {**wanted.statements, REALM: (0, authority)}
    for label, (number, body) in sorted(statements.items()):
        after = signing.statement(after, label, number, body)
    return _without(after, statements)


def _without(belief: Belief, kept: Mapping[str, object]) -> Belief:
    """Statements of nodes and distributions that are no more go with them."""
    kinds = (f"{configurations.KIND}/", f"{releases.KIND}/")
    gone = {label for label in belief.statements if label.startswith(kinds) and label not in kept}
    if not gone:
        return belief
    return replace(
        belief,
        statements={k: v for k, v in belief.statements.items() if k not in gone},
        stated={k: v for k, v in belief.stated.items() if k not in gone},
    )


@dataclass(frozen=True, slots=True)
class _Signing:
    keys: KeyFolder
    now: Instant
    brought: tuple[KeyFolder, ...] = ()

    def targets(self, trusted: Trusted, wanted: Wanted) -> Trusted:
        """Definitions, and who signs what."""
        names = [STATEMENTS, *(build_role(name) for name in wanted.definitions)]
        delegates = {}
        for name in names:
            self.keys.make(name)
            delegates[name] = Holders((_public(self.keys, name),))
        held = trusted.roles.get("targets")
        sound = held is not None and trusted.stands("targets")
        if held is not None and sound and not _due("targets", held, self.now):
            same = _definitions(trusted) == wanted.definitions
            if same and _delegated(trusted) == {n: _keyids(h) for n, h in delegates.items()}:
                return trusted
        if not self._have("targets", trusted):
            log.warning("metadata.waits role=targets reason=its keys are kept elsewhere")
            return trusted
        number = self._next(held)
        signers = self._signers("targets", trusted)
        data = make_targets(wanted.definitions, delegates, signers, number, self.now)
        return _placed(trusted, "targets", data)

    def versions(self, trusted: Trusted, distribution: str, versions: Sequence[Version]) -> Trusted:
        """The versions of one distribution."""
        role = build_role(distribution)
        held = trusted.roles.get(role)
        same = list(trusted.versions(distribution)) == list(versions)
        if role not in _delegated(trusted):
            log.warning("metadata.waits role=%s reason=its definition is not signed yet", role)
            return trusted
        sound = held is not None and trusted.stands(role)
        if held is not None and sound and same and not _due(role, held, self.now):
            return trusted
        number = self._next(held)
        signer = self.keys.signer(role)
        data = make_versions(distribution, versions, [signer], number, self.now)
        return _placed(trusted, role, data)

    def snapshot(self, trusted: Trusted) -> Trusted:
        """Snapshot and timestamp over what there is."""
        roles = {name: (role.version, trusted.octets[name]) for name, role in trusted.roles.items()}
        held = trusted.snapshot
        named = {n.removesuffix(".json"): meta for n, meta in held.meta.items()} if held else {}
        gone = {name: meta for name, meta in named.items() if name not in roles}
        told = {name: meta.version for name, meta in named.items() if name in roles}
        current = {name: number for name, (number, _) in roles.items()}
        if held is None or told != current or _due("snapshot", held, self.now):
            number = self._next(held)
            signers = self._signers("snapshot", trusted)
            data = make_snapshot(roles, signers, number, self.now, gone)
            trusted = _placed(trusted, "snapshot", data)
        stamp = trusted.timestamp
        assert trusted.snapshot is not None
        newest = trusted.snapshot.version
        if (
            stamp is None
            or stamp.snapshot_meta.version != newest
            or _due("timestamp", stamp, self.now)
        ):
            number = self._next(stamp)
            over = (newest, trusted.octets["snapshot"])
            signers = self._signers("timestamp", trusted)
            trusted = _placed(trusted, "timestamp", make_timestamp(over, signers, number, self.now))
        return trusted

    def statement(self, belief: Belief, label: str, number: int, body: Document) -> Belief:
        """One statement, signed anew when it changed or a third of its life is over."""
        held = belief.statements.get(label)
        same = held is not None and held.body == body and number in (0, held.number)
        sound = same and belief.trusted.stated_well(belief.stated[label])
        if sound and not _due(STATEMENTS, _signed(belief.stated[label]), self.now):
            return belief
        kind, _, name = label.partition("/")
        follows = next_number(held.number if held is not None else 0, self.now)
        statement = Statement(kind, name, number or follows, body)
        data = make_statement(statement, [self.keys.signer(STATEMENTS)], self.now)
        return replace(
            belief,
            statements={**belief.statements, label: statement},
            stated={**belief.stated, label: data},
        )

    def _next(self, held: TufSigned | None) -> int:
        return next_number(held.version if held is not None else 0, self.now)

    def _have(self, role: str, trusted: Trusted) -> bool:
        return len(self._signers(role, trusted)) >= trusted.root.roles[role].threshold

    def _signers(self, role: str, trusted: Trusted) -> list[Signer]:
        return signers_of(role, trusted.root, (self.keys, *self.brought))


def signers_of(role: str, root: Root, folders: Iterable[KeyFolder]) -> list[Signer]:
    """The keys by which a root lets a role be signed, as far as they lie in some folders: one as
    the name of its role, others as ``ROLE-…``."""
    ids = set(root.roles[role].keyids)
    found: dict[str, Signer] = {}
    for keys in folders:
        for name in keys.names():
            if name == role or name.startswith(f"{role}-"):
                signer = keys.signer(name)
                found[signer.public_key.keyid] = signer
    return [signer for keyid, signer in sorted(found.items()) if keyid in ids]


def _public(keys: KeyFolder, name: str) -> Key:
    keys.make(name)
    return keys.signer(name).public_key


def _definitions(trusted: Trusted) -> dict[str, Document]:
    targets = trusted.roles["targets"].targets
    return {
        path.removeprefix("definitions/"): dict(target.custom) for path, target in targets.items()
    }


def _delegated(trusted: Trusted) -> dict[str, tuple[list[str], int]]:
    delegations = trusted.roles["targets"].delegations
    roles = delegations.roles if delegations is not None else None
    return {n: (sorted(r.keyids), r.threshold) for n, r in (roles or {}).items()}


def _keyids(holders: Holders) -> tuple[list[str], int]:
    return sorted(key.keyid for key in holders.keys), holders.threshold


def _due(role: str, held: TufSigned, now: Instant) -> bool:
    """Whether a third of the life of metadata is over."""
    return now >= int(held.expires.timestamp()) - life_of(role) * 2 // 3


def _signed(data: bytes) -> TufSigned:
    found: Metadata[Any] = Metadata.from_bytes(data)
    signed: TufSigned = found.signed
    return signed


def _placed(trusted: Trusted, name: str, data: bytes) -> Trusted:
    """The set with what was signed here just now."""
    signed = _signed(data)
    octets = {**trusted.octets, name: data}
    if isinstance(signed, Timestamp):
        return replace(trusted, timestamp=signed, octets=octets)
    if isinstance(signed, Snapshot):
        return replace(trusted, snapshot=signed, octets=octets)
    assert isinstance(signed, Targets)
    return replace(trusted, roles={**trusted.roles, name: signed}, octets=octets)
