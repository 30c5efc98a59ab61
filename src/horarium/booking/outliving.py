"""What of a stored event outlives a new statement of the whole of it."""

from __future__ import annotations

from dataclasses import replace

from horarium.booking.event_state import Entry, EntryState, EventState, Stamp
from horarium.booking.order import survivors
from horarium.kernel.recurrence import RecurrenceSet


def outliving(
    state: EventState, master: Stamp, series: RecurrenceSet, before: RecurrenceSet | None
) -> tuple[Entry, ...]:
    """The instances that stand beside a master stamped `master`, which states `series`.

    They bear a later stamp, so the master merely arrived late, and perhaps others are still on the
    way: a change of an occurrence that `series` has not holds no time but is remembered, and one
    that was remembered holds its time again when `series` has it. What was added to the series
    `before` was never one of its occurrences and stays booked.
    """
    found = []
    for entry in survivors(state, master, cancelled=False):
        assert entry.key is not None
        member = series.is_member(entry.key)
        added = before is not None and not before.is_member(entry.key)
        if member and entry.state is EntryState.DORMANT:
            entry = replace(entry, state=EntryState.BOOKED)
        elif not member and not added and entry.state is EntryState.BOOKED:
            entry = replace(entry, state=EntryState.DORMANT)
        found.append(entry)
    return tuple(found)
