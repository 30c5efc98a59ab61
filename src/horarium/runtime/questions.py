"""The two questions and the reason, asked of any object: what is open, what is next, and why.

Resources answer here, and a quota for the resources that share it; what stands in the timetable of
directives, what gives appointments and what distributes answer by their own modules. A further kind
of object joins by one more case in `find`.
"""

from __future__ import annotations

from horarium.booking.blocking import blocking
from horarium.booking.decision import capacity_of
from horarium.booking.freebusy import free_time, held_in
from horarium.booking.policy import window_end
from horarium.booking.ports import Reservation
from horarium.booking.request import View
from horarium.booking.trace import Step
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import MAX_INSTANT, Instant
from horarium.kernel.nearest import nearest
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime import appointment_questions as appointments
from horarium.runtime import distribution_questions as distribution
from horarium.runtime.answers import Explanation, OpenTime, Upcoming
from horarium.runtime.appointment_questions import Offered
from horarium.runtime.directive_questions import next_of, open_of, why_of
from horarium.runtime.directory import Registered, read_directory
from horarium.runtime.distribution_questions import Distributed
from horarium.runtime.generating import Site, site_at
from horarium.runtime.naming import Standing, find_declared, find_standing, is_explicit, names
from horarium.runtime.quota_answers import JournalEntry, Pool, find_pool
from horarium.runtime.settings import Settings
from horarium.runtime.standing import View as Timetable
from horarium.runtime.standing import look
from horarium.store.store import Store, Transaction

DAY = 86_400
# Where the search for the next reservations begins, and how far it goes: five years.
FIRST_REACH, LAST_REACH = 30 * DAY, 1_920 * DAY


class Questions:
    """Answers for the objects of one store."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def open(self, name: str, start: Instant, end: Instant, now: Instant) -> OpenTime:
        """The periods of [start, end) that are free to book, of a quota at any of its resources,
        or a directive's windows; NotFound for an unknown object."""

        def work(tx: Transaction) -> OpenTime:
            found = find(tx, self._settings, name, now)
            if isinstance(found, Registered):
                free = _open(tx, found, Period(start, end), now)
                return OpenTime(shown(found), found.kind, free)
            if isinstance(found, Pool):
                return _open_pool(tx, found, Period(start, end), now)
            if isinstance(found, Offered):
                return appointments.open_of(self._site(tx, now), found, Period(start, end))
            if isinstance(found, Distributed):
                return distribution.open_of(found, Period(start, end))
            return open_of(*found, start, end)

        return self._store.read(work)

    def next(self, name: str, count: int, now: Instant) -> tuple[str, str, list[Upcoming]]:
        """Id, kind and the next `count` reservations that have not ended, or runs to come, in
        order of start."""

        def work(tx: Transaction) -> tuple[str, str, list[Upcoming]]:
            found = find(tx, self._settings, name, now)
            if isinstance(found, Registered):
                coming = [_upcoming(item) for item in _next(tx, found, count, now)]
                return shown(found), found.kind, coming
            if isinstance(found, Pool):
                charged = tx.quotas.journal(found.quota.name, after=now)[:count]
                return found.quota.name, "quota", [_charged(entry) for entry in charged]
            if isinstance(found, Offered):
                coming = appointments.next_of(self._site(tx, now), found, count)
                return found.id, appointments.kind_of(found), coming
            if isinstance(found, Distributed):
                return found.name, found.kind, distribution.next_of(found, count)
            view, standing = found
            return standing.id, standing.kind, next_of(view, standing, count)

        return self._store.read(work)

    def why_at(
        self, name: str, at: Instant | None, now: Instant, end: Instant | None = None
    ) -> Explanation:
        """Why an object is open, or not, at an instant; why a directive ran then, or did not.
        Without an instant the present is meant, of a directive its newest moment. With `end` a
        booking of [at, end) is meant; InvalidInput where the object is not booked."""

        def work(tx: Transaction) -> Explanation:
            found = find(tx, self._settings, name, now)
            if isinstance(found, Registered):
                return _why_at(tx, found, now if at is None else at, end, now)
            if end is not None:
                raise InvalidInput(f"{name} is not booked, so it has no end", part="end")
            if isinstance(found, Pool):
                return _why_pool(tx, found, now if at is None else at, now)
            if isinstance(found, Offered):
                moment = now if at is None else at
                return appointments.why_of(self._site(tx, now), found, moment)
            if isinstance(found, Distributed):
                return distribution.why_of(found, now if at is None else at)
            return why_of(tx, *found, at)

        return self._store.read(work)

    def _site(self, tx: Transaction, now: Instant) -> Site:
        return site_at(tx, self._settings, now)

    def why_event(self, name: str, uid: str) -> Explanation:
        """Why an event was booked or refused at an object: its last decision there."""

        def work(tx: Transaction) -> Explanation:
            user = find_object(tx, self._settings, name)
            records = [r for r in tx.decisions.of_event(uid) if r.resource == user.uri]
            if not records:
                raise NotFound(f"{shown(user)} has no decision on {uid}")
            last = records[-1]
            return Explanation(shown(user), last.outcome, last.steps, last)

        return self._store.read(work)


