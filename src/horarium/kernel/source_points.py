"""Moments that come one by one: a cron expression, a series, a signal, a single instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from horarium.kernel.cron import Cron
from horarium.kernel.errors import LimitReached
from horarium.kernel.gate import Gate
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, Instant, Wall, day_of
from horarium.kernel.moment import Batch, Entry, Reason, Skip
from horarium.kernel.recurrence import Occurrence, RecurrenceSet
from horarium.kernel.schedule_parts import write_date
from horarium.kernel.source_grid import skipped
from horarium.kernel.steps import Meter, StepsExhausted
from horarium.kernel.window import date_missing
from horarium.kernel.zone import Fold, Gap, Zone

_SEGMENT = 200 * DAY
"""How far ahead a change of the clocks is looked for at a time."""


class CronMoments:
    """The minutes of a cron expression on the clocks of a zone.

    Between two changes of the offset the clock runs evenly and is matched
    literally. What a gap leaves out, and what a fold shows twice, is decided at
    the change: for a fixed time by the policies of the schedule, for an expression
    with wildcards by the clock.
    """

    __slots__ = ("_cron", "_fold", "_gap", "_gate", "_length", "_zone", "reach")

    def __init__(
        self,
        cron: Cron,
        gate: Gate,
        zone: Zone,
        length: int | None,
        gap: Gap | None,
        fold: Fold | None,
    ) -> None:
        self._cron = cron
        self._gate = gate
        self._zone = zone
        self._length = length
        self._gap = Gap.SKIP if cron.wildcard else gap or Gap.AT_END
        self._fold = Fold.BOTH if cron.wildcard else fold or Fold.FIRST
        self.reach = length or 0

    def batches(self, a: int, b: int, meter: Meter) -> Iterator[Entry]:
        """Yield the moments in ``[a, b)``, in order."""
        a, b = max(a, self._gate.lo), min(b, self._gate.hi)
        length, gate = self._length, self._gate
        free = gate.open
        for entry in self._entries(a, b, meter):
            if isinstance(entry, Skip):
                if a <= entry.at < b:
                    yield entry
                continue
            t, notes = entry
            if t < a:
                continue
            if t >= b:
                return
            meter.spend(1)
            batch = Batch(t, length=length, opens=length is not None, notes=notes)
            reason = None if free else gate.refusal(Instant(t))
            yield batch if reason is None else skipped(batch, reason, self._zone)

    def _entries(
        self, a: int, b: int, meter: Meter
    ) -> Iterator[Skip | tuple[int, tuple[str, ...]]]:
        """Yield moments and notes, from a little before ``a``, segment by segment."""
        zone = self._zone
        # A change at `a` itself may give a moment there; with SHIFT even a change before it.
        t = a - 2 * DAY if self._gap is Gap.SHIFT else a - 1
        shown = self._shown_before(t)
        carried: list[int] = []
        while t < b:
            meter.spend(1)
            changes = zone.transitions(Instant(t + 1), Instant(t + _SEGMENT))
            if changes:
                change, before, after = changes[0]
            else:
                change, before = Instant(t + _SEGMENT), zone.offset_at(Instant(t))
                after = before
            stop = change + (min(before, after) if self._fold is Fold.LAST else before)
            first = t + before
            if self._fold is Fold.FIRST:
                first = max(first, shown)
            for w in self._walls(first, min(stop, b + before)):
                moment = w - before
                while carried and carried[0] < moment:
                    yield carried.pop(0), ("gap",)
                if carried and carried[0] == moment:
                    carried.pop(0)
                folded = w < shown or (after < before and w >= change + after)
                yield moment, ("fold",) if folded else ()
            if after > before:
                for item in self._at_gap(change, before, after):
                    if isinstance(item, int):
                        carried.append(item)
                    else:
                        yield item
            if after < before:
                shown = change + before
            t = change
        for moment in carried:
            yield moment, ("gap",)

    def _walls(self, w: int, stop: int) -> Iterator[int]:
        following = self._cron.next_wall
        while w < stop:
            found = following(w)
            if found is None or found >= stop:
                return
            yield found
            w = found + 60

    def _shown_before(self, t: int) -> int:
        """Give the wall time up to which a fold has already shown the walls once."""
        changes = self._zone.transitions(Instant(t - DAY), Instant(t + 1))
        if changes and changes[-1][2] < changes[-1][1]:
            return changes[-1][0] + changes[-1][1]
        return t - 2 * DAY

    def _at_gap(
        self, change: int, before: int, after: int
    ) -> Iterator[Skip | int | tuple[int, tuple[str, ...]]]:
        """Give what becomes of the walls in a gap: a moment at its end, later ones, or none."""
        walls = list(self._walls(change + before, change + after))
        gone = {w for w in walls if date_missing(self._zone, w // DAY)}
        kept = [w for w in walls if w not in gone]
        if gone:
            yield self._skip(change, sorted(gone), Reason.NO_SUCH_DATE)
        if not kept:
            return
        if self._gap is Gap.SKIP:
            yield self._skip(change, kept, Reason.IN_GAP)
        elif self._gap is Gap.SHIFT:
            yield from (w - before for w in kept)
        else:
            here = self._cron.next_wall(change + after) == change + after
            merged = len(kept) + here > 1
            yield change, ("gap", "merged") if merged else ("gap",)

    def _skip(self, change: int, walls: Sequence[int], reason: Reason) -> Skip:
        at = Instant(change)
        return Skip(at, at, len(walls), reason, write_date(day_of(Wall(walls[0]))))


class SeriesMoments:
    """The starts of a recurrence set; each opens until the end of its member."""

    __slots__ = ("_gate", "_lasting", "_length", "_set", "_zone", "reach")

    def __init__(
        self, series: RecurrenceSet, gate: Gate, zone: Zone, length: int | None, lasting: bool
    ) -> None:
        self._set = series
        self._gate = gate
        self._zone = zone
        self._length = length
        self._lasting = lasting
        ends = [r.end - r.start for r in series.rdates if r.end is not None]
        self.reach = max([length or 0, series.length.longest, *ends])

    def batches(self, a: int, b: int, meter: Meter) -> Iterator[Entry]:
        """Yield the starts in ``[a, b)``, in order."""
        a, b = max(a, self._gate.lo), min(b, self._gate.hi)
        for member in self._members(a, b):
            meter.spend(1)
            reason = self._gate.refusal(member.start)
            if member.end > member.start:
                batch = Batch(member.start, start=member.start, end=member.end, opens=True)
            else:
                opens = self._length is not None
                batch = Batch(member.start, length=self._length, opens=opens)
            yield batch if reason is None else skipped(batch, reason, self._zone)

    def _members(self, a: int, b: int) -> Iterator[Occurrence]:
        try:
            yield from self._set.starting(Instant(a), Instant(b))
        except LimitReached as reached:
            # The set has a budget of its own; here it counts as that of the question.
            raise StepsExhausted from reached


class SignalMoments:
    """The instants at which a signal was given; while the gate is shut it waits or is dropped."""

    __slots__ = ("_gate", "_given", "_length", "_waits", "_zone", "reach")

    def __init__(
        self, given: Sequence[Instant], gate: Gate, zone: Zone, length: int | None, waits: bool
    ) -> None:
        self._given = sorted(set(given))
        self._gate = gate
        self._zone = zone
        self._length = length
        self._waits = waits
        self.reach = length or 0

    def batches(self, a: int, b: int, meter: Meter) -> Iterator[Entry]:
        """Yield the moments in ``[a, b)``, in order; a waiting signal's is the next opening."""
        moments: dict[int, int] = {}
        refused: list[Skip] = []
        opens = self._length is not None
        for given in self._given:
            if not self._gate.lo <= given < self._gate.hi:
                continue
            meter.spend(1)
            t: int | None = given
            reason = self._gate.refusal(given)
            if reason is not None:
                t = self._gate.next_open(given, meter) if self._waits else None
            if t is not None:
                moments[t] = moments.get(t, 0) + 1
            elif reason is not None and a <= given < b:
                refused.append(skipped(Batch(given), reason, self._zone))
        yield from refused
        for t, count in sorted(moments.items()):
            if a <= t < b:
                notes = ("merged",) if count > 1 else ()
                yield Batch(t, length=self._length, opens=opens, notes=notes)


class SingleMoment:
    """One instant."""

    __slots__ = ("_at", "_gate", "_length", "_zone", "reach")

    def __init__(self, at: Instant | None, gate: Gate, zone: Zone, length: int | None) -> None:
        self._at = at
        self._gate = gate
        self._zone = zone
        self._length = length
        self.reach = length or 0

    def batches(self, a: int, b: int, meter: Meter) -> Iterator[Entry]:
        """Yield the moment when it lies in ``[a, b)``; there is none past the year 9999."""
        t = self._at
        if t is None:
            return
        if t > MAX_INSTANT or not max(a, self._gate.lo) <= t < min(b, self._gate.hi):
            return
        meter.spend(1)
        day = day_of(self._zone.to_wall(t))
        batch = Batch(t, length=self._length, opens=self._length is not None, day=day)
        reason = self._gate.refusal(t)
        yield batch if reason is None else skipped(batch, reason, self._zone)
