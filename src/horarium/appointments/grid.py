"""The grid: at which times appointments of a service begin.

The grid depends on hours, never on bookings, on who looks, or on what was
asked: a booking takes starts away and moves none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from horarium.appointments.hours import HostHours
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall, day_of
from horarium.kernel.period import Period
from horarium.kernel.zone import Fold, Gap

MINUTE = 60
_STEPS = (60, 30, 20, 15, 10, 5)


class Anchor(Enum):
    """What the steps are counted from."""

    CLOCK = "clock"
    """The host's midnight: a wall time each, both showings of a fold, none in a gap."""
    OPENING = "opening"
    """The start of each opening, in elapsed time."""
    TIMES = "times"
    """Nothing: a fixed list of wall times."""


@dataclass(frozen=True, slots=True)
class Grid:
    """``step`` and ``offset`` in minutes; without a step it follows from the duration."""

    anchor: Anchor = Anchor.CLOCK
    step: int | None = None
    offset: int = 0
    times: tuple[int, ...] = ()

    def step_for(self, duration: int) -> int:
        """Gives the seconds from one start to the next for appointments of a duration."""
        if self.step is not None:
            return self.step * MINUTE
        fitting = (step for step in _STEPS if duration % (step * MINUTE) == 0)
        return next(fitting, _STEPS[-1]) * MINUTE

    def starts(self, hours: HostHours, opening: Period, duration: int) -> Iterator[Instant]:
        """Yields the starts of appointments that lie whole inside one opening, in order."""
        last = Instant(opening.end - duration)
        step = self.step_for(duration)
        if self.anchor is Anchor.OPENING:
            for at in range(opening.start + self.offset * MINUTE, last + 1, step):
                yield Instant(at)
            return
        first = day_of(hours.zone.to_wall(opening.start))
        final = day_of(hours.zone.to_wall(last)) if last >= opening.start else first - 1
        if hours.zone.transitions(opening.start, opening.end):
            # A clock set back over midnight shows the day before once more.
            first, final = min(first, final) - 1, max(first, final) + 1
        for day in range(first, final + 1):
            if self.anchor is Anchor.TIMES:
                yield from self._of_list(hours, day, opening.start, last)
            else:
                yield from self._of_clock(hours, day, step, opening.start, last)

    def _of_clock(
        self, hours: HostHours, day: int, step: int, first: Instant, last: Instant
    ) -> Iterator[Instant]:
        zone, midnight = hours.zone, day * DAY
        begin = self.offset * MINUTE % step
        if not zone.transitions(Instant(first - DAY), Instant(last + DAY)):
            shift = zone.offset_at(first)
            lowest = max(begin, begin - (begin - (first + shift - midnight)) // step * step)
            for seconds in range(lowest, min(DAY, last + shift - midnight + 1), step):
                yield Instant(midnight + seconds - shift)
            return
        found: list[Instant] = []
        for seconds in range(begin, DAY, step):
            resolved = zone.resolve(Wall(midnight + seconds), Gap.SKIP, Fold.BOTH)
            found += [t for t in resolved.instants if first <= t <= last]
        yield from sorted(found)

    def _of_list(
        self, hours: HostHours, day: int, first: Instant, last: Instant
    ) -> Iterator[Instant]:
        found = [hours.at(day, seconds) for seconds in self.times]
        yield from sorted(t for t in found if t is not None and first <= t <= last)
