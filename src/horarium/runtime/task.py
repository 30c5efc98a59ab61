"""One task: decides what to begin now, writes that it begins, and writes how it ended (seed 004).

A task does one thing at a time. While it is busy nothing is decided; when it is free, everything
that passed meanwhile is decided at once. What is done outside of the store is begun only after its
row is durable, so that no crash can make it happen twice. Everything here is told the time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from horarium.directives.entry import End, Entry, SetVariable, Wish
from horarium.kernel.decision import Decision, Run, State, due
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.kernel.moment import Reason
from horarium.kernel.schedule import CatchUp, CatchUpKind, OnCrash, Type
from horarium.kernel.tally import Group
from horarium.kernel.timetable import Timetable
from horarium.runtime import crash
from horarium.runtime.plan import Plan, timetable_of, version_of
from horarium.store.engine import Key
from horarium.store.firings import Beginning, Firing, Settled
from horarium.store.store import Store, Transaction
from horarium.store.timers import Timer

log = logging.getLogger(__name__)

T = TypeVar("T")

DAY = 86_400
# Timers asked in one look. What is due is taken up longest waiting first, so none is starved.
MOST_ASKED = 1_000
# Runs that are only rows are written so many in one transaction.
MOST_WRITTEN = 50
# Timetables kept ready; a timer that is asked again finds its own.
MOST_KEPT = 20_000
# A task that lives says so every five seconds; time without a word for longer than this is lost.
SILENT_SECONDS = 15
# A timer that this process does not know is looked at again after so long.
STRANGE_SECONDS = 10
NO_MAILER = "unavailable: no mailer"


@dataclass(frozen=True, slots=True)
class Begun:
    """A run whose row is written: it is to be performed now, once."""

    firing: int
    attempts: int
    timer: int
    entry: Entry
    due: Instant
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """The task is to end with a status; that is written already."""

    status: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do until an instant, None: until something changes."""

    until: Instant | None


@dataclass(frozen=True, slots=True)
class Stale:
    """The plan has changed: read it anew and look again."""


Look = Begun | Ending | Rest | Stale


@dataclass(frozen=True, slots=True)
class _Ready:
    """A timer that wants a run, as it was decided at the look of an instant."""

    asked: Instant
    timer: Timer
    entry: Entry
    run: Run
    decision: Decision

    @property
    def order(self) -> tuple[Instant, int]:
        return self.run.due, self.timer.position


@dataclass(frozen=True, slots=True)
class Worker:
    """Who works: the name of the node and the number of the process."""

    node: str
    process: int


