"""The site written as imip-agent keeps one: users, preferences, quotas and what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from horarium.booking.preferences import canonical_name, is_empty
from horarium.booking.quota_table import Groups, TableKind
from horarium.kernel.instant import Instant
from horarium.runtime.directory import Registered, read_directory
from horarium.runtime.imip_agent_quota import journal_files, table_files
from horarium.runtime.imip_agent_source import Finding, Weight
from horarium.runtime.imip_agent_tree import Outfile, write_file
from horarium.runtime.imip_agent_user import held_files, preference_files
from horarium.runtime.quotas import kept_tables
from horarium.runtime.settings import Settings
from horarium.store.directory import DEFAULTS, PERSON_DEFAULTS
from horarium.store.store import Store, Transaction

Part = Outfile | Finding

LOST = "a tab, line break or backslash became a blank"


def export_imip_agent(store: Store, settings: Settings, top: Path, now: Instant) -> list[Finding]:
    """Writes the folders `preferences`, `store` and `journal` below `top`, where there should be
    nothing yet. What was written of whom, what is lost, and what could not be written."""
    found: list[Finding] = []
    directory = store.read(lambda tx: read_directory(tx, settings))
    own = store.read(_values_by_owner)
    for user in directory.users:
        values = _values(own, user, settings)
        found += _written(store, top, user.uri, partial(_of_user, user, values, now))
    tables = store.read(lambda tx: kept_tables(tx.directory.settings()))
    for name in sorted({*tables, *store.read(lambda tx: tx.quotas.names())}):
        parts = partial(_of_quota, name, tables.get(name, {}), directory.groups)
        found += _written(store, top, f"quota {name}", parts)
    return found


def _written(
    store: Store, top: Path, whose: str, parts: Callable[[Transaction], Iterator[Part]]
) -> Iterator[Finding]:
    count = 0
    for part in store.read(lambda tx: list(parts(tx))):
        if isinstance(part, Finding):
            yield part
            continue
        place = "/".join((str(top), *part.names))
        fault = write_file(top, part)
        if fault:
            yield Finding(Weight.FAULT, place, fault)
            continue
        count += 1
        for line in part.changed:
            yield Finding(Weight.DIFFERENCE, f"{place}:{line}", LOST)
    yield Finding(Weight.TAKEN, whose, f"{count} file{'s' if count != 1 else ''}")


def _of_user(
    user: Registered, values: Mapping[str, object], now: Instant, tx: Transaction
) -> Iterator[Part]:
    yield from preference_files(user, values)
    yield from held_files(tx, user, now)


def _of_quota(
    name: str, tables: Mapping[TableKind, object], groups: Groups, tx: Transaction
) -> Iterator[Part]:
    yield from table_files(name, tables, groups)
    yield from journal_files(tx, name)


def _values_by_owner(tx: Transaction) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for item in tx.directory.settings():
        if item.value is not None:
            found.setdefault(item.owner, {})[canonical_name(item.name)] = item.read
    return found


def _values(
    own: Mapping[str, Mapping[str, object]], user: Registered, settings: Settings
) -> dict[str, object]:
    """What is set for a user, its own over what is set for all: there the latter is program text
    among much else."""
    values: dict[str, object] = {"TZID": settings.zone}
    for owner in (PERSON_DEFAULTS if user.is_person else DEFAULTS, user.uri):
        values |= {n: value for n, value in own.get(owner, {}).items() if not is_empty(value)}
    return values
