"""REPLY of a resource that stands in for this one (RFC 5546 3.2.2.3): it accepts, or the next one
is asked."""

from __future__ import annotations

from dataclasses import replace

from horarium.booking.case import Case, Following
from horarium.booking.open_request import Awaits, OpenRequest, Why, slot_text
from horarium.booking.outcome import Outcome, Result
from horarium.booking.stored_event import occurrence_key, read_component
from horarium.booking.trace import Step
from horarium.ical.event import Event, InvalidComponent


def handle_delegates_reply(case: Case) -> Outcome:
    """Hears a REPLY only from the one that was asked to stand in, and only on what it was asked."""
    message, resource = case.message, case.message.resource
    try:
        event = read_component(message.components[0], case.book, resource, needs_start=False)
    except InvalidComponent as error:
        return case.ignore("validity", f"invalid_{error.prop.lower()}")
    request = _asked(case, event)
    sender = message.origin.voice.sender
    if request is None or sender is None or not message.origin.ours:
        return case.ignore("method", "method_reply", event=event)
    if sender.key != request.stand_in or event.sequence != request.stamp.sequence:
        return case.ignore("sender", "delegation_unknown", event=event)
    own = next((a for a in event.attendees if a.address.key == sender.key), None)
    if own is None:
        return case.ignore("addressee", "not_attendee", event=event)
    if own.partstat == "ACCEPTED":
        return _accepted(case, event, request)
    if own.partstat == "DECLINED":
        return _declined(case, event, request)
    # It waits for somebody itself; its hold is not to lapse meanwhile.
    case.trace.append(Step("commit", Result.UNCHANGED.value, own.partstat.lower()))
    waiting = replace(request, expires=None)
    return case.close(
        Result.UNCHANGED, "stand_in_waits", event=event, follow=Following(opened=(waiting,))
    )


def _asked(case: Case, event: Event) -> OpenRequest | None:
    zone = case.message.resource.zone
    which = event.recurrence_id
    key = None if which is None else occurrence_key(which, event.whole_day, None, zone)
    for request in case.open:
        if request.awaits is Awaits.DELEGATE and request.slot[0] == key:
            return request
    return None


def _accepted(case: Case, event: Event, request: OpenRequest) -> Outcome:
    """The one that stands in attends: the request stays, so that changes find their way to it."""
    if request.stands:
        case.trace.append(Step("commit", Result.UNCHANGED.value, "known_already"))
        return case.close(Result.UNCHANGED, "known_already", event=event)
    stands = replace(request, stands=True, expires=None)
    wanted: tuple[tuple[str, Why], ...] = ()
    if case.message.resource.preferences.delegation_reply == "accept_as_asked":
        wanted = ((slot_text(request.slot), Why.DELEGATE_ACCEPTED),)
    case.trace.append(Step("commit", Result.DELEGATED.value, "stand_in_accepted"))
    follow = Following(opened=(stands,), wanted=wanted)
    return case.close(Result.DELEGATED, "stand_in_accepted", event=event, follow=follow)


def _declined(case: Case, event: Event, request: OpenRequest) -> Outcome:
    """The next one is asked; of a single occurrence nobody else is, and the refusal stands."""
    case.trace.append(Step("commit", Result.UNCHANGED.value, "stand_in_declined"))
    slot = slot_text(request.slot)
    if request.slot[0] is not None:
        return case.close(
            Result.UNCHANGED, "stand_in_declined", event=event,
            follow=Following(settled=frozenset({slot})),
        )  # fmt: skip
    follow = Following(opened=(request,), wanted=((slot, Why.DELEGATE_DECLINED),))
    return case.close(Result.UNCHANGED, "stand_in_declined", event=event, follow=follow)
