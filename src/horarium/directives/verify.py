"""What a daemon did, judged against what its schedules demanded.

Pure, and apart from what decides: it serves simulation, where time is virtual and nothing may be
late, tests that kill the daemon, and the look back over the last day.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from math import inf

from horarium.directives.expected import Listing, Own, Terms, Window, expected
from horarium.directives.occupied import Occupied, Ran, Stretch
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.schedule import OnCrash

__all__ = ["Kind", "Listing", "Ran", "Stretch", "Verdict", "matched", "verify"]


class Kind(StrEnum):
    """What is wrong with a run, or with the want of one."""

    MISSED = "missed"
    EXTRA = "extra"
    EARLY = "early"
    LATE = "late"
    OVERLAP = "overlap"
    WRONG_NODE = "wrong_node"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True, order=True)
class Verdict:
    """One thing that is wrong, `at` seconds since 1970-01-01T00:00:00Z; `run` is empty where one
    is missed. Verdicts are ordered by time."""

    at: float
    kind: Kind
    entry: str
    run: str
    detail: str


def verify(
    listings: Iterable[Listing],
    outages: Iterable[Stretch],
    runs: Iterable[Ran],
    now: float,
    *,
    epsilon: float,
    longest: float,
    crashes: Collection[str] = (),
    since: float = -inf,
) -> list[Verdict]:
    """Everything that is wrong with the runs, in order of time; empty when all is as demanded.

    A run may begin up to `epsilon` seconds late. `longest` is the most that a run takes: moments
    later than that before `now` are not judged, nor is anything before `since`; runs that were
    going on then have to be given all the same. `crashes` are the runs whose crash was injected:
    such a run needs no end, unless its schedule repeats it.
    """
    terms = Terms(now, epsilon, longest, since)
    return sorted(_Case(list(listings), list(outages), list(runs), terms, crashes).judge())


# --- which run serves which window ------------------------------------------


def matched(windows: Sequence[Window], starts: Sequence[float]) -> list[int | None]:
    """For each window the run that serves it, by its place among `starts`, which are in order.

    Each run takes the open window that ends first. No other choice serves more windows.
    """
    order = sorted(range(len(windows)), key=lambda w: windows[w].start)
    served: list[int | None] = [None] * len(windows)
    waiting: list[tuple[float, bool, int]] = []
    opened = 0
    for run, start in enumerate(starts):
        while opened < len(order) and windows[order[opened]].start <= start:
            window = windows[order[opened]]
            heappush(waiting, (window.end, not window.must, order[opened]))
            opened += 1
        while waiting and waiting[0][0] < start:
            heappop(waiting)
        if waiting:
            served[heappop(waiting)[2]] = run
    return served


def _settled(windows: Sequence[Window], starts: Sequence[float]) -> list[int | None]:
    """The same matching, with runs moved from windows that may stay empty to such that must not."""
    served = matched(windows, starts)
    holder = {run: w for w, run in enumerate(served) if run is not None}
    if not any(not windows[w].must for w in holder.values()):
        return served
    for w, window in enumerate(windows):
        if window.must and served[w] is None:
            _moved(w, windows, starts, served, holder)
    return served


def _moved(
    wanting: int,
    windows: Sequence[Window],
    starts: Sequence[float],
    served: list[int | None],
    holder: dict[int, int],
) -> None:
    """Find a chain of runs that each move on by one window, the last one out of a window that may
    stay empty; leave all as it is when there is none."""
    came_from: dict[int, tuple[int, int]] = {}
    waiting, seen = [wanting], {wanting}
    while waiting:
        w = waiting.pop()
        run = bisect_left(starts, windows[w].start)
        while run < len(starts) and starts[run] <= windows[w].end:
            other = holder.get(run)
            if other is not None and other not in seen:
                seen.add(other)
                came_from[other] = (w, run)
                waiting.append(other)
                if not windows[other].must:
                    _shift(other, came_from, served, holder)
                    return
            run += 1


def _shift(
    freed: int,
    came_from: dict[int, tuple[int, int]],
    served: list[int | None],
    holder: dict[int, int],
) -> None:
    served[freed] = None
    while freed in came_from:
        freed, run = came_from[freed]
        served[freed] = run
        holder[run] = freed


# --- one task, one entry ----------------------------------------------------


class _Case:
    """All that is judged at once."""

    def __init__(
        self,
        listings: list[Listing],
        outages: list[Stretch],
        runs: list[Ran],
        terms: Terms,
        crashes: Collection[str],
    ) -> None:
        self.listings: dict[tuple[str, int], list[Listing]] = defaultdict(list)
        self.tasks: dict[str, list[int]] = defaultdict(list)
        for listing in listings:
            if listing.task not in self.tasks[listing.entry]:
                self.tasks[listing.entry].append(listing.task)
            self.listings[listing.entry, listing.task].append(listing)
        self.outages = outages
        self.runs = sorted(runs, key=lambda r: (r.start, r.start if r.end is None else r.end))
        self.terms = terms
        self.crashes = crashes
        self.again = self._repeated()
        self.occupied = {task: self._occupied(task) for task in self._all_tasks()}

    def _repeated(self) -> set[int]:
        """The records that are a repetition after a crash, by their place."""
        before: dict[str, Ran] = {}
        again: set[int] = set()
        for i, run in enumerate(self.runs):
            first = before.setdefault(run.run, run)
            if first is not run and self._reruns(run) and self._cut(first, run):
                again.add(i)
        return again

    def _cut(self, first: Ran, run: Ran) -> bool:
        """Whether the daemon may have gone between two records of one run, so that it did not
        learn how the first ended."""
        if first.end is None:
            return True
        down = (s for s in self.outages if s.task in (None, run.task) and not s.repeated)
        earliest = first.start - self.terms.epsilon
        return any(earliest <= s.start <= run.start for s in down)

    def _reruns(self, run: Ran) -> bool:
        listed = self.listings.get((run.entry, run.task), ())
        return any(one.timetable.schedule.on_crash is OnCrash.RERUN for one in listed)

    def _all_tasks(self) -> set[int]:
        return {task for _, task in self.listings} | {run.task for run in self.runs}

    def _occupied(self, task: int) -> Occupied:
        down = [stretch for stretch in self.outages if stretch.task in (None, task)]
        runs = [
            (run, not run.manual and i not in self.again)
            for i, run in enumerate(self.runs)
            if run.task == task
        ]
        terms = self.terms
        return Occupied(down, runs, now=terms.now, epsilon=terms.epsilon, longest=terms.longest)

    def judge(self) -> Iterator[Verdict]:
        counted: dict[tuple[str, int], list[Ran]] = defaultdict(list)
        others: dict[tuple[str, int], list[Ran]] = defaultdict(list)
        strayed: dict[str, list[Ran]] = defaultdict(list)
        for i, run in enumerate(self.runs):
            key = run.entry, run.task
            if run.entry in self.tasks and run.task not in self.tasks[run.entry]:
                if run.start >= self.terms.since:
                    yield _verdict(Kind.WRONG_NODE, run, self._where(run))
                    strayed[run.entry].append(run)
            elif run.manual or i in self.again:
                others[key].append(run)
            elif key in self.listings:
                counted[key].append(run)
            elif self.terms.since <= run.start <= self.terms.horizon:
                yield _verdict(Kind.EXTRA, run, "no entry of that key was in force")
        for key, listings in self.listings.items():
            own = _own(counted[key], others[key], self.occupied[key[1]])
            stray = strayed[key[0]] if len(self.tasks[key[0]]) == 1 else []
            windows = [
                window
                for listing in listings
                for window in expected(listing, self.occupied[key[1]], own, self.terms)
            ]
            windows.sort(key=lambda window: (window.start, window.end))
            runs = [run for run in counted[key] if run.start >= self.terms.since]
            yield from _Judgement(key[0], windows, self.terms).judge(runs, stray)
        yield from self._overlaps()
        yield from self._incomplete()

    def _where(self, run: Ran) -> str:
        tasks = " or ".join(str(task) for task in self.tasks[run.entry])
        return f"run by task {run.task}, which is for task {tasks}"

    def _overlaps(self) -> Iterator[Verdict]:
        """Two runs at once on one task, or of one entry that is one task's alone."""
        by_task: dict[int, Ran] = {}
        by_entry: dict[str, Ran] = {}
        for run in self.runs:
            going = by_task.get(run.task)
            if len(self.tasks.get(run.entry, ())) < 2 and not _goes_on(going, run):
                going = by_entry.get(run.entry)
            if going is not None and _goes_on(going, run) and self._judged(run):
                yield _verdict(Kind.OVERLAP, run, f"{going.run} of {going.entry} still went on")
            by_task[run.task] = _longer(by_task.get(run.task), run)
            by_entry[run.entry] = _longer(by_entry.get(run.entry), run)

    def _judged(self, run: Ran) -> bool:
        whole = self.occupied[run.task].whole(run.start)
        return run.start >= self.terms.since and not (whole is not None and whole.twice)

    def _incomplete(self) -> Iterator[Verdict]:
        newest: dict[tuple[str, str], Ran] = {}
        ended: set[tuple[str, str]] = set()
        for run in self.runs:
            newest[run.entry, run.run] = run
            if run.end is not None:
                ended.add((run.entry, run.run))
        for key, run in newest.items():
            if key in ended or not self.terms.since <= run.start <= self.terms.horizon:
                continue
            if run.run not in self.crashes or self._owed(run):
                yield _verdict(Kind.INCOMPLETE, run, "begun, never ended")

    def _owed(self, run: Ran) -> bool:
        """Whether a run that crashed should have been repeated by now."""
        if run.manual or not self._reruns(run):
            return False
        whole = self.occupied[run.task].whole(run.start)
        free = run.start if whole is None else whole.end
        stood = any(
            one.until is None or free + self.terms.epsilon < one.until
            for one in self.listings[run.entry, run.task]
        )
        return stood and free <= self.terms.horizon


