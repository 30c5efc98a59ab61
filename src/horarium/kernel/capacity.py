"""How many periods are held at once, and where one more fits.

One sweep over starts and ends answers each question; pairs of periods are
never compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet


@dataclass(frozen=True, slots=True)
class Peak:
    """The greatest number of simultaneous periods and the first instant it is reached.

    ``at`` is None when nothing is held (``count`` 0).
    """

    count: int
    at: Instant | None


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether one more period may be held; when not, ``over`` is the first over-full period."""

    ok: bool
    over: Period | None = None


def peak(periods: Iterable[Period], within: Period | None = None) -> Peak:
    """Give the peak of the periods, looking only inside ``within`` when given.

    At equal instants ends are counted before starts: touching is not overlapping.
    """
    starts, ends = _ends_and_starts(periods, within)
    held = best = j = 0
    at: int | None = None
    for i, start in enumerate(starts):
        while ends[j] <= start:
            j += 1
        held = i + 1 - j
        if held > best:
            best, at = held, start
    return Peak(best, None if at is None else Instant(at))


def fits(periods: Iterable[Period], new: Period, n: int) -> Fit:
    """Decide whether ``new`` can be held beside the periods when ``n`` may be held at once.

    Raises InvalidInput for ``n < 1``.
    """
    _check_capacity(n)
    for period in full(periods, new, n):
        return Fit(False, period)
    return Fit(True)


def first_fit(
    periods: Iterable[Period],
    duration: int,
    n: int,
    after: Instant,
    before: Instant,
    open: PeriodSet,
) -> Period | None:
    """Give the first ``duration`` seconds inside ``open`` and ``[after, before)`` that fit.

    One sweep finds the full stretches, one merge pass takes them out of the
    open ones. None when nothing fits. Raises InvalidInput for ``n < 1`` or
    ``duration < 1``.
    """
    _check_capacity(n)
    if duration < 1:
        raise InvalidInput("a period lasts at least one second", part="duration")
    if before <= after:
        return None
    taken = PeriodSet.from_sorted(full(periods, Period(after, before), n))
    for free in open.clip(after, before).subtract(taken):
        if free.seconds >= duration:
            return Period(free.start, Instant(free.start + duration))
    return None


def _check_capacity(n: int) -> None:
    if n < 1:
        raise InvalidInput("a capacity is at least 1", part="capacity", value=str(n))


def _ends_and_starts(
    periods: Iterable[Period], within: Period | None
) -> tuple[list[int], list[int]]:
    if within is None:
        pairs = [(p.start, p.end) for p in periods]
        return sorted(a for a, _ in pairs), sorted(b for _, b in pairs)
    lo, hi = within.start, within.end
    inside = [(max(p.start, lo), min(p.end, hi)) for p in periods if p.start < hi and p.end > lo]
    return sorted(a for a, _ in inside), sorted(b for _, b in inside)


def full(periods: Iterable[Period], within: Period, n: int) -> Iterator[Period]:
    """Yield, in order, the stretches of ``within`` where ``n`` or more periods are held."""
    starts, ends = _ends_and_starts(periods, within)
    held = 0
    since = 0
    # (instant, change) sorts ends (-1) before starts (+1) at equal instants.
    changes = merge(((t, 1) for t in starts), ((t, -1) for t in ends))
    for t, change in changes:
        before = held
        held += change
        if before < n <= held:
            since = t
        elif held < n <= before and since < t:
            yield Period(Instant(since), Instant(t))
