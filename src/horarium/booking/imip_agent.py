"""What imip-agent keeps, read: its records, its stored objects, its preferences (seed 001).

A record is a line of columns parted by tabs; an object is one component, with or without a calendar
around it; a preference is the text of a file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from horarium.booking.calls import Call
from horarium.booking.functions.registry import FUNCTIONS
from horarium.booking.importing import Exported, read_exports
from horarium.booking.preference_table import PREFERENCES
from horarium.booking.preferences import (
    canonical_name,
    check_preferences,
    read_preferences,
    table_of,
)
from horarium.booking.written import address_key, shown
from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.values import DateTimeValue, Kind, parse_time_value
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.zone import UTC

# Start, end, UID, transparency, RECURRENCE-ID, summary, organizer; a further column may follow.
COLUMNS = 7
_TRANSPARENCIES = frozenset({"", "OPAQUE", "TRANSPARENT", "ORG"})

# The preferences that only somebody who reads mail has.
OF_PERSONS = frozenset({"incoming", "freebusy_messages", "event_refreshing"})
# Where an unreadable value would open what it is to close: such a value is kept, so that nothing
# is decided until it is mended.
CLOSING = frozenset({"scheduling_function", "acl"})

DEFAULTS_OF_SITE = {
    "PARTICIPATING_DEFAULT": "participating",
    "INCOMING_DEFAULT": "incoming",
    "SHARING_DEFAULT": "freebusy_sharing",
    "BUNDLING_DEFAULT": "freebusy_bundling",
    "PUBLISHING_DEFAULT": "freebusy_publishing",
    "NOTIFYING_DEFAULT": "freebusy_messages",
    "REFRESHING_DEFAULT": "event_refreshing",
    "ADD_RESPONSE_DEFAULT": "add_method_response",
    "ORGANISER_REPLACEMENT_DEFAULT": "organiser_replacement",
    "FREEBUSY_OFFER_DEFAULT": "freebusy_offers",
    "WINDOW_SIZE_DEFAULT": "window_size",
}
"""The names of its settings for the whole site, and the preferences that they are."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of free/busy: its number from 1, when somebody is busy, and for what. `last` is
    what stands after the organizer: of an offer its expiry, in a journal the attendee."""

    line: int
    period: Period
    uid: str
    transparency: str
    recurrence_id: str
    summary: str
    organizer: str
    last: str = ""


class LineFault(NamedTuple):
    """What is wrong with one line, from 1."""

    line: int
    message: str


class Taken(NamedTuple):
    """A preference as it is taken over (`value` None: it is not), and what is to be said of it, in
    which line; `wrong` where that is no mere warning."""

    name: str
    value: str | None
    said: str = ""
    line: int = 1
    wrong: bool = False


def read_records(data: bytes, *, most: int = COLUMNS) -> Iterator[Record | LineFault]:
    """The records of a file whose lines have at most `most` columns, and what is wrong with the
    other lines: a tab inside a summary makes one column too many."""
    for number, line in enumerate(_text(data).split("\n"), start=1):
        if line.strip():
            try:
                yield _record(number, line.removesuffix("\r").split("\t"), most)
            except HorariumError as error:
                yield LineFault(number, str(error))


def _record(number: int, columns: list[str], most: int) -> Record:
    if not 3 <= len(columns) <= most:
        raise InvalidInput(f"a record has 3 to {most} columns, not {len(columns)}")
    start, end, uid, transparency, which, summary, organizer, last = (
        *columns, *[""] * (COLUMNS + 1 - len(columns)),
    )  # fmt: skip
    if transparency not in _TRANSPARENCIES:
        raise InvalidInput(f"{shown(transparency)} is no transparency")
    period = Period(read_instant(start), read_instant(end))
    return Record(number, period, uid, transparency, which, summary, organizer, last)


def read_instant(text: str) -> Instant:
    """An instant as it is written there: `20261201T090000Z`. InvalidInput for anything else."""
    value = parse_time_value(text, "DATE-TIME", None)
    if not isinstance(value, DateTimeValue) or value.kind is not Kind.UTC:
        raise InvalidInput(f"{shown(text)} is no instant")
    return UTC.at(value.wall)


def read_object(data: bytes, which: str = "", *, cancelled: bool = False) -> Exported:
    """The one event of a stored object, as `import_event` takes it. `which` is the RECURRENCE-ID
    that its place names, for an event that does not name its own; with `cancelled` it is a
    tombstone. InvalidInput for anything but one event."""
    if not data.lstrip().upper().startswith(b"BEGIN:VCALENDAR"):
        data = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + data.strip() + b"\r\nEND:VCALENDAR\r\n"
    found = list(read_exports(data))
    if len(found) != 1 or len(found[0][2]) != 1:
        count = sum(len(components) for _, _, components in found)
        raise InvalidInput(f"expected one event, not {count}")
    calendar, uid, (event,) = found[0]
    lines = list(event.properties)
    if which and event.first("RECURRENCE-ID") is None:
        lines.append(_recurrence_id(which))
    if cancelled:
        lines = [line for line in lines if line.name != "STATUS"]
        lines.append(ContentLine("STATUS", (), "CANCELLED"))
    return calendar, uid, [Component(event.name, lines, list(event.components))]


def _recurrence_id(which: str) -> ContentLine:
    dated = "T" not in which
    parse_time_value(which, "DATE" if dated else "DATE-TIME", None)
    return ContentLine("RECURRENCE-ID", (("VALUE", ("DATE",)),) if dated else (), which)


def read_preference(name: str, data: bytes, kind: str, own: Collection[str] = ()) -> Taken:
    """A preference of a `kind` of calendar user, from the file `name`; `own` are the names of the
    site's own functions."""
    text = _text(data).replace("\r\n", "\n")
    value, key = text.strip(), canonical_name(name)
    first = text[: len(text) - len(text.lstrip())].count("\n") + 1
    if key not in PREFERENCES:
        return Taken(key, None, "there is no such preference", wrong=True)
    if not value:
        return Taken(key, None)
    if key == "window_size" and not (value.isdecimal() and int(value) > 0):
        return Taken(key, "100", f"{shown(value)} is no number of days; 100 is taken", first)
    for fault in check_preferences({key: value}, kind):
        line = first + max(fault.line - 1, 0)
        if key in CLOSING and key in table_of(kind):
            said = f"{fault.reason}; kept as it is, so that all is declined"
            return Taken(key, value, said, line, wrong=True)
        return Taken(key, None, fault.reason, line, wrong=True)
    unknown = _unknown_functions(key, value, own)
    if unknown:
        names = ", ".join(dict.fromkeys(call.name for call in unknown))
        said = f"there is no function {names}; all is declined"
        return Taken(key, value, said, first + unknown[0].line - 1)
    return Taken(key, value)


