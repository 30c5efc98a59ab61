"""Resources, the search among them, decisions, approvals and quotas over HTTP."""

from __future__ import annotations

from horarium.booking.finding import Wish
from horarium.booking.preference_table import feature_key
from horarium.ical.address import parse_address
from horarium.identity.account import Right
from horarium.runtime.bookings import DecisionRecord, decisions_on, last_decisions
from horarium.runtime.directory import Registered, read_directory
from horarium.runtime.documents import (
    Document,
    finding_document,
    pending_document,
    period_document,
    step_document,
    when,
)
from horarium.runtime.finding import find_resources
from horarium.runtime.questions import find_object, shown
from horarium.runtime.quota_answers import UsageRow, summaries, usage_of
from horarium.web.access import Forbidden
from horarium.web.api.operation import Asked, Operation, Told, one_page
from horarium.web.api.parameters import Flag, Number, Text
from horarium.web.api.questions import CURSOR, FROM, LIMIT, TO, read_span
from horarium.web.pages.approvals import say, seen_by
from horarium.web.pages.why import require_known

MOST_DECISIONS = 100


async def resources(asked: Asked) -> Told:
    """The resources and persons that the caller may see."""
    visit = asked.visit
    directory = await visit.desk.ask(
        lambda: visit.desk.store.read(lambda tx: read_directory(tx, visit.settings))
    )
    seen = sorted((u for u in directory.users if visit.reach.may(Right.READ, shown(u))), key=shown)
    users, after = one_page(seen, lambda u: [shown(u)], asked.query["limit"], asked.query["cursor"])
    return Told({"resources": [resource_document(u) for u in users], "next_cursor": after})


async def resource(asked: Asked) -> Told:
    """One resource or person."""
    visit, name = asked.visit, asked.visit.part("id")
    require_known(visit, name)
    store, settings = visit.desk.store, visit.settings
    user = await visit.desk.ask(lambda: store.read(lambda tx: find_object(tx, settings, name)))
    return Told(resource_document(user))


async def decisions(asked: Asked) -> Told:
    """The newest decisions, of one resource or on one event."""
    visit, uid, name = asked.visit, asked.query["uid"], asked.query["resource"]
    store, settings = visit.desk.store, visit.settings
    limit = asked.query["limit"]
    many = limit if isinstance(limit, int) else MOST_DECISIONS
    if isinstance(name, str):
        require_known(visit, name)

    def work() -> list[DecisionRecord]:
        if isinstance(uid, str):
            found = list(reversed(decisions_on(store, uid)))
            if not isinstance(name, str):
                return found
            uri = store.read(lambda tx: find_object(tx, settings, name)).uri
            return [record for record in found if record.resource == uri]
        return last_decisions(store, settings, name if isinstance(name, str) else None, many)

    found = await visit.desk.ask(work)
    seen = [r for r in found if visit.reach.may(Right.READ, r.resource.removeprefix("mailto:"))]
    return Told({"decisions": [decision_document(record) for record in seen[:many]]})


async def find(asked: Asked) -> Told:
    """Which resources are free for a time, and what speaks against the others."""
    visit, span, query = asked.visit, read_span(asked), asked.query
    people, features, organizer = query["capacity"], query["feature"], query["organizer"]
    wish = Wish(
        time=span,
        now=visit.now,
        people=people if isinstance(people, int) else None,
        features=frozenset(
            feature_key(str(word))
            for word in (features if isinstance(features, tuple) else ())
            if str(word).strip()
        ),
        location=str(query["location"] or "").strip(),
        organizer=(
            parse_address(organizer.removeprefix("mailto:")) if isinstance(organizer, str) else None
        ),
    )
    found = await visit.desk.ask(lambda: find_resources(visit.desk.store, visit.settings, wish))
    seen = [f for f in found if visit.reach.may(Right.READ, f.resource.address.text)]
    return Told(
        {
            **period_document(span),
            "free": [finding_document(f) for f in seen if f.free],
            "others": [finding_document(f) for f in seen if not f.free],
        }
    )


async def approvals(asked: Asked) -> Told:
    """What waits for a person's word, the oldest first."""
    visit = asked.visit
    found = await visit.desk.ask(lambda: seen_by(visit))
    items, after = one_page(
        sorted(found, key=lambda i: (i.arrived, i.id)), lambda i: [i.arrived, i.id],
        asked.query["limit"], asked.query["cursor"],
    )  # fmt: skip
    return Told({"requests": [pending_document(i) for i in items], "next_cursor": after})


