"""The REPLY to an organizer: what the calendar program reads, and what the person reads.

RFC 5546 3.2.3 (REPLY), RFC 6047 (the mail around it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from horarium.booking.content import zone_components
from horarium.booking.language.catalogue import Catalogue
from horarium.booking.language.choice import choose_catalogue
from horarium.booking.letter import Letter, write_letter
from horarium.booking.message import EventMessage
from horarium.booking.outcome import Mail
from horarium.booking.reasons import STATUS_TEXT
from horarium.ical.address import Address, parse_cal_address
from horarium.ical.component import Component, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event
from horarium.ical.participant import Participant
from horarium.ical.tzid import ZoneBook
from horarium.ical.values import RequestStatus, format_utc
from horarium.ical.writing import instant_line, status_line, text_line, vcalendar
from horarium.kernel.errors import InvalidInput
from horarium.kernel.period import Period

# A title is the one foreign text that is repeated; more of it is not needed to know it again.
MOST_SUMMARY = 200
_MOST_REASON = 500
# For programs: a time that is free instead, as a PERIOD in UTC.
ALTERNATIVE = "X-HORARIUM-ALTERNATIVE"
_RULES = ("RRULE", "RDATE", "EXDATE")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one component: a participation status with its REQUEST-STATUS codes, each
    (code, third field), and the reason in one sentence. `delegated_to` is the URI of the one that
    attends in our place, `delegated_from` that of the one in whose place we attend; `partner` is
    the whole ATTENDEE line of that other one. `alternatives` are
    times that are free instead."""

    event: Event
    partstat: str
    statuses: tuple[tuple[str, str], ...]
    comment: str = ""
    delegated_to: str = ""
    delegated_from: str = ""
    partner: ContentLine | None = None
    alternatives: tuple[Period, ...] = ()


def reply_mail(
    message: EventMessage,
    organizer: Participant,
    answers: Sequence[Answer],
    book: ZoneBook,
    subject: str,
    text: str,
    *,
    to: str | None = None,
    kind: str = "reply",
) -> Mail:
    """The one mail that answers all components of a UID: text first, calendar part last. It goes
    to the organizer, or `to` another address."""
    sequence = answers[0].event.sequence
    components = [_component(message, organizer, answer) for answer in answers]
    lines = [line for component in components for line in component.properties]
    zones = zone_components(lines, book, answers[0].event.first)
    calendar = serialize(vcalendar("REPLY", [*zones, *components]))
    return post(
        message, to or organizer.address.text, kind=kind, sequence=sequence, subject=subject,
        text=text, calendar=calendar, method="REPLY",
    )  # fmt: skip


def post(
    message: EventMessage,
    recipient: str,
    *,
    kind: str,
    sequence: int,
    subject: str,
    text: str,
    calendar: bytes = b"",
    method: str = "",
    ours: bool = False,
) -> Mail:
    """A mail from the resource to the organizer that passed, to a resource of ours (`ours`: such a
    mail never leaves with a null sender), or to an approver; without a calendar it is plain
    text."""
    resource, ways = message.resource, message.resource.ways
    sender = ways.sender if ways.reply_from_sender and ways.sender else resource.address
    fields = [("X-Horarium-Decision", message.decision_id)]
    if message.origin.message_id is not None:
        fields.append(("In-Reply-To", message.origin.message_id))
        fields.append(("References", message.origin.message_id))
    message_id = message.message_id(recipient, kind)
    content = write_letter(
        Letter(
            sender_name=resource.name if resource.preferences.name else "",
            sender=sender.text,
            recipient=recipient,
            subject=subject,
            date=message.now,
            message_id=message_id,
            fields=tuple(fields),
            text=text,
            calendar=calendar,
            method=method,
        )
    )
    envelope = "" if ways.null_return_path and not ours else (ways.sender or resource.address).text
    return Mail(kind, message_id, envelope, recipient, message.uid, sequence, content)


