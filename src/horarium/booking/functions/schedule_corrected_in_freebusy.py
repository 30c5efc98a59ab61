"""`schedule_corrected_in_freebusy [N]`: times off the grid are corrected, then the event must fit
(the preference `permitted_times`)."""

from __future__ import annotations

from horarium.booking.functions.schedule_in_freebusy import judge_time, read_capacity
from horarium.booking.functions.verdict import Prepared, Proposal, SchedulingFunction, Verdict
from horarium.booking.moving import is_explicit, moved, on_grid, shifted
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.trace import Evidence
from horarium.kernel.instant import format_instant
from horarium.kernel.period import Period


def _prepare(arguments: tuple[str, ...], _view: View) -> Prepared:
    capacity = read_capacity(arguments)
    return Prepared(lambda request, view: _judge(request, view, capacity), capacity)


def _judge(request: Request, view: View, capacity: int) -> Verdict:
    if lies_on_grid(request, view):
        return judge_time(request, view, capacity)
    proposal = corrected(request, view)
    if proposal is None:
        return Verdict(Reason.OFF_GRID, off_grid_evidence(request))
    verdict = judge_time(proposal.request, view, capacity)
    if not verdict.accepted:
        return verdict
    return Verdict(
        evidence=verdict.evidence | proposed_evidence(proposal), proposal=proposal,
        left_out=verdict.left_out, refused=verdict.refused,
    )  # fmt: skip


def lies_on_grid(request: Request, view: View) -> bool:
    """Whether the event starts and ends where the resource permits; days are on any grid."""
    grid, zone = view.resource.preferences.permitted_times, request.event.zone
    if grid is None or request.whole_day or zone is None:
        return True
    explicit = request.occurrences if is_explicit(request) else ()
    periods = [Period(o.start, o.end) for o in explicit]
    if request.event.first is not None:
        periods.append(request.event.first)
    return all(on_grid(period, grid, zone) == period for period in periods)


def corrected(request: Request, view: View) -> Proposal | None:
    """The event with its times moved forward to the grid; None when a series can not be."""
    grid, zone, first = view.resource.preferences.permitted_times, request.event.zone, None
    first = request.event.first
    assert grid is not None
    assert zone is not None
    assert first is not None
    if is_explicit(request):
        places = {
            o.original: on_grid(Period(o.start, o.end), grid, zone) for o in request.occurrences
        }
        return moved(request, view, places)
    return shifted(request, view, on_grid(first, grid, zone))


def off_grid_evidence(request: Request) -> Evidence:
    """What the grid does not permit."""
    first = request.event.first
    assert first is not None
    return {"start": format_instant(first.start), "end": format_instant(first.end)}


def proposed_evidence(proposal: Proposal) -> Evidence:
    """The times that are proposed, the first of them where there are many."""
    return {
        "proposed": [
            f"{format_instant(o.start)}/{format_instant(o.end)}"
            for o in proposal.request.occurrences[:10]
        ]
    }


FUNCTION = SchedulingFunction(
    "schedule_corrected_in_freebusy", "schedule_corrected_in_freebusy [N]", _prepare
)
