"""What booking needs of a store, as narrow protocols of one calendar user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from horarium.booking.event_state import EventState
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period


@dataclass(frozen=True, slots=True)
class Reservation:
    """One occurrence held by a resource.

    `occupied` includes the buffers, `event` does not; `original` is the original start, which
    names the occurrence in its series.
    """

    uid: str
    original: Instant
    occupied: Period
    event: Period
    recurring: bool
    organizer: str = ""
    organizer_name: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class LaidSeries:
    """A series whose periods are laid down only to `until`; its rule holds time beyond."""

    until: Instant
    state: EventState
    organizer: str
    organizer_name: str


@dataclass(frozen=True, slots=True)
class Booking:
    """The head of an event that holds time.

    `endless_until` is the instant to which the periods of an endless series are laid down; `ends`
    bounds a long finite one. `capacity` is the N its free/busy was checked under; None if nothing
    checked it.
    """

    organizer: str
    organizer_name: str
    summary: str
    accepted: Instant
    capacity: int | None
    endless_until: Instant | None = None
    ends: Instant | None = None


class Reservations(Protocol):
    """The memory of one resource inside one transaction."""

    def event(self, uid: str) -> EventState:
        """What is known of `uid`; an empty state if nothing is."""

    def held(self, spans: Sequence[Period]) -> list[Reservation]:
        """The reservations whose occupied time overlaps any of `spans`, in order of start."""

    def of_event(self, uid: str) -> list[Reservation]:
        """The reservations laid down for `uid`, in order of start."""

    def laid_before(self, before: Instant) -> list[LaidSeries]:
        """The series that are laid down only to a point before `before`."""

    def head(self, uid: str) -> Booking | None:
        """The head of `uid`, if it holds time."""
