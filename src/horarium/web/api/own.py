"""What is the caller's own over HTTP: the session, sessions, feeds; and the timetable of
directives."""

from __future__ import annotations

from functools import partial

from horarium.identity.account import Right
from horarium.kernel.errors import NotFound
from horarium.runtime.ahead import following
from horarium.runtime.directive_status import Status, status_of
from horarium.runtime.documents import Document, when
from horarium.runtime.feeds import FORMS, feeds_of, revoke_feed
from horarium.runtime.naming import id_of
from horarium.runtime.session_listing import (
    Chosen,
    SessionView,
    close_session,
    find_session,
    list_sessions,
)
from horarium.runtime.standing import Timer, read_view
from horarium.web.access import Access, Forbidden
from horarium.web.api.operation import Asked, Operation, Told, one_page
from horarium.web.api.parameters import Text
from horarium.web.api.questions import CURSOR, LIMIT
from horarium.web.pages.directives import MOST_ENTRIES
from horarium.web.pages.feeds import account_of, made_by
from horarium.web.visit import Visit


async def session(asked: Asked) -> Told:
    """Who the caller is, and for how long."""
    visit = asked.visit
    account, own = visit.reach.account, visit.session
    return Told(
        {
            "user": account.name if account is not None else None,
            "roles": sorted(account.roles) if account is not None else [],
            "remaining": own.get_remaining_time(visit.now) if own is not None else None,
            "csrf": visit.csrf or None,
            "id": own.id8 if own is not None else None,
        }
    )


async def close_own(asked: Asked) -> Told:
    """Ends the caller's session for good."""
    visit, keeper = asked.visit, asked.visit.desk.keeper
    if visit.session is None:
        raise NotFound("there is no session to close")
    closing, _ = await visit.desk.ask(
        partial(keeper.sign_out, visit.session, visit.source, visit.now)
    )
    return Told(None, 204, cookies=[closing.field(secure=keeper.rules.secure)])


async def sessions(asked: Asked) -> Told:
    """The caller's own sessions; of admins, everybody's."""
    visit, account = asked.visit, account_of(asked.visit)
    everybody = visit.reach.may(Right.ACCOUNTS)
    chosen = Chosen() if everybody else Chosen(account=account.name)
    rules = visit.desk.keeper.rules
    found, _ = await visit.desk.ask(
        lambda: list_sessions(visit.desk.store, rules, chosen, visit.now)
    )
    items, after = one_page(
        sorted(found, key=lambda s: (s.created, s.id)), lambda s: [s.created, s.id],
        asked.query["limit"], asked.query["cursor"],
    )  # fmt: skip
    mine = visit.session.id8 if visit.session is not None else ""
    return Told({"sessions": [_session(s, mine) for s in items], "next_cursor": after})


async def close_one(asked: Asked) -> Told:
    """Ends one of the caller's sessions; admins end any."""
    visit, id8 = asked.visit, asked.visit.part("id")
    account, store, rules = account_of(visit), visit.desk.store, visit.desk.keeper.rules

    def work() -> None:
        found = find_session(store, rules, id8, visit.now)
        if found.user != account.name and not visit.reach.may(Right.ACCOUNTS):
            raise NotFound(f"there is no session {id8}")
        close_session(store, rules, id8, account.name, visit.now)

    await visit.desk.ask(work)
    return Told(None, 204)


async def feeds(asked: Asked) -> Told:
    """The caller's feeds; their addresses were told when they were made."""
    visit, account = asked.visit, account_of(asked.visit)
    found = await visit.desk.ask(lambda: feeds_of(visit.desk.store, account))
    items, after = one_page(
        sorted(found, key=lambda f: (f.created, f.digest)), lambda f: [f.created, f.digest],
        asked.query["limit"], asked.query["cursor"],
    )  # fmt: skip
    documents = [_feed(feed.id8, feed.thing, feed.form, when(feed.created), None) for feed in items]
    return Told({"feeds": documents, "next_cursor": after})


