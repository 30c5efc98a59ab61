"""Building calendar objects to send: lines that cannot break out of their place (RFC 5545 3.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from horarium.ical.address import Address
from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.values import RequestStatus, escape_text, format_utc
from horarium.kernel.instant import Instant

PRODID = "-//horarium//horarium//EN"


def vcalendar(method: str, components: Iterable[Component]) -> Component:
    """A VCALENDAR of ours around the components given, METHOD in upper case."""
    return Component(
        "VCALENDAR",
        [
            ContentLine("VERSION", (), "2.0"),
            ContentLine("PRODID", (), PRODID),
            ContentLine("METHOD", (), method.upper()),
        ],
        list(components),
    )


def text_line(
    name: str, text: str, parameters: Mapping[str, str | Iterable[str]] | None = None
) -> ContentLine:
    """A TEXT property from plain text."""
    return ContentLine.of(name, escape_text(text), parameters)


def instant_line(name: str, at: Instant) -> ContentLine:
    """A DATE-TIME property in UTC."""
    return ContentLine(name, (), format_utc(at))


def address_line(
    name: str, address: Address, parameters: Mapping[str, str | Iterable[str]] | None = None
) -> ContentLine:
    """An ORGANIZER or ATTENDEE from an address and plain parameter texts."""
    return ContentLine.of(name, address.uri, parameters)


def status_line(status: RequestStatus) -> ContentLine:
    """REQUEST-STATUS."""
    return ContentLine("REQUEST-STATUS", (), status.format())


def copied(component: Component, names: Sequence[str]) -> list[ContentLine]:
    """The first line of each (upper-case) name that the component has, as received."""
    found = (component.first(name) for name in names)
    return [line for line in found if line is not None]
