"""What overrides make of a series. Source: RFC 5545 3.2.13 and 3.8.4.4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant, Wall
from horarium.kernel.occurrence import Length, Occurrence, Override, Source
from horarium.kernel.zone import Zone


@dataclass(frozen=True, slots=True)
class Stretch:
    """The members with originals in ``[start, end)``, which share one shift and length.

    ``shift`` is in seconds on the wall clock: a meeting moved an hour later
    stays an hour later on the clock across a change of offset. ``changed``
    tells a stretch made by THISANDFUTURE from the first one.
    """

    start: int
    end: int
    shift: int
    length: Length
    changed: bool

    @classmethod
    def plain(cls, length: Length) -> Stretch:
        """Give the stretch of a set that nothing changes."""
        return cls(MIN_INSTANT, MAX_INSTANT + 1, 0, length, False)

    def member(self, original: Instant, zone: Zone) -> Occurrence:
        """Give the changed member of an original start."""
        wall = Wall(zone.to_wall(original) + self.shift)
        start = zone.at(wall) if self.shift else original
        return Occurrence(original, start, self.length.end_of(wall, start, zone), Source.OVERRIDE)


def settle(
    overrides: Sequence[Override], length: Length, zone: Zone, whole_day: bool
) -> tuple[tuple[Stretch, ...], frozenset[Instant], tuple[Occurrence, ...]]:
    """Give the stretches of the set, the replaced originals, and the members replacing them.

    The key of each is the original start of a member. Two of one key are a change of this and all
    future members and one of this member alone, which then counts for it.
    """
    stretches = [Stretch.plain(length)]
    end = MAX_INSTANT + 1
    for o in sorted((o for o in overrides if o.this_and_future), key=lambda o: o.original):
        before = stretches.pop()
        stretches.append(
            Stretch(before.start, o.original, before.shift, before.length, before.changed)
        )
        if o.cancelled:
            end = o.original
            break
        shift = zone.to_wall(o.start) - zone.to_wall(o.original)
        stretches.append(
            Stretch(o.original, end, shift, _length_of(o, length, zone, whole_day), True)
        )
    kept = [o for o in overrides if o.original < end]
    alone = {o.original for o in kept if not o.this_and_future}
    kept = [o for o in kept if not (o.this_and_future and o.original in alone)]
    replaced = sorted(
        (Occurrence(o.original, o.start, o.end, Source.OVERRIDE) for o in kept if not o.cancelled),
        key=lambda member: (member.start, member.original),
    )
    return tuple(stretches), frozenset(o.original for o in kept), tuple(replaced)


def _length_of(o: Override, length: Length, zone: Zone, whole_day: bool) -> Length:
    """Give the length later members take from an override: nominal where the set's is."""
    if whole_day or length.days:
        days, seconds = divmod(zone.to_wall(o.end) - zone.to_wall(o.start), DAY)
        if days >= 0:
            return Length(days, seconds)
    return Length.exact(o.end - o.start)
