"""The two questions and the reason over HTTP, for every object; the agenda; the list of objects."""

from __future__ import annotations

from hashlib import sha256

from horarium.identity.account import Right
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.agenda import KINDS, AgendaEntry, agenda
from horarium.runtime.directory import read_directory
from horarium.runtime.documents import (
    entry_document,
    next_document,
    open_document,
    why_document,
)
from horarium.runtime.naming import id_of, kind_of
from horarium.runtime.questions import Questions, shown
from horarium.runtime.quota_answers import quota_names
from horarium.runtime.standing import look
from horarium.runtime.wiring import Transaction
from horarium.web.api.operation import MOST_ON_A_PAGE, Asked, Operation, Told, one_page
from horarium.web.api.parameters import Moment, Number, Text
from horarium.web.pages.why import require_known
from horarium.web.visit import Visit

DAY = 86_400
# More is asked for in pieces.
LONGEST_SPAN = 366 * DAY

FROM = Moment("from", "The beginning; the present where it is not named.")
TO = Moment("to", "The end, exclusive; a week after the beginning where it is not named.")
LIMIT = Number("limit", "How many at most.", 1, MOST_ON_A_PAGE)
CURSOR = Text("cursor", "What the page before gave as `next_cursor`.", longest=600)


def read_span(asked: Asked) -> Period:
    """The period of `from` and `to`. InvalidInput when it is empty or too long."""
    given, end = asked.query["from"], asked.query["to"]
    start = given if isinstance(given, int) else asked.visit.now
    last = end if isinstance(end, int) else start + 7 * DAY
    if not start < last <= start + LONGEST_SPAN:
        raise InvalidInput("to: it lies after from, by 366 days at most", part="to")
    return Period(Instant(start), Instant(last))


async def open_(asked: Asked) -> Told:
    """What is open of an object."""
    visit, name, span = asked.visit, _name(asked), read_span(asked)
    found = await visit.desk.ask(
        lambda: _questions(visit).open(name, span.start, span.end, visit.now)
    )
    return Told(open_document(found))


async def next_(asked: Asked) -> Told:
    """What comes next of an object."""
    visit, name = asked.visit, _name(asked)
    count = asked.query["count"]
    many = count if isinstance(count, int) else 10
    found = await visit.desk.ask(lambda: _questions(visit).next(name, many, visit.now))
    return Told(next_document(*found))


async def why(asked: Asked) -> Told:
    """Why: of an event, or at an instant."""
    visit, name = asked.visit, _name(asked)
    uid, at, end = (asked.query[key] for key in ("uid", "at", "to"))
    if uid is not None and (at is not None or end is not None):
        raise InvalidInput("uid: name an event or an instant, not both", part="uid")
    moment = Instant(at) if isinstance(at, int) else None
    last = Instant(end) if isinstance(end, int) else None
    if last is not None and last <= (visit.now if moment is None else moment):
        raise InvalidInput("to: it lies after at", part="to")
    questions = _questions(visit)
    if isinstance(uid, str):
        return Told(why_document(await visit.desk.ask(lambda: questions.why_event(name, uid))))
    found = await visit.desk.ask(lambda: questions.why_at(name, moment, visit.now, last))
    return Told(why_document(found))


async def whole_agenda(asked: Asked) -> Told:
    """All kinds of work in one list."""
    visit, span = asked.visit, read_span(asked)
    kinds = asked.query["kind"]
    wanted = frozenset(map(str, kinds)) if isinstance(kinds, tuple) and kinds else None
    found = await visit.desk.ask(
        lambda: agenda(visit.desk.store, visit.settings, span, visit.now, wanted)
    )
    thing = asked.query["id"]
    seen = [e for e in found if visit.reach.may(Right.READ, e.id) and thing in (None, e.id)]
    entries, after = one_page(
        sorted(seen, key=_entry_key), _entry_key, asked.query["limit"], asked.query["cursor"]
    )
    return Told({"entries": [entry_document(e) for e in entries], "next_cursor": after})


async def objects(asked: Asked) -> Told:
    """Every object that the two questions can be asked of."""
    visit = asked.visit

    def work(tx: Transaction) -> list[dict[str, object]]:
        directory = read_directory(tx, visit.settings)
        found: list[dict[str, object]] = [
            {"id": shown(u), "kind": u.kind, "name": u.resource.preferences.name or None}
            for u in directory.users
        ]
        found += [
            {"id": id_of(timer), "kind": kind_of(timer), "name": timer.text}
            for timer in look(tx, visit.settings, visit.now).timers
        ]
        found += [
            {"id": name, "kind": "quota", "name": None} for name in quota_names(tx, visit.settings)
        ]
        return found

    every = await visit.desk.ask(lambda: visit.desk.store.read(work))
    unique = {(str(o["kind"]), str(o["id"])): o for o in every}
    seen = [o for _, o in sorted(unique.items()) if visit.reach.may(Right.READ, str(o["id"]))]
    page, after = one_page(
        seen, lambda o: [o["kind"], o["id"]], asked.query["limit"], asked.query["cursor"]
    )
    return Told({"objects": page, "next_cursor": after})


def _name(asked: Asked) -> str:
    name = asked.visit.part("id")
    require_known(asked.visit, name)
    return name


def _questions(visit: Visit) -> Questions:
    return Questions(visit.desk.store, visit.settings)


def _entry_key(entry: AgendaEntry) -> list[object]:
    # A UID may be long, and a cursor stands in an address.
    digest = sha256(f"{entry.id} {entry.uid} {entry.what}".encode()).hexdigest()[:16]
    return [entry.start, entry.kind, entry.end or entry.start, digest]


OPERATIONS = (
    Operation(
        "GET", "/api/v1/agenda", Right.READ, whole_agenda, "All kinds of work in one list",
        "Agenda",
        query=(
            FROM, TO, Text("kind", "Only this kind of work.", among=KINDS, many=True),
            Text("id", "Only this object."), LIMIT, CURSOR,
        ),
    ),
    Operation(
        "GET", "/api/v1/objects", Right.READ, objects, "Every object", "Objects",
        query=(LIMIT, CURSOR),
    ),
    Operation(
        "GET", "/api/v1/objects/{id}/open", Right.READ, open_, "What is open of an object", "Open",
        query=(FROM, TO),
    ),
    Operation(
        "GET", "/api/v1/objects/{id}/next", Right.READ, next_, "What comes next of an object",
        "Next", query=(Number("count", "How many.", 1, 1_000),),
    ),
    Operation(
        "GET", "/api/v1/objects/{id}/why", Right.READ, why, "Why it is so", "Why",
        query=(
            Moment("at", "At that instant; else now, of a directive at its newest moment."),
            Moment("to", "The end of a time to be booked from `at` on."),
            Text("uid", "Of that event."),
        ),
    ),
)  # fmt: skip
