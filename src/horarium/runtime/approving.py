"""The word of an operator about a request that waits, from the command line or from a page."""

from __future__ import annotations

from horarium.booking.outcome import Mail
from horarium.kernel.errors import Conflict
from horarium.kernel.instant import Instant
from horarium.runtime.approvals import Said, answer, require
from horarium.runtime.mail_agent import MailAgent
from horarium.store.store import Store


def settle_request(
    store: Store, agent: MailAgent, id_: str, *, accept: bool, by: str, comment: str, now: Instant
) -> list[Mail]:
    """The word of an operator about a request, and what follows of it at once: the mails that were
    written. NotFound for a request that there is not; Conflict when it is not open any more."""
    store.read(lambda tx: require(tx, id_))
    word = store.transact(
        [],
        lambda tx: answer(tx, id_, accept=accept, by=by, comment=comment, now=now, trusted=True),
    )
    if word.said is not Said.HEARD:
        assert word.known is not None
        who = (
            f"{word.known.answered_by} has {word.before} it already" if word.before else "it ended"
        )
        raise Conflict(f"the request {id_} is not open any more: {who}")
    return list(agent.settle(now))
