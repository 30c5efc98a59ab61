"""The chain: the scheduling functions of a resource, from first to last, over one request.

DECLINED and DELEGATED stop the chain; COUNTER is remembered, and what follows judges the proposed
times. Whatever can not be judged (an unknown function, a missing list, an exception) declines: a
resource that is not set up correctly must not be open to all.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from horarium.booking.freebusy import Conflict
from horarium.booking.functions.registry import prepare
from horarium.booking.functions.verdict import Prepared, Proposal, Verdict
from horarium.booking.laying import Entered
from horarium.booking.policy import NEVER_WAIVED, judge_policy
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.tiers import Tier, TierRule, tier_of
from horarium.booking.trace import Evidence, Step
from horarium.kernel.errors import InvalidInput, LimitReached, NotFound, Unavailable
from horarium.kernel.instant import Instant, format_instant

# Requests of one organizer that may wait at a time, for a person or for their time.
MOST_WAITING = 500
# What a function may decline for and an approver may still allow.
_WAIVABLE = frozenset({Reason.QUOTA, Reason.OFF_GRID})


class Ending(StrEnum):
    """How a decision ends."""

    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    COUNTER = "COUNTER"
    DELEGATED = "DELEGATED"
    PENDING = "PENDING"
    WAITING = "WAITING"


@dataclass(frozen=True, slots=True)
class Decision:
    """How a request ends, and why.

    `reasons` are all that were found at one gate, against it, or for asking a person. `capacity` is
    the N of the first free/busy function, None when nothing checks the time; `left_out` are
    occurrences that are not booked, of which the `refused` are told as declined. `charges` and
    `claims` name the quotas an acceptance is entered in. `notice` is for the operator.
    """

    ending: Ending
    reasons: tuple[Reason, ...] = ()
    evidence: dict[Reason, Evidence] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    capacity: int | None = None
    left_out: frozenset[Instant] = frozenset()
    refused: tuple[Conflict, ...] = ()
    charges: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    proposal: Proposal | None = None
    delegate: str = ""
    notice: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the time may be booked."""
        return self.ending is Ending.ACCEPTED

    @property
    def declined(self) -> bool:
        """Whether nothing may come of it any more."""
        return self.ending is Ending.DECLINED


def decide(request: Request, view: View, *, approved: bool = False) -> Decision:
    """Decides about `request`: the policy of the resource first, then its chain of functions, then
    whether a person is to be asked. What was `approved` by a person is not held against the
    policy."""
    if view.resource.fault:
        return _misconfigured("preferences", view.resource.fault, [])
    broken = judge_policy(request, view.resource)
    steps = list(_policy_steps(broken))
    waived = {} if NEVER_WAIVED & broken.keys() else broken
    try:
        lenient = approved or _tier(request, view, out=True) is not Tier.REFUSE
    except InvalidInput as error:
        return _misconfigured("tier_out_of_policy", str(error), steps)
    if broken and (not lenient or not waived):
        return Decision(Ending.DECLINED, tuple(broken), broken, tuple(steps))
    prepared: list[tuple[str, Prepared]] = []
    for call in view.resource.preferences.scheduling_function:
        try:
            prepared.append((str(call), prepare(call, view)))
        except (InvalidInput, NotFound) as error:
            return _misconfigured(str(call), f"line {call.line}: {call.name}: {error}", steps)
    if all(function.judge is None for _, function in prepared):
        return _misconfigured("scheduling_function", "it names no function that decides", steps)
    decision = _Chain(request, view, steps, dict(waived), lenient).run(prepared)
    if approved and not decision.declined:
        return replace(decision, reasons=(), evidence={})
    return _bounded(
        _waits(_asked_of_a_person(decision, request, view), request, view), request, view
    )


def capacity_of(view: View) -> int | None:
    """The N of the first free/busy function of a resource; None when it has none or is broken."""
    for call in view.resource.preferences.scheduling_function:
        try:
            capacity = prepare(call, view).capacity
        except (InvalidInput, NotFound):
            return None
        if capacity is not None:
            return capacity
    return None


def entered_by(view: View) -> Entered:
    """The quotas in which the functions of a resource enter what is booked; a function that can
    not judge enters nothing."""
    charges: set[str] = set()
    claims: set[str] = set()
    for call in view.resource.preferences.scheduling_function:
        try:
            prepared = prepare(call, view)
        except (InvalidInput, NotFound):
            continue
        charges.update(prepared.charges)
        claims.update(prepared.claims)
    return Entered(frozenset(charges), frozenset(claims))


