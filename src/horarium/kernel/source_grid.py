"""Moments on a grid of elapsed time: ``interval``, ``periodic``, ``immediately``.

The grid knows no zone and no clock change; how many of its points lie in a
stretch of time is a division.
"""

from __future__ import annotations

from collections.abc import Iterator

from horarium.kernel.gate import Gate
from horarium.kernel.instant import MAX_INSTANT, Instant, Wall, day_of
from horarium.kernel.moment import Batch, Entry, Reason, Skip
from horarium.kernel.schedule_parts import write_date
from horarium.kernel.steps import Meter
from horarium.kernel.zone import Zone


class Grid:
    """``first``, ``first + step``, … without end; a step of 0 is one moment."""

    __slots__ = ("_first", "_gate", "_length", "_opens", "_step", "_zone", "reach")

    def __init__(
        self, first: int, step: int, gate: Gate, zone: Zone, length: int | None, opens: bool
    ) -> None:
        self._first = first
        self._step = step
        self._gate = gate
        self._zone = zone
        self._length = length
        self._opens = opens
        self.reach = length or 0

    def batches(self, a: int, b: int, meter: Meter) -> Iterator[Entry]:
        """Yield the moments in ``[a, b)``, a batch for each stretch in which they count."""
        step = self._step or MAX_INSTANT * 2
        whole = Batch(
            self._first,
            (MAX_INSTANT - self._first) // step + 1,
            step,
            length=self._length,
            opens=self._opens,
        )
        kept = whole.clip(max(a, self._first), b)
        if kept is None:
            return
        end = b if self._step else self._first + 1
        at = kept.first
        for piece in self._gate.pieces(at, end, meter):
            if piece.end <= at:
                continue
            found = kept.clip(piece.start, piece.end)
            meter.spend(1)
            if found is None:
                continue
            if piece.reason is None:
                yield found
            else:
                yield skipped(found, piece.reason, self._zone)


def skipped(batch: Batch, reason: Reason, zone: Zone) -> Skip:
    """Give the moments of a batch as left out."""
    date = write_date(day_of(Wall(zone.to_wall(Instant(batch.first)))))
    return Skip(Instant(batch.first), Instant(batch.last), batch.size, reason, date)
