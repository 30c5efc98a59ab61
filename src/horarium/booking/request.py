"""What is asked of a resource, and what a scheduling function may look at."""

from __future__ import annotations

from dataclasses import dataclass, field

from horarium.booking.freebusy import held_in, occupied
from horarium.booking.ports import Reservation, Reservations
from horarium.booking.resource import Resource
from horarium.ical.address import Address
from horarium.ical.participant import Participant
from horarium.kernel.instant import Instant
from horarium.kernel.recurrence import Occurrence


@dataclass(frozen=True, slots=True)
class Request:
    """A request for time: `occurrences` are the ones to be judged, in order.

    `recurring`, `frequency` and `endless` speak of its rule; `restates` tells that the whole event
    is stated anew (so none of its own reservations stands against it) and not only `occurrences`;
    `overflows` that it has more occurrences than may be looked at, so that they are not all.
    """

    uid: str
    organizer: Address
    organizer_name: str
    attendees: tuple[Participant, ...]
    occurrences: tuple[Occurrence, ...]
    recurring: bool
    endless: bool
    frequency: str | None
    restates: bool
    whole_day: bool
    times_changed: bool
    overflows: bool
    now: Instant

    @property
    def attendee_keys(self) -> frozenset[str]:
        """The address keys of the attendees."""
        return frozenset(attendee.address.key for attendee in self.attendees)

    @property
    def is_past(self) -> bool:
        """Whether every occurrence has ended."""
        return all(occurrence.end <= self.now for occurrence in self.occurrences)


@dataclass(slots=True)
class View:
    """What the functions of one decision may look at; it reads the reservations once, when the
    first function asks."""

    resource: Resource
    reservations: Reservations
    _held: list[Reservation] | None = field(default=None)

    def held(self, request: Request) -> list[Reservation]:
        """The reservations in the asked time that are not the request's own."""
        if self._held is None:
            preferences = self.resource.preferences
            spans = [occupied(o.start, o.end, preferences) for o in request.occurrences]
            without = request.uid if request.restates else ""
            found = held_in(self.reservations, spans, self.resource, without)
            own = {(request.uid, occurrence.original) for occurrence in request.occurrences}
            self._held = [item for item in found if (item.uid, item.original) not in own]
        return self._held
