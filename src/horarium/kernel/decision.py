"""What a schedule asks for now: runs to begin, moments let go, and when to ask again.

Everything is decided from the moments between the last decision and now. Each of
them ends as exactly one run or as a member of one skipped group; those that
cannot be decided yet stay behind the cursor and are looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from horarium.kernel.errors import LimitReached
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.moment import Opening, Reason
from horarium.kernel.schedule import CatchUpKind, Overlap
from horarium.kernel.tally import Group, Tally, joined, tally
from horarium.kernel.timetable import Timetable, limited


@dataclass(frozen=True, slots=True)
class State:
    """What the owner knows of its runs.

    ``begun`` and ``ended`` are those of the newest run (``ended`` None while it goes on;
    both None when there was none). ``busy``: the only worker is occupied by other
    work. ``leapt``: the clock was set forward since the last decision.
    """

    begun: Instant | None = None
    ended: Instant | None = None
    busy: bool = False
    leapt: bool = False

    @property
    def occupied(self) -> bool:
        """Whether the newest run still goes on, or other work does."""
        return self.busy or (self.begun is not None and self.ended is None)


IDLE = State()


@dataclass(frozen=True, slots=True)
class Run:
    """One execution to begin now.

    ``coalesced`` counts the other moments that became part of it, the earliest of
    all at ``first_due``. ``reason`` is ``on_time`` or ``late``.
    """

    due: Instant
    late_by: int
    coalesced: int
    first_due: Instant
    reason: str
    until: Instant
    end: Instant | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do at one instant.

    Moments up to ``cursor`` are decided; pass it as ``since`` of the next question.
    ``next`` is when to ask again, None when nothing comes or when what is waited for
    has no time of its own: the end of a run or of other work. ``reason`` says why
    nothing was decided: ``clock_back``, ``running``, ``busy`` or ``outside_window``.
    """

    runs: tuple[Run, ...]
    skipped: tuple[Group, ...]
    next: Instant | None
    cursor: Instant
    reason: str | None = None


Ranges = list[tuple[int, int]]


def due(timetable: Timetable, since: Instant, now: Instant, state: State = IDLE) -> Decision:
    """Decide about the moments in ``(since, now]``.

    The first question after an activation has ``since`` one second before it. Ask
    again at ``next``, and whenever a run or other work ends. Pure: equal arguments,
    equal decision.
    """
    with limited(timetable.circumstances.steps):
        if now < since:
            return Decision((), (), _next(timetable, since), since, "clock_back")
        return _Question(timetable, since, now, state).decide()


def superseded(timetable: Timetable, since: Instant, at: Instant) -> Decision:
    """Let go of the undecided moments in ``(since, at]`` of a schedule edited or removed then."""
    with limited(timetable.circumstances.steps):
        found = tally(timetable, since + 1, at + 1)
    skipped = joined((*found.group(Reason.SUPERSEDED), *found.groups))
    return Decision((), skipped, None, Instant(max(since, at)))


def _next(timetable: Timetable, now: Instant) -> Instant | None:
    try:
        found = timetable.next_after(now)
    except LimitReached:
        # Nothing in sight is not the same as nothing: look again tomorrow.
        return Instant(now + DAY)
    return found.due if found is not None else None


