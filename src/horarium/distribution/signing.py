"""What a distributor signs: roots, definitions, versions, statements, and the set of them all.

Pure: keys and instants come in, signed octets go out. Who holds which key decides what it can
change: a build key its own versions only, the keys of snapshot and timestamp no content at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from securesystemslib.signer import Key, Signer
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from horarium.distribution.content import blob_of
from horarium.distribution.records import Document, version_document
from horarium.distribution.trust import STATEMENTS, Statement, build_role, version_path
from horarium.distribution.version import Version
from horarium.kernel.instant import Instant

DAY = 86_400
LIVES: Mapping[str, int] = {
    "root": 365 * DAY,
    "targets": 365 * DAY,
    "build": 30 * DAY,
    STATEMENTS: 30 * DAY,
    "snapshot": 7 * DAY,
    "timestamp": 3 * DAY,
}
"""Seconds that metadata hold. It is signed anew when a third of that has passed."""

TOP_ROLES = ("root", "targets", "snapshot", "timestamp")


@dataclass(frozen=True, slots=True)
class Holders:
    """Who signs for a role: its public keys, and how many of them are needed."""

    keys: tuple[Key, ...]
    threshold: int = 1


def life_of(role: str) -> int:
    """Seconds that metadata of a role hold."""
    return LIVES["build" if role.startswith("build.") else role]


def next_number(held: int, at: Instant) -> int:
    """The number of metadata after ``held``: one more, and not below the present, so that who
    signs from a restored store is believed by those who have seen later numbers."""
    return max(held + 1, int(at))


def make_root(
    holders: Mapping[str, Holders], signers: Iterable[Signer], number: int, at: Instant
) -> bytes:
    """A root that names who signs for each top role; signed by every signer that is given (those
    of the root before it and its own)."""
    root = Root(version=number, expires=_expiry("root", at), consistent_snapshot=False)
    for role in TOP_ROLES:
        for key in holders[role].keys:
            root.add_key(key, role)
        root.roles[role].threshold = holders[role].threshold
    return _signed(Metadata(root), signers)


def make_targets(
    definitions: Mapping[str, Document],
    delegates: Mapping[str, Holders],
    signers: Iterable[Signer],
    number: int,
    at: Instant,
) -> bytes:
    """The definitions of all distributions, and who signs the versions of each and the statements
    (``delegates``: by role)."""
    targets = Targets(version=number, expires=_expiry("targets", at))
    keys: dict[str, Key] = {}
    roles: dict[str, DelegatedRole] = {}
    for name, holders in sorted(delegates.items()):
        distribution = name.removeprefix("build.")
        paths = [] if name == STATEMENTS else [f"versions/{distribution}/*"]
        keyids = [key.keyid for key in holders.keys]
        keys.update({key.keyid: key for key in holders.keys})
        roles[name] = DelegatedRole(name, keyids, holders.threshold, True, paths)
    targets.delegations = Delegations(keys, roles)
    for name, definition in sorted(definitions.items()):
        path = f"definitions/{name}"
        targets.targets[path] = _target(path, canonical(definition), definition)
    return _signed(Metadata(targets), signers)


def make_versions(
    distribution: str, versions: Sequence[Version], signers: Iterable[Signer], number: int,
    at: Instant,
) -> bytes:  # fmt: skip
    """The retained versions of a distribution."""
    role = build_role(distribution)
    targets = Targets(version=number, expires=_expiry(role, at))
    for version in versions:
        path = version_path(distribution, version.number)
        hashes = {"sha256": version.manifest.hex}
        targets.targets[path] = TargetFile(
            version.manifest.length, hashes, path, {"custom": version_document(version)}
        )
    return _signed(Metadata(targets), signers)


def make_statement(statement: Statement, signers: Iterable[Signer], at: Instant) -> bytes:
    """One statement."""
    body = {"kind": statement.kind, "name": statement.name, "body": statement.body}
    targets = Targets(
        version=statement.number,
        expires=_expiry(STATEMENTS, at),
        unrecognized_fields={"statement": body},
    )
    return _signed(Metadata(targets), signers)


def make_snapshot(
    roles: Mapping[str, tuple[int, bytes]], signers: Iterable[Signer], number: int, at: Instant,
    gone: Mapping[str, MetaFile] = MappingProxyType({}),
) -> bytes:  # fmt: skip
    """The numbers and digests of targets and of all delegated roles (by name). ``gone`` is what
    was told last of roles that are no more, by name: who saw them named would take a set without
    them for an older one."""
    snapshot = Snapshot(version=number, expires=_expiry("snapshot", at))
    named = {**gone, **{name: _meta(*roles[name]) for name in roles}}
    snapshot.meta = {f"{name}.json": named[name] for name in sorted(named)}
    return _signed(Metadata(snapshot), signers)


def make_timestamp(
    snapshot: tuple[int, bytes], signers: Iterable[Signer], number: int, at: Instant
) -> bytes:
    """The number and digest of the newest snapshot."""
    timestamp = Timestamp(version=number, expires=_expiry("timestamp", at))
    timestamp.snapshot_meta = _meta(*snapshot)
    return _signed(Metadata(timestamp), signers)


def canonical(document: Document) -> bytes:
    """The one text of a table: equal tables have equal octets."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _meta(number: int, data: bytes) -> MetaFile:
    blob = blob_of(data)
    return MetaFile(number, blob.length, {"sha256": blob.hex})


def _target(path: str, data: bytes, custom: Document) -> TargetFile:
    blob = blob_of(data)
    return TargetFile(blob.length, {"sha256": blob.hex}, path, {"custom": custom})


def _expiry(role: str, at: Instant) -> datetime:
    return datetime.fromtimestamp(at + life_of(role), UTC)


def _signed(metadata: Metadata[Any], signers: Iterable[Signer]) -> bytes:
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()
