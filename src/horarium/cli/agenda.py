"""``horarium agenda``: everything the timetable knows, in one list."""

import sys

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.agenda import KINDS, AgendaEntry, agenda, as_calendar
from horarium.runtime.documents import entry_document
from horarium.runtime.wiring import open_store

WEEK = 7 * 86_400


@click.command(
    help="Everything between two times, of all objects, in order of start; from now for a week "
    "unless told otherwise. Of directives, what ran and what will; one with more than 48 runs in a "
    "day is shown once for the day.\n\n"
    "\b\nExample:\n  horarium agenda --from today --to +30d --kind directive --kind upkeep"
)
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="only this work")
@click.option("--ics", is_flag=True, help="as an iCalendar object")
@pass_invocation
def command(
    invocation: Invocation, start: str, end: str | None, kinds: tuple[str, ...], ics: bool
) -> None:
    """Print the agenda."""
    now = invocation.clock.now()
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else Instant(first + WEEK)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    entries = agenda(store, invocation.settings, Period(first, last), now, frozenset(kinds) or None)
    if ics:
        sys.stdout.buffer.write(as_calendar(entries, now))
        return
    invocation.emit(
        {"entries": [entry_document(entry) for entry in entries]},
        lambda: "\n".join(_line(invocation, entry) for entry in entries) or "nothing",
    )


def _line(invocation: Invocation, entry: AgendaEntry) -> str:
    if entry.end is None:
        when = invocation.local(entry.start)
    else:
        when = invocation.local_span(entry.start, entry.end)
    return f"{when}  {entry.id}  {entry.what}"
