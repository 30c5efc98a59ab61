"""The events that imip-agent has stored, read from their files and taken over as bookings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from horarium.booking.imip_agent import read_object
from horarium.booking.importing import Exported, Imported, event_lines, read_imported
from horarium.ical.component import Component
from horarium.ical.tzid import ZoneBook
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.instant import Instant
from horarium.runtime.directory import Registered
from horarium.runtime.imip_agent_source import Finding, Stored, Weight
from horarium.runtime.importing import import_piece
from horarium.store.store import Transaction


@dataclass(slots=True)
class ReadEvent:
    """The files of one event, and what they state together."""

    exported: Exported
    places: list[str] = field(default_factory=list)


def read_events(
    user: Registered, objects: Iterable[Stored]
) -> tuple[dict[str, ReadEvent], list[Finding]]:
    """The events by UID, and the files that cannot be read. A file that is among the cancellations
    and among the objects was sent anew since: the object counts."""
    events: dict[str, ReadEvent] = {}
    faults: list[Finding] = []
    seen: set[tuple[str, str]] = set()
    for stored in sorted(objects, key=lambda item: item.cancelled):
        try:
            calendar, uid, components = _checked(user, stored)
        except HorariumError as error:
            lines = event_lines(stored.data)
            place = f"{stored.place}:{min(lines.values(), default=1)}"
            faults.append(Finding(Weight.FAULT, place, str(error)))
            continue
        if stored.name != uid:
            said = f"holds the event {uid}, which its name does not say"
            faults.append(Finding(Weight.DIFFERENCE, stored.place, said))
        if (uid, stored.which) in seen:
            said = "was sent anew since, and is not cancelled"
            faults.append(Finding(Weight.DIFFERENCE, stored.place, said))
            continue
        seen.add((uid, stored.which))
        event = events.setdefault(uid, ReadEvent((Component("VCALENDAR"), uid, [])))
        event.places.append(stored.place)
        event.exported[2].extend(components)
        _add_zones(event.exported[0], calendar)
    return events, faults


def _checked(user: Registered, stored: Stored) -> Exported:
    calendar, uid, components = read_object(stored.data, stored.which, cancelled=stored.cancelled)
    if not uid:
        raise InvalidInput("an event without UID")
    book = ZoneBook(calendar, user.resource.zone)
    for component in components:
        read_imported(component, book, user.resource)
    return calendar, uid, components


def _add_zones(calendar: Component, other: Component) -> None:
    def named(zone: Component) -> str:
        line = zone.first("TZID")
        return line.value if line is not None else ""

    known = {named(zone) for zone in calendar.children("VTIMEZONE")}
    fresh = (zone for zone in other.children("VTIMEZONE") if named(zone) not in known)
    calendar.components.extend(fresh)


def take_events(
    tx: Transaction, user: Registered, piece: list[ReadEvent], now: Instant
) -> list[Finding]:
    """Takes events over for `user`: what there is to tell of each."""
    exported = [event.exported for event in piece]
    done = import_piece(tx, user, exported, now, as_answered=True)
    pairs = zip(piece, done, strict=True)
    return [found for event, item in pairs for found in _told(user, event, item)]


def _told(user: Registered, event: ReadEvent, item: Imported) -> Iterator[Finding]:
    if item.problem:
        yield Finding(Weight.FAULT, event.places[0], item.problem)
    if item.change is not None:
        count = len(item.change.reservations)
        yield Finding(
            Weight.TAKEN, user.uri, f"{item.uid}: {count} reservation{'s' if count != 1 else ''}"
        )
    for start in item.overlaps:
        said = f"{item.uid}: above the capacity at {start}, kept"
        yield Finding(Weight.DIFFERENCE, event.places[0], said)
