"""What stands in the timetable of directives, and who works for it, for all who ask.

Reads the store and changes nothing.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from horarium.directives.address import parse_main
from horarium.directives.declared import declared_entries
from horarium.directives.directive import Directive, Kind
from horarium.directives.entry import UPKEEP_TASK, Entry, entries_of
from horarium.kernel.instant import Instant
from horarium.kernel.timetable import Timetable
from horarium.kernel.zone import Zone, named
from horarium.runtime.activation import (
    Refused,
    as_faults,
    refused_file,
    upkeep_entry,
    zone_of,
)
from horarium.runtime.clock import Clock
from horarium.runtime.control import parse_kept
from horarium.runtime.declared import stored_directives
from horarium.runtime.evidence import is_alive
from horarium.runtime.plan import timetable_of
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store
from horarium.store.firings import Firing
from horarium.store.store import Store, Transaction
from horarium.store.timers import Timer
from horarium.store.workers import KeptControlFile, Worker


@dataclass(frozen=True, slots=True)
class View:
    """What the store holds of the timetable at `now`: the timers that stand, the control file, the
    newest life and the open runs of each task, what signals were given, by name, and what is
    declared. `gone` are the tasks whose worker on this machine is no more."""

    now: Instant
    settings: Settings
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
        return timetable_of(timer, self.settings.directives.seed, signals)

    def zone(self, timer: Timer | None = None) -> Zone:
        """The zone in which people read the times of an entry; None: of a line."""
        daily = timer is not None and timer.task == UPKEEP_TASK
        return named(self.settings.zone if daily else zone_of(self.settings))

    def numbers(self) -> list[int]:
        """The tasks that something stands for, and those that the settings name."""
        chosen = self.settings.directives
        known = {timer.task for timer in self.timers}
        return sorted(known | set(chosen.tasks or ()) | {chosen.master_task})

    def served(self, task: int) -> bool:
        """Whether somebody works for a task, as far as was written of late."""
        known = task in self.lives and task not in self.gone
        return known and is_alive(self.lives[task], self.now)

    def unserved(self) -> list[int]:
        """The tasks for which something stands and nobody works."""
        return [n for n in sorted({t.task for t in self.timers}) if not self.served(n)]

    def lines(self) -> tuple[Directive, ...]:
        """The control file in force. BadObjects when it cannot be read under today's settings."""
        kept, chosen = self.kept, self.settings.directives
        if kept is None:
            return ()
        main = parse_main(chosen.address) if chosen.address else None
        file = parse_kept(kept.content, kept.lists, main=main, reading=chosen.reading)
        if file.errors:
            raise as_faults(Refused(kept.path, kept.activated, file.errors))
        return file.directives

    def rules(self) -> list[Directive]:
        """The state and routing rules of the control file in force."""
        return [d for d in self.lines() if d.keyword.kind is not Kind.TIMED]

    def entries(self) -> list[Entry]:
        """All entries as they are today: of the file in force, declared, and the daily pass."""
        lines = lines_as_entries(self.lines(), self.settings)
        return [*lines, *self.declared, upkeep_entry(self.settings)]


# --- reading -------------------------------------------------------------------


def look(tx: Transaction, settings: Settings, now: Instant) -> View:
    """What the store holds, in a transaction of whoever asks."""
    timers = tuple(tx.timers.standing())
    cursors: dict[str, Instant] = {}
    for timer in timers:
        if timer.signal is not None:
            known = cursors.get(timer.signal, timer.cursor)
            cursors[timer.signal] = min(known, timer.cursor)
    tasks = {t.task for t in timers} | set(settings.directives.tasks or ())
    tasks.add(settings.directives.master_task)
    lives = {task: tx.workers.last(task) for task in tasks}
    return View(
        now,
        settings,
        timers,
        tx.workers.control_file(),
        refused_file(tx),
        {task: life for task, life in lives.items() if life is not None},
        tuple(firing for task in sorted(tasks) for firing in tx.firings.begun(task)),
        {name: tx.timers.signals(name, after) for name, after in cursors.items()},
        tuple(
            declared_entries(
                stored_directives(tx), zone_of(settings), master=settings.directives.master_task
            )
        ),
        frozenset(task for task, life in lives.items() if life and _is_gone(life)),
    )


def read_view(store: Store, settings: Settings, now: Instant) -> View:
    """What a store holds."""
    return store.read(lambda tx: look(tx, settings, now))


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
        tasks = {d.task for d in directives if d.task is not None}
        every = sorted(chosen.tasks or {chosen.master_task, *tasks})
    return entries_of(
        directives, zone_of(settings), master=chosen.master_task, every=every,
        timeout=chosen.timeout,
    )  # fmt: skip


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


__all__ = [
    "Firing",
    "Timer",
    "View",
    "lines_as_entries",
    "look",
    "read_view",
    "view_site",
]