async def make_feed(asked: Asked) -> Told:
    """Makes a feed; its address is told this once, and not to who sends the request again."""
    visit = asked.visit
    thing, form = str(asked.body["thing"] or ""), str(asked.body["form"])

    def work() -> tuple[str, str, str]:
        url = made_by(visit, thing, form)
        feed = feeds_of(visit.desk.store, account_of(visit))[-1]
        return url, feed.id8, feed.thing

    url, id8, name = await visit.desk.ask(work)
    document = _feed(id8, name, form, when(visit.now), url)
    return Told(document, 201, kept={**document, "url": None})


async def drop_feed(asked: Asked) -> Told:
    """Revokes a feed."""
    visit, account = asked.visit, account_of(asked.visit)
    id8 = visit.part("id")
    await visit.desk.ask(lambda: revoke_feed(visit.desk.store, account, id8))
    return Told(None, 204)


async def directives(asked: Asked) -> Told:
    """The timetable of directives: what comes next, what ran, whether all is well."""
    visit = asked.visit
    if not visit.reach.may(Right.READ):
        raise Forbidden
    status, entries = await visit.desk.ask(lambda: _timetable(visit))
    timers = {timer.id: timer for timer in status.view.timers}
    return Told(
        {
            "entries": entries,
            "well": status.well,
            "undecided": status.undecided or None,
            "violations": len(status.violations),
            "last": [
                {
                    "entry": _entry_name(timers.get(row.timer)), "due": when(row.due),
                    "started": when(row.started), "ended": when(row.ended), "state": row.state,
                    "reason": row.reason or None, "count": row.count,
                }
                for row in status.rows
            ],
        }
    )  # fmt: skip


def _timetable(visit: Visit) -> tuple[Status, list[Document]]:
    view = read_view(visit.desk.store, visit.settings, visit.now)
    entries: list[Document] = []
    for timer in view.timers[:MOST_ENTRIES]:
        coming = following(view, timer)
        entries.append(
            {
                "id": id_of(timer), "text": timer.text, "task": timer.task,
                "next": when(coming.at) if coming is not None else None,
                "reason": coming.reason if coming is not None else None,
            }
        )  # fmt: skip
    return status_of(visit.desk.store, view), entries


def _entry_name(timer: Timer | None) -> str | None:
    return None if timer is None else id_of(timer)


def _feed(id8: str, thing: str, form: str, created: str | None, url: str | None) -> Document:
    return {"id": id8, "thing": thing or None, "form": form, "created": created, "url": url}


def _session(view: SessionView, mine: str) -> Document:
    return {
        "id": view.id, "state": view.state.value, "remaining": view.remaining, "user": view.user,
        "kind": view.kind.value, "created": when(view.created),
        "last_seen": when(view.last_seen), "source": view.source, "browser": view.browser,
        "current": view.id == mine,
    }  # fmt: skip


_PAGE = (LIMIT, CURSOR)
OPERATIONS = (
    Operation(
        "GET", "/api/v1/session", Access.SIGNED_IN, session, "Who the caller is", "Session"
    ),
    Operation(
        "DELETE", "/api/v1/session", Access.SIGNED_IN, close_own, "End this session", "",
        created=204,
    ),
    Operation(
        "GET", "/api/v1/sessions", Access.SIGNED_IN, sessions, "Own sessions; all, for admins",
        "Sessions", query=_PAGE,
    ),
    Operation(
        "DELETE", "/api/v1/sessions/{id}", Access.SIGNED_IN, close_one, "End one session", "",
        created=204,
    ),
    Operation("GET", "/api/v1/feeds", Right.READ, feeds, "Own feeds", "Feeds", query=_PAGE),
    Operation(
        "POST", "/api/v1/feeds", Right.READ, make_feed, "Make a feed", "Feed", created=201,
        repeatable=True,
        body=(
            Text("thing", "Of that resource or person; of the whole agenda without it."),
            Text("form", "With titles, or times only.", among=FORMS, required=True),
        ),
    ),
    Operation(
        "DELETE", "/api/v1/feeds/{id}", Right.READ, drop_feed, "Revoke a feed", "", created=204
    ),
    Operation(
        "GET", "/api/v1/directives", Right.READ, directives, "The timetable of directives",
        "Directives",
    ),
)  # fmt: skip
