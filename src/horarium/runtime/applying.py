"""`apply`: what the object files declare becomes what the store holds, all of it or nothing.

A file owns the keys it set: a command's change to such a key stands until the file's value changes,
so applying an unchanged file again leaves it. `check` shows such a key as drift.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from horarium.kernel.errors import Conflict
from horarium.kernel.instant import Instant
from horarium.runtime.affected import affected
from horarium.runtime.freeing import note_widened
from horarium.runtime.holidays import Laid, put_laid
from horarium.runtime.objects import USERS, DeclaredObjects
from horarium.runtime.offers import check_offers, read_offers
from horarium.runtime.quotas import OWNER as QUOTA
from horarium.runtime.quotas import read_quotas, reattribute
from horarium.runtime.realm import check_realm, names_in_realm
from horarium.store.directory import (
    DEFAULTS,
    PERSON_DEFAULTS,
    CalendarUser,
    DirectoryRepository,
    Setting,
)
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Applied:
    """One change that `apply` made or, dry, would make."""

    kind: str
    id: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}: {self.what}"


def apply_objects(
    store: Store, declared: DeclaredObjects, now: Instant, *, prune: bool, dry_run: bool,
    laid: Laid | None = None,
) -> list[Applied]:  # fmt: skip
    """Applies `declared` in one transaction, with the calendars of holidays it names, `laid` down;
    the changes in order, and the appointments that lie outside the
    hours because of them. With `prune` calendar users,
    groups, quotas, directives and what is offered that no file declares any more are removed;
    Conflict if a resource or an appointer still has bookings to come, if an address is declared as
    another kind than it is, if an object names one that is not there, or if the objects of
    distribution do not fit together. What was charged to a quota follows its groups.
    """

    def work(tx: Transaction) -> list[Applied]:
        quotas = read_quotas(tx)
        offers = read_offers(tx)
        realm = names_in_realm(tx)
        changes = list(_changes(tx.directory, declared, now, prune=prune))
        found = put_laid(tx, laid or {}, now, "apply")
        changes += [Applied("holidays", name, what) for name, what in found]
        after = check_offers(tx, offers, declared.places, now)
        if changes:
            check_realm(tx, realm, declared.places)
            reattribute(tx, quotas)
            note_widened(tx, offers, after, now)
            tx.directory.raise_version()
            for change in changes:
                tx.directory.audit(now, "apply", change.what, change.id, None, None)
        told = affected(tx, offers, after, now)
        changes += [Applied("appointment", id_, what) for id_, what in told]
        return changes

    run = store.foresee if dry_run else store.transact
    return run([Key(store.tenant, "site", "objects")], work)


def _changes(
    directory: DirectoryRepository, declared: DeclaredObjects, now: Instant, *, prune: bool
) -> Iterator[Applied]:
    users = {user.uri: user for user in directory.users()}
    stored: dict[str, dict[str, Setting]] = {}
    for setting in directory.settings():
        stored.setdefault(setting.owner, {})[setting.name] = setting
    for kind in USERS:
        yield from _users(directory, kind, declared, users, stored)
    yield from _groups(directory, declared, prune=prune)
    yield from _quotas(directory, declared, stored, prune=prune)
    yield from _named(directory, "directive", declared.directives, stored, declared, prune=prune)
    for kind, objects in (*declared.offered.items(), *declared.distributed.items()):
        yield from _named(directory, kind, objects, stored, declared, prune=prune)
    if prune:
        kept = {_uri(declared, key, users) for kind in USERS for key in declared.users(kind)}
        for uri, user in users.items():
            if uri not in kept:
                yield _remove(directory, user, now)


def _users(
    directory: DirectoryRepository,
    kind: str,
    declared: DeclaredObjects,
    users: Mapping[str, CalendarUser],
    stored: Mapping[str, Mapping[str, Setting]],
) -> Iterator[Applied]:
    """The site-wide values of one kind of calendar user, and then each of them."""
    owner = PERSON_DEFAULTS if kind == "person" else DEFAULTS
    values = declared.defaults_of(kind)
    yield from _settings(directory, ("defaults", kind), owner, values, stored, declared)
    for key, own in declared.users(kind).items():
        uri = _uri(declared, key, users)
        if uri not in users:
            directory.declare(uri, kind, _declared_in(declared, kind, key))
            yield Applied(kind, _shown(uri), "added")
        elif users[uri].kind != kind:
            other = users[uri].kind
            raise Conflict(f"{_shown(uri)} is a {other} here; remove it before it is a {kind}")
        yield from _settings(directory, (kind, key), uri, own, stored, declared)


def _settings(
    directory: DirectoryRepository,
    kind: tuple[str, str],
    owner: str,
    values: Mapping[str, object],
    stored: Mapping[str, Mapping[str, Setting]],
    declared: DeclaredObjects,
) -> Iterator[Applied]:
    before = stored.get(owner, {})
    shown = _shown(owner) if kind[0] in USERS else kind[1]
    for name, value in values.items():
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        old = before.get(name)
        place = _file(declared.places.get((*kind, name), ""))
        if old is not None and old.applied == text:
            continue
        directory.put(Setting(owner, name, text, text, place))
        what = f"{name} = {text}" if old is None else f"{name} = {text} (was {old.value})"
        yield Applied(kind[0], shown, what)
    for name, old in before.items():
        if name not in values and old.place:
            yield from _disown(directory, kind[0], shown, old)


def _disown(
    directory: DirectoryRepository, kind: str, shown: str, old: Setting
) -> Iterator[Applied]:
    """A key that left its file: its value goes with it, unless a command has changed it since."""
    if old.drifts:
        directory.put(Setting(old.owner, old.name, old.value, None, ""))
        return
    directory.drop(old)
    yield Applied(kind, shown, f"{old.name} is no longer set (was {old.value})")


def _groups(
    directory: DirectoryRepository, declared: DeclaredObjects, *, prune: bool
) -> Iterator[Applied]:
    before = directory.groups()
    for name, members in declared.groups.items():
        if before.get(name) != tuple(members):
            directory.put_group(name, tuple(members))
            yield Applied("group", name, f"members = {', '.join(members)}")
    if prune:
        for name in before.keys() - declared.groups.keys():
            directory.put_group(name, ())
            yield Applied("group", name, "removed")


def _quotas(
    directory: DirectoryRepository,
    declared: DeclaredObjects,
    stored: Mapping[str, Mapping[str, Setting]],
    *,
    prune: bool,
) -> Iterator[Applied]:
    for name, tables in declared.quotas.items():
        yield from _settings(directory, ("quota", name), QUOTA + name, tables, stored, declared)
    if not prune:
        return
    for owner, settings in stored.items():
        name = owner.removeprefix(QUOTA)
        # What only commands ever set was never declared, so no file can have dropped it.
        ours = [setting for setting in settings.values() if setting.place]
        if owner.startswith(QUOTA) and name not in declared.quotas and ours:
            for setting in ours:
                directory.drop(setting)
            yield Applied("quota", name, "removed")


def _named(
    directory: DirectoryRepository,
    kind: str,
    objects: Mapping[str, Mapping[str, object]],
    stored: Mapping[str, Mapping[str, Setting]],
    declared: DeclaredObjects,
    *,
    prune: bool,
) -> Iterator[Applied]:
    """Objects of a kind that go by a name; the owner of their keys is `kind:name`."""
    for name, keys in objects.items():
        owner = f"{kind}:{name}"
        if owner not in stored:
            yield Applied(kind, name, "added")
        yield from _settings(directory, (kind, name), owner, keys, stored, declared)
    if not prune:
        return
    for owner, settings in stored.items():
        name = owner.removeprefix(f"{kind}:")
        if owner.startswith(f"{kind}:") and name not in objects:
            for setting in settings.values():
                directory.drop(setting)
            yield Applied(kind, name, "removed")


def _remove(directory: DirectoryRepository, user: CalendarUser, now: Instant) -> Applied:
    count = directory.future_bookings(user, now) if user.kind == "resource" else 0
    if count:
        raise Conflict(f"{_shown(user.uri)} still has {count} bookings to come; it is not removed")
    directory.remove(user)
    return Applied(user.kind, _shown(user.uri), "removed")


def _uri(declared: DeclaredObjects, key: str, users: Mapping[str, CalendarUser]) -> str:
    """The URI a calendar user is kept under: the one it has already, else as it was written."""
    for uri in users:
        if _shown(uri).lower() == key:
            return uri
    return f"mailto:{declared.spellings.get(key, key)}"


def _declared_in(declared: DeclaredObjects, kind: str, key: str) -> str:
    own = (place for (*of, _), place in declared.places.items() if of == [kind, key])
    return _file(next(own, ""))


def _shown(uri: str) -> str:
    return uri.removeprefix("mailto:")


def _file(place: str) -> str:
    return place.rpartition(":")[0] or place or "objects"
