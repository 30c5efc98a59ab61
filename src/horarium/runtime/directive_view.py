"""The timetable of directives for those who ask: what stands, and who works for it.

Reads the store and changes nothing.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from horarium.directives.declared import declared_entries
from horarium.directives.directive import Directive, Kind
from horarium.directives.entry import UPKEEP_TASK, Entry, entries_of
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.nearest import nearest
from horarium.kernel.timetable import Timetable
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

SHORTEST_KEY = 6
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


def task_name(task: int) -> str:
    """How people name a task."""
    return "upkeep" if task == UPKEEP_TASK else f"task {task}"


__all__ = [
    "Firing",
    "KeptControlFile",
    "Store",
    "Timer",
    "View",
    "find_rule",
    "find_timers",
    "lines_as_entries",
    "read_view",
    "task_name",
    "view_site",
]
