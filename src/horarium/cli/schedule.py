"""``horarium schedule``: what a schedule on standard input will do, and why."""

import sys
from functools import cached_property

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.schedule_input import NAME, read_schedule
from horarium.cli.schedule_output import (
    explanation_document,
    explanation_text,
    preview_document,
    preview_text,
)
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MIN_INSTANT, Instant
from horarium.kernel.preview import explain, preview
from horarium.kernel.schedule_lint import lint
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import UTC, Zone
from horarium.runtime.faults import BadObjects, Fault

_YEARS = 10 * 366 * DAY


class WithoutSite(Invocation):
    """A run where no site was named and none is found: times are those of UTC."""

    @cached_property
    def zone(self) -> Zone:
        """The zone of times without an offset."""
        return UTC


def placed(invocation: Invocation) -> Invocation:
    """The invocation with the site's zone, or UTC where there is no site."""
    if invocation.options.site is None and not invocation.site.settings_file.exists():
        return WithoutSite(invocation.options)
    return invocation


@click.group(help="What a schedule on standard input will do: TOML, JSON, or one line of text.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "next",
    help="The moments of a schedule from now on, and the dates it leaves out.\n\n"
    '\b\nExample:\n  echo "monthly 31 window 02:30-03:00" | horarium schedule next --count 3',
)
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--to", "end", metavar="TIME")
@click.option("--object", "object_id", metavar="ID", default="", help="whose random choice")
@pass_invocation
def schedule_next(
    invocation: Invocation, start: str, count: int, end: str | None, object_id: str
) -> None:
    """Print what runs and what does not; the schedule is active from ``--from`` on."""
    invocation = placed(invocation)
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else None
    if last is not None and last <= first:
        raise click.UsageError("--to must lie after --from")
    timetable = _timetable(invocation, first, object_id)
    for finding in lint(timetable):
        invocation.say(f"note: {finding.message}")
    found = preview(timetable, first, last, count)
    if last is not None and len(found.openings) == count:
        invocation.say(f"note: no more than {count} are shown (--count)")
    invocation.emit(preview_document(found), lambda: preview_text(timetable.zone, found))


@command.command(
    "explain",
    help="One instant of a schedule: open or not, and the moments around it.\n\n"
    '\b\nExample:\n  echo "daily window 22:00-06:00" | horarium schedule explain --at now',
)
@click.option("--at", metavar="TIME", default="now", show_default=True)
@click.option("--from", "start", metavar="TIME", help="the activation; else ten years before")
@click.option("--object", "object_id", metavar="ID", default="", help="whose random choice")
@pass_invocation
def schedule_explain(invocation: Invocation, at: str, start: str | None, object_id: str) -> None:
    """Print whether the instant is open, why, and what comes before and after it."""
    invocation = placed(invocation)
    t = invocation.moment("--at", at)
    active = Instant(max(t - _YEARS, MIN_INSTANT))
    if start is not None:
        active = invocation.moment("--from", start)
    timetable = _timetable(invocation, active, object_id)
    found = explain(timetable, t)
    invocation.emit(explanation_document(found), lambda: explanation_text(timetable.zone, found))


def _timetable(invocation: Invocation, active: Instant, object_id: str) -> Timetable:
    schedule = read_schedule(sys.stdin.buffer.read())
    circumstances = Circumstances(activation=active, zone=invocation.zone, object_id=object_id)
    try:
        return Timetable(schedule, circumstances)
    except InvalidInput as error:
        raise BadObjects([Fault(NAME, 0, 0, "", str(error))]) from error
