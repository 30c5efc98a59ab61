"""The realm of a site, read from what is kept: its objects as they are declared, and as they are in
effect since the last refresh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from horarium.distribution.declared import read_object, read_realm
from horarium.distribution.realm import Realm
from horarium.distribution.realm_faults import RealmFault, dependents, link_calendars, realm_faults
from horarium.kernel.errors import Conflict, CorruptState, InvalidInput, NotFound
from horarium.kernel.nearest import nearest
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.faults import BadObjects, Fault
from horarium.runtime.objects import DISTRIBUTED, DeclaredObjects
from horarium.runtime.settings import Settings
from horarium.store.directory import Setting
from horarium.store.in_effect import Bodies
from horarium.store.store import Transaction

Written = dict[str, dict[str, dict[str, Any]]]
"""Objects by kind and name: the written value of each key."""

SEED = "realm_seed"
"""Where the store keeps what places the random moments of the realm."""
_SEED_OCTETS = 16


def distributed_among(settings: list[Setting]) -> Written:
    """What of the kept keys belongs to each kind: by kind and name, the value of each key."""
    found: Written = {kind: {} for kind in DISTRIBUTED}
    for setting in settings:
        kind, colon, name = setting.owner.partition(":")
        if colon and kind in found and setting.value is not None:
            found[kind].setdefault(name, {})[setting.name] = setting.read
    return {kind: dict(sorted(objects.items())) for kind, objects in found.items()}


def declared_realm(tx: Transaction, settings: Settings) -> Realm:
    """The realm as it is declared. CorruptState for an object that can not be read (any more)."""
    return _read(tx, distributed_among(tx.directory.settings()), settings.zone)


def realm_in_effect(tx: Transaction, settings: Settings) -> Realm:
    """The realm by which a distributor acts: edits since its last refresh are not in it. As it is
    declared where there was no refresh, as on every node that is none."""
    if not tx.in_effect.some():
        return declared_realm(tx, settings)
    return _read(tx, _by_kind(tx.in_effect.all()), settings.zone)


def take_effect(tx: Transaction, settings: Settings) -> None:
    """Puts all that is declared into effect. CorruptState, and nothing done, where it can not be
    read."""
    bodies = _bodies(tx)
    _read(tx, _by_kind(bodies), settings.zone)
    tx.in_effect.replace(bodies)


def take_definition(tx: Transaction, settings: Settings, name: str) -> bool:
    """Puts a distribution into effect as it is declared now, unless that does not fit without
    other edits, which wait for a refresh; whether it is another one than before. NotFound when it
    is declared no more."""
    kept, declared = tx.in_effect.all(), _bodies(tx)
    key = ("distribution", name)
    if key not in declared:
        raise NotFound(f"there is no distribution {name}")
    if not kept or kept.get(key) == declared[key]:
        return False
    try:
        realm = _read(tx, _by_kind({**kept, key: declared[key]}), settings.zone)
    except CorruptState:
        return False
    if any(realm_faults(realm)):
        return False
    tx.in_effect.put(*key, declared[key])
    return True


def edits_waiting(tx: Transaction) -> dict[tuple[str, str], dict[str, Any]]:
    """What is declared otherwise than it is in effect: by kind and name, each key that differs with
    the value in effect, None where it has none. Nothing where there was no refresh."""
    kept = tx.in_effect.all()
    declared = _bodies(tx) if kept else {}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for key in sorted(kept.keys() | declared.keys()):
        held, written = kept.get(key, {}), declared.get(key, {})
        differs = [one for one in sorted({*held, *written}) if held.get(one) != written.get(one)]
        if differs or key not in kept or key not in declared:
            found[key] = {one: held.get(one) for one in differs}
    return found


def _bodies(tx: Transaction) -> Bodies:
    written = distributed_among(tx.directory.settings())
    return {(kind, name): body for kind, found in written.items() for name, body in found.items()}


def _by_kind(bodies: Bodies) -> Written:
    found: Written = {kind: {} for kind in DISTRIBUTED}
    for (kind, name), body in bodies.items():
        found[kind][name] = body
    return found


def _read(tx: Transaction, written: Written, zone: str) -> Realm:
    try:
        return read_realm(written, zone, tx.meta(SEED) or "")
    except InvalidInput as error:
        raise CorruptState("preferences", error.value, str(error)) from error


def keep_seed(tx: Transaction) -> str:
    """The seed of the realm; it is made when there is none."""
    found = tx.meta(SEED)
    return found if found else change_seed(tx)


def change_seed(tx: Transaction) -> str:
    """Draws another seed: random moments lie elsewhere from now on."""
    seed = SystemSecrets().random(_SEED_OCTETS).hex()
    tx.set_meta(SEED, seed)
    return seed


def names_in_realm(tx: Transaction) -> frozenset[tuple[str, str]]:
    """Every object of distribution there is, as kind and name."""
    written = distributed_among(tx.directory.settings())
    return frozenset((kind, name) for kind, objects in written.items() for name in objects)


def check_realm(
    tx: Transaction,
    before: frozenset[tuple[str, str]],
    places: Mapping[tuple[str, str, str], str],
) -> None:
    """Refuses a change, already made in this transaction, after which the objects of distribution
    do not fit together. BadObjects with everything that is wrong where ``places`` tell its file and
    line, InvalidInput without them; Conflict with all that needs an object that is gone. The first
    object of a realm gives it its seed."""
    written = distributed_among(tx.directory.settings())
    now = {(kind, name) for kind, objects in written.items() for name in objects}
    if not now:
        return
    for kind, name in sorted(now):
        try:
            read_object(kind, name, written[kind][name])
        except InvalidInput as error:
            _refuse([(kind, name, error.part, str(error))], places)
    realm = _read(tx, written, "UTC")
    for kind, name in sorted(before - now):
        needing = dependents(realm, kind, name)
        if needing:
            shown = ", ".join(f"{of} {other}" for of, other in needing)
            raise Conflict(f"{kind} {name} is not removed: it is needed by {shown}")
    _refuse([*realm_faults(realm), *_calendar_faults(tx, realm)], places)
    keep_seed(tx)


def review_realm(declared: DeclaredObjects, settings: Settings) -> list[Fault]:
    """What does not fit together of the objects that files declare, each with its place. Link
    calendars may be resources that only the store knows."""
    realm = read_realm(declared.distributed, settings.zone, "")
    return [placed_fault(fault, declared.places) for fault in realm_faults(realm)]


def _refuse(faults: list[RealmFault], places: Mapping[tuple[str, str, str], str]) -> None:
    if not faults:
        return
    if places:
        raise BadObjects([placed_fault(fault, places) for fault in faults])
    kind, name, key, message = faults[0]
    raise InvalidInput(f"{kind} {name}: {key}: {message}", part=key, value=name)


def placed_fault(fault: RealmFault, places: Mapping[tuple[str, str, str], str]) -> Fault:
    """What is wrong between objects, with the place where it is written."""
    kind, name, key, message = fault
    place = places.get((kind, name, key)) or places.get((kind, name, ""), "")
    file, _, line = place.rpartition(":")
    path = ".".join(part for part in (kind, name, key) if part)
    return Fault(file or "the store", int(line or 0), 1 if line else 0, path, message)


def _calendar_faults(tx: Transaction, realm: Realm) -> Iterator[RealmFault]:
    users = (user for user in tx.directory.users() if user.kind == "resource")
    known = {user.uri.removeprefix("mailto:").lower() for user in users}
    for kind, name, calendar in link_calendars(realm):
        if calendar.resource.lower() not in known:
            near = nearest(calendar.resource, known)
            yield kind, name, "calendar", f"there is no resource {calendar.resource}{near}"
