"""The timetable of directives: who works for it, what comes next, what ran, and what did not."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from horarium.directives.entry import UPKEEP_TASK
from horarium.identity.account import Right
from horarium.runtime.ahead import Coming, following
from horarium.runtime.directive_status import Status, status_of
from horarium.runtime.naming import id_of, task_name
from horarium.runtime.past import USUAL, in_words
from horarium.runtime.standing import Timer, read_view
from horarium.web.access import Forbidden
from horarium.web.rendering import render
from horarium.web.visit import Visit

# A page of more entries would not be read; the command lists them all.
MOST_ENTRIES = 200


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry: its name, its text, its task, and when it runs next."""

    id: str
    text: str
    task: str
    next: Coming | None


async def show(visit: Visit) -> web.StreamResponse:
    """The page of the timetable."""
    if not visit.reach.may(Right.READ):
        raise Forbidden
    status, entries = await visit.desk.ask(lambda: _look(visit))
    timers = {timer.id: timer for timer in status.view.timers}
    return render(
        visit, "directives.html", state=status, entries=entries, timers=timers, id_of=id_of,
        task_name=task_name, upkeep_task=UPKEEP_TASK, in_words=in_words, usual=USUAL,
        more=len(timers) - len(entries),
    )  # fmt: skip


def _look(visit: Visit) -> tuple[Status, list[EntryLine]]:
    view = read_view(visit.desk.store, visit.settings, visit.now)
    timers: list[Timer] = sorted(view.timers, key=lambda t: (t.line is None, t.line or 0, t.id))
    lines = [
        EntryLine(id_of(timer), timer.text, task_name(timer.task), following(view, timer))
        for timer in timers[:MOST_ENTRIES]
    ]
    return status_of(visit.desk.store, view), lines
