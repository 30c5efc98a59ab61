"""What all resources of a site hold in one span of time, read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horarium.booking.event_state import EventState
from horarium.booking.open_request import OpenRequest
from horarium.booking.ports import Booking, LaidSeries, Provisional, Reservation, Reservations
from horarium.booking.quota import Charge, Claim
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence
from horarium.store.bookings import held_row, read_reservation
from horarium.store.engine import Session
from horarium.store.rows import instant, number, text


@dataclass(frozen=True, slots=True)
class SpanReservations:
    """What one resource holds in a span that was read already; whatever else is asked comes from
    `whole`. Spans asked for lie inside the one that was read."""

    whole: Reservations
    found: Sequence[Reservation]
    laid: Sequence[tuple[str, Instant, str, str]]

    def event(self, uid: str) -> EventState:
        """What is known of `uid`."""
        return self.whole.event(uid)

    def held(self, spans: Sequence[Period]) -> list[Reservation]:
        """The reservations whose occupied time overlaps any of `spans`, in order of start."""
        return [i for i in self.found if any(i.occupied.overlaps(span) for span in spans)]

    def of_event(self, uid: str) -> list[Reservation]:
        """The reservations laid down for `uid`, in order of start."""
        return self.whole.of_event(uid)

    def laid_before(self, before: Instant) -> list[LaidSeries]:
        """The series that are laid down only to a point before `before`."""
        return [
            LaidSeries(until, self.whole.event(uid), who, name)
            for uid, until, who, name in self.laid
            if until < before
        ]

    def head(self, uid: str) -> Booking | None:
        """The head of `uid`, if it holds time."""
        return self.whole.head(uid)

    def provisional(self, uid: str) -> list[Provisional]:
        """What is held for `uid` and not booked."""
        return self.whole.provisional(uid)

    def open_requests(self, uid: str) -> list[OpenRequest]:
        """The requests of `uid` that are not settled."""
        return self.whole.open_requests(uid)

    def waiting_before(self, occurrences: Sequence[Occurrence]) -> int:
        """How many requests wait already for any of the time of `occurrences`."""
        return self.whole.waiting_before(occurrences)

    def charges(self, uid: str) -> list[Charge]:
        """What `uid` is charged in any quota."""
        return self.whole.charges(uid)

    def claims(self, uid: str) -> list[Claim]:
        """What `uid` holds in the free/busy of any quota."""
        return self.whole.claims(uid)


@dataclass(frozen=True, slots=True)
class HeldInSpan:
    """The reservations of every resource in one span, in three queries however many there are."""

    found: Mapping[int, Sequence[Reservation]]
    laid: Mapping[int, Sequence[tuple[str, Instant, str, str]]]

    def of(self, resource: int, whole: Reservations) -> SpanReservations:
        """Those of one resource, over its whole memory."""
        return SpanReservations(whole, self.found.get(resource, ()), self.laid.get(resource, ()))


def held_by_all(session: Session, tenant: str, span: Period, now: Instant) -> HeldInSpan:
    """Reads what every resource of a tenant holds in `span`; what has expired at `now` is not."""
    found: dict[int, list[Reservation]] = {}
    values = {"tenant": tenant, "start_s": span.start, "end_s": span.end}
    for resource, *row in session.rows("periods_of_all", values):
        found.setdefault(number(resource), []).append(read_reservation(tuple(row)))
    for resource, *row in session.rows("held_of_all", {**values, "now_s": now}):
        found.setdefault(number(resource), []).append(held_row(tuple(row)))
    laid: dict[int, list[tuple[str, Instant, str, str]]] = {}
    values = {"tenant": tenant, "instant_s": span.end}
    for resource, uid, until, who, name in session.rows("laid_before_of_all", values):
        series = (text(uid), instant(until), text(who), text(name))
        laid.setdefault(number(resource), []).append(series)
    return HeldInSpan(found, laid)
