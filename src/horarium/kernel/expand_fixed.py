"""Rules whose periods are all alike: an arithmetic progression of one pattern."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from horarium.kernel.steps import Meter

BLOCK = 256
"""Members made at once: enough to leave the interpreter little to do, small in memory."""


class FixedExpansion:
    """The walls ``base + k * step + offset`` for k = 0, 1, … and each offset of the pattern.

    The offsets are sorted, not negative and less than ``step``. Jumping and
    counting are divisions.
    """

    __slots__ = ("_base", "_offsets", "step")

    def __init__(self, base: int, step: int, offsets: tuple[int, ...]) -> None:
        self._base = base
        self.step = step
        self._offsets = offsets

    def chunks(self, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
        """Yield the walls in ``[lo, hi)`` in sorted blocks."""
        if hi <= lo:
            return
        base, step, offsets = self._base, self.step, self._offsets
        if len(offsets) == 1:
            yield from _progression(base + offsets[0], step, lo, hi, meter)
            return
        period = max((lo - base) // step, 0)
        last = (hi - 1 - base) // step
        size, most = 1, max(BLOCK // len(offsets), 1)
        while period <= last:
            count = min(size, last - period + 1)
            first = base + period * step
            walls = [
                at + offset for at in range(first, first + count * step, step) for offset in offsets
            ]
            if walls[0] < lo:
                del walls[: bisect_left(walls, lo)]
            if walls and walls[-1] >= hi:
                del walls[bisect_left(walls, hi) :]
            meter.spend(len(walls) + 1)
            if walls:
                yield walls
            period += count
            size = min(size * 8, most)

    def nth(self, n: int, start: int) -> int:
        """Give the wall of the n-th member (from 1) that is not before ``start``."""
        period, into = divmod(start - self._base, self.step)
        before = period * len(self._offsets) + bisect_left(self._offsets, into)
        period, index = divmod(before + n - 1, len(self._offsets))
        return self._base + period * self.step + self._offsets[index]


def _progression(first: int, step: int, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
    """Yield a single progression as ranges, which cost nothing to hold."""
    if first < lo:
        first += -((first - lo) // step) * step
    size = 16
    while first < hi:
        stop = min(first + size * step, hi)
        block = range(first, stop, step)
        meter.spend(len(block) + 1)
        yield block
        first += size * step
        size = BLOCK
