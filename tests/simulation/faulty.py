"""Faults of ours, put into the daemon to see that the judging of worlds finds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from unittest import mock

from horarium.kernel.instant import Instant
from horarium.kernel.schedule import CatchUp, CatchUpKind
from horarium.kernel.timetable import Timetable
from horarium.runtime import task as task_module
from horarium.runtime.plan import timetable_of
from horarium.runtime.task import Begun, Look, Task
from horarium.store.firings import Settled
from horarium.store.store import Transaction
from horarium.store.timers import Timer


class _Undone(Exception):
    def __init__(self, begun: Begun) -> None:
        super().__init__()
        self.begun = begun


class WritesAfterwards(Task):
    """Begins runs without a word, and writes that they began when they have ended: a crash in
    between makes them run again."""

    _numbers = count(10_000_000)

    def look(self, now: Instant, *, leapt: bool = False, signal: str | None = None) -> Look:
        def work(tx: Transaction):  # type: ignore[no-untyped-def]
            found = self._decide(now, leapt, signal, tx)
            if isinstance(found[0], Begun):
                raise _Undone(found[0])
            return found

        try:
            found, self._waiting = self._transact(work)
        except _Undone as undone:
            self._decided_at = now
            return replace(undone.begun, firing=next(self._numbers))
        return found

    def ended(self, begun: Begun, settled: Settled, now: Instant) -> bool:
        def work(tx: Transaction):  # type: ignore[no-untyped-def]
            found = self._decide(self._decided_at, False, None, tx)
            if isinstance(found[0], Begun):
                self._write_end(tx, found[0], settled, now)
            return found

        _, self._waiting = self._transact(work)
        return True


def forgets_anchors(tx: Transaction, now: Instant) -> None:
    """At each start every grid counts from then."""
    tx.session._connection.execute(  # type: ignore[attr-defined]
        "UPDATE timer SET anchor_s = ?, next_due_s = ?", (int(now), int(now))
    )


@contextmanager
def accumulates() -> Iterator[None]:
    """Every missed moment becomes a run of its own."""

    def made_up(timer: Timer, seed: str, signals: tuple[Instant, ...] = ()) -> Timetable:
        timetable = timetable_of(timer, seed, signals)
        every = CatchUp(CatchUpKind.ALL, 1_000, 7 * 86_400)
        return Timetable(replace(timetable.schedule, catch_up=every), timetable.circumstances)

    with mock.patch.object(task_module, "timetable_of", made_up):
        yield
