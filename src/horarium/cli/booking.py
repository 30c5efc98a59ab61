"""``horarium booking``: the events that resources hold, and the decisions on them."""

import sys

import click

from horarium.booking.diagram import decision_diagram
from horarium.booking.outcome import Outcome, Result
from horarium.cli.booking_replay import (
    booking_replay,
    replayed,
    verdict_document,
    verdict_text,
)
from horarium.cli.deliver import envelope_sender
from horarium.cli.diagrams import drawn_as
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.questions import explanation_text
from horarium.kernel.instant import format_instant
from horarium.runtime.bookings import (
    BookedEvent,
    DecisionRecord,
    decisions_on,
    find_event,
    list_events,
)
from horarium.runtime.checking_in import check_in, withdraw
from horarium.runtime.documents import step_document
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.questions import Explanation, find_object, shown
from horarium.runtime.wiring import Store, open_store

_REFUSALS = frozenset({Result.DECLINED, Result.IGNORED, Result.LOST})


@click.group(help="The events that resources hold, and the decisions on them.")
def command() -> None:
    """The group itself does nothing."""


command.add_command(booking_replay)


def _store(invocation: Invocation) -> Store:
    return open_store(invocation.site, invocation.settings, invocation.clock, create=False)


@command.command("list", help="Events that hold time.\n\n\b\nExample:\n  horarium booking list")
@click.argument("resource", required=False)
@pass_invocation
def booking_list(invocation: Invocation, resource: str | None) -> None:
    """List the events of one resource or of all."""
    events = list_events(_store(invocation), invocation.settings, resource, invocation.clock.now())
    invocation.emit(
        {"bookings": [_document(event) for event in events]},
        lambda: "\n".join(_line(invocation, event) for event in events) or "no bookings",
    )


@command.command(
    "show", help="One event at every resource.\n\n\b\nExample:\n  horarium booking show UID"
)
@click.argument("uid")
@pass_invocation
def booking_show(invocation: Invocation, uid: str) -> None:
    """Show an event with its components and occurrences."""
    events = find_event(_store(invocation), invocation.settings, uid, invocation.clock.now())
    invocation.emit(
        {"uid": uid, "bookings": [_document(event) for event in events]},
        lambda: "\n".join(_details(invocation, event) for event in events),
    )


@command.command(
    "explain",
    help="Every decision on an event, step by step; with --svg or --dot the way of the last one as "
    "a diagram.\n\n"
    "\b\nExample:\n  horarium booking explain UID",
)
@click.argument("uid")
@click.option("--resource", metavar="ID", help="only decisions of this resource")
@click.option("--svg", "form", flag_value="svg", help="print a diagram for a browser")
@click.option("--dot", "form", flag_value="dot", help="print it for Graphviz")
@click.option("--replay", is_flag=True, help="decide again, however many messages are kept")
@pass_invocation
def booking_explain(
    invocation: Invocation, uid: str, resource: str | None, form: str | None, replay: bool
) -> int:
    """Explain the last decision of each resource, and list those before it; status 1 when one
    that is made again under the same policy ends in another way."""
    store = _store(invocation)
    records = decisions_on(store, uid)
    if resource is not None:
        wanted = resource.removeprefix("mailto:").lower()
        records = [r for r in records if _shown(r) == wanted or _shown(r).lower() == wanted]
    by_resource: dict[str, list[DecisionRecord]] = {}
    for record in records:
        by_resource.setdefault(record.resource, []).append(record)
    if form is not None:
        _draw(invocation, form, [found[-1] for found in by_resource.values()])
        return Exit.OK
    again = {item.then.id: item for item in replayed(invocation, store, uid, asked=replay)}
    documents = [
        {**_explained(found), "replay": verdict_document(again.get(found[-1].id))}
        for found in by_resource.values()
    ]
    invocation.emit(
        documents[0] if len(documents) == 1 else documents,
        lambda: "\n".join(
            f"{_explained_text(invocation, r)}\n{verdict_text(again.get(r.id))}" for r in records
        ),
    )
    wrong = any(again[r.id].differs and again[r.id].same_policy for r in records if r.id in again)
    return Exit.NO if wrong else Exit.OK


def _draw(invocation: Invocation, form: str, records: list[DecisionRecord]) -> None:
    if len(records) != 1:
        names = ", ".join(_shown(record) for record in records) or "none"
        raise click.UsageError(f"a diagram shows one resource, name it by --resource: {names}")
    (record,) = records
    name = _shown(record)
    user = _store(invocation).read(lambda tx: find_object(tx, invocation.settings, name))
    title = f"{record.uid} at {name}: {record.outcome}"
    diagram = decision_diagram(user.resource, title, record.steps, record.outcome)
    drawn = drawn_as(form, diagram)
    invocation.emit({"uid": record.uid, "resource": name, form: drawn}, drawn.rstrip())


@command.command(
    "dry-run",
    help="What a resource would answer to a message on standard input; nothing is kept and "
    "nothing is sent. Status 1 when it would not accept.\n\n"
    "\b\nExample:\n  horarium booking dry-run -r room@example.com < invitation.eml",
)
@click.option("-r", "--resource", metavar="ID", required=True)
@click.option("-s", "--sender", metavar="ADDRESS", help="the envelope's sender")
@pass_invocation
def booking_dry_run(invocation: Invocation, resource: str, sender: str | None) -> int:
    """Judge a message with the present state and print every step."""
    settings = invocation.settings
    agent = MailAgent(_store(invocation), settings)
    data = sys.stdin.buffer.read(settings.limits.message + 1)
    envelope = envelope_sender(sender) if sender is not None else None
    found = agent.dry_run(envelope, resource, data, invocation.clock.now())
    invocation.emit(
        {
            "resource": resource,
            "state": found.state,
            "reason": found.reason or None,
            "events": [_outcome_document(outcome) for outcome in found.outcomes],
        },
        lambda: (
            "\n".join(
                explanation_text(invocation, Explanation(resource, item.result.value, item.trace))
                for item in found.outcomes
            )
            or f"{resource}  {found.state}: {found.reason}"
        ),
    )
    refused = found.state != "decided" or any(o.result in _REFUSALS for o in found.outcomes)
    return Exit.NO if refused else Exit.OK


