"""Why: the way of a decision about an event, or why an object is open or not at an instant."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from horarium.booking.diagram import decision_diagram
from horarium.identity.account import Right
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.answers import Explanation, Upcoming
from horarium.runtime.bookings import DecisionRecord, decisions_on
from horarium.runtime.directory import Registered, read_directory
from horarium.runtime.moments import parse_relative_moment
from horarium.runtime.questions import Questions, find_object, shown
from horarium.web.diagrams import drawn
from horarium.web.rendering import render
from horarium.web.steps import step_lines
from horarium.web.visit import Visit

WEEK = 7 * 86_400
MOST_NEXT = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """The reason, the decisions on the event (the newest first), what comes next, and the calendar
    user where the object is one."""

    found: Explanation
    kind: str
    records: tuple[DecisionRecord, ...] = ()
    coming: tuple[Upcoming, ...] = ()
    user: Registered | None = None


async def show(visit: Visit) -> web.StreamResponse:
    """The page of a reason."""
    name, uid = visit.query("id"), visit.query("uid")
    at, end = _moment(visit, "at"), _moment(visit, "to")
    require_known(visit, name)
    answer = await visit.desk.ask(lambda: look(visit, name, uid, at, end))
    return render(
        visit,
        "why.html",
        answer=answer,
        steps=step_lines(answer.found.steps, visit.zone),
        uid=uid,
        at=at,
        name=name,
    )


async def picture(visit: Visit) -> web.StreamResponse:
    """The way of the last decision about an event at a resource, as a diagram."""
    name, uid = visit.query("id"), visit.query("uid")
    require_known(visit, name)

    def work() -> web.Response:
        answer = look(visit, name, uid, None, None)
        record, user = answer.found.record, answer.user
        if record is None or user is None:
            raise NotFound("there is no decision to be drawn")
        title = f"{record.uid} at {shown(user)}: {record.outcome}"
        return drawn(decision_diagram(user.resource, title, record.steps, record.outcome))

    return await visit.desk.ask(work)


def require_known(visit: Visit, name: str) -> None:
    """Raises NotFound for an object that the viewer may not know of, as for one that is not
    there."""
    if not visit.reach.may(Right.READ, name.removeprefix("mailto:")):
        raise NotFound(f"there is no object {name}")


def look(visit: Visit, name: str, uid: str, at: Instant | None, end: Instant | None) -> Answer:
    """What the runtime knows of it."""
    store, settings, now = visit.desk.store, visit.settings, visit.now
    questions = Questions(store, settings)
    user = store.read(lambda tx: read_directory(tx, settings)).find(name)
    if uid:
        found = questions.why_event(name, uid)
        user = store.read(lambda tx: find_object(tx, settings, name))
        records = [r for r in decisions_on(store, uid) if r.resource == user.uri]
        return Answer(found, user.kind, tuple(reversed(records)), user=user)
    found = questions.why_at(name, at, now, end)
    _, kind, coming = questions.next(name, MOST_NEXT, now)
    return Answer(found, kind, coming=tuple(coming), user=user)


def _moment(visit: Visit, name: str) -> Instant | None:
    written = visit.query(name)
    if not written:
        return None
    try:
        return parse_relative_moment(written.replace("T", " ", 1), visit.zone, visit.now)
    except InvalidInput:
        return parse_relative_moment(written, visit.zone, visit.now)
