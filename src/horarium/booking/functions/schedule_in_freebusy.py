"""`schedule_in_freebusy [N]`: the event must fit into the resource's time (seed 001)."""

from __future__ import annotations

from horarium.booking.freebusy import Conflict, find_conflicts
from horarium.booking.functions.verdict import Prepared, SchedulingFunction, Verdict
from horarium.booking.preferences import Preferences
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.trace import Evidence
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, format_instant

# As many conflicts are named as a person reads.
MOST_NAMED = 10


def _prepare(arguments: tuple[str, ...], _view: View) -> Prepared:
    capacity = read_capacity(arguments)
    return Prepared(lambda request, view: judge_time(request, view, capacity), capacity)


def read_capacity(arguments: tuple[str, ...]) -> int:
    """The N of a free/busy function: how many reservations may coexist, 1 when it is not said."""
    if len(arguments) > 1:
        raise InvalidInput("takes at most one argument, the number of concurrent reservations")
    text = arguments[0] if arguments else "1"
    # 1,000,000 concurrent reservations are more than any thing or room has places.
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise InvalidInput("the number of concurrent reservations is 1 or more", value=text)
    return int(text)


def judge_time(request: Request, view: View, capacity: int) -> Verdict:
    """Whether every asked occurrence fits into the time of the resource, or enough of them do."""
    held = view.held(request)
    conflicts = find_conflicts(request.occurrences, held, view.resource, capacity)
    left_out: frozenset[Instant] = frozenset()
    counted = conflicts
    if request.recurring and not request.is_past:
        # What is over can not be refused any more; the rest of the series is what is asked.
        counted = [c for c in conflicts if c.occurrence.end > request.now]
        left_out = frozenset(c.occurrence.original for c in conflicts) - frozenset(
            c.occurrence.original for c in counted
        )
    evidence: Evidence = {
        "capacity": capacity,
        "compared": len(held),
        "occurrences": len(request.occurrences),
    }
    if not counted:
        return Verdict(evidence=evidence, left_out=left_out)
    evidence["conflicts"] = [_named(conflict) for conflict in counted[:MOST_NAMED]]
    evidence["conflicts_in_all"] = len(counted)
    if _enough_fit(len(counted), len(request.occurrences), view.resource.preferences):
        return Verdict(evidence=evidence, left_out=left_out, refused=tuple(counted))
    return Verdict(Reason.CONFLICT, evidence, tuple(counted))


def _enough_fit(conflicts: int, examined: int, preferences: Preferences) -> bool:
    """Whether a series may be booked without the occurrences that collide: a threshold is set,
    none is exceeded, and something is left of it."""
    most, percent = preferences.max_conflicts, preferences.max_conflict_percent
    if (most is None and percent is None) or conflicts == examined:
        return False
    if most is not None and conflicts > most:
        return False
    return percent is None or 100 * conflicts <= percent * examined


def _named(conflict: Conflict) -> dict[str, str | None]:
    met = conflict.met
    return {
        "start": format_instant(conflict.occurrence.start),
        "end": format_instant(conflict.occurrence.end),
        "uid": met.uid if met else None,
        "busy_start": format_instant(met.event.start) if met else None,
        "busy_end": format_instant(met.event.end) if met else None,
        "holding": met.holding.value if met else None,
    }


FUNCTION = SchedulingFunction("schedule_in_freebusy", "schedule_in_freebusy [N]", _prepare)
