"""``horarium appointment``: the appointments of a desk, and what becomes of them."""

import re

import click

from horarium.appointments.appointment import LIVE, Appointment, Client, State
from horarium.appointments.availability import EVERYTHING
from horarium.appointments.series import Every
from horarium.cli.appointment_output import line
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.slots import open_desk, seconds
from horarium.kernel.instant import Instant, format_instant, format_wall
from horarium.kernel.period import Period
from horarium.runtime.documents import appointment_document
from horarium.runtime.series import Series
from horarium.runtime.wishing import Terms

WEEK = 7 * 86_400


@click.group(help="Appointments: list, book, move and cancel them, and say who came.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "list",
    help="The appointments that begin within a time, from now for a week unless told otherwise. "
    "Status 1 when there is none.\n\n"
    "\b\nExample:\n  horarium appointment list --from today --host ana",
)
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME")
@click.option("--host", metavar="ID", help="only with this appointer")
@click.option(
    "--all", "everything", is_flag=True, help="also those that are over or came to nothing"
)
@pass_invocation
def appointment_list(
    invocation: Invocation, start: str, end: str | None, host: str | None, everything: bool
) -> int:
    """List them."""
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else Instant(first + WEEK)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    now = invocation.clock.now()
    desk = open_desk(invocation)
    found = [
        item
        for item in desk.list(Period(first, last))
        if (everything or item.state_at(now) in LIVE) and (host is None or host in item.hosts)
    ]
    outside = desk.outside(found, now)
    invocation.emit(
        {
            "appointments": [
                {**appointment_document(item, now), "outside_hours": item.id in outside}
                for item in found
            ]
        },
        lambda: (
            "\n".join(
                line(invocation, item) + ("  outside the hours" if item.id in outside else "")
                for item in found
            )
            or "no appointment"
        ),
    )
    return Exit.OK if found else Exit.NO


@command.command(
    "show",
    help="One appointment, by its id.\n\nExample: horarium appointment show 263aee6c0282d429",
)
@click.argument("name", metavar="ID")
@pass_invocation
def appointment_show(invocation: Invocation, name: str) -> None:
    """Print it."""
    item = open_desk(invocation).find(name)
    _tell(invocation, item)


