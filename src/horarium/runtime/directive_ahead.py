"""What the timetable of directives will do: what stands is counted on from its kept activation,
anchor and cursor, by the same decisions as those of a daemon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from horarium.directives.directive import Directive
from horarium.directives.entry import Entry
from horarium.directives.plan import foresee
from horarium.kernel.decision import Decision, Run, State, due
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.kernel.preview import preview
from horarium.kernel.schedule import Type
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import Zone
from horarium.runtime.directive_view import View, lines_as_entries, task_name
from horarium.store.timers import Timer

DAY = 86_400
_SPANS = (1, 8, 63, 366, 2_922)


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


def following(view: View, timer: Timer) -> Coming | None:
    """What a timer does next, late or in time; None when nothing comes by itself."""
    decision = _owed(view, timer)
    timetable = view.timetable(timer)
    if decision is not None and decision.runs:
        run = decision.runs[0]
        reason = _why_not_yet(view, timer, run)
        return _coming(timer, view.now, run.due, run.end, reason)
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


def ahead(
    view: View,
    directives: Sequence[Directive],
    declared: Sequence[Entry],
    zone: Zone,
    start: Instant,
    end: Instant,
) -> list[Coming]:
    """What lines and declared directives want in [start, end), in order of time, then of the file.

    An entry that stands is counted on as it stands; another as if it were activated at `start`.
    """
    timers = {(timer.entry, timer.task): timer for timer in view.timers}
    entries: dict[int, list[Entry]] = {}
    for entry in lines_as_entries(directives, view.settings):
        entries.setdefault(entry.line or 0, []).append(entry)
    found: list[tuple[Instant, int, Coming]] = []
    for place, directive in enumerate(directives):
        standing = [
            timer
            for entry in entries.get(directive.line, ())
            if (timer := timers.get((entry.key, entry.task))) is not None
        ]
        items = [c for timer in standing for c in _of_timer(view, timer, start, end)]
        if len(standing) == 1:
            items = [replace(c, task=directive.task) for c in items]
        if not standing:
            items = list(_of_line(directive, zone, start, end))
        # The line as it is asked about; it may stand in another place, and be spelt otherwise.
        spelt = (replace(c, line=directive.line, text=directive.text) for c in items)
        found += [(c.at, place, c) for c in spelt]
    for place, entry in enumerate(declared, start=len(directives)):
        kept = timers.get((entry.key, entry.task))
        coming = _of_timer(view, kept, start, end) if kept else _of_entry(view, entry, start, end)
        found += [(c.at, place, c) for c in coming]
    return [c for _, _, c in sorted(found, key=lambda item: item[:2])]


def ahead_next(
    view: View,
    directives: Sequence[Directive],
    declared: Sequence[Entry],
    zone: Zone,
    start: Instant,
    many: int,
) -> list[Coming]:
    """The first `many` of what `ahead` finds; fewer when eight years hold no more."""
    found: list[Coming] = []
    for days in _SPANS:
        found = ahead(view, directives, declared, zone, start, Instant(start + days * DAY))
        if len(found) >= many:
            break
    return found[:many]


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
    who = (entry.line, entry.name, entry.key, entry.task, entry.text)
    yield from _listed(who, Timetable(entry.schedule, circumstances), start, end)


def _of_timer(view: View, timer: Timer, start: Instant, end: Instant) -> Iterator[Coming]:
    """What a timer wants; from now on, what is decided already is left out and what is owed is
    run at once."""
    begin = start
    if start >= view.now:
        begin = Instant(max(start, timer.cursor + 1))
        decision = _owed(view, timer) if start == view.now else None
        for run in decision.runs if decision is not None else ():
            if run.due < begin:
                reason = _why_not_yet(view, timer, run)
                yield _coming(timer, start, run.due, run.end, reason)
    if begin < end:
        who = (timer.line, timer.name, timer.entry, timer.task, timer.text)
        yield from _listed(who, view.timetable(timer), begin, end)


def _listed(
    who: tuple[int | None, str | None, str, int, str],
    timetable: Timetable,
    start: Instant,
    end: Instant,
) -> Iterator[Coming]:
    found = preview(timetable, start, end)
    for opening in found.openings:
        yield Coming(*who, opening.due, opening.due, opening.end, None)
    for skip in found.skipped:
        yield Coming(*who, skip.at, skip.at, None, skip.reason.value, happens=False)


def _owed(view: View, timer: Timer) -> Decision | None:
    """What would be decided now, if the task were free and asked."""
    if timer.next_due is None or timer.next_due > view.now:
        return None
    decision = due(view.timetable(timer), timer.cursor, view.now, State(timer.begun, timer.ended))
    let_go = view.settings.directives.catch_up_down == "none" and timer.line is not None
    periodic = timer.schedule.startswith(Type.PERIODIC.value)
    if let_go and periodic and not view.served(timer.task):
        on_time = tuple(run for run in decision.runs if not run.late_by)
        return replace(decision, runs=on_time)
    return decision


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
