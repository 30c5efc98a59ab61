"""A timetable: a schedule where its zone, activation and calendars are known.

Answers what is open between two instants, what is next after one, and which
moments a stretch of time has. Nothing is walked from the anchor: work depends
on the stretch asked about, not on its distance.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import chain
from typing import NamedTuple, Protocol

from horarium.kernel.dispatch import offset
from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.kernel.excepted import Exceptions, gathered
from horarium.kernel.gate import Gate
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant
from horarium.kernel.limits import Limits
from horarium.kernel.moment import Batch, Entry, Opening, Reason, Skip
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet
from horarium.kernel.schedule import Outside, Schedule, Type
from horarium.kernel.schedule_check import ROLES
from horarium.kernel.schedule_parts import write_date
from horarium.kernel.source_dates import DatedMoments
from horarium.kernel.source_grid import Grid
from horarium.kernel.source_points import CronMoments, SeriesMoments, SignalMoments, SingleMoment
from horarium.kernel.steps import Meter, StepsExhausted
from horarium.kernel.zone import UTC, Zone, named

END = MAX_INSTANT + 1
STEPS = Limits().steps
"""Candidates examined by one question: some hundred milliseconds of work."""


class Moments(Protocol):
    """Where the moments of one type of schedule come from."""

    reach: int
    """Seconds that what begins before an instant may still be open at it."""

    def batches(self, a: int, b: int, meter: Meter) -> Iterator[Entry]:
        """Yield the moments in ``[a, b)`` in order, with what the calendar left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a schedule does not say itself.

    ``zone`` is the owner's; ``activation`` the instant the schedule (or its
    newest form) became known; ``anchor`` that of a grid, kept by the owner;
    ``object_id`` and ``seed`` place random moments; ``calendars`` are those of
    exceptions, None for one that could not be read; ``signals`` when the signal
    was given.
    """

    activation: Instant
    zone: Zone = UTC
    anchor: Instant | None = None
    object_id: str = ""
    seed: str = ""
    calendars: Mapping[str, Exceptions | None] = field(default_factory=dict)
    signals: tuple[Instant, ...] = ()
    steps: int = STEPS


class Found(NamedTuple):
    """The openings of a stretch of time, and what was left out of it, in order."""

    openings: tuple[Opening, ...]
    skipped: tuple[Skip, ...]


class Timetable:
    """A schedule in its circumstances. Pure: equal questions have equal answers.

    Raises InvalidInput for a zone that is only a role (``owner``, ``receiver``)
    and for a calendar that is missing or unreadable. A question that would
    examine more than ``circumstances.steps`` candidates raises LimitReached.
    """

    __slots__ = ("_exceptions", "_gate", "_source", "_straddling", "circumstances", "schedule",
                 "zone")  # fmt: skip

    def __init__(self, schedule: Schedule, circumstances: Circumstances) -> None:
        if schedule.zone in ROLES:
            raise InvalidInput(
                f"zone: {schedule.zone} means nothing here, a zone is named like Europe/Oslo",
                part="zone",
                value=schedule.zone or "",
            )
        self.schedule = schedule
        self.circumstances = circumstances
        self.zone = named(schedule.zone) if schedule.zone is not None else circumstances.zone
        self._exceptions = gathered(schedule.excepted, circumstances.calendars)
        self._gate = Gate(schedule, self.zone, self._exceptions)
        self._source = self._make_source()
        self._straddling: Opening | bool | None = False

    def _make_source(self) -> Moments:
        s, c = self.schedule, self.circumstances
        gate, zone, length = self._gate, self.zone, s.length
        opens = length is not None and s.repeat is None
        if s.type is Type.INTERVAL and s.every is not None:
            anchor = s.anchor if s.anchor is not None else c.anchor
            first = (c.activation if anchor is None else anchor) + s.every
            return Grid(first, s.every, gate, zone, length, opens)
        if s.type is Type.PERIODIC and s.every is not None:
            anchor = s.anchor if s.anchor is not None else c.anchor
            first = c.activation if anchor is None else anchor
            return Grid(first, s.every, gate, zone, length, opens)
        if s.type is Type.IMMEDIATELY:
            return Grid(c.activation, s.repeat or 0, gate, zone, length, opens)
        if s.cron is not None:
            return CronMoments(s.cron, gate, zone, length, s.gap, s.fold)
        if s.series is not None:
            series = s.series.set_in(zone, s.gap)
            return SeriesMoments(series, gate, zone, length, s.series.has_length)
        if s.signal is not None:
            return SignalMoments(c.signals, gate, zone, length, s.outside is Outside.WAIT)
        if s.type is Type.NEVER:
            return SingleMoment(None, gate, zone, None)
        if s.at is not None and s.at.wall is None:
            at = s.at.instant
            if s.at.after is not None:
                at = Instant(c.activation + s.at.after)
            return SingleMoment(at, gate, zone, length)
        return DatedMoments(s, zone, self._exceptions, c.seed, c.object_id)

    # --- questions ---------------------------------------------------------

    def open_between(self, start: Instant, end: Instant) -> PeriodSet:
        """Give what is open in ``[start, end)``; times that touch are one period."""
        if start >= end:
            return EMPTY
        with limited(self.circumstances.steps):
            meter = Meter(self.circumstances.steps)
            return self._open(start, end, meter).clip(start, end)

    def next_after(self, t: Instant) -> Opening | None:
        """Give the first opening due after the instant; None when there is none."""
        steps = self.circumstances.steps
        try:
            for entry in self.entries(max(t, MIN_INSTANT) + 1, END, Meter(steps)):
                if isinstance(entry, Opening):
                    return entry
        except StepsExhausted as spent:
            raise LimitReached("steps", steps + 1, steps) from spent
        return None

    def moments(self, start: Instant, end: Instant) -> Found:
        """Give the openings due in ``[start, end)`` and what the calendar left out there."""
        with limited(self.circumstances.steps):
            entries = list(self.entries(start, end, Meter(self.circumstances.steps)))
        skips = sorted((e for e in entries if isinstance(e, Skip)), key=lambda skip: skip.at)
        openings = tuple(e for e in entries if isinstance(e, Opening))
        return Found(openings, tuple(_joined(skips, [o.due for o in openings])))

    def left_out(self, start: Instant, end: Instant) -> tuple[Skip, ...]:
        """Give what ``moments`` says was left out, without listing the openings of a grid."""
        steps = self.circumstances.steps
        a = max(start, self.circumstances.activation)
        with limited(steps):
            entries = list(self.batches(a, end, Meter(steps))) if a < end else []
        skips = sorted((e for e in entries if isinstance(e, Skip)), key=lambda skip: skip.at)
        return tuple(
            _joined(skips, sorted(Instant(e.first) for e in entries if isinstance(e, Batch)))
        )

    def last_before(self, t: Instant) -> Opening | None:
        """Give the last opening due before the instant; None when there is none.

        Stretches of time are probed backwards, each longer than the one before.
        """
        with limited(self.circumstances.steps):
            return next(iter(self.newest(MIN_INSTANT, t, 1)), None)

    def is_open(self, t: Instant) -> bool:
        """Tell whether the instant lies in open time."""
        length = self.schedule.length
        if length is not None and not self.schedule.random_window:
            if self._exceptions.periods.contains(t):
                return False
            with limited(self.circumstances.steps):
                meter = Meter(self.circumstances.steps)
                found = self._raw(t - length + 1, t + 1, meter)
                return any(isinstance(entry, Opening) for entry in found)
        return self.open_between(t, Instant(t + 1)).contains(t)

    @property
    def windowed(self) -> bool:
        """Whether there is open time at all, outside of which a late run may have to wait."""
        s = self.schedule
        lasting = s.series is not None and s.series.has_length
        return s.end is not None or s.length is not None or lasting

    @property
    def opens(self) -> bool:
        """Whether a moment is on time until the end of what it opens, not for the grace alone."""
        s = self.schedule
        lasting = s.series is not None and s.series.has_length
        ends = s.end is not None and not s.type.gates
        return lasting or (s.repeat is None and (s.length is not None or ends))

    @property
    def reach(self) -> int:
        """Seconds that what begins before an instant may still be open at it."""
        return self._source.reach

    def shut(self, t: Instant) -> bool:
        """Tell whether a late run may not begin because no window is open."""
        if not self.windowed:
            return False
        if self._gate.window is not None:
            return self._gate.refusal(t) is not None
        return not self.is_open(t)

    # --- what the questions share ------------------------------------------

    def entries(self, a: int, b: int, meter: Meter) -> Iterator[Opening | Skip]:
        """Yield the openings due in ``[a, b)`` and, about where they lie, what was left out.

        Only moments from the activation on count, and an opening with an end that is still
        open then: it is due at once.
        """
        since = self.circumstances.activation
        straddling = None
        if a <= since < b:
            straddling = self.still_open()
            if straddling is not None:
                yield straddling
        for entry in self._raw(max(a, since), b, meter):
            if straddling is not None and isinstance(entry, Opening) and entry.due == since:
                continue
            yield entry

    def batches(self, a: int, b: int, meter: Meter) -> Iterator[Entry]:
        """Yield the moments in ``[a, b)`` as the type makes them, without jitter."""
        return self._source.batches(max(a, MIN_INSTANT), min(b, END), meter)

    def still_open(self) -> Opening | None:
        """Give the opening that began before the activation and goes on, due at it."""
        if isinstance(self._straddling, bool):
            self._straddling = self._search()
        return self._straddling

    def _search(self) -> Opening | None:
        since, reach = self.circumstances.activation, self._source.reach
        if not self.opens:
            return None
        span = min(reach, DAY)
        while span:
            found = [o for o in self._lasting(since - span, since) if o.until > since]
            if found:
                last = found[-1]
                return last._replace(due=since, notes=(*last.notes, "activation"))
            # Of what lasts equally long, the newest is open the longest: near ones first.
            span = min(span * 4, reach) if span < reach else 0
        return None

    def _lasting(self, a: int, b: int) -> Iterator[Opening]:
        """Yield the openings that begin in ``[a, b)`` and last, of a grid only the newest."""
        meter = Meter(self.circumstances.steps)
        if self.schedule.jitter is not None:
            found = (o for o in self._raw(a, b, meter) if isinstance(o, Opening))
        else:
            batches = (e for e in self.batches(a, b, meter) if isinstance(e, Batch))
            found = (self._opening(e, e.last, e.notes if e.size == 1 else ()) for e in batches)
        yield from (o for o in found if o.until == o.end)

    def _raw(self, a: int, b: int, meter: Meter) -> Iterator[Opening | Skip]:
        jitter = self.schedule.jitter
        if jitter is not None:
            yield from self._jittered(a, b, jitter, meter)
            return
        for entry in self.batches(a, b, meter):
            if isinstance(entry, Skip):
                yield entry
                continue
            yield self._opening(entry, entry.first, entry.notes)
            for i in range(1, entry.size):
                meter.spend(1)
                yield self._opening(entry, entry.first + i * entry.step, ())

    def _jittered(self, a: int, b: int, jitter: int, meter: Meter) -> Iterator[Opening | Skip]:
        """Yield moments after their own delay, which may change their order."""
        waiting: list[tuple[int, int, Opening]] = []
        order = 0
        before = (e for e in self.batches(a - jitter, a, meter) if isinstance(e, Batch))
        for entry in chain(before, self.batches(a, b, meter)):
            if isinstance(entry, Skip):
                yield entry
                continue
            for i in range(entry.size):
                meter.spend(1)
                base = entry.first + i * entry.step
                while waiting and waiting[0][0] <= base:
                    yield heappop(waiting)[2]
                due = base + self.delay(entry, base)
                if a <= due < b:
                    notes = (*(entry.notes if i == 0 else ()), "jitter")
                    order += 1
                    heappush(waiting, (due, order, self._opening(entry, due, notes)))
        while waiting:
            yield heappop(waiting)[2]

    def delay(self, batch: Batch, base: int) -> int:
        """Give the jitter of a moment."""
        c = self.circumstances
        date = str(base) if batch.day is None else write_date(batch.day)
        seed = self.schedule.seed or c.seed
        return offset(self.schedule.jitter or 1, seed, c.object_id, date)

    def _opening(self, batch: Batch, due: int, notes: tuple[str, ...]) -> Opening:
        end = batch.end
        if batch.length is not None:
            end = due + batch.length
        until = due + self.schedule.grace
        if batch.opens and end is not None and end > due:
            until = end
        elif batch.length is None:
            end = None
        edges = None
        if batch.start is not None and batch.end is not None:
            edges = Instant(batch.start), Instant(batch.end)
        ends = Instant(end) if end is not None else None
        return Opening(Instant(due), Instant(until), ends, edges, notes)

    def newest(self, a: int, b: int, most: int) -> list[Opening]:
        """Give the last ``most`` openings due in ``[a, b)``, oldest first."""
        a = max(a, self.circumstances.activation)
        found: list[Opening] = []
        step = self.schedule.every or self.schedule.repeat or 3600
        span = 2 * (self.schedule.jitter or 0) + step * most
        while a < b:
            start = max(a, b - span)
            found = list(self._latest(start, b, most))[-most:]
            if len(found) >= most or start == a:
                break
            span *= 4
        return found

    def _latest(self, a: int, b: int, most: int) -> Iterator[Opening]:
        """Yield openings in ``[a, b)``, of each long batch only the last ones."""
        meter = Meter(self.circumstances.steps)
        if self.schedule.jitter is not None:
            yield from (e for e in self.entries(a, b, meter) if isinstance(e, Opening))
            return
        if a <= self.circumstances.activation < b and (still := self.still_open()) is not None:
            yield still
        for entry in self.batches(max(a, self.circumstances.activation), b, meter):
            if isinstance(entry, Skip):
                continue
            for i in range(max(entry.size - most, 0), entry.size):
                due = entry.first + i * entry.step
                yield self._opening(entry, due, entry.notes if i == 0 else ())

    def _open(self, a: Instant, b: Instant, meter: Meter) -> PeriodSet:
        s = self.schedule
        if s.length is not None and not s.random_window:
            return PeriodSet(self._lengths(a, b, meter)).subtract(self._exceptions.periods)
        if isinstance(self._source, DatedMoments):
            if s.end is None and not s.random_window:
                return EMPTY
            windows = PeriodSet(self._source.windows(a, b, meter))
            return windows.subtract(self._exceptions.periods)
        if s.series is not None:
            return PeriodSet(self._lengths(a, b, meter)).subtract(self._exceptions.periods)
        if s.type is Type.IMMEDIATELY or (self._gate.window is not None and s.cron is None):
            return self._gate.open_between(a, b, meter)
        return EMPTY

    def _lengths(self, a: Instant, b: Instant, meter: Meter) -> Iterator[Period]:
        """Yield the periods that single moments open; those of a dense grid as one."""
        reach = self._source.reach + (self.schedule.jitter or 0)
        if self.schedule.jitter is None:
            for entry in self.batches(a - reach, b, meter):
                if isinstance(entry, Skip):
                    continue
                length = entry.length if entry.length is not None else 0
                if entry.end is not None:
                    yield Period(Instant(entry.first), Instant(entry.end))
                elif length >= entry.step and length:
                    yield Period(Instant(entry.first), Instant(entry.last + length))
                elif length:
                    meter.spend(entry.size)
                    for i in range(entry.size):
                        due = entry.first + i * entry.step
                        yield Period(Instant(due), Instant(due + length))
            return
        for found in self._raw(a - reach, b, meter):
            if isinstance(found, Opening) and found.end is not None and found.end > found.due:
                yield Period(found.due, found.end)


@contextmanager
def limited(limit: int) -> Iterator[None]:
    """Tell of a spent step budget as the limit it is."""
    try:
        yield
    except StepsExhausted as spent:
        raise LimitReached("steps", limit + 1, limit) from spent


def _joined(skips: list[Skip], dues: list[Instant]) -> Iterator[Skip]:
    """Join what one reason left out in a row, no moment between: outside a window, on one date."""
    kept: Skip | None = None
    for skip in skips:
        if kept is not None and skip.reason is kept.reason:
            same = skip.date == kept.date and skip.reason is not Reason.WINDOW_IN_GAP
            in_a_row = bisect(dues, kept.last) == bisect(dues, skip.at)
            if in_a_row and (same or skip.reason is Reason.OUTSIDE_WINDOW):
                count = kept.count + skip.count
                kept = Skip(kept.at, skip.last, count, kept.reason, kept.date, kept.detail)
                continue
        if kept is not None:
            yield kept
        kept = skip
    if kept is not None:
        yield kept
