"""Packing: a stretch that bookings leave is filled from its beginning, where more fits in that way.

Elsewhere starts stay on the grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from horarium.kernel.instant import Instant
from horarium.kernel.period import Period

ROUND = 300
"""A packed start is a multiple of five minutes: people say it over the telephone."""


class Stretch(NamedTuple):
    """A closed interval of starts that are feasible but for the grid, as long as it can be."""

    first: int
    last: int


def stretches(
    opening: Period, length: int, before: int, after: int, taken: Iterable[Period]
) -> Iterator[Stretch]:
    """Yields the stretches of an opening, in order. ``taken`` are the times when nothing more can
    run, in order; an appointment of ``length`` keeps ``before`` and ``after`` free around it."""
    at, last = int(opening.start), opening.end - length
    for period in taken:
        # From here to there a start would reach into the period.
        if at <= min(period.start - length - after, last):
            yield Stretch(at, min(period.start - length - after, last))
        at = max(at, period.end + before)
    if at <= last:
        yield Stretch(at, last)


def packed(grid: Sequence[Instant], stretch: Stretch, step: int, spacing: int) -> list[Instant]:
    """Gives the starts of a stretch: those of the grid, or from its beginning on by steps when more
    appointments, each taking ``spacing``, follow each other in that way."""
    own = [at for at in grid if stretch.first <= at <= stretch.last]
    begin = -(-stretch.first // ROUND) * ROUND
    if begin > stretch.last:
        return own
    by_grid, free_from = 0, stretch.first
    for at in own:
        if at >= free_from:
            by_grid, free_from = by_grid + 1, at + spacing
    if (stretch.last - begin) // spacing + 1 <= by_grid:
        return own
    return [Instant(at) for at in range(begin, stretch.last + 1, step)]
