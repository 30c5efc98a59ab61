"""What in declared quotas cannot work, or can hardly be meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from horarium.booking.calls import Call
from horarium.booking.preferences import Preferences
from horarium.booking.quota import quota_name
from horarium.booking.quota_table import TableKind, kept_table, unknown_groups
from horarium.booking.written import address_key
from horarium.runtime.faults import Fault
from horarium.runtime.objects import DeclaredObjects

# Functions that decline everybody while their quota has no limits.
_NEED_LIMITS = ("check_quota",)
_NEED_DELEGATES = ("schedule_for_delegate",)


def broken_quotas(declared: DeclaredObjects) -> Iterator[Fault]:
    """What would keep a quota from being read, so that whoever names it declines everything."""
    for name, tables in declared.quotas.items():
        rows = kept_table(TableKind.GROUPS, tables.get("groups"))
        for identity, message in unknown_groups(rows, declared.groups):
            yield _fault(declared, name, "groups", message, identity)


def strange_quotas(
    declared: DeclaredObjects, resources: Mapping[str, Preferences]
) -> Iterator[Fault]:
    """What is only odd: delegates that are nobody here, and quotas that functions name and that
    have nothing they need. `resources` are the preferences of each by its address key."""
    here = {*resources, *(key for own in resources.values() for key in own.aliases or ())}
    for name, tables in declared.quotas.items():
        for (uri,) in kept_table(TableKind.DELEGATES, tables.get("delegates")):
            key = address_key(uri)
            if key not in here:
                message = f"{key} is no resource declared here; it is never chosen"
                yield _fault(declared, name, "delegates", message)
    told: set[tuple[str, str]] = set()
    for key, own in resources.items():
        for call in own.scheduling_function:
            lacking = _lacking(declared, key, call)
            if lacking and lacking not in told:
                told.add(lacking)
                yield _call_fault(declared, key, call, *lacking)


def _lacking(declared: DeclaredObjects, key: str, call: Call) -> tuple[str, str] | None:
    """The quota that a call names and the table it needs, when no file declares that table."""
    table = ""
    if call.name in _NEED_LIMITS:
        table = "limits"
    elif call.name in _NEED_DELEGATES:
        table = "delegates"
    name = quota_name(call.arguments[0] if call.arguments else f"mailto:{key}")
    if not table or declared.quotas.get(name, {}).get(table):
        return None
    return name, table


def _call_fault(declared: DeclaredObjects, key: str, call: Call, name: str, table: str) -> Fault:
    places = declared.places
    found = places.get(("resource", key, "scheduling_function")) or places.get(
        ("defaults", "resource", "scheduling_function"), ""
    )
    effect = "it declines everybody" if table == "limits" else "it delegates to nobody"
    message = (
        f"line {call.line}: quota {name} has no {table} in these files; {effect} unless "
        f'"horarium quota {table}" has set some'
    )
    return _placed(found or key, f'resource."{key}".scheduling_function', message)


def _fault(
    declared: DeclaredObjects, name: str, table: str, message: str, identity: str = ""
) -> Fault:
    path = f'quota."{name}".{table}' + (f".{identity}" if identity else "")
    return _placed(declared.places.get(("quota", name, table), name), path, message)


def _placed(place: str, path: str, message: str) -> Fault:
    file, _, line = place.rpartition(":")
    if not line.isdigit():
        return Fault(place, 0, 0, path, message)
    return Fault(file, int(line), 1, path, message)
