"""What a node believes: a root of keys and all that is signed under it (The Update Framework).

A set of metadata goes from one believed state to the next or stays as it is: each step takes the
octets that somebody sent and the present, and gives a new set, or raises Untrusted. Every check is
made here, whoever carried the octets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar, cast

from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Signed, Snapshot, Targets, Timestamp

from horarium.distribution.records import Document, as_table, read_version
from horarium.distribution.untrusted import Doubt, Untrusted
from horarium.distribution.version import Version
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)

ROOTS = "root."
STATEMENTS = "statements"
"""The role that signs what a distributor states day by day: configurations, releases."""

LARGEST: Mapping[str, int] = {"root": 65_536, "timestamp": 16_384, "snapshot": 4_194_304}
"""Octets; what is longer is not read. A snapshot has a line for each distribution."""
LARGEST_ROLE = 33_554_432
"""Targets and what is delegated: some kilobytes for each version of a distribution."""


def build_role(distribution: str) -> str:
    """The role whose key signs the versions of a distribution, and nothing else."""
    return f"build.{distribution}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a distributor states: ``number`` grows with each change of it."""

    kind: str
    name: str
    number: int
    body: Document


@dataclass(frozen=True, slots=True)
class Trusted:
    """A set of metadata that fits together. ``octets`` are those it was read from, by name: root,
    timestamp, snapshot, targets, and delegated roles; and every root that led to this one, as
    ``root.1`` …, for those below who are behind."""

    root: Root
    octets: Mapping[str, bytes]
    timestamp: Timestamp | None = None
    snapshot: Snapshot | None = None
    roles: Mapping[str, Targets] = field(default_factory=dict)

    # --- what it says --------------------------------------------------------

    @property
    def fingerprint(self) -> str:
        """What people compare of the root."""
        return fingerprint(self.octets["root"])

    def versions(self, distribution: str) -> tuple[Version, ...]:
        """The versions of a distribution that are retained, in order."""
        role = self.roles.get(build_role(distribution))
        if role is None:
            return ()
        found = [
            _version(distribution, path, target.custom) for path, target in role.targets.items()
        ]
        return tuple(sorted(found, key=lambda version: version.number))

    def definition(self, distribution: str) -> Document | None:
        """How a distribution was defined, as it was signed; None for one that is not there."""
        targets = self.roles.get("targets")
        target = targets.targets.get(f"definitions/{distribution}") if targets else None
        return dict(as_table(target.custom)) if target is not None else None

    def expired(self, at: Instant) -> str | None:
        """The first metadata that is over its time; without it fresh nothing new is begun."""
        named: list[tuple[str, Signed | None]] = [
            ("root", self.root),
            ("timestamp", self.timestamp),
            ("snapshot", self.snapshot),
            *self.roles.items(),
        ]
        return next((name for name, it in named if it is not None and _is_over(it, at)), None)

    def wanted(self, name: str) -> int | None:
        """The number that the snapshot gives a role; None when it names none."""
        meta = self.snapshot.meta.get(f"{name}.json") if self.snapshot is not None else None
        return meta.version if meta is not None else None

    def lacks(self, name: str) -> bool:
        """Whether a role of the snapshot is not there in that number."""
        wanted = self.wanted(name)
        held = self.roles.get(name)
        return wanted is not None and (held is None or held.version != wanted)

    def stands(self, name: str) -> bool:
        """Whether what is held of a role is signed by who may sign it now."""
        delegator = (
            self.root if name in ("root", "timestamp", "snapshot") else self._delegator(name)
        )
        try:
            _verify(delegator, name, Metadata.from_bytes(self.octets[name]), name)
        except Untrusted:
            return False
        return True

    def stated_well(self, data: bytes) -> bool:
        """Whether a statement is signed by who may sign it now."""
        try:
            _verify(self._delegator(STATEMENTS), STATEMENTS, Metadata.from_bytes(data), STATEMENTS)
        except Untrusted:
            return False
        return True

    # --- steps ---------------------------------------------------------------

    def with_root(self, data: bytes) -> Trusted:
        """The set under the next root, which the present and the next keys have signed. Where the
        keys of timestamp or snapshot changed, what they signed is no measure any more: so a number
        that a stolen key made huge is left behind."""
        new = _read(Root, "root", data)
        if new.signed.version != self.root.version + 1:
            raise Untrusted(
                Doubt.ROLLBACK,
                "root",
                f"number {new.signed.version} does not follow {self.root.version}",
            )
        _verify(self.root, "root", new, "root")
        _verify(new.signed, "root", new, "root")
        kept = {**self.octets, "root": data, f"{ROOTS}{new.signed.version}": data}
        if all(_same_keys(self.root, new.signed, role) for role in ("timestamp", "snapshot")):
            return replace(self, root=new.signed, octets=kept)
        kept.pop("timestamp", None)
        kept.pop("snapshot", None)
        return replace(self, root=new.signed, octets=kept, timestamp=None, snapshot=None)

    def with_timestamp(self, data: bytes, at: Instant) -> Trusted:
        """The set with a newer timestamp, or with the same one again."""
        if _is_over(self.root, at):
            raise Untrusted(Doubt.EXPIRED, "root", f"expired on {_day(self.root)}")
        new = _read(Timestamp, "timestamp", data)
        _verify(self.root, "timestamp", new, "timestamp")
        old = self.timestamp
        if old is not None:
            _not_older("timestamp", old.version, new.signed.version)
            _not_older("snapshot", old.snapshot_meta.version, new.signed.snapshot_meta.version)
        _not_over("timestamp", new.signed, at)
        return replace(self, timestamp=new.signed, octets={**self.octets, "timestamp": data})

    def with_snapshot(self, data: bytes, at: Instant) -> Trusted:
        """The set with the snapshot that its timestamp names."""
        if self.timestamp is None:
            raise Untrusted(Doubt.MIXED, "snapshot", "there is no timestamp")
        new = _read(Snapshot, "snapshot", data)
        _verify(self.root, "snapshot", new, "snapshot")
        meta = self.timestamp.snapshot_meta
        _fits("snapshot", meta, data, new.signed.version)
        if self.snapshot is not None:
            for name, before in self.snapshot.meta.items():
                after = new.signed.meta.get(name)
                if after is None:
                    raise Untrusted(Doubt.ROLLBACK, "snapshot", f"{name} is no longer in it")
                _not_older(name.removesuffix(".json"), before.version, after.version)
        _not_over("snapshot", new.signed, at)
        return replace(self, snapshot=new.signed, octets={**self.octets, "snapshot": data})

    def with_role(self, name: str, data: bytes, at: Instant) -> Trusted:
        """The set with ``targets``, or with a role that they delegate, as the snapshot names it."""
        meta = self.snapshot.meta.get(f"{name}.json") if self.snapshot is not None else None
        if meta is None:
            raise Untrusted(Doubt.MIXED, name, "the snapshot does not name it")
        new = _read(Targets, name, data)
        _verify(self._delegator(name), name, new, name)
        _fits(name, meta, data, new.signed.version)
        held = self.roles.get(name)
        if held is not None:
            _not_older(name, held.version, new.signed.version)
        _not_over(name, new.signed, at)
        return replace(
            self,
            roles={**self.roles, name: new.signed},
            octets={**self.octets, name: data},
        )

    def statement(self, data: bytes, at: Instant, before: int = 0) -> Statement:
        """A statement that is signed by who may, not over its time, and not older than number
        ``before``."""
        new = _read(Targets, STATEMENTS, data)
        _verify(self._delegator(STATEMENTS), STATEMENTS, new, STATEMENTS)
        try:
            table = as_table(new.signed.unrecognized_fields.get("statement"))
            kind, name, body = table["kind"], table["name"], dict(as_table(table["body"]))
        except (InvalidInput, KeyError):
            raise Untrusted(Doubt.FORMAT, STATEMENTS, "it states nothing") from None
        label = f"{kind}/{name}"
        _not_older(label, before, new.signed.version)
        _not_over(label, new.signed, at)
        return Statement(str(kind), str(name), new.signed.version, body)

    def _delegator(self, name: str) -> Root | Targets:
        if name == "targets":
            return self.root
        targets = self.roles.get("targets")
        if targets is None:
            raise Untrusted(Doubt.MIXED, name, "there are no targets yet")
        return targets


