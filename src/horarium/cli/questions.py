"""``horarium open``, ``next`` and ``why``: the two questions and the reason, of any object."""

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.instant import Instant, parse_instant
from horarium.runtime.documents import (
    next_document,
    open_document,
    step_facts,
    why_document,
)
from horarium.runtime.questions import Explanation, OpenTime, Questions, Upcoming
from horarium.runtime.wiring import open_store

WEEK = 7 * 86_400


def ask(invocation: Invocation) -> Questions:
    """The answers of the site's store."""
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    return Questions(store, invocation.settings)


@click.command(
    "open",
    help="What is open: the periods that are free to book, or the windows of a directive, from now "
    "for a week unless told otherwise.\n\n"
    "\b\nExamples:\n  horarium open resource-room-confroom@example.com --to +2d\n"
    "  horarium open events.ctl:7",
)
@click.argument("ids", nargs=-1, required=True)
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME")
@pass_invocation
def open_command(invocation: Invocation, ids: tuple[str, ...], start: str, end: str | None) -> None:
    """Print what is open of each object."""
    now = invocation.clock.now()
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else Instant(first + WEEK)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    questions = ask(invocation)
    found = [questions.open(name, first, last, now) for name in ids]
    documents = [open_document(item) for item in found]
    invocation.emit(
        documents[0] if len(ids) == 1 else documents,
        lambda: "\n".join(_open_text(invocation, item) for item in found),
    )


@click.command(
    "next",
    help="What is next: reservations, or runs to come.\n\n"
    "\b\nExamples:\n  horarium next resource-room-confroom@example.com --count 3\n"
    "  horarium next events.ctl:7 upkeep",
)
@click.argument("ids", nargs=-1, required=True)
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, 1000))
@pass_invocation
def next_command(invocation: Invocation, ids: tuple[str, ...], count: int) -> None:
    """Print what comes next of each object."""
    questions, now = ask(invocation), invocation.clock.now()
    found = [questions.next(name, count, now) for name in ids]
    documents = [next_document(*item) for item in found]
    invocation.emit(
        documents[0] if len(ids) == 1 else documents,
        lambda: "\n".join(_next_text(invocation, id_, items) for id_, _, items in found),
    )


@click.command(
    "why",
    help="Why an object is open or not at an instant, why an event was booked or refused, why a "
    "directive ran or did not: the way of the decision.\n\n"
    "\b\nExamples:\n  horarium why resource-room-confroom@example.com --at 'tomorrow 10:00'\n"
    "  horarium why events.ctl:7 --at 'today 16:15'",
)
@click.argument("name", metavar="ID")
@click.argument("uid", required=False)
@click.option(
    "--at", metavar="TIME", help="an instant; else now, and of a directive its newest moment"
)
@click.option("--to", "end", metavar="TIME", help="the end of a time, to be booked from --at on")
@pass_invocation
def why_command(
    invocation: Invocation, name: str, uid: str | None, at: str | None, end: str | None
) -> None:
    """Print the steps that led to an answer."""
    questions, now = ask(invocation), invocation.clock.now()
    if uid is not None and (at is not None or end is not None):
        raise click.UsageError("name an event or an instant, not both")
    if uid is not None:
        found = questions.why_event(name, uid)
    else:
        moment = invocation.moment("--at", at) if at is not None else None
        last = invocation.moment("--to", end) if end is not None else None
        if last is not None and last <= (now if moment is None else moment):
            raise click.UsageError("--to must lie after --at")
        found = questions.why_at(name, moment, now, last)
    invocation.emit(why_document(found), lambda: explanation_text(invocation, found))


def explanation_text(invocation: Invocation, found: Explanation) -> str:
    """The steps as lines for people; what a step compared stands below it."""
    lines = [f"{found.id}  {found.verdict}"]
    for number, step in enumerate(found.steps, start=1):
        facts = "; ".join([step.reason] * bool(step.reason) + step_facts(step))
        lines.append(f"  {number} {step.gate:<24} {step.verdict:<9} {facts}".rstrip())
        for value in step.evidence.values():
            if isinstance(value, list):
                lines += [f"      {_compared(invocation, item)}" for item in value]
    return "\n".join(lines)


def _compared(invocation: Invocation, item: object) -> str:
    """One thing that was compared: a collision, or a reservation that is held."""
    if not isinstance(item, dict):
        return str(item)
    if "entry" in item:
        return f"{_span(invocation, item['start'], item['end'])} {item['entry'] or 'down'}"
    if "resource" in item:
        return f"{item['resource']} {item.get('passed_over') or 'is free'}"
    text = _span(invocation, item.get("start"), item.get("end"))
    if item.get("busy_start"):
        text += " meets " + _span(invocation, item["busy_start"], item.get("busy_end"))
    who = item.get("organizer")
    return " ".join(part for part in (text, item.get("uid"), f"by {who}" if who else "") if part)


def _span(invocation: Invocation, start: str | None, end: str | None) -> str:
    if not start or not end:
        return start or ""
    return invocation.local_span(parse_instant(start), parse_instant(end))


def _open_text(invocation: Invocation, item: OpenTime) -> str:
    lines = [f"{item.id}  {len(item.periods)} open"]
    lines += [f"  {invocation.local_span(p.start, p.end)}" for p in item.periods]
    return "\n".join(lines)


def _next_text(invocation: Invocation, id_: str, items: list[Upcoming]) -> str:
    lines = [f"{id_}  {len(items)} next"]
    for item in items:
        when = invocation.local_span(item.at, item.end) if item.end else invocation.local(item.at)
        lines.append(f"  {when}  {item.what}")
    return "\n".join(lines)
