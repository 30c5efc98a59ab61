"""``horarium waitlist``: who waits for time to be freed."""

from __future__ import annotations

import click

from horarium.appointments.appointment import Client
from horarium.appointments.waiting import Entry
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.slots import open_desk, seconds
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.kernel.schedule_parts import read_days, read_time, write_days, write_time
from horarium.kernel.weekday import Weekday

WEEK = 7 * DAY


@click.group(help="The waiting list: who would come if time were freed.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "list",
    help="Who waits, in the order in which they are asked. Status 1 when nobody does.\n\n"
    "Example: horarium waitlist list --service checkup",
)
@click.option("--service", metavar="ID", help="only for this one")
@pass_invocation
def waitlist_list(invocation: Invocation, service: str | None) -> int:
    """List them."""
    found = open_desk(invocation).waiting(service)
    invocation.emit(
        {"waiting": [document(entry) for entry in found]},
        lambda: "\n".join(line(invocation, entry) for entry in found) or "nobody waits",
    )
    return Exit.OK if found else Exit.NO


@command.command(
    "add",
    help="Put a client on the waiting list of a service: for any start in a time, or only on some "
    "weekdays, at some time of day, with one appointer.\n\n"
    "\b\nExample:\n  horarium waitlist add checkup --mail bob@example.net --from today "
    "--to +14d --days mon-wed --between 09:00-12:00",
)
@click.argument("service")
@click.option("--name", default="", metavar="NAME")
@click.option("--mail", required=True, metavar="ADDRESS")
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME", help="a week later unless told otherwise")
@click.option("--days", metavar="DAYS", help="mon-wed,fri; any day unless told otherwise")
@click.option("--between", metavar="TIMES", help="09:00-12:00, for the start; any time unless told")
@click.option("--host", default="", metavar="ID", help="only this appointer")
@click.option("--duration", metavar="LENGTH", help="30m; that of the service unless told otherwise")
@click.option("--seats", default=1, show_default=True, type=click.IntRange(1, 10_000))
@click.option(
    "--priority", default=3, show_default=True, type=click.IntRange(1, 5), help="highest first"
)
@pass_invocation
def waitlist_add(
    invocation: Invocation, service: str, name: str, mail: str, start: str, end: str | None,
    days: str | None, between: str | None, host: str, duration: str | None, seats: int,
    priority: int,
) -> None:  # fmt: skip
    """Add one."""
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else Instant(first + WEEK)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    now = invocation.clock.now()
    wanted = Entry(
        id="", service=service, client=Client(name, mail.lower()), spans=(Period(first, last),),
        created=now, host=host, weekdays=_days(days), between=_between(between),
        duration=seconds(duration) if duration else None, seats=seats, priority=priority,
    )  # fmt: skip
    listed = open_desk(invocation).wait(wanted, now)
    invocation.emit(
        {**document(listed.entry), "token": listed.token}, lambda: line(invocation, listed.entry)
    )


@command.command(
    "remove",
    help="Take somebody from the waiting list, by the id; the client is told.\n\n"
    "Example: horarium waitlist remove 263aee6c0282d429",
)
@click.argument("name", metavar="ID")
@pass_invocation
def waitlist_remove(invocation: Invocation, name: str) -> None:
    """Remove one."""
    entry = open_desk(invocation).stop_waiting(name, invocation.clock.now())
    invocation.emit(document(entry), lambda: line(invocation, entry))


def document(entry: Entry) -> dict[str, object]:
    """An entry for machines."""
    between = entry.between
    return {
        "id": entry.id,
        "service": entry.service,
        "appointer": entry.host or None,
        "name": entry.client.name or None,
        "mail": entry.client.mail,
        "spans": [
            {"start": format_instant(span.start), "end": format_instant(span.end)}
            for span in entry.spans
        ],
        "days": write_days(entry.weekdays) if entry.weekdays else None,
        "between": _times(between) if between else None,
        "duration": entry.duration,
        "seats": entry.seats,
        "priority": entry.priority,
        "created": format_instant(entry.created),
        "ended": entry.end.value if entry.end else None,
    }


def line(invocation: Invocation, entry: Entry) -> str:
    """An entry in one line."""
    spans = ", ".join(invocation.local_span(span.start, span.end) for span in entry.spans)
    facts = (
        entry.id,
        entry.service,
        entry.host,
        spans,
        write_days(entry.weekdays) if entry.weekdays else "",
        _times(entry.between) if entry.between else "",
        entry.client.name or entry.client.mail,
        entry.end.value if entry.end else "",
    )
    return "  ".join(fact for fact in facts if fact)


def _times(between: tuple[int, int]) -> str:
    return f"{write_time(between[0])}-{write_time(between[1])}"


def _days(text: str | None) -> frozenset[Weekday]:
    try:
        return frozenset(read_days(text)) if text else frozenset()
    except InvalidInput as error:
        raise click.UsageError(f"--days: {error}") from error


def _between(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, dash, last = text.partition("-")
    try:
        if dash:
            return read_time(first), read_time(last)
    except InvalidInput as error:
        raise click.UsageError(f"--between: {error}") from error
    raise click.UsageError(f"--between: {text} is no time of day like 09:00-12:00")