def find(
    tx: Transaction, settings: Settings, name: str, now: Instant
) -> Registered | Pool | Offered | Distributed | tuple[Timetable, Standing]:
    """The object of that name: a calendar user, else what stands in the timetable of directives,
    or is declared and was never brought into force, which is answered for as if that happened now,
    else an appointer, an assistant or a service, else a quota, else an object of distribution.
    NotFound when there is none."""
    directory = read_directory(tx, settings)
    if not is_explicit(name):
        user = directory.find(name)
        if user is not None:
            return user
    view = look(tx, settings, now)
    found = find_standing(view, name) or find_declared(view, name)
    if found is not None:
        return view, found
    site = site_at(tx, settings, now)
    offered = appointments.find_offered(site, name)
    if offered is not None:
        return offered
    pool = find_pool(tx, directory, name)
    if pool is not None:
        return pool
    distributed = distribution.find_distributed(tx, settings, name, now)
    if distributed is None:
        known = [*names(view), *site.offers.hosts, *site.offers.teams]
        known += distribution.names_of(tx, settings)
        raise NotFound(f"there is no object {name}{nearest(name, known)}")
    return distributed


def find_object(tx: Transaction, settings: Settings, name: str) -> Registered:
    """The calendar user of that name; NotFound when there is none."""
    found = read_directory(tx, settings).find(name)
    if found is None:
        raise NotFound(f"there is no object {name}")
    return found


def shown(user: Registered) -> str:
    """The name of a calendar user as it is declared: its address."""
    return user.uri.removeprefix("mailto:")


def view_of(tx: Transaction, user: Registered, now: Instant) -> View:
    """What may be looked at of a resource."""
    return View(user.resource, tx.reservations(user.id, user.uri, now))


def _open(tx: Transaction, user: Registered, within: Period, now: Instant) -> PeriodSet:
    """What policy and free/busy leave free; without a free/busy function nothing is ever full."""
    view = view_of(tx, user, now)
    resource, preferences = user.resource, user.resource.preferences
    capacity = capacity_of(view)
    held = held_in(view.reservations, [_reach(within)], resource) if capacity else []
    free = free_time(within, held, resource, capacity or 1)
    first, last = within.start, within.end
    if preferences.past == "decline":
        first = max(first, now)
    if preferences.min_notice is not None:
        first = max(first, Instant(now + preferences.min_notice))
    if preferences.booking_window is not None:
        last = min(last, window_end(now, preferences.booking_window, resource))
    free = free.clip(first, last) if first < last else PeriodSet()
    least = preferences.min_duration or 1
    return PeriodSet([period for period in free if period.end - period.start >= least])


def _reach(within: Period) -> Period:
    # Buffers of a booking just outside reach in; a day is longer than any sensible one.
    return Period(Instant(max(within.start - DAY, 0)), Instant(min(within.end + DAY, MAX_INSTANT)))


def _next(tx: Transaction, user: Registered, count: int, now: Instant) -> list[Reservation]:
    reservations = tx.reservations(user.id, user.uri, now)
    reach = FIRST_REACH
    while True:
        within = Period(now, Instant(now + reach))
        found = held_in(reservations, [within], user.resource)
        coming = sorted(
            (item for item in found if item.event.end > now), key=lambda i: i.event.start
        )
        if len(coming) >= count or reach >= LAST_REACH:
            return coming[:count]
        reach = min(reach * 4, LAST_REACH)


def _upcoming(item: Reservation) -> Upcoming:
    who = item.organizer_name or item.organizer
    what = f"{item.summary}, {who}" if item.summary and who else item.summary or who
    return Upcoming(item.event.start, item.event.end, what or item.uid)


def _open_pool(tx: Transaction, pool: Pool, within: Period, now: Instant) -> OpenTime:
    """When at least one of the resources is open."""
    found = PeriodSet()
    for user in pool.members:
        found = found.union(_open(tx, user, within, now))
    return OpenTime(pool.quota.name, "quota", found)


def _charged(entry: JournalEntry) -> Upcoming:
    charge, resource = entry.charge, entry.resource.removeprefix("mailto:")
    what = f"{resource}, {charge.organizer}"
    if charge.identity != charge.organizer:
        what += f" ({charge.identity})"
    return Upcoming(charge.event.start, charge.event.end, what)


def _why_pool(tx: Transaction, pool: Pool, at: Instant, now: Instant) -> Explanation:
    """A step for each resource: what shuts it, if anything does."""
    steps = []
    for user in pool.members:
        found = _why_at(tx, user, at, None, now)
        shut = next((step for step in found.steps if step.verdict == "closed"), None)
        evidence = shut.evidence if shut is not None else {}
        reason = shut.reason if shut is not None else ""
        steps.append(Step(shown(user), found.verdict, reason, evidence))
    verdict = "open" if any(step.verdict == "open" for step in steps) else "closed"
    return Explanation(pool.quota.name, verdict, tuple(steps))


def _why_at(
    tx: Transaction, user: Registered, at: Instant, end: Instant | None, now: Instant
) -> Explanation:
    time = Period(at, Instant(at + 1) if end is None else end)
    steps = blocking(view_of(tx, user, now), time, now, instant=end is None)
    shut = any(step.verdict == "closed" for step in steps)
    return Explanation(shown(user), "closed" if shut else "open", steps)


__all__ = ["Explanation", "OpenTime", "Questions", "Upcoming", "find_object", "shown", "view_of"]