def _unknown_functions(key: str, value: str, own: Collection[str]) -> list[Call]:
    if key != "scheduling_function":
        return []
    calls = read_preferences({key: value}, {}).scheduling_function
    return [call for call in calls if call.name not in FUNCTIONS and call.name not in own]


def read_site_defaults(data: bytes) -> Iterator[tuple[int, str, str]]:
    """The settings of its configuration that are preferences: line, name, value."""
    for number, line in enumerate(_text(data).split("\n"), start=1):
        name, equals, value = line.partition("=")
        name, value = name.strip(), value.partition("#")[0].strip().strip("\"'")
        if equals and name in DEFAULTS_OF_SITE and value not in ("", "None"):
            yield number, DEFAULTS_OF_SITE[name], value


def kind_of(
    preferences: Mapping[str, bytes], events: list[Component], key: str, *, asked: bool
) -> str:
    """Whether the calendar user `key` is a resource or a person, which imip-agent does not keep:
    its mail system knows. Preferences only one of the two has tell it, or a CUTYPE; else a
    resource is who attends events, organizes none and is `asked` nothing that waits for a word.
    """
    names = {canonical_name(name) for name in preferences}
    if names & OF_PERSONS:
        return "person"
    if names & CLOSING:
        return "resource"
    own = [line for event in events for line in event.all("ATTENDEE") if key_of(line) == key]
    if any((line.parameter("CUTYPE") or "").upper() in ("RESOURCE", "ROOM") for line in own):
        return "resource"
    organizes = any(key_of(line) == key for event in events for line in event.all("ORGANIZER"))
    return "resource" if own and not organizes and not asked else "person"


def key_of(line: ContentLine) -> str:
    """The address key that a property names, empty when it names none."""
    try:
        return address_key(line.value)
    except InvalidInput:
        return ""


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")
