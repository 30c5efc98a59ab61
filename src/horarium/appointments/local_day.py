"""Local days: which date of a zone an instant belongs to, and when it begins.

A day begins at the first instant whose clock shows 00:00, or at the end of the
gap that swallows it. So each instant belongs to one day, whatever the clock is
set to, and a date that a zone left out is an empty day.
"""

from __future__ import annotations

from functools import lru_cache

from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall, day_of
from horarium.kernel.period import Period
from horarium.kernel.zone import Fold, Gap, Zone


@lru_cache(maxsize=16_384)
def day_start(zone: Zone, day: int) -> Instant:
    """Gives when a day (days since 1970-01-01) begins in a zone."""
    return zone.at(Wall(day * DAY), Gap.AT_END, Fold.FIRST)


def local_day(zone: Zone, t: Instant) -> int:
    """Gives the day an instant belongs to."""
    day = day_of(zone.to_wall(t))
    # A clock set back over midnight shows yesterday again on a day that has begun.
    if day_start(zone, day + 1) <= t:
        return day + 1
    return day if day_start(zone, day) <= t else day - 1


def on_day(zone: Zone, day: int, lower: int, upper: int) -> Period | None:
    """Gives the period between two times of a day, as seconds on its clock, 0 to 86,400.

    A bound in a gap is its end. Shown twice, the lower bound is the first of
    the two and the upper the last. None when nothing is left between them.
    """
    start = _bound(zone, day, lower, Fold.FIRST)
    end = _bound(zone, day, upper, Fold.LAST)
    return Period(start, end) if start < end else None


def _bound(zone: Zone, day: int, seconds: int, fold: Fold) -> Instant:
    if seconds == DAY:
        return day_start(zone, day + 1)
    first, last = day_start(zone, day), day_start(zone, day + 1)
    shown = zone.resolve(Wall(day * DAY + seconds), Gap.AT_END, Fold.BOTH).instants
    # Of two showings one may belong to another day, when midnight was shown twice.
    inside = [t for t in shown if first <= t < last]
    if inside:
        return inside[0 if fold is Fold.FIRST else -1]
    return min(max(shown[0], first), last)
