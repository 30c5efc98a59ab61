"""Changes of resources by command, beside the object files."""

from __future__ import annotations

import json

from horarium.booking.preferences import canonical_name, check_preferences
from horarium.ical.address import parse_address
from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.instant import Instant
from horarium.runtime.questions import find_object, shown
from horarium.runtime.settings import Settings
from horarium.store.directory import CalendarUser, Setting
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction

BY_COMMAND = "command"


def _site_key(store: Store) -> list[Key]:
    return [Key(store.tenant, "site", "objects")]


def add_resource(store: Store, address: str, now: Instant) -> bool:
    """Declares a resource; False when it is there already. InvalidInput for no address."""
    uri = f"mailto:{parse_address(address.removeprefix('mailto:')).text}"

    def work(tx: Transaction) -> bool:
        known = {user.uri.lower() for user in tx.directory.users()}
        if uri.lower() in known:
            return False
        tx.directory.declare(uri, "resource", BY_COMMAND)
        tx.directory.audit(now, BY_COMMAND, "add", uri, None, None)
        tx.directory.raise_version()
        return True

    return store.transact(_site_key(store), work)


def set_preference(
    store: Store, settings: Settings, name: str, preference: str, value: str | None, now: Instant
) -> object:
    """Sets a preference of a calendar user, or with None takes its own value away; what it was.

    InvalidInput for an unknown name or an unreadable value, NotFound for an unknown resource.
    """
    key = canonical_name(preference)

    def work(tx: Transaction) -> object:
        user = find_object(tx, settings, name)
        faults = check_preferences({preference: "" if value is None else value}, user.kind)
        if faults:
            raise InvalidInput(str(faults[0]), part=preference, value=value or "")
        stored = {(s.owner, s.name): s for s in tx.directory.settings()}
        old = stored.get((user.uri, key))
        text = None if value is None else json.dumps(value, ensure_ascii=False)
        if old is not None and old.place:
            tx.directory.put(Setting(user.uri, key, text, old.applied, old.place))
        elif text is not None:
            tx.directory.put(Setting(user.uri, key, text, None, ""))
        elif old is not None:
            tx.directory.drop(old)
        before = old.read if old is not None else None
        tx.directory.audit(now, BY_COMMAND, f"set {key}", user.uri, before, value)
        tx.directory.raise_version()
        return before

    return store.transact(_site_key(store), work)


def remove_resource(store: Store, settings: Settings, name: str, now: Instant) -> None:
    """Removes a resource with all that it held; Conflict while it has bookings to come."""

    def work(tx: Transaction) -> None:
        found = find_object(tx, settings, name)
        user = CalendarUser(found.id, found.uri, found.kind, found.declared_in)
        count = 0 if found.is_person else tx.directory.future_bookings(user, now)
        if count:
            raise Conflict(f"{shown(found)} still has {count} bookings to come")
        tx.directory.remove(user)
        tx.directory.audit(now, BY_COMMAND, "remove", user.uri, None, None)
        tx.directory.raise_version()

    store.transact(_site_key(store), work)
