"""When a task could not begin anything: it was down, or at work.

What lies so near together that nobody can tell whether there was time in between is one stretch.
For one entry a stretch is parted where a run of that entry began: it shows that the task was free
for it then.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in which a task could not run anything because it was down; `task` None: all tasks.

    `start` and `end` are seconds since 1970-01-01T00:00:00Z. `repeated`: the wall clock was set
    back, so that [start, end) was lived twice.
    """

    task: int | None
    start: float
    end: float
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What the log of runs says of one: `end` None when no end was written. `manual`: somebody
    asked for it, no moment did."""

    run: str
    entry: str
    task: int
    start: float
    end: float | None
    manual: bool = False


class Span(NamedTuple):
    """A stretch as one entry sees it.

    The entry could start again at `end`; moments up to `bound` belong to it. `own` tells that it
    begins with a run of the entry, `twice` that the clock was set back in it.
    """

    begin: float
    end: float
    bound: float
    own: bool = False
    twice: bool = False


class _Part(NamedTuple):
    start: float
    end: float
    entry: str | None = None
    plain: bool = False
    """A run that its schedule asked for: the task had looked at all its entries before it."""
    twice: bool = False


class Occupied:
    """What occupied one task: `down` and `runs` are those of this task, `plain` the runs that were
    neither asked for by hand nor repeated after a crash. Times that are nearer than `epsilon`
    touch."""

    def __init__(
        self,
        down: Sequence[Stretch],
        runs: Sequence[tuple[Ran, bool]],
        *,
        now: float,
        epsilon: float,
        longest: float,
    ) -> None:
        self.epsilon = epsilon
        ordered = sorted(runs, key=lambda item: item[0].start)
        ends = _ends([run for run, _ in ordered], down, now, longest)
        self._ended = {run: end for (run, _), end in zip(ordered, ends, strict=True)}
        parts = [_Part(s.start, s.end, None, False, s.repeated) for s in down]
        for (run, plain), end in zip(ordered, ends, strict=True):
            back = end < run.start and any(_back(stretch, run.start) for stretch in down)
            start = end if back else run.start
            parts.append(_Part(start, max(run.start, end), run.entry, plain))
        parts.sort(key=lambda part: part.start)
        self._parts = parts
        self._starts = [part.start for part in parts]
        self._reach = list(accumulate((part.end for part in parts), max))
        self._runs = [run.start for run, _ in ordered]
        self._firsts: list[float] = []
        self._lasts: list[float] = []
        self._twice: list[bool] = []
        self._join()

    def _join(self) -> None:
        last = -inf
        for part in self._parts:
            if part.start - last > self.epsilon:
                self._firsts.append(part.start)
                self._lasts.append(part.end)
                self._twice.append(part.twice)
            self._lasts[-1] = last = max(self._lasts[-1], part.end)
            self._twice[-1] |= part.twice

    def ended(self, run: Ran) -> float:
        """When the run stopped occupying its task."""
        return self._ended[run]

    def whole(self, t: float) -> Span | None:
        """The stretch that has the instant, or begins within epsilon after it."""
        k = bisect_right(self._firsts, t + self.epsilon) - 1
        if k < 0 or t > self._lasts[k]:
            return None
        return Span(self._firsts[k], self._lasts[k], self._lasts[k], twice=self._twice[k])

    def around(self, t: float, own: Sequence[float]) -> Span | None:
        """The part of that stretch that has the instant, for an entry whose runs began at `own`;
        None when the entry could start at once."""
        whole = self.whole(t)
        if whole is None or whole.twice:
            return whole
        i = bisect_left(own, t)
        begun = i > 0 and own[i - 1] >= whole.begin
        begin = own[i - 1] if begun else whole.begin
        if i == len(own) or own[i] > whole.end:
            return Span(begin, whole.end, whole.end, begun)
        following = own[i]
        j = bisect_left(self._starts, following)
        reached = self._reach[j - 1] if j else -inf
        if reached < whole.begin:
            return None
        return Span(begin, min(following, reached), following, begun)

    def look(self, t: float, end: float) -> float:
        """The first instant from `t` on at which the task is known to have looked at its entries:
        it began something; `end` at the latest."""
        i = bisect_left(self._runs, t)
        return min(self._runs[i], end) if i < len(self._runs) else end

    def taken_at_once(self, span: Span) -> bool:
        """Whether the stretch is nothing but runs that schedules asked for, none the entry's."""
        a, b = bisect_left(self._starts, span.begin), bisect_left(self._starts, span.end)
        return not span.own and all(self._parts[i].plain for i in range(a, max(a + 1, b)))

    def taken(self, t: float, entry: str) -> bool:
        """Whether something else than runs of the entry occupied the instant, or nearly."""
        last = bisect_right(self._starts, t + self.epsilon)
        return any(
            part.end + self.epsilon >= t and not part.twice and part.entry != entry
            for part in self._parts[:last]
        )


def _back(stretch: Stretch, t: float) -> bool:
    """Whether the clock may have been set back at that time: a run then ends before it begins."""
    return stretch.repeated and stretch.start <= t <= stretch.end


def _ends(runs: Sequence[Ran], down: Iterable[Stretch], now: float, longest: float) -> list[float]:
    """When each run stopped occupying its task. One without an end stopped at the latest when the
    task went down or began another."""
    following = [run.start for run in runs[1:]] + [inf]
    found: list[float] = []
    outages = sorted((s.start, s.end) for s in down if not s.repeated)
    for run, after in zip(runs, following, strict=False):
        if run.end is not None:
            found.append(run.end)
            continue
        # One that began before the run did is of an earlier life, or of a clock since set back.
        stops = [start for start, end in outages if start >= run.start and end > run.start]
        found.append(max(run.start, min(*stops, after, now, run.start + longest)))
    return found