def reject(reason: Reason, until: Instant | None = None, gate: str = "series") -> Decision:
    """A decline that needs no look at the time held; `until` is where booking ends."""
    evidence: Evidence = {} if until is None else {"until": format_instant(until)}
    step = Step(gate, "DECLINED", reason.value, evidence)
    return Decision(Ending.DECLINED, (reason,), {reason: evidence}, (step,))


class _Chain:
    """The functions of one resource at work on one request."""

    def __init__(
        self,
        request: Request,
        view: View,
        steps: list[Step],
        against: dict[Reason, Evidence],
        lenient: bool,
    ) -> None:
        self._request = request
        self._view = view
        self._steps = steps
        self._against = against
        self._lenient = lenient
        self._capacity: int | None = None
        self._left_out: frozenset[Instant] = frozenset()
        self._refused: tuple[Conflict, ...] = ()
        self._proposal: Proposal | None = None

    def run(self, prepared: list[tuple[str, Prepared]]) -> Decision:
        """The decision of all functions together."""
        charges = frozenset(name for _, function in prepared for name in function.charges)
        claims = frozenset(name for _, function in prepared for name in function.claims)
        for name, function in prepared:
            if function.judge is None:
                continue
            ended = self._judge(name, function)
            if ended is not None:
                return ended
        ending = Ending.COUNTER if self._proposal is not None else Ending.ACCEPTED
        if ending is Ending.ACCEPTED and not self._view.resource.preferences.bookable:
            why = "bookable = no needs schedule_for_delegate and a free delegate"
            return _misconfigured("bookable", why, self._steps)
        return Decision(
            ending,
            tuple(self._against),
            self._against,
            tuple(self._steps),
            capacity=self._capacity,
            left_out=self._left_out,
            refused=self._refused,
            charges=charges,
            claims=claims,
            proposal=self._proposal,
        )

    def _judge(self, name: str, function: Prepared) -> Decision | None:
        """What ends the chain at one function, None when it goes on."""
        assert function.judge is not None
        try:
            verdict = function.judge(self._request, self._view)
        except Unavailable:
            raise
        except LimitReached as error:
            verdict = Verdict(Reason.LIMIT, {"limit": error.name, "most": str(error.limit)})
        except Exception:  # a fault of ours must decline, never accept and never loop
            return _broken(name, self._steps)
        if verdict.reason in _WAIVABLE and self._lenient:
            assert verdict.reason is not None
            self._steps.append(Step(name, "out of policy", verdict.reason.value, verdict.evidence))
            self._against.setdefault(verdict.reason, verdict.evidence)
            self._capacity = function.capacity if self._capacity is None else self._capacity
            return None
        self._steps.append(_step(name, verdict))
        if verdict.reason is not None:
            return self._declined(verdict)
        if verdict.delegate:
            return Decision(
                Ending.DELEGATED, steps=tuple(self._steps), delegate=verdict.delegate,
                evidence=self._against,
            )  # fmt: skip
        self._go_on(verdict, function)
        return None

    def _declined(self, verdict: Verdict) -> Decision:
        assert verdict.reason is not None
        evidence = {**self._against, verdict.reason: verdict.evidence}
        reasons = (verdict.reason, *self._against)
        return Decision(
            Ending.DECLINED, reasons, evidence, tuple(self._steps), verdict.conflicts,
            proposal=self._proposal,
        )  # fmt: skip

    def _go_on(self, verdict: Verdict, function: Prepared) -> None:
        self._capacity = function.capacity if self._capacity is None else self._capacity
        self._left_out |= verdict.left_out
        self._left_out |= {conflict.occurrence.original for conflict in verdict.refused}
        self._refused += verdict.refused
        if verdict.proposal is not None:
            self._proposal = verdict.proposal
            self._request = verdict.proposal.request
        self._request = self._request.without(self._left_out)


def _tier(request: Request, view: View, *, out: bool) -> Tier:
    preferences = view.resource.preferences
    rules: tuple[TierRule, ...] = (
        preferences.tier_out_of_policy if out else preferences.tier_in_policy
    )
    return tier_of(rules, request.organizer.key, request.attendee_keys, view.resource.groups)


