"""The timetable of directives for those who ask: what stands, who works for it, what comes next.

Reads the store and changes nothing. What it foresees comes from the kept activation, anchor and
cursor, by the same decisions as those of a daemon.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from horarium.directives.declared import declared_entries
from horarium.directives.directive import Directive, Kind
from horarium.directives.entry import UPKEEP_TASK, Entry, entries_of
from horarium.directives.plan import foresee
from horarium.kernel.decision import Decision, Run, State, due
from horarium.kernel.errors import HorariumError, InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.nearest import nearest
from horarium.kernel.preview import preview
from horarium.kernel.schedule import Type
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import Zone
from horarium.runtime.activation import Refused, load_plan, refused_file, zone_of
from horarium.runtime.clock import Clock
from horarium.runtime.declared import stored_directives
from horarium.runtime.evidence import is_alive
from horarium.runtime.plan import Plan, timetable_of
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store
from horarium.store.firings import Firing
from horarium.store.store import Store, Transaction
from horarium.store.timers import Timer
from horarium.store.workers import KeptControlFile, Worker

DAY = 86_400
SHORTEST_KEY = 6
_SPANS = (1, 8, 63, 366, 2_922)
# A key is hexadecimal digits, a dot, and the ordinal among lines that say the same.
_HEX = frozenset("0123456789abcdef.")


@dataclass(frozen=True, slots=True)
class View:
    """What the store holds of the timetable at `now`: what is in force, the timers that stand, the
    newest life and the open runs of each task, and what signals were given, by name. `gone` are the
    tasks whose worker on this machine is no more."""

    now: Instant
    settings: Settings
    plan: Plan = field(default_factory=lambda: Plan(0, {}))
    timers: tuple[Timer, ...] = ()
    kept: KeptControlFile | None = None
    refused: Refused | None = None
    lives: Mapping[int, Worker] = field(default_factory=dict)
    running: tuple[Firing, ...] = ()
    signals: Mapping[str, tuple[Instant, ...]] = field(default_factory=dict)
    declared: tuple[Entry, ...] = ()
    gone: frozenset[int] = frozenset()

    def timetable(self, timer: Timer) -> Timetable:
        """The timetable of a timer, as the daemon has it."""
        signals = self.signals.get(timer.signal or "", ())
        return timetable_of(timer, self.plan.seed, signals)

    def numbers(self) -> list[int]:
        """The tasks that something stands for, and those that the settings name."""
        chosen = self.settings.directives
        named = {timer.task for timer in self.timers}
        return sorted(named | set(chosen.tasks or ()) | {chosen.master_task})

    def served(self, task: int) -> bool:
        """Whether somebody works for a task, as far as was written of late."""
        known = task in self.lives and task not in self.gone
        return known and is_alive(self.lives[task], self.now)

    def unserved(self) -> list[int]:
        """The tasks for which something stands and nobody works."""
        return [n for n in sorted({t.task for t in self.timers}) if not self.served(n)]


def read_view(store: Store, settings: Settings, now: Instant) -> View:
    """Reads what the store holds. BadObjects when what is in force cannot be read under today's
    settings."""

    def work(tx: Transaction) -> View:
        plan, timers = load_plan(tx, settings), tuple(tx.timers.standing())
        cursors: dict[str, Instant] = {}
        for timer in timers:
            if timer.signal is not None:
                known = cursors.get(timer.signal, timer.cursor)
                cursors[timer.signal] = min(known, timer.cursor)
        tasks = {t.task for t in timers} | set(settings.directives.tasks or ())
        tasks.add(settings.directives.master_task)
        lives = {task: tx.workers.last(task) for task in tasks}
        declared = declared_entries(
            stored_directives(tx), zone_of(settings), master=settings.directives.master_task
        )
        return View(
            now,
            settings,
            plan,
            timers,
            tx.workers.control_file(),
            refused_file(tx),
            {task: life for task, life in lives.items() if life is not None},
            tuple(firing for task in sorted(tasks) for firing in tx.firings.begun(task)),
            {name: tx.timers.signals(name, after) for name, after in cursors.items()},
            tuple(declared),
            frozenset(task for task, life in lives.items() if life and _is_gone(life)),
        )

    return store.read(work)


def _is_gone(life: Worker) -> bool:
    """Whether a worker of this machine has ended, however that was."""
    if life.node != socket.gethostname():
        return False
    try:
        os.kill(life.process, 0)
        # The number of one that has ended stays until its parent asks for it.
        state = Path(f"/proc/{life.process}/stat").read_text("utf-8", "replace")
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return state.rpartition(")")[2].split()[:1] == ["Z"]


def view_site(site: Site, settings: Settings, clock: Clock) -> tuple[View, Store | None]:
    """What the store of a site holds, and the store; nothing where there is no store yet, and none
    is made."""
    if not site.database.exists():
        return View(clock.now(), settings), None
    store = open_store(site, settings, clock, create=False)
    return read_view(store, settings, clock.now()), store


def lines_as_entries(directives: Sequence[Directive], settings: Settings) -> list[Entry]:
    """The timed lines of a control file as the entries they would be on this site."""
    chosen = settings.directives
    every: Sequence[int] = ()
    if chosen.unprefixed == "every":
        named = {d.task for d in directives if d.task is not None}
        every = sorted(chosen.tasks or {chosen.master_task, *named})
    return entries_of(
        directives, zone_of(settings), master=chosen.master_task, every=every,
        timeout=chosen.timeout,
    )  # fmt: skip


# --- finding -------------------------------------------------------------------


def find_timers(view: View, what: str, task: int | None = None) -> list[Timer]:
    """The standing timers that a line number, a name or the beginning of a key means; one of each
    task that keeps the entry. NotFound when there is none, InvalidInput for a beginning that
    several keys have."""
    found = [t for t in _named(view, what) if task in (None, t.task)]
    if not found:
        names = [t.name for t in view.timers if t.name is not None]
        raise NotFound(
            f"{what} is no line, name or key of the timetable in force{nearest(what, names)}"
        )
    if len({timer.entry for timer in found}) > 1:
        raise InvalidInput(f"several keys begin with {what}", part="key", value=what)
    return found


def _named(view: View, what: str) -> list[Timer]:
    word = what.removeprefix("events.ctl:")
    if word.isascii() and word.isdigit():
        found = [t for t in view.timers if t.line == int(word)]
        if found:
            return found
    name = what.removeprefix("directive:")
    found = [t for t in view.timers if t.name == name]
    if found or len(what) < SHORTEST_KEY or not _HEX.issuperset(what.lower()):
        return found
    return [t for t in view.timers if t.entry.startswith(what.lower())]


def find_rule(view: View, what: str) -> Directive | None:
    """The state or routing rule on a line of the file in force."""
    word = what.removeprefix("events.ctl:")
    if not (word.isascii() and word.isdigit()):
        return None
    rules = (d for d in view.plan.directives if d.keyword.kind is not Kind.TIMED)
    return next((d for d in rules if d.line == int(word)), None)


# --- foreseeing ----------------------------------------------------------------


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


def task_name(task: int) -> str:
    """How people name a task."""
    return "upkeep" if task == UPKEEP_TASK else f"task {task}"


__all__ = [
    "Coming",
    "Firing",
    "Store",
    "Timer",
    "View",
    "ahead",
    "ahead_next",
    "find_rule",
    "find_timers",
    "following",
    "lines_as_entries",
    "read_view",
    "task_name",
    "upcoming",
    "view_site",
]