class Task:
    """The work of one task number. Not shared between threads."""

    def __init__(
        self, store: Store, number: int, plan: Callable[[], Plan], worker: Worker,
        *, make_up_for_downtime: bool = True,
    ) -> None:  # fmt: skip
        self.number = number
        self._store = store
        self._plan = plan
        self._worker = worker
        self._made_up = make_up_for_downtime
        self._life = 0
        self._started = Instant(0)
        self._waiting: dict[int, _Ready] = {}
        self._timetables: dict[tuple[int, str], Timetable] = {}

    # --- its life ----------------------------------------------------------

    def leftovers(self) -> list[Firing]:
        """The runs that an earlier life of this task began and did not end."""
        return self._store.read(lambda tx: tx.firings.begun(self.number))

    def entry(self, key: str) -> Entry | None:
        """An entry of this task by its key, None when it stands no longer."""
        return self._plan().entries.get((key, self.number))

    def start(self, now: Instant) -> None:
        """Begins to work; refuses what was asked for by hand of an earlier life."""

        def work(tx: Transaction) -> int:
            tx.firings.refuse_asked(self.number, "nobody worked for the task", now)
            return tx.workers.add(self.number, self._worker.node, self._worker.process, now)

        self._life = self._transact(work)
        self._started = now

    def begin_anew(self, now: Instant) -> None:
        """Begins another life: the time since the last sign of this one was lost, because the
        machine slept, the process was halted, or the store could not be had."""
        where, who = self._worker.node, self._worker.process
        self._life = self._transact(lambda tx: tx.workers.add(self.number, where, who, now))

    def settle(self, left: Firing, went_on: bool, now: Instant) -> Begun | None:
        """Settles a run left by an earlier life: what can be done again is begun again, of all
        else it is written that nobody knows how it ended. `went_on` tells that its program ran
        until now: then it is done."""

        def work(tx: Transaction) -> Begun | None:
            entry = self._plan().entries.get((left.entry, left.task))
            if (
                entry is not None
                and left.kind == "run"
                and not went_on
                and entry.schedule.on_crash is OnCrash.RERUN
                and tx.firings.begin_again(left, self._life, now)
            ):
                tx.timers.begun(left.timer, now)
                return Begun(left.id, left.attempts + 1, left.timer, entry, left.due)
            last = tx.workers.last_before(self.number, self._life)
            end = now if went_on or last is None else max(last.seen, left.started or last.seen)
            why = "the daemon ended while it ran" + ("; it went on to its end" if went_on else "")
            settled = Settled("unknown", why)
            tx.firings.settle(left.id, left.attempts, settled, end)
            tx.timers.ended(left.timer, end)
            return None

        return self._transact(work)

    def seen(self, now: Instant) -> None:
        """Writes that the task lives: what lies between two lives is time it was down."""
        self._transact(lambda tx: tx.workers.seen(self._life, now))

    def stop(self, now: Instant) -> None:
        """Writes that the task ended in order."""
        self._transact(lambda tx: tx.workers.stopped(self._life, now))

    # --- looking -----------------------------------------------------------

    def look(self, now: Instant, *, leapt: bool = False, signal: str | None = None) -> Look:
        """Decides what is to be done now; to be called whenever the task is free. What it returns
        to be performed is written as begun. `leapt` tells that the clock was set forward; with
        `signal` only what that signal calls for is looked at."""
        look, nothing = self._store.read(partial(self._peek, now))
        if nothing:
            return look
        found, self._waiting = self._transact(partial(self._decided, now, leapt, signal))
        crash.at("timers:after-commit")
        return found

    def _peek(self, now: Instant, tx: Transaction) -> tuple[Look, bool]:
        """Whether there is nothing to do: a look that finds nothing writes nothing."""
        if version_of(tx) != self._plan().version:
            return Stale(), True
        following = tx.timers.next_due(self.number)
        idle = (following is None or following > now) and not tx.firings.asked(self.number)
        return Rest(following), idle

    def _decided(
        self, now: Instant, leapt: bool, signal: str | None, tx: Transaction
    ) -> tuple[Look, dict[int, _Ready]]:
        found = self._decide(now, leapt, signal, tx)
        crash.at("timers:before-commit")
        return found

    def _decide(
        self, now: Instant, leapt: bool, signal: str | None, tx: Transaction
    ) -> tuple[Look, dict[int, _Ready]]:
        if version_of(tx) != self._plan().version:
            return Stale(), self._waiting
        asked = self._begin_asked(tx, now)
        if asked is not None:
            return asked, self._waiting
        ready = self._ready(tx, now, leapt, signal)
        crash.at("timers:due-read")
        waiting = {item.timer.id: item for item in ready}
        written = 0
        for seen in sorted(ready, key=lambda item: item.order):
            if written == MOST_WRITTEN:
                break
            del waiting[seen.timer.id]
            item = seen if seen.asked == now else self._ask(tx, seen.timer, now, leapt, seen)
            begun = self._begin(tx, item, now) if item is not None else None
            if item is None or begun is None:
                continue
            settled = self._inside(tx, begun, item.run.end, now)
            if settled is None:
                return begun, waiting
            self._write_end(tx, begun, settled, now)
            if isinstance(begun.entry.action, End):
                return Ending(begun.entry.action.status), waiting
            written += 1
        return Rest(tx.timers.next_due(self.number)), waiting

    def _begin_asked(self, tx: Transaction, now: Instant) -> Begun | None:
        """The first run that was asked for by hand and is to be performed; what is only a change
        of the store is done at once."""
        for firing in tx.firings.asked(self.number):
            entry = self._plan().entries.get((firing.entry, firing.task))
            if entry is None or not tx.firings.begin_asked(firing.id, self._life, now):
                tx.firings.refuse_asked(self.number, "the entry is gone", Instant(now + 1))
                continue
            begun = Begun(firing.id, 1, firing.timer, entry, firing.due, by_hand=True)
            settled = self._inside(tx, begun, None, now)
            if settled is None:
                return begun
            if isinstance(entry.action, End):
                settled = Settled("failed", "a task is not ended by hand")
            self._write_end(tx, begun, settled, now)
        return None

    def _ready(
        self, tx: Transaction, now: Instant, leapt: bool, signal: str | None
    ) -> list[_Ready]:
        """The timers that want a run; each is asked when it is first seen to be due."""
        found: list[_Ready] = []
        for timer in tx.timers.due(self.number, now, MOST_ASKED):
            if signal is not None and timer.signal != signal:
                continue
            before = self._waiting.get(timer.id)
            if before is not None and _is_as_before(timer, before.timer):
                found.append(replace(before, timer=timer))
                continue
            item = self._ask(tx, timer, now, leapt, None)
            if item is not None:
                found.append(item)
        return found

    def _ask(
        self, tx: Transaction, timer: Timer, now: Instant, leapt: bool, seen: _Ready | None
    ) -> _Ready | None:
        """Asks a timer; when it wants no run, that is written as decided. `seen` is what it wanted
        at an earlier look, when another entry came first."""
        entry = self._plan().find(timer)
        if entry is None:
            # It came with a plan that this process has not yet: it is asked for again.
            tx.timers.advance(timer, timer.cursor, Instant(now + STRANGE_SECONDS))
            return None
        try:
            decision = self._due(tx, timer, now, leapt)
        except HorariumError as error:
            log.error("directive.undecidable entry=%s reason=%s", entry.shown, error)
            tx.firings.undecidable(timer, f"undecidable: {error}", now)
            tx.timers.advance(timer, now, Instant(now + DAY))
            return None
        if decision.runs:
            return _Ready(now, timer, entry, decision.runs[0], decision)
        if seen is not None and _only_missed(decision):
            # It was seen in time and has only waited its turn.
            return seen
        tx.firings.leave_out(timer, decision.skipped, now)
        tx.timers.advance(timer, decision.cursor, decision.next)
        return None

    def _due(self, tx: Transaction, timer: Timer, now: Instant, leapt: bool) -> Decision:
        timetable = self._timetable(tx, timer)
        state = State(timer.begun, timer.ended, leapt=leapt)
        start = min(self._started, now)
        if self._made_up or not _is_periodic_line(timer, timetable) or timer.cursor >= start - 1:
            return due(timetable, timer.cursor, now, state)
        # What passed while nobody worked is let go; what came since then is not.
        down = due(_without_making_up(timetable), timer.cursor, start, state)
        if down.runs or start == now:
            return down
        since = due(timetable, down.cursor, now, state)
        return replace(since, skipped=(*down.skipped, *since.skipped))

    def _timetable(self, tx: Transaction, timer: Timer) -> Timetable:
        seed = self._plan().seed
        if timer.signal is not None:
            return timetable_of(timer, seed, tx.timers.signals(timer.signal, timer.cursor))
        kept = self._timetables.get((timer.id, timer.schedule))
        if kept is None:
            if len(self._timetables) >= MOST_KEPT:
                self._timetables.clear()
            kept = timetable_of(timer, seed)
            self._timetables[timer.id, timer.schedule] = kept
        return kept

    # --- beginning and ending ----------------------------------------------

    def _begin(self, tx: Transaction, item: _Ready, now: Instant) -> Begun | None:
        """Writes that a run begins, and what became part of it or was left out before it."""
        timer, run, decision = item.timer, item.run, item.decision
        beginning = Beginning(run.due, run.first_due, run.coalesced, run.reason)
        firing = tx.firings.begin(timer, beginning, "run", self._life, now)
        crash.at("timers:firing-inserted")
        if len(decision.runs) > 1:
            # The others follow one after another, each decided when its turn comes.
            tx.firings.leave_out(timer, self._left_out_before(tx, item), now)
            tx.timers.advance(timer, run.due, now)
        else:
            following = decision.next if decision.cursor == now else now
            tx.firings.leave_out(timer, decision.skipped, now)
            tx.timers.advance(timer, decision.cursor, following)
        crash.at("timers:advanced")
        if firing is None:
            log.error("directive.begun_before entry=%s due=%d", item.entry.shown, run.due)
            return None
        tx.timers.begun(timer.id, now)
        tx.workers.seen(self._life, now)
        return Begun(firing, 1, timer.id, item.entry, run.due)

    def _left_out_before(self, tx: Transaction, item: _Ready) -> Iterator[Group]:
        """What a decision left out up to the moment of its first run; what comes after that is
        decided again with the moments there."""
        since, until = item.timer.cursor + 1, item.run.due + 1
        for group in item.decision.skipped:
            if group.last_due < until:
                yield group
            elif group.first_due < until:
                timetable = self._timetable(tx, item.timer)
                found = timetable.left_out(Instant(since), Instant(until))
                part = [skip for skip in found if skip.reason is group.reason]
                count = sum(skip.count for skip in part)
                if count:
                    yield Group(part[0].at, part[-1].last, count, group.reason)

    def _inside(
        self, tx: Transaction, begun: Begun, end: Instant | None, now: Instant
    ) -> Settled | None:
        """Does what is only a change of the store, together with its row; `end` is that of the
        window it is for."""
        action = begun.entry.action
        if isinstance(action, End):
            return Settled("finished", status=action.status)
        if isinstance(action, SetVariable):
            if action.name not in self._plan().variables:
                return Settled("failed", f"{action.name} is not a declared variable")
            tx.firings.set_variable(action.name, action.value, now)
            return Settled("finished")
        if isinstance(action, Wish):
            text = begun.entry.text
            tx.firings.wish(begun.firing, action.keyword, text, end, now, "unavailable")
            return Settled("failed", NO_MAILER)
        return None

    def ended(self, begun: Begun, settled: Settled, now: Instant) -> bool:
        """Writes how a run ended; False when something else was written of it before."""
        crash.at("timers:before-finished")
        return self._transact(lambda tx: self._write_end(tx, begun, settled, now))

    def _write_end(self, tx: Transaction, begun: Begun, settled: Settled, now: Instant) -> bool:
        written = tx.firings.settle(begun.firing, begun.attempts, settled, now)
        if not begun.by_hand:
            tx.timers.ended(begun.timer, now)
        tx.workers.seen(self._life, now)
        return written

    def _transact(self, work: Callable[[Transaction], T]) -> T:
        return self._store.transact([Key(self._store.tenant, "task", str(self.number))], work)


def _is_as_before(timer: Timer, before: Timer) -> bool:
    """Whether nothing that a decision rests on has changed; its place in the file may have."""
    return (timer.cursor, timer.schedule) == (before.cursor, before.schedule)


def _only_missed(decision: Decision) -> bool:
    """Whether moments were let go for no other reason than that their time is over."""
    reasons = {group.reason for group in decision.skipped}
    return Reason.MISSED in reasons and reasons <= {Reason.MISSED, Reason.COALESCED}


def _is_periodic_line(timer: Timer, timetable: Timetable) -> bool:
    return timer.line is not None and timetable.schedule.type is Type.PERIODIC


def _without_making_up(timetable: Timetable) -> Timetable:
    """The same moments, with those whose second is over let go."""
    strict = replace(timetable.schedule, catch_up=CatchUp(CatchUpKind.NONE), grace=1)
    return Timetable(strict, timetable.circumstances)
