"""The stored objects of imip-agent, written: a file for each component of an event."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from horarium.booking.event_state import Entry, EntryState, EventState
from horarium.booking.imip_agent import key_of
from horarium.booking.resource import Resource
from horarium.booking.stored_event import read_entry
from horarium.booking.tombstone import recurrence_id_line, tombstone_lines
from horarium.ical.address import parse_address
from horarium.ical.component import Component, parse, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event
from horarium.ical.writing import vcalendar
from horarium.kernel.instant import Instant


class ObjectFile(NamedTuple):
    """The file of one component: its names below the folder of its user, and what is in it."""

    names: tuple[str, ...]
    data: bytes


def write_event(
    state: EventState, resource: Resource, answer: Callable[[Entry], str]
) -> Iterator[ObjectFile | str]:
    """The files of an event, and what has none; `answer` is the PARTSTAT of the calendar user for
    a component. Cancelled components are tombstones in a place of their own."""
    names = occurrence_names(state, resource)
    alone = {entry.key for entry in state.instances if not entry.this_and_future}
    for entry in state.entries:
        which = names.get(entry.key, "") if entry.key is not None else ""
        if entry.state is EntryState.DORMANT:
            yield f"{which}: a change of an occurrence that the series does not have"
        elif entry.this_and_future and entry.key in alone:
            yield f"{which}: a change of this and all later occurrences, beside one of it alone"
        else:
            yield _file(state, entry, which, resource, answer(entry))


def occurrence_names(state: EventState, resource: Resource) -> dict[Instant, str]:
    """What names each changed or cancelled occurrence, by its original start."""
    master = _master(state, resource)
    keys = [entry.key for entry in state.instances if entry.key is not None]
    return {key: recurrence_id_line(key, master).value for key in keys}


def _master(state: EventState, resource: Resource) -> Event | None:
    master = state.master
    return read_entry(master, resource) if master is not None and master.text else None


def _file(
    state: EventState, entry: Entry, which: str, resource: Resource, partstat: str
) -> ObjectFile:
    names = ("recurrences", state.uid, which) if which else ("objects", state.uid)
    if entry.state is EntryState.CANCELLED:
        data = _tombstone(state.uid, entry, _master(state, resource))
        return ObjectFile(("cancellations", *names), data)
    return ObjectFile(names, _object(entry, resource.aliases, partstat))


def _object(entry: Entry, own: Collection[str], partstat: str) -> bytes:
    """A stored component with the answer `partstat` of those whose address keys are `own`."""
    calendar = parse(entry.text)[0]
    return serialize(
        Component(
            calendar.name,
            calendar.properties,
            [_answered(item, own, partstat) for item in calendar.components],
        )
    )


def _answered(component: Component, own: Collection[str], partstat: str) -> Component:
    if component.name != "VEVENT":
        return component
    lines = [
        _with_answer(line, partstat) if line.name == "ATTENDEE" and key_of(line) in own else line
        for line in component.properties
    ]
    return Component(component.name, lines, component.components)


def _with_answer(line: ContentLine, partstat: str) -> ContentLine:
    kept = line.without("PARTSTAT").parameters
    return ContentLine(line.name, (*kept, ("PARTSTAT", (partstat,))), line.value)


def _tombstone(uid: str, entry: Entry, master: Event | None) -> bytes:
    """A cancelled component, of which no text is kept, as the CANCEL that its organizer sent."""
    organizer = parse_address(entry.organizer) if entry.organizer else None
    lines = tombstone_lines(uid, entry, organizer, master)
    lines.append(ContentLine("STATUS", (), "CANCELLED"))
    return serialize(vcalendar("CANCEL", [Component("VEVENT", lines)]))
