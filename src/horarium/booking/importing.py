"""Taking over existing bookings from iCalendar text: kept with UID and stamp, not judged."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from horarium.booking.authority import Voice
from horarium.booking.case import Case
from horarium.booking.content import content_digest, kept_summary, stored_text
from horarium.booking.event_state import Entry, EntryState, EventState, Slot, Stamp
from horarium.booking.freebusy import find_conflicts, held_in, occupied
from horarium.booking.laying import Entered, lay_down
from horarium.booking.message import EventMessage, Origin
from horarium.booking.order import Order, order_request
from horarium.booking.outcome import EventChange
from horarium.booking.ports import Reservations
from horarium.booking.resource import Resource
from horarium.booking.stored_event import occurrence_key, read_component
from horarium.ical.component import Component, parse
from horarium.ical.event import Event, InvalidComponent
from horarium.ical.limits import ParseLimits
from horarium.ical.tzid import ZoneBook
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.recurrence import Occurrence, Source

# An export of a whole calendar is larger than any mail; still no more than a machine can hold.
IMPORT_LIMITS = ParseLimits(size=256 << 20, components=500_000, properties=10_000_000)

# The calendar that an event stands in, its UID, and its components.
Exported = tuple[Component, str, list[Component]]

_ABSENT = frozenset({"DECLINED", "DELEGATED", "NEEDS-ACTION"})


@dataclass(slots=True)
class Imported:
    """One event taken over, or why it was not; with both, `problem` says which of its components
    were left out. `overlaps` are the starts at which it lies above the capacity; they are kept all
    the same."""

    uid: str
    change: EventChange | None = None
    problem: str = ""
    known: bool = False
    overlaps: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what events are taken over: the capacity of the resource, and the quotas in which what
    it books is entered. With `as_answered` an event that says that the resource declined it, or
    has not answered it, holds no time."""

    capacity: int = 1
    entered: Entered = field(default_factory=lambda: Entered(frozenset(), frozenset()))
    as_answered: bool = False


def read_exports(data: bytes) -> Iterator[Exported]:
    """The events of an export, by UID in the order in which they stand: the calendar they stand
    in, the UID, the components. InvalidInput when the text is no calendar at all."""
    for calendar in parse(data, IMPORT_LIMITS):
        found: dict[str, list[Component]] = {}
        for component in calendar.children("VEVENT"):
            line = component.first("UID")
            found.setdefault(line.value.strip() if line else "", []).append(component)
        for uid, components in found.items():
            yield calendar, uid, components


def event_lines(data: bytes) -> dict[str, int]:
    """In which line of an export each event begins first, by UID; lines count from 1."""
    found: dict[str, int] = {}
    begun = 0
    lines = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        name, _, value = line.partition(":")
        if line.strip().upper() == "BEGIN:VEVENT":
            begun = number
        elif begun and name.partition(";")[0].upper() == "UID":
            folded = itertools.takewhile(lambda more: more[:1] in (" ", "\t"), lines[number:])
            uid = value + "".join(more[1:] for more in folded)
            found.setdefault(uid.strip(), begun)
            begun = 0
        elif begun and line.strip().upper() == "END:VEVENT":
            found.setdefault("", begun)
    return found


def read_imported(component: Component, book: ZoneBook, resource: Resource) -> Event:
    """The event that an imported component states; one that is cancelled may lack its time."""
    status = component.first("STATUS")
    cancelled = status is not None and status.value.strip().upper() == "CANCELLED"
    return read_component(component, book, resource, needs_start=not cancelled)


