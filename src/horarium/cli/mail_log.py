"""``horarium mail log`` and ``mail quarantine``: what came, and what is kept for the operator."""

import sys

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import MIN_INSTANT, format_instant
from horarium.runtime.handling import Status
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.sharing import Publisher
from horarium.runtime.wiring import Store, open_store


def _store(invocation: Invocation) -> Store:
    return open_store(invocation.site, invocation.settings, invocation.clock, create=False)


@click.command(
    "log",
    help="What came and what became of it.\n\n\b\nExample:\n  horarium mail log --since today",
)
@click.option("--since", metavar="TIME", help="only what came at or after that time")
@click.option("--resource", metavar="ID", help="only mail for this address")
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 100_000))
@pass_invocation
def mail_log(invocation: Invocation, since: str | None, resource: str | None, count: int) -> None:
    """List messages, the newest first."""
    start = invocation.moment("--since", since) if since else MIN_INSTANT
    rows = _store(invocation).read(lambda tx: tx.mail.ledger(start, count))
    if resource is not None:
        wanted = resource.removeprefix("mailto:").lower()
        rows = [row for row in rows if row.recipient.lower() == wanted]
    invocation.emit(
        {
            "messages": [
                {
                    "id": row.key,
                    "received": format_instant(row.received),
                    "recipient": row.recipient,
                    "sender": row.sender or None,
                    "method": row.method or None,
                    "uid": row.uid or None,
                    "state": row.state,
                    "reason": row.reason or None,
                }
                for row in rows
            ]
        },
        lambda: (
            "\n".join(
                f"{invocation.local(row.received)}  {row.recipient}  {row.method or '-'}"
                f"  {row.state} {row.reason}  {row.uid}"
                for row in rows
            )
            or "no messages"
        ),
    )


@click.group(help="Messages kept for the operator.")
def quarantine() -> None:
    """The group itself does nothing."""


@quarantine.command(
    "list", help="What is kept and why.\n\n\b\nExample:\n  horarium mail quarantine list"
)
@pass_invocation
def quarantine_list(invocation: Invocation) -> None:
    """List messages, the newest first."""
    held = _store(invocation).read(lambda tx: tx.mail.quarantined(10_000))
    invocation.emit(
        {
            "messages": [
                {
                    "id": item.id,
                    "received": format_instant(item.received),
                    "recipient": item.recipient,
                    "sender": item.sender or None,
                    "reason": item.reason,
                    "attempts": item.attempts,
                }
                for item in held
            ]
        },
        lambda: (
            "\n".join(
                f"{item.id}  {invocation.local(item.received)}  {item.recipient}"
                f"  from {item.sender or '?'}  {item.reason}"
                for item in held
            )
            or "nothing is kept"
        ),
    )


@quarantine.command(
    "show", help="Print a message as it came.\n\n\b\nExample:\n  horarium mail quarantine show 3"
)
@click.argument("number", type=int)
@pass_invocation
def quarantine_show(invocation: Invocation, number: int) -> None:
    """Write the octets of a message to standard output."""
    sys.stdout.buffer.write(_content(_store(invocation), number)[2])


@quarantine.command(
    "release",
    help="Decide about a message as if its sender had been proven; capacity and rules hold.\n\n"
    "\b\nExample:\n  horarium mail quarantine release 3",
)
@click.argument("number", type=int)
@pass_invocation
def quarantine_release(invocation: Invocation, number: int) -> int:
    """Vouch for the sender of a message and decide about it."""
    store = _store(invocation)
    recipient, sender, data = _content(store, number)
    publisher = Publisher(store, invocation.site.freebusy)
    agent = MailAgent(store, invocation.settings, publisher)
    now = invocation.clock.now()
    delivery = agent.deliver(sender or None, recipient, data, now, vouched=True)
    if delivery.status is Status.HANDLED:
        store.transact([], lambda tx: tx.mail.reject(number))
    invocation.emit({"id": number, "outcome": delivery.text}, delivery.text)
    return Exit.OK if delivery.status is Status.HANDLED else Exit.TRY_AGAIN


@quarantine.command(
    "reject", help="Throw a message away.\n\n\b\nExample:\n  horarium mail quarantine reject 3"
)
@click.argument("number", type=int)
@pass_invocation
def quarantine_reject(invocation: Invocation, number: int) -> None:
    """Drop a message for good."""
    store = _store(invocation)
    _content(store, number)
    store.transact([], lambda tx: tx.mail.reject(number))
    invocation.emit({"id": number, "rejected": True}, "thrown away")


def _content(store: Store, number: int) -> tuple[str, str, bytes]:
    found = store.read(lambda tx: tx.mail.quarantined_content(number))
    if found is None:
        raise NotFound(f"no message {number} is kept")
    return found