def own_attendee(message: EventMessage, event: Event) -> Participant | None:
    """The ATTENDEE of a component that is the resource, under whichever of its addresses."""
    for attendee in event.attendees:
        if attendee.address.key in message.resource.aliases:
            return attendee
    return None


def own_address(message: EventMessage, received: Component) -> Address | None:
    """The address under which a component names the resource, be the rest readable or not."""
    for line in received.all("ATTENDEE"):
        try:
            address = parse_cal_address(line.value, line.parameter("EMAIL"))
        except InvalidInput:
            continue
        if address.key in message.resource.aliases:
            return address
    return None


def catalogue_for(message: EventMessage, organizer: Participant | None) -> Catalogue:
    """The texts in the organizer's language: of ORGANIZER, of the mail, of the resource."""
    wishes: list[str] = []
    if organizer is not None and organizer.language:
        wishes.append(organizer.language)
    wishes.extend(message.origin.languages)
    wishes.append(message.resource.preferences.language)
    return choose_catalogue(wishes, message.resource.ways.languages)


def titled(catalogue: Catalogue, name: str, summary: str | None) -> str:
    """The subject `name` with the event's title, cut to a length that is safe to repeat."""
    title = " ".join((summary or "").split())[:MOST_SUMMARY]
    return catalogue.text(f"subject.{name}", summary=title or catalogue.text("no_summary"))


def attendee_line(message: EventMessage, event: Event, answer: Answer) -> ContentLine:
    """Our own ATTENDEE: the address the organizer used, our name, no RSVP."""
    resource = message.resource
    own = own_attendee(message, event)
    parameters: dict[str, str] = {"PARTSTAT": answer.partstat}
    if resource.preferences.name:
        parameters["CN"] = resource.preferences.name
    elif own is not None and own.cn:
        parameters["CN"] = own.cn
    parameters["CUTYPE"] = own.cutype if own and own.cutype != "INDIVIDUAL" else "RESOURCE"
    if resource.ways.reply_from_sender and resource.ways.sender:
        parameters["SENT-BY"] = resource.ways.sender.uri
    if answer.delegated_to:
        parameters["DELEGATED-TO"] = answer.delegated_to
    if answer.delegated_from:
        parameters["DELEGATED-FROM"] = answer.delegated_from
    uri = own.address.uri if own is not None else resource.address.uri
    return ContentLine.of("ATTENDEE", uri, parameters)


def _component(message: EventMessage, organizer: Participant, answer: Answer) -> Component:
    event = answer.event
    lines: list[ContentLine] = [
        text_line("UID", event.uid),
        ContentLine("SEQUENCE", (), str(event.sequence)),
        instant_line("DTSTAMP", message.now),
        organizer.line.without("SENT-BY"),
        attendee_line(message, event, answer),
        *([answer.partner] if answer.partner is not None else []),
    ]
    both = event.component.first("DTEND") is not None
    times = ("DTSTART", "DTEND") if both else ("DTSTART", "DURATION")
    lines += _as_received(event, ("RECURRENCE-ID", *times))
    if event.recurrence_id is None:
        lines += _as_received(event, _RULES)
    if event.summary:
        lines.append(text_line("SUMMARY", event.summary[:MOST_SUMMARY]))
    if event.location:
        lines.append(text_line("LOCATION", event.location[:MOST_SUMMARY]))
    lines += [status_line(request_status(code, data)) for code, data in answer.statuses]
    lines += [
        ContentLine(ALTERNATIVE, (), f"{format_utc(p.start)}/{format_utc(p.end)}")
        for p in answer.alternatives
    ]
    if answer.comment:
        lines.append(text_line("COMMENT", answer.comment[:_MOST_REASON]))
    return Component("VEVENT", lines)


def request_status(code: str, data: str) -> RequestStatus:
    """A REQUEST-STATUS of ours."""
    return RequestStatus(code, STATUS_TEXT[code], data)


def _as_received(event: Event, names: Iterable[str]) -> list[ContentLine]:
    wanted = set(names)
    return [line for line in event.component.properties if line.name in wanted]