def first_trust(root: bytes, expected: str | None = None) -> Trusted:
    """The set that begins with a root: one that was believed before, or, with ``expected``, one
    whose fingerprint was told on a way of its own. Untrusted for another."""
    found = _read(Root, "root", root)
    if expected is not None and fingerprint(root) != expected:
        raise Untrusted(
            Doubt.STRANGE_ROOT,
            "root",
            f"its fingerprint is {fingerprint(root)}, not {expected}: this is another realm",
        )
    _verify(found.signed, "root", found, "root")
    return Trusted(found.signed, {"root": root, f"{ROOTS}{found.signed.version}": root})


def remembered(octets: Mapping[str, bytes]) -> Trusted:
    """The set that was believed when its octets were kept; whether it is over its time is asked
    when something new is begun. Untrusted when it was damaged."""
    trusted = first_trust(octets["root"])
    roles: dict[str, Targets] = {}
    timestamp = snapshot = None
    if "timestamp" in octets:
        kept = _read(Timestamp, "timestamp", octets["timestamp"])
        _verify(trusted.root, "timestamp", kept, "timestamp")
        timestamp = kept.signed
    if "snapshot" in octets:
        snap = _read(Snapshot, "snapshot", octets["snapshot"])
        _verify(trusted.root, "snapshot", snap, "snapshot")
        snapshot = snap.signed
    roles_kept = (name for name in octets if name not in LARGEST and not name.startswith(ROOTS))
    for name in sorted(roles_kept, key=_targets_first):
        role = _read(Targets, name, octets[name])
        if name != "targets" and not _delegates(roles["targets"], name):
            continue
        _verify(trusted.root if name == "targets" else roles["targets"], name, role, name)
        roles[name] = role.signed
    return Trusted(trusted.root, dict(octets), timestamp, snapshot, roles)


