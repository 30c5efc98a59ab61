"""What booking needs of a store, as narrow protocols of one calendar user."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from horarium.booking.event_state import EventState
from horarium.booking.open_request import OpenRequest
from horarium.booking.persons.known import Known
from horarium.booking.quota import Charge, Claim
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence

if TYPE_CHECKING:
    from horarium.booking.resource import Resource


class Holding(StrEnum):
    """Why time is held. All but BOOKED end by themselves."""

    BOOKED = "booked"
    # A proposal of ours that its organizer may take up.
    OFFER = "offer"
    # Asked of this resource by another of its pool, and not decided yet.
    HOLD = "hold"
    # Waits for a person's approval.
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Reservation:
    """One occurrence held by a resource.

    `occupied` includes the buffers, `event` does not; `original` is the original start, which
    names the occurrence in its series. What is not BOOKED is held until `expires`.
    """

    uid: str
    original: Instant
    occupied: Period
    event: Period
    recurring: bool
    organizer: str = ""
    organizer_name: str = ""
    summary: str = ""
    holding: Holding = Holding.BOOKED
    expires: Instant | None = None


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


@dataclass(frozen=True, slots=True)
class Provisional:
    """Time held for an event that is not booked. A HOLD tells which resource asked for it
    (`asked_by`, an address key), for which SEQUENCE, and for which times (`digest`: that of the
    event, and after a blank that of the occurrence where it was changed)."""

    reservation: Reservation
    asked_by: str = ""
    sequence: int = 0
    digest: str = ""


class Reservations(Protocol):
    """The memory of one resource inside one transaction."""

    def event(self, uid: str) -> EventState:
        """What is known of `uid`; an empty state if nothing is."""

    def held(self, spans: Sequence[Period]) -> list[Reservation]:
        """The reservations whose occupied time overlaps any of `spans`, in order of start; the
        offers, holds and pending requests that have not expired are among them."""

    def of_event(self, uid: str) -> list[Reservation]:
        """The reservations laid down for `uid`, in order of start."""

    def laid_before(self, before: Instant) -> list[LaidSeries]:
        """The series that are laid down only to a point before `before`."""

    def head(self, uid: str) -> Booking | None:
        """The head of `uid`, if it holds time."""

    def provisional(self, uid: str) -> list[Provisional]:
        """What is held for `uid` and not booked, and has not expired, in order of start."""

    def open_requests(self, uid: str) -> list[OpenRequest]:
        """The requests of `uid` that are not settled."""

    def waiting_before(self, occurrences: Sequence[Occurrence]) -> int:
        """How many requests wait already for any of the time of `occurrences`."""

    def charges(self, uid: str) -> list[Charge]:
        """What `uid` is charged in any quota."""

    def claims(self, uid: str) -> list[Claim]:
        """What `uid` holds in the free/busy of any quota."""


@dataclass(frozen=True, slots=True)
class Member:
    """Another resource of this installation, with its memory in the same transaction."""

    resource: Resource
    reservations: Reservations


class Surroundings(Protocol):
    """What a decision may see beyond its own resource, inside the same transaction."""

    def used(self, quota: str, identity: str) -> int:
        """The seconds charged to `identity` that end after the quota's mark."""

    def mark(self, quota: str) -> Instant | None:
        """The instant up to which usage has expired."""

    def claimed(self, quota: str, organizer: str, spans: Sequence[Period]) -> list[Claimed]:
        """What is claimed in the quota's free/busy for an organizer (address key) in `spans`."""

    def member(self, key: str) -> Member | None:
        """The resource with that address key, if it is one of this installation."""

    def waiting_of(self, organizer: str) -> int:
        """How many requests of an organizer (address key) wait for a person or for their time."""

    def assigned(self, quota: str) -> dict[str, Instant]:
        """When each resource (address key) was last chosen in that pool."""

    def known(self, party: str) -> Sequence[Known]:
        """What a party (an address key) has told this resource of its time."""

    def known_busy(self, keys: Collection[str], within: Period) -> list[Period]:
        """What others (address keys) have told of their busy time."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Time claimed in a quota's free/busy: by which resource (its name), and when."""

    resource: str
    uid: str
    original: Instant
    event: Period
