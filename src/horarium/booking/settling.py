"""What a decision leaves behind that is not an acceptance: requests that stay open, time that is
held meanwhile, and what happens at the resource that stands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from horarium.booking.case import Case, Following
from horarium.booking.charging import charges_for
from horarium.booking.content import kept_summary, times_digest
from horarium.booking.decision import Decision, Ending, approvers_of
from horarium.booking.event_state import Slot, Stamp
from horarium.booking.freebusy import find_conflicts, occupied, reservation
from horarium.booking.functions.schedule_for_delegate import capacity_for
from horarium.booking.open_request import Awaits, OpenRequest, slot_text
from horarium.booking.outcome import Elsewhere
from horarium.booking.ports import Holding, Provisional, Reservation
from horarium.booking.preferences import Preferences
from horarium.booking.quota import Charge
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.ical.event import Event
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence

# A delegate that has not answered by then counts as one that declined.
HOLD_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Judged:
    """One component of a message with its decision: what is left behind by it is asked here.
    `changes` are the changed occurrences that are handed on with it, by their original starts."""

    event: Event
    slot: Slot
    stamp: Stamp
    request: Request
    decision: Decision
    changes: Mapping[Instant, Event] = field(default_factory=dict)


@dataclass(slots=True)
class Left:
    """What the judged components of one message leave behind, gathered."""

    provisional: list[Provisional] = field(default_factory=list)
    pending: list[Charge] = field(default_factory=list)
    opened: list[OpenRequest] = field(default_factory=list)
    elsewhere: list[Elsewhere] = field(default_factory=list)


def leave_behind(
    case: Case, judged: Sequence[Judged], slots: Iterable[Slot], *, whole: bool
) -> Following:
    """What follows from the judged components, and the end of what was open for their `slots` (or,
    `whole`, for all of the event) before."""
    left = Left()
    for item in judged:
        _LEAVING[item.decision.ending](case, item, left)
    keys = {slot[0] for slot in slots}
    if not whole:
        kept = case.reservations.provisional(case.message.uid)
        left.provisional[:0] = [p for p in kept if p.reservation.original not in keys]
        charged = case.reservations.charges(case.message.uid)
        left.pending[:0] = [c for c in charged if c.pending and c.original not in keys]
    return Following(
        opened=tuple(left.opened),
        settled=frozenset(slot_text(slot) for slot in slots),
        whole=whole,
        elsewhere=tuple(left.elsewhere),
        provisional=tuple(left.provisional),
        pending=tuple(left.pending),
    )


def own_time_only(request: Request, decision: Decision, view: View) -> bool:
    """Whether a request was declined only because of what its own organizer holds already."""
    organizer = request.organizer.key
    if decision.reasons == (Reason.ALREADY_HOLDS_RELATED,):
        return True
    if decision.reasons == (Reason.QUOTA,):
        return decision.evidence[Reason.QUOTA].get("identity") == organizer
    if decision.reasons != (Reason.CONFLICT,):
        return False
    others = [item for item in view.held(request) if item.organizer != organizer]
    capacity = capacity_for(view.resource.preferences.scheduling_function)
    return not find_conflicts(request.occurrences, others, view.resource, capacity)


# --- by ending ---------------------------------------------------------------------


def _accepted(case: Case, item: Judged, left: Left) -> None:
    """What is booked is laid down; the pool is told whose turn it was."""
    own = case.message.resource.address.key
    for step in item.decision.steps:
        if step.evidence.get("chosen") == own:
            left.elsewhere.append(Elsewhere(own, pool=str(step.evidence["quota"])))


def _declined(case: Case, item: Judged, left: Left) -> None:
    preferences = case.message.resource.preferences
    if not preferences.redecide_window or case.message.again is not None:
        return
    view = View(case.message.resource, case.reservations, case.surroundings)
    if own_time_only(item.request, item.decision, view):
        expires = Instant(case.now + preferences.redecide_window)
        left.opened.append(_open(case, item, Awaits.OWN_TIME, expires))


def _countered(case: Case, item: Judged, left: Left) -> None:
    offered = case.message.resource.preferences.freebusy_offers
    proposal = item.decision.proposal
    assert proposal is not None
    if offered is None:
        return
    expires = Instant(case.now + offered)
    left.provisional += _held(case, item, proposal.request.occurrences, Holding.OFFER, expires)
    left.opened.append(_open(case, item, Awaits.ORGANIZER, expires))


def _pending(case: Case, item: Judged, left: Left) -> None:
    resource = case.message.resource
    first = min(o.start for o in item.request.occurrences)
    expires = Instant(case.now + resource.preferences.approval_timeout)
    if first > case.now:
        expires = min(expires, first)
    kept = item.request.without(item.decision.left_out)
    if resource.preferences.pending_holds:
        left.provisional += _held(case, item, kept.occurrences, Holding.PENDING, None)
    charged = kept.chargeable if kept.chargeable is not None else kept.occurrences
    left.pending += charges_for(
        item.decision.charges, item.request.organizer.key, charged, resource, pending=True
    )
    view = View(resource, case.reservations, case.surroundings)
    left.opened.append(
        _open(
            case, item, Awaits.APPROVAL, expires, approvers=tuple(sorted(approvers_of(view))),
            reasons=tuple(reason.value for reason in item.decision.reasons),
        )
    )  # fmt: skip


def _waiting(case: Case, item: Judged, left: Left) -> None:
    expires = waiting_ends(item.request, case.message.resource.preferences)
    left.opened.append(_open(case, item, Awaits.TIME, expires))


def waiting_ends(request: Request, preferences: Preferences) -> Instant:
    """When a request stops waiting for its time."""
    first = min(o.start for o in request.occurrences)
    return Instant(first - preferences.waiting_cutoff)


def _delegated(case: Case, item: Judged, left: Left) -> None:
    expires = Instant(case.now + HOLD_SECONDS)
    before = case.delegated
    left.opened.append(
        _open(
            case, item, Awaits.DELEGATE, expires, stand_in=item.decision.delegate,
            tried=item.request.delegation.tried, stands=False,
        )
    )  # fmt: skip
    member = case.surroundings.member(item.decision.delegate)
    assert member is not None
    digest = times_digest(item.event)
    held = tuple(
        Provisional(
            _provisional(item, o, member.resource.preferences, Holding.HOLD, expires),
            asked_by=case.message.resource.address.key,
            sequence=item.event.sequence,
            digest=digest if change is None else f"{digest} {times_digest(change)}",
        )
        for o in item.request.occurrences
        for change in (item.changes.get(o.original),)
    )
    pool = _pool_of(item)
    again = before is not None and before.stand_in == item.decision.delegate
    left.elsewhere.append(Elsewhere(item.decision.delegate, held, pool="" if again else pool))


def _pool_of(item: Judged) -> str:
    for step in item.decision.steps:
        if step.verdict == "DELEGATED":
            return str(step.evidence.get("quota") or "")
    return ""


_LEAVING = {
    Ending.ACCEPTED: _accepted,
    Ending.DECLINED: _declined,
    Ending.COUNTER: _countered,
    Ending.PENDING: _pending,
    Ending.WAITING: _waiting,
    Ending.DELEGATED: _delegated,
}


# --- pieces ------------------------------------------------------------------------


def _held(
    case: Case,
    item: Judged,
    occurrences: Sequence[Occurrence],
    holding: Holding,
    expires: Instant | None,
) -> list[Provisional]:
    preferences = case.message.resource.preferences
    return [Provisional(_provisional(item, o, preferences, holding, expires)) for o in occurrences]


def _provisional(
    item: Judged, occurrence: Occurrence, preferences: Preferences, holding: Holding,
    expires: Instant | None,
) -> Reservation:  # fmt: skip
    request = item.request
    plain = reservation(request.uid, occurrence, preferences, recurring=request.recurring)
    return replace(
        plain, organizer=request.organizer.key, organizer_name=request.organizer_name,
        summary=kept_summary(item.event, preferences), holding=holding, expires=expires,
    )  # fmt: skip


def _open(
    case: Case, item: Judged, awaits: Awaits, expires: Instant | None, **more: Any
) -> OpenRequest:
    preferences = case.message.resource.preferences
    taken = [occupied(o.start, o.end, preferences) for o in item.request.occurrences]
    span = Period(min(p.start for p in taken), max(p.end for p in taken))
    return OpenRequest(
        uid=case.message.uid, slot=item.slot, awaits=awaits, stamp=item.stamp,
        organizer=item.request.organizer.key, span=span, expires=expires,
        summary=kept_summary(item.event, preferences), **more,
    )  # fmt: skip