async def word(asked: Asked) -> Told:
    """The caller's word about a request."""
    visit, id_ = asked.visit, asked.visit.part("id")
    accept, comment = bool(asked.body["accept"]), str(asked.body["comment"] or "")
    await visit.desk.ask(lambda: say(visit, id_, accept=accept, comment=comment))
    return Told({"id": id_, "accepted": accept})


async def quotas(asked: Asked) -> Told:
    """The quotas and what is used of them."""
    visit = asked.visit
    _require_all(asked)
    found = await visit.desk.ask(lambda: summaries(visit.desk.store, visit.settings))
    items, after = one_page(found, lambda s: [s.name], asked.query["limit"], asked.query["cursor"])
    documents = [
        {
            "name": s.name, "resources": list(s.resources), "used": s.used, "mark": when(s.mark),
            "fault": s.fault or None,
        }
        for s in items
    ]  # fmt: skip
    return Told({"quotas": documents, "next_cursor": after})


async def quota(asked: Asked) -> Told:
    """What everybody uses of one quota."""
    visit, name = asked.visit, asked.visit.part("name")
    _require_all(asked)
    usage = await visit.desk.ask(lambda: usage_of(visit.desk.store, visit.settings, name, None))
    return Told(
        {
            "name": usage.name,
            "mark": when(usage.mark),
            "fault": usage.fault or None,
            "usage": [_usage_document(row) for row in usage.rows],
        }
    )


def resource_document(user: Registered) -> Document:
    """A resource or person."""
    preferences = user.resource.preferences
    return {
        "id": shown(user),
        "kind": user.kind,
        "name": preferences.name or None,
        "zone": user.resource.zone.name,
        "fault": user.resource.fault or None,
        "seats": preferences.seats,
        "features": sorted(preferences.features),
        "location": preferences.location or None,
        "functions": [str(call) for call in preferences.scheduling_function],
    }


def decision_document(record: DecisionRecord) -> Document:
    """A decision with its way."""
    return {
        "id": record.id,
        "resource": record.resource.removeprefix("mailto:"),
        "uid": record.uid,
        "decided": when(record.decided),
        "method": record.method,
        "organizer": record.organizer,
        "outcome": record.outcome,
        "reason": record.reason or None,
        "steps": [step_document(step) for step in record.steps],
    }


def _usage_document(row: UsageRow) -> Document:
    allowance = row.allowance
    return {
        "identity": row.identity,
        "limit": None if allowance is None else allowance.seconds,
        "unlimited": allowance is not None and allowance.seconds is None,
        "used": row.used,
        "entries": row.entries,
    }


def _require_all(asked: Asked) -> None:
    """What tells of everybody is for those who may read everything."""
    if not asked.visit.reach.may(Right.READ):
        raise Forbidden


_UID = Text("uid", "Of that event.")
OPERATIONS = (
    Operation(
        "GET", "/api/v1/resources", Right.READ, resources, "Resources and persons", "Resources",
        query=(LIMIT, CURSOR),
    ),
    Operation(
        "GET", "/api/v1/resources/{id}", Right.READ, resource, "One resource or person", "Resource"
    ),
    Operation(
        "GET", "/api/v1/find", Right.READ, find, "Which resources are free", "Findings",
        query=(
            FROM, TO, Number("capacity", "So many people.", 1, 100_000),
            Text("feature", "What it has; may be repeated.", many=True),
            Text("location", "Part of where it is."), Text("organizer", "Who would invite it."),
        ),
    ),
    Operation(
        "GET", "/api/v1/decisions", Right.READ, decisions, "Decisions, the newest first",
        "Decisions",
        query=(
            _UID, Text("resource", "Of that resource."),
            Number("limit", "How many at most.", 1, MOST_DECISIONS),
        ),
    ),
    Operation(
        "GET", "/api/v1/approvals", Right.READ, approvals, "What waits for a person", "Approvals",
        query=(LIMIT, CURSOR),
    ),
    Operation(
        "POST", "/api/v1/approvals/{id}", Right.BOOKINGS, word, "Accept or decline a request",
        "Word", repeatable=True,
        body=(
            Flag("accept", "Whether it is accepted.", required=True),
            Text("comment", "Words for its organizer."),
        ),
    ),
    Operation(
        "GET", "/api/v1/quotas", Right.READ, quotas, "The quotas", "Quotas", query=(LIMIT, CURSOR)
    ),
    Operation(
        "GET", "/api/v1/quotas/{name}", Right.READ, quota, "What is used of one quota", "Usage"
    ),
)  # fmt: skip
