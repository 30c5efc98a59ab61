"""REQUEST: a whole event, or changed occurrences of one, judged and answered (RFC 5546 3.2.2)."""

from __future__ import annotations

from horarium.booking.answering import decline_invalid, stand_in_accepted
from horarium.booking.approving import ask_for_sender
from horarium.booking.case import Case
from horarium.booking.open_request import Why
from horarium.booking.outcome import Outcome
from horarium.booking.reply import own_address
from horarium.booking.request_handling import RequestHandling
from horarium.booking.stored_event import (
    read_component,
)
from horarium.ical.component import Component
from horarium.ical.event import Event, InvalidComponent


def handle_request(case: Case) -> Outcome:
    """Decides about every component of a REQUEST and writes the one answer."""
    try:
        events = [_read(case, component) for component in case.message.components]
    except InvalidComponent as error:
        return _refuse_invalid(case, error)
    head = next((e for e in events if e.recurrence_id is None), events[0])
    stopped = _gates(case, head, events)
    if stopped is not None:
        return stopped
    again = case.message.again
    if again is not None and again.why is Why.DELEGATE_ACCEPTED:
        assert head.organizer is not None
        return stand_in_accepted(case, head.organizer, head)
    return RequestHandling(case, head).handle(events)


def handle_add(case: Case) -> Outcome:
    """ADD: each new occurrence of a known event is judged like a request for it."""
    try:
        events = [_read(case, component) for component in case.message.components]
    except InvalidComponent as error:
        return _refuse_invalid(case, error)
    stopped = _gates(case, events[0], events)
    if stopped is not None:
        return stopped
    return RequestHandling(case, events[0]).add(events)


def _read(case: Case, component: Component) -> Event:
    return read_component(component, case.book, case.message.resource)


def _gates(case: Case, head: Event, events: list[Event]) -> Outcome | None:
    """The gates before order: the sender, the addressee, the stamps."""
    if head.organizer is None:
        return case.ignore("sender", "no_organizer", event=head, hold=True)
    standing = case.hear(head.organizer)
    if not standing.heard:
        asked = ask_for_sender(case, head, standing.reason)
        if asked is not None:
            return asked
        notice = f"{case.message.uid}: another organizer than before" if standing.alarm else ""
        return case.ignore("sender", standing.reason, event=head, hold=True, notice=notice)
    if case.asked_by and not case.holds_for_all(events):
        return case.ignore("sender", "delegation_unknown", event=head, hold=True)
    fault = case.addressee_fault(head)
    if fault and not case.message.passed_on:
        return case.ignore("addressee", fault, event=head)
    case.passed("addressee")
    if any(case.is_ahead(event) for event in events):
        return case.ignore("order", "dtstamp_future", event=head)
    return None


def _refuse_invalid(case: Case, error: InvalidComponent) -> Outcome:
    if error.organizer is None or not error.uid:
        reason = "no_uid" if not error.uid else "no_organizer"
        return case.ignore("validity", reason, hold=True)
    standing = case.hear(error.organizer)
    if not standing.heard:
        return case.ignore("sender", standing.reason, hold=True)
    if error.organizer.address.key in case.message.resource.aliases:
        return case.ignore("addressee", "self")
    if all(own_address(case.message, item) is None for item in case.message.components):
        return case.ignore("addressee", "not_attendee")
    return decline_invalid(case, error)
