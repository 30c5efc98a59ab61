"""When an entry should have begun its runs, given when its task was down or at work.

Written from the rules alone, and apart from what decides in the daemon, so that the two can be
held against each other. It walks through the moments of a schedule once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, nextafter

from horarium.directives.occupied import Occupied, Span
from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import Instant
from horarium.kernel.moment import Opening
from horarium.kernel.schedule import CatchUpKind, Overlap
from horarium.kernel.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry while it stood in the timetable: `entry` is its key, `task` the only one that may
    run it. It stood from the activation of its timetable until `until`; None: it still does."""

    entry: str
    task: int
    timetable: Timetable
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What is judged, in seconds: runs from `since` on, and moments that a run of the `longest`
    duration has had time for before `now`; `epsilon` is how late a run may begin."""

    now: float
    epsilon: float
    longest: float
    since: float = -inf

    @property
    def horizon(self) -> float:
        """The last instant that is judged."""
        return self.now - self.epsilon - self.longest


@dataclass(frozen=True, slots=True)
class Window:
    """Time in which one run may begin, both ends included. `due` is the newest moment it is for;
    one that is no `must` may stay empty."""

    start: float
    end: float
    due: Instant
    must: bool


@dataclass(frozen=True, slots=True)
class Own:
    """The runs of the entry that moments asked for, in order: when they began and stopped, and
    whether they ended by themselves. `others` are those that no moment asked for."""

    starts: Sequence[float] = ()
    ends: Sequence[float] = ()
    whole: Sequence[bool] = ()
    others: Sequence[tuple[float, float]] = ()


def expected(listing: Listing, occupied: Occupied, own: Own, terms: Terms) -> list[Window]:
    """The windows in which runs of the entry should, or may, have begun; in order of moments."""
    if not listing.timetable.schedule.enabled:
        return []
    return _Walk(listing, occupied, own, terms).walk()


def _openings(timetable: Timetable, start: Instant, end: Instant) -> list[Opening]:
    """The openings due in [start, end), in pieces where they are many; one for each instant."""
    found: list[Opening] = []
    pieces = [(start, end)]
    while pieces:
        a, b = pieces.pop()
        try:
            openings = timetable.moments(a, b).openings if a < b else ()
        except LimitReached:
            if b - a < 2:
                raise
            middle = Instant((a + b) // 2)
            pieces += [(middle, b), (a, middle)]
            continue
        found += [o for o in openings if not found or o.due != found[-1].due]
    return found


class _Walk:
    """The moments of one listing, walked through in order."""

    def __init__(self, listing: Listing, occupied: Occupied, own: Own, terms: Terms) -> None:
        self.listing = listing
        self.timetable = listing.timetable
        self.schedule = listing.timetable.schedule
        self.kind = self.schedule.catch_up.kind
        self.occupied = occupied
        self.own = own
        self.terms = terms
        self.epsilon = terms.epsilon
        self.openings = _openings(self.timetable, *self._reach())
        self.dues = [opening.due for opening in self.openings]
        self.windows: list[Window] = []
        # How many of the own runs serve moments already queued, where each is made up; and whether
        # some of those need not have been in the queue.
        self.used = 0
        self.doubtful = False

    def _reach(self) -> tuple[Instant, Instant]:
        since: float = self.timetable.circumstances.activation
        if self.terms.since > since:
            whole = self.occupied.whole(self.terms.since)
            since = max(since, min(self.terms.since, whole.begin if whole else inf) - self.epsilon)
        until = self.terms.now
        if self.listing.until is not None:
            until = min(until, self.listing.until + self.epsilon)
        return Instant(ceil(since)), Instant(floor(until) + 1)

    def walk(self) -> list[Window]:
        i = 0
        while i < len(self.dues):
            span = self.occupied.around(self.dues[i], self.own.starts)
            if span is None:
                i = self._free(i)
                continue
            j = bisect_right(self.dues, span.bound, i)
            self._stretch(span, self.openings[i:j])
            i = j
        return self.windows

    def _emit(self, start: float, end: float, due: Instant, must: bool) -> None:
        until, latest = self.listing.until, end - self.epsilon
        stood = until is None or end < until
        judged = self.terms.since <= start and latest <= self.terms.horizon
        self.windows.append(Window(start, end, due, must and stood and judged))

    def _free(self, i: int) -> int:
        """A moment at which the task was free; more within epsilon may be served with it."""
        j = i + 1
        while (
            j < len(self.dues)
            and self.dues[j] - self.dues[j - 1] <= self.epsilon
            and self.occupied.around(self.dues[j], self.own.starts) is None
        ):
            j += 1
        self._emit(self.dues[i], self.dues[j - 1] + self.epsilon, self.dues[i], True)
        for due in self.dues[i + 1 : j]:
            self._emit(due, due + self.epsilon, due, False)
        return j

    def _stretch(self, span: Span, members: list[Opening]) -> None:
        """Moments that came while the entry could not start."""
        if span.twice:
            self._lived_twice(span, members)
            return
        possible, sure = self._overlapped(span, members)
        if not possible:
            return
        if self.kind is CatchUpKind.NONE:
            self._still_due(span, possible, sure)
        elif self.kind is CatchUpKind.ALL:
            self._each(span, possible, sure)
        else:
            self._once(span, possible, sure)
        self._gap(span, possible)

    # --- the policies --------------------------------------------------------

    def _once(self, span: Span, members: list[Opening], sure: list[Opening]) -> None:
        newest = members[-1]
        if not any(self._in_time(o, self._look(o, span), self.epsilon) for o in members):
            return
        shut = self._shut(members, span)
        if shut is not False:
            self._await(newest, span.end, shut)
        if shut is True:
            return
        must = shut is False and bool(sure) and self._in_time(sure[-1], span.end, -self.epsilon)
        start, last = max(span.end, members[0].due), max(span.end, newest.due)
        self._emit(start, last + self.epsilon, newest.due, must)

    def _still_due(self, span: Span, members: list[Opening], sure: list[Opening]) -> None:
        end, epsilon = span.end, self.epsilon
        may = [o for o in members if o.due <= span.begin or self._look(o, span) < o.until + epsilon]
        if not may and self._groundless(span):
            may = members
        if not may:
            return
        certain = {o.due for o in sure}
        # What was seen when other work began was not missed: it waits its turn.
        waited = not epsilon and may[0].due == span.begin and self.occupied.taken_at_once(span)
        must = (waited and may[0].due in certain) or any(
            o.until > end + epsilon and o.due in certain for o in may
        )
        in_time = self._in_time(may[-1], end, -epsilon)
        start, last = max(end, may[0].due), max(end, may[-1].due)
        self._emit(start, last + epsilon, may[-1].due, must and in_time)

    def _each(self, span: Span, members: list[Opening], sure: list[Opening]) -> None:
        end, epsilon, within = span.end, self.epsilon, self.schedule.catch_up.within
        shut = self._shut(members, span)
        if shut is not False:
            self._await(members[-1], end, shut, len(members))
            return
        if not self.schedule.late_outside_window and self._windowed():
            # Those whose turn does not come before the window closes wait for the next.
            self._await(members[-1], end, None, min(len(members), self.schedule.catch_up.most))
        certain = {o.due for o in sure}
        newest = [o for o in members[-self.schedule.catch_up.most :] if o.due >= end - within]
        newest = [o for o in newest if self._in_time(o, end, 0)]
        at, turn, queued = self._turn(end)
        self.doubtful = self.doubtful and queued
        whole = self.occupied.whole(end)
        last = max(end if whole is None else whole.end, members[-1].due) + epsilon
        for o in newest:
            start = max(at, o.due)
            must = o.due in certain and self._in_time(o, start, -epsilon)
            must = must and self._kept(o.due, start) and not self._too_late(o, start)
            # Who may be in the queue, or not, moves those behind it.
            self.doubtful = self.doubtful or not must
            earliest = max(end, o.due) if self.doubtful else start
            self._emit(earliest, start + epsilon if must else max(start, last), o.due, must)
            at, turn = self._after(at, turn)
        first = newest[0].due if newest else inf
        for o in members:
            look = self._look(o, span)
            capped = o.due < members[-self.schedule.catch_up.most :][0].due
            seen = look < end or span.own or members[-1].due > end or not capped
            if o.due < first and seen and o.due >= look - within - epsilon:
                self.doubtful = True
                self._emit(end, max(at + epsilon, last), o.due, False)

    def _kept(self, due: Instant, start: float) -> bool:
        """Whether a moment is made up even when that was decided only as its turn came."""
        policy = self.schedule.catch_up
        newer = bisect_right(self.dues, start) - bisect_right(self.dues, due)
        return newer < policy.most and due >= start - policy.within + self.epsilon

    def _too_late(self, o: Opening, start: float) -> bool:
        """Whether the window of a moment has closed before its turn came, so that it waits for the
        next one."""
        if self.schedule.late_outside_window or not self._windowed():
            return False
        return start + self.epsilon >= o.until and not self._open(o, start + self.epsilon)

    def _turn(self, end: float) -> tuple[float, int, bool]:
        """When the next run can begin after those already queued, which own run that is, and
        whether any are queued."""
        turn = bisect_left(self.own.starts, end)
        if turn >= self.used:
            return end, turn, False
        return max(end, self._end_after(self.used - 1)), self.used, True

    def _after(self, at: float, turn: int) -> tuple[float, int]:
        starts = self.own.starts
        if turn == len(starts) or starts[turn] > at + self.epsilon:
            return at, turn
        self.used = turn + 1
        return max(at, self._end_after(turn)), turn + 1

    def _end_after(self, i: int) -> float:
        """When the entry could start again after that one of its runs."""
        starts = self.own.starts
        if starts[i] in starts[i + 1 : i + 2]:
            return starts[i]
        span = self.occupied.around(nextafter(starts[i], inf), starts)
        return span.end if span is not None else starts[i]

    def _lived_twice(self, span: Span, members: list[Opening]) -> None:
        """Moments may have been served in the first or the second living; one at least was."""
        waits = self._windowed() and not self.schedule.late_outside_window
        must = self.schedule.deadline is None and not waits
        if self.kind is CatchUpKind.NONE:
            entry = self.listing.entry
            must = self.schedule.deadline is None and any(
                o.until > span.end + self.epsilon or not self.occupied.taken(o.due, entry)
                for o in members
            )
        start, end = span.begin - self.epsilon, span.end + self.epsilon
        for i, o in enumerate(members):
            self._emit(start, end, o.due, must and i == 0)

    # --- what the policies share ---------------------------------------------

    def _look(self, o: Opening, span: Span) -> float:
        return self.occupied.look(o.due - self.epsilon, span.end)

    def _in_time(self, o: Opening, at: float, slack: float) -> bool:
        deadline = self.schedule.deadline
        return deadline is None or at - o.due <= deadline + slack

    def _overlapped(
        self, span: Span, members: list[Opening]
    ) -> tuple[list[Opening], list[Opening]]:
        """Those that may count, and those that do: moments of the entry's own run do not, unless it
        crashed, was one of several, or had no moment itself."""
        if self.schedule.overlap is not Overlap.SKIP:
            return members, members
        ended, excused, before = -inf, False, inf
        if span.own:
            i = bisect_right(self.own.starts, span.begin) - 1
            several = self.kind is CatchUpKind.ALL
            ended = self.own.ends[i]
            excused = several or not self.own.whole[i] or self._groundless(span)
            # Of several runs the next may have begun at the very moment.
            before = span.bound if several else inf
        sure = [
            o
            for o in members
            if ended + self.epsilon <= o.due < before
            and not any(a <= o.due < b + self.epsilon for a, b in self.own.others)
        ]
        if excused:
            return members, sure
        return [o for o in members if o.due >= ended - self.epsilon], sure

    def _groundless(self, span: Span) -> bool:
        """Whether the own run that begins the stretch had no moment to run for: it was early or
        too much, and excuses nothing."""
        if not span.own:
            return False
        i = bisect_left(self.own.starts, span.begin)
        before = self.own.starts[i - 1] if i else -inf
        newest = bisect_right(self.dues, span.begin)
        return newest == 0 or self.dues[newest - 1] <= before

    def _gap(self, span: Span, members: list[Opening]) -> None:
        """A moment just after the stretch, before the run that followed: that run may have been
        decided before it, so that it runs when that ends."""
        newest = members[-1].due
        if newest > span.end and span.bound > span.end:
            following = bisect_left(self.own.starts, span.bound)
            self._emit(newest, self._end_after(following) + self.epsilon, newest, False)

    def _windowed(self) -> bool:
        s = self.schedule
        lasting = s.series is not None and s.series.has_length
        return s.end is not None or s.length is not None or lasting

    def _shut(self, members: list[Opening], span: Span) -> bool | None:
        """Whether a run at the end would be late and outside of its window, so that it waits;
        None when that cannot be told."""
        newest, at = members[-1], span.end
        if self.schedule.late_outside_window or not self._windowed():
            return False
        if newest.until > at + self.epsilon:
            return False
        seen = any(self._look(o, span) < o.until + self.epsilon for o in members)
        if seen or self.schedule.gated:
            return None
        following = self.timetable.next_after(newest.due)
        shut = {
            not any(self._open(o, t) for o in (newest, following) if o is not None)
            for t in (at, at + self.epsilon)
        }
        return shut.pop() if len(shut) == 1 else None

    def _await(self, newest: Opening, at: float, shut: bool | None, many: int = 1) -> None:
        """Let a late run begin between the next opening of the window and its moment."""
        following = self.timetable.next_after(newest.due)
        if following is None:
            return
        start = at
        if shut is True:
            start = max(at, following.edges[0] if following.edges else following.due)
        end = nextafter(following.due - self.epsilon, -inf)
        if many > 1 or self.kind is CatchUpKind.ALL:
            end = following.due + many * self.terms.longest + self.epsilon
        for _ in range(many if start <= end else 0):
            self._emit(start, end, newest.due, False)

    def _open(self, o: Opening, t: float) -> bool:
        """Whether the window of an opening is open at an instant; a random window opens at the
        instant that was chosen."""
        lasting = o.end is not None and o.due <= t < o.end
        inside = o.edges is not None and o.edges[0] <= t < o.edges[1]
        return lasting or (inside and not self.schedule.random_window)
