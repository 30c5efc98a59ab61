"""``horarium freebusy``: when calendar users are busy, whether what is laid down is right, and what
is shared of it."""

import click

from horarium.booking.persons.known import Known
from horarium.booking.ports import Reservation
from horarium.booking.quota import Charge, Claim
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.bookings import Difference, busy_of, rebuild
from horarium.runtime.others import kinds_of, others_of, rebuild_others
from horarium.runtime.questions import find_object, shown
from horarium.runtime.quota_rebuild import rebuild_quota
from horarium.runtime.sharing import Publisher
from horarium.runtime.wiring import Store, open_store

WEEK = 7 * 86_400


@click.group(help="When resources and persons are busy.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "show",
    help="The reservations of a resource or person in a period; with --other what is known of the "
    "time of others.\n\n"
    "\b\nExample:\n  horarium freebusy show room@example.com --from today --to +30d",
)
@click.argument("name", metavar="ID")
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME")
@click.option("--other", is_flag=True, help="the free/busy of others that ID was given")
@pass_invocation
def freebusy_show(
    invocation: Invocation, name: str, start: str, end: str | None, other: bool
) -> None:
    """Print what is held, in order."""
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else Instant(first + WEEK)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    if other:
        _show_others(invocation, store, name, Period(first, last))
        return
    id_, busy = busy_of(
        store, invocation.settings, name, Period(first, last), invocation.clock.now()
    )
    kinds = kinds_of(store, invocation.settings, name, busy)
    invocation.emit(
        {"resource": id_, "busy": [_busy(item, kinds(item)) for item in busy]},
        lambda: (
            "\n".join(
                f"{invocation.local_span(i.event.start, i.event.end)}  {i.summary}  {i.uid}"
                for i in busy
            )
            or "nothing is held"
        ),
    )


def _show_others(invocation: Invocation, store: Store, name: str, within: Period) -> None:
    id_, found = others_of(store, invocation.settings, name, within)
    invocation.emit(
        {"resource": id_, "other": [_known(item) for item in found]},
        lambda: (
            "\n".join(
                f"{invocation.local_span(k.period.start, k.period.end)}  {k.kind}  {k.party}"
                for k in found
            )
            or "nothing is known"
        ),
    )


def _known(item: Known) -> dict[str, str | None]:
    return {
        "party": item.party,
        "start": format_instant(item.period.start),
        "end": format_instant(item.period.end),
        "type": item.kind,
        "uid": item.uid or None,
        "stated": format_instant(item.stated),
    }


def _busy(item: Reservation, kind: str = "BUSY") -> dict[str, str | None]:
    return {
        "start": format_instant(item.event.start),
        "end": format_instant(item.event.end),
        "uid": item.uid,
        "recurrence_id": format_instant(item.original) if item.recurring else None,
        "type": kind,
    }


@command.command(
    "rebuild",
    help="Compare what is laid down with the stored events, and with --apply mend it.\n\n"
    "\b\nExample:\n  horarium freebusy rebuild --all --apply",
)
@click.argument("name", metavar="ID", required=False)
@click.option("--all", "every", is_flag=True, help="all resources and persons")
@click.option("--other", metavar="ID", help="what ID knows of others from the events it holds")
@click.option("--quota", metavar="QUOTA", help="the journal and the free/busy of a quota")
@click.option("--apply", is_flag=True, help="mend what differs")
@pass_invocation
def freebusy_rebuild(
    invocation: Invocation,
    name: str | None,
    every: bool,
    other: str | None,
    quota: str | None,
    apply: bool,
) -> int:
    """Print the differences; status 1 when there are some and nothing was mended."""
    if (name is not None) + every + (other is not None) + (quota is not None) != 1:
        raise click.UsageError("name a resource or person, or --all, --other ID or --quota QUOTA")
    if quota is not None:
        return _rebuild_quota(invocation, quota, apply)
    if other is not None:
        return _rebuild_others(invocation, other, apply)
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    found = rebuild(store, invocation.settings, name, invocation.clock.now(), apply=apply)
    invocation.emit(
        {
            "applied": apply,
            "differences": [
                {
                    "resource": item.resource,
                    "uid": item.uid,
                    "missing": [_busy(r) for r in item.missing],
                    "surplus": [_busy(r) for r in item.surplus],
                }
                for item in found
            ],
        },
        lambda: "\n".join(_difference(item) for item in found) or "no differences",
    )
    return Exit.NO if found and not apply else Exit.OK


def _difference(item: Difference) -> str:
    counts = f"{len(item.missing)} missing, {len(item.surplus)} surplus"
    return f"{item.resource}  {item.uid}: {counts}"


def _rebuild_others(invocation: Invocation, name: str, apply: bool) -> int:
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    now = invocation.clock.now()
    found = rebuild_others(store, invocation.settings, name, now, apply=apply)
    document = {
        "applied": apply,
        "differences": [
            {
                "party": item.party,
                "missing": [_known(k) for k in item.missing],
                "surplus": [_known(k) for k in item.surplus],
            }
            for item in found
        ],
    }
    lines = [
        f"{item.party}: {len(item.missing)} missing, {len(item.surplus)} surplus" for item in found
    ]
    invocation.emit(document, "\n".join(lines) or "no differences")
    return Exit.NO if found and not apply else Exit.OK


def _rebuild_quota(invocation: Invocation, name: str, apply: bool) -> int:
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    now = invocation.clock.now()
    found = rebuild_quota(store, invocation.settings, name, now, apply=apply)
    document = {
        "applied": apply,
        "differences": [
            {
                "resource": item.resource,
                "uid": item.uid,
                "missing": [_entered(e) for e in item.missing],
                "surplus": [_entered(e) for e in item.surplus],
            }
            for item in found
        ],
    }
    lines = [
        f"{item.resource}  {item.uid}: {len(item.missing)} missing, {len(item.surplus)} surplus"
        for item in found
    ]
    invocation.emit(document, "\n".join(lines) or "no differences")
    return Exit.NO if found and not apply else Exit.OK


def _entered(item: Charge | Claim) -> dict[str, str]:
    return {
        "type": "charge" if isinstance(item, Charge) else "free/busy",
        "start": format_instant(item.event.start),
        "end": format_instant(item.event.end),
        "organizer": item.organizer,
    }


@command.command(
    "publish",
    help="Write the free/busy document of a resource or person that shares its free/busy.\n\n"
    "\b\nExample:\n  horarium freebusy publish paul.boddie@example.com",
)
@click.argument("name", metavar="ID")
@pass_invocation
def freebusy_publish(invocation: Invocation, name: str) -> None:
    """Write the document, and print where it lies."""
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    user = store.read(lambda tx: find_object(tx, invocation.settings, name))
    path = Publisher(store, invocation.site.freebusy).publish(user, invocation.clock.now())
    invocation.emit({"id": shown(user), "file": str(path)}, str(path))
