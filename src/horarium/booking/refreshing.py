"""REFRESH: the question to an organizer for the whole of an event (RFC 5546 3.2.6)."""

from __future__ import annotations

from horarium.booking.case import Case
from horarium.booking.hearing import heard_event
from horarium.booking.outcome import Outcome, Result
from horarium.booking.reply import catalogue_for, post, titled
from horarium.booking.trace import Step
from horarium.ical.component import Component, serialize
from horarium.ical.event import Event
from horarium.ical.writing import address_line, copied, instant_line, vcalendar


def ask_again(case: Case) -> Outcome:
    """Asks the organizer of a message for the whole event, if the message is heard."""
    event = heard_event(case)
    if isinstance(event, Outcome):
        return event
    fault = case.addressee_fault(event)
    if fault:
        return case.ignore("addressee", fault, event=event)
    if case.message.origin.bulk:
        return case.ignore("sender", "bulk", event=event)
    return _refresh(case, event)


def _refresh(case: Case, event: Event) -> Outcome:
    message, organizer = case.message, event.organizer
    assert organizer is not None
    lines = [
        *copied(event.component, ("UID",)),
        instant_line("DTSTAMP", message.now),
        organizer.line.without("SENT-BY"),
        address_line("ATTENDEE", message.resource.address),
    ]
    catalogue = catalogue_for(message, organizer)
    mail = post(
        message, organizer.address.text, kind="refresh", sequence=event.sequence,
        subject=titled(catalogue, "REFRESH", event.summary),
        text=catalogue.text("refresh") + "\n",
        calendar=serialize(vcalendar("REFRESH", [Component("VEVENT", lines)])), method="REFRESH",
    )  # fmt: skip
    case.trace.append(Step("commit", Result.REFRESHED.value))
    return case.close(Result.REFRESHED, "", event=event, mails=(mail,))
