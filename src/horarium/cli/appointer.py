"""``horarium appointer``: who gives appointments, and the next slot."""

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
from horarium.runtime.generating import Site, kept_of, state_of

WEEK = 7 * 86_400


@click.group(help="Appointers: people, desks and rooms that give appointments, slot by slot.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "list", help="The appointers. Status 1 when there is none.\n\nExample: horarium appointer list"
)
@pass_invocation
def appointer_list(invocation: Invocation) -> int:
    """List them by name."""
    now = invocation.clock.now()
    found = open_generators(invocation).survey(now, lambda site: list(site.offers.hosts.values()))
    invocation.emit(
        {"appointers": [{"id": host.id, "name": host.title, "active": host.active}
                        for host in found]},
        lambda: "\n".join(f"{host.id}  {host.title}" for host in found) or "no appointer",
    )  # fmt: skip
    return Exit.OK if found else Exit.NO


@command.command(
    "show",
    help="An appointer: its current time, how many slots it gave, its rules.\n\n"
    "\b\nExample:\n  horarium appointer show dr-smith",
)
@click.argument("name", metavar="ID")
@pass_invocation
def appointer_show(invocation: Invocation, name: str) -> None:
    """Print what there is to know."""
    now = invocation.clock.now()
    document = open_generators(invocation).survey(now, lambda site: _document(site, name))
    invocation.emit(document, lambda: "\n".join(f"{k}: {v}" for k, v in document.items() if v))


def _document(site: Site, name: str) -> dict[str, object]:
    host = site.offers.host(name)
    kept, state = kept_of(site, host), state_of(site, host)
    return {
        "id": host.id,
        "name": host.name,
        "zone": host.hours.zone.name,
        "time": format_instant(kept.time),
        "slot_number": kept.number,
        "returned": [
            {"start": format_instant(p.start), "end": format_instant(p.end)} for p in state.returned
        ],
        "rules": site.offers.keys("appointer", name),
        "active": host.active,
        "missing": site.calendars.missing(host),
    }


@command.command(
    "slots",
    help="The slots that would be given one after the other within a time; changes nothing. "
    "Status 1 when there is none.\n\n"
    "\b\nExample:\n  horarium appointer slots dr-smith --from tomorrow --duration 30m",
)
@click.argument("name", metavar="ID")
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME", help="a week later unless told otherwise")
@DURATION
@pass_invocation
def appointer_slots(
    invocation: Invocation, name: str, start: str, end: str | None, duration: str
) -> int:
    """List what fits."""
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else Instant(first + WEEK)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    now = invocation.clock.now()
    slots = open_generators(invocation).slots(name, Period(first, last), seconds(duration), now)
    invocation.emit(
        {"slots": [{"start": format_instant(p.start), "end": format_instant(p.end)}
                   for p in slots]},
        lambda: "\n".join(invocation.local_span(p.start, p.end) for p in slots) or "no slot",
    )  # fmt: skip
    return Exit.OK if slots else Exit.NO


@command.command(
    "get",
    help="Allocate the next slot and print it. Status 1 when none begins within a week.\n\n"
    "\b\nExamples:\n  horarium appointer get dr-smith --duration 3600\n"
    "  horarium appointer get dr-smith --duration 1h --time 2027-05-10T10:00",
)
@click.argument("name", metavar="ID")
@DURATION
@TIME
@pass_invocation
def appointer_get(invocation: Invocation, name: str, duration: str, time: str | None) -> None:
    """Allocate."""
    wish = Request(seconds(duration), moment_or_seconds(invocation, "--time", time))
    given = open_generators(invocation).get(name, wish, invocation.clock.now())
    invocation.emit(
        {"appointer": given.host, **given_document(given)}, lambda: given_line(invocation, given)
    )


@command.command(
    "reset",
    help="Begin to count anew: the slot number and the counts of all days are zero, time and rules "
    "stay.\n\nExample: horarium appointer reset dr-smith",
)
@click.argument("name", metavar="ID")
@pass_invocation
def appointer_reset(invocation: Invocation, name: str) -> None:
    """Reset the counters."""
    open_generators(invocation).reset(name, invocation.clock.now())
    invocation.emit({"id": name, "slot_number": 0}, f"{name}: reset")


@command.command(
    "set",
    help="Set the current time: later slots begin at it or after.\n\n"
    "\b\nExample:\n  horarium appointer set dr-smith --time 2027-05-10T00:00:00Z",
)
@click.argument("name", metavar="ID")
@click.option("--time", required=True, metavar="TIME", help="an instant, or seconds since 1970")
@pass_invocation
def appointer_set(invocation: Invocation, name: str, time: str) -> None:
    """Set the time."""
    at = moment_or_seconds(invocation, "--time", time)
    assert at is not None
    open_generators(invocation).set_time(name, at, invocation.clock.now())
    invocation.emit(
        {"id": name, "time": format_instant(at)}, lambda: f"{name}: {invocation.local(at)}"
    )


@command.command(
    "clone",
    help="Make another appointer with the same rules, time and counts.\n\n"
    "\b\nExample:\n  horarium appointer clone dr-smith dr-jones",
)
@click.argument("name", metavar="ID")
@click.argument("new", metavar="NEW")
@pass_invocation
def appointer_clone(invocation: Invocation, name: str, new: str) -> None:
    """Clone it."""
    open_generators(invocation).clone(name, new, invocation.clock.now())
    invocation.emit({"id": new, "cloned": name}, f"{new} has the rules of {name}")
