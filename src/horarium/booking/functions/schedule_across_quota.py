"""`schedule_across_quota [Q]`: one organizer holds only one of the related resources at a time
(seed 001)."""

from __future__ import annotations

from horarium.booking.freebusy import Conflict
from horarium.booking.functions.quota_argument import read_quota
from horarium.booking.functions.verdict import Prepared, SchedulingFunction, Verdict
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.trace import Evidence
from horarium.kernel.instant import format_instant
from horarium.kernel.period import Period


def _prepare(arguments: tuple[str, ...], view: View) -> Prepared:
    name = read_quota(arguments, view)
    return Prepared(lambda request, view: _judge(request, view, name), claims=(name,))


def _judge(request: Request, view: View, quota: str) -> Verdict:
    asked = [o for o in request.occurrences if o.end > request.now or request.is_past]
    spans = [Period(o.start, o.end) for o in asked]
    own = view.resource.address.key
    claimed = view.surroundings.claimed(quota, request.organizer.key, spans)
    # Another event at this very resource is judged by its own free/busy; here it counts as well,
    # one at a time, but never the event itself.
    originals = {o.original for o in request.occurrences}
    others = [
        item
        for item in claimed
        if not (
            item.resource == own
            and item.uid == request.uid
            and (request.restates or item.original in originals)
        )
    ]
    evidence: Evidence = {"quota": quota, "compared": len(others)}
    for occurrence in asked:
        for item in others:
            if item.event.start < occurrence.end and occurrence.start < item.event.end:
                met: Evidence = {
                    "held": item.resource,
                    "uid": item.uid,
                    "start": format_instant(item.event.start),
                    "end": format_instant(item.event.end),
                }
                return Verdict(
                    Reason.ALREADY_HOLDS_RELATED, evidence | met, (Conflict(occurrence, None),)
                )
    return Verdict(evidence=evidence)


FUNCTION = SchedulingFunction("schedule_across_quota", "schedule_across_quota [Q]", _prepare)
