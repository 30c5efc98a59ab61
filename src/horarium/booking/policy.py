"""The policy of a resource: limits on when, how long, how often and for how many.

All rules are looked at, so that an organizer learns every reason at once.
"""

from __future__ import annotations

from collections.abc import Callable

from horarium.booking.reasons import Reason
from horarium.booking.request import Request
from horarium.booking.resource import Resource
from horarium.booking.trace import Evidence
from horarium.kernel.instant import Instant, Wall, format_instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence

DAY = 86_400
# Longer ones are a mistake of the program that sent them, or an attack on everybody else.
LONGEST_EVENT = 400 * DAY
# What no person may allow either.
NEVER_WAIVED = frozenset({Reason.TOO_LONG})
_PEOPLE = frozenset({"INDIVIDUAL", "GROUP", "UNKNOWN"})


def judge_policy(request: Request, resource: Resource) -> dict[Reason, Evidence]:
    """The rules that `request` breaks, each with the facts; empty when it breaks none."""
    found: dict[Reason, Evidence] = {}
    for reason, rule in _RULES.items():
        evidence = rule(request, resource)
        if evidence is not None:
            found[reason] = evidence
    return found


def _past(request: Request, resource: Resource) -> Evidence | None:
    if resource.preferences.past == "decline" and request.is_past:
        return {"now": format_instant(request.now)}
    return None


def _booking_window(request: Request, resource: Resource) -> Evidence | None:
    days = resource.preferences.booking_window
    if days is None:
        return None
    end = window_end(request.now, days, resource)
    late = [o for o in request.occurrences if o.start >= end]
    return {"days": days, "start": format_instant(late[0].start)} if late else None


def window_end(now: Instant, days: int, resource: Resource) -> Instant:
    """The end of the local day that lies `days` after today."""
    today = resource.zone.to_wall(now) // DAY
    return resource.zone.at(Wall((today + days + 1) * DAY))


def _min_notice(request: Request, resource: Resource) -> Evidence | None:
    notice = resource.preferences.min_notice
    if notice is None or not request.times_changed:
        return None
    ahead = [o.start - request.now for o in request.occurrences if o.end > request.now]
    if ahead and min(ahead) >= notice:
        return None
    return {"notice": notice, "ahead": min(ahead) if ahead else None}


def _min_duration(request: Request, resource: Resource) -> Evidence | None:
    least = resource.preferences.min_duration
    shortest = min((_length(o) for o in request.occurrences), default=0)
    return {"least": least, "asked": shortest} if least is not None and shortest < least else None


def _max_duration(request: Request, resource: Resource) -> Evidence | None:
    most = resource.preferences.max_duration
    longest = max((_length(o) for o in request.occurrences), default=0)
    return {"most": most, "asked": longest} if most is not None and longest > most else None


def _too_long(request: Request, _resource: Resource) -> Evidence | None:
    longest = max((_length(o) for o in request.occurrences), default=0)
    return {"asked": longest} if longest > LONGEST_EVENT else None


def _allow_recurring(request: Request, resource: Resource) -> Evidence | None:
    return {} if request.recurring and not resource.preferences.allow_recurring else None


def _allowed_frequencies(request: Request, resource: Resource) -> Evidence | None:
    frequency = request.frequency
    if frequency is None or frequency in resource.preferences.allowed_frequencies:
        return None
    return {"frequency": frequency}


def _endless(request: Request, resource: Resource) -> Evidence | None:
    return {} if request.endless and resource.preferences.endless == "decline" else None


def _too_many(request: Request, resource: Resource) -> Evidence | None:
    most = resource.preferences.max_occurrences
    return {"most": most} if request.overflows else None


def _working_hours(request: Request, resource: Resource) -> Evidence | None:
    hours = resource.preferences.working_hours
    if hours is None or not request.occurrences:
        return None
    for occurrence in request.occurrences:
        asked = Period(occurrence.start, occurrence.end)
        if hours.open_periods(asked.start, asked.end, resource.zone).total() != _length(occurrence):
            return {"start": format_instant(asked.start), "end": format_instant(asked.end)}
    return None


def _max_attendees(request: Request, resource: Resource) -> Evidence | None:
    most = resource.preferences.max_attendees
    people = sum(
        1
        for attendee in request.attendees
        if attendee.cutype in _PEOPLE and attendee.address.key not in resource.aliases
    )
    return {"most": most, "asked": people} if most is not None and people > most else None


def _length(occurrence: Occurrence) -> int:
    return occurrence.end - occurrence.start


_RULES: dict[Reason, Callable[[Request, Resource], Evidence | None]] = {
    Reason.TOO_LONG: _too_long,
    Reason.PAST: _past,
    Reason.BOOKING_WINDOW: _booking_window,
    Reason.MIN_NOTICE: _min_notice,
    Reason.MIN_DURATION: _min_duration,
    Reason.MAX_DURATION: _max_duration,
    Reason.ALLOW_RECURRING: _allow_recurring,
    Reason.ALLOWED_FREQUENCIES: _allowed_frequencies,
    Reason.ENDLESS: _endless,
    Reason.TOO_MANY_OCCURRENCES: _too_many,
    Reason.WORKING_HOURS: _working_hours,
    Reason.MAX_ATTENDEES: _max_attendees,
}
