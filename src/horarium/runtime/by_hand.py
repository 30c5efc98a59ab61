"""A run by hand: once, now, whatever the schedule says, which goes on as if nothing had been.

Whoever works for the task begins it; when nobody does, this process holds the task for as long as
the run takes. It is a row of the ledger like any other, of the kind `manual`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from horarium.directives.entry import UPKEEP_TASK, End, Entry, SetVariable, Wish
from horarium.kernel.errors import Conflict, NotFound
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.activation import UPKEEP_KEY, load_plan
from horarium.runtime.clock import Clock
from horarium.runtime.directives import hold_task
from horarium.runtime.naming import task_name
from horarium.runtime.performing import Performer
from horarium.runtime.settings import Settings
from horarium.runtime.sharing import Publisher
from horarium.runtime.site import Site
from horarium.runtime.task import NO_MAILER, Begun
from horarium.runtime.upkeep import UpkeepReport, run_upkeep
from horarium.store.engine import Key
from horarium.store.firings import Beginning, Firing, Settled
from horarium.store.store import Store, Transaction
from horarium.store.timers import Timer

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 0.2
# So often it is looked whether the one who was asked still works for the task.
STILL_THERE_SECONDS = 2.0


@dataclass
class ByHand:
    """Runs one entry of a site by hand. `stop` ends the run early, or the wait for it."""

    site: Site
    settings: Settings
    clock: Clock
    store: Store
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, timer: Timer) -> Firing:
        """Runs the entry of a timer and waits for the end: its row. Conflict while the entry runs
        already."""
        entry = self._entry(timer)
        if isinstance(entry.action, SetVariable | Wish):
            return self._row(self._transact(timer, lambda tx: self._inside(tx, timer, entry)))
        asked: int | None = None
        while not self.stop.is_set():
            with ExitStack() as stack:
                if self._holds(timer, stack):
                    return self._here(timer, entry, asked)
            if isinstance(entry.action, End):
                raise Conflict(
                    f"{task_name(timer.task)} is at work: to end it now, stop its process"
                )
            if asked is None:
                asked = self._transact(timer, lambda tx: self._ask(tx, timer))
            row = self._await(asked)
            if row.ended is not None:
                return row
        raise Conflict("stopped before the run ended; its record goes on without us")

    def _holds(self, timer: Timer, stack: ExitStack) -> bool:
        """Whether the task could be had, for as long as `stack` lasts."""
        try:
            stack.enter_context(hold_task(self.site, timer.task))
        except Conflict:
            return False
        return True

    # --- by whom works for the task ------------------------------------------

    def _ask(self, tx: Transaction, timer: Timer) -> int:
        _refuse_if_running(tx, timer)
        return tx.firings.ask(timer, self.clock.now())

    def _await(self, firing: int) -> Firing:
        """The row when it has ended, else as it is after a while."""
        deadline = self.clock.monotonic() + STILL_THERE_SECONDS
        row = self._row(firing)
        while row.ended is None and self.clock.monotonic() < deadline:
            if self.stop.wait(LOOK_AGAIN_SECONDS):
                break
            row = self._row(firing)
        return row

    # --- by ourselves --------------------------------------------------------

    def _here(self, timer: Timer, entry: Entry, asked: int | None) -> Firing:
        """Performs the run in this process, which holds the task; `asked` is the row of a run that
        nobody has begun."""
        performer = Performer(self.site, self.settings, self.clock, self.store)
        if asked is not None and self._row(asked).ended is not None:
            return self._row(asked)
        firing = self._transact(timer, lambda tx: self._begin(tx, timer, asked))
        if isinstance(entry.action, End):
            settled = Settled("finished", status=entry.action.status)
        else:
            begun = Begun(firing, 1, timer.id, entry, self._row(firing).due, by_hand=True)
            settled = performer.perform(begun, self.stop)
        self._transact(timer, lambda tx: self._settle(tx, firing, settled))
        return self._row(firing)

    def _begin(self, tx: Transaction, timer: Timer, asked: int | None) -> int:
        now = self.clock.now()
        _refuse_if_running(tx, timer, asked)
        if asked is None:
            asked = tx.firings.ask(timer, now)
        if not tx.firings.begin_asked(asked, None, now):
            raise Conflict(f"{timer.text}: the run that was asked for was begun by another")
        return asked

    def _inside(self, tx: Transaction, timer: Timer, entry: Entry) -> int:
        """Does what is only a change of the store, with its row."""
        now = self.clock.now()
        firing = self._begin(tx, timer, None)
        if isinstance(entry.action, Wish):
            tx.firings.wish(firing, entry.action.keyword, entry.text, None, now, "unavailable")
            settled = Settled("failed", NO_MAILER)
        elif isinstance(entry.action, SetVariable):
            settled = Settled("finished")
            if entry.action.name in self.settings.directives.variables:
                tx.firings.set_variable(entry.action.name, entry.action.value, now)
            else:
                settled = Settled("failed", f"{entry.action.name} is not a declared variable")
        self._settle(tx, firing, settled)
        return firing

    def _settle(self, tx: Transaction, firing: int, settled: Settled) -> bool:
        return tx.firings.settle(firing, 1, settled, self.clock.now())

    # --- the store -------------------------------------------------------------

    def _entry(self, timer: Timer) -> Entry:
        plan = self.store.read(lambda tx: load_plan(tx, self.settings))
        entry = plan.find(timer)
        if entry is None:
            raise NotFound(f"{timer.text} stands no longer under today's settings")
        return entry

    def _row(self, firing: int) -> Firing:
        row = self.store.read(lambda tx: tx.firings.by_id(firing))
        assert row is not None, f"the row {firing} is gone"
        return row

    def _transact(self, timer: Timer, work: Callable[[Transaction], T]) -> T:
        return self.store.transact([Key(self.store.tenant, "task", str(timer.task))], work)


def _refuse_if_running(tx: Transaction, timer: Timer, asked: int | None = None) -> None:
    """Two runs of one entry never overlap."""
    for row in (*tx.firings.begun(timer.task), *tx.firings.asked(timer.task)):
        if row.entry == timer.entry and row.id != asked:
            since = row.started if row.started is not None else row.decided
            state = "begun" if row.started is not None else "asked for"
            raise Conflict(
                f"{timer.text}: run {row.id} of it was {state} at {format_instant(since)} and has "
                "not ended"
            )


def upkeep_by_hand(
    store: Store, settings: Settings, clock: Clock, publisher: Publisher, folder: Path
) -> UpkeepReport:
    """One daily pass; where the timetable has it as an entry, its record stands there too. Written
    when it is over: a pass that was cut off left nothing that the next would not do."""
    began = clock.now()
    report = run_upkeep(store, settings, began, publisher, folder)
    settled = Settled(
        "failed" if report.failures else "finished",
        "; ".join(report.failures),
        detail=report.detail,
    )

    def work(tx: Transaction) -> None:
        timer = tx.timers.find(UPKEEP_KEY, UPKEEP_TASK)
        if timer is None:
            return
        beginning = Beginning(began, began, 0, "manual")
        firing = tx.firings.begin(timer, beginning, "manual", None, began)
        assert firing is not None
        tx.firings.settle(firing, 1, settled, Instant(max(began, clock.now())))

    store.transact([Key(store.tenant, "task", str(UPKEEP_TASK))], work)
    return report
