"""What a resource does with each method of each component (RFC 5546 1.4, 3.2, 3.3)."""

from __future__ import annotations

from horarium.booking.case import Case
from horarium.booking.event_state import EntryState
from horarium.booking.itip_cancel import handle_cancel
from horarium.booking.itip_freebusy import handle_freebusy
from horarium.booking.itip_request import handle_add, handle_request
from horarium.booking.message import EventMessage
from horarium.booking.outcome import Outcome
from horarium.booking.ports import Reservations
from horarium.booking.refreshing import ask_again


def handle(message: EventMessage, reservations: Reservations) -> Outcome:
    """Decides what one event in one message means for the resource. Pure: what it returns is all
    that is to be kept and sent."""
    case = Case.open(message, reservations)
    kind = message.components[0].name
    if kind == "VFREEBUSY":
        if message.method == "REQUEST":
            return handle_freebusy(case)
        return case.ignore("method", f"freebusy_{message.method.lower()}")
    if message.method == "REQUEST":
        return handle_request(case)
    if message.method == "CANCEL":
        return handle_cancel(case)
    if message.method == "ADD":
        return _add(case)
    # A resource organizes nothing and offers nothing: there is nobody these could speak to.
    return case.ignore("method", f"method_{message.method.lower()}")


def _add(case: Case) -> Outcome:
    wish = case.message.resource.preferences.add_method_response
    if wish == "ignore":
        return case.ignore("method", "add_ignored")
    master = case.state.master
    known = master is not None and master.state is EntryState.BOOKED
    if wish == "add" and known:
        return handle_add(case)
    return ask_again(case)
