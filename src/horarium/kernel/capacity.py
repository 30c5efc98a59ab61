"""How many periods are held at once, and where one more fits.

One sweep over starts and ends answers each question; pairs of periods are
never compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
    best = ended = 0
    at: int | None = None
    # At the k-th start more than `best` are held exactly when fewer than
    # k - best have ended: a new peak, or one more end to wait for.
    for start in starts:
        if ends[ended] > start:
            best += 1
            at = start
        else:
            ended += 1
    return Peak(best, None if at is None else Instant(at))


def fits(periods: Iterable[Period], new: Period, n: int) -> Fit:
    """Decide whether ``new`` can be held beside the periods when ``n`` may be held at once.

    Raises InvalidInput for ``n < 1``.
    """
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
    """Give the starts and the ends inside ``within``, each sorted by itself."""
    given = list(periods)
    if within is None:
        return sorted([p.start for p in given]), sorted([p.end for p in given])
    lo, hi = within.start, within.end
    given = [p for p in given if p.start < hi and p.end > lo]
    return (
        sorted([max(p.start, lo) for p in given]),
        sorted([min(p.end, hi) for p in given]),
    )


def full(periods: Iterable[Period], within: Period, n: int) -> Iterator[Period]:
    """Yield, in order, the stretches of ``within`` where ``n`` or more periods are held.

    From the k-th start on n are held until all but n - 1 of these k have
    ended. Raises InvalidInput for ``n < 1``.
    """
    _check_capacity(n)
    starts, ends = _ends_and_starts(periods, within)
    since: int | None = None
    until = 0
    for start, end in zip(starts[n - 1 :], ends, strict=False):
        if end <= start:
            continue
        if since is None:
            since = start
        elif start > until:
            yield Period(Instant(since), Instant(until))
            since = start
        until = end
    if since is not None:
        yield Period(Instant(since), Instant(until))
