"""The mails beside a REPLY: a proposal, the hand-over to a resource that stands in, the question
to an approver (RFC 5546 3.2.7, 3.2.2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from horarium.booking.content import zone_components
from horarium.booking.message import EventMessage
from horarium.booking.outcome import Mail
from horarium.booking.reply import (
    MOST_SUMMARY,
    Answer,
    attendee_line,
    catalogue_for,
    own_attendee,
    post,
    reply_mail,
    titled,
)
from horarium.booking.resource import Resource
from horarium.ical.component import Component, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event
from horarium.ical.participant import Participant
from horarium.ical.tzid import ZoneBook
from horarium.ical.writing import address_line, copied, instant_line, text_line, vcalendar

_TIMES = ("DTSTART", "DTEND", "DURATION")
_RULES = ("RRULE", "RDATE", "EXDATE")


def counter_mail(
    message: EventMessage, organizer: Participant, proposed: Event, book: ZoneBook,
    lines: Sequence[str], *, held: bool,
) -> Mail:  # fmt: skip
    """COUNTER: the event at the `proposed` times; `held` tells that they are kept free for it."""
    catalogue = catalogue_for(message, organizer)
    answer = Answer(proposed, "TENTATIVE" if held else "DECLINED", ())
    comment = " ".join(line.strip() for line in lines)
    properties = [
        text_line("UID", proposed.uid),
        ContentLine("SEQUENCE", (), str(proposed.sequence)),
        instant_line("DTSTAMP", message.now),
        organizer.line.without("SENT-BY"),
        attendee_line(message, proposed, answer),
        *_named(proposed.component, ("RECURRENCE-ID", *_TIMES, *_RULES)),
        *([text_line("SUMMARY", proposed.summary[:MOST_SUMMARY])] if proposed.summary else []),
        text_line("COMMENT", comment[:500]),
    ]
    zones = zone_components(properties, book, proposed.first)
    calendar = serialize(vcalendar("COUNTER", [*zones, Component("VEVENT", properties)]))
    return post(
        message, organizer.address.text, kind="counter", sequence=proposed.sequence,
        subject=titled(catalogue, "COUNTER", proposed.summary),
        text="\n".join(lines) + "\n", calendar=calendar, method="COUNTER",
    )  # fmt: skip


def delegation_mails(
    message: EventMessage, organizer: Participant, events: Sequence[Event], delegate: Resource,
    book: ZoneBook, lines: Sequence[str], *, tell_organizer: bool,
) -> tuple[Mail, ...]:  # fmt: skip
    """The hand-over of `events` (the master and its changes): the REPLY that says so, if the
    organizer is to be told, and the REQUEST to the one that stands in."""
    catalogue = catalogue_for(message, organizer)
    head = events[0]
    own = own_attendee(message, head)
    own_uri = own.address.uri if own is not None else message.resource.address.uri
    partner = _partner(delegate, own_uri, "NEEDS-ACTION")
    subject = titled(catalogue, "DELEGATED", head.summary)
    text = "\n".join(lines) + "\n"
    mails = []
    if tell_organizer:
        answers = [
            Answer(
                event, "DELEGATED", (("2.7", ""),), " ".join(lines),
                delegated_to=delegate.address.uri, partner=partner,
            )
            for event in events
            if event.status != "CANCELLED"
        ]  # fmt: skip
        mails.append(reply_mail(message, organizer, answers, book, subject, text))
    components = [_handed_on(message, organizer, event, delegate, own_uri) for event in events]
    properties = [line for component in components for line in component.properties]
    zones = zone_components(properties, book, head.first)
    calendar = serialize(vcalendar("REQUEST", [*zones, *components]))
    mails.append(
        post(
            message, delegate.address.text, kind="delegation", sequence=head.sequence,
            subject=subject, text=text, calendar=calendar, method="REQUEST", ours=True,
        )
    )  # fmt: skip
    return tuple(mails)


def _handed_on(
    message: EventMessage, organizer: Participant, event: Event, delegate: Resource, own_uri: str
) -> Component:
    """The event as asked, with the two attendees of the hand-over and no others."""
    answer = Answer(event, "DELEGATED", (), delegated_to=delegate.address.uri)
    stamp = event.component.first("DTSTAMP") or instant_line("DTSTAMP", message.now)
    asked = _partner(delegate, own_uri, "NEEDS-ACTION", rsvp=True)
    lines = [
        text_line("UID", event.uid),
        ContentLine("SEQUENCE", (), str(event.sequence)),
        stamp,
        organizer.line.without("SENT-BY"),
        attendee_line(message, event, answer),
        asked,
        *_named(event.component, ("RECURRENCE-ID", *_TIMES, *_RULES)),
        *(_named(event.component, ("STATUS",)) if event.status == "CANCELLED" else ()),
        *copied(event.component, ("SUMMARY", "LOCATION")),
    ]
    return Component("VEVENT", lines)


def partner_line(resource: Resource, delegate_uri: str) -> ContentLine:
    """The ATTENDEE of the one that handed the event on to `delegate_uri`."""
    parameters = {"PARTSTAT": "DELEGATED", "DELEGATED-TO": delegate_uri, "CUTYPE": "RESOURCE"}
    if resource.preferences.name:
        parameters["CN"] = resource.preferences.name
    return address_line("ATTENDEE", resource.address, parameters)


def _partner(delegate: Resource, own_uri: str, partstat: str, *, rsvp: bool = False) -> ContentLine:
    parameters = {"PARTSTAT": partstat, "DELEGATED-FROM": own_uri, "CUTYPE": "RESOURCE"}
    if rsvp:
        parameters["RSVP"] = "TRUE"
    if delegate.preferences.name:
        parameters["CN"] = delegate.preferences.name
    return address_line("ATTENDEE", delegate.address, parameters)


def approval_mail(
    message: EventMessage, organizer: Participant | None, approver: str, event: Event,
    lines: Iterable[str], token: str,
) -> Mail:  # fmt: skip
    """The question to one approver; `token` names the request in commands and in the answer."""
    catalogue = catalogue_for(message, organizer)
    subject = titled(catalogue, "APPROVAL", event.summary)
    return post(
        message, approver, kind=f"approval:{token}", sequence=event.sequence, subject=subject,
        text="\n".join(lines) + "\n",
    )  # fmt: skip


def not_free_mail(message: EventMessage, approver: str, reason: str, number: int) -> Mail:
    """Tells an approver that what was accepted could not be booked after all."""
    catalogue = catalogue_for(message, None)
    text = catalogue.text("approval.not_free", reason=reason)
    subject = catalogue.text("subject.APPROVAL", summary=message.uid[:MOST_SUMMARY])
    return post(
        message, approver, kind=f"approval_failed:{number}", sequence=0, subject=subject,
        text=text + "\n",
    )  # fmt: skip


def _named(component: Component, names: Iterable[str]) -> list[ContentLine]:
    wanted = set(names)
    return [line for line in component.properties if line.name in wanted]
