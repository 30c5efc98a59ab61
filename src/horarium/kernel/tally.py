"""How many moments a stretch of time has, without listing those of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.kernel.moment import Batch, Opening, Reason, Skip
from horarium.kernel.steps import Meter, StepsExhausted
from horarium.kernel.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Group:
    """Moments that do not become runs: ``count`` of them, ``at_least`` when there may be more."""

    first_due: Instant
    last_due: Instant
    count: int
    reason: Reason
    at_least: bool = False


_NEVER = Instant(0)


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of moments with the first and the last, and what the calendar left out.

    ``at_least``: the step budget was spent, there may be more.
    """

    count: int = 0
    first: Instant = _NEVER
    last: Instant = _NEVER
    groups: tuple[Group, ...] = ()
    at_least: bool = False

    def plus(self, other: Tally) -> Tally:
        """Give the moments of both, this one being the earlier."""
        if not other.count:
            kept = self
        elif not self.count:
            kept = other
        else:
            kept = Tally(self.count + other.count, self.first, other.last)
        return Tally(
            kept.count,
            kept.first,
            kept.last,
            joined((*self.groups, *other.groups)),
            self.at_least or other.at_least,
        )

    def group(self, reason: Reason) -> tuple[Group, ...]:
        """Give all the moments as one group; none when there are no moments."""
        if not self.count:
            return ()
        return (Group(self.first, self.last, self.count, reason, self.at_least),)


def joined(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Join the groups of one reason, in the order of their first moments."""
    found: dict[Reason, Group] = {}
    for group in groups:
        known = found.get(group.reason)
        if known is not None:
            group = Group(
                min(known.first_due, group.first_due),
                max(known.last_due, group.last_due),
                known.count + group.count,
                group.reason,
                known.at_least or group.at_least,
            )
        found[group.reason] = group
    return tuple(sorted(found.values(), key=lambda group: group.first_due))


def tally(timetable: Timetable, a: int, b: int) -> Tally:
    """Count the moments due in ``[a, b)``; those of a grid by division."""
    if timetable.schedule.jitter is not None:
        return _tally_jittered(timetable, a, b)
    since = timetable.circumstances.activation
    still = timetable.still_open() if a <= since < b else None
    found = Tally(1, still.due, still.due) if still is not None else Tally()
    start = max(a, since + 1) if still is not None else max(a, since)
    return found.plus(_count(timetable, start, b)) if start < b else found


def _count(timetable: Timetable, a: int, b: int) -> Tally:
    count, first, last, at_least = 0, 0, 0, False
    skips: list[Group] = []
    try:
        for entry in timetable.batches(a, b, Meter(timetable.circumstances.steps)):
            if isinstance(entry, Skip):
                skips.append(_group(entry))
                continue
            first = first if count else entry.first
            count += entry.size
            last = entry.last
    except StepsExhausted:
        at_least = True
        newest = timetable.newest(a, b, 1)
        last = newest[-1].due if newest else last
    return Tally(count, Instant(first), Instant(last), joined(skips), at_least)


def _group(skip: Skip) -> Group:
    return Group(skip.at, skip.last, skip.count, skip.reason)


def _tally_jittered(timetable: Timetable, a: int, b: int) -> Tally:
    """Count delayed moments: those of the grid, corrected at both edges.

    As many are due before ``b`` as the grid has before ``b - jitter``, and those
    after it whose delay is short enough; the same holds for ``a``.
    """
    jitter = timetable.schedule.jitter or 0
    since = timetable.circumstances.activation
    still = timetable.still_open() if a <= since < b else None
    start = max(a, since)
    if start >= b:
        return Tally()
    inner = _count(timetable, start - jitter, b - jitter)
    count = inner.count + _due_before(timetable, b) - _due_before(timetable, start)
    skips = _count(timetable, start, b).groups
    openings = _openings(timetable, start, b)
    first = next(openings, None)
    if first is None:
        return Tally(0, groups=skips)
    if still is not None:
        count += 1 - sum(1 for o in timetable.moments(since, Instant(since + 1)).openings[1:])
    last = timetable.newest(start, b, 1)[-1].due
    return Tally(max(count, 1), first.due, last, skips, inner.at_least)


def _openings(timetable: Timetable, a: int, b: int) -> Iterator[Opening]:
    meter = Meter(timetable.circumstances.steps)
    return (e for e in timetable.entries(a, b, meter) if isinstance(e, Opening))


def _due_before(timetable: Timetable, edge: int) -> int:
    """Count the moments of the last jitter before an edge whose delay keeps them before it."""
    jitter = timetable.schedule.jitter or 0
    meter = Meter(timetable.circumstances.steps)
    return sum(
        base + timetable.delay(entry, base) < edge
        for entry in timetable.batches(edge - jitter, edge, meter)
        if isinstance(entry, Batch)
        for base in range(entry.first, entry.last + 1, entry.step)
    )
