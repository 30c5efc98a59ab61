"""What the recording for a person needs of a store, beside the events of the person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from horarium.booking.persons.known import Known
from horarium.booking.persons.notes import EventNotes
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period

Slot = tuple[str, Instant | None]


class PersonMemory(Protocol):
    """What is kept of one person inside one transaction."""

    def notes(self, uid: str) -> EventNotes:
        """What is kept beside the event ``uid``; empty notes if nothing is."""

    def offers(self, now: Instant) -> list[Period]:
        """The times that the person proposed and that are still held at ``now``."""

    def partstats(self, person: str, uids: Sequence[str]) -> dict[Slot, str]:
        """How the person of that address key takes part in the events ``uids``, by UID and
        original start, None for the whole event."""

    def known(self, party: str) -> list[Known]:
        """What is known of another's free/busy, by address key."""