class _Question:
    """One decision while it is being made. ``ranges`` hold the moments it is about."""

    def __init__(self, timetable: Timetable, since: Instant, now: Instant, state: State) -> None:
        self.timetable = timetable
        self.schedule = timetable.schedule
        self.since = since
        self.now = now
        self.state = state
        self.ranges: Ranges = [(since + 1, now + 1)]

    def decide(self) -> Decision:
        found = self._tally(self.ranges)
        if not self.schedule.enabled:
            return self._decided((), (*found.group(Reason.DISABLED), *found.groups))
        if not found.count:
            return self._decided((), found.groups)
        overlap, state = self.schedule.overlap, self.state
        if state.occupied and overlap is Overlap.QUEUE_ONE:
            return Decision((), (), None, self.since, "busy" if state.busy else "running")
        lost: tuple[Group, ...] = ()
        if overlap is Overlap.SKIP:
            if state.occupied:
                return self._decided((), (*found.group(Reason.OVERLAP), *found.groups))
            if state.begun is not None and state.ended is not None and state.ended > self.since:
                lost = self._overlapped(state.begun, state.ended)
                found = self._tally(self.ranges)
                if not found.count:
                    return self._decided((), (*lost, *found.groups))
        return self._caught_up(found, lost)

    def _overlapped(self, begun: Instant, ended: Instant) -> tuple[Group, ...]:
        """Let go of what came while the last run was going on; keep what came before and after."""
        begun = Instant(max(begun, self.since + 1))
        ended = Instant(max(begun, min(ended, self.now + 1)))
        self.ranges = [(self.since + 1, begun), (ended, self.now + 1)]
        found = self._tally([(begun, ended)])
        return (*found.group(Reason.OVERLAP), *found.groups)

    def _caught_up(self, found: Tally, lost: tuple[Group, ...]) -> Decision:
        if self.schedule.catch_up.kind is CatchUpKind.NONE:
            runs, skipped = self._none()
            return self._decided(runs, (*lost, *skipped, *found.groups))
        latest = self._newest(1)[-1]
        if self._waits(latest):
            following = _next(self.timetable, self.now)
            if following is not None:
                return Decision((), (), following, self.since, "outside_window")
            return self._decided((), (*lost, *found.group(self._missed()), *found.groups))
        if self.schedule.catch_up.kind is CatchUpKind.ALL:
            runs, skipped = self._all(found)
        else:
            runs, skipped = self._one_of(found, latest)
        return self._decided(runs, (*lost, *skipped, *found.groups))

    def _waits(self, latest: Opening) -> bool:
        """Tell whether a late run has to wait for the next opening."""
        if self.schedule.late_outside_window or self.now < latest.until:
            return False
        return self.timetable.shut(self.now)

    def _one_of(self, found: Tally, latest: Opening) -> tuple[tuple[Run, ...], tuple[Group, ...]]:
        """Make all the moments one run, due at the latest."""
        others: tuple[Group, ...] = ()
        if found.count > 1:
            last = self._newest(2)[0].due
            count = found.count - 1
            others = (Group(found.first, last, count, Reason.COALESCED, found.at_least),)
        if self._too_late(latest):
            return (), (*others, Group(latest.due, latest.due, 1, Reason.DEADLINE))
        return (self._run(latest, found.count - 1, found.first),), others

    def _none(self) -> tuple[tuple[Run, ...], tuple[Group, ...]]:
        """Let missed moments go; what is still on time becomes one run."""
        missed, still, latest = self._still_due()
        skipped = missed.group(self._missed())
        if latest is None:
            return (), skipped
        runs, others = self._one_of(still, latest)
        return runs, (*skipped, *others)

    def _still_due(self) -> tuple[Tally, Tally, Opening | None]:
        """Part the moments into missed ones and those whose time is not over yet."""
        reach = max(self.schedule.grace, self.timetable.reach if self.timetable.opens else 0)
        reach += self.schedule.jitter or 0
        edge = self.now - reach
        missed = self._tally([(a, min(b, edge)) for a, b in self.ranges if a < edge])
        missed = Tally(missed.count, missed.first, missed.last, (), missed.at_least)
        if not self.timetable.opens:
            edge_of_grace = self.now - self.schedule.grace + 1
            early = [(max(a, edge), min(b, edge_of_grace)) for a, b in self.ranges]
            late = [(max(a, edge_of_grace), b) for a, b in self.ranges]
            still = self._tally(late)
            missed = missed.plus(self._tally(early))
            return missed, still, self._newest(1)[-1] if still.count else None
        latest = None
        still = Tally()
        for a, b in self.ranges:
            for opening in self.timetable.moments(Instant(max(a, edge)), Instant(b)).openings:
                one = Tally(1, opening.due, opening.due)
                if opening.until > self.now:
                    latest, still = opening, still.plus(one)
                else:
                    missed = missed.plus(one)
        return missed, still, latest

    def _all(self, found: Tally) -> tuple[tuple[Run, ...], tuple[Group, ...]]:
        """Make the newest moments a run each, oldest first."""
        policy = self.schedule.catch_up
        newest = [o for o in self._newest(policy.most + 1) if o.due >= self.now - policy.within]
        runs = newest[-policy.most :]
        skipped: list[Group] = []
        if found.count > len(runs):
            before = runs[0].due if runs else self.now + 1
            older = self._tally([(a, min(b, before)) for a, b in self.ranges if a < before])
            last = older.last if older.count else runs[0].due
            count = found.count - len(runs)
            skipped.append(Group(found.first, last, count, self._missed(), found.at_least))
        late = [o for o in runs if self._too_late(o)]
        skipped += [Group(o.due, o.due, 1, Reason.DEADLINE) for o in late]
        kept: list[Run] = []
        for opening in runs[len(late) :]:
            if kept and kept[-1].due == opening.due:
                # Two delays led to one instant: what is due at one instant is one run.
                kept[-1] = replace(kept[-1], coalesced=kept[-1].coalesced + 1)
                skipped.append(Group(opening.due, opening.due, 1, Reason.COALESCED))
            else:
                kept.append(self._run(opening, 0, opening.due))
        return tuple(kept), tuple(skipped)

    # --- small answers -------------------------------------------------------

    def _tally(self, ranges: Ranges) -> Tally:
        found = Tally()
        for a, b in ranges:
            if a < b:
                found = found.plus(tally(self.timetable, a, b))
        return found

    def _newest(self, most: int) -> list[Opening]:
        found: list[Opening] = []
        for a, b in reversed(self.ranges):
            if len(found) < most and a < b:
                found = self.timetable.newest(a, b, most - len(found)) + found
        return found

    def _missed(self) -> Reason:
        return Reason.CLOCK_FORWARD if self.state.leapt else Reason.MISSED

    def _too_late(self, opening: Opening) -> bool:
        deadline = self.schedule.deadline
        return deadline is not None and self.now - opening.due > deadline

    def _run(self, opening: Opening, coalesced: int, first: Instant) -> Run:
        return Run(
            due=opening.due,
            late_by=self.now - opening.due,
            coalesced=coalesced,
            first_due=first,
            reason="on_time" if self.now < opening.until else "late",
            until=opening.until,
            end=opening.end,
            notes=opening.notes,
        )

    def _decided(self, runs: tuple[Run, ...], groups: tuple[Group, ...]) -> Decision:
        return Decision(runs, joined(groups), _next(self.timetable, self.now), self.now)
