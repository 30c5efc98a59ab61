"""Which resources are free for a time and fit for it, and what speaks against each of the others.

A resource is asked what it would be asked by an invitation: its policy and its functions judge, and
beside them the facts that are declared of it. All reasons are looked for, so that whoever searches
can tell a room that is taken from one that would never do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from horarium.booking.decision import Ending, decide
from horarium.booking.functions.registry import prepare
from horarium.booking.functions.verdict import Judge
from horarium.booking.policy import judge_policy
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.resource import Resource
from horarium.booking.trace import Evidence, Step
from horarium.ical.address import Address
from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event
from horarium.ical.values import format_utc
from horarium.kernel.errors import InvalidInput, LimitReached, NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence, Source

# Reasons that only a search gives; those of a decision are in `booking.reasons`.
SEATS, FEATURES, LOCATION = "seats", "features", "location"
NOT_PARTICIPATING, BOOKABLE = "not_participating", "bookable"
DELEGATED, PROPOSED = "delegated", "proposed"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for: a resource free in `time`, that holds so many `people`, has all
    `features` (as `feature_key` spells them) and `location` in the text that says where it is.
    Empty and None ask for nothing.

    Without an `organizer` nothing that judges by who asks is judged.
    """

    time: Period
    now: Instant
    people: int | None = None
    features: frozenset[str] = frozenset()
    location: str = ""
    organizer: Address | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a resource would say: free when no step speaks against it, which may need a person who
    is `asking`. `unasked` names functions that judge by the organizer, where none was named."""

    resource: Resource
    against: tuple[Step, ...]
    unasked: tuple[str, ...] = ()
    asking: bool = False

    @property
    def free(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.against


def judge(wish: Wish, view: View) -> Finding:
    """What speaks against one resource: its declared facts, its policy, each of its functions."""
    resource = view.resource
    if resource.fault:
        return Finding(resource, (_against("preferences", Reason.CONFIGURATION, resource.fault),))
    steps = list(_facts(wish, resource))
    asked = request_for(wish, resource)
    if wish.organizer is not None and not steps:
        ending = decide(asked, view).ending
        if ending in (Ending.ACCEPTED, Ending.PENDING):
            return Finding(resource, (), asking=ending is Ending.PENDING)
    for reason, evidence in judge_policy(asked, resource).items():
        steps.append(Step("policy", "DECLINED", reason.value, evidence))
    unasked: list[str] = []
    for call in resource.preferences.scheduling_function:
        try:
            function = prepare(call, view)
        except (InvalidInput, NotFound) as error:
            steps.append(_against(str(call), Reason.CONFIGURATION, f"line {call.line}: {error}"))
            continue
        if function.judge is None:
            continue
        if wish.organizer is None and function.capacity is None:
            unasked.append(str(call))
            continue
        steps.extend(_asked(str(call), function.judge, asked, view))
    if wish.organizer is not None and not steps:
        # No function speaks against it, but the decision as a whole does.
        steps.append(Step("tier_in_policy", "DECLINED", "not_in_policy"))
    return Finding(resource, tuple(steps), tuple(unasked))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The free ones first, of these the smallest, those of unknown size last; then by address."""

    def rank(finding: Finding) -> tuple[bool, bool, int, str]:
        seats = finding.resource.preferences.seats
        return not finding.free, seats is None, seats or 0, finding.resource.address.key

    return sorted(findings, key=rank)


def _against(gate: str, reason: Reason, why: str) -> Step:
    return Step(gate, "DECLINED", reason.value, {"why": why})


def _facts(wish: Wish, resource: Resource) -> Iterable[Step]:
    preferences = resource.preferences
    if preferences.participating == "no":
        yield Step("participating", "DECLINED", NOT_PARTICIPATING)
    if not preferences.bookable:
        yield Step("bookable", "DECLINED", BOOKABLE)
    if wish.people is not None:
        seats, most = preferences.seats, preferences.max_attendees
        if seats is None or seats < wish.people:
            yield _fact(SEATS, {"seats": seats, "asked": wish.people})
        if most is not None and most < wish.people:
            reason = Reason.MAX_ATTENDEES.value
            yield Step("policy", "DECLINED", reason, {"most": most, "asked": wish.people})
    missing = sorted(wish.features - preferences.features)
    if missing:
        yield _fact(FEATURES, {"missing": " ".join(missing)})
    place = preferences.location
    if wish.location.casefold() not in place.casefold():
        yield _fact(LOCATION, {"location": place or None})


def _fact(name: str, evidence: Evidence) -> Step:
    return Step(name, "DECLINED", name, evidence)


def request_for(wish: Wish, resource: Resource) -> Request:
    """The request that an invitation for the wished time would be; without an organizer it is the
    resource itself."""
    time = wish.time
    occurrence = Occurrence(time.start, time.start, time.end, Source.DTSTART)
    return Request(
        uid="",
        event=_event(wish, resource),
        organizer=wish.organizer if wish.organizer is not None else resource.address,
        organizer_name="",
        attendees=(),
        occurrences=(occurrence,),
        chargeable=(occurrence,),
        recurring=False,
        endless=False,
        frequency=None,
        restates=False,
        whole_day=False,
        times_changed=True,
        overflows=False,
        now=wish.now,
    )


def _event(wish: Wish, resource: Resource) -> Event:
    """The event that an invitation for the wished time would be, on the resource's clocks."""
    time = wish.time
    lines = [
        ContentLine("DTSTART", (), format_utc(time.start)),
        ContentLine("DTEND", (), format_utc(time.end)),
    ]
    return Event(
        uid="", sequence=0, dtstamp=wish.now, organizer=None, attendees=(), recurrence_id=None,
        start=None, first=time, whole_day=False, series=None, rule=None, endless=False,
        summary=None, location=None, status=None, transp="OPAQUE", klass="PUBLIC", notes=(),
        component=Component("VEVENT", lines), zone=resource.zone,
    )  # fmt: skip


def _asked(name: str, judge: Judge, request: Request, view: View) -> Iterable[Step]:
    try:
        verdict = judge(request, view)
    except LimitReached as error:
        evidence: Evidence = {"limit": error.name, "most": str(error.limit)}
        yield Step(name, "DECLINED", Reason.LIMIT.value, evidence)
        return
    if verdict.reason is not None:
        yield Step(name, "DECLINED", verdict.reason.value, verdict.evidence)
    elif verdict.delegate:
        yield Step(name, "DELEGATED", DELEGATED, {"to": verdict.delegate})
    elif verdict.proposal is not None:
        yield Step(name, "COUNTER", PROPOSED, verdict.evidence)
