"""``horarium slot``: the starts of a service, holds, and why a start can not be had."""

import click

from horarium.appointments.appointment import Client
from horarium.appointments.deciding import Offer
from horarium.cli.appointment_output import line
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.slots import open_desk, seconds
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.documents import appointment_document, offer_document
from horarium.runtime.wishing import Terms

WEEK = 7 * 86_400

DURATION = click.option(
    "--duration", metavar="LENGTH", help="one of the service's; its first unless told otherwise"
)
HOST = click.option("--host", metavar="ID", help="only with this appointer")
SEATS = click.option("--seats", default=1, show_default=True, type=click.IntRange(1, 10_000))


@click.group(help="Starts of services: list them, hold one, confirm or release it, ask why not.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "list",
    help="The starts of a service, from now for a week unless told otherwise; changes nothing. "
    "Status 1 when there is none.\n\n\b\nExample:\n  horarium slot list checkup --to +2d",
)
@click.argument("service")
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME")
@DURATION
@HOST
@SEATS
@pass_invocation
def slot_list(
    invocation: Invocation, service: str, start: str, end: str | None, duration: str | None,
    host: str | None, seats: int,
) -> int:  # fmt: skip
    """List them."""
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else Instant(first + WEEK)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    offers = open_desk(invocation).starts(
        service, Period(first, last), invocation.clock.now(),
        duration=seconds(duration) if duration else None, host=host, seats=seats,
    )  # fmt: skip
    invocation.emit(
        {"service": service, "starts": [offer_document(offer) for offer in offers]},
        lambda: "\n".join(_line(invocation, offer) for offer in offers) or "no start",
    )
    return Exit.OK if offers else Exit.NO


def _line(invocation: Invocation, offer: Offer) -> str:
    return f"{invocation.local_span(offer.at, offer.end)}  {', '.join(offer.hosts)}"


@command.command(
    "next",
    help="The next start of a service within a week; changes nothing. Status 1 when there is "
    "none.\n\n\b\nExample:\n  horarium slot next checkup --after tomorrow",
)
@click.argument("service")
@click.option("--after", metavar="TIME", default="now", show_default=True)
@DURATION
@HOST
@SEATS
@pass_invocation
def slot_next(
    invocation: Invocation, service: str, after: str, duration: str | None, host: str | None,
    seats: int,
) -> int:  # fmt: skip
    """Print the first."""
    first = invocation.moment("--after", after)
    offers = open_desk(invocation).starts(
        service, Period(first, Instant(first + WEEK)), invocation.clock.now(),
        duration=seconds(duration) if duration else None, host=host, seats=seats,
    )  # fmt: skip
    invocation.emit(
        {"service": service, "next": offer_document(offers[0]) if offers else None},
        lambda: _line(invocation, offers[0]) if offers else "no start within a week",
    )
    return Exit.OK if offers else Exit.NO


@command.command(
    "hold",
    help="Hold a start for a while, and print the secret by which it is confirmed. Status 1, with "
    "the nearest others, when it can not be had.\n\n"
    "\b\nExample:\n  horarium slot hold checkup '2027-05-10 09:00'",
)
@click.argument("service")
@click.argument("start")
@DURATION
@HOST
@SEATS
@pass_invocation
def slot_hold(
    invocation: Invocation, service: str, start: str, duration: str | None, host: str | None,
    seats: int,
) -> None:  # fmt: skip
    """Hold it."""
    placed = open_desk(invocation).hold(
        service, invocation.moment("START", start), invocation.clock.now(),
        duration=seconds(duration) if duration else None, host=host, seats=seats,
        terms=Terms(source="cli"),
    )  # fmt: skip
    invocation.emit(
        {**appointment_document(placed.item, invocation.clock.now()), "token": placed.token},
        lambda: f"{line(invocation, placed.item)}\ntoken: {placed.token}",
    )


@command.command(
    "confirm",
    help="Make a hold an appointment.\n\n"
    "\b\nExample:\n  horarium slot confirm TOKEN --name Bob --mail bob@example.net",
)
@click.argument("token")
@click.option("--name", default="", metavar="NAME")
@click.option("--mail", default="", metavar="ADDRESS")
@pass_invocation
def slot_confirm(invocation: Invocation, token: str, name: str, mail: str) -> None:
    """Confirm it."""
    now = invocation.clock.now()
    item = open_desk(invocation).confirm(token, Client(name, mail.lower()), now)
    invocation.emit(appointment_document(item, now), lambda: line(invocation, item))


@command.command("release", help="Give a hold up.\n\n\b\nExample:\n  horarium slot release TOKEN")
@click.argument("token")
@pass_invocation
def slot_release(invocation: Invocation, token: str) -> None:
    """Release it."""
    now = invocation.clock.now()
    item = open_desk(invocation).release(token, now)
    invocation.emit(appointment_document(item, now), lambda: line(invocation, item))


@command.command(
    "extend",
    help="Let a hold last longer, up to half an hour in all.\n\n"
    "\b\nExample:\n  horarium slot extend TOKEN --for 10m",
)
@click.argument("token")
@click.option("--for", "length", default="10m", show_default=True, metavar="LENGTH")
@pass_invocation
def slot_extend(invocation: Invocation, token: str, length: str) -> None:
    """Extend it."""
    now = invocation.clock.now()
    item = open_desk(invocation).extend(token, now, seconds(length))
    invocation.emit(appointment_document(item, now), lambda: line(invocation, item))


@command.command(
    "explain",
    help="Every rule of every appointer for a start, and which of them refuses. Status 1 when "
    "nobody can give it.\n\n\b\nExample:\n  horarium slot explain checkup '2027-05-10 09:00'",
)
@click.argument("service")
@click.argument("start")
@DURATION
@HOST
@pass_invocation
def slot_explain(
    invocation: Invocation, service: str, start: str, duration: str | None, host: str | None
) -> int:
    """Explain it."""
    rules = open_desk(invocation).explain(
        service, invocation.moment("START", start), invocation.clock.now(), host=host,
        duration=seconds(duration) if duration else None,
    )  # fmt: skip
    refused = {name for name, _, refuses in rules if refuses}
    free = [name for name in dict.fromkeys(name for name, _, _ in rules) if name not in refused]
    invocation.emit(
        {
            "service": service,
            "free": free,
            "rules": [
                {"appointer": name, "rule": code.value, "refuses": refuses}
                for name, code, refuses in rules
            ],
        },
        lambda: "\n".join(
            f"{name}  {'REFUSES' if refuses else 'passed '}  {code.value}"
            for name, code, refuses in rules
        ),
    )
    return Exit.OK if free else Exit.NO
