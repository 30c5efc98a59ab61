"""What a resource does with each method of each component (RFC 5546 1.4, 3.2, 3.3)."""

from __future__ import annotations

from dataclasses import replace

from horarium.booking.case import Case, Following
from horarium.booking.event_state import EntryState
from horarium.booking.hearing import heard_event
from horarium.booking.itip_cancel import handle_cancel
from horarium.booking.itip_delegate import handle_delegates_reply
from horarium.booking.itip_freebusy import handle_freebusy
from horarium.booking.itip_request import handle_add, handle_request
from horarium.booking.message import EventMessage
from horarium.booking.open_request import Awaits, slot_text
from horarium.booking.outcome import Outcome, Result
from horarium.booking.ports import Holding, Reservations, Surroundings
from horarium.booking.refreshing import ask_again
from horarium.booking.reported_time import hear_report
from horarium.booking.request import NOWHERE
from horarium.booking.trace import Step
from horarium.ical.event import InvalidComponent


def handle(
    message: EventMessage, reservations: Reservations, surroundings: Surroundings = NOWHERE
) -> Outcome:
    """Decides what one event in one message means for the resource. Pure: what it returns is all
    that is to be kept and sent."""
    case = Case.begin(message, reservations, surroundings)
    kind = message.components[0].name
    if kind == "VFREEBUSY":
        if message.method == "REQUEST":
            return handle_freebusy(case)
        if message.method in ("PUBLISH", "REPLY"):
            return _keep_report(case)
        return case.ignore("method", f"freebusy_{message.method.lower()}")
    if message.method == "REQUEST":
        return handle_request(case)
    if message.method == "CANCEL":
        return handle_cancel(case)
    if message.method == "ADD":
        return _add(case)
    if message.method == "REPLY":
        return handle_delegates_reply(case)
    if message.method == "DECLINECOUNTER":
        return _drop_offers(case)
    # A resource organizes nothing: there is nobody the others could speak to.
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


def _keep_report(case: Case) -> Outcome:
    """The free/busy of others is kept: it counts where another time is looked for."""
    try:
        heard = hear_report(case, case.surroundings.known)
    except InvalidComponent as error:
        return case.ignore("validity", f"invalid_{error.prop.lower()}")
    if heard.party is None:
        return case.ignore(heard.gate, heard.reason)
    case.trace.append(Step("commit", Result.UNCHANGED.value, "freebusy_kept"))
    return replace(case.close(Result.UNCHANGED, "freebusy_kept"), known=heard.change)


def _drop_offers(case: Case) -> Outcome:
    """DECLINECOUNTER: the organizer does not want the proposed time, so it is free again."""
    event = heard_event(case)
    if isinstance(event, Outcome):
        return event
    offers = [o for o in case.open if o.awaits is Awaits.ORGANIZER]
    if not offers:
        return case.ignore("order", "no_offer", event=event)
    kept = tuple(
        held
        for held in case.reservations.provisional(case.message.uid)
        if held.reservation.holding is not Holding.OFFER
    )
    charges = case.reservations.charges(case.message.uid)
    pending = tuple(charge for charge in charges if charge.pending)
    case.trace.append(Step("commit", Result.CANCELLED.value, "offer_declined"))
    follow = Following(
        settled=frozenset(slot_text(o.slot) for o in offers), provisional=kept, pending=pending
    )
    return case.close(Result.CANCELLED, "offer_declined", event=event, follow=follow)
