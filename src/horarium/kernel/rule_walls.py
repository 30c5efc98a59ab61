"""The wall times a rule gives from DTSTART on, ended by COUNT."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from horarium.kernel.expand_fixed import FixedExpansion
from horarium.kernel.expansion import Expansion, expansion_of
from horarium.kernel.gregorian import DAY, MAX_DAY
from horarium.kernel.instant import Wall
from horarium.kernel.limits import Limits
from horarium.kernel.occurrence import DtstartPolicy
from horarium.kernel.rule import Rule
from horarium.kernel.satisfiable import satisfiable
from horarium.kernel.steps import Meter, StepsExhausted
from horarium.kernel.zone import Gap, Zone

LAST_WALL = (MAX_DAY + 1) * DAY - 1
"""9999-12-31 23:59:59."""


class RuleWalls:
    """Gives the walls of a rule in any window.

    COUNT is turned into a last wall once: by division where the periods are
    all alike, else by counting. The count has a step budget of its own, so
    that an answer never depends on what was asked before. When it runs out,
    the walls up to ``_counted`` are known and ``_left`` are still to come:
    a query beyond goes on counting from there, on its own budget.
    """

    __slots__ = (
        "_counted",
        "_expansion",
        "_gap",
        "_left",
        "_zone",
        "last",
        "satisfiable",
        "start",
    )

    def __init__(
        self,
        rule: Rule,
        start: Wall,
        zone: Zone,
        whole_day: bool,
        limits: Limits,
        policy: DtstartPolicy,
        gap: Gap,
    ) -> None:
        self.start = start
        self._zone = zone
        self._gap = gap
        self.last = LAST_WALL
        self._counted = LAST_WALL
        self._left = 0
        self.satisfiable = satisfiable(rule, start, whole_day)
        if not self.satisfiable:
            self.last = start - 1
            return
        self._expansion: Expansion = expansion_of(rule, start, whole_day)
        if rule.count is not None:
            count = rule.count
            if policy is DtstartPolicy.MEMBER and not self._gives_start(limits):
                count -= 1
            self.last = self._nth(count, limits) if count else start - 1

    def chunks(self, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
        """Yield the walls in ``[lo, hi)`` in sorted blocks."""
        lo = max(lo, self.start)
        hi = min(hi, self.last + 1)
        known = min(hi, self._counted + 1)
        if lo < known:
            yield from self._given(lo, known, meter)
        if known < hi:
            yield from self._beyond(lo, hi, meter)

    def _given(self, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
        blocks = self._expansion.chunks(lo, hi, meter)
        return blocks if self._gap is not Gap.SKIP else self._shown(blocks)

    def _beyond(self, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
        """Go on counting where the count of COUNT stopped."""
        left = self._left
        for walls in self._given(self._counted + 1, hi, meter):
            walls = walls[:left]
            left -= len(walls)
            if walls and walls[-1] >= lo:
                yield walls[bisect_left(walls, lo) :]
            if not left:
                return

    def _shown(self, blocks: Iterator[Sequence[int]]) -> Iterator[Sequence[int]]:
        """Leave out the walls that no clock shows."""
        resolve = self._zone.resolve
        for walls in blocks:
            if self._zone.at_all_noting_gaps(walls)[1]:
                walls = [w for w in walls if resolve(Wall(w), Gap.SKIP).instants]
            if walls:
                yield walls

    def _gives_start(self, limits: Limits) -> bool:
        try:
            return any(self.chunks(self.start, self.start + 1, Meter(limits.steps)))
        except StepsExhausted:
            return False

    def _nth(self, n: int, limits: Limits) -> int:
        if isinstance(self._expansion, FixedExpansion) and self._gap is not Gap.SKIP:
            return min(self._expansion.nth(n, self.start), LAST_WALL)
        seen = self.start - 1
        try:
            for walls in self.chunks(self.start, LAST_WALL + 1, Meter(limits.steps)):
                if len(walls) >= n:
                    return walls[n - 1]
                n -= len(walls)
                seen = walls[-1]
        except StepsExhausted:
            self._counted, self._left = seen, n
        return LAST_WALL
