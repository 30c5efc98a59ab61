"""What is ahead in the timetable of directives: what stands is counted on from its kept activation,
anchor and cursor, by the same decisions as those of a daemon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from horarium.directives.directive import Directive
from horarium.directives.entry import Entry
from horarium.directives.plan import foresee
from horarium.directives.rules import open_window
from horarium.directives.timespec import Window as WrittenWindow
from horarium.kernel.decision import Run, State, due
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import MIN_INSTANT, Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.preview import Preview, preview
from horarium.kernel.schedule import Type
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import Zone
from horarium.runtime.naming import task_name
from horarium.runtime.standing import View
from horarium.store.timers import Timer

DAY = 86_400
_SPANS = (1, 8, 63, 366, 2_922)
# A window began at most so long before it is asked about: one stretch may take the whole week.
_BEFORE = 8 * DAY
_FIRST_REACH, _LAST_REACH = 32 * DAY, 8_192 * DAY


@dataclass(frozen=True, slots=True)
class Coming:
    """One run or window to come: when it happens and which moment it is for. `task` None is that
    of a rule that holds for all. `reason` says why it is late, or why it does not happen."""

    line: int | None
    name: str | None
    key: str
    task: int | None
    text: str
    at: Instant
    due: Instant
    end: Instant | None
    reason: str | None
    happens: bool = True


# --- one timer -----------------------------------------------------------------


def owed(view: View, timer: Timer, timetable: Timetable | None = None) -> list[Coming]:
    """What would be begun now, if the task were free and asked: runs that are due and not begun."""
    if timer.next_due is None or timer.next_due > view.now:
        return []
    state = State(timer.begun, timer.ended)
    runs = due(timetable or view.timetable(timer), timer.cursor, view.now, state).runs
    let_go = view.settings.directives.catch_up_down == "none" and timer.line is not None
    periodic = timer.schedule.startswith(Type.PERIODIC.value)
    if let_go and periodic and not view.served(timer.task):
        runs = tuple(run for run in runs if not run.late_by)
    return [
        _coming(timer, view.now, run.due, run.end, _why_not_yet(view, timer, run)) for run in runs
    ]


def is_quiet(timer: Timer, start: Instant, end: Instant) -> bool:
    """Whether a timer is known to have no run in [start, end), as nothing before the end is
    undecided; dates that are left out it may have."""
    return timer.cursor < start and (timer.next_due is None or timer.next_due >= end)


def runs_to_come(view: View, timer: Timer, count: int) -> list[Coming]:
    """What is owed, and the runs after it, `count` at most."""
    timetable = view.timetable(timer)
    found = owed(view, timer, timetable)[:count]
    later = preview(timetable, Instant(view.now + 1), count=count - len(found))
    return [*found, *(_coming(timer, o.due, o.due, o.end, None) for o in later.openings)]


def following(view: View, timer: Timer) -> Coming | None:
    """What a timer does next, late or in time; None when nothing comes by itself."""
    timetable = view.timetable(timer)
    waiting = owed(view, timer, timetable)
    if waiting:
        return waiting[0]
    found = timetable.next_after(Instant(max(timer.cursor, view.now)))
    return None if found is None else _coming(timer, found.due, found.due, found.end, None)


def upcoming(view: View, many: int) -> list[Coming]:
    """The first of what is to come, over all timers; what can not be counted is left out."""
    waiting = sorted(
        (t for t in view.timers if t.next_due is not None), key=lambda t: (t.next_due, t.position)
    )
    found: list[Coming] = []
    for timer in waiting[: many * 4]:
        try:
            coming = following(view, timer)
        except HorariumError:
            continue
        if coming is not None:
            found.append(coming)
    return sorted(found, key=lambda coming: coming.at)[:many]


def _between(view: View, timer: Timer, start: Instant, end: Instant) -> Iterator[Coming]:
    """What a timer wants; from now on, what is decided already is left out and what is owed is
    run at once."""
    begin, timetable = start, view.timetable(timer)
    if start >= view.now:
        begin = Instant(max(start, timer.cursor + 1))
        for coming in owed(view, timer, timetable) if start == view.now else ():
            if coming.due < begin:
                yield coming
    if begin < end:
        blank = _coming(timer, begin, begin, None, None)
        yield from _listed(blank, preview(timetable, begin, end))


def _why_not_yet(view: View, timer: Timer, run: Run) -> str | None:
    """Why a run that is owed has not begun; None when its moment is now."""
    if view.served(timer.task) and any(row.task == timer.task for row in view.running):
        return f"waits for {task_name(timer.task)}"
    return run.reason if run.reason != "on_time" else None


def _coming(
    timer: Timer, at: Instant, moment: Instant, end: Instant | None, reason: str | None
) -> Coming:
    return Coming(
        timer.line, timer.name, timer.entry, timer.task, timer.text, at, moment, end, reason
    )


def _listed(blank: Coming, found: Preview) -> Iterator[Coming]:
    for opening in found.openings:
        yield replace(blank, at=opening.due, due=opening.due, end=opening.end)
    for skip in found.skipped:
        yield replace(blank, at=skip.at, due=skip.at, reason=skip.reason.value, happens=False)


# --- many entries --------------------------------------------------------------


def ahead(
    view: View,
    directives: Sequence[Directive],
    declared: Sequence[Entry],
    start: Instant,
    end: Instant,
) -> list[Coming]:
    """What lines and declared directives want in [start, end), in order of time, then of the file.

    An entry that stands is counted on as it stands; another as if it were activated at `start`.
    """
    standing: dict[str, list[Timer]] = {}
    for timer in view.timers:
        standing.setdefault(timer.entry, []).append(timer)
    found: list[tuple[Instant, int, Coming]] = []
    zone = view.zone()
    for place, directive in enumerate(directives):
        timers = standing.get(directive.key, [])
        coming = (
            _of_standing(view, directive, timers, start, end)
            if timers
            else _of_line(directive, zone, start, end)
        )
        found += [(c.at, place, c) for c in coming]
    for place, entry in enumerate(declared, start=len(directives)):
        kept = [t for t in standing.get(entry.key, ()) if t.task == entry.task]
        coming = _between(view, kept[0], start, end) if kept else _of_entry(view, entry, start, end)
        found += [(c.at, place, c) for c in coming]
    return [c for _, _, c in sorted(found, key=lambda item: item[:2])]


def ahead_next(
    view: View,
    directives: Sequence[Directive],
    declared: Sequence[Entry],
    start: Instant,
    many: int,
) -> list[Coming]:
    """The first `many` of what `ahead` finds; fewer when eight years hold no more."""
    found: list[Coming] = []
    for days in _SPANS:
        found = ahead(view, directives, declared, start, Instant(start + days * DAY))
        if len(found) >= many:
            break
    return found[:many]


def _of_standing(
    view: View, directive: Directive, timers: Sequence[Timer], start: Instant, end: Instant
) -> Iterator[Coming]:
    """What a line that stands wants, told as the line is asked about: it may stand in another
    place, and be spelt otherwise."""
    # The windows of a line may be left out where the clocks change; its moments never are.
    windowed = isinstance(directive.when, WrittenWindow)
    for timer in timers:
        if not windowed and start >= view.now and is_quiet(timer, start, end):
            continue
        task = directive.task if len(timers) == 1 else timer.task
        for coming in _between(view, timer, start, end):
            yield replace(coming, line=directive.line, text=directive.text, task=task)


def _of_line(directive: Directive, zone: Zone, start: Instant, end: Instant) -> Iterator[Coming]:
    for item in foresee([directive], zone, start, end):
        yield Coming(
            directive.line, None, directive.key, directive.task, directive.text,
            item.at, item.due, item.end, item.reason, item.happens,
        )  # fmt: skip


def _of_entry(view: View, entry: Entry, start: Instant, end: Instant) -> Iterator[Coming]:
    circumstances = Circumstances(
        activation=start, anchor=start, object_id=entry.key, seed=view.settings.directives.seed
    )
    blank = Coming(
        entry.line, entry.name, entry.key, entry.task, entry.text, start, start, None, None
    )
    yield from _listed(blank, preview(Timetable(entry.schedule, circumstances), start, end))


# --- rules ---------------------------------------------------------------------


def holds_in(rule: Directive, within: Period, zone: Zone) -> PeriodSet:
    """When a rule holds; without a window it always does."""
    if not isinstance(rule.when, WrittenWindow):
        return PeriodSet([within])
    return open_window(rule.when).open_between(within.start, within.end, zone)


def windows_to_come(
    rule: Directive, count: int, now: Instant, zone: Zone
) -> list[tuple[Instant, Instant | None]]:
    """The first windows of a rule that have not ended, from where they began to where they end;
    None where no end is in sight, and now for a beginning that is too long ago."""
    if not isinstance(rule.when, WrittenWindow):
        return [(now, None)]
    reach = _FIRST_REACH
    while True:
        within = Period(Instant(max(now - _BEFORE, MIN_INSTANT)), Instant(now + reach))
        found = [p for p in holds_in(rule, within, zone) if p.end > now]
        if sum(p.end < within.end for p in found) >= count or reach >= _LAST_REACH:
            break
        reach *= 4
    return [
        (p.start if p.start > within.start else now, p.end if p.end < within.end else None)
        for p in found[:count]
    ]
