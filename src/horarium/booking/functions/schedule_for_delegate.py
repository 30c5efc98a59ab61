"""`schedule_for_delegate [Q [POLICY]]`: attends itself, or hands the event on to a free resource
of its pool (seed 001)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.booking.calls import Call
from horarium.booking.freebusy import find_conflicts, held_in, occupied
from horarium.booking.functions.check_quota import judge_limits
from horarium.booking.functions.quota_argument import quota_of, read_quota
from horarium.booking.functions.schedule_in_freebusy import read_capacity
from horarium.booking.functions.verdict import Prepared, SchedulingFunction, Verdict
from horarium.booking.policy import judge_policy
from horarium.booking.ports import Member
from horarium.booking.quota import Quota
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.trace import Evidence
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import MIN_INSTANT, Instant

POLICIES = ("available", "most-available")
# One request is not handed around for ever.
MOST_TRIED = 10
FREEBUSY_FUNCTIONS = (
    "schedule_in_freebusy",
    "schedule_corrected_in_freebusy",
    "schedule_next_available_in_freebusy",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A resource that may attend, and why it can not (`passed_over`, empty when it is free);
    `meets` is how many reservations overlap the request, `left_out` are the original starts of
    past occurrences that do not fit any more."""

    key: str
    passed_over: str
    meets: int = 0
    left_out: frozenset[Instant] = frozenset()


def _prepare(arguments: tuple[str, ...], view: View) -> Prepared:
    name = read_quota(arguments, view, most=2)
    policy = arguments[1] if len(arguments) > 1 else POLICIES[0]
    if policy not in POLICIES:
        raise InvalidInput("the policy is available or most-available", value=policy)
    quota = quota_of(name, view)
    return Prepared(
        lambda request, view: _judge(request, view, quota, policy),
        capacity_for(view.resource.preferences.scheduling_function), charges=(name,),
    )  # fmt: skip


def _judge(request: Request, view: View, quota: Quota, policy: str) -> Verdict:
    evidence: Evidence = {"quota": quota.name, "policy": policy}
    if quota.limits:
        verdict = judge_limits(request, view, quota)
        if not verdict.accepted:
            return verdict
        evidence |= verdict.evidence
    stand_in = request.delegation.stand_in
    if stand_in and stand_in not in request.delegation.tried:
        # It has the event already, and decides about its changes itself.
        return Verdict(evidence={**evidence, "chosen": stand_in}, delegate=stand_in)
    candidates = list(_candidates(request, view, quota))
    evidence["candidates"] = [
        {"resource": c.key, "passed_over": c.passed_over or None} for c in candidates
    ]
    free = [candidate for candidate in candidates if not candidate.passed_over]
    if not free:
        return Verdict(Reason.POOL_FULL, evidence)
    chosen = free[0] if policy == POLICIES[0] else _most_available(free, view, quota)
    evidence["chosen"] = chosen.key
    if chosen.key == view.resource.address.key:
        return Verdict(evidence=evidence, left_out=chosen.left_out)
    return Verdict(evidence=evidence, delegate=chosen.key)


def _most_available(free: list[Candidate], view: View, quota: Quota) -> Candidate:
    assigned = view.surroundings.assigned(quota.name)
    return min(free, key=lambda c: (c.meets, assigned.get(c.key, MIN_INSTANT)))


def _candidates(request: Request, view: View, quota: Quota) -> Iterator[Candidate]:
    """The recipient and the delegates in their order, each judged."""
    own = view.resource.address.key
    me = Member(view.resource, view.reservations)
    if view.resource.preferences.bookable:
        refused = "refused already" if own in request.delegation.tried else ""
        yield Candidate(own, refused) if refused else _judged(own, me, request)
    if request.delegation.received:
        return
    tried = 0
    for key in quota.delegates:
        if key == own:
            continue
        if tried == MOST_TRIED and key not in request.delegation.tried:
            yield Candidate(key, "too many were tried")
            continue
        member = view.surroundings.member(key)
        passed = _not_eligible(key, member, request)
        if passed:
            tried += key in request.delegation.tried
            yield Candidate(key, passed)
        else:
            assert member is not None
            yield _judged(key, member, request)


def _not_eligible(key: str, member: Member | None, request: Request) -> str:
    if member is None:
        return "no resource of this installation"
    if not member.resource.preferences.bookable:
        return "not bookable"
    if key in request.delegation.tried:
        return "refused already"
    if request.attendee_keys & member.resource.aliases:
        return "invited already"
    if member.resource.fault or member.resource.preferences.participating == "no":
        return "takes no bookings"
    return ""


def _judged(key: str, member: Member, request: Request) -> Candidate:
    """Whether a resource is free for every occurrence, under its own capacity and policy."""
    broken = judge_policy(request, member.resource)
    if broken:
        return Candidate(key, next(iter(broken)).value)
    resource = member.resource
    capacity = capacity_for(resource.preferences.scheduling_function)
    spans = [occupied(o.start, o.end, resource.preferences) for o in request.occurrences]
    held = held_in(member.reservations, spans, resource)
    originals = {o.original for o in request.occurrences}
    held = [
        item
        for item in held
        if item.uid != request.uid or not (request.restates or item.original in originals)
    ]
    conflicts = find_conflicts(request.occurrences, held, resource, capacity)
    counted = [c for c in conflicts if not request.recurring or c.occurrence.end > request.now]
    if counted or (conflicts and len(conflicts) == len(request.occurrences)):
        return Candidate(key, "busy", len(held))
    past = frozenset(conflict.occurrence.original for conflict in conflicts)
    return Candidate(key, "", len(held), past)


def capacity_for(calls: tuple[Call, ...]) -> int:
    """The N of the first free/busy function among `calls`, else 1."""
    for call in calls:
        if call.name in FREEBUSY_FUNCTIONS:
            try:
                return read_capacity(call.arguments)
            except InvalidInput:
                return 1
    return 1


FUNCTION = SchedulingFunction(
    "schedule_for_delegate", "schedule_for_delegate [Q [POLICY]]", _prepare
)
