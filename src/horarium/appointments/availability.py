"""Availability: at which instants an appointment of a service can begin at one host.

One list of rules decides everything: listing asks for the first that refuses,
an explanation for all, booking for none. So what is listed can be booked, and
what is refused is explained by what refused it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from horarium.appointments.codes import Code
from horarium.appointments.host import Host, Service
from horarium.appointments.limits import Limit, Scope, exceeds
from horarium.appointments.local_day import day_start, local_day
from horarium.appointments.packing import packed, stretches
from horarium.kernel.capacity import full, peak
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet

DAY = 86_400

EVERYTHING: frozenset[str] = frozenset({"notice", "horizon", "limits", "grid", "hours"})
"""The rules that staff may set aside, each by name."""


@dataclass(frozen=True, slots=True)
class Engagement:
    """What a host has to do: an appointment or a hold, with the buffers around it.

    One that is not ``live`` is over and counts in limits only. Clients of one
    session are one engagement with the sum of their seats.
    """

    slot: Period
    occupied: Period
    service: str = ""
    seats: int = 1
    held: bool = False
    live: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """An instant at which an appointment can begin, and how many seats are left then."""

    at: Instant
    end: Instant
    seats: int


@dataclass(frozen=True, kw_only=True)
class Availability:
    """One host's time for one service: everything a decision looks at, as values.

    ``engagements`` are in order of start; ``busy`` is the time of linked
    calendars; ``aside`` names the rules that staff set aside; ``stale`` says
    that a linked calendar could not be read. ``notice`` stands in for that of
    the service; ``elsewhere`` are the slots of the service at other hosts.
    """

    host: Host
    service: Service
    duration: int
    now: Instant
    engagements: Sequence[Engagement] = ()
    busy: PeriodSet = EMPTY
    seats: int = 1
    aside: frozenset[str] = frozenset()
    stale: bool = False
    notice: int | None = None
    elsewhere: Sequence[Period] = ()

    @cached_property
    def _before(self) -> int:
        return max(self.host.before, self.service.before)

    @cached_property
    def _after(self) -> int:
        return max(self.host.after, self.service.after)

    @cached_property
    def _live(self) -> list[Engagement]:
        return sorted((e for e in self.engagements if e.live), key=lambda e: e.occupied.start)

    @cached_property
    def _begins(self) -> list[int]:
        return [engagement.occupied.start for engagement in self._live]

    @cached_property
    def _longest(self) -> int:
        return max((e.occupied.seconds for e in self._live), default=0)

    @cached_property
    def _bounds(self) -> tuple[Instant, Instant]:
        return self.service.horizon.bounds(self.host.hours, self.now)

    @cached_property
    def _least_notice(self) -> int:
        return self.service.notice if self.notice is None else self.notice

    def occupied(self, slot: Period) -> Period:
        """Gives the slot with its buffers."""
        return Period(Instant(slot.start - self._before), Instant(slot.end + self._after))

    def starts(self, within: Period) -> Iterator[Start]:
        """Yields the starts in ``within`` that no rule refuses, in order."""
        for at in sorted(set(self._candidates(within))):
            if within.contains(at) and self.refusal(at) is None:
                joined = self._session(self._slot(at))
                left = self.service.seats - (joined.seats if joined else 0)
                yield Start(at, Instant(at + self.duration), left)

    def _candidates(self, within: Period) -> Iterator[Instant]:
        zone = self.host.hours.zone
        first, last = local_day(zone, within.start), local_day(zone, within.end)
        for opening in self._openings_of(first, last):
            yield from self._grid_of(opening)
        # A session that has begun to fill is offered where it is, also off the grid.
        for engagement in self._live:
            if self._joins(engagement, engagement.slot):
                yield engagement.slot.start

    def refusal(self, at: Instant) -> Code | None:
        """Gives the first rule that refuses a start; None when it can be had."""
        return next((code for code, refused in self.rules(at) if refused), None)

    def rules(self, at: Instant) -> Iterator[tuple[Code, bool]]:
        """Yields every rule with whether it refuses the start, in the order they are explained."""
        slot = self._slot(at)
        occupied = self.occupied(slot)
        joined = self._session(slot)
        yield Code.HOST_INACTIVE, not self.host.active
        if self.stale:
            yield Code.SOURCE_STALE, True
        if joined is None:
            yield self._hours_rule(slot, occupied)
            yield Code.OFF_GRID, "grid" not in self.aside and not self._on_grid(at)
        wants_notice = "notice" not in self.aside
        yield Code.NOTICE, at < self.now + (self._least_notice if wants_notice else 0)
        first, last = self._bounds
        yield Code.HORIZON, "horizon" not in self.aside and not first <= at < last
        if joined is None:
            yield from self._time_rules(slot, occupied)
        yield Code.SEATS, self.seats > self.service.seats - (joined.seats if joined else 0)
        if joined is None and "limits" not in self.aside:
            for limit in dict.fromkeys((*self.host.limits, *self.service.limits)):
                yield limit.code, exceeds(limit, self.host.hours.zone, self._counted(limit), slot)

    def _slot(self, at: Instant) -> Period:
        return Period(at, Instant(at + self.duration))

    def _hours_rule(self, slot: Period, occupied: Period) -> tuple[Code, bool]:
        wanted = occupied if self.service.buffers_inside else slot
        if "hours" in self.aside:
            return Code.OUTSIDE_HOURS, False
        if any(_inside(wanted, opening) for opening in self._openings_near(slot)):
            return Code.OUTSIDE_HOURS, False
        zone = self.host.hours.zone
        hours = self.host.hours.hours(local_day(zone, slot.start), slot.seconds)
        if not hours.spans:
            return hours.closed or Code.OUTSIDE_HOURS, True
        if any(span.contains(slot.start) for span in hours.spans):
            return Code.DOES_NOT_FIT, True
        return Code.OUTSIDE_HOURS, True

    @cached_property
    def _known_openings(self) -> dict[int, list[Period]]:
        return {}

    def _openings_of(self, first: int, last: int) -> list[Period]:
        """The openings, less absences, that slots of some days may lie in; worked out once."""
        hours = self.host.hours
        edges = [day_start(hours.zone, day) for day in range(first, last + 2)]
        most = self.duration + self._after
        within = Period(Instant(edges[0] - self._before), Instant(edges[-1] + most))
        whole = [PeriodSet([p]).subtract(hours.absences) for p in hours.openings(within)]
        found = [part for parts in whole for part in parts]
        known = {day: list[Period]() for day in range(first, last + 1)}
        for opening in found:
            for day in range(first, last + 1):
                if (
                    opening.start < edges[day - first + 1] + most
                    and opening.end > edges[day - first]
                ):
                    known[day].append(opening)
        self._known_openings.update(known)
        return found

    def _openings_near(self, slot: Period) -> list[Period]:
        """The openings a slot may lie in."""
        day = local_day(self.host.hours.zone, slot.start)
        if day not in self._known_openings:
            self._openings_of(day, day)
        return self._known_openings[day]

    def _on_grid(self, at: Instant) -> bool:
        slot = self._slot(at)
        here = [opening for opening in self._openings_near(slot) if _inside(slot, opening)]
        return any(at in self._grid_of(opening) for opening in here)

    @cached_property
    def _known_grids(self) -> dict[Period, frozenset[Instant]]:
        return {}

    def _grid_of(self, opening: Period) -> frozenset[Instant]:
        known = self._known_grids.get(opening)
        if known is None:
            found = self.service.grid.starts(self.host.hours, opening, self.duration)
            if self.service.pack:
                found = self._packed(opening, list(found))
            known = self._known_grids[opening] = frozenset(found)
        return known

    def _packed(self, opening: Period, grid: list[Instant]) -> Iterator[Instant]:
        wide = Period(Instant(opening.start - DAY), Instant(opening.end + DAY))
        own = full([e.occupied for e in self._live], wide, self.host.capacity)
        taken = PeriodSet(own).union(self.busy.clip(wide.start, wide.end))
        step = self.service.grid.step_for(self.duration)
        spacing = self._before + self.duration + self._after
        for stretch in stretches(opening, self.duration, self._before, self._after, taken):
            yield from packed(grid, stretch, step, spacing)

    def _time_rules(self, slot: Period, occupied: Period) -> Iterator[tuple[Code, bool]]:
        near = self._near(occupied)
        if len(near) < self.host.capacity:
            yield Code.BUSY_APPOINTMENT, False
            yield Code.BUSY_HOLD, False
            yield Code.BUSY_SOURCE, bool(len(self.busy.clip(occupied.start, occupied.end)))
            yield Code.BUFFER, False
            return
        slots = [(e.slot, e.held) for e in near]
        hard = self._over([s for s, _ in slots], slot)
        held = hard and not self._over([s for s, held in slots if not held], slot)
        yield Code.BUSY_APPOINTMENT, hard and not held
        yield Code.BUSY_HOLD, held
        yield Code.BUSY_SOURCE, bool(len(self.busy.clip(occupied.start, occupied.end)))
        yield Code.BUFFER, not hard and self._buffers_clash(near, slot, occupied)

    def _near(self, occupied: Period) -> list[Engagement]:
        first = bisect_left(self._begins, occupied.start - self._longest)
        last = bisect_left(self._begins, occupied.end)
        return [e for e in self._live[first:last] if e.occupied.overlaps(occupied)]

    def _over(self, others: Sequence[Period], new: Period) -> bool:
        """Whether one more would be above the host's capacity somewhere in its time."""
        return peak(others, new).count >= self.host.capacity

    def _buffers_clash(self, near: list[Engagement], slot: Period, occupied: Period) -> bool:
        if self.service.share_buffers:
            # Buffers may lie over buffers, so the gap is the larger of the two.
            return self._over([e.slot for e in near], occupied) or self._over(
                [e.occupied for e in near], slot
            )
        return self._over([e.occupied for e in near], occupied)

    def _session(self, slot: Period) -> Engagement | None:
        """The session that this slot would join."""
        if self.service.seats == 1:
            return None
        return next((e for e in self._near(slot) if self._joins(e, slot)), None)

    def joins(self, at: Instant) -> bool:
        """Tells whether an appointment that begins then shares a session that is there already."""
        return self._session(self._slot(at)) is not None

    def _joins(self, engagement: Engagement, slot: Period) -> bool:
        same = engagement.slot == slot and engagement.service == self.service.id
        return self.service.seats > 1 and same and slot.seconds == self.duration

    def _counted(self, limit: Limit) -> list[Period]:
        """The slots that a limit counts."""
        everything = limit.scope is Scope.HOST
        own = [e.slot for e in self.engagements if everything or e.service == self.service.id]
        return [*own, *self.elsewhere] if limit.scope is Scope.SERVICE else own


def _inside(inner: Period, outer: Period) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def occupied(slot: Period, host: Host, service: Service | None) -> Period:
    """Gives a slot with the time that is kept free around it."""
    before = max(host.before, service.before if service else 0)
    after = max(host.after, service.after if service else 0)
    return bounded(slot.start - before, slot.end + after)


def bounded(start: int, end: int) -> Period:
    """Gives the part of a span that a calendar knows."""
    return Period(Instant(max(start, MIN_INSTANT)), Instant(min(end, MAX_INSTANT)))
