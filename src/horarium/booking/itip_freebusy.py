"""VFREEBUSY REQUEST: the resource tells when it is busy, and nothing else (RFC 5546 3.3.2)."""

from __future__ import annotations

from collections.abc import Callable

from horarium.booking.case import Case
from horarium.booking.decision import capacity_of
from horarium.booking.freebusy import held_in
from horarium.booking.outcome import Outcome, Result
from horarium.booking.ports import Holding
from horarium.booking.reply import catalogue_for, post, request_status
from horarium.booking.request import View
from horarium.booking.resource import Resource
from horarium.booking.trace import Step
from horarium.ical.component import serialize
from horarium.ical.event import InvalidComponent
from horarium.ical.freebusy import FreeBusyRequest, read_freebusy, write_freebusy
from horarium.ical.writing import address_line, vcalendar
from horarium.kernel.capacity import full
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet


def busy_times(view: View, within: Period) -> dict[str, PeriodSet]:
    """The published free/busy by FBTYPE: BUSY where the capacity is exhausted (or where anything
    is booked, as the preference says), BUSY-TENTATIVE where it is with offers, holds and what waits
    for approval, BUSY-UNAVAILABLE outside the working hours."""
    resource = view.resource
    held = held_in(view.reservations, [within], resource)
    booked = [item.occupied for item in held if item.holding is Holding.BOOKED]
    capacity = capacity_of(view) or 1

    def shown(periods: list[Period]) -> PeriodSet:
        found = periods if resource.preferences.freebusy_shows == "any" else list(
            full(periods, within, capacity)
        )  # fmt: skip
        return PeriodSet(found).clip(within.start, within.end)

    found = {"BUSY": shown(booked)}
    if len(booked) < len(held):
        everything = shown([item.occupied for item in held])
        found["BUSY-TENTATIVE"] = everything.subtract(found["BUSY"])
    hours = resource.preferences.working_hours
    if hours is not None:
        open_time = hours.open_periods(within.start, within.end, resource.zone)
        closed = open_time.gaps(within).subtract(found["BUSY"])
        found["BUSY-UNAVAILABLE"] = closed.subtract(found.get("BUSY-TENTATIVE", PeriodSet()))
    return found


# What is busy in a stretch, by FBTYPE.
Busy = Callable[[View, Period], dict[str, PeriodSet]]


def handle_freebusy(case: Case, busy: Busy = busy_times) -> Outcome:
    """Answers a free/busy request of a sender that is its organizer."""
    resource = case.message.resource
    try:
        request = read_freebusy(
            case.message.components[0],
            case.book,
            resource.zone,
            resource.parse_limits,
            local_domains=resource.ways.local_domains,
        )
    except InvalidComponent as error:
        return case.ignore("validity", f"invalid_{error.prop.lower()}")
    if request.organizer is None:
        return case.ignore("sender", "no_organizer")
    standing = case.hear(request.organizer)
    if not standing.heard:
        return case.ignore("sender", standing.reason)
    asked = {attendee.address.key for attendee in request.attendees}
    if not asked & resource.aliases:
        return case.ignore("addressee", "not_attendee")
    if case.message.origin.bulk:
        return case.ignore("sender", "bulk")
    return _answer(case, request, busy)


def _answer(case: Case, request: FreeBusyRequest, times: Busy) -> Outcome:
    message, resource = case.message, case.message.resource
    assert request.organizer is not None
    busy = times(View(resource, case.reservations), Period(request.start, request.end))
    own = next(a for a in request.attendees if a.address.key in resource.aliases)
    component = write_freebusy(
        uid=request.uid,
        dtstamp=message.now,
        start=request.start,
        end=request.end,
        busy=busy,
        organizer=request.organizer.line.without("SENT-BY"),
        attendee=address_line("ATTENDEE", own.address, _name(resource)),
        status=request_status("2.9", "DTEND") if request.cut else None,
    )
    catalogue = catalogue_for(message, request.organizer)
    zone = resource.zone
    text = catalogue.text(
        "freebusy",
        resource=resource.name,
        start=catalogue.day(zone.to_wall(request.start)),
        end=catalogue.day(zone.to_wall(Instant(request.end - 1))),
    )
    mail = post(
        message, request.organizer.address.text, kind="freebusy", sequence=0,
        subject=catalogue.text("subject.FREEBUSY", resource=resource.name), text=text + "\n",
        calendar=serialize(vcalendar("REPLY", [component])), method="REPLY",
    )  # fmt: skip
    case.trace.append(Step("commit", Result.ANSWERED.value))
    return case.close(Result.ANSWERED, "", mails=(mail,))


def _name(resource: Resource) -> dict[str, str]:
    return {"CN": resource.preferences.name} if resource.preferences.name else {}
