"""Whether two calendar objects of one mail are the same, or contradict each other.

Clients send the invitation as a body part and again as `invite.ics`.
"""

from __future__ import annotations

from collections.abc import Callable

from horarium.ical.address import InvalidAddress, parse_cal_address
from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.tzid import plain_tzid

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
