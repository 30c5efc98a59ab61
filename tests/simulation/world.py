"""A simulated world: the real task, timetable, ledger and store, in virtual time and much trouble.

There is no thread, no file and no clock in it. Programs leave their own log, from which the world
is judged; the tables that the daemon decides by are not asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import inf
from typing import TypeVar
from unittest import mock

from horarium.directives.address import parse_main
from horarium.directives.controlfile import parse_control_file
from horarium.directives.declared import declared_entries
from horarium.directives.entry import Entry, Execute, entries_of
from horarium.directives.verify import Listing, Ran, Stretch, Verdict, verify
from horarium.kernel.errors import Unavailable
from horarium.kernel.instant import Instant
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.runtime import crash
from horarium.runtime.plan import Plan, activate, timetable_of, version_of
from horarium.runtime.task import Begun, Ending, Rest, Stale, Task, Worker
from horarium.store.embedded import EmbeddedEngine
from horarium.store.engine import Key
from horarium.store.firings import Settled
from horarium.store.store import Store, Transaction
from tests.simulation.script import Op, Script

T = TypeVar("T")

MAIN = parse_main("2:5030/15")
# A task that ended itself is back after so long.
AGAIN = 60
# More runs than any script can ask for: the daemon has run away.
MOST_RUNS = 20_000


class Killed(BaseException):
    """The daemon dies here, as by kill -9."""


class Runaway(Exception):
    """The daemon runs things without end."""


class LosableStore(Store):
    """A store that can be lost for a while, as by a full disk."""

    lost = False

    def read(self, work: Callable[[Transaction], T]) -> T:
        self._have()
        return super().read(work)

    def transact(self, keys: object, work: Callable[[Transaction], T]) -> T:
        self._have()
        return super().transact(keys, work)  # type: ignore[arg-type]

    def _have(self) -> None:
        if self.lost:
            raise Unavailable("the disk is full")


@dataclass
class Child:
    """A program that runs, whoever lives to see it."""

    run: str
    entry: Entry
    start: int
    ends: int


@dataclass
class Slot:
    """One task of the living daemon: until when it waits, and for what."""

    task: Task
    wake: float
    begun: Begun | None = None
    child: Child | None = None
    adopting: bool = False
    again: list[Begun] = field(default_factory=list)


@dataclass
class Standing:
    """An entry that stands, as the world knows it: from when on."""

    entry: Entry
    since: Instant


class World:
    """One run of a script. `task_class` and `at_start` are where a test puts a fault of ours."""

    def __init__(
        self,
        script: Script,
        task_class: type[Task] = Task,
        at_start: Callable[[Transaction, Instant], None] = lambda tx, now: None,
    ) -> None:
        self.script = script
        self.faults: Counter[str] = Counter()
        self.runs: list[Ran] = []
        self._task_class = task_class
        self._at_start = at_start
        engine = EmbeddedEngine(":memory:")
        engine.migrate(script.start)
        self.store = LosableStore(engine)
        self._ops = list(script.ops)
        self._elapsed = 0
        self._offset = script.start
        self._furthest = script.start
        self._file = script.files[0]
        self._plan = Plan(0, {})
        self._slots: dict[int, Slot] = {}
        self._children: dict[str, Child] = {}
        self._back: float = 0
        self._found: float = inf
        self._lost: int | None = None
        self._armed = ""
        self._away = 0
        self._standing: dict[tuple[str, int], Standing] = {}
        self._listings: list[Listing] = []
        self._outages: list[Stretch] = []
        self._down: dict[int, int] = {}
        self._crashed: set[str] = set()
        self._turns: Counter[str] = Counter()

    @property
    def now(self) -> Instant:
        """What the wall clock shows."""
        return Instant(self._offset + self._elapsed)

    # --- the course of the world -------------------------------------------

    def live(self) -> list[Verdict]:
        """Lets everything happen; what is wrong with what the daemon did."""
        with mock.patch.object(crash, "at", self._pass):
            while (at := self._next()) <= self.script.length or self.now < self._furthest:
                self._elapsed = max(self._elapsed, int(min(at, self._elapsed + 86_400)))
                self._furthest = max(self._furthest, self.now)
                self._happen()
        return self._judge()

    def _next(self) -> float:
        back = max(self._back, self._found) if self.store.lost else self._back
        times = [back, self._found, *(slot.wake for slot in self._slots.values())]
        return min([*times, *(op.at for op in self._ops[:1])])

    def _happen(self) -> None:
        if self._found <= self._elapsed:
            self._found, self.store.lost = inf, False
            self._lost_until(self.now)
        self._work()
        while self._ops and self._ops[0].at <= self._elapsed:
            op = self._ops.pop(0)
            if op.kind == "jump" and op.length < 0 and self._children:
                # What a program's own log means when its clock is set back is another matter.
                later = replace(op, at=self._elapsed + 61)
                self._ops = sorted([*self._ops, later])
                continue
            self._befall(op)
        if self._back <= self._elapsed and not self.store.lost:
            self._back = inf
            self._survive(self._start)
        self._work()

    def _befall(self, op: Op) -> None:
        self.faults[op.kind] += 1
        match op.kind:
            case "kill":
                self._kill(op.length, power=op.length == 0)
            case "crash":
                self._armed, self._away = op.name, op.length
            case "jump":
                self._jump(op.length)
            case "lost":
                self.store.lost = True
                before = 0 if self._found == inf else self._found
                self._found = max(before, self._elapsed + op.length)
                self._lost = self.now if self._lost is None else self._lost
            case "edit":
                self._file = self.script.files[op.length]
                self._edited()
            case "spell":
                self._file = tuple(_spelt_otherwise(line) for line in self._file)
                self._edited()
            case "seen":
                self._edited()
            case "broken":
                assert parse_control_file(
                    b"Exec x 99:99\n", main=MAIN, read_list=lambda name: []
                ).errors

    def _lost_until(self, now: int) -> None:
        if self._lost is not None and self._lost <= now:
            self._outages.append(Stretch(None, self._lost, now))
        self._lost = None

    def _jump(self, step: int) -> None:
        if self._lost is not None:
            self._lost_until(self.now)
            self._lost = self.now + step
        for number, since in self._down.items():
            self._out(number, since, self.now)
            self._down[number] = self.now + step
        if step > 0:
            self._outages.append(Stretch(None, self.now, self.now + step))
        else:
            self._outages.append(Stretch(None, self.now + step, self.now, repeated=True))
        self._offset += step
        self._furthest = max(self._furthest, self.now)
        for slot in self._slots.values():
            if slot.begun is None and not slot.adopting:
                slot.wake = self._elapsed

    # --- the daemon --------------------------------------------------------

    def _pass(self, point: str) -> None:
        if point == f"timers:{self._armed}":
            self._armed = ""
            self.faults[point] += 1
            raise Killed

    def _survive(self, work: Callable[[], None]) -> None:
        """Does something that the daemon may die of."""
        try:
            work()
        except Killed:
            self._kill(self._away)

    def _kill(self, away: int, *, power: bool = False) -> None:
        for number in self._slots:
            self._down.setdefault(number, self.now)
        self._slots.clear()
        self._back = (
            min(self._back, self._elapsed + away) if self._back != inf else (self._elapsed + away)
        )
        if power:
            self.faults["power"] += 1
            for child in self._children.values():
                self._ran(child, self._elapsed)
            self._children.clear()
        self._never_begun()

    def _never_begun(self) -> None:
        """Runs that were written as begun when the daemon died before it began them: they took no
        time, and nobody makes up for them."""
        lost, self.store.lost = self.store.lost, False
        known = {ran.run for ran in self.runs} | set(self._children)
        for number in self._down:
            for firing in self.store.read(lambda tx, n=number: tx.firings.begun(n)):
                run = f"{firing.id}"
                if run not in known:
                    start = int(firing.started or 0)
                    self.runs.append(Ran(run, firing.entry, firing.task, start, start))
        self.store.lost = lost

    def _start(self) -> None:
        self._bring_in(starts=True)
        for number in self._numbers():
            self._begin(number)

    def _numbers(self) -> set[int]:
        return {1, *(task for _, task in self._plan.entries)}

    def _begin(self, number: int) -> None:
        task = self._task_class(self.store, number, lambda: self._plan, Worker("sim", 1))
        self._slots[number] = Slot(task, self._elapsed, adopting=True)

    def _bring_in(self, *, starts: bool = False) -> None:
        entries = self._entries()

        def work(tx: Transaction) -> None:
            activate(tx, entries, "", "zones", self.now)
            if starts:
                self._at_start(tx, self.now)
            self._plan = Plan(
                version_of(tx), {(e.key, e.task): e for e in entries}, variables=frozenset("V")
            )

        self.store.transact([Key("default", "site", "timetable")], work)
        wanted = {(entry.key, entry.task): entry for entry in entries}
        for key in [key for key in self._standing if key not in wanted]:
            self._listings.append(self._listing(self._standing.pop(key), self._furthest))
        for key, entry in wanted.items():
            self._standing.setdefault(key, Standing(entry, self.now))

    def _entries(self) -> list[Entry]:
        text = "\n".join(self._file).encode()
        file = parse_control_file(text, main=MAIN, read_list=lambda name: [])
        assert file.valid, file.errors
        lines = entries_of(file.directives, self.script.zone)
        return [*lines, *declared_entries(self.script.declared, self.script.zone, master=1)]

    def _edited(self) -> None:
        if self._slots and not self.store.lost:
            self._bring_in()
            for slot in self._slots.values():
                if slot.begun is None and not slot.adopting:
                    slot.wake = self._elapsed
            for number in self._numbers() - set(self._slots):
                self._begin(number)
        elif self._slots:
            # It is seen when the store can be had again.
            self._ops = sorted([*self._ops, Op(int(self._found) + 1, "seen")])

    def _work(self) -> None:
        """Lets each task do what it can do at this instant."""
        for number in sorted(self._slots):
            self._survive(lambda n=number: self._work_of(n))  # type: ignore[misc]
        for run, child in list(self._children.items()):
            if child.ends <= self._elapsed and not self._watched(run):
                # Nobody saw its end but its own log.
                self._ran(child, child.ends)
                del self._children[run]

    def _watched(self, run: str) -> bool:
        return any(slot.child and slot.child.run == run for slot in self._slots.values())

    def _work_of(self, number: int) -> None:
        for _ in range(1_000):
            slot = self._slots.get(number)
            if slot is None or slot.wake > self._elapsed:
                return
            try:
                self._step(slot)
            except Unavailable:
                slot.wake = self._found
        raise Runaway(f"task {number} at {self.now}")

    def _step(self, slot: Slot) -> None:
        if slot.adopting:
            self._adopt(slot)
        elif slot.begun is not None:
            self._end(slot, slot.begun)
        elif slot.again:
            self._perform(slot, slot.again.pop(0))
        else:
            self._look(slot)

    def _adopt(self, slot: Slot) -> None:
        left = slot.task.leftovers()
        alive = [self._children[str(f.id)] for f in left if str(f.id) in self._children]
        if alive:
            slot.wake = max(child.ends for child in alive)
            if slot.wake > self._elapsed:
                return
            for child in alive:
                self._ran(child, child.ends)
                del self._children[child.run]
        went_on = {child.run for child in alive}
        slot.task.start(self.now)
        for firing in left:
            again = slot.task.settle(firing, str(firing.id) in went_on, self.now)
            if again is not None:
                slot.again.append(again)
        slot.adopting = False
        slot.wake = self._elapsed
        if slot.task.number in self._down:
            self._out(slot.task.number, self._down.pop(slot.task.number), self.now)

    def _look(self, slot: Slot) -> None:
        match slot.task.look(self.now):
            case Begun() as begun:
                self._perform(slot, begun)
            case Rest(until):
                slot.wake = inf if until is None else self._elapsed + until - self.now
            case Stale():
                raise AssertionError("the plan is this world's own")
            case Ending():
                self.faults["exit"] += 1
                self._down[slot.task.number] = self.now
                self._begin(slot.task.number)
                self._slots[slot.task.number].wake = self._elapsed + AGAIN

    def _perform(self, slot: Slot, begun: Begun) -> None:
        if len(self.runs) > MOST_RUNS:
            raise Runaway(f"{len(self.runs)} runs")
        if self._armed == "started":
            self._pass("timers:started")
        action = begun.entry.action
        assert isinstance(action, Execute)
        name = action.argv[0]
        lasting = self.script.lasting[name]
        length = lasting[self._turns[name] % len(lasting)]
        self._turns[name] += 1
        run = str(begun.firing)
        child = Child(run, begun.entry, self.now, self._elapsed + length)
        self._children[run] = slot.child = child
        slot.begun, slot.wake = begun, child.ends

    def _end(self, slot: Slot, begun: Begun) -> None:
        child = slot.child
        assert child is not None
        if child.run in self._children:
            self._ran(child, child.ends)
            del self._children[child.run]
        if self._armed == "effect-done":
            self._pass("timers:effect-done")
        failed = self._turns[child.entry.text] % 3 == 0
        at = Instant(self._offset + child.ends)
        slot.task.ended(begun, Settled("failed" if failed else "finished"), at)
        slot.begun = slot.child = None
        slot.wake = self._elapsed

    # --- evidence ----------------------------------------------------------

    def _ran(self, child: Child, ends: int | None) -> None:
        """What the program itself writes: when it began and ended, by the wall clock."""
        end = None if ends is None else self._offset + ends
        self.runs.append(Ran(child.run, child.entry.key, child.entry.task, child.start, end))

    def _out(self, number: int, start: int, end: int) -> None:
        if end >= start:
            self._outages.append(Stretch(number, start, end))

    def _listing(self, standing: Standing, until: Instant | None) -> Listing:
        entry, since = standing.entry, standing.since
        circumstances = Circumstances(activation=since, anchor=since, object_id=entry.key)
        return Listing(entry.key, entry.task, Timetable(entry.schedule, circumstances), until)

    def _judge(self) -> list[Verdict]:
        for number, since in self._down.items():
            self._out(number, since, self.now)
        self._lost_until(self.now)
        listings = [*self._listings, *(self._listing(s, None) for s in self._standing.values())]
        for child in self._children.values():
            self._ran(child, None)
            self._crashed.add(child.run)
        # Of what began in one second, the ledger's numbers tell the order.
        runs = sorted([*self.runs, *self._written()], key=lambda ran: (ran.start, int(ran.run)))
        longest = max(max(lasting) for lasting in self.script.lasting.values()) + 86_400
        return verify(
            listings, self._outages, runs, self.now,
            epsilon=0, longest=longest / 8, crashes=self._crashed,
        )  # fmt: skip

    def _written(self) -> Iterator[Ran]:
        """Runs that are only rows: the row is what they did."""
        known = {ran.run for ran in self.runs}
        for firing in self._ledger():
            if firing.kind == "run" and str(firing.id) not in known:
                start = int(firing.started or 0)
                yield Ran(str(firing.id), firing.entry, firing.task, start, start)

    def _ledger(self):  # type: ignore[no-untyped-def]
        self.store.lost = False
        return self.store.read(lambda tx: tx.firings.between(Instant(0), Instant(2**40)))

    def unaccounted(self) -> list[str]:
        """Entries of which some moment is neither a run nor a member of a group in the ledger, or
        more than one of them."""
        told: Counter[int] = Counter()
        for firing in self._ledger():
            if firing.kind != "manual":
                told[firing.timer] += firing.count if firing.kind == "skip" else 1
        found = []
        for timer in self.store.read(lambda tx: tx.timers.stood(Instant(0))):
            timetable = timetable_of(timer, "")
            left_out = timetable.left_out(timer.activated, Instant(timer.cursor + 1))
            until = timer.cursor if timer.taken_out is None else max(timer.cursor, timer.taken_out)
            moments = timetable.moments(timer.activated, Instant(until + 1)).openings
            wanted = len(moments) + sum(skip.count for skip in left_out)
            if told[timer.id] != wanted:
                found.append(f"{timer.text}: {wanted} moments, {told[timer.id]} in the ledger")
        return found


def _spelt_otherwise(line: str) -> str:
    """The same line in other blanks and another case of its keyword, with a comment."""
    for word in ("Exec", "Poll", "Exit", "Set"):
        line = line.replace(f"{word} ", f"{word.upper()}   ")
    return f"{line}   ; as before"
