"""Other times at which the resource is free for as long as was asked."""

from __future__ import annotations

from horarium.booking.freebusy import find_conflicts, free_time, held_in, occupied
from horarium.booking.functions.schedule_for_delegate import capacity_for
from horarium.booking.policy import judge_policy, window_end
from horarium.booking.ports import Member
from horarium.booking.request import Request, View
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period

# A gap offers its nearest start and those that lie whole durations away, no more than this many.
STARTS_PER_GAP = 10


def find_alternatives(request: Request, view: View, capacity: int) -> list[Period]:
    """Up to the preference's number of free periods of the same length, nearest to the asked start
    first (ties: the earlier), not past and within its range; none for a series.

    They are hints, not reservations.
    """
    preferences = view.resource.preferences
    if len(request.occurrences) != 1 or not preferences.alternatives:
        return []
    asked = request.occurrences[0]
    length = asked.end - asked.start
    reach = preferences.alternatives_range
    first = max(asked.start - reach, request.now)
    last = asked.end + reach
    if preferences.booking_window is not None:
        last = min(last, window_end(request.now, preferences.booking_window, view.resource) - 1)
    if preferences.min_notice is not None:
        first = max(first, request.now + preferences.min_notice)
    if last - first < length:
        return []
    within = Period(Instant(first), Instant(last))
    held = held_in(view.reservations, [within], view.resource, without=request.uid)
    free = free_time(within, held, view.resource, capacity)
    starts = {start for gap in free for start in _starts(gap, asked.start, length)}
    grid, zone = preferences.permitted_times, request.event.zone
    if grid is not None and zone is not None and not request.whole_day:
        moved = {zone.at(grid.from_(zone.to_wall(Instant(start)))) for start in starts}
        starts = {s for s in moved if any(g.start <= s and s + length <= g.end for g in free)}
    nearest = sorted(starts, key=lambda start: (abs(start - asked.start), start))
    chosen = nearest[: preferences.alternatives]
    return [Period(Instant(start), Instant(start + length)) for start in chosen]


def find_elsewhere(request: Request, view: View) -> list[str]:
    """The names of the resources that stand in for this one in a pool and are free at the very
    time that was asked for, in the order of the pool; no more than the preference offers."""
    preferences = view.resource.preferences
    asked = request.occurrences
    found: dict[str, str] = {}
    own = view.resource.address.key
    for quota in view.resource.quotas.values():
        if own not in quota.delegates or len(asked) != 1:
            continue
        for key in quota.delegates:
            member = view.surroundings.member(key) if key != own else None
            if member is None or key in found or len(found) == preferences.alternatives:
                continue
            if not judge_policy(request, member.resource) and _is_free(request, member):
                found[key] = member.resource.name
    return list(found.values())


def _is_free(request: Request, member: Member) -> bool:
    resource = member.resource
    spans = [occupied(o.start, o.end, resource.preferences) for o in request.occurrences]
    held = held_in(member.reservations, spans, resource, without=request.uid)
    capacity = capacity_for(resource.preferences.scheduling_function)
    return not find_conflicts(request.occurrences, held, resource, capacity)


def _starts(gap: Period, asked: Instant, length: int) -> list[int]:
    last = gap.end - length
    if last < gap.start:
        return []
    nearest = min(max(asked, gap.start), last)
    steps = range(-STARTS_PER_GAP, STARTS_PER_GAP + 1)
    return [start for k in steps if gap.start <= (start := nearest + k * length) <= last]
