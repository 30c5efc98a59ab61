"""The resources of a site, and one of them: its calendar, its policy, its decisions, its quotas."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from horarium.booking.diagram import data_of, question_of, resource_diagram
from horarium.booking.preferences import Layer
from horarium.identity.account import Right
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.agenda import AgendaEntry, agenda
from horarium.runtime.answers import Upcoming
from horarium.runtime.bookings import DecisionRecord, last_decisions
from horarium.runtime.directory import Registered, read_directory
from horarium.runtime.questions import Questions, find_object, shown
from horarium.runtime.quota_answers import Usage, summaries, usage_of
from horarium.web.calendar import DAY, column, midnight
from horarium.web.diagrams import drawn
from horarium.web.pages.agenda import BESIDE_IN_WEEK, now_row, read_date
from horarium.web.pages.why import require_known
from horarium.web.rendering import day_text, render
from horarium.web.visit import Visit

MOST_DECISIONS, MOST_NEXT, DAYS_SHOWN = 15, 6, 7


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page of one calendar user tells."""

    user: Registered
    entries: list[AgendaEntry]
    decisions: list[DecisionRecord]
    coming: list[Upcoming]
    open: list[Period]
    usages: list[Usage]


async def show_all(visit: Visit) -> web.StreamResponse:
    """The list of resources and persons that the viewer may see."""
    directory = await visit.desk.ask(
        lambda: visit.desk.store.read(lambda tx: read_directory(tx, visit.settings))
    )
    users = [user for user in directory.users if visit.reach.may(Right.READ, shown(user))]
    return render(visit, "resources.html", users=users, shown=shown)


async def show(visit: Visit) -> web.StreamResponse:
    """The page of one resource or person."""
    name = visit.part("id")
    require_known(visit, name)
    zone = visit.zone
    today = zone.to_wall(visit.now) // DAY
    written = visit.query("date")
    first = read_date(written) if written else today
    days = range(first, first + DAYS_SHOWN)
    within = Period(midnight(days[0], zone), midnight(days[-1] + 1, zone))
    seen = await visit.desk.ask(lambda: look(visit, name, within))
    columns = [
        column(day_text(day), day, seen.entries, zone, today, BESIDE_IN_WEEK) for day in days
    ]
    resource = seen.user.resource
    preferences = resource.preferences
    written_here = {
        key: preferences.written[key]
        for key, layer in preferences.layers.items()
        if layer is not Layer.DEFAULT and preferences.written[key] is not None
    }
    functions = [
        (str(call), question_of(call, resource).question, data_of(call, resource))
        for call in preferences.scheduling_function
    ]
    return render(
        visit, "resource.html", seen=seen, id=shown(seen.user), columns=columns,
        names={}, now_row=now_row(visit), days=days, first=first, functions=functions,
        preferences=written_here, within=within,
    )  # fmt: skip


async def picture(visit: Visit) -> web.StreamResponse:
    """How a resource decides, as a diagram."""
    name = visit.part("id")
    require_known(visit, name)

    def work() -> web.Response:
        user = visit.desk.store.read(lambda tx: find_object(tx, visit.settings, name))
        if user.is_person:
            raise NotFound(f"{shown(user)} is a person: nothing is decided for it")
        return drawn(resource_diagram(user.resource, f"{user.resource.name}, {shown(user)}"))

    return await visit.desk.ask(work)


def look(visit: Visit, name: str, within: Period) -> Seen:
    """What the runtime knows of it."""
    store, settings, now = visit.desk.store, visit.settings, visit.now
    user = store.read(lambda tx: find_object(tx, settings, name))
    id_ = shown(user)
    questions = Questions(store, settings)
    entries = agenda(store, settings, within, now, frozenset({"booking"}))
    _, _, coming = questions.next(id_, MOST_NEXT, now)
    ahead = Instant(now + 7 * DAY)
    usages = []
    if visit.reach.may(Right.READ):
        named = [s.name for s in summaries(store, settings) if id_ in s.resources]
        usages = [usage_of(store, settings, quota, None) for quota in named]
    return Seen(
        user,
        [entry for entry in entries if entry.id == id_],
        last_decisions(store, settings, id_, MOST_DECISIONS),
        coming,
        list(questions.open(id_, now, ahead, now).periods),
        usages,
    )
