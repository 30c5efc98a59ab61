"""The time a resource holds, the collisions of a request with it, and what is left free."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from horarium.booking.ports import LaidSeries, Reservation, Reservations
from horarium.booking.preferences import Preferences
from horarium.booking.resource import Resource
from horarium.booking.stored_event import hold
from horarium.kernel.capacity import full
from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.recurrence import Occurrence

# How many occurrences of one endless series are compared with one request; a series of the default
# two years has far fewer, and a request that needs more is declined rather than half compared.
MOST_COMPARED = 20_000


@dataclass(frozen=True, slots=True)
class Conflict:
    """An occurrence that does not fit, and the reservation it meets first (None: another
    occurrence of the same request)."""

    occurrence: Occurrence
    met: Reservation | None


def occupied(start: Instant, end: Instant, preferences: Preferences) -> Period:
    """The time that an occurrence takes, with the buffers before and after it."""
    return Period(
        Instant(start - preferences.buffer_before), Instant(end + preferences.buffer_after)
    )


def reservation(
    uid: str, occurrence: Occurrence, preferences: Preferences, *, recurring: bool
) -> Reservation:
    """The reservation that holds `occurrence`."""
    return Reservation(
        uid=uid,
        original=occurrence.original,
        occupied=occupied(occurrence.start, occurrence.end, preferences),
        event=Period(occurrence.start, occurrence.end),
        recurring=recurring,
    )


def held_in(
    reservations: Reservations, spans: Sequence[Period], resource: Resource, without: str = ""
) -> list[Reservation]:
    """Everything that the resource holds in any of `spans`, the event `without` left out.

    The rows laid down are joined by the occurrences of those series that are laid down only to a
    point before the end of the spans: beyond that point their rules hold the time.
    """
    if not spans:
        return []
    found = [item for item in reservations.held(spans) if item.uid != without]
    series = reservations.laid_before(max(span.end for span in spans))
    stretches = PeriodSet(spans) if series else PeriodSet()
    for laid in series:
        if laid.state.uid != without:
            found.extend(_beyond(laid, stretches, resource))
    return found


def _beyond(laid: LaidSeries, stretches: PeriodSet, resource: Resource) -> list[Reservation]:
    preferences = resource.preferences
    before, after = preferences.buffer_before, preferences.buffer_after
    starts = [stretch.start for stretch in stretches]
    ends = [stretch.end for stretch in stretches]
    start = Instant(max(laid.until - after, starts[0] - after))
    end = Instant(ends[-1] + before)
    if start >= end:
        return []
    held = hold(laid.state, resource, {})
    members, complete = held.pages(start, end, MOST_COMPARED)
    if not complete:
        raise LimitReached("occurrences_compared", len(members), MOST_COMPARED)
    found = []
    for member in members:
        if member.start < laid.until:
            continue
        taken = occupied(member.start, member.end, preferences)
        nearest = bisect_right(ends, taken.start)
        if nearest < len(ends) and starts[nearest] < taken.end:
            found.append(
                Reservation(
                    laid.state.uid, member.original, taken, Period(member.start, member.end), True,
                    laid.organizer, laid.organizer_name,
                )
            )  # fmt: skip
    return found


def find_conflicts(
    asked: Sequence[Occurrence], held: Sequence[Reservation], resource: Resource, capacity: int
) -> list[Conflict]:
    """The asked occurrences at which more than `capacity` reservations would coexist, in order.

    One sweep over all occupied periods finds the over-full stretches; touching is not meeting.
    """
    wanted = [occupied(o.start, o.end, resource.preferences) for o in asked]
    if not wanted or len(wanted) + len(held) <= capacity:
        return []
    everything = [item.occupied for item in held] + wanted
    within = Period(min(p.start for p in everything), max(p.end for p in everything))
    over = list(full(everything, within, capacity + 1))
    if not over:
        return []
    starts = [period.start for period in over]
    conflicts = []
    for occurrence, period in zip(asked, wanted, strict=True):
        stretch = _first_overlap(period, over, starts)
        if stretch is not None:
            conflicts.append(Conflict(occurrence, _holder(stretch, period, held)))
    return conflicts


def _first_overlap(
    period: Period, stretches: Sequence[Period], starts: Sequence[Instant]
) -> Period | None:
    at = max(bisect_right(starts, period.start) - 1, 0)
    for stretch in stretches[at : at + 2]:
        if stretch.overlaps(period):
            return stretch
    return None


def _holder(stretch: Period, period: Period, held: Iterable[Reservation]) -> Reservation | None:
    return next(
        (
            item
            for item in held
            if item.occupied.overlaps(stretch) and item.occupied.overlaps(period)
        ),
        None,
    )


def free_time(
    within: Period, held: Iterable[Reservation], resource: Resource, capacity: int
) -> PeriodSet:
    """What can still be booked in `within`: open hours less the stretches where `capacity` is
    reached, less the buffers that a new booking would need around them."""
    preferences = resource.preferences
    open_time = PeriodSet([within])
    if preferences.working_hours is not None:
        open_time = preferences.working_hours.open_periods(within.start, within.end, resource.zone)
    exhausted = [
        Period(
            Instant(stretch.start - preferences.buffer_after),
            Instant(stretch.end + preferences.buffer_before),
        )
        for stretch in full([item.occupied for item in held], _widened(within), capacity)
    ]
    return open_time.subtract(PeriodSet(exhausted))


def _widened(within: Period) -> Period:
    # A stretch just outside still pushes its buffer into the window; a day is longer than any.
    return Period(Instant(within.start - 86_400), Instant(within.end + 86_400))
