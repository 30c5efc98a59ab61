"""Calendar text for tests: events by their lines, and hypothesis strategies for any component."""

from __future__ import annotations

from hypothesis import strategies as st

from horarium.ical.component import Component, parse
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event, InvalidComponent, read_event
from horarium.ical.tzid import ZoneBook
from horarium.kernel.zone import named

OSLO = named("Europe/Oslo")

HEAD = (
    "UID:meeting-1@example.org",
    "DTSTAMP:20260102T080000Z",
    "ORGANIZER;CN=Paul:mailto:paul@example.org",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:room@example.org",
)
TIMES = ("DTSTART:20260302T090000Z", "DTEND:20260302T100000Z")


def calendar(*lines: str, head: tuple[str, ...] = (), name: str = "VEVENT") -> Component:
    """A VCALENDAR with one component of those lines, parsed."""
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", *head, f"BEGIN:{name}", *lines]
    text += [f"END:{name}", "END:VCALENDAR", ""]
    return parse("\r\n".join(text).encode())[0]


def event(*lines: str, head: tuple[str, ...] = (), owner=OSLO, **options) -> Event:
    """The event of UID, DTSTAMP, ORGANIZER, ATTENDEE and those lines."""
    read = calendar(*HEAD, *lines, head=head)
    return read_event(read.children("VEVENT")[0], ZoneBook(read, owner), owner, **options)


def refused(*lines: str, head: tuple[str, ...] = (), **options) -> InvalidComponent:
    """The refusal of such an event."""
    try:
        found = event(*lines, head=head, **options)
    except InvalidComponent as error:
        return error
    raise AssertionError(f"read without complaint: {found}")


def definition(tzid: str, *parts: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of a VTIMEZONE; each part is its name and its lines."""
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}"]
    for name, *inner in parts:
        lines += [f"BEGIN:{name}", *inner, f"END:{name}"]
    return (*lines, "END:VTIMEZONE")


def fixed(tzid: str, offset: str) -> tuple[str, ...]:
    """A VTIMEZONE without daylight saving."""
    inner = ("DTSTART:16010101T000000", f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}")
    return definition(tzid, ("STANDARD", *inner))


# No control characters but the line break and the tab, and no lone surrogates.
plain = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=200
)
values = plain.map(lambda text: text.replace("\n", ""))
names = st.from_regex(r"[A-Z][A-Z0-9-]{0,15}", fullmatch=True).filter(
    lambda name: name not in ("BEGIN", "END")
)
parameters = st.dictionaries(names, st.lists(plain, min_size=1, max_size=3), max_size=3)
content_lines = st.builds(
    lambda name, value, given: ContentLine.of(name, value, given), names, values, parameters
)


def _nest(inner: st.SearchStrategy[Component]) -> st.SearchStrategy[Component]:
    return st.builds(
        Component, names, st.lists(content_lines, max_size=6), st.lists(inner, max_size=3)
    )


components = st.recursive(
    st.builds(Component, names, st.lists(content_lines, max_size=6)), _nest, max_leaves=6
)
