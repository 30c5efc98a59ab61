"""Whether two calendar objects of one mail are the same, or contradict each other.

Clients send the invitation as a body part and again as `invite.ics`.
"""

from __future__ import annotations

from collections.abc import Callable

from horarium.ical.address import InvalidAddress, parse_cal_address
from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.event import InvalidComponent, read_event
from horarium.ical.tzid import ZoneBook, plain_tzid
from horarium.kernel.zone import UTC

ITIP_COMPONENTS = ("VEVENT", "VFREEBUSY")
_TIMES = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE", "EXRULE", "FREEBUSY")
_WORDS = ("SEQUENCE", "DTSTAMP", "DURATION", "RRULE", "STATUS")

Key = tuple[str, str, str]
Content = tuple[object, ...]


def contents(
    method: str, calendar: Component, counts: Callable[[str], bool] | None = None
) -> dict[Key, Content]:
    """What counts of every component, by its name, UID and RECURRENCE-ID.

    `counts` says of an address key whether that attendee matters; all do without it.
    """
    found: dict[Key, Content] = {}
    for component in calendar.components:
        if component.name in ITIP_COMPONENTS:
            key = (component.name, _value(component, "UID"), _value(component, "RECURRENCE-ID"))
            found[key] = _content(method, component, counts)
    return found


def meanings(
    method: str, calendar: Component, counts: Callable[[str], bool] | None = None
) -> dict[tuple[object, ...], Content] | None:
    """The same by what the events mean: DURATION for DTEND or another name of a zone is no
    difference. None when an event cannot be read; then only equal text is equal.
    """
    found: dict[tuple[object, ...], Content] = {}
    book = ZoneBook(calendar, UTC)
    for component in calendar.children("VEVENT"):
        try:
            event = read_event(component, book, UTC, needs_start=False)
        except InvalidComponent:
            return None
        series = event.series
        attendees = frozenset(
            each.address.key
            for each in event.attendees
            if counts is None or counts(each.address.key)
        )
        found["VEVENT", event.uid, event.recurrence_id] = (
            (method, event.sequence, event.dtstamp, event.status or "CONFIRMED"),
            (event.first, event.whole_day, event.rule.format() if event.rule else ""),
            (frozenset(series.rdates), frozenset(series.exdates)) if series else (),
            (event.organizer.address.key if event.organizer else "", attendees),
        )
    return found if len(found) == len(calendar.children("VEVENT")) else None


def _value(component: Component, name: str) -> str:
    line = component.first(name)
    return line.value.strip() if line is not None else ""


def _content(method: str, component: Component, counts: Callable[[str], bool] | None) -> Content:
    times = tuple(
        (line.name, plain_tzid(line.parameter("TZID") or ""), part.strip().upper())
        for name in _TIMES
        for line in component.all(name)
        for part in line.value.split(",")
    )
    words = tuple(
        (line.name, frozenset(line.value.strip().upper().split(";")))
        for name in _WORDS
        for line in component.all(name)
    )
    attendees = frozenset(
        key for key in map(_address, component.all("ATTENDEE")) if counts is None or counts(key)
    )
    organizer = component.first("ORGANIZER")
    return (method, times, words, attendees, _address(organizer) if organizer else "")


def _address(line: ContentLine) -> str:
    try:
        return parse_cal_address(line.value, line.parameter("EMAIL")).key
    except InvalidAddress:
        return line.value.strip().lower()


def organizers(calendar: Component) -> set[str]:
    """The organizers the components of an object name, each by its key; "" for none."""
    found: set[str] = set()
    for component in calendar.components:
        if component.name in ITIP_COMPONENTS:
            line = component.first("ORGANIZER")
            found.add(_address(line) if line is not None else "")
    return found
