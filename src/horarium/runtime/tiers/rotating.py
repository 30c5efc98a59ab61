"""The keys of a realm: which there are, putting new ones in the place of old ones, thresholds.

A new root is signed by the keys of the root before it and by its own (TUF 5.3): who holds enough of
the old ones can name new ones, and nobody else. Everything that a key signed which counts no more
is signed anew in the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from securesystemslib.signer import Key
from tuf.api.metadata import DelegatedRole, Delegations, Root

from horarium.distribution.signing import TOP_ROLES, Holders, make_root
from horarium.distribution.trust import Trusted
from horarium.distribution.untrusted import Untrusted
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.guarded_file import NoSuchFile
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import Belief, load_belief
from horarium.runtime.tiers.foreseeing import origin_for
from horarium.runtime.tiers.origin import Origin, Published
from horarium.runtime.tiers.publishing import signers_of
from horarium.store.store import Store
from horarium.transport.keys import KeyFolder, make_key_file, public_text, read_public

MOST_KEYS = 20
"""Of one role: each signature travels with its metadata."""


@dataclass(frozen=True, slots=True)
class RoleKeys:
    """The keys of one role by their ids; ``here`` are those that lie in the folder of this site."""

    role: str
    threshold: int
    keys: tuple[str, ...]
    here: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to become of the keys of a role: ``added`` public keys join it; the keys it has stay
    with ``keep``, else one that is made here takes their place; ``threshold`` None stays."""

    role: str
    added: tuple[Key, ...] = ()
    threshold: int | None = None
    keep: bool = False


def list_keys(site: Site, settings: Settings, store: Store) -> list[RoleKeys]:
    """The keys of every role. NotFound before there is a realm."""
    origin = Origin(site, settings, store)
    return _keys_of(_believed(store).trusted, origin.folder.keys)


def _keys_of(trusted: Trusted, keys: KeyFolder) -> list[RoleKeys]:
    here = {keys.signer(name).public_key.keyid for name in keys.names()}
    found = [
        RoleKeys(role, it.threshold, tuple(it.keyids), tuple(k for k in it.keyids if k in here))
        for role, it in sorted(trusted.root.roles.items())
        if role in TOP_ROLES
    ]
    targets = trusted.roles.get("targets")
    delegations = targets.delegations if targets is not None else None
    for role, held in sorted(_roles(delegations).items()):
        ids = tuple(held.keyids)
        found.append(RoleKeys(role, held.threshold, ids, tuple(k for k in ids if k in here)))
    return found


def rotate(
    site: Site, settings: Settings, store: Store, turn: Turn, now: Instant, keys: Path | None,
    *, dry_run: bool = False,
) -> RoleKeys:  # fmt: skip
    """Turns the keys of a role, with those of a folder that is there for this once. Conflict when
    keys that are needed are kept elsewhere, InvalidInput for a threshold that can not be met."""
    origin = origin_for(site, settings, store, dry_run=dry_run)
    brought = () if keys is None else (KeyFolder(keys),)
    own = origin.folder.keys
    _believed(store)
    if turn.role in TOP_ROLES:
        fresh = "" if turn.keep else _make(own, turn.role)
        try:
            found = origin.turn(
                lambda belief: _under(belief, turn, fresh, own, brought, now), now, brought
            )
        except (Conflict, InvalidInput):
            if fresh:
                own.drop(fresh)
            raise
    else:
        known = {one.role for one in list_keys(site, settings, store)}
        if turn.role not in known:
            raise NotFound(f"there is no role {turn.role}; there are {', '.join(sorted(known))}")
        if turn.added or turn.keep or turn.threshold is not None:
            raise InvalidInput(f"{turn.role} has one key, which is made here: it is turned alone")
        found = _turn_delegated(origin, turn.role, brought, now)
    [after] = [one for one in _keys_of(found.belief.trusted, own) if one.role == turn.role]
    _drop_stale(own, turn.role, after)
    return after


def read_added(paths: Sequence[Path]) -> tuple[Key, ...]:
    """Public keys out of files. NoSuchFile, InvalidInput."""
    found = []
    for path in paths:
        if not path.is_file():
            raise NoSuchFile(f"{path}: no such file")
        found.append(read_public(path.read_bytes(), str(path)))
    return tuple(found)