def _outcome_document(outcome: Outcome) -> dict[str, object]:
    return {
        "uid": outcome.uid,
        "outcome": outcome.result.value,
        "reason": outcome.reason or None,
        "steps": [step_document(step) for step in outcome.trace],
        "answers": [
            {"recipient": mail.recipient, "content": mail.content.decode("utf-8", "replace")}
            for mail in outcome.mails
        ],
    }


def _shown(record: DecisionRecord) -> str:
    return record.resource.removeprefix("mailto:")


def _explained(records: list[DecisionRecord]) -> dict[str, object]:
    last = records[-1]
    return {
        "uid": last.uid,
        "resource": _shown(last),
        "outcome": last.outcome,
        "reason": last.reason or None,
        "decided": format_instant(last.decided),
        "steps": [step_document(step) for step in last.steps],
        "earlier": [
            {
                "decided": format_instant(record.decided),
                "method": record.method,
                "sequence": record.sequence,
                "outcome": record.outcome,
                "reason": record.reason or None,
            }
            for record in records[:-1]
        ],
    }


def _explained_text(invocation: Invocation, record: DecisionRecord) -> str:
    head = f"{invocation.local(record.decided)}  {record.method} from {record.sender or '?'}"
    found = Explanation(_shown(record), record.outcome, record.steps, record)
    return f"{head}\n{explanation_text(invocation, found)}"


def _document(event: BookedEvent) -> dict[str, object]:
    head = event.head
    return {
        "uid": event.uid,
        "resource": event.resource,
        "organizer": head.organizer if head else None,
        "summary": (head.summary or None) if head else None,
        "accepted": format_instant(head.accepted) if head else None,
        "laid_until": format_instant(head.endless_until)
        if head and head.endless_until is not None
        else None,
        "components": [
            {
                "recurrence_id": format_instant(entry.key) if entry.key is not None else None,
                "state": entry.state.value,
                "sequence": entry.stamp.sequence,
                "dtstamp": format_instant(entry.stamp.dtstamp),
            }
            for entry in event.entries
        ],
        "occurrences": [
            {"start": format_instant(r.event.start), "end": format_instant(r.event.end)}
            for r in event.reservations
        ],
    }


def _line(invocation: Invocation, event: BookedEvent) -> str:
    first = event.reservations[0] if event.reservations else None
    when = invocation.local_span(first.event.start, first.event.end) if first else "-"
    more = f" (+{len(event.reservations) - 1})" if len(event.reservations) > 1 else ""
    title = event.head.summary if event.head else ""
    return f"{event.resource}  {when}{more}  {title}  {event.uid}"


def _details(invocation: Invocation, event: BookedEvent) -> str:
    lines = [_line(invocation, event)]
    for entry in event.entries:
        which = "event" if entry.key is None else invocation.local(entry.key)
        lines.append(f"  {entry.state.value}  {which}  sequence {entry.stamp.sequence}")
    lines += [f"  {invocation.local_span(r.event.start, r.event.end)}" for r in event.reservations]
    return "\n".join(lines)


@command.command(
    "withdraw",
    help="Take a booking back: its time is free again and its organizer is told.\n\n"
    "\b\nExample:\n  horarium booking withdraw -r room@example.com UID --reason 'water damage'",
)
@click.argument("uid")
@click.option("-r", "--resource", metavar="ID", required=True)
@click.option("--reason", metavar="TEXT", default="", help="told to the organizer")
@click.option("--occurrence", metavar="TIME", help="only the occurrence that was to start then")
@pass_invocation
def booking_withdraw(
    invocation: Invocation, uid: str, resource: str, reason: str, occurrence: str | None
) -> None:
    """Withdraw a booking or one occurrence of it."""
    store, now = _store(invocation), invocation.clock.now()
    agent = MailAgent(store, invocation.settings)
    user = store.read(lambda tx: find_object(tx, invocation.settings, resource))
    original = None if occurrence is None else invocation.moment("--occurrence", occurrence)
    mails = withdraw(store, agent.directory, user, uid, now, reason, original)
    mails += agent.settle(now)
    invocation.emit(
        {"uid": uid, "resource": shown(user), "mails": [mail.recipient for mail in mails]},
        f"{uid}: withdrawn; mails written: {len(mails)}",
    )


@command.command(
    "check-in",
    help="Say that somebody is there for a booking that begins about now. Status 1 when checking "
    "in is not open for it.\n\n\b\nExample:\n  horarium booking check-in -r room@example.com UID",
)
@click.argument("uid")
@click.option("-r", "--resource", metavar="ID", required=True)
@pass_invocation
def booking_check_in(invocation: Invocation, uid: str, resource: str) -> int:
    """Check in for the occurrence of an event that begins about now."""
    store, now = _store(invocation), invocation.clock.now()
    user = store.read(lambda tx: find_object(tx, invocation.settings, resource))
    found = check_in(store, user, uid, now)
    invocation.emit(
        {
            "uid": uid,
            "resource": shown(user),
            "start": format_instant(found.held.event.start) if found else None,
        },
        f"{uid}: checked in" if found else f"{uid}: checking in is not open",
    )
    return Exit.OK if found else Exit.NO
