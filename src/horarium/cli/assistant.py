"""``horarium assistant``: appointers that are used in turn."""

import click

from horarium.appointments.allocation import Request
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.slots import (
    DURATION,
    TIME,
    given_line,
    moment_or_seconds,
    open_generators,
    seconds,
)
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.documents import given_document
from horarium.runtime.generating import Site, kept_of


@click.group(help="Assistants: teams of appointers whose slots are handed out in turn.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "list", help="The assistants. Status 1 when there is none.\n\nExample: horarium assistant list"
)
@pass_invocation
def assistant_list(invocation: Invocation) -> int:
    """List them by name."""
    now = invocation.clock.now()
    found = open_generators(invocation).survey(now, lambda site: list(site.offers.teams.values()))
    invocation.emit(
        {"assistants": [{"id": team.id, "name": team.title, "appointers": list(team.hosts)}
                        for team in found]},
        lambda: "\n".join(f"{t.id}  {t.title}  {', '.join(t.hosts)}" for t in found)
        or "no assistant",
    )  # fmt: skip
    return Exit.OK if found else Exit.NO


@command.command(
    "show",
    help="An assistant: its appointers, whose turn it is, how many slots they gave, and the mean "
    "of their current times.\n\nExample: horarium assistant show reception",
)
@click.argument("name", metavar="ID")
@pass_invocation
def assistant_show(invocation: Invocation, name: str) -> None:
    """Print what there is to know."""
    now = invocation.clock.now()
    document = open_generators(invocation).survey(now, lambda site: _document(site, name))
    invocation.emit(
        document, lambda: "\n".join(f"{k}: {v}" for k, v in document.items() if v not in ("", []))
    )


def _document(site: Site, name: str) -> dict[str, object]:
    team = site.offers.team(name)
    kept = [kept_of(site, host) for host in site.offers.members(team)]
    turns = site.tx.appointments.turns(name)
    mean = Instant(sum(each.time for each in kept) // len(kept)) if kept else None
    return {
        "id": team.id,
        "name": team.name,
        "info": team.info,
        "mode": team.mode.value,
        "mean_time": format_instant(mean) if mean is not None else None,
        "slot_number": sum(each.number for each in kept),
        "index": turns.turn % len(team.hosts) if team.hosts else 0,
        "appointers": list(team.hosts),
        "owed": list(turns.owed),
    }


@command.command(
    "get",
    help="Allocate the next slot of the appointer whose turn it is. Status 1 when there is none "
    "within a week.\n\n"
    "\b\nExample:\n  horarium assistant get reception --duration 1h",
)
@click.argument("name", metavar="ID")
@DURATION
@TIME
@pass_invocation
def assistant_get(invocation: Invocation, name: str, duration: str, time: str | None) -> None:
    """Allocate."""
    wish = Request(seconds(duration), moment_or_seconds(invocation, "--time", time))
    given = open_generators(invocation).get_of_team(name, wish, invocation.clock.now())
    invocation.emit(
        {"assistant": name, "appointer": given.host, **given_document(given)},
        lambda: given_line(invocation, given),
    )


@command.command(
    "pushback",
    help="Return a slot to the appointer whose turn came before: its appointment is cancelled, and "
    "the time is given first again. Status 1 when it has no such slot.\n\n"
    "\b\nExample:\n  horarium assistant pushback reception --start 2027-05-10T09:00:00Z "
    "--duration 1h",
)
@click.argument("name", metavar="ID")
@click.option("--start", required=True, metavar="TIME", help="an instant, or seconds since 1970")
@DURATION
@pass_invocation
def assistant_pushback(invocation: Invocation, name: str, start: str, duration: str) -> None:
    """Give back."""
    at = moment_or_seconds(invocation, "--start", start)
    assert at is not None
    slot = Period(at, Instant(at + Request(seconds(duration)).duration))
    host = open_generators(invocation).push_back(name, slot, invocation.clock.now())
    invocation.emit(
        {"assistant": name, "appointer": host, "start": format_instant(slot.start),
         "end": format_instant(slot.end), "duration": slot.seconds},
        lambda: f"{host}: {invocation.local_span(slot.start, slot.end)} is free again",
    )  # fmt: skip


@command.command(
    "reset",
    help="Reset every appointer of an assistant, and begin with the first again.\n\n"
    "\b\nExample:\n  horarium assistant reset reception",
)
@click.argument("name", metavar="ID")
@pass_invocation
def assistant_reset(invocation: Invocation, name: str) -> None:
    """Reset them all."""
    open_generators(invocation).reset_team(name, invocation.clock.now())
    invocation.emit({"id": name, "index": 0, "slot_number": 0}, f"{name}: reset")
