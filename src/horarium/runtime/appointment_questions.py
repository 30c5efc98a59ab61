"""What is open of an appointer or an assistant, what it has next, and why it is open or not."""

from __future__ import annotations

from collections.abc import Iterator

from horarium.appointments.appointment import LIVE, UNCERTAIN, State
from horarium.appointments.codes import Code
from horarium.appointments.host import Host, Mode, Service, Team
from horarium.appointments.local_day import local_day
from horarium.booking.trace import Step
from horarium.kernel.instant import MAX_INSTANT, Instant, format_instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.answers import Explanation, OpenTime, Upcoming
from horarium.runtime.generating import Site, busy_of, stage_of
from horarium.store.appointments import Engaged

DAY = 86_400
LONGEST_AHEAD = 800 * DAY

Offered = Host | Team | Service


def find_offered(site: Site, name: str) -> Offered | None:
    """The host, team or service of a name; `appointer:x`, `assistant:x` and `service:x` say which
    is meant. None when there is none."""
    kinds: tuple[tuple[str, dict[str, Offered]], ...] = (
        ("appointer", dict(site.offers.hosts)),
        ("assistant", dict(site.offers.teams)),
        ("service", dict(site.offers.services)),
    )
    for kind, known in kinds:
        bare = name.removeprefix(f"{kind}:")
        if bare in known:
            return known[bare]
    return None


def kind_of(found: Offered) -> str:
    """What an object of this room is called."""
    return {Host: "appointer", Team: "assistant", Service: "service"}[type(found)]


def open_of(site: Site, found: Offered, span: Period) -> OpenTime:
    """When an appointment could be taken within a span: hours, less what is taken. Of a team, when
    any of its hosts could, or all of them where all come together."""
    return OpenTime(found.id, kind_of(found), _open(site, found, span))


def _open(site: Site, found: Offered, span: Period) -> PeriodSet:
    if isinstance(found, Service):
        return _open(site, site.offers.by(found), span)
    if isinstance(found, Team):
        parts = [_open(site, host, span) for host in site.offers.members(found)]
        if found.mode is Mode.COLLECTIVE and parts:
            both = parts[0]
            for part in parts[1:]:
                both = both.intersect(part)
            return both
        either = PeriodSet()
        for part in parts:
            either = either.union(part)
        return either
    first = max(span.start, site.now)
    if not found.active or first >= span.end:
        return PeriodSet()
    return found.hours.open_between(first, span.end).subtract(busy_of(site, found, span))


def next_of(site: Site, found: Offered, count: int) -> list[Upcoming]:
    """The appointments that have not ended, in order of start."""
    coming = []
    for host in _hosts(site, found):
        for item in site.tx.appointments.engaged(host.id, _ahead(site.now)):
            wanted = not isinstance(found, Service) or item.service == found.id
            if wanted and item.slot.end > site.now and stage_of(item, site.now) in LIVE:
                coming.append((item.slot.start, item.slot.end, host.title, item))
    coming.sort(key=lambda entry: entry[:3])
    return [
        Upcoming(start, end, what_of(site, item, host)) for start, end, host, item in coming[:count]
    ]


def what_of(site: Site, item: Engaged, host: str) -> str:
    """What an appointment is called where others see it: service and host, no client."""
    service = site.offers.services.get(item.service)
    shown = f"{service.title}, {host}" if service is not None else host
    held = stage_of(item, site.now) in UNCERTAIN
    return f"{shown} (held)" if held else shown


def _hosts(site: Site, found: Offered) -> list[Host]:
    if isinstance(found, Service):
        return _hosts(site, site.offers.by(found))
    return site.offers.members(found) if isinstance(found, Team) else [found]


def _ahead(now: Instant) -> Period:
    return Period(now, Instant(min(now + LONGEST_AHEAD, MAX_INSTANT)))


def why_of(site: Site, found: Offered, at: Instant) -> Explanation:
    """Why a host could be met at an instant, or not; of a team, a step for each of its hosts."""
    if isinstance(found, Host):
        steps = tuple(_steps(site, found, at))
        shut = any(step.verdict == "closed" for step in steps)
        return Explanation(found.id, "closed" if shut else "open", steps)
    told = []
    for host in _hosts(site, found):
        own = why_of(site, host, at)
        shut_by = next((step for step in own.steps if step.verdict == "closed"), None)
        reason, evidence = (shut_by.reason, shut_by.evidence) if shut_by else ("", {})
        told.append(Step(host.id, own.verdict, reason, evidence))
    everybody = isinstance(found, Team) and found.mode is Mode.COLLECTIVE
    verdicts = [step.verdict == "open" for step in told]
    is_open = bool(verdicts) and (all(verdicts) if everybody else any(verdicts))
    return Explanation(found.id, "open" if is_open else "closed", tuple(told))


def _steps(site: Site, host: Host, at: Instant) -> Iterator[Step]:
    yield _step("active", None if host.active else Code.HOST_INACTIVE)
    yield _step("present", Code.NOTICE if at < site.now else None)
    yield _step("hours", _hours(host, at))
    moment = Period(at, Instant(at + 1))
    engaged = [
        item
        for item in site.tx.appointments.engaged(host.id, moment)
        if stage_of(item, site.now) in LIVE
    ]
    full = len(engaged) >= host.capacity
    for item in engaged:
        code = Code.BUSY_APPOINTMENT if item.slot.contains(at) else Code.BUFFER
        if stage_of(item, site.now) in (State.HELD, State.PENDING):
            code = Code.BUSY_HOLD
        yield Step(
            "appointment", "closed" if full else "passed", code.value,
            {"start": format_instant(item.slot.start), "end": format_instant(item.slot.end),
             "service": item.service},
        )  # fmt: skip
    linked = site.calendars.busy(host, moment)
    yield _step("linked calendars", Code.BUSY_SOURCE if len(linked) else None)


def _hours(host: Host, at: Instant) -> Code | None:
    if len(host.hours.open_between(at, Instant(at + 1))):
        return None
    day = local_day(host.hours.zone, at)
    return host.hours.hours(day, 1).closed or Code.OUTSIDE_HOURS


def _step(gate: str, code: Code | None) -> Step:
    return Step(gate, "passed" if code is None else "closed", code.value if code else "")
