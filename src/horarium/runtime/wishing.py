"""A wish for a service with all that a decision about it looks at, read from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from horarium.appointments.appointment import COUNTED, LIVE, UNCERTAIN, Appointment, Client
from horarium.appointments.availability import Availability, Engagement, bounded
from horarium.appointments.choosing import Booked, Standing
from horarium.appointments.codes import Code
from horarium.appointments.deciding import Wish
from horarium.appointments.errors import SlotTaken
from horarium.appointments.host import Host, Mode, Service, Team
from horarium.appointments.limits import REACH, Scope, Span, period_number
from horarium.appointments.local_day import day_start, local_day
from horarium.kernel.errors import InvalidInput, LimitReached, NotFound
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.generating import Site, stage_of
from horarium.store.appointments import Engaged

# What a fair share looks back at, at most.
_MEMORY = 366 * DAY


@dataclass(frozen=True, slots=True)
class Terms:
    """Who asks, and what may be set aside: `staff` is the account that does so. Without it the
    notice, the horizon, the grid and all limits hold."""

    staff: str = ""
    aside: frozenset[str] = frozenset()
    source: str = "page"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a service: how long, with whom, for how many. With `hosts` only these are
    looked at, and `without` is an appointment that does not stand in its own way."""

    service: Service
    duration: int | None = None
    host: str | None = None
    seats: int = 1
    terms: Terms = Terms()
    hosts: tuple[str, ...] | None = None
    without: Appointment | None = None

    @property
    def length(self) -> int:
        """The seconds of one appointment; InvalidInput for one the service does not have."""
        found = self.service.durations[0] if self.duration is None else self.duration
        if found not in self.service.durations:
            raise InvalidInput("the service does not have this duration", part="duration")
        return found


def wish_for(site: Site, asked: Asked, within: Period) -> Wish:
    """All that a decision about starts `within` a span looks at. NotFound for a host who does not
    give the service, LimitReached for more seats than it has."""
    service, length = asked.service, asked.length
    if not service.active:
        raise NotFound(f"there is no service {service.id}")
    if not 1 <= asked.seats <= service.seats:
        raise LimitReached("seats", asked.seats, service.seats)
    by = site.offers.by(service)
    team = by if isinstance(by, Team) and asked.hosts is None else None
    known = site.offers.members(by) if isinstance(by, Team) else [by]
    if asked.hosts is not None:
        known = [host for host in known if host.id in asked.hosts]
    if asked.host is not None and asked.host not in {host.id for host in known}:
        raise NotFound(f"{asked.host} does not give this service")
    wide = _reach(service, known, within, length)
    own = asked.without.id if asked.without is not None else ""
    engaged = {
        host.id: [e for e in site.tx.appointments.engaged(host.id, wide) if e.id != own]
        for host in known
    }
    times = {host.id: _time_of(site, asked, host, engaged, within) for host in known}
    standing = Standing()
    if team is not None and known:
        standing = _standing(site, team, known[0])
        if team.mode is Mode.MOST_FREE:
            standing = replace(standing, left=_left(times, within))
    return Wish(times, team, standing, asked.host)


def _time_of(
    site: Site, asked: Asked, host: Host, engaged: Mapping[str, Sequence[Engaged]], within: Period
) -> Availability:
    service, length = asked.service, asked.length
    before, after = max(service.before, host.before), max(service.after, host.after)
    linked = bounded(within.start - before, within.end + length + after)
    return Availability(
        host=host, service=service, duration=length, now=site.now,
        engagements=_engagements(engaged[host.id], site.now, service),
        busy=site.calendars.busy(host, linked, asked.without.uid if asked.without else ""),
        seats=asked.seats, aside=asked.terms.aside, notice=0 if asked.terms.staff else None,
        elsewhere=_elsewhere(engaged, host, service, site.now),
    )  # fmt: skip


def _reach(service: Service, hosts: Sequence[Host], within: Period, length: int) -> Period:
    limits = [limit for host in hosts for limit in (*host.limits, *service.limits)]
    around = max([REACH[limit.span] for limit in limits] + [2 * DAY])
    return bounded(within.start - around - length, within.end + around + length)


def _engagements(engaged: Sequence[Engaged], now: Instant, service: Service) -> list[Engagement]:
    """What a host is engaged with; clients of one session are one engagement."""
    found: dict[tuple[Period, str, bool], Engagement] = {}
    for item in engaged:
        stage = stage_of(item, now)
        if stage not in COUNTED:
            continue
        live, shared = stage in LIVE, item.service == service.id and service.seats > 1
        one = Engagement(
            item.slot, item.occupied, item.service, item.seats, stage in UNCERTAIN, live
        )
        key = (item.slot, item.service if shared else item.id, live)
        before = found.get(key)
        if before is not None:
            one = replace(one, seats=one.seats + before.seats, held=one.held and before.held)
        found[key] = one
    return list(found.values())


def _elsewhere(
    engaged: Mapping[str, Sequence[Engaged]], own: Host, service: Service, now: Instant
) -> list[Period]:
    """The slots of the service at other hosts, where a limit counts them."""
    if not any(limit.scope is Scope.SERVICE for limit in (*own.limits, *service.limits)):
        return []
    return [
        item.slot
        for host, items in engaged.items()
        for item in items
        if host != own.id and item.service == service.id and stage_of(item, now) in COUNTED
    ]


def _standing(site: Site, team: Team, first: Host) -> Standing:
    """Turns, and what each host was given this month, in the zone of the first host."""
    turns = site.tx.appointments.turns(team.id)
    zone = first.hours.zone
    month = period_number(Span.MONTH, zone, site.now)
    booked: dict[str, Booked] = {}
    for host, created, state in site.tx.appointments.of_team(team.id, Instant(site.now - _MEMORY)):
        if state in COUNTED:
            counts = period_number(Span.MONTH, zone, created) == month
            booked[host] = Booked(booked.get(host, Booked()).many + counts, created)
    return Standing(turns.turn, turns.owed, booked)


def _left(availabilities: Mapping[str, Availability], within: Period) -> dict[str, int]:
    """How many starts each host has left on the day."""
    left = {}
    for name, time in availabilities.items():
        zone = time.host.hours.zone
        day = local_day(zone, within.start)
        whole = Period(day_start(zone, day), day_start(zone, day + 1))
        left[name] = sum(1 for _ in time.starts(whole))
    return left


def check_client(
    site: Site, service: Service, client: Client, now: Instant, without: str = ""
) -> None:
    """Refuses a client who has as many appointments to come as the service allows, one not counted;
    SlotTaken."""
    if service.client_limit is None or not client.mail:
        return
    live = [
        item
        for item in site.tx.appointments.of_client(client.mail, now)
        if item.service == service.id and item.live(now) and item.id != without
    ]
    if len(live) >= service.client_limit:
        raise SlotTaken([Code.CLIENT_LIMIT])
