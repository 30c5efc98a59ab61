"""``horarium quota journal``, ``usage``, ``expire`` and ``list``: what was used of quotas."""

import click

from horarium.booking.quota import Allowance
from horarium.booking.quota_table import TableKind
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.duration import Duration, format_duration
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.quota_answers import (
    JournalEntry,
    Summary,
    Usage,
    UsageRow,
    expire_quotas,
    journal_of,
    start_of_day,
    summaries,
    usage_of,
)
from horarium.runtime.wiring import Store, open_store


def _store(invocation: Invocation) -> Store:
    return open_store(invocation.site, invocation.settings, invocation.clock, create=False)


@click.command(
    "journal",
    help="What was charged to a quota, in order of start; what no longer counts is marked.\n\n"
    "\b\nExample:\n  horarium quota journal cars --identity vincent.vole@example.com",
)
@click.argument("name", metavar="QUOTA")
@click.option("--identity", metavar="WHO", help="only what is charged to this user or group")
@pass_invocation
def quota_journal(invocation: Invocation, name: str, identity: str | None) -> int:
    """Print the journal of a quota."""
    found, mark, entries = journal_of(_store(invocation), invocation.settings, name, identity)
    invocation.emit(
        {
            "quota": found,
            "mark": _instant(mark),
            "entries": [_entry(entry, mark) for entry in entries],
        },
        lambda: "\n".join(_line(invocation, e, mark) for e in entries) or "nothing was charged",
    )
    return Exit.OK


def _entry(entry: JournalEntry, mark: Instant | None) -> dict[str, object]:
    charge = entry.charge
    return {
        "start": format_instant(charge.event.start),
        "end": format_instant(charge.event.end),
        "seconds": charge.event.seconds,
        "identity": charge.identity,
        "organizer": charge.organizer,
        "resource": entry.resource.removeprefix("mailto:"),
        "uid": entry.uid,
        "original": format_instant(charge.original),
        "pending": charge.pending,
        "counts": _counts(charge.event.end, mark),
    }


def _line(invocation: Invocation, entry: JournalEntry, mark: Instant | None) -> str:
    charge = entry.charge
    parts = [
        invocation.local_span(charge.event.start, charge.event.end),
        _length(charge.event.seconds),
        charge.identity,
        f"by {charge.organizer}" if charge.organizer != charge.identity else "",
        entry.resource.removeprefix("mailto:"),
        entry.uid,
        "pending" if charge.pending else "",
        "" if _counts(charge.event.end, mark) else "expired",
    ]
    return "  ".join(part for part in parts if part)


def _counts(end: Instant, mark: Instant | None) -> bool:
    return mark is None or end > mark


@click.command(
    "usage",
    help="Limit, use and rest of everybody who has a limit of a quota or uses some of it.\n\n"
    "\b\nExample:\n  horarium quota usage cars --identity vincent.vole@example.com",
)
@click.argument("name", metavar="QUOTA")
@click.option("--identity", metavar="WHO", help="only this user, or the user's group")
@pass_invocation
def quota_usage(invocation: Invocation, name: str, identity: str | None) -> int:
    """Print limit, used, free and the number of entries."""

    usage = usage_of(_store(invocation), invocation.settings, name, identity)
    if usage.fault:
        invocation.say(f"warning: {usage.fault}; whoever names it declines everything")
    invocation.emit(
        {
            "quota": usage.name,
            "mark": _instant(usage.mark),
            "general": None if usage.general is None else _allowance(usage.general),
            "usage": [
                {
                    "identity": row.identity,
                    **_allowance(row.allowance),
                    "used": row.used,
                    "free": row.free,
                    "entries": row.entries,
                }
                for row in usage.rows
            ],
            "fault": usage.fault or None,
        },
        lambda: "\n".join(_usage_lines(invocation, usage, alone=identity is not None)),
    )
    return Exit.OK


def _allowance(allowance: Allowance | None) -> dict[str, object]:
    return {
        "limit": None if allowance is None else allowance.seconds,
        "unlimited": allowance is not None and allowance.seconds is None,
    }


def _usage_lines(invocation: Invocation, usage: Usage, *, alone: bool) -> list[str]:
    lines = [_usage_line(row) for row in usage.rows]
    if not alone:
        rest = "nothing" if usage.general is None else f"{_limit(usage.general)} each"
        lines.append(f"everybody else  {rest}")
        if usage.mark is not None:
            lines.append(f"what ended before {invocation.local(usage.mark)} does not count")
    return lines


def _usage_line(row: UsageRow) -> str:
    free = "no end of it" if row.free is None else _length(row.free)
    return (
        f"{row.identity}  limit {_limit(row.allowance)}  used {_length(row.used)}  "
        f"free {free}  entries {row.entries}"
    )


def _limit(allowance: Allowance | None) -> str:
    if allowance is None:
        return "none allowed"
    return "unlimited" if allowance.seconds is None else _length(allowance.seconds)


@click.command(
    "expire",
    help="Let what ended before today no longer count, in the quotas named or in all. The daily "
    "pass does it too; twice is once.\n\n\b\nExample:\n  horarium quota expire cars",
)
@click.argument("names", metavar="[QUOTA]...", nargs=-1)
@pass_invocation
def quota_expire(invocation: Invocation, names: tuple[str, ...]) -> int:
    """Move the marks to the start of the day."""
    mark = start_of_day(invocation.clock.now(), invocation.zone)
    store = open_store(invocation.site, invocation.settings, invocation.clock)
    done = expire_quotas(store, invocation.settings, names, mark)
    store.close()
    invocation.emit(
        {
            "mark": format_instant(mark),
            "expired": [{"quota": name, "entries": count} for name, count in done],
        },
        lambda: "\n".join(f"{name}: {count} expired" for name, count in done) or "no quotas",
    )
    return Exit.OK


@click.command("list", help="All quotas.\n\n\b\nExample:\n  horarium quota list")
@pass_invocation
def quota_list(invocation: Invocation) -> int:
    """List the quotas in the order of their names."""
    found = summaries(_store(invocation), invocation.settings)
    invocation.emit(
        {
            "quotas": [
                {
                    "id": item.name,
                    **{kind.value: item.rows[kind] for kind in TableKind},
                    "resources": list(item.resources),
                    "used": item.used,
                    "mark": _instant(item.mark),
                    "fault": item.fault or None,
                }
                for item in found
            ]
        },
        lambda: "\n".join(_summary(item) for item in found) or "no quotas",
    )
    return Exit.OK


def _summary(item: Summary) -> str:
    counts = "  ".join(f"{kind} {item.rows[kind]}" for kind in TableKind)
    fault = f"  out of order: {item.fault}" if item.fault else ""
    return (
        f"{item.name}  {counts}  resources {len(item.resources)}  used {_length(item.used)}{fault}"
    )


def _length(seconds: int) -> str:
    return format_duration(Duration(0, seconds))


def _instant(t: Instant | None) -> str | None:
    return None if t is None else format_instant(t)
