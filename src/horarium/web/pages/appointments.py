"""The desk for staff: what waits for a word, what comes, and who gives appointments."""

from __future__ import annotations

from aiohttp import web

from horarium.appointments.appointment import Appointment, Awaits, State
from horarium.identity.account import Right
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.appointment_questions import next_of, open_of
from horarium.runtime.generating import Site
from horarium.web.calendar import DAY
from horarium.web.rendering import address, render
from horarium.web.visit import Visit

AHEAD = 14 * DAY
_ACTS = ("approve", "refuse", "cancel", "arrive", "done", "no-show")
_STATES = {"arrive": State.ARRIVED, "done": State.DONE, "no-show": State.NO_SHOW}


async def show(visit: Visit) -> web.StreamResponse:
    """What waits, and what comes in the next two weeks."""
    begin = Instant(visit.now - DAY)
    span = Period(begin, Instant(visit.now + AHEAD))
    items = await visit.desk.ask(lambda: visit.desk.reception.list(span))
    seen = [item for item in items if item.live(visit.now) and _may(visit, item, Right.READ)]
    waiting = [item for item in seen if item.awaits is Awaits.APPROVAL]
    return render(
        visit, "appointments.html", waiting=waiting,
        coming=[item for item in seen if item not in waiting],
        may={item.id: _may(visit, item, Right.DESK) for item in seen},
        states={item.id: item.state_at(visit.now).value for item in seen},
        done=visit.query("done"),
    )  # fmt: skip


async def act(visit: Visit) -> web.StreamResponse:
    """Says what becomes of one."""
    what, id_ = visit.part("act"), visit.part("id")
    if what not in _ACTS:
        raise NotFound(f"there is no act {what}")
    reason = visit.field("reason")

    def work() -> None:
        desk = visit.desk.reception
        if not _may(visit, desk.find(id_), Right.DESK):
            raise NotFound(f"there is no appointment {id_}")
        if what == "approve":
            desk.approve(id_, visit.now)
        elif what == "refuse":
            desk.refuse(id_, reason, visit.now)
        elif what == "cancel":
            desk.cancel_by_staff(id_, reason, visit.now)
        else:
            desk.attended(id_, _STATES[what], visit.now)

    await visit.desk.ask(work)
    visit.desk.wake()
    return web.HTTPSeeOther(address("/appointments", done=what))


async def hosts(visit: Visit) -> web.StreamResponse:
    """Who gives appointments: open time of the next days, and what comes next."""

    def work(site: Site) -> list[dict[str, object]]:
        span = Period(visit.now, Instant(visit.now + 7 * DAY))
        return [
            {
                "host": host,
                "open": list(open_of(site, host, span).periods)[:8],
                "next": next_of(site, host, 5),
                "teams": [team for team in site.offers.teams.values() if host.id in team.hosts],
            }
            for host in site.offers.hosts.values()
            if visit.reach.may(Right.READ, host.id)
        ]

    found = await visit.desk.ask(lambda: visit.desk.reception.generators.survey(visit.now, work))
    return render(visit, "appointers.html", found=found)


def _may(visit: Visit, item: Appointment, right: Right) -> bool:
    return any(visit.reach.may(right, host) for host in item.hosts)
