"""A recurrence set and the questions put to it. Source: RFC 5545 3.8.5.

The way of an answer: the rule gives wall times (``expansion``), the zone turns
them into original starts (``originals``), exceptions and overrides make
occurrences of them, and a query takes those in its window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from heapq import merge

from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, Instant, Wall
from horarium.kernel.limits import Limits
from horarium.kernel.occurrence import (
    Answer,
    Complete,
    DtstartPolicy,
    ExDate,
    Length,
    Occurrence,
    Outcome,
    Override,
    RDate,
    Source,
    Truncated,
    Unsatisfiable,
)
from horarium.kernel.originals import Originals
from horarium.kernel.overrides import Stretch, settle
from horarium.kernel.rule import Frequency, Rule
from horarium.kernel.steps import Budget, Meter, StepsExhausted
from horarium.kernel.zone import Gap, Zone

_END = Instant(MAX_INSTANT + 1)

_SPACING = {
    Frequency.SECONDLY: 1,
    Frequency.MINUTELY: 60,
    Frequency.HOURLY: 3600,
    Frequency.DAILY: DAY,
    Frequency.WEEKLY: 7 * DAY,
    Frequency.MONTHLY: 31 * DAY,
    Frequency.YEARLY: 366 * DAY,
}


class RecurrenceSet:
    """DTSTART, rule, added, removed and changed members of one series; immutable.

    ``start`` is DTSTART on the clocks of ``zone``. With ``whole_day`` all
    starts are dates. Raises InvalidInput, LimitReached or
    UnsupportedCapability when made. A query raises LimitReached when it would
    examine more than ``limits.steps`` candidates; only ``query`` answers with
    what it has and says so.
    """

    __slots__ = (
        "_dropped",
        "_originals",
        "_overridden",
        "_overrides",
        "_settled",
        "_stretches",
        "dtstart",
        "exdates",
        "gap",
        "length",
        "limits",
        "overrides",
        "rdates",
        "rule",
        "start",
        "whole_day",
        "zone",
    )

    def __init__(
        self,
        start: Wall,
        zone: Zone,
        length: Length,
        rule: Rule | None = None,
        rdates: Sequence[RDate] = (),
        exdates: Sequence[ExDate] = (),
        overrides: Sequence[Override] = (),
        whole_day: bool = False,
        limits: Limits = Limits(),  # noqa: B008 (frozen value)
        dtstart: DtstartPolicy = DtstartPolicy.MEMBER,
        gap: Gap = Gap.SHIFT,
    ) -> None:
        self.start = start
        self.zone = zone
        self.length = length
        self.rule = rule
        self.rdates = tuple(rdates)
        self.exdates = tuple(exdates)
        self.overrides = tuple(overrides)
        self.whole_day = whole_day
        self.limits = limits
        self.dtstart = dtstart
        self.gap = gap
        self._check()
        self._originals = Originals(
            start, zone, rule, self.rdates, self.exdates, whole_day, limits, dtstart, gap
        )
        self._settled = False
        self._stretches: tuple[Stretch, ...] = (Stretch.plain(length),)
        self._overridden: frozenset[Instant] = frozenset()
        self._overrides: tuple[Occurrence, ...] = ()
        self._dropped: tuple[Instant, ...] = ()

    def _check(self) -> None:
        limits = self.limits
        dates = len(self.rdates) + len(self.exdates)
        if dates > limits.dates:
            raise LimitReached("RDATE and EXDATE", dates, limits.dates)
        if len(self.overrides) > limits.overrides:
            raise LimitReached("overrides", len(self.overrides), limits.overrides)
        ends = [r.end - r.start for r in self.rdates if r.end is not None]
        ends += [o.end - o.start for o in self.overrides]
        if min(ends, default=0) < 0:
            raise InvalidInput("a member does not end before it starts", part="length")
        longest = max(self.length.days * DAY + self.length.seconds, *ends, 0)
        if longest > limits.length_days * DAY:
            raise LimitReached("seconds of an occurrence", longest, limits.length_days * DAY)
        if self.rule is not None:
            self.rule.check(limits)
            if self.whole_day and self.rule.freq < Frequency.DAILY:
                raise InvalidInput(
                    f"FREQ={self.rule.freq.name} repeats within the day of a DTSTART without time",
                    part="FREQ",
                    value=self.rule.freq.name,
                )
        if self.whole_day and self.start % DAY:
            raise InvalidInput("a whole day starts at midnight", part="DTSTART")
        keys = [(o.original, o.this_and_future) for o in self.overrides]
        if len(set(keys)) < len(keys):
            raise InvalidInput("two overrides change one member", part="RECURRENCE-ID")

    def with_overrides(self, overrides: Sequence[Override]) -> RecurrenceSet:
        """Give the same set with these changed members instead of its own."""
        return RecurrenceSet(
            self.start,
            self.zone,
            self.length,
            rule=self.rule,
            rdates=self.rdates,
            exdates=self.exdates,
            overrides=overrides,
            whole_day=self.whole_day,
            limits=self.limits,
            dtstart=self.dtstart,
            gap=self.gap,
        )

    # --- what the set is -------------------------------------------------

    @property
    def endless(self) -> bool:
        """Whether members go on until the year 9999."""
        with self._limited():
            self._settle()
        return self._originals.endless and self._stretches[-1].end >= _END

    @property
    def notes(self) -> tuple[str, ...]:
        """What was tolerated or has no effect, in words for programs (``exdate_unmatched``)."""
        with self._limited():
            self._settle()
        dropped = tuple(f"override_dropped {key}" for key in self._dropped)
        return self._originals.notes() + dropped

    def is_member(self, t: Instant) -> bool:
        """Tell whether the set has a member with this *original* start that is not cancelled."""
        with self._limited():
            self._settle()
            meter = Meter(self.limits.steps)
            if not self._is_original(t, meter) or t >= self._stretches[-1].end:
                return False
        return t not in self._overridden or any(o.original == t for o in self._overrides)

    def _is_original(self, t: Instant, meter: Meter) -> bool:
        return any(True for _ in self._originals.chunks(t, Instant(t + 1), meter))

    def _settle(self) -> None:
        """Sort the overrides out, once: those whose key is no member are dropped."""
        if self._settled or not self.overrides:
            return
        meter = Meter(self.limits.steps)
        kept = [o for o in self.overrides if self._is_original(o.original, meter)]
        self._dropped = tuple(
            sorted({o.original for o in self.overrides} - {o.original for o in kept})
        )
        self._stretches, self._overridden, self._overrides = settle(
            kept, self.length, self.zone, self.whole_day
        )
        self._settled = True

    # --- queries ---------------------------------------------------------

    def starts(self, a: Instant, b: Instant) -> list[Instant]:
        """Give the starts in ``[a, b)`` in order: the fast path.

        Raises LimitReached when that takes more steps than allowed.
        """
        meter = Meter(self.limits.steps)
        found: list[Instant] = []
        with self._limited():
            if self.overrides:
                return [o.start for o in self._starting(a, b, meter)]
            for chunk in self._originals.chunks(a, b, meter):
                found += chunk
        return found

    def occurrences(self, a: Instant, b: Instant) -> Iterator[Occurrence]:
        """Yield the members that overlap ``[a, b)``, by start.

        A member without length overlaps where it starts. Raises LimitReached
        when that takes more steps than allowed.
        """
        with self._limited():
            yield from self._overlapping(a, b, Meter(self.limits.steps))

    def starting(self, a: Instant, b: Instant) -> Iterator[Occurrence]:
        """Yield the members that start in ``[a, b)``.

        Adjoining windows give every member exactly once.
        """
        with self._limited():
            yield from self._starting(a, b, Meter(self.limits.steps))

    def query(self, a: Instant, b: Instant, budget: Budget | None = None) -> Answer:
        """Give the members that overlap ``[a, b)`` and tell whether they are all.

        ``budget`` tells whether CPU time is left; when not, Unavailable("cpu")
        is raised and nothing is decided.
        """
        if not self._originals.satisfiable:
            return Answer((), Unsatisfiable())
        most = self.limits.occurrences
        meter = Meter(self.limits.steps, budget)
        members: list[Occurrence] = []
        outcome: Outcome = Complete()
        try:
            for member in self._overlapping(a, b, meter):
                if len(members) == most:
                    outcome = Truncated("occurrences", member.start)
                    break
                members.append(member)
        except StepsExhausted:
            outcome = Truncated("steps", members[-1].start if members else a)
        return Answer(tuple(members), outcome, meter.steps)

    def count(self, a: Instant, b: Instant) -> int:
        """Give the number of members that start in ``[a, b)``."""
        return len(self.starts(a, b))

    def next_after(self, t: Instant) -> Occurrence | None:
        """Give the first member that starts after the instant."""
        return next(self.starting(Instant(t + 1), _END), None)

    def before(self, t: Instant) -> Occurrence | None:
        """Give the last member that starts before the instant.

        Stretches of time are probed for a first member, never listed.
        """
        with self._limited():
            return self._last_before(t, Meter(self.limits.steps))

    def last(self) -> Occurrence | None:
        """Give the last member; None when the set is endless or empty."""
        if self.endless:
            return None
        return self.before(_END)

    def _last_before(self, t: Instant, meter: Meter) -> Occurrence | None:
        self._settle()
        last = max([self._originals.latest, *(o.start for o in self._overrides)])
        shift = max(s.shift for s in self._stretches)
        first = min([self._originals.earliest, *(o.start for o in self._overrides)])
        least = first + min(s.shift for s in self._stretches) - 2 * DAY
        hi = min(t, last + max(shift, 0) + 2 * DAY)
        span = _SPACING[self.rule.freq] * self.rule.interval if self.rule else DAY
        found = None
        while hi > least and found is None:
            lo = max(hi - span, least)
            found = next(self._starting(Instant(lo), Instant(hi), meter), None)
            if found is None:
                hi, span = lo, span * 8
        while found is not None and hi - found.start > 1:
            # A member starts at `found`; halve the stretch after it.
            middle = (found.start + 1 + hi) // 2
            later = next(self._starting(Instant(middle), Instant(hi), meter), None)
            if later is not None:
                found = later
            elif middle == found.start + 1:
                break
            else:
                hi = middle
        return found

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """Tell of a spent step budget as the limit it is."""
        try:
            yield
        except StepsExhausted as spent:
            limit = self.limits.steps
            raise LimitReached("steps", limit + 1, limit) from spent

    # --- members ---------------------------------------------------------

    def _overlapping(self, a: Instant, b: Instant, meter: Meter) -> Iterator[Occurrence]:
        for o in self._members(a, b, meter, True):
            if o.start < b and (o.end > a or o.start >= a):
                yield o

    def _starting(self, a: Instant, b: Instant, meter: Meter) -> Iterator[Occurrence]:
        for o in self._members(a, b, meter, False):
            if a <= o.start < b:
                yield o

    def _members(
        self, a: Instant, b: Instant, meter: Meter, reaching: bool
    ) -> Iterator[Occurrence]:
        """Yield all members that may start in ``[a, b)``, or reach into it, by start."""
        self._settle()
        if len(self._stretches) == 1 and not self._overrides:
            return self._of_stretch(self._stretches[0], a, b, meter, reaching)
        ways = [self._of_stretch(s, a, b, meter, reaching) for s in self._stretches]
        return merge(iter(self._overrides), *ways, key=_by_start)

    def _of_stretch(
        self, stretch: Stretch, a: Instant, b: Instant, meter: Meter, reaching: bool
    ) -> Iterator[Occurrence]:
        """Yield the members of a stretch of the set that share shift and length."""
        longest = self._originals.longest(stretch.length.longest) if reaching else 0
        lo: int = a - longest
        hi: int = b
        if stretch.shift:
            # On the wall the shift is exact; as elapsed time it may differ by
            # the change of the offset, which is less than two days.
            lo, hi = lo - stretch.shift - 2 * DAY, hi - stretch.shift + 2 * DAY
        lo, hi = max(lo, stretch.start), min(hi, stretch.end)
        if lo >= hi:
            return
        for chunk in self._originals.chunks(Instant(lo), Instant(hi), meter):
            if self._overridden:
                chunk = [t for t in chunk if t not in self._overridden]
            if stretch.shift or stretch.changed:
                yield from sorted((stretch.member(t, self.zone) for t in chunk), key=_by_start)
            else:
                yield from self._plain(chunk, stretch.length)

    def _plain(self, chunk: Sequence[Instant], length: Length) -> Iterator[Occurrence]:
        originals, zone = self._originals, self.zone
        for t in chunk:
            source = originals.source(t)
            end = originals.own_end(t) if source is Source.RDATE else None
            if end is None:
                if length.days:
                    end = length.end_of(zone.to_wall(t), t, zone)
                else:
                    end = Instant(t + length.seconds)
            yield Occurrence(t, t, end, source)


def _by_start(o: Occurrence) -> tuple[int, int]:
    return o.start, o.original


__all__ = [
    "Answer",
    "Complete",
    "DtstartPolicy",
    "ExDate",
    "Length",
    "Occurrence",
    "Outcome",
    "Override",
    "RDate",
    "RecurrenceSet",
    "Source",
    "Truncated",
    "Unsatisfiable",
]