def import_event(
    calendar: Component,
    uid: str,
    components: Iterable[Component],
    reservations: Reservations,
    resource: Resource,
    now: Instant,
    terms: Terms,
) -> Imported:
    """Takes one event over. Nothing is judged or declined; what lies above the capacity is listed,
    and what it is charged is entered whatever the limits. A second time changes nothing."""
    if not uid:
        return Imported("", problem="an event without UID")
    book = ZoneBook(calendar, resource.zone)
    try:
        events = [read_imported(item, book, resource) for item in components]
    except InvalidComponent as error:
        return Imported(uid, problem=str(error))
    before = reservations.event(uid)
    state, fresh, lost = _merge(before, events, book, resource, now, terms)
    if state == before:
        return Imported(uid, problem=lost, known=not lost)
    head = next((e for e in events if e.recurrence_id is None), events[0])
    message = EventMessage("IMPORT", uid, (), calendar, _origin(uid), resource, now)
    case = Case(message, reservations, book, before)
    organizer = head.organizer
    facts = (
        organizer.address.key if organizer else "",
        (organizer.cn or "") if organizer else "",
        kept_summary(head, resource.preferences),
    )
    # Nobody can be charged for what nobody has organized.
    entered = terms.entered if organizer else Entered(frozenset(), frozenset())
    change = lay_down(case, state, fresh, None, facts, entered=entered)
    found = Imported(uid, replace(change, unchecked=True), lost)
    found.overlaps = _overlaps(change, reservations, resource, uid, terms.capacity)
    return found


def _origin(uid: str) -> Origin:
    return Origin(f"import:{uid}", Voice(None, None))


def _merge(
    state: EventState,
    events: list[Event],
    book: ZoneBook,
    resource: Resource,
    now: Instant,
    terms: Terms,
) -> tuple[EventState, dict[Slot, Event], str]:
    fresh: dict[Slot, Event] = {}
    lost = ""
    master = next((event for event in events if event.recurrence_id is None), None)
    for event in sorted(events, key=lambda e: e.recurrence_id is not None):
        key = None
        if event.recurrence_id is not None:
            found = occurrence_key(event.recurrence_id, event.whole_day, master, resource.zone)
            if found is None:
                line = event.component.first("RECURRENCE-ID")
                which = line.value[:40] if line is not None else ""
                lost = f"RECURRENCE-ID {which} names no one occurrence"
                continue
            key = found
        digest = content_digest(event)
        stamp = Stamp(event.sequence, event.dtstamp if event.dtstamp is not None else now)
        entry = _entry(event, key, stamp, digest, book, resource)
        if terms.as_answered and entry.state is EntryState.BOOKED and _unattended(event, resource):
            entry = replace(entry, state=EntryState.DECLINED)
        if order_request(state, entry.slot, stamp, digest) is not Order.NEWER:
            continue
        state = state.with_entry(entry)
        fresh[entry.slot] = event
    return state, fresh, lost


def _entry(
    event: Event, key: Instant | None, stamp: Stamp, digest: str, book: ZoneBook, resource: Resource
) -> Entry:
    cancelled = event.status == "CANCELLED"
    organizer = event.organizer.address.key if event.organizer else ""
    which = event.recurrence_id
    return Entry(
        key=key,
        stamp=stamp,
        state=EntryState.CANCELLED if cancelled else EntryState.BOOKED,
        organizer=organizer,
        made_by=organizer,
        digest=digest,
        text=b"" if cancelled else stored_text(event, book, resource.preferences),
        zone_data=resource.zone_data,
        this_and_future=which is not None and which.this_and_future,
    )


def _unattended(event: Event, resource: Resource) -> bool:
    own = [a for a in event.attendees if a.address.key in resource.aliases]
    return bool(own) and all(a.partstat_sent and a.partstat in _ABSENT for a in own)


def _overlaps(
    change: EventChange, reservations: Reservations, resource: Resource, uid: str, capacity: int
) -> list[str]:
    preferences = resource.preferences
    asked = [
        Occurrence(item.original, item.event.start, item.event.end, Source.RDATE)
        for item in change.reservations
    ]
    spans = [occupied(o.start, o.end, preferences) for o in asked]
    held = held_in(reservations, spans, resource, without=uid)
    conflicts = find_conflicts(asked, held, resource, capacity)
    return [format_instant(conflict.occurrence.start) for conflict in conflicts]
