"""The quotas of a site: what is kept of each, and its change by command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from horarium.booking.quota import Quota
from horarium.booking.quota_table import (
    Table,
    TableKind,
    kept_table,
    kept_value,
    merged,
    read_quota,
)
from horarium.kernel.errors import CorruptState, InvalidInput
from horarium.kernel.instant import Instant
from horarium.store.directory import DirectoryRepository, Setting
from horarium.store.engine import Key
from horarium.store.quotas import quota_key
from horarium.store.store import Store, Transaction

OWNER = "quota:"
"""What stands before the name of a quota where the store names the owner of a key."""

BY_COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas in force by name, and by name what keeps the others from being read."""

    known: Mapping[str, Quota]
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TableChange:
    """A table before and after a change."""

    before: Table
    after: Table


def quotas_among(settings: list[Setting], groups: Mapping[str, frozenset[str]]) -> Quotas:
    """The quotas of what is kept, with the declared `groups`."""
    known: dict[str, Quota] = {}
    faults: dict[str, str] = {}
    for name, tables in kept_tables(settings).items():
        try:
            known[name] = read_quota(name, tables, groups)
        except InvalidInput as error:
            faults[name] = f"quota {name}: {error.message}"
    return Quotas(known, faults)


def kept_tables(settings: list[Setting]) -> dict[str, dict[TableKind, object]]:
    """The kept tables by quota; one that is no JSON is kept as its text, which is no table."""
    found: dict[str, dict[TableKind, object]] = {}
    for setting in settings:
        if setting.owner.startswith(OWNER) and setting.value is not None:
            tables = found.setdefault(setting.owner.removeprefix(OWNER), {})
            if setting.name in list(TableKind):
                tables[TableKind(setting.name)] = _read(setting)
    return dict(sorted(found.items()))


def objects_among(settings: list[Setting]) -> dict[str, dict[str, object]]:
    """The quotas of what is kept as an object file declares them: by name, each table."""
    found: dict[str, dict[str, object]] = {}
    for name, tables in kept_tables(settings).items():
        found[name] = {}
        for kind in TableKind:
            table = _as_table(name, kind, tables.get(kind))
            if table:
                found[name][kind.value] = object_value(kind, table)
    return found


def object_value(kind: TableKind, table: Table) -> object:
    """A table as the value of a key in an object file."""
    if kind is TableKind.DELEGATES:
        return [row[0] for row in table]
    return {row[0]: row[1] for row in table}


def read_quotas(tx: Transaction) -> Quotas:
    """The quotas in force."""
    return quotas_among(tx.directory.settings(), declared_groups(tx))


def declared_groups(tx: Transaction) -> dict[str, frozenset[str]]:
    """The declared groups and their members."""
    return {name: frozenset(members) for name, members in tx.directory.groups().items()}


def table_of(tx: Transaction, name: str, kind: TableKind) -> Table:
    """One kept table of a quota, empty when there is none; CorruptState when it is no table."""
    value = kept_tables(tx.directory.settings()).get(name, {}).get(kind)
    return _as_table(name, kind, value)


def change_table(
    store: Store, name: str, kind: TableKind, rows: Table, now: Instant, *, merge: bool
) -> TableChange:
    """Makes one table of a quota consist of `rows`, or of what it was with these merged in, and
    charges to whom they then belong. It stands until the object file's value changes."""

    def work(tx: Transaction) -> TableChange:
        change = foresee_change(tx, name, kind, rows, merge=merge)
        if change.before != change.after:
            quotas = read_quotas(tx)
            _put_table(tx.directory, OWNER + name, kind, change.after)
            tx.directory.audit(now, BY_COMMAND, f"set {kind}", name, change.before, change.after)
            tx.directory.raise_version()
            reattribute(tx, quotas)
        return change

    keys = [Key(store.tenant, "site", "objects"), quota_key(store.tenant, name)]
    return store.transact(keys, work)


def foresee_change(
    tx: Transaction, name: str, kind: TableKind, rows: Table, *, merge: bool
) -> TableChange:
    """What `change_table` would do; what is no table can be replaced, but nothing merged in."""
    try:
        before = table_of(tx, name, kind)
    except CorruptState:
        if merge:
            raise
        before = ()
    return TableChange(before, merged(before, rows) if merge else rows)


def _put_table(directory: DirectoryRepository, owner: str, kind: TableKind, table: Table) -> None:
    old = {(s.owner, s.name): s for s in directory.settings()}.get((owner, kind.value))
    text = json.dumps(kept_value(kind, table), ensure_ascii=False) if table else None
    if old is not None and old.place:
        directory.put(Setting(owner, kind.value, text, old.applied, old.place))
    elif text is not None:
        directory.put(Setting(owner, kind.value, text, None, ""))
    elif old is not None:
        directory.drop(old)


def reattribute(tx: Transaction, before: Quotas) -> None:
    """Gives the charges of each quota whose groups are others than `before` to whom they belong
    now; what can not be read keeps them as they are."""
    now = read_quotas(tx)
    for name in {*before.known, *before.faults, *now.known} - now.faults.keys():
        quota = now.known.get(name) or Quota(name, {}, {}, ())
        old = before.known.get(name)
        if (old.groups if old else {}) != quota.groups or name in before.faults:
            tx.quotas.reattribute(quota)


def _as_table(name: str, kind: TableKind, value: object) -> Table:
    try:
        return kept_table(kind, value)
    except InvalidInput as error:
        raise CorruptState("preference", f"{OWNER}{name}", error.message) from error


def _read(setting: Setting) -> object:
    try:
        return setting.read
    except ValueError:
        return setting.value
