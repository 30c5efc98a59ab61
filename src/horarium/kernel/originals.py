"""The original starts of a recurrence set: rule and RDATE without EXDATE, before overrides."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import merge

from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, Instant, Wall, instant
from horarium.kernel.limits import Limits
from horarium.kernel.occurrence import DtstartPolicy, ExDate, RDate, Source
from horarium.kernel.rule import Rule
from horarium.kernel.rule_text import Until, UntilKind
from horarium.kernel.rule_walls import RuleWalls
from horarium.kernel.steps import Meter, StepsExhausted
from horarium.kernel.zone import Gap, Zone


class Originals:
    """Gives original starts as sorted, duplicate-free blocks from any instant on.

    What costs work is found when first needed and kept: the walls of the rule
    and the *extras*, the starts that the rule does not give by itself.
    """

    __slots__ = (
        "_at",
        "_exact",
        "_exdates",
        "_extras",
        "_gap",
        "_limits",
        "_policy",
        "_rdates",
        "_rule",
        "_spans",
        "_start",
        "_until",
        "_until_note",
        "_walls",
        "_whole_day",
        "_zone",
    )

    def __init__(
        self,
        start: Wall,
        zone: Zone,
        rule: Rule | None,
        rdates: Sequence[RDate],
        exdates: Sequence[ExDate],
        whole_day: bool,
        limits: Limits,
        policy: DtstartPolicy,
        gap: Gap,
    ) -> None:
        self._start = start
        self._zone = zone
        self._rule = rule
        self._limits = limits
        self._policy = policy
        self._gap = gap
        self._whole_day = whole_day
        self._rdates = {r.start: r.end for r in rdates}
        self._exdates = tuple(exdates)
        self._exact = frozenset(x.instant for x in exdates if x.instant is not None)
        self._spans = _day_spans(exdates, zone)
        self._at = instant(zone.at(start))
        self._until, self._until_note = MAX_INSTANT, ""
        if rule is not None and rule.until is not None:
            self._until, self._until_note = _inclusive_end(rule.until, zone, whole_day)
        self._walls: RuleWalls | None = None
        self._extras: tuple[Instant, ...] | None = None

    # --- what the starts are ---------------------------------------------

    def _of_walls(self) -> RuleWalls | None:
        if self._walls is None and self._rule is not None:
            self._walls = RuleWalls(
                self._rule,
                self._start,
                self._zone,
                self._whole_day,
                self._limits,
                self._policy,
                self._gap,
            )
        return self._walls

    @property
    def satisfiable(self) -> bool:
        """Whether there is any member; only a rule can have none."""
        walls = self._of_walls()
        return walls is None or walls.satisfiable

    @property
    def endless(self) -> bool:
        """Whether the starts go on until the year 9999."""
        rule = self._rule
        return rule is not None and rule.count is None and rule.until is None and self.satisfiable

    @property
    def earliest(self) -> int:
        """An instant before which nothing starts."""
        return min(self._at - 2 * DAY, *self._rdates, self._at)

    @property
    def latest(self) -> int:
        """An instant after which nothing starts."""
        walls = self._of_walls()
        last = self._at if walls is None else min(walls.last + 2 * DAY, self._until)
        return min(max(last, self._at, *self._rdates, last), MAX_INSTANT)

    def source(self, t: Instant) -> Source:
        """Tell where a start comes from."""
        if t == self._at:
            return Source.DTSTART
        if t in self._rdates and t in self._extra_starts():
            return Source.RDATE
        return Source.RULE

    def own_end(self, t: Instant) -> Instant | None:
        """Give the end an added start came with, if any."""
        return self._rdates.get(t)

    def longest(self, usual: int) -> int:
        """Give the seconds no member lasts longer than, others lasting ``usual``."""
        own = (end - start for start, end in self._rdates.items() if end is not None)
        return max(usual, *own, 0) if self._rdates else usual

    def notes(self) -> tuple[str, ...]:
        """Give what was tolerated or has no effect."""
        notes: list[str] = []
        rule = self._rule
        if rule is not None:
            notes += rule.notes
            if self._until_note:
                notes.append(self._until_note)
            if self._whole_day and (rule.by_hour or rule.by_minute or rule.by_second):
                notes.append("time_parts_ignored")
            if self.satisfiable and not self._in_rule(self._at, Meter(self._limits.steps)):
                notes.append("dtstart_not_in_rule")
        if not self._whole_day and any(x.day is not None for x in self._exdates):
            notes.append("exdate_of_whole_day")
        # One budget for all of them: a full set must not cost a budget per date.
        meter = Meter(self._limits.steps)
        spans = [(t, t + 1) for t in sorted(self._exact)] + list(zip(*self._spans, strict=True))
        notes += [f"exdate_unmatched {a}" for a, b in spans if not self._given(a, b, meter)]
        return tuple(notes)

    def _given(self, a: int, b: int, meter: Meter) -> bool:
        try:
            return any(True for _ in self._candidates(Instant(a), Instant(b), meter))
        except StepsExhausted:
            # Beyond what can be counted nobody knows; then there is nothing to note.
            return True

    # --- the starts in a window ------------------------------------------

    def chunks(self, a: Instant, b: Instant, meter: Meter) -> Iterator[list[Instant]]:
        """Yield the starts in ``[a, b)`` in sorted blocks, exceptions taken out."""
        if not self._exdates:
            yield from self._candidates(a, b, meter)
            return
        for found in self._candidates(a, b, meter):
            if not self._exact.isdisjoint(found):
                found = [t for t in found if t not in self._exact]
            kept = _without(found, *self._spans)
            if kept:
                yield kept

    def _candidates(self, a: Instant, b: Instant, meter: Meter) -> Iterator[list[Instant]]:
        extras = self._extra_starts()
        i, j = bisect_left(extras, a), bisect_left(extras, b)
        for found in self._of_rule(a, b, meter):
            if i < j and extras[i] <= found[-1]:
                k = bisect_right(extras, found[-1], i, j)
                found = list(merge(found, extras[i:k]))
                i = k
            yield found
        if i < j:
            meter.spend(j - i)
            yield list(extras[i:j])

    def _extra_starts(self) -> tuple[Instant, ...]:
        if self._extras is None:
            extras: set[Instant] = set()
            if self.satisfiable:
                meter = Meter(self._limits.steps)
                if self._rule is None or self._policy is DtstartPolicy.MEMBER:
                    extras.update({self._at} if not self._in_rule(self._at, meter) else ())
                extras.update(t for t in self._rdates if not self._in_rule(t, meter))
            self._extras = tuple(sorted(extras))
        return self._extras

    def _in_rule(self, t: Instant, meter: Meter) -> bool:
        try:
            return any(True for _ in self._of_rule(t, Instant(t + 1), meter))
        except StepsExhausted:
            return False

    def _of_rule(self, a: Instant, b: Instant, meter: Meter) -> Iterator[list[Instant]]:
        """Yield the starts the rule gives in ``[a, b)``.

        A wall moved by a gap may land after later walls. What no later wall
        can precede goes out, the rest is carried into the next block.
        """
        walls = self._of_walls()
        b = Instant(min(b, self._until + 1))
        if walls is None or not walls.satisfiable or a >= b:
            return
        zone = self._zone
        carried: list[Instant] = []
        for block in walls.chunks(*zone.wall_bounds(a, b), meter):
            found, gapped = zone.at_all_noting_gaps(block)
            if gapped or carried:
                if self._gap is Gap.AT_END:
                    found = [zone.at(Wall(w), Gap.AT_END) for w in block]
                found = sorted({*found, *carried})
                settled = zone.at(Wall(block[-1] + 1), Gap.AT_END)
                cut = bisect_left(found, settled)
                found, carried = found[:cut], found[cut:]
            found = _clipped(found, a, b)
            if found:
                yield found
        carried = _clipped(carried, a, b)
        if carried:
            yield carried


def _clipped(found: list[Instant], a: Instant, b: Instant) -> list[Instant]:
    if found and (found[0] < a or found[-1] >= b):
        return found[bisect_left(found, a) : bisect_left(found, b)]
    return found


def _without(
    found: list[Instant], starts: Sequence[Instant], ends: Sequence[Instant]
) -> list[Instant]:
    """Take out what lies in sorted, disjoint spans."""
    if not starts or not found:
        return found
    kept = list(found)
    for i in range(bisect_right(ends, found[0]), bisect_right(starts, found[-1])):
        del kept[bisect_left(kept, starts[i]) : bisect_left(kept, ends[i])]
    return kept


def _day_spans(
    exdates: Sequence[ExDate], zone: Zone
) -> tuple[tuple[Instant, ...], tuple[Instant, ...]]:
    """Give starts and ends of the civil days taken out; a day no clock shows has none."""
    spans = []
    for day in sorted({x.day for x in exdates if x.day is not None}):
        start, end = zone.at(Wall(day * DAY)), zone.at(Wall((day + 1) * DAY))
        if start < end:
            spans.append((start, end))
    return tuple(a for a, _ in spans), tuple(b for _, b in spans)


def _inclusive_end(until: Until, zone: Zone, whole_day: bool) -> tuple[Instant, str]:
    """Give the last instant UNTIL allows, and a note when its form is only tolerated."""
    midnight = Wall(until.day * DAY)
    if whole_day:
        note = "" if until.kind is UntilKind.DATE else f"until_{until.kind.value}_for_date"
        return zone.at(midnight), note
    if until.kind is UntilKind.UTC:
        return instant(until.at), ""
    if until.kind is UntilKind.LOCAL:
        return zone.at(until.at), "until_local"
    return Instant(zone.at(Wall(midnight + DAY)) - 1), "until_date"
