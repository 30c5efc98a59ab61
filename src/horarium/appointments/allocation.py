"""Giving the next slot: the earliest start that rules, other slots and busy time allow.

One pass over the days from the wish to the limit a week later, and in each day
over its spans: the first gap of a span is its only candidate, since nothing
earlier in the span is free and long enough. So the answer is exact, and the
work does not depend on how long a day or a slot is.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from horarium.appointments.codes import Code
from horarium.appointments.errors import Closed, SlotUnavailable
from horarium.appointments.local_day import day_start, local_day
from horarium.appointments.rules import Hours
from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, Instant, Wall
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet
from horarium.kernel.zone import Fold, Gap, Zone

LONGEST = 366 * DAY
"""A slot is part of an agenda; nobody gives out more than a year at once."""

WEEK = 7 * DAY


class Days(Protocol):
    """Which hours the days of a zone have; rules are one such, the hours of a host another."""

    @property
    def zone(self) -> Zone:
        """Whose clock says where days begin."""
        ...

    @property
    def maximum(self) -> int:
        """How many slots may begin on one day; 0 for any number."""
        ...

    def hours(self, day: int, duration: int) -> Hours:
        """Gives where slots of a duration that begin on the day may lie."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """What a generator remembers; the slots it gave are not kept.

    ``time`` is the current time, ``number`` the slots given less those pushed
    back, ``counts`` the slots by the local day they begin on, ``returned`` the
    time that was pushed back and not given again, in order and disjoint.
    """

    time: Instant
    number: int = 0
    counts: Mapping[int, int] = field(default_factory=dict)
    returned: tuple[Period, ...] = ()

    def at(self, time: Instant) -> State:
        """The same with another current time; what was returned before it is forgotten."""
        kept = tuple(period for period in self.returned if period.start >= time)
        return replace(self, time=time, returned=kept)

    def reset(self) -> State:
        """The same with all counters at zero."""
        return replace(self, number=0, counts={})


@dataclass(frozen=True, slots=True)
class Request:
    """A slot of ``duration`` seconds is wanted, not before ``time`` when that is given."""

    duration: int
    time: Instant | None = None

    def __post_init__(self) -> None:
        wrong = isinstance(self.duration, bool) or not isinstance(self.duration, int)
        if wrong or not 0 < self.duration <= LONGEST:
            raise InvalidInput(
                f"a slot lasts from 1 to {LONGEST} whole seconds, not {str(self.duration)[:40]!r}",
                part="duration", value=str(self.duration)[:40],
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Allocation:
    """The slot that is given, and what the generator remembers from then on."""

    slot: Period
    state: State


def allocate(
    days: Days, state: State, request: Request, busy: PeriodSet = EMPTY
) -> Allocation | SlotUnavailable:
    """Decides which slot is next; a refusal is given back, not raised, and changes nothing.

    Returned slots come first, in order of time. Source: seed 003, get-slot.
    """
    duration = request.duration
    for period in state.returned:
        at = max(period.start, request.time if request.time is not None else period.start)
        if at + duration <= period.end:
            slot = Period(at, Instant(at + duration))
            if _allowed(days, state.counts, slot, busy):
                return _given(days, state, slot)
    wish = max(state.time, request.time if request.time is not None else state.time)
    limit = a_week_later(days.zone, wish)
    closed: list[Closed] = []
    day = local_day(days.zone, wish)
    while day_start(days.zone, day) < limit:
        found = _first(days, state.counts, day, duration, wish, limit, busy)
        if isinstance(found, Period):
            return _given(days, state, found)
        closed.append(Closed(day, found))
        day += 1
    return SlotUnavailable(wish, duration, limit, closed)


def push_back(days: Days, state: State, slot: Period) -> State:
    """Takes a slot back, so that it is given first; one more may begin on its day again.

    Raises Conflict when the slot overlaps one that was returned already.
    """
    if any(slot.overlaps(period) for period in state.returned):
        raise Conflict("the slot overlaps one that was pushed back already")
    day = local_day(days.zone, slot.start)
    returned = [*state.returned]
    insort(returned, slot)
    return replace(
        state, number=max(0, state.number - 1), returned=tuple(returned),
        counts={**state.counts, day: max(0, state.counts.get(day, 0) - 1)},
    )  # fmt: skip


def a_week_later(zone: Zone, t: Instant) -> Instant:
    """Gives the same wall time seven days later; no start is looked for from there on.

    On the wall, so that hours of one weekday are found also in the week that
    is an hour longer.
    """
    shown = zone.to_wall(t)
    here = zone.resolve(shown, Gap.SHIFT, Fold.BOTH).instants
    side = Fold.LAST if t == here[-1] and len(here) == 2 else Fold.FIRST
    return min(zone.at(Wall(shown + WEEK), Gap.SHIFT, side), MAX_INSTANT)


def _first(
    days: Days, counts: Mapping[int, int], day: int, duration: int,
    wish: Instant, limit: Instant, busy: PeriodSet,
) -> Period | Code:  # fmt: skip
    """The first slot that begins on a day, or what closes the day."""
    if _full(days, counts, day):
        return Code.MAX_SLOTS
    hours = days.hours(day, duration)
    if not hours.spans:
        return hours.closed or Code.OUTSIDE_HOURS
    tomorrow = min(day_start(days.zone, day + 1), limit)
    found: list[Period] = []
    reason = Code.OUTSIDE_HOURS
    for span in hours.spans:
        after = max(wish, span.start, day_start(days.zone, day))
        if after >= tomorrow:
            continue
        gap = busy.first_gap(duration, after, span.end)
        if gap is not None and gap.start < tomorrow:
            found.append(gap)
        elif reason is not Code.BUSY_SOURCE:
            fits = after + duration <= span.end
            reason = Code.BUSY_SOURCE if fits else Code.DOES_NOT_FIT
    return min(found) if found else reason


def _full(days: Days, counts: Mapping[int, int], day: int) -> bool:
    return bool(days.maximum) and counts.get(day, 0) >= days.maximum


def _allowed(days: Days, counts: Mapping[int, int], slot: Period, busy: PeriodSet) -> bool:
    """Whether rules and busy time allow exactly this slot."""
    day = local_day(days.zone, slot.start)
    if _full(days, counts, day) or len(busy.clip(slot.start, slot.end)):
        return False
    spans = days.hours(day, slot.seconds).spans
    return any(span.start <= slot.start and slot.end <= span.end for span in spans)


def _given(days: Days, state: State, slot: Period) -> Allocation:
    day = local_day(days.zone, slot.start)
    counts = {**state.counts, day: state.counts.get(day, 0) + 1}
    returned = tuple(_without(state.returned, slot))
    return Allocation(slot, State(max(state.time, slot.end), state.number + 1, counts, returned))


def _without(returned: tuple[Period, ...], slot: Period) -> Iterator[Period]:
    """What stays returned: a rest of a period is not merged with another period's."""
    for period in returned:
        if not slot.overlaps(period):
            yield period
            continue
        if period.start < slot.start:
            yield Period(period.start, slot.start)
        if slot.end < period.end:
            yield Period(slot.end, period.end)
