"""``horarium outbox``: the mails that leave."""

import asyncio

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.instant import format_instant
from horarium.runtime.outbox import Outbox
from horarium.runtime.wiring import mailboxes_for, open_store, outgoing_for


@click.group(help="The mails that leave: list, flush, retry.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "list", help="The newest mails.\n\n\b\nExample:\n  horarium outbox list --state dead"
)
@click.option("--state", type=click.Choice(["pending", "sending", "sent", "dead", "dropped"]))
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 10_000))
@pass_invocation
def outbox_list(invocation: Invocation, state: str | None, count: int) -> None:
    """List mails, the newest first."""
    store = open_store(invocation.site, invocation.settings, invocation.clock)
    lines = store.read(lambda tx: tx.mail.outbox(state or "", count))
    invocation.emit(
        {
            "mails": [
                {
                    "id": line.id,
                    "message_id": line.message_id,
                    "kind": line.kind,
                    "recipient": line.recipient,
                    "uid": line.uid,
                    "state": line.state,
                    "created": format_instant(line.created),
                    "due": format_instant(line.due),
                    "attempts": line.attempts,
                    "answer": line.answer,
                }
                for line in lines
            ]
        },
        lambda: (
            "\n".join(
                f"{line.id}  {line.state:8} {line.recipient}  {line.uid}  {line.answer}"
                for line in lines
            )
            or "no mails"
        ),
    )


@command.command("flush", help="Send what is due now.\n\n\b\nExample:\n  horarium outbox flush")
@pass_invocation
def outbox_flush(invocation: Invocation) -> None:
    """Send until nothing is due."""
    settings = invocation.settings
    store = open_store(invocation.site, settings, invocation.clock)

    async def flush() -> int:
        outgoing = outgoing_for(invocation.site, settings)
        mailboxes = mailboxes_for(invocation.site, settings)
        life = settings.mail.outbox_life
        outbox = Outbox(store, outgoing, invocation.clock, life, mailboxes)
        count = 0
        while tried := await outbox.flush():
            count += tried
        await outgoing.close()
        if mailboxes is not None:
            await mailboxes.close()
        return count

    tried = asyncio.run(flush())
    states = store.read(lambda tx: tx.mail.outbox_counts())
    shown = ", ".join(f"{state} {number}" for state, number in states.items())
    invocation.emit({"tried": tried, "states": states}, f"tried {tried}; now {shown or 'empty'}")


@command.command(
    "retry", help="Make dead mails due again.\n\n\b\nExample:\n  horarium outbox retry 7"
)
@click.argument("mail", type=int, required=False, default=0)
@pass_invocation
def outbox_retry(invocation: Invocation, mail: int) -> None:
    """Give dead mails, or the one with number ``mail``, another life."""
    store = open_store(invocation.site, invocation.settings, invocation.clock)
    now = invocation.clock.now()
    count = store.transact([], lambda tx: tx.mail.retry_dead(now, mail))
    invocation.emit({"retried": count}, f"{count} mails are due again")
