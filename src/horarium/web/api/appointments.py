"""Services, starts, holds and appointments over HTTP; appointers and assistants for staff."""

from __future__ import annotations

from collections.abc import Callable

from horarium.appointments.allocation import Request
from horarium.appointments.appointment import Appointment, Client, State
from horarium.appointments.errors import SlotUnavailable
from horarium.appointments.host import Service
from horarium.ical.address import parse_address
from horarium.identity.account import Right
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.desk import Desk
from horarium.runtime.documents import (
    Document,
    appointment_document,
    given_document,
    offer_document,
)
from horarium.runtime.generating import Given
from horarium.runtime.placing import Placed
from horarium.runtime.wishing import Terms
from horarium.web.access import Access
from horarium.web.api.operation import Asked, Operation, Told, one_page
from horarium.web.api.parameters import Moment, Number, Text
from horarium.web.api.questions import CURSOR, FROM, LIMIT, TO, read_span
from horarium.web.rates import CONFIRMING, HOLDING, LISTING

ACTS = ("approve", "refuse", "cancel", "arrive", "done", "no-show")
_STATES = {"arrive": State.ARRIVED, "done": State.DONE, "no-show": State.NO_SHOW}
_LONGEST = 366 * 86_400


def _desk(asked: Asked) -> Desk:
    return asked.visit.desk.reception


def _is_staff(asked: Asked) -> bool:
    return asked.visit.reach.may(Right.DESK)


async def services(asked: Asked) -> Told:
    """The services that are offered; staff see those that are not published too."""
    visit = asked.visit
    visit.desk.rates.check(LISTING, visit.source, visit.now)
    published = not _is_staff(asked)
    found = await visit.desk.ask(lambda: _desk(asked).services(visit.now, published=published))
    found = sorted(found, key=lambda service: service.id)
    items, after = one_page(found, lambda s: [s.id], asked.query["limit"], asked.query["cursor"])
    return Told({"services": [_service_document(s) for s in items], "next_cursor": after})


def _service_document(service: Service) -> Document:
    return {
        "id": service.id, "name": service.name or None, "info": service.info or None,
        "location": service.location or None, "durations": list(service.durations),
        "seats": service.seats,
    }  # fmt: skip


def _offered(asked: Asked, name: str) -> str:
    """A service that the caller may book; NotFound alike for all others."""
    published = not _is_staff(asked)
    known = _desk(asked).services(asked.visit.now, published=published)
    if name not in {service.id for service in known}:
        raise NotFound("there is no such service")
    return name


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


async def starts(asked: Asked) -> Told:
    """The starts of a service that can be had."""
    visit, query, span = asked.visit, asked.query, read_span(asked)
    visit.desk.rates.check(LISTING, visit.source, visit.now)

    def work() -> list[Document]:
        name = _offered(asked, visit.part("id"))
        offers = _desk(asked).starts(
            name, span, visit.now, duration=_number(query["duration"]),
            host=_text(query["host"]) or None, seats=_number(query["seats"]) or 1,
        )  # fmt: skip
        return [_for(asked, offer_document(offer)) for offer in offers]

    return Told({"service": visit.part("id"), "starts": await visit.desk.ask(work)})


def _for(asked: Asked, document: Document) -> Document:
    """Who could give it is for staff to know."""
    return document if _is_staff(asked) else {**document, "appointers": []}


async def hold(asked: Asked) -> Told:
    """Holds a start; the token in the answer is told once."""
    visit, body = asked.visit, asked.body
    visit.desk.rates.check(HOLDING, visit.source, visit.now)

    def work() -> Placed:
        start = body["start"]
        assert isinstance(start, int)
        return _desk(asked).hold(
            _offered(asked, _text(body["service"])), Instant(start), visit.now,
            duration=_number(body["duration"]), host=_text(body["host"]) or None,
            seats=_number(body["seats"]) or 1, terms=Terms(source="api"),
        )  # fmt: skip

    placed = await visit.desk.ask(work)
    document = _own(placed.item, visit.now)
    return Told({**document, "token": placed.token}, 201, kept={**document, "token": None})


async def held(asked: Asked) -> Told:
    """The hold or appointment of a token."""
    token = asked.visit.part("token")
    item = await asked.visit.desk.ask(lambda: _desk(asked).manage(token))
    return Told(_own(item, asked.visit.now))


async def own(asked: Asked) -> Told:
    """The appointment of a token, for whoever comes."""
    return await held(asked)


async def release(asked: Asked) -> Told:
    """Gives a hold up."""
    return await _act(asked, lambda desk, token, now: desk.release(token, now))


