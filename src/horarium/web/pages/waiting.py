"""The waiting list of a service: getting onto it, and off it by the link that was mailed."""

from __future__ import annotations

from aiohttp import web

from horarium.appointments.local_day import day_start
from horarium.appointments.waiting import Entry
from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.period import Period
from horarium.kernel.schedule_parts import read_date
from horarium.web.pages.booking import client_of, published
from horarium.web.rates import CONFIRMING
from horarium.web.rendering import render
from horarium.web.visit import Visit


async def join(visit: Visit) -> web.StreamResponse:
    """Puts a visitor on the list for one day of the visitor's zone. Whether somebody waits already
    is nobody else's to know: the answer is the same."""
    visit.desk.rates.check(CONFIRMING, visit.source, visit.now)
    if visit.field("website"):
        # A field that no person sees was filled in; whoever did so is told nothing.
        return _page(visit, listed=True)
    day = read_date(visit.field("date"), "date")
    span = Period(day_start(visit.zone, day), day_start(visit.zone, day + 1))

    def work() -> None:
        service, hosts = published(visit, visit.part("service"))
        host = visit.field("host")
        if host and host not in {known.id for known in hosts}:
            raise InvalidInput("nobody of this name gives it", part="host")
        length = visit.field("duration")
        duration = int(length) if length.isascii() and length.isdigit() else None
        wanted = Entry(
            "", service.id, client_of(visit), (span,), visit.now, host=host, duration=duration
        )
        try:
            visit.desk.reception.wait(wanted, visit.now)
        except Conflict:
            return

    await visit.desk.ask(work)
    visit.desk.wake()
    return _page(visit, listed=True)


async def show(visit: Visit) -> web.StreamResponse:
    """What a mailed link opens: a button, for mail programs open links by themselves."""
    return _page(visit, token=visit.part("token"))


async def withdraw(visit: Visit) -> web.StreamResponse:
    """The client waits no more."""
    token = visit.part("token")
    entry = await visit.desk.ask(lambda: visit.desk.reception.withdraw(token, visit.now))
    visit.desk.wake()
    return _page(visit, entry=entry)


def _page(
    visit: Visit, *, listed: bool = False, entry: Entry | None = None, token: str = ""
) -> web.StreamResponse:
    return render(visit, "waiting.html", listed=listed, entry=entry, token=token)