def _asked_of_a_person(decision: Decision, request: Request, view: View) -> Decision:
    """The decision after the tiers: what no function declined may still be asked of an approver, or
    refused. A proposal and a delegation book nothing here, so nobody is asked about them."""
    if decision.declined:
        return decision
    try:
        tier = _tier(request, view, out=bool(decision.reasons))
    except InvalidInput as error:
        return _misconfigured("tier_in_policy", str(error), list(decision.steps))
    step = Step("tier", tier.value, evidence={"out_of_policy": [r.value for r in decision.reasons]})
    if tier is Tier.REFUSE:
        step = Step("tier", "DECLINED", Reason.NOT_PERMITTED.value, step.evidence)
        reasons = decision.reasons or (Reason.NOT_PERMITTED,)
        evidence = decision.evidence or {Reason.NOT_PERMITTED: {}}
        return Decision(Ending.DECLINED, reasons, evidence, (*decision.steps, step))
    approvers = approvers_of(view)
    asks = tier is Tier.ASK and decision.accepted and request.organizer.key not in approvers
    if not asks:
        passed = decision.steps if tier is Tier.AUTO and not decision.reasons else (
            *decision.steps, step
        )  # fmt: skip
        return replace(decision, reasons=(), evidence={}, steps=passed)
    if not approvers:
        return _misconfigured("tier", "a tier asks, and there are no approvers", [*decision.steps])
    step = Step("tier", "PENDING", "ask", {**step.evidence, "approvers": sorted(approvers)})
    return replace(decision, ending=Ending.PENDING, steps=(*decision.steps, step))


def _waits(decision: Decision, request: Request, view: View) -> Decision:
    """The decision of a resource with a waiting list: what was declined only for a conflict waits
    until its time is free, unless it begins too soon."""
    preferences = view.resource.preferences
    if not preferences.waiting_list or decision.reasons != (Reason.CONFLICT,):
        return decision
    first = min(o.start for o in request.occurrences)
    if not decision.declined or first - preferences.waiting_cutoff <= request.now:
        return decision
    return replace(decision, ending=Ending.WAITING)


def _bounded(decision: Decision, request: Request, view: View) -> Decision:
    """The decision, declined where its organizer has too much waiting already: nobody floods the
    approvers, or the waiting lists."""
    if decision.ending not in (Ending.PENDING, Ending.WAITING):
        return decision
    waiting = view.surroundings.waiting_of(request.organizer.key)
    if waiting < MOST_WAITING:
        return decision
    evidence: Evidence = {"most": MOST_WAITING}
    step = Step("waiting", "DECLINED", Reason.TOO_MANY_WAITING.value, evidence)
    return Decision(
        Ending.DECLINED,
        (Reason.TOO_MANY_WAITING,),
        {Reason.TOO_MANY_WAITING: evidence},
        (*decision.steps, step),
    )


def approvers_of(view: View) -> frozenset[str]:
    """The address keys of those who decide what is asked, members of groups among them."""
    found: set[str] = set()
    for name in view.resource.preferences.approvers or ():
        found |= {name} if "@" in name else view.resource.groups.get(name, frozenset())
    return frozenset(found)


def _step(name: str, verdict: Verdict) -> Step:
    if verdict.reason is not None:
        return Step(name, "DECLINED", verdict.reason.value, verdict.evidence)
    if verdict.delegate:
        return Step(name, "DELEGATED", "", verdict.evidence)
    if verdict.proposal is not None:
        return Step(name, "COUNTER", "", verdict.evidence)
    return Step(name, "passed", evidence=verdict.evidence)


def _policy_steps(broken: dict[Reason, Evidence]) -> Iterator[Step]:
    if not broken:
        yield Step("policy", "passed")
    for reason, evidence in broken.items():
        yield Step("policy", "DECLINED", reason.value, evidence)


def _misconfigured(gate: str, why: str, steps: list[Step]) -> Decision:
    evidence: Evidence = {"why": why}
    step = Step(gate, "DECLINED", Reason.CONFIGURATION.value, evidence)
    return Decision(
        Ending.DECLINED, (Reason.CONFIGURATION,), {Reason.CONFIGURATION: evidence},
        (*steps, step), notice=why,
    )  # fmt: skip


def _broken(gate: str, steps: list[Step]) -> Decision:
    why = traceback.format_exc(limit=-8)
    evidence: Evidence = {"why": why}
    step = Step(gate, "DECLINED", Reason.INTERNAL.value, evidence)
    return Decision(
        Ending.DECLINED, (Reason.INTERNAL,), {Reason.INTERNAL: evidence}, (*steps, step), notice=why
    )
