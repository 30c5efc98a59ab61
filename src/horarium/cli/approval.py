"""``horarium approval``: what waits for a person's word."""

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.approvals import Pending, pending
from horarium.runtime.approving import settle_request
from horarium.runtime.documents import pending_document
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.wiring import Store, open_store


@click.group(help="The requests that wait for a person's word: list, accept, decline.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "list",
    help="What waits for approval, the oldest first. Status 1 when nothing does.\n\n"
    "\b\nExample:\n  horarium approval list",
)
@click.option("--resource", metavar="ID", help="only requests for this resource")
@pass_invocation
def approval_list(invocation: Invocation, resource: str | None) -> int:
    """List the open requests."""
    found = pending(_store(invocation), invocation.settings, resource)
    invocation.emit(
        {"requests": [pending_document(item) for item in found]},
        lambda: "\n".join(_line(invocation, item) for item in found) or "nothing waits",
    )
    return Exit.OK if found else Exit.NO


def _store(invocation: Invocation) -> Store:
    return open_store(invocation.site, invocation.settings, invocation.clock)


def _line(invocation: Invocation, item: Pending) -> str:
    when = invocation.local_span(item.span.start, item.span.end)
    why = ", ".join(item.reasons) or "asked of every request"
    return f"{item.id}  {item.resource}  {when}  {item.organizer}  {item.summary}  ({why})"


def _decide(invocation: Invocation, id_: str, comment: str, by: str, *, accept: bool) -> None:
    store = _store(invocation)
    mails = settle_request(
        store, MailAgent(store, invocation.settings), id_,
        accept=accept, by=by, comment=comment, now=invocation.clock.now(),
    )  # fmt: skip
    invocation.emit(
        {"id": id_, "accepted": accept, "mails": [mail.recipient for mail in mails]},
        f"{id_}: {'accepted' if accept else 'declined'}; mails written: {len(mails)}",
    )


@command.command(
    "accept",
    help="Accept a request; it is decided once more without what policy held against it.\n\n"
    "\b\nExample:\n  horarium approval accept 3f2a9c17d0be",
)
@click.argument("id")
@click.option("--comment", metavar="TEXT", default="")
@click.option("--by", metavar="WHO", default="operator", show_default=True)
@pass_invocation
def approval_accept(invocation: Invocation, id: str, comment: str, by: str) -> None:
    """Accept one request."""
    _decide(invocation, id, comment, by, accept=True)


@command.command(
    "decline",
    help="Decline a request; the comment goes to its organizer.\n\n"
    "\b\nExample:\n  horarium approval decline 3f2a9c17d0be --comment 'taken by the board'",
)
@click.argument("id")
@click.option("--comment", metavar="TEXT", default="")
@click.option("--by", metavar="WHO", default="operator", show_default=True)
@pass_invocation
def approval_decline(invocation: Invocation, id: str, comment: str, by: str) -> None:
    """Decline one request."""
    _decide(invocation, id, comment, by, accept=False)
