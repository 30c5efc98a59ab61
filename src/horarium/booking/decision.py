"""The chain: the scheduling functions of a resource, from first to last, over one request.

DECLINED stops the chain. Whatever can not be judged (an unknown function, a missing list, an
exception) declines: a resource that is not set up correctly must not be open to all.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from horarium.booking.freebusy import Conflict
from horarium.booking.functions.registry import prepare
from horarium.booking.functions.verdict import Prepared, Verdict
from horarium.booking.policy import judge_policy
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.trace import Evidence, Step
from horarium.kernel.errors import InvalidInput, LimitReached, NotFound, Unavailable
from horarium.kernel.instant import Instant, format_instant


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request may be booked, and why not: all `reasons` that were found at one gate.

    `capacity` is the N of the first free/busy function, None when nothing checks the time;
    `left_out` are past occurrences that are not booked; `notice` is for the operator.
    """

    reasons: tuple[Reason, ...]
    evidence: dict[Reason, Evidence]
    steps: tuple[Step, ...]
    conflicts: tuple[Conflict, ...] = ()
    capacity: int | None = None
    left_out: frozenset[Instant] = frozenset()
    notice: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the time may be booked."""
        return not self.reasons


def decide(request: Request, view: View) -> Decision:
    """Decides about `request`: the policy of the resource first, then its chain of functions."""
    if view.resource.fault:
        return _misconfigured("preferences", view.resource.fault, [])
    steps: list[Step] = []
    broken = judge_policy(request, view.resource)
    steps.extend(_policy_steps(broken))
    if broken:
        return Decision(tuple(broken), broken, tuple(steps))
    prepared: list[tuple[str, Prepared]] = []
    for call in view.resource.preferences.scheduling_function:
        try:
            prepared.append((str(call), prepare(call, view)))
        except (InvalidInput, NotFound) as error:
            return _misconfigured(str(call), f"line {call.line}: {call.name}: {error}", steps)
    if not prepared:
        return _misconfigured("scheduling_function", "it names no function", steps)
    return _run(request, view, prepared, steps)


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


def reject(reason: Reason, until: Instant | None = None) -> Decision:
    """A decline that needs no look at the time held; `until` is where booking ends."""
    evidence: Evidence = {} if until is None else {"until": format_instant(until)}
    step = Step("series", "DECLINED", reason.value, evidence)
    return Decision((reason,), {reason: evidence}, (step,))


def _run(
    request: Request, view: View, prepared: list[tuple[str, Prepared]], steps: list[Step]
) -> Decision:
    capacity: int | None = None
    left_out: frozenset[Instant] = frozenset()
    for name, function in prepared:
        try:
            verdict = function.judge(request, view)
        except Unavailable:
            raise
        except LimitReached as error:
            verdict = Verdict(Reason.LIMIT, {"limit": error.name, "most": str(error.limit)})
        except Exception:  # a fault of ours must decline, never accept and never loop
            return _broken(name, steps)
        steps.append(_step(name, verdict))
        if verdict.reason is not None:
            evidence = {verdict.reason: verdict.evidence}
            return Decision((verdict.reason,), evidence, tuple(steps), verdict.conflicts)
        capacity = function.capacity if capacity is None else capacity
        left_out |= verdict.left_out
    return Decision((), {}, tuple(steps), capacity=capacity, left_out=left_out)


def _step(name: str, verdict: Verdict) -> Step:
    if verdict.reason is None:
        return Step(name, "passed", evidence=verdict.evidence)
    return Step(name, "DECLINED", verdict.reason.value, verdict.evidence)


def _policy_steps(broken: dict[Reason, Evidence]) -> Iterator[Step]:
    if not broken:
        yield Step("policy", "passed")
    for reason, evidence in broken.items():
        yield Step("policy", "DECLINED", reason.value, evidence)


def _misconfigured(gate: str, why: str, steps: list[Step]) -> Decision:
    evidence: Evidence = {"why": why}
    step = Step(gate, "DECLINED", Reason.CONFIGURATION.value, evidence)
    return Decision(
        (Reason.CONFIGURATION,), {Reason.CONFIGURATION: evidence}, (*steps, step), notice=why
    )


def _broken(gate: str, steps: list[Step]) -> Decision:
    why = traceback.format_exc(limit=-8)
    evidence: Evidence = {"why": why}
    step = Step(gate, "DECLINED", Reason.INTERNAL.value, evidence)
    return Decision((Reason.INTERNAL,), {Reason.INTERNAL: evidence}, (*steps, step), notice=why)
