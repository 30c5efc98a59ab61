"""What comes to a person by mail: recorded, told, and never decided (RFC 5546 3.2, 3.3)."""

from __future__ import annotations

from collections.abc import Callable

from horarium.booking.message import EventMessage
from horarium.booking.persons.answers import take_counter, take_reply
from horarium.booking.persons.invitations import (
    take_add,
    take_cancel,
    take_decline_counter,
    take_publish,
    take_request,
)
from horarium.booking.persons.ports import PersonMemory
from horarium.booking.persons.recording import Recorded, Recording
from horarium.booking.persons.refreshing import take_refresh
from horarium.booking.persons.timetables import take_freebusy_report, take_freebusy_request
from horarium.booking.ports import Reservations
from horarium.ical.event import InvalidComponent
from horarium.kernel.errors import LimitReached

_EVENT: dict[str, Callable[[Recording], Recorded]] = {
    "REQUEST": take_request,
    "PUBLISH": take_publish,
    "ADD": take_add,
    "CANCEL": take_cancel,
    "REPLY": take_reply,
    "COUNTER": take_counter,
    "DECLINECOUNTER": take_decline_counter,
    "REFRESH": take_refresh,
}
_FREEBUSY: dict[str, Callable[[Recording], Recorded]] = {
    "REQUEST": take_freebusy_request,
    "PUBLISH": take_freebusy_report,
    "REPLY": take_freebusy_report,
}


def take_incoming(
    message: EventMessage, reservations: Reservations, memory: PersonMemory
) -> Recorded:
    """What one event in one message changes in a person's records. Pure: what it returns is all
    that is to be kept, sent and told; the message itself reaches the person whatever it says."""
    recording = Recording.open(message, reservations, memory)
    table = _FREEBUSY if message.components[0].name == "VFREEBUSY" else _EVENT
    handler = table.get(message.method)
    if handler is None:
        return recording.ignore("method", f"method_{message.method.lower()[:40]}")
    return guarded(recording, handler)


def guarded(recording: Recording, handler: Callable[[Recording], Recorded]) -> Recorded:
    """The end of a handling in which what can not be read, or is too much, is recorded as such."""
    try:
        return handler(recording)
    except InvalidComponent as error:
        return recording.ignore("validity", f"invalid_{error.prop.lower()}")
    except LimitReached as error:
        return recording.ignore("limits", f"limit:{error.name}")
