"""``horarium freebusy``: when resources are busy, and whether what is laid down is right."""

import click

from horarium.booking.ports import Reservation
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.bookings import Difference, busy_of, rebuild
from horarium.runtime.wiring import open_store

WEEK = 7 * 86_400


@click.group(help="When resources are busy.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "show",
    help="The reservations of a resource in a period.\n\n"
    "\b\nExample:\n  horarium freebusy show room@example.com --from today --to +30d",
)
@click.argument("name", metavar="ID")
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME")
@pass_invocation
def freebusy_show(invocation: Invocation, name: str, start: str, end: str | None) -> None:
    """Print what is held, in order."""
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else Instant(first + WEEK)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    id_, busy = busy_of(
        store, invocation.settings, name, Period(first, last), invocation.clock.now()
    )
    invocation.emit(
        {"resource": id_, "busy": [_busy(item) for item in busy]},
        lambda: (
            "\n".join(
                f"{invocation.local_span(i.event.start, i.event.end)}  {i.summary}  {i.uid}"
                for i in busy
            )
            or "nothing is held"
        ),
    )


def _busy(item: Reservation) -> dict[str, str | None]:
    return {
        "start": format_instant(item.event.start),
        "end": format_instant(item.event.end),
        "uid": item.uid,
        "recurrence_id": format_instant(item.original) if item.recurring else None,
        "type": "BUSY",
    }


@command.command(
    "rebuild",
    help="Compare what is laid down with the stored events, and with --apply mend it.\n\n"
    "\b\nExample:\n  horarium freebusy rebuild --all --apply",
)
@click.argument("name", metavar="ID", required=False)
@click.option("--all", "every", is_flag=True, help="all resources")
@click.option("--apply", is_flag=True, help="mend what differs")
@pass_invocation
def freebusy_rebuild(invocation: Invocation, name: str | None, every: bool, apply: bool) -> int:
    """Print the differences; status 1 when there are some and nothing was mended."""
    if (name is None) != every:
        raise click.UsageError("name a resource, or --all")
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
