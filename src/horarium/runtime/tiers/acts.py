"""What distribution does by schedule: when it is time, what is let go, and when to look again.

Each moment ends as one run or in the log with the reason why not. Cursor and anchor are durable: a
restart neither repeats a moment nor loses one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from horarium.distribution.schedules import Given
from horarium.kernel.decision import Decision, State, due
from horarium.kernel.instant import Instant
from horarium.kernel.schedule import Schedule
from horarium.kernel.schedule_writing import format_schedule
from horarium.kernel.timetable import Timetable
from horarium.store.acts import Act, Logged
from horarium.store.store import Store, Transaction

# Instants of a signal that are remembered: those since the cursor of who waits for it.
MOST_SIGNALS = 100


@dataclass(frozen=True, slots=True)
class Planned:
    """One act that is to happen by a schedule: how it is written, how it is read once it is known
    since when, and the signal that it waits for, if any."""

    schedule: Schedule | None
    timetable: Callable[[Given], Timetable]
    signal: str | None


@dataclass(frozen=True, slots=True)
class Firing:
    """An act that is to begin now; ``end`` is that of the window it opens, where it opens one."""

    name: str
    due: Instant
    reason: str
    end: Instant | None = None


class Acts:
    """The acts of one node. Not shared between threads at one time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._planned: Mapping[str, Planned] = {}
        self._signals: dict[str, tuple[Instant, ...]] = {}
        self._rerun: set[str] = set()
        self._given: dict[str, Instant] = {}
        """The first of each signal since the last look: it may lie in a second that was decided
        before it was given."""

    def recover(self) -> None:
        """Finds what an earlier process began and did not end: it is begun again."""
        acts = self._store.read(lambda tx: tx.acts.all())
        self._rerun = {act.name for act in acts if act.begun is not None and act.ended is None}

    def plan(self, planned: Mapping[str, Planned], now: Instant) -> None:
        """What is to happen from now on. An act whose schedule is another than before counts from
        now; the moments of the old one are over."""

        def work(tx: Transaction) -> None:
            held = {act.name: act for act in tx.acts.all()}
            for name in held.keys() - planned.keys():
                tx.acts.drop(name)
            for name, one in planned.items():
                written = format_schedule(one.schedule) if one.schedule is not None else ""
                if name not in held or held[name].schedule != written:
                    tx.acts.put(Act(name, written, now, now, Instant(now - 1)))

        self._planned = planned
        self._store.transact([], work)

    def signal(self, name: str, at: Instant) -> None:
        """Something that acts wait for happened."""
        self._signals[name] = (*self._signals.get(name, ()), at)[-MOST_SIGNALS:]
        self._given[name] = min(self._given.get(name, at), at)

    def was_signalled(self, name: str, at: Instant) -> bool:
        """Whether a signal was given at an instant."""
        return at in self._signals.get(name, ())

    def look(self, now: Instant) -> tuple[list[Firing], Instant | None]:
        """What is to begin now, and when to look again. What is begun is written so."""

        given, self._given = self._given, {}

        def work(tx: Transaction) -> tuple[list[Firing], Instant | None]:
            firings: list[Firing] = []
            following: list[Instant] = []
            for name in sorted(self._planned):
                act = tx.acts.find(name)
                if act is None:
                    continue
                if name in self._rerun:
                    self._rerun.discard(name)
                    tx.acts.begun(name, now)
                    firings.append(Firing(name, act.begun or now, "again after a stop"))
                    continue
                decision = self._decide(act, given, now)
                firings += self._write(tx, act, decision, now)
                if decision.next is not None:
                    following.append(decision.next)
            return firings, min(following, default=None)

        return self._store.transact([], work)

    def ended(self, name: str, at: Instant) -> None:
        """An act is over."""
        self._store.transact([], lambda tx: tx.acts.ended(name, at))

    def _decide(self, act: Act, given: Mapping[str, Instant], now: Instant) -> Decision:
        known = Given(act.activated, act.anchor, self._signals)
        planned, since = self._planned[act.name], act.cursor
        if planned.signal is not None and planned.signal in given:
            since = Instant(min(since, given[planned.signal] - 1))
        return due(planned.timetable(known), since, now, State(act.begun, act.ended))

    def _write(self, tx: Transaction, act: Act, decision: Decision, now: Instant) -> list[Firing]:
        for group in decision.skipped:
            tx.acts.log(
                Logged(act.name, group.first_due, now, "skipped", group.reason.value, group.count)
            )
        if decision.cursor != act.cursor:
            tx.acts.advance(act.name, decision.cursor)
        found = []
        for run in decision.runs[-1:]:
            tx.acts.begun(act.name, now)
            tx.acts.log(Logged(act.name, run.due, now, "run", run.reason))
            found.append(Firing(act.name, run.due, run.reason, run.end))
        return found
