"""The REPLY to a component that could not be read: only what could be read of it is repeated."""

from __future__ import annotations

from collections.abc import Iterator

from horarium.booking.case import Case
from horarium.booking.content import zone_components
from horarium.booking.outcome import Mail
from horarium.booking.reasons import Reason
from horarium.booking.reply import (
    MOST_SUMMARY,
    catalogue_for,
    own_address,
    post,
    request_status,
    titled,
)
from horarium.ical.component import Component, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.invalid import InvalidComponent
from horarium.ical.participant import Participant
from horarium.ical.tzid import ZoneBook
from horarium.ical.values import (
    DateTimeValue,
    parse_date_or_date_time,
    parse_ical_duration,
    parse_integer,
    unescape_text,
)
from horarium.ical.writing import instant_line, status_line, text_line, vcalendar
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period


def invalid_mail(
    case: Case, error: InvalidComponent, organizer: Participant, reason: Reason
) -> Mail:
    """Tells the organizer which property is wrong, and how."""
    message, resource = case.message, case.message.resource
    catalogue = catalogue_for(message, organizer)
    received = message.components[0]
    name = "reason.limit" if reason is Reason.LIMIT else "reason.invalid"
    text = "\n".join(
        (
            catalogue.text("declined_plain", resource=resource.name),
            catalogue.text(name, property=error.prop, problem=error.reason),
        )
    )
    summary = received.first("SUMMARY")
    title = unescape_text(summary.value) if summary is not None else ""
    kept = list(_readable(received))
    parameters = {"PARTSTAT": "DECLINED", "CUTYPE": "RESOURCE"}
    own = own_address(message, received) or resource.address
    lines = [
        text_line("UID", message.uid),
        instant_line("DTSTAMP", message.now),
        organizer.line.without("SENT-BY"),
        ContentLine.of("ATTENDEE", own.uri, parameters),
        *kept,
        *([text_line("SUMMARY", title[:MOST_SUMMARY])] if title else []),
        status_line(request_status(error.code, error.prop)),
        text_line("COMMENT", text),
    ]
    zones = zone_components(kept, case.book, _first(kept, case.book))
    calendar = serialize(vcalendar("REPLY", [*zones, Component("VEVENT", lines)]))
    return post(
        message, organizer.address.text, kind="reply", sequence=0,
        subject=titled(catalogue, "DECLINED", title), text=text + "\n",
        calendar=calendar, method="REPLY",
    )  # fmt: skip


def _readable(received: Component) -> Iterator[ContentLine]:
    for name in ("SEQUENCE", "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION"):
        line = received.first(name)
        if line is not None and _is_readable(line):
            yield line


def _is_readable(line: ContentLine) -> bool:
    try:
        if line.name == "SEQUENCE":
            return parse_integer(line.value) >= 0
        if line.name == "DURATION":
            return parse_ical_duration(line.value).exact > 0
        parse_date_or_date_time(line)
    except InvalidInput:
        return False
    return True


def _first(lines: list[ContentLine], book: ZoneBook) -> Period | None:
    """The times that are repeated, for the zones that are to be told with them."""
    starts: list[Instant] = []
    for line in lines:
        if line.name in ("SEQUENCE", "DURATION"):
            continue
        value = parse_date_or_date_time(line)
        zone = book.owner
        if isinstance(value, DateTimeValue) and value.tzid is not None:
            zone = book.zone(value.tzid, value.wall).zone
        starts.append(zone.at(value.wall))
    return Period(min(starts), Instant(max(starts) + 1)) if starts else None
