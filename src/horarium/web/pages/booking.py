"""The public booking page: service, day, time, details, done; and the link to change it later.

Everything works as plain forms. Nothing here says why a time is not free, or who else comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from horarium.appointments.appointment import Appointment, Client, State
from horarium.appointments.deciding import Offer
from horarium.appointments.errors import SlotTaken, TooLate, WrongState
from horarium.appointments.host import Host, Service
from horarium.appointments.local_day import day_start, local_day
from horarium.ical.address import parse_address
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import parse_instant
from horarium.kernel.period import Period
from horarium.kernel.zone import Zone, zone_names
from horarium.runtime.generating import Site
from horarium.runtime.wishing import Terms
from horarium.web.pages.agenda import read_date
from horarium.web.rates import CONFIRMING, HOLDING, LISTING
from horarium.web.rendering import address, day_text, iso_day, render, when
from horarium.web.visit import Visit

T = TypeVar("T")

# So many days are shown to choose from; further ones are a step away.
DAYS_SHOWN = 14
LONGEST_NAME, LONGEST_NOTE = 200, 2_000


@dataclass(frozen=True, slots=True)
class Day:
    """A day to choose: its date, its words, and how many starts it has."""

    date: str
    text: str
    starts: int
    chosen: bool


async def show_all(visit: Visit) -> web.StreamResponse:
    """The services that are offered."""
    visit.desk.rates.check(LISTING, visit.source, visit.now)
    services = await visit.desk.ask(lambda: visit.desk.reception.services(visit.now))
    return render(visit, "services.html", services=services)


async def show(visit: Visit) -> web.StreamResponse:
    """The days and times of a service."""
    visit.desk.rates.check(LISTING, visit.source, visit.now)
    wanted = visit.query("zone")
    if wanted and wanted.lower() not in {name.lower() for name in zone_names()}:
        words = f"There is no zone {wanted}; times are shown in {visit.zone.name}."
        return await _times_page(visit, visit.part("service"), message=words, status=400)
    return await _times_page(visit, visit.part("service"))


async def _times_page(
    visit: Visit, name: str, *, moving: Appointment | None = None, token: str = "",
    message: str = "", status: int = 200,
) -> web.StreamResponse:  # fmt: skip
    """The page on which a time is chosen, for a new appointment or for one that moves."""

    def work() -> tuple[Service, list[Host], int, list[Offer], int]:
        service, hosts = published(visit, name, moved=moving is not None)
        length = moving.slot.seconds if moving is not None else _duration(visit, service)
        today = local_day(visit.zone, visit.now)
        first = max(read_date(visit.query("from")) if visit.query("from") else today, today)
        span = _days(visit.zone, first)
        host = moving.hosts[0] if moving is not None else visit.query("host") or None
        offers = visit.desk.reception.starts(
            service.id, span, visit.now, duration=length, host=host,
            seats=moving.seats if moving is not None else 1,
        )  # fmt: skip
        return service, hosts, length, offers, first

    service, hosts, length, offers, first = await visit.desk.ask(work)
    by_day: dict[int, list[Offer]] = {}
    for offer in offers:
        by_day.setdefault(local_day(visit.zone, offer.at), []).append(offer)
    wanted = read_date(visit.query("date")) if visit.query("date") else min(by_day, default=first)
    days = [
        Day(iso_day(day), day_text(day), len(by_day.get(day, [])), day == wanted)
        for day in range(first, first + DAYS_SHOWN)
    ]
    own = hosts[0].hours.zone if hosts else visit.zone
    there = f"/a/{token}/move" if moving is not None else f"/book/{service.id}"

    def at(**changed: object) -> str:
        facts = {
            "duration": length if moving is None else "", "host": visit.query("host"),
            "from": iso_day(first), "date": iso_day(wanted), "zone": visit.query("zone"),
        }  # fmt: skip
        return address(there, **{**facts, **changed})

    return render(
        visit, "book.html", status, service=service, hosts=hosts, length=length, days=days,
        offers=by_day.get(wanted, []), chosen=wanted, day_name=day_text(wanted), at=at,
        earlier=iso_day(first - DAYS_SHOWN), later=iso_day(first + DAYS_SHOWN),
        is_first=first <= local_day(visit.zone, visit.now), own=own, moving=moving, token=token,
        action=there if moving is not None else f"/book/{service.id}/hold", message=message,
        zones=zone_names(), chosen_date=iso_day(wanted),
        coming=day_start(visit.zone, wanted + 1) > visit.now,
        other_zone=own.offset_at(visit.now) != visit.zone.offset_at(visit.now),
    )  # fmt: skip


async def hold(visit: Visit) -> web.StreamResponse:
    """Takes a time for some minutes, and asks who comes."""
    visit.desk.rates.check(HOLDING, visit.source, visit.now)
    name, start = visit.part("service"), parse_instant(visit.field("start"))

    def work() -> str:
        service, _ = published(visit, name)
        duration = int(visit.field("duration")) if visit.field("duration").isdigit() else None
        return visit.desk.reception.hold(
            service.id, start, visit.now, duration=duration, host=visit.field("host") or None,
            terms=Terms(source="page"),
        ).token  # fmt: skip

    try:
        token = await visit.desk.ask(work)
    except SlotTaken as error:
        return await _gone(visit, error, name)
    return web.HTTPSeeOther(address(f"/book/hold/{token}", zone=visit.query("zone")))


async def details(visit: Visit) -> web.StreamResponse:
    """The form for who comes, and how long the time is held."""
    return await _details(visit, visit.part("token"))


async def _details(
    visit: Visit, token: str, *, message: str = "", status: int = 200
) -> web.StreamResponse:
    item, service, hosts = await visit.desk.ask(lambda: _known(visit, token))
    if item.state is not State.HELD:
        return web.HTTPSeeOther(address(f"/a/{token}", zone=visit.query("zone")))
    return render(
        visit, "hold.html", status, item=item, service=service, hosts=hosts, token=token,
        over=item.state_at(visit.now) is State.EXPIRED, message=message,
        typed={
            "name": visit.field("name") or item.client.name,
            "mail": visit.field("mail") or item.client.mail, "note": visit.field("note"),
        },
    )  # fmt: skip


async def confirm(visit: Visit) -> web.StreamResponse:
    """Makes the hold an appointment."""
    visit.desk.rates.check(CONFIRMING, visit.source, visit.now)
    token = visit.part("token")
    if visit.field("website"):
        # A field that no person sees was filled in; whoever did so is told nothing.
        return render(visit, "thanks.html")
    try:
        client = client_of(visit)
    except InvalidInput as error:
        return await _details(visit, token, message=str(error), status=400)
    try:
        await visit.desk.ask(lambda: visit.desk.reception.confirm(token, client, visit.now))
    except SlotTaken as error:
        item = await visit.desk.ask(lambda: visit.desk.reception.manage(token))
        return await _gone(visit, error, item.service)
    visit.desk.wake()
    return web.HTTPSeeOther(address(f"/a/{token}", zone=visit.query("zone")))


async def release(visit: Visit) -> web.StreamResponse:
    """Gives the hold up, and goes back to the times."""
    token = visit.part("token")
    item = await visit.desk.ask(lambda: visit.desk.reception.release(token, visit.now))
    return web.HTTPSeeOther(address(f"/book/{item.service}", zone=visit.query("zone")))


async def manage(visit: Visit) -> web.StreamResponse:
    """The appointment of a link: what stands, and what can be done."""
    return await _managed(visit, visit.part("token"))


async def _managed(
    visit: Visit, token: str, *, message: str = "", status: int = 200
) -> web.StreamResponse:
    item, service, hosts = await visit.desk.ask(lambda: _known(visit, token))
    return render(
        visit, "appointment.html", status, item=item, state=item.state_at(visit.now).value,
        service=service, hosts=hosts, token=token, message=message,
        coming=item.slot.start > visit.now,
    )  # fmt: skip


async def cancel(visit: Visit) -> web.StreamResponse:
    """The client calls it off."""
    token, reason = visit.part("token"), visit.field("reason")
    return await _change(
        visit, token, lambda: visit.desk.reception.cancel(token, reason[:500], visit.now)
    )


async def choose_move(visit: Visit) -> web.StreamResponse:
    """The times to which an appointment can move."""
    visit.desk.rates.check(LISTING, visit.source, visit.now)
    token = visit.part("token")
    item = await visit.desk.ask(lambda: visit.desk.reception.manage(token))
    return await _times_page(visit, item.service, moving=item, token=token)


async def move(visit: Visit) -> web.StreamResponse:
    """The client takes another time."""
    visit.desk.rates.check(HOLDING, visit.source, visit.now)
    token, start = visit.part("token"), parse_instant(visit.field("start"))
    try:
        return await _change(
            visit, token, lambda: visit.desk.reception.move(token, start, visit.now)
        )
    except SlotTaken as error:
        item = await visit.desk.ask(lambda: visit.desk.reception.manage(token))
        return await _times_page(
            visit, item.service, moving=item, token=token, message=_gone_words(visit, error),
            status=409,
        )  # fmt: skip


async def show_verify(visit: Visit) -> web.StreamResponse:
    """What a mailed link opens: a button, for mail programs open links by themselves."""
    return render(visit, "verify.html", secret=visit.part("secret"))


async def verify(visit: Visit) -> web.StreamResponse:
    """The address is proven."""
    secret = visit.part("secret")
    item = await visit.desk.ask(lambda: visit.desk.reception.verify(secret, visit.now))
    visit.desk.wake()
    return render(visit, "thanks.html", item=item)


async def _change(visit: Visit, token: str, work: Callable[[], object]) -> web.StreamResponse:
    try:
        await visit.desk.ask(work)
    except (TooLate, WrongState) as error:
        return await _managed(visit, token, message=str(error), status=409)
    visit.desk.wake()
    return web.HTTPSeeOther(address(f"/a/{token}", zone=visit.query("zone")))


async def _gone(visit: Visit, error: SlotTaken, service: str) -> web.StreamResponse:
    return await _times_page(visit, service, message=_gone_words(visit, error), status=409)


def _gone_words(visit: Visit, error: SlotTaken) -> str:
    if not error.alternatives:
        return "This time is gone. Please choose another one."
    nearest = ", ".join(when(at, visit.zone) for at in error.alternatives)
    return f"This time is gone. The nearest that are left: {nearest}."


def published(visit: Visit, name: str, *, moved: bool = False) -> tuple[Service, list[Host]]:
    """A service that everybody may see, and its hosts; NotFound alike for all others."""

    def work(site: Site) -> tuple[Service, list[Host]]:
        service = site.offers.services.get(name)
        if service is None or not service.active or not (service.published or moved):
            raise NotFound("there is no such service")
        return service, _hosts(site, service)

    return visit.desk.reception.generators.survey(visit.now, work)


def _known(visit: Visit, token: str) -> tuple[Appointment, Service | None, list[Host]]:
    item = visit.desk.reception.manage(token)

    def work(site: Site) -> tuple[Appointment, Service | None, list[Host]]:
        hosts = [site.offers.hosts[name] for name in item.hosts if name in site.offers.hosts]
        return item, site.offers.services.get(item.service), hosts

    return visit.desk.reception.generators.survey(visit.now, work)


def _hosts(site: Site, service: Service) -> list[Host]:
    by = site.offers.by(service)
    return [by] if isinstance(by, Host) else site.offers.members(by)


def _days(zone: Zone, first: int) -> Period:
    return Period(day_start(zone, first), day_start(zone, first + DAYS_SHOWN))


def _duration(visit: Visit, service: Service) -> int:
    text = visit.query("duration")
    if text and not (text.isascii() and text.isdigit()):
        raise InvalidInput("duration: expected seconds", part="duration")
    return int(text) if text else service.durations[0]


def client_of(visit: Visit) -> Client:
    """Who comes, as the form says. InvalidInput."""
    name, mail, note = (visit.field(key).strip() for key in ("name", "mail", "note"))
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput("please say your name", part="name")
    found = parse_address(mail)
    zone = visit.query("zone")
    fields = {"note": note[:LONGEST_NOTE]} if note else {}
    return Client(name, found.key, zone if zone in zone_names() else "", "", fields)
