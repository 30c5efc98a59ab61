"""The viewer's own sessions: where somebody is signed in under this account, and ending that."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from horarium.identity.session import State
from horarium.kernel.errors import NotFound
from horarium.runtime.session_listing import (
    Chosen,
    SessionView,
    close_session,
    close_sessions,
    list_sessions,
)
from horarium.web.pages.feeds import account_of
from horarium.web.rendering import render
from horarium.web.visit import Visit


async def show(visit: Visit) -> web.StreamResponse:
    """The open sessions of the account, the newest first."""
    found = await visit.desk.ask(partial(own_sessions, visit))
    mine = visit.session.id8 if visit.session is not None else ""
    return render(visit, "sessions.html", sessions=found[::-1], mine=mine)


async def close(visit: Visit) -> web.StreamResponse:
    """Ends one of them, or with `others` all but this one."""
    id8, account, desk = visit.part("id"), account_of(visit), visit.desk
    rules = desk.keeper.rules

    def work() -> None:
        if id8 == "others":
            keep = visit.session.digest if visit.session is not None else ""
            chosen = Chosen(account=account.name)
            close_sessions(desk.store, rules, chosen, account.name, visit.now, keep)
            return
        if id8 not in {view.id for view in own_sessions(visit)}:
            raise NotFound(f"there is no session {id8}")
        close_session(desk.store, rules, id8, account.name, visit.now)

    await desk.ask(work)
    return web.HTTPSeeOther("/sessions")


def own_sessions(visit: Visit) -> list[SessionView]:
    """The open sessions of the viewer's account."""
    chosen = Chosen(account=account_of(visit).name, state=State.OPEN)
    rules = visit.desk.keeper.rules
    return list_sessions(visit.desk.store, rules, chosen, visit.now)[0]
