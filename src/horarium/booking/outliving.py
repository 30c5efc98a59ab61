"""What of a stored event outlives a new statement of the whole of it."""

from __future__ import annotations

from dataclasses import replace

from horarium.booking.event_state import Entry, EntryState, EventState, Slot, Stamp
from horarium.booking.order import survivors
from horarium.booking.resource import Resource
from horarium.booking.stored_event import occurrence_key, read_entry
from horarium.ical.event import Event
from horarium.kernel.recurrence import RecurrenceSet


def outliving(
    state: EventState, master: Event, stamp: Stamp, before: RecurrenceSet | None, resource: Resource
) -> tuple[Entry, ...]:
    """The instances that stand beside a `master` stamped `stamp`.

    They bear a later stamp, so the master merely arrived late, and perhaps others are still on the
    way: a change of an occurrence that the master has not holds no time but is remembered, and one
    that was remembered holds its time again when the master has it. What was added to the series
    `before` was never one of its occurrences and stays booked.
    """
    found: dict[Slot, Entry] = {}
    series = master.series
    assert series is not None
    for entry in survivors(state, stamp, cancelled=False):
        entry = _named_by_day(entry, master, series, resource)
        assert entry.key is not None
        member = series.is_member(entry.key)
        added = before is not None and not before.is_member(entry.key)
        if member and entry.state is EntryState.DORMANT:
            entry = replace(entry, state=EntryState.BOOKED)
        elif not member and not added and entry.state is EntryState.BOOKED:
            entry = replace(entry, state=EntryState.DORMANT)
        other = found.get(entry.slot)
        if other is None or other.stamp < entry.stamp:
            found[entry.slot] = entry
    return tuple(found.values())


def _named_by_day(entry: Entry, master: Event, series: RecurrenceSet, resource: Resource) -> Entry:
    """The entry under the start that its occurrence has in `master`: while no series was known, a
    RECURRENCE-ID that is a DATE could only stand for the day."""
    if not entry.text or (entry.key is not None and series.is_member(entry.key)):
        return entry
    which = read_entry(entry, resource).recurrence_id
    if which is None or which.day is None:
        return entry
    key = occurrence_key(which, master.whole_day, master, resource.zone)
    return entry if key is None else replace(entry, key=key)