def _delegates(targets: Targets, name: str) -> bool:
    """Whether a role still has who signs for it: that of a removed distribution has nobody."""
    roles = targets.delegations.roles if targets.delegations is not None else None
    return name in (roles or {})


def fingerprint(root: bytes) -> str:
    """What people compare of a root: the SHA-256 of its octets."""
    return sha256(root).hexdigest()


def _targets_first(name: str) -> tuple[bool, str]:
    return name != "targets", name


def _version(distribution: str, path: str, custom: Any) -> Version:
    try:
        version = read_version(distribution, custom)
    except InvalidInput as error:
        raise Untrusted(Doubt.FORMAT, build_role(distribution), f"{path}: {error}") from error
    if path != version_path(distribution, version.number):
        raise Untrusted(
            Doubt.FORMAT, build_role(distribution), f"{path} holds version {version.number}"
        )
    return version


def version_path(distribution: str, number: int) -> str:
    """The name of a version's manifest among the targets of its role."""
    return f"versions/{distribution}/{number}"


def _read(kind: type[S], name: str, data: bytes) -> Metadata[S]:
    if len(data) > LARGEST.get(name, LARGEST_ROLE):
        raise Untrusted(Doubt.FORMAT, name, f"is longer than {LARGEST.get(name, LARGEST_ROLE)}")
    try:
        found: Metadata[Any] = Metadata.from_bytes(data)
    except (RepositoryError, ValueError, RecursionError) as error:
        raise Untrusted(Doubt.FORMAT, name, f"can not be read: {error}") from error
    if not isinstance(found.signed, kind):
        raise Untrusted(Doubt.FORMAT, name, f"is {found.signed.type}")
    return cast("Metadata[S]", found)


def _verify(delegator: Root | Targets, role: str, found: Metadata[Any], name: str) -> None:
    try:
        delegator.verify_delegate(role, found.signed_bytes, found.signatures)
    except UnsignedMetadataError as error:
        raise Untrusted(Doubt.SIGNATURE, name, str(error)) from error
    except ValueError as error:
        raise Untrusted(Doubt.SIGNATURE, name, f"nobody may sign it: {error}") from error


def _fits(name: str, meta: Any, data: bytes, version: int) -> None:
    try:
        meta.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise Untrusted(Doubt.MIXED, name, str(error)) from error
    if version != meta.version:
        raise Untrusted(Doubt.MIXED, name, f"number {version}, where {meta.version} is named")


def _not_older(name: str, before: int, after: int) -> None:
    if after < before:
        raise Untrusted(Doubt.ROLLBACK, name, f"number {after} is older than {before}")


def _not_over(name: str, signed: Signed, at: Instant) -> None:
    if _is_over(signed, at):
        raise Untrusted(Doubt.EXPIRED, name, f"expired on {_day(signed)}")


def _is_over(signed: Signed, at: Instant) -> bool:
    return signed.is_expired(datetime.fromtimestamp(at, UTC))


def _day(signed: Signed) -> str:
    return f"{signed.expires:%Y-%m-%d %H:%M} UTC"


def _same_keys(old: Root, new: Root, role: str) -> bool:
    return sorted(old.roles[role].keyids) == sorted(new.roles[role].keyids)
