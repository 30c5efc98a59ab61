"""The waiting list over HTTP: onto it and off it for whoever comes, all of it for staff."""

from __future__ import annotations

from horarium.appointments.appointment import Client
from horarium.appointments.waiting import Entry
from horarium.ical.address import parse_address
from horarium.identity.account import Right
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.documents import Document, period_document
from horarium.runtime.waiting import Listed
from horarium.web.access import Access
from horarium.web.api.operation import Asked, Operation, Told, one_page
from horarium.web.api.parameters import Moment, Number, Text
from horarium.web.api.questions import CURSOR, LIMIT
from horarium.web.rates import CONFIRMING


async def waiting(asked: Asked) -> Told:
    """Who waits, in the order in which they are asked."""
    found = await asked.visit.desk.ask(asked.visit.desk.reception.waiting)
    items, after = one_page(
        list(found), lambda entry: [-entry.priority, entry.created, entry.id],
        asked.query["limit"], asked.query["cursor"],
    )  # fmt: skip
    return Told({"waiting": [entry_document(entry) for entry in items], "next_cursor": after})


async def wait(asked: Asked) -> Told:
    """Puts somebody on the list; the token in the answer is told once."""
    visit, body = asked.visit, asked.body
    visit.desk.rates.check(CONFIRMING, visit.source, visit.now)
    name, start, end = body["service"], body["start"], body["end"]
    assert isinstance(start, int)
    assert isinstance(end, int)
    seats = body["seats"]

    def work() -> Listed:
        desk = visit.desk.reception
        shown = desk.services(visit.now, published=not visit.reach.may(Right.DESK))
        if name not in {service.id for service in shown}:
            raise NotFound("there is no such service")
        wanted = Entry(
            "", str(name), Client(str(body["name"] or ""), parse_address(str(body["mail"])).key),
            (Period(Instant(start), Instant(end)),), visit.now, host=str(body["host"] or ""),
            seats=seats if isinstance(seats, int) else 1,
        )  # fmt: skip
        return desk.wait(wanted, visit.now)

    listed = await visit.desk.ask(work)
    visit.desk.wake()
    document = entry_document(listed.entry)
    return Told({**document, "token": listed.token}, 201, kept={**document, "token": None})


async def withdraw(asked: Asked) -> Told:
    """Takes whoever the token belongs to from the list."""
    visit, token = asked.visit, asked.visit.part("token")
    entry = await visit.desk.ask(lambda: visit.desk.reception.withdraw(token, visit.now))
    visit.desk.wake()
    return Told(entry_document(entry))


def entry_document(entry: Entry) -> Document:
    """Somebody who waits."""
    return {
        "id": entry.id, "service": entry.service, "appointer": entry.host or None,
        "name": entry.client.name or None, "mail": entry.client.mail,
        "spans": [period_document(span) for span in entry.spans], "seats": entry.seats,
        "priority": entry.priority, "created": format_instant(entry.created),
        "ended": entry.end.value if entry.end is not None else None,
    }  # fmt: skip


OPERATIONS = (
    Operation(
        "GET", "/api/v1/waitlist", Right.DESK, waiting, "Who waits", "WaitingList",
        query=(LIMIT, CURSOR),
    ),
    Operation(
        "POST", "/api/v1/waitlist", Access.ANYBODY, wait, "Wait for time to be freed", "Waiting",
        created=201, repeatable=True,
        body=(
            Text("service", "Which service.", required=True),
            Text("name", "Who comes.", required=True, least=1, longest=200),
            Text("mail", "A mail address.", required=True),
            Moment("start", "From when.", required=True),
            Moment("end", "Until when, at most 92 days later.", required=True),
            Text("host", "With one appointer only."), Number("seats", "For how many.", 1, 10_000),
        ),
    ),
    Operation(
        "DELETE", "/api/v1/waitlist/{token}", Access.ANYBODY, withdraw, "Wait no longer",
        "WaitingEntry",
    ),
)  # fmt: skip
