"""`check_quota [Q]`: the organizer, or the group, must have time left (seed 001)."""

from __future__ import annotations

from horarium.booking.charging import own_charges
from horarium.booking.functions.quota_argument import quota_of, read_quota
from horarium.booking.functions.verdict import Prepared, SchedulingFunction, Verdict
from horarium.booking.quota import Quota
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.trace import Evidence


def _prepare(arguments: tuple[str, ...], view: View) -> Prepared:
    name = read_quota(arguments, view)
    quota = quota_of(name, view)
    return Prepared(lambda request, view: judge_limits(request, view, quota), charges=(name,))


def judge_limits(request: Request, view: View, quota: Quota) -> Verdict:
    """Whether the request stays within what the organizer's identity may use in `quota`.

    What the event itself is charged already does not stand against it; reaching the limit exactly
    is within it.
    """
    identity = quota.identity(request.organizer.key)
    allowance = quota.allowance(identity)
    evidence: Evidence = {"quota": quota.name, "identity": identity}
    if allowance is None:
        return Verdict(Reason.NO_QUOTA, evidence)
    if allowance.seconds is None:
        return Verdict(evidence={**evidence, "limit": "unlimited"})
    if request.chargeable is None:
        return Verdict(Reason.ENDLESS_NEEDS_UNLIMITED, {**evidence, "limit": allowance.seconds})
    mark = view.surroundings.mark(quota.name)
    asked = sum(o.end - o.start for o in request.chargeable if mark is None or o.end > mark)
    used = view.surroundings.used(quota.name, identity) - sum(
        charge.event.end - charge.event.start
        for charge in own_charges(request, view)
        if charge.quota == quota.name
        and charge.identity == identity
        and (mark is None or charge.event.end > mark)
    )
    evidence |= {"limit": allowance.seconds, "used": used, "asked": asked}
    return Verdict(Reason.QUOTA if used + asked > allowance.seconds else None, evidence)


FUNCTION = SchedulingFunction("check_quota", "check_quota [Q]", _prepare)