class _Judgement:
    """The runs of one entry against its windows, which are in order of start."""

    def __init__(self, entry: str, windows: list[Window], terms: Terms) -> None:
        self.entry = entry
        self.windows = windows
        self.starts = [window.start for window in windows]
        self.terms = terms
        self.served: list[int | None] = []

    def judge(self, runs: list[Ran], stray: list[Ran]) -> Iterator[Verdict]:
        """`stray` are runs by another task: judged already, they serve what is left."""
        starts = [run.start for run in runs]
        self.served = _settled(self.windows, starts)
        used = {run for run in self.served if run is not None}
        for i, run in enumerate(runs):
            if i not in used:
                yield from self._astray(run)
        for run in stray:
            w = self._open(run.start)
            if w is None:
                w = self._nearest(run.start)
            if w is not None:
                self.served[w] = -1
        for w, window in enumerate(self.windows):
            if window.must and self.served[w] is None:
                detail = f"no run for the moment {format_instant(window.due)}"
                yield Verdict(window.start, Kind.MISSED, self.entry, "", detail)

    def _astray(self, run: Ran) -> Iterator[Verdict]:
        """Judge a run that began in no window of its own."""
        w = self._nearest(run.start)
        if w is None:
            if run.start <= self.terms.horizon:
                yield _verdict(Kind.EXTRA, run, "no moment asked for it")
            return
        self.served[w] = -1
        window = self.windows[w]
        due = format_instant(window.due)
        if run.start < window.start:
            yield _verdict(Kind.EARLY, run, f"{window.due - run.start:g} s before {due}")
        else:
            delay = run.start - window.start
            yield _verdict(Kind.LATE, run, f"late by {delay:g} s, for {due}")

    def _open(self, start: float) -> int | None:
        """The window without a run that is open then and ends first."""
        fitting = (
            (window.end, not window.must, w)
            for w, window in enumerate(self.windows)
            if self.served[w] is None and window.start <= start <= window.end
        )
        return min(fitting, default=(0, False, None))[2]

    def _nearest(self, start: float) -> int | None:
        """The window without a run that a run at that time was most likely for."""
        found = [w for w in (self._before(start), self._next(start)) if w is not None]
        rank = [(not self.windows[w].must, abs(self.windows[w].start - start), w) for w in found]
        return min(rank)[2] if rank else None

    def _before(self, start: float) -> int | None:
        """The window a run was late for: none that must be served began between the two."""
        may: int | None = None
        for w in range(bisect_left(self.starts, start) - 1, -1, -1):
            if self.served[w] is None and self.windows[w].end < start:
                if self.windows[w].must:
                    return w
                may = w if may is None else may
            if self.windows[w].must:
                break
        return may

    def _next(self, start: float) -> int | None:
        """The window a run was too early for: nearer to its moment than to the one before."""
        for w in range(bisect_left(self.starts, start), len(self.windows)):
            if self.served[w] is None:
                due = self.windows[w].due
                return w if due - start <= self._distance(w) / 2 else None
            if self.windows[w].must:
                break
        return None

    def _distance(self, w: int) -> float:
        """Seconds to the moment before, else to the one after; without end when it is alone."""
        due = self.windows[w].due
        before = (v.due for v in reversed(self.windows[:w]) if v.due < due)
        after = (v.due for v in self.windows[w + 1 :] if v.due > due)
        nearest: Instant | None = next(before, None) or next(after, None)
        return inf if nearest is None else abs(due - nearest)


def _own(counted: Sequence[Ran], others: Sequence[Ran], occupied: Occupied) -> Own:
    return Own(
        [run.start for run in counted],
        [occupied.ended(run) for run in counted],
        [run.end is not None for run in counted],
        [(run.start, occupied.ended(run)) for run in others],
    )


def _goes_on(going: Ran | None, run: Ran) -> bool:
    return going is not None and going.end is not None and run.start < going.end


def _longer(going: Ran | None, run: Ran) -> Ran:
    if going is None or going.end is None:
        return run
    return going if run.end is None or run.end < going.end else run


def _verdict(kind: Kind, run: Ran, detail: str) -> Verdict:
    return Verdict(run.start, kind, run.entry, run.run, detail)
