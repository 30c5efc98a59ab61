"""The agenda: a day, a week or a month of everything that the timetable knows, and what is next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web

from horarium.identity.account import Right
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, Wall, civil, wall
from horarium.kernel.period import Period
from horarium.runtime.agenda import AgendaEntry, agenda
from horarium.web.access import Reach
from horarium.web.calendar import (
    DAY,
    FIRST_HOUR,
    LAST_HOUR,
    Column,
    Item,
    column,
    midnight,
    month_of,
    told_once,
    week_of,
)
from horarium.web.lanes import LANES, Lane, chosen_lanes, kinds_of
from horarium.web.rendering import DAYS, MONTHS, address, day_text, iso_day, render
from horarium.web.visit import Visit

VIEWS = ("day", "week", "month")
# What is due is looked for so far ahead.
AHEAD, MOST_NEXT = 7 * DAY, 8
BESIDE_IN_WEEK, BESIDE_IN_DAY, MOST_IN_CELL = 3, 6, 5


@dataclass(frozen=True, slots=True)
class Shown:
    """What of the agenda is looked at: the view, a day of it, the lanes, one object or all."""

    view: str
    day: int
    today: int
    lanes: tuple[Lane, ...]
    thing: str = ""
    zone: str = ""

    @property
    def days(self) -> range:
        """The days that are seen, counted from 1970-01-01."""
        if self.view == "day":
            return range(self.day, self.day + 1)
        if self.view == "week":
            monday = week_of(self.day)
            return range(monday, monday + 7)
        first, after = month_of(self.day)
        return range(week_of(first), week_of(after - 1) + 7)

    @property
    def date(self) -> str:
        """The day, as forms write it."""
        return iso_day(self.day)

    @property
    def title(self) -> str:
        """What is seen, in words."""
        at = civil(Wall(self.day * DAY))
        if self.view == "day":
            return f"{DAYS[(self.day + 3) % 7]} {at.day} {MONTHS[at.month - 1]} {at.year}"
        if self.view == "month":
            return f"{MONTHS[at.month - 1]} {at.year}"
        first, last = self.days[0], self.days[-1]
        return f"{day_text(first)} – {day_text(last)} {civil(Wall(last * DAY)).year}"

    def moved(self, steps: int) -> int:
        """A day of the view that many steps away."""
        if self.view == "day":
            return self.day + steps
        if self.view == "week":
            return self.day + 7 * steps
        first, after = month_of(self.day)
        return after if steps > 0 else month_of(first - 1)[0]

    def at(self, *, view: str | None = None, day: int | None = None) -> str:
        """The address of the same in another view, or at another day."""
        names = [lane.name for lane in self.lanes] if self.lanes != LANES else []
        there = address(
            "/agenda",
            view=view or self.view,
            date=iso_day(self.day if day is None else day),
            id=self.thing,
            zone=self.zone,
        )
        return there + "".join(f"&lane={name}" for name in names)


async def show(visit: Visit) -> web.StreamResponse:
    """The page of the agenda."""
    shown = read_shown(visit)
    seen = await visit.desk.ask(lambda: look(visit, shown))
    entries = seen.entries
    zone = visit.zone
    columns: list[Column] = []
    weeks: list[list[tuple[Column, list[object]]]] = []
    if shown.view == "month":
        weeks = _weeks(shown, entries, visit)
    elif shown.view == "week":
        columns = [
            column(day_text(day), day, entries, zone, shown.today, BESIDE_IN_WEEK)
            for day in shown.days
        ]
    else:
        columns = [
            column(
                lane.title, shown.day, [e for e in entries if e.kind in lane.kinds], zone,
                shown.today, BESIDE_IN_DAY,
            )
            for lane in shown.lanes
        ]  # fmt: skip
    return render(
        visit,
        "agenda.html",
        shown=shown,
        columns=columns,
        weeks=weeks,
        hours=range(FIRST_HOUR, LAST_HOUR),
        coming=seen.coming,
        names=seen.names,
        all_lanes=LANES,
        views=VIEWS,
        now_row=now_row(visit),
    )


def read_shown(visit: Visit) -> Shown:
    """What the address asks for. InvalidInput for a view or a date that there is not."""
    today = visit.zone.to_wall(visit.now) // DAY
    view = visit.query("view", "week")
    if view not in VIEWS:
        raise InvalidInput(f"view: expected {', '.join(VIEWS)}, not {view[:40]}", part="view")
    written = visit.query("date")
    day = read_date(written) if written else today
    lanes = chosen_lanes(visit.request.query.getall("lane", []))
    return Shown(view, day, today, lanes, visit.query("id"), visit.query("zone"))


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen: the entries, the items that come next, and the names of calendar users."""

    entries: list[AgendaEntry]
    coming: list[Item]
    names: Mapping[str, str]


def look(visit: Visit, shown: Shown) -> Seen:
    """What lies in the time that is seen, and what comes next, as far as the viewer may know."""
    desk, zone, now = visit.desk, visit.zone, visit.now
    within = Period(midnight(shown.days[0], zone), midnight(shown.days[-1] + 1, zone))
    kinds = kinds_of(shown.lanes)
    ahead = Period(now, Instant(now + AHEAD))

    def of(period: Period) -> Iterable[AgendaEntry]:
        found = agenda(desk.store, visit.settings, period, now, kinds)
        return (e for e in found if may_see(visit.reach, e) and shown.thing in ("", e.id))

    coming = told_once([entry for entry in of(ahead) if entry.start >= now])
    return Seen(list(of(within)), coming[:MOST_NEXT], desk.names.of(desk.store, visit.settings))


def may_see(reach: Reach, entry: AgendaEntry) -> bool:
    """Whether the viewer may know of an entry."""
    return reach.may(Right.READ, entry.id)


def read_date(text: str) -> int:
    """A date `2026-11-23` as days since 1970-01-01. InvalidInput."""
    parts = text.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise InvalidInput("date: expected a date such as 2026-11-23", part="date", value=text[:40])
    year, month, day = (int(part[:9]) for part in parts)
    # A month of the first or the last year would show days of no year.
    if not 2 <= year <= 9998:
        raise InvalidInput("date: expected a year from 2 to 9998", part="date", value=text[:40])
    return wall(year, month, day) // DAY


def _weeks(
    shown: Shown, entries: list[AgendaEntry], visit: Visit
) -> list[list[tuple[Column, list[object]]]]:
    """The weeks of a month: each day with its first items, and how many more there are."""
    zone, month = visit.zone, civil(Wall(shown.day * DAY)).month
    days = []
    for day in shown.days:
        start, end = midnight(day, zone), midnight(day + 1, zone)
        inside = [e for e in entries if e.start < end and (e.end or e.start + 1) > start]
        # What runs all day long comes after what happens once.
        items = sorted(told_once(inside), key=lambda item: item.often)
        at = civil(Wall(day * DAY))
        cell = Column(str(at.day), start, end, day == shown.today, more=len(items) - MOST_IN_CELL)
        cell.hours = items[:MOST_IN_CELL]
        days.append((cell, [at.month == month, shown.at(view="day", day=day), day_text(day)]))
    return [days[i : i + 7] for i in range(0, len(days), 7)]


def now_row(visit: Visit) -> int:
    """The row of the present in the grid of hours, 0 where it lies outside."""
    of_day = visit.zone.to_wall(visit.now) % DAY
    row = (of_day - FIRST_HOUR * 3_600) // 900 + 1
    return row if 1 <= row <= (LAST_HOUR - FIRST_HOUR) * 4 else 0