async def confirm(asked: Asked) -> Told:
    """Makes a hold an appointment, or has it wait for a word."""
    visit, body = asked.visit, asked.body
    visit.desk.rates.check(CONFIRMING, visit.source, visit.now)
    note = _text(body["note"])
    client = Client(
        _text(body["name"]), parse_address(_text(body["mail"])).key, "", "",
        {"note": note} if note else {},
    )  # fmt: skip
    return await _act(asked, lambda desk, token, now: desk.confirm(token, client, now))


async def cancel(asked: Asked) -> Told:
    """The client calls it off."""
    reason = _text(asked.body["reason"])
    return await _act(asked, lambda desk, token, now: desk.cancel(token, reason, now))


async def move(asked: Asked) -> Told:
    """The client takes another start."""
    start = asked.body["start"]
    assert isinstance(start, int)
    visit = asked.visit
    visit.desk.rates.check(HOLDING, visit.source, visit.now)
    return await _act(asked, lambda desk, token, now: desk.move(token, Instant(start), now))


async def _act(asked: Asked, work: Callable[[Desk, str, Instant], Appointment]) -> Told:
    visit, token = asked.visit, asked.visit.part("token")
    item = await visit.desk.ask(lambda: work(_desk(asked), token, visit.now))
    visit.desk.wake()
    return Told(_own(item, visit.now))


def _own(item: Appointment, now: Instant) -> Document:
    """What the holder of a token sees of it."""
    document = appointment_document(item, now)
    return {**document, "appointers": [], "assistant": None}


async def appointments(asked: Asked) -> Told:
    """The appointments that begin within a time."""
    visit, span = asked.visit, read_span(asked)
    found = await visit.desk.ask(lambda: _desk(asked).list(span))
    seen = [item for item in found if _reaches(asked, item, Right.READ)]
    items, after = one_page(
        seen, lambda i: [i.slot.start, i.id], asked.query["limit"], asked.query["cursor"]
    )
    return Told(
        {
            "appointments": [appointment_document(item, visit.now) for item in items],
            "next_cursor": after,
        }
    )


async def said(asked: Asked) -> Told:
    """What staff say becomes of an appointment."""
    visit, id_ = asked.visit, asked.visit.part("id")
    act, reason = _text(asked.body["act"]), _text(asked.body["reason"])

    def work() -> Appointment:
        desk = _desk(asked)
        if not _reaches(asked, desk.find(id_), Right.DESK):
            raise NotFound(f"there is no appointment {id_}")
        if act == "approve":
            return desk.approve(id_, visit.now)
        if act == "refuse":
            return desk.refuse(id_, reason, visit.now)
        if act == "cancel":
            return desk.cancel_by_staff(id_, reason, visit.now)
        return desk.attended(id_, _STATES[act], visit.now)

    item = await visit.desk.ask(work)
    visit.desk.wake()
    return Told(appointment_document(item, visit.now))


def _reaches(asked: Asked, item: Appointment, right: Right) -> bool:
    return any(asked.visit.reach.may(right, host) for host in item.hosts)


async def explain(asked: Asked) -> Told:
    """Every rule of every appointer for a start, and which refuses."""
    visit, start = asked.visit, asked.query["start"]
    assert isinstance(start, int)
    service = _text(asked.query["service"])
    rules = await visit.desk.ask(lambda: _desk(asked).explain(service, Instant(start), visit.now))
    return Told(
        {
            "service": service,
            "rules": [
                {"appointer": name, "rule": code.value, "refuses": refuses}
                for name, code, refuses in rules
            ],
        }
    )


async def get_slot(asked: Asked) -> Told:
    """Allocates the next slot of an appointer."""
    visit = asked.visit
    name = _within_reach(asked)
    given = await visit.desk.ask(
        lambda: _found(lambda: visit.desk.reception.generators.get(name, _wish(asked), visit.now))
    )
    return Told({"appointer": given.host, **given_document(given)}, 201)


async def get_slot_of_team(asked: Asked) -> Told:
    """Allocates the next slot of an assistant."""
    visit, name = asked.visit, asked.visit.part("id")
    generators = visit.desk.reception.generators
    given = await visit.desk.ask(
        lambda: _found(lambda: generators.get_of_team(name, _wish(asked), visit.now))
    )
    return Told({"assistant": name, "appointer": given.host, **given_document(given)}, 201)


