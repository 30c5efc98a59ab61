"""What is asked of a resource, and what a scheduling function may look at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from horarium.booking.freebusy import held_in, occupied
from horarium.booking.persons.known import Known
from horarium.booking.ports import Claimed, Member, Reservation, Reservations, Surroundings
from horarium.booking.resource import Resource
from horarium.ical.address import Address
from horarium.ical.event import Event
from horarium.ical.participant import Participant
from horarium.ical.tzid import ZoneBook
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence


@dataclass(frozen=True, slots=True)
class Delegation:
    """How far a request has been handed on: `tried` are the address keys that refused it already,
    `stand_in` the one that attends in our place now. `received` tells that another resource asked
    this one to stand in: then it may hand it on to nobody."""

    tried: frozenset[str] = frozenset()
    stand_in: str = ""
    received: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request for time: `occurrences` are the ones to be judged, in order.

    `event` is the component that asks. `recurring`, `frequency` and `endless` speak of its rule;
    `restates` tells that the whole event is stated anew (so none of its own reservations stands
    against it) and not only `occurrences`; `overflows` that it has more occurrences than may be
    looked at, so that they are not all. `chargeable` are all its occurrences where they can be
    counted, None where there is no end to them.
    """

    uid: str
    event: Event
    organizer: Address
    organizer_name: str
    attendees: tuple[Participant, ...]
    occurrences: tuple[Occurrence, ...]
    chargeable: tuple[Occurrence, ...] | None
    recurring: bool
    endless: bool
    frequency: str | None
    restates: bool
    whole_day: bool
    times_changed: bool
    overflows: bool
    now: Instant
    delegation: Delegation = Delegation()

    @property
    def attendee_keys(self) -> frozenset[str]:
        """The address keys of the attendees."""
        return frozenset(attendee.address.key for attendee in self.attendees)

    @property
    def is_past(self) -> bool:
        """Whether every occurrence has ended."""
        return all(occurrence.end <= self.now for occurrence in self.occurrences)

    def without(self, originals: Collection[Instant]) -> Request:
        """The request less the occurrences that are left out of it."""
        if not originals:
            return self
        kept = tuple(o for o in self.occurrences if o.original not in originals)
        charged = self.chargeable
        if charged is not None:
            charged = tuple(o for o in charged if o.original not in originals)
        return replace(self, occurrences=kept, chargeable=charged)


class Nowhere:
    """The surroundings of a resource that stands alone."""

    def used(self, quota: str, identity: str) -> int:
        """See Surroundings."""
        return 0

    def mark(self, quota: str) -> Instant | None:
        """See Surroundings."""
        return None

    def claimed(self, quota: str, organizer: str, spans: Sequence[Period]) -> list[Claimed]:
        """See Surroundings."""
        return []

    def member(self, key: str) -> Member | None:
        """See Surroundings."""
        return None

    def waiting_of(self, organizer: str) -> int:
        """See Surroundings."""
        return 0

    def assigned(self, quota: str) -> dict[str, Instant]:
        """See Surroundings."""
        return {}

    def known(self, party: str) -> Sequence[Known]:
        """See Surroundings."""
        return ()

    def known_busy(self, keys: Collection[str], within: Period) -> list[Period]:
        """See Surroundings."""
        return []


NOWHERE: Surroundings = Nowhere()


@dataclass(slots=True)
class View:
    """What the functions of one decision may look at; it reads the reservations once, when the
    first function asks. `book` are the zones of the message that asks, where there is one."""

    resource: Resource
    reservations: Reservations
    surroundings: Surroundings = NOWHERE
    book: ZoneBook | None = None
    _held: tuple[tuple[Occurrence, ...], list[Reservation]] | None = field(default=None)

    def held(self, request: Request) -> list[Reservation]:
        """The reservations in the asked time that are not the request's own."""
        if self._held is None or self._held[0] != request.occurrences:
            preferences = self.resource.preferences
            spans = [occupied(o.start, o.end, preferences) for o in request.occurrences]
            self._held = request.occurrences, self.held_besides(request, spans)
        return self._held[1]

    def held_besides(self, request: Request, spans: Sequence[Period]) -> list[Reservation]:
        """The reservations in `spans` that are not the request's own."""
        without = request.uid if request.restates else ""
        found = held_in(self.reservations, spans, self.resource, without)
        own = {(request.uid, occurrence.original) for occurrence in request.occurrences}
        return [item for item in found if (item.uid, item.original) not in own]
