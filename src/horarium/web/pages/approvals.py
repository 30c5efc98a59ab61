"""What waits for a person's word: the queue, and the word."""

from __future__ import annotations

from aiohttp import web

from horarium.identity.account import Right
from horarium.kernel.errors import NotFound
from horarium.runtime.approvals import Pending, pending
from horarium.runtime.approving import settle_request
from horarium.runtime.mail_agent import MailAgent
from horarium.web.rendering import address, render
from horarium.web.visit import Visit

VERDICTS = {"accept": True, "decline": False}
_DONE = {"accepted": "The request was accepted.", "declined": "The request was declined."}


async def show(visit: Visit) -> web.StreamResponse:
    """The queue, the oldest first."""
    desk = visit.desk
    waiting = await desk.ask(lambda: seen_by(visit))
    names = await desk.ask(lambda: desk.names.of(desk.store, visit.settings))
    return render(
        visit,
        "approvals.html",
        waiting=[(item, may_decide(visit, item)) for item in waiting],
        names=names,
        done=_DONE.get(visit.query("done"), ""),
    )


async def decide(visit: Visit) -> web.StreamResponse:
    """Says the word, and does at once what follows of it."""
    verdict = visit.part("verdict")
    if verdict not in VERDICTS:
        raise NotFound(f"there is no answer {verdict}")
    id_, comment = visit.part("id"), visit.field("comment")
    await visit.desk.ask(lambda: say(visit, id_, accept=VERDICTS[verdict], comment=comment))
    done = "accepted" if VERDICTS[verdict] else "declined"
    return web.HTTPSeeOther(address("/approvals", done=done))


def say(visit: Visit, id_: str, *, accept: bool, comment: str) -> None:
    """The word of the viewer about a request. NotFound where it is not the viewer's to decide."""
    store, settings = visit.desk.store, visit.settings
    item = next((item for item in seen_by(visit) if item.id == id_), None)
    if item is not None and not may_decide(visit, item):
        item = None
    account = visit.reach.account
    if account is None or (item is None and not visit.reach.may(Right.BOOKINGS)):
        raise NotFound(f"there is no request {id_}")
    agent = MailAgent(store, settings, visit.desk.served.publisher)
    settle_request(
        store, agent, id_, accept=accept, by=account.person or account.name, comment=comment,
        now=visit.now,
    )  # fmt: skip
    visit.desk.wake()


def seen_by(visit: Visit) -> list[Pending]:
    """What waits of what the viewer may see or was asked about."""
    return [
        item
        for item in pending(visit.desk.store, visit.settings)
        if visit.reach.may(Right.READ, item.resource) or _was_asked(visit, item)
    ]


def may_decide(visit: Visit, item: Pending) -> bool:
    """Whether the viewer's word counts: one of those who were asked, or who looks after the
    bookings of the resource."""
    return visit.reach.may(Right.BOOKINGS, item.resource) or _was_asked(visit, item)


def _was_asked(visit: Visit, item: Pending) -> bool:
    account = visit.reach.account
    return account is not None and bool(account.person) and account.person in item.approvers