async def push_back(asked: Asked) -> Told:
    """Returns a slot to the appointer of an assistant that gave it."""
    visit, name, start = asked.visit, asked.visit.part("id"), asked.body["start"]
    length = _number(asked.body["duration"])
    assert isinstance(start, int)
    assert length is not None
    slot = Period(Instant(start), Instant(start + length))
    generators = visit.desk.reception.generators
    host = await visit.desk.ask(lambda: generators.push_back(name, slot, visit.now))
    visit.desk.wake()
    return Told({"assistant": name, "appointer": host})


def _found(work: Callable[[], Given]) -> Given:
    try:
        return work()
    except SlotUnavailable as error:
        # The days are for people who look after the rules; the interface says that there is none.
        raise NotFound(str(error)[:400]) from error


def _wish(asked: Asked) -> Request:
    time = asked.body["time"]
    length = _number(asked.body["duration"])
    assert length is not None
    return Request(length, Instant(time) if isinstance(time, int) else None)


def _within_reach(asked: Asked) -> str:
    name = asked.visit.part("id")
    if not asked.visit.reach.may(Right.DESK, name):
        raise NotFound(f"there is no appointer {name}")
    return name


_START = Moment("start", "When it begins.", required=True)
_DURATION = Number("duration", "Seconds; one that the service has.", 60, _LONGEST)
_LENGTH = Number("duration", "Seconds.", 1, _LONGEST, required=True)
_HOST = Text("host", "Only with this appointer.")
_SEATS = Number("seats", "For so many.", 1, 10_000)
_NOT_BEFORE = Moment("time", "Not before.")
OPERATIONS = (
    Operation(
        "GET", "/api/v1/services", Access.ANYBODY, services, "What is offered", "Services",
        query=(LIMIT, CURSOR),
    ),
    Operation(
        "GET", "/api/v1/services/{id}/starts", Access.ANYBODY, starts,
        "The starts that can be had", "Starts", query=(FROM, TO, _DURATION, _HOST, _SEATS),
    ),
    Operation(
        "POST", "/api/v1/holds", Access.ANYBODY, hold, "Hold a start", "Hold", created=201,
        repeatable=True,
        body=(Text("service", "Which service.", required=True), _START, _DURATION, _HOST, _SEATS),
    ),
    Operation("GET", "/api/v1/holds/{token}", Access.ANYBODY, held, "A hold", "Appointment"),
    Operation(
        "DELETE", "/api/v1/holds/{token}", Access.ANYBODY, release, "Give a hold up", "Appointment"
    ),
    Operation(
        "POST", "/api/v1/holds/{token}/confirm", Access.ANYBODY, confirm,
        "Make a hold an appointment", "Appointment", repeatable=True,
        body=(
            Text("name", "Who comes.", required=True, least=1, longest=200),
            Text("mail", "A mail address.", required=True), Text("note", "What to know."),
        ),
    ),
    Operation(
        "GET", "/api/v1/manage/{token}", Access.ANYBODY, own, "One's own appointment",
        "Appointment",
    ),
    Operation(
        "POST", "/api/v1/manage/{token}/cancel", Access.ANYBODY, cancel, "Call it off",
        "Appointment", repeatable=True, body=(Text("reason", "Why, for the host."),),
    ),
    Operation(
        "POST", "/api/v1/manage/{token}/move", Access.ANYBODY, move, "Take another start",
        "Appointment", repeatable=True, body=(_START,),
    ),
    Operation(
        "GET", "/api/v1/appointments", Right.READ, appointments, "Appointments", "Appointments",
        query=(FROM, TO, LIMIT, CURSOR),
    ),
    Operation(
        "POST", "/api/v1/appointments/{id}", Right.DESK, said, "Say what becomes of one",
        "Appointment", repeatable=True,
        body=(
            Text("act", "What.", among=ACTS, required=True), Text("reason", "Why, for the client.")
        ),
    ),
    Operation(
        "GET", "/api/v1/explain", Right.DESK, explain, "Why a start can be had, or not", "Rules",
        query=(Text("service", "Which service.", required=True), _START),
    ),
    Operation(
        "POST", "/api/v1/appointers/{id}/slots", Right.DESK, get_slot,
        "Allocate the next slot of an appointer", "Given", created=201, repeatable=True,
        body=(_LENGTH, _NOT_BEFORE),
    ),
    Operation(
        "POST", "/api/v1/assistants/{id}/slots", Right.DESK, get_slot_of_team,
        "Allocate the next slot of an assistant", "Given", created=201, repeatable=True,
        body=(_LENGTH, _NOT_BEFORE),
    ),
    Operation(
        "POST", "/api/v1/assistants/{id}/pushback", Right.DESK, push_back, "Give a slot back",
        "PushedBack", repeatable=True, body=(_START, _LENGTH),
    ),
)  # fmt: skip