def make_key(path: Path, *, dry_run: bool = False) -> str:
    """Makes a private key in a file, to be kept elsewhere; its public half, nothing where none is
    made. Conflict when there is such a file."""
    try:
        if dry_run:
            if path.exists():
                raise FileExistsError
            return ""
        return public_text(make_key_file(path)).decode("ascii")
    except FileExistsError:
        raise Conflict(f"{path} is there already: nothing was made") from None


def public_of(site: Site, settings: Settings, store: Store, role: str) -> list[str]:
    """The public halves of the keys of a role that are here. NotFound when there is none."""
    keys = Origin(site, settings, store).folder.keys
    found = [
        public_text(keys.private(name)).decode("ascii")
        for name in keys.names()
        if name == role or name.startswith(f"{role}-")
    ]
    if not found:
        raise NotFound(f"no key of {role} is here")
    return found


def _believed(store: Store) -> Belief:
    belief = load_belief(store)
    if belief is None:
        raise NotFound("there is no realm here yet; horarium distributor refresh begins one")
    return belief


def _roles(delegations: Delegations | None) -> dict[str, DelegatedRole]:
    return (delegations.roles or {}) if delegations is not None else {}


def _make(keys: KeyFolder, role: str) -> str:
    taken = {name for name in keys.names() if name == role or name.startswith(f"{role}-")}
    name = next(n for n in (f"{role}-{i}" for i in range(2, 10_000)) if n not in taken)
    keys.make(name)
    return name


def _under(
    belief: Belief, turn: Turn, fresh: str, own: KeyFolder, brought: tuple[KeyFolder, ...],
    now: Instant,
) -> Belief:  # fmt: skip
    """The belief under the next root."""
    trusted = belief.trusted
    root = trusted.root
    holders = {
        role: Holders(
            tuple(root.keys[keyid] for keyid in root.roles[role].keyids), root.roles[role].threshold
        )
        for role in TOP_ROLES
    }
    before = holders[turn.role]
    kept = before.keys if turn.keep else (own.signer(fresh).public_key,)
    keys = tuple({key.keyid: key for key in (*kept, *turn.added)}.values())
    threshold = turn.threshold if turn.threshold is not None else before.threshold
    if not 1 <= threshold <= len(keys) <= MOST_KEYS:
        raise InvalidInput(
            f"{turn.role} would have {len(keys)} keys (at most {MOST_KEYS}) of which {threshold} "
            "would have to sign",
            part="--threshold",
        )
    holders[turn.role] = Holders(keys, threshold)
    return replace(belief, trusted=_next(trusted, holders, (own, *brought), now))


def _next(
    trusted: Trusted, holders: dict[str, Holders], folders: tuple[KeyFolder, ...], now: Instant
) -> Trusted:
    number = trusted.root.version + 1
    # The root is made twice: who may sign it is read from itself.
    unsigned = Root.from_dict(_signed_part(make_root(holders, [], number, now)))
    signers = signers_of("root", trusted.root, folders) + signers_of("root", unsigned, folders)
    try:
        after = trusted.with_root(make_root(holders, signers, number, now))
    except Untrusted as error:
        raise Conflict(
            f"the root can not be signed with the keys that are here ({error}); bring those that "
            "are kept elsewhere with --keys FOLDER"
        ) from error
    for role in TOP_ROLES[1:]:
        if len(signers_of(role, after.root, folders)) < holders[role].threshold and (
            role != "targets" or not after.stands("targets")
        ):
            raise Conflict(f"{role} could not be signed any more: its keys are kept elsewhere")
    return after


def _signed_part(root: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(root)["signed"]
    return found


def _turn_delegated(
    origin: Origin, role: str, brought: tuple[KeyFolder, ...], now: Instant
) -> Published:
    """A new key for statements, or for the versions of one distribution: targets name it."""
    own = origin.folder.keys
    trusted = _believed(origin.store).trusted
    needed = trusted.root.roles["targets"].threshold
    if len(signers_of("targets", trusted.root, (own, *brought))) < needed:
        raise Conflict(
            f"the keys of targets, which name that of {role}, are kept elsewhere; bring them with "
            "--keys FOLDER"
        )
    own.drop(role)
    own.make(role)
    return origin.follow(now, brought)


def _drop_stale(keys: KeyFolder, role: str, after: RoleKeys) -> None:
    """Removes keys of a role that count no more."""
    for name in keys.names():
        mine = name == role or (role in TOP_ROLES and name.startswith(f"{role}-"))
        if mine and keys.signer(name).public_key.keyid not in after.keys:
            keys.drop(name)
