"""The first gap in a resource's time, and in that of the other attendees, that takes an event."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.booking.freebusy import free_time
from horarium.booking.policy import window_end
from horarium.booking.request import Request, View
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.zone import Zone

DAY = 86_400
# The time is looked through in stretches, so that a gap nearby costs little.
STRETCH = 14 * DAY


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked for: `length` seconds from `start` on, on the grid as read in `zone`; an event
    of whole days begins at midnight."""

    start: Instant
    length: int
    zone: Zone | None
    whole_day: bool


def first_gap(place: Place, request: Request, view: View, capacity: int) -> Period | None:
    """The first time at or after the wanted start that is free at the resource and, as far as they
    told, of the other attendees, within its hours, its booking window and its horizon."""
    preferences = view.resource.preferences
    limit = Instant(request.now + preferences.horizon)
    if preferences.booking_window is not None:
        limit = min(limit, window_end(request.now, preferences.booking_window, view.resource))
    start = place.start
    if preferences.min_notice is not None:
        start = max(start, Instant(request.now + preferences.min_notice))
    while start < limit:
        end = Instant(start + STRETCH + place.length)
        free = _free(Period(start, end), request, view, capacity)
        for gap in free:
            at = _on_grid(gap.start, place, view)
            if at + place.length <= gap.end and at < limit:
                return Period(at, Instant(at + place.length))
        start = Instant(start + STRETCH)
    return None


def _free(within: Period, request: Request, view: View, capacity: int) -> PeriodSet:
    held = view.held_besides(request, [_widened(within)])
    held = [item for item in held if item.uid != request.uid]
    free = free_time(within, held, view.resource, capacity)
    others = request.attendee_keys - view.resource.aliases
    busy = view.surroundings.known_busy(others | {request.organizer.key}, within)
    return free.subtract(PeriodSet(busy))


def _widened(within: Period) -> Period:
    # Buffers of what lies just outside reach in.
    return Period(Instant(max(within.start - DAY, 0)), Instant(within.end + DAY))


def _on_grid(at: Instant, place: Place, view: View) -> Instant:
    zone, grid = place.zone, view.resource.preferences.permitted_times
    if zone is None:
        return at
    wall = zone.to_wall(at)
    if place.whole_day:
        return at if wall % DAY == 0 else zone.at(type(wall)(wall - wall % DAY + DAY))
    return zone.at(grid.from_(wall)) if grid is not None else at
