"""`schedule_next_available_in_freebusy [N]`: what does not fit is moved to the next free time."""

from __future__ import annotations

from dataclasses import replace

from horarium.booking.functions.schedule_corrected_in_freebusy import (
    corrected,
    lies_on_grid,
    off_grid_evidence,
    proposed_evidence,
)
from horarium.booking.functions.schedule_in_freebusy import judge_time, read_capacity
from horarium.booking.functions.verdict import Prepared, Proposal, SchedulingFunction, Verdict
from horarium.booking.gaps import Place, first_gap
from horarium.booking.moving import is_explicit, moved
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence


def _prepare(arguments: tuple[str, ...], _view: View) -> Prepared:
    capacity = read_capacity(arguments)
    return Prepared(lambda request, view: _judge(request, view, capacity), capacity)


def _judge(request: Request, view: View, capacity: int) -> Verdict:
    proposal = None
    if not lies_on_grid(request, view):
        proposal = corrected(request, view)
        if proposal is None:
            return Verdict(Reason.OFF_GRID, off_grid_evidence(request))
    wanted = proposal.request if proposal is not None else request
    verdict = judge_time(wanted, view, capacity)
    if not verdict.accepted:
        if not is_explicit(request):
            return verdict
        proposal = _moved(wanted, view, capacity)
        if proposal is None:
            return verdict
    elif proposal is None:
        return verdict
    return Verdict(
        evidence=verdict.evidence | proposed_evidence(proposal), proposal=proposal,
        left_out=verdict.left_out,
    )  # fmt: skip


def _moved(request: Request, view: View, capacity: int) -> Proposal | None:
    """Every occurrence kept where it fits, else in the first gap at or after its own start and the
    end of the one placed before it; None when there is no such gap."""
    places: dict[Instant, Period] = {}
    end = Instant(0)
    for occurrence in sorted(request.occurrences, key=lambda o: (o.start, o.original)):
        place = _place(occurrence, end, request, view, capacity)
        if place is None:
            return None
        places[occurrence.original] = place
        end = place.end
    return moved(request, view, places)


def _place(
    occurrence: Occurrence, after: Instant, request: Request, view: View, capacity: int
) -> Period | None:
    own = Period(occurrence.start, occurrence.end)
    alone = replace(request, occurrences=(occurrence,))
    if (
        occurrence.start >= after
        and judge_time(alone, view, capacity).reason is not Reason.CONFLICT
    ):
        return own
    start = Instant(max(occurrence.start, after, request.now))
    place = Place(start, occurrence.end - occurrence.start, request.event.zone, request.whole_day)
    return first_gap(place, request, view, capacity)


FUNCTION = SchedulingFunction(
    "schedule_next_available_in_freebusy", "schedule_next_available_in_freebusy [N]", _prepare
)
