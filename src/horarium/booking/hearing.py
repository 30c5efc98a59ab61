"""The event of a message that its organizer alone may send, once the message is heard."""

from __future__ import annotations

from horarium.booking.case import Case
from horarium.booking.outcome import Outcome
from horarium.booking.stored_event import read_component
from horarium.ical.event import Event, InvalidComponent


def heard_event(case: Case) -> Event | Outcome:
    """The first component of the message; or how the case ends where it can not be read, names no
    organizer, or is not heard from whoever sent it."""
    message, resource = case.message, case.message.resource
    try:
        event = read_component(message.components[0], case.book, resource, needs_start=False)
    except InvalidComponent as error:
        return case.ignore("validity", f"invalid_{error.prop.lower()}")
    if event.organizer is None:
        return case.ignore("sender", "no_organizer", hold=True)
    standing = case.hear(event.organizer)
    if not standing.heard:
        return case.ignore("sender", standing.reason, event=event, hold=True)
    return event
