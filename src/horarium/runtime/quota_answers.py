"""What is asked of quotas: which there are, who used what of them, and their daily expiry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from horarium.booking.quota import ANYBODY, Allowance, Quota, quota_name
from horarium.booking.quota_table import TableKind
from horarium.booking.written import address_key
from horarium.kernel.errors import NotFound
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall
from horarium.kernel.nearest import nearest
from horarium.kernel.zone import Zone
from horarium.runtime.directory import Directory, Registered, read_directory
from horarium.runtime.quotas import OWNER, kept_tables, read_quotas
from horarium.runtime.settings import Settings
from horarium.store.quotas import JournalEntry, quota_key
from horarium.store.store import Store, Transaction

# Functions whose first argument, else the resource itself, names a quota.
_FUNCTIONS = frozenset((
    "check_quota", "add_to_quota", "remove_from_quota", "schedule_across_quota",
    "add_to_quota_freebusy", "remove_from_quota_freebusy", "schedule_for_delegate",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one identity may use (None: nothing), what it uses, and by how many occurrences."""

    identity: str
    allowance: Allowance | None
    used: int
    entries: int

    @property
    def free(self) -> int | None:
        """The seconds that are left, None when there is no end to them."""
        if self.allowance is None:
            return 0
        limit = self.allowance.seconds
        return None if limit is None else max(limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of one quota since its mark; `general` holds for each identity not in `rows`, and
    `fault` says what keeps the quota from being read."""

    name: str
    mark: Instant | None
    general: Allowance | None
    rows: tuple[UsageRow, ...]
    fault: str


@dataclass(frozen=True, slots=True)
class Pool:
    """A quota as one object: its delegates that are resources here, in order, else the resources
    whose functions name it."""

    quota: Quota
    members: tuple[Registered, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """One quota in a list: how many rows its tables have, the addresses of the resources whose
    functions name it, the seconds used of it, and what keeps it from being read."""

    name: str
    rows: dict[TableKind, int]
    resources: tuple[str, ...]
    used: int
    mark: Instant | None
    fault: str


def find_quota(tx: Transaction, settings: Settings, name: str) -> str:
    """The one name of a quota that is declared, was used, or is named by a function; NotFound for
    any other."""
    wanted, known = quota_name(name), quota_names(tx, settings)
    if wanted not in known:
        raise NotFound(f"there is no quota {name}{nearest(name, known)}")
    return wanted


def quota_names(tx: Transaction, settings: Settings) -> list[str]:
    """The names of all quotas, in order."""
    named = {*kept_tables(tx.directory.settings()), *tx.quotas.names()}
    return sorted(named | _named_by_functions(read_directory(tx, settings)).keys())


def find_pool(tx: Transaction, directory: Directory, name: str) -> Pool | None:
    """The quota that `name` means, with or without `quota:` before it; None when there is none."""
    wanted = quota_name(name.removeprefix(OWNER))
    named = _named_by_functions(directory)
    if wanted not in {*kept_tables(tx.directory.settings()), *tx.quotas.names(), *named}:
        return None
    quota = directory.quotas.get(wanted) or Quota(wanted, {}, {}, ())
    addresses = quota.delegates or named.get(wanted, ())
    found = [directory.by_key[key.lower()] for key in addresses if key.lower() in directory.by_key]
    return Pool(quota, tuple(found))


def summaries(store: Store, settings: Settings) -> list[Summary]:
    """All quotas in the order of their names."""

    def work(tx: Transaction) -> list[Summary]:
        kept, faults = kept_tables(tx.directory.settings()), read_quotas(tx).faults
        resources = _named_by_functions(read_directory(tx, settings))
        return [
            Summary(
                name=name,
                rows={kind: _count(kept.get(name, {}).get(kind)) for kind in TableKind},
                resources=tuple(resources.get(name, ())),
                used=sum(used for _, used in tx.quotas.usage(name)),
                mark=tx.quotas.mark(name),
                fault=faults.get(name, ""),
            )
            for name in quota_names(tx, settings)
        ]

    return store.read(work)


def usage_of(store: Store, settings: Settings, name: str, who: str | None) -> Usage:
    """What is used of a quota by everybody who has a limit or uses some, or by one identity: that
    under which an address is charged, or a group."""

    def work(tx: Transaction) -> Usage:
        found, quotas = find_quota(tx, settings, name), read_quotas(tx)
        quota = quotas.known.get(found) or Quota(found, {}, {}, ())
        return Usage(
            name=found,
            mark=tx.quotas.mark(found),
            general=quota.allowance(ANYBODY),
            rows=tuple(_usage_rows(tx, quota, who)),
            fault=quotas.faults.get(found, ""),
        )

    return store.read(work)


def _usage_rows(tx: Transaction, quota: Quota, who: str | None) -> Iterator[UsageRow]:
    used, entries = dict(tx.quotas.usage(quota.name)), tx.quotas.counts(quota.name)
    if who is None:
        listed = [identity for identity in quota.limits if identity != ANYBODY]
        listed += sorted(used.keys() - set(listed))
    else:
        listed = [charged_as(quota, who)]
    for identity in listed:
        allowance = quota.allowance(identity)
        yield UsageRow(identity, allowance, used.get(identity, 0), entries.get(identity, 0))


def charged_as(quota: Quota, who: str) -> str:
    """The identity that `who` is charged under: of an address its group if it has one, and the
    name of a group is itself. InvalidInput for a bad address."""
    return quota.identity(address_key(who)) if "@" in who else who


def journal_of(
    store: Store, settings: Settings, name: str, who: str | None
) -> tuple[str, Instant | None, list[JournalEntry]]:
    """The name, the mark and the journal of a quota, or what of it is charged to one identity."""

    def work(tx: Transaction) -> tuple[str, Instant | None, list[JournalEntry]]:
        found = find_quota(tx, settings, name)
        quota = read_quotas(tx).known.get(found) or Quota(found, {}, {}, ())
        identity = None if who is None else charged_as(quota, who)
        return found, tx.quotas.mark(found), tx.quotas.journal(found, identity=identity)

    return store.read(work)


def start_of_day(now: Instant, zone: Zone) -> Instant:
    """When the current day began on the clocks of `zone`: what ended before it expires."""
    return zone.at(Wall(zone.to_wall(now) // DAY * DAY))


def expire_quotas(
    store: Store, settings: Settings, names: Sequence[str], mark: Instant
) -> list[tuple[str, int]]:
    """Moves the marks of the named quotas, of all when none is named; each with the number of
    charges that stopped counting. NotFound for an unknown one, before anything is done."""

    def chosen(tx: Transaction) -> list[str]:
        if not names:
            return tx.quotas.names()
        return list(dict.fromkeys(find_quota(tx, settings, name) for name in names))

    return [(name, expire(store, name, mark)) for name in store.read(chosen)]


def expire(store: Store, name: str, mark: Instant) -> int:
    """Moves the mark of one quota in a transaction of its own."""
    return store.transact([quota_key(store.tenant, name)], lambda tx: tx.quotas.expire(name, mark))


def _named_by_functions(directory: Directory) -> dict[str, list[str]]:
    """The resources whose functions name a quota, by its name."""
    found: dict[str, list[str]] = {}
    for user in directory.registered:
        resource = user.resource
        for call in resource.preferences.scheduling_function:
            if call.name in _FUNCTIONS:
                own = f"mailto:{resource.address.key}"
                name = quota_name(call.arguments[0] if call.arguments else own)
                members = found.setdefault(name, [])
                if resource.address.text not in members:
                    members.append(resource.address.text)
    return found


def _count(table: object) -> int:
    return len(table) if isinstance(table, list) else 0


__all__ = [
    "JournalEntry", "Pool", "Summary", "Usage", "UsageRow", "expire", "expire_quotas", "find_pool",
    "find_quota", "journal_of", "quota_names", "start_of_day", "summaries", "usage_of",
]  # fmt: skip
