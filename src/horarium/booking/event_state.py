"""What one calendar user knows of one event: the last component of each of its keys.

The state is the whole memory of an event: bookings, declined components (whose stamps still order
later messages) and tombstones of cancellations. It is changed only by replacing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant


class EntryState(StrEnum):
    """What became of a component."""

    BOOKED = "booked"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    # It names an occurrence that the series known so far has not; should an older statement of the
    # event that was overtaken bring that occurrence, it is changed by this.
    DORMANT = "dormant"


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """The order of an organizer's messages: SEQUENCE first, then DTSTAMP (RFC 5546 2.1.5)."""

    sequence: int
    dtstamp: Instant


# The key of a component, and whether it speaks for all future instances too: one such change and
# one of the same instance alone stand beside each other.
Slot = tuple[Instant | None, bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored component: the master (`key` None) or an override, by its original start.

    `text` is a VCALENDAR with this component and the zones it names; it is empty for a tombstone.
    `digest` stands for the instants and the participants (a re-encoding does not change it).
    """

    key: Instant | None
    stamp: Stamp
    state: EntryState
    organizer: str
    made_by: str
    digest: str
    text: bytes
    zone_data: str
    this_and_future: bool = False

    @property
    def slot(self) -> Slot:
        """What no two entries of an event share."""
        return self.key, self.this_and_future


@dataclass(frozen=True, slots=True)
class EventState:
    """All entries of one UID at one calendar user, at most one for each slot."""

    uid: str
    entries: tuple[Entry, ...] = ()

    def __post_init__(self) -> None:
        if len({entry.slot for entry in self.entries}) != len(self.entries):
            raise InvalidInput("an event has two entries of one key", part="uid", value=self.uid)

    @property
    def master(self) -> Entry | None:
        """The entry without RECURRENCE-ID: a request, or the tombstone of the whole event."""
        return self.get((None, False))

    @property
    def instances(self) -> tuple[Entry, ...]:
        """The entries with RECURRENCE-ID."""
        return tuple(entry for entry in self.entries if entry.key is not None)

    def get(self, slot: Slot) -> Entry | None:
        """The entry of `slot`."""
        for entry in self.entries:
            if entry.slot == slot:
                return entry
        return None

    def with_entry(self, new: Entry) -> EventState:
        """The state in which `new` has taken its slot."""
        kept = tuple(entry for entry in self.entries if entry.slot != new.slot)
        return EventState(self.uid, (*kept, new))

    def only(self, kept: Iterator[Entry]) -> EventState:
        """The state with just these entries."""
        return EventState(self.uid, tuple(kept))

    @property
    def holds_time(self) -> bool:
        """Whether any component of the event is booked."""
        return any(entry.state is EntryState.BOOKED for entry in self.entries)

    def says_the_same(self, other: EventState) -> bool:
        """Whether two states hold the same content, their stamps aside, and hold it booked."""
        one = {(e.slot, e.state, e.digest) for e in self.entries}
        return one == {(e.slot, e.state, e.digest) for e in other.entries}

    @property
    def organizer(self) -> str | None:
        """The address key of the organizer that the event was made by, if any is known."""
        first = self.master or (self.entries[0] if self.entries else None)
        return first.organizer if first else None
