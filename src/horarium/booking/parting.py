"""What a decision on the whole of an event means for its parts, and for the booking before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from horarium.booking.answering import Part
from horarium.booking.asked import Asked
from horarium.booking.decision import Decision, reject
from horarium.booking.event_state import Entry, EntryState, EventState
from horarium.booking.reasons import Reason
from horarium.booking.resource import Resource
from horarium.booking.stored_event import read_entry

# A resource keeps what it holds of what it declined for these reasons: the fault is not the
# organizer's, so it must not cost the booking.
_OUR_FAULTS = frozenset({Reason.CONFIGURATION, Reason.INTERNAL})


def turned(
    state: EventState, late: Iterable[Entry], decision: Decision, asked: Asked, resource: Resource
) -> Iterator[Part]:
    """The changed occurrences whose answer is another one now that the series is known: they were
    refused and it has them, or they were booked and it has them not."""
    for entry in late:
        before = state.get(entry.slot)
        if before is None or entry.state is before.state:
            continue
        if entry.state is EntryState.BOOKED:
            own = tuple(o for o in asked.occurrences if o.original == entry.key)
            yield Part(read_entry(entry, resource), decision, Asked(own))
        elif entry.state is EntryState.DORMANT:
            unknown = reject(Reason.UNKNOWN_OCCURRENCE)
            yield Part(read_entry(entry, resource), unknown, Asked(()))


def booked(asked: Asked, decision: Decision) -> Asked:
    """What was asked less the occurrences that are not booked."""
    if not decision.left_out:
        return asked
    kept = tuple(o for o in asked.occurrences if o.original not in decision.left_out)
    return replace(asked, occurrences=kept)


def keeps_booking(preference: str, decision: Decision) -> bool:
    """Whether an earlier booking outlives a declined update."""
    return preference == "keep" or bool(_OUR_FAULTS & set(decision.reasons))