@command.command(
    "book",
    help="Book an appointment without a hold. Rules that staff set aside are named one by one.\n\n"
    "\b\nExample:\n  horarium appointment book checkup '2027-05-10 09:00' --name Bob "
    "--mail bob@example.net --override notice,hours\n  horarium appointment book checkup "
    "'2027-05-10 09:00' --name Bob --every 2w --times 6 --partial",
)
@click.argument("service")
@click.argument("start")
@click.option("--name", default="", metavar="NAME")
@click.option("--mail", default="", metavar="ADDRESS")
@click.option("--duration", metavar="LENGTH")
@click.option("--host", metavar="ID")
@click.option("--seats", default=1, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--override", default="", metavar="RULES", help=", ".join(sorted(EVERYTHING)))
@click.option("--every", metavar="WEEKS", help="2w: a series, at the same time of the clock")
@click.option("--times", type=click.IntRange(1, 52), help="how many dates a series has")
@click.option("--partial", is_flag=True, help="of a series, book what is free")
@pass_invocation
def appointment_book(
    invocation: Invocation, service: str, start: str, name: str, mail: str, duration: str | None,
    host: str | None, seats: int, override: str, every: str | None, times: int | None,
    partial: bool,
) -> None:  # fmt: skip
    """Book it."""
    aside = frozenset(rule.strip() for rule in override.split(",") if rule.strip())
    if aside - EVERYTHING:
        raise click.UsageError(f"--override: {', '.join(sorted(aside - EVERYTHING))} is no rule")
    if (every is None) != (times is None) or (partial and every is None):
        raise click.UsageError("a series needs both --every and --times")
    desk, client = open_desk(invocation), Client(name, mail.lower())
    at, now = invocation.moment("START", start), invocation.clock.now()
    terms = Terms("cli", aside, "cli")
    length = seconds(duration) if duration else None
    if every is not None and times is not None:
        wanted = Every(_weeks(every), times, partial)
        found = desk.book_series(
            service, at, client, now, terms, wanted, duration=length, host=host, seats=seats
        )
        _tell_series(invocation, found)
        return
    placed = desk.book(service, at, client, now, terms, duration=length, host=host, seats=seats)
    invocation.emit(
        {**appointment_document(placed.item, invocation.clock.now()), "token": placed.token},
        lambda: line(invocation, placed.item),
    )


def _weeks(text: str) -> int:
    found = re.fullmatch(r"(\d{1,2})w", text, re.ASCII)
    if found is None:
        raise click.UsageError(f"--every: {text} is no number of weeks like 2w")
    return int(found[1])


def _tell_series(invocation: Invocation, found: Series) -> None:
    now = invocation.clock.now()
    invocation.emit(
        {
            "series": found.id,
            "appointments": [
                {**appointment_document(placed.item, now), "token": placed.token}
                for placed in found.placed
            ],
            "refused": [
                {
                    "start": format_instant(refused.at) if refused.at is not None else None,
                    "wall": format_wall(refused.wall),
                    "reasons": [code.value for code in refused.codes],
                }
                for refused in found.refused
            ],
        },
        lambda: "\n".join(
            [line(invocation, placed.item) for placed in found.placed]
            + [f"not free: {refused}" for refused in found.refused]
        ),
    )


@command.command(
    "move",
    help="Move an appointment to another start, by the secret of its link.\n\n"
    "\b\nExample:\n  horarium appointment move TOKEN '2027-05-10 10:00'",
)
@click.argument("token")
@click.argument("start")
@pass_invocation
def appointment_move(invocation: Invocation, token: str, start: str) -> None:
    """Move it."""
    at = invocation.moment("START", start)
    _tell(invocation, open_desk(invocation).move(token, at, invocation.clock.now()))


@command.command(
    "cancel",
    help="Call an appointment off.\n\n"
    "\b\nExample:\n  horarium appointment cancel 263aee6c0282d429 --reason 'the host is ill'",
)
@click.argument("name", metavar="ID")
@click.option("--reason", default="", metavar="TEXT")
@pass_invocation
def appointment_cancel(invocation: Invocation, name: str, reason: str) -> None:
    """Cancel it."""
    now = invocation.clock.now()
    _tell(invocation, open_desk(invocation).cancel_by_staff(name, reason, now))


@command.command(
    "approve", help="Agree to what waits.\n\nExample: horarium appointment approve 263aee6c0282d429"
)
@click.argument("name", metavar="ID")
@pass_invocation
def appointment_approve(invocation: Invocation, name: str) -> None:
    """Agree."""
    _tell(invocation, open_desk(invocation).approve(name, invocation.clock.now()))


@command.command(
    "refuse",
    help="Do not agree to what waits.\n\nExample: horarium appointment refuse 263aee6c0282d429",
)
@click.argument("name", metavar="ID")
@click.option("--reason", default="", metavar="TEXT")
@pass_invocation
def appointment_refuse(invocation: Invocation, name: str, reason: str) -> None:
    """Refuse."""
    _tell(invocation, open_desk(invocation).refuse(name, reason, invocation.clock.now()))


def _attendance(word: str, state: State, meaning: str) -> None:
    @click.argument("name", metavar="ID")
    @pass_invocation
    def run(invocation: Invocation, name: str) -> None:
        """Say who came."""
        _tell(invocation, open_desk(invocation).attended(name, state, invocation.clock.now()))

    example = f"horarium appointment {word} 263aee6c0282d429"
    command.command(word, help=f"{meaning}\n\nExample: {example}")(run)


_attendance("arrive", State.ARRIVED, "The client is here.")
_attendance("done", State.DONE, "The appointment is over; the rest of its time is free.")
_attendance("no-show", State.NO_SHOW, "The client did not come.")


@command.command(
    "forget",
    help="Blank what is known of a client in appointments that are over.\n\n"
    "\b\nExample:\n  horarium appointment forget bob@example.net",
)
@click.argument("address")
@pass_invocation
def appointment_forget(invocation: Invocation, address: str) -> None:
    """Forget a client."""
    many = open_desk(invocation).forget(address.lower(), invocation.clock.now())
    invocation.emit({"mail": address, "forgotten": many}, f"{many} appointments blanked")


def _tell(invocation: Invocation, item: Appointment) -> None:
    invocation.emit(
        appointment_document(item, invocation.clock.now()), lambda: line(invocation, item)
    )
