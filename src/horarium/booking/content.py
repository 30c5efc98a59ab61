"""What of a component counts as its content, and what of it is stored."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import sha256

from horarium.booking.preferences import Preferences
from horarium.ical.component import Component, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event
from horarium.ical.tzid import ZoneBook
from horarium.ical.vtimezone import write_vtimezone
from horarium.ical.writing import PRODID, text_line
from horarium.kernel.instant import MAX_INSTANT, Instant
from horarium.kernel.period import Period
from horarium.kernel.zone import zone_names

# Two rules that yield the same first instants and end alike are taken for the same schedule; no two
# rules that people write differ only later.
COMPARED_MEMBERS = 256
_BODY = frozenset({"DESCRIPTION", "COMMENT", "X-ALT-DESC", "STYLED-DESCRIPTION"})

YEAR = 366 * 86_400


def content_digest(event: Event) -> str:
    """A digest of the instants of an event and of who takes part.

    The same instants written another way (DURATION for DTEND, another TZID, parts of the rule in
    another order, attendees in another order) give the same digest.
    """
    parts = [*_instants(event), event.status or ""]
    parts.append(event.organizer.address.key if event.organizer else "")
    parts.extend(sorted(attendee.address.key for attendee in event.attendees))
    return sha256("\n".join(parts).encode()).hexdigest()


def times_digest(event: Event) -> str:
    """A digest of the instants of an event alone, whoever takes part."""
    which = event.recurrence_id
    key = "" if which is None else f"{which.original}/{which.day}/{which.this_and_future}"
    return sha256("\n".join([key, *_instants(event)]).encode()).hexdigest()


def _instants(event: Event) -> Iterable[str]:
    if event.series is None or event.first is None:
        return ["none"]
    if event.rule is None and not event.component.first("RDATE"):
        return [f"{event.first.start}/{event.first.end}"]
    members: list[str] = []
    for occurrence in event.series.occurrences(event.first.start, MAX_INSTANT):
        if len(members) == COMPARED_MEMBERS:
            break
        members.append(f"{occurrence.start}/{occurrence.end}")
    last = event.series.last() if len(members) == COMPARED_MEMBERS else None
    end = "endless" if event.endless else f"last {last.start}" if last else "all"
    return [*members, end]


def stored_text(event: Event, book: ZoneBook, preferences: Preferences) -> bytes:
    """The VCALENDAR kept of an event: the component, less what the resource does not keep, and the
    zones it names that are not installed here: those that are would win over it anyway."""
    lines = list(_kept_lines(event, preferences))
    component = Component("VEVENT", lines)
    foreign = [line for line in lines if not _is_installed(line.parameter("TZID"))]
    zones = zone_components(foreign, book, event.first)
    head = [ContentLine("VERSION", (), "2.0"), ContentLine("PRODID", (), PRODID)]
    return serialize(Component("VCALENDAR", head, [*zones, component]))


def _is_installed(tzid: str | None) -> bool:
    return tzid is None or tzid in _installed_names()


@cache
def _installed_names() -> frozenset[str]:
    return frozenset(zone_names())


def _kept_lines(event: Event, preferences: Preferences) -> Iterable[ContentLine]:
    for line in event.component.properties:
        if line.name == "SUMMARY":
            title = kept_summary(event, preferences)
            if title:
                yield line if title == event.summary else text_line("SUMMARY", title)
        elif _is_kept(line, preferences):
            yield line


def _is_kept(line: ContentLine, preferences: Preferences) -> bool:
    if line.name in _BODY:
        return preferences.body_kept
    if line.name == "ATTACH":
        return preferences.attachments_kept and not _is_inline(line)
    return line.name != "CLASS" or preferences.private_kept


def _is_inline(line: ContentLine) -> bool:
    return (line.parameter("VALUE") or "").upper() == "BINARY"


def kept_summary(event: Event, preferences: Preferences) -> str:
    """The title that is kept of an event, which may be none."""
    if preferences.subject_kept == "organizer" and event.organizer is not None:
        return event.organizer.cn or event.organizer.address.text
    return (event.summary or "") if preferences.subject_kept == "yes" else ""


def zone_components(
    lines: Iterable[ContentLine], book: ZoneBook, first: Period | None
) -> list[Component]:
    """A VTIMEZONE for each TZID that `lines` name: the one received if it is valid, else one
    written from the zone that the name was resolved to, for the time of `first` and after (RFC
    5545 3.6.5)."""
    found: dict[str, Component] = {}
    for line in lines:
        tzid = line.parameter("TZID")
        if tzid is None or tzid in found:
            continue
        definition = book.definition(tzid)
        if definition is not None and book.defines(tzid):
            found[tzid] = definition
        elif first is not None:
            zone = book.zone(tzid, book.owner.to_wall(first.start)).zone
            last = Instant(min(first.end + 2 * YEAR, MAX_INSTANT))
            found[tzid] = write_vtimezone(zone, tzid, first.start, last)
    return list(found.values())
