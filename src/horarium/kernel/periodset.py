"""Sets of instants as sorted, disjoint periods, and their algebra."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import le

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period


class PeriodSet:
    """Sorted, disjoint, non-touching periods; immutable.

    Invariant: ``_starts[0] < _ends[0] < _starts[1] < _ends[1] < …``. Two flat
    lists of ints make every operation one merge pass.
    """

    __slots__ = ("_ends", "_starts")

    def __init__(self, periods: Iterable[Period] = ()) -> None:
        given = list(periods)
        self._starts, self._ends = _merged(
            sorted([p.start for p in given]), sorted([p.end for p in given])
        )

    @classmethod
    def from_sorted(cls, periods: Iterable[Period]) -> PeriodSet:
        """Build from periods already sorted by start, in one pass.

        Raises InvalidInput when they are not sorted.
        """
        given = list(periods)
        starts: list[int] = [p.start for p in given]
        if not all(map(le, starts, starts[1:])):
            raise InvalidInput("the periods are not sorted", part="periods")
        return cls._of(*_merged(starts, sorted([p.end for p in given])))

    @classmethod
    def _of(cls, starts: list[int], ends: list[int]) -> PeriodSet:
        made = cls.__new__(cls)
        made._starts = starts
        made._ends = ends
        return made

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Period]:
        for a, b in zip(self._starts, self._ends, strict=True):
            yield Period(Instant(a), Instant(b))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PeriodSet):
            return NotImplemented
        return self._starts == other._starts and self._ends == other._ends

    def __hash__(self) -> int:
        return hash((tuple(self._starts), tuple(self._ends)))

    def __repr__(self) -> str:
        return f"PeriodSet({list(self)!r})"

    def union(self, other: PeriodSet) -> PeriodSet:
        """Give the instants in either set."""
        # Sorting two sorted runs is one merge pass of native code.
        return PeriodSet._of(
            *_merged(sorted(self._starts + other._starts), sorted(self._ends + other._ends))
        )

    def intersect(self, other: PeriodSet) -> PeriodSet:
        """Give the instants in both sets."""
        starts: list[int] = []
        ends: list[int] = []
        sa, ea, sb, eb = self._starts, self._ends, other._starts, other._ends
        i = j = 0
        n, m = len(sa), len(sb)
        while i < n and j < m:
            a, b = sa[i], ea[i]
            c, d = sb[j], eb[j]
            start = a if a > c else c
            if b < d:
                i += 1
                end = b
            else:
                j += 1
                end = d
            if start < end:
                starts.append(start)
                ends.append(end)
        return PeriodSet._of(starts, ends)

    def subtract(self, other: PeriodSet) -> PeriodSet:
        """Give the instants of this set that are not in the other."""
        starts: list[int] = []
        ends: list[int] = []
        sb, eb = other._starts, other._ends
        j, m = 0, len(sb)
        for a, b in zip(self._starts, self._ends, strict=True):
            while j < m and eb[j] <= a:
                j += 1
            while j < m and sb[j] < b:
                if a < sb[j]:
                    starts.append(a)
                    ends.append(sb[j])
                a = eb[j]
                if a >= b:
                    break
                j += 1
            if a < b:
                starts.append(a)
                ends.append(b)
        return PeriodSet._of(starts, ends)

    def gaps(self, within: Period) -> PeriodSet:
        """Give the instants of ``within`` that are not in this set."""
        return PeriodSet._of([within.start], [within.end]).subtract(
            self.clip(within.start, within.end)
        )

    def clip(self, a: Instant, b: Instant) -> PeriodSet:
        """Give the instants of this set in ``[a, b)``; empty when ``b <= a``."""
        if b <= a:
            return EMPTY
        first = bisect_right(self._ends, a)
        last = bisect_right(self._starts, b - 1)
        starts, ends = self._starts[first:last], self._ends[first:last]
        if starts:
            starts[0] = max(starts[0], a)
            ends[-1] = min(ends[-1], b)
        return PeriodSet._of(starts, ends)

    def contains(self, t: Instant) -> bool:
        """Tell whether the instant lies in one of the periods; by bisection."""
        i = bisect_right(self._starts, t)
        return i > 0 and t < self._ends[i - 1]

    def total(self) -> int:
        """Give the sum of the lengths in seconds."""
        return sum(self._ends) - sum(self._starts)

    def first_gap(self, duration: int, after: Instant, before: Instant) -> Period | None:
        """Give the first ``duration`` seconds outside this set within ``[after, before)``.

        None when there is no such gap. Raises InvalidInput for a duration below 1.
        """
        if duration < 1:
            raise InvalidInput(
                "a gap lasts at least one second", part="duration", value=str(duration)
            )
        at: int = after
        for i in range(bisect_right(self._ends, after), len(self._starts)):
            if self._starts[i] - at >= duration or at + duration > before:
                break
            at = self._ends[i]
        if at + duration > before:
            return None
        return Period(Instant(at), Instant(at + duration))

    def periods(self) -> Sequence[Period]:
        """Give the periods as a tuple."""
        return tuple(self)


def _merged(starts: Sequence[int], ends: Sequence[int]) -> tuple[list[int], list[int]]:
    """Merge what overlaps or touches, from all starts and all ends, each sorted by itself.

    Between the k-th end and the next start nothing is covered exactly when k
    periods have ended and no more have begun: ``ends[k - 1] < starts[k]``.
    """
    if not starts:
        return [], []
    later = starts[1:]
    kept = [starts[0], *(s for s, e in zip(later, ends, strict=False) if e < s)]
    closed = [e for s, e in zip(later, ends, strict=False) if e < s]
    closed.append(ends[-1])
    # Numbers made in order lie side by side in memory, which every later pass gains from.
    return array("q", kept).tolist(), array("q", closed).tolist()


EMPTY = PeriodSet()
