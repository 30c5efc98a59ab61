"""How the timetable of directives is: its tasks, its file, the last day, and what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from horarium.directives.directive import Directive
from horarium.directives.entry import UPKEEP_TASK
from horarium.directives.verify import Verdict
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.runtime.ahead import Coming, following, upcoming
from horarium.runtime.evidence import gather, judge
from horarium.runtime.standing import View
from horarium.store.firings import Firing
from horarium.store.store import Store, Transaction
from horarium.store.timers import Timer
from horarium.store.workers import Worker

DAY = 86_400
MOST_COMING = 5
MOST_ROWS = 10


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task: its newest life, whether that goes on, what it runs, and how many entries are
    its."""

    number: int
    role: str
    life: Worker | None
    served: bool
    running: Firing | None
    entries: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of a state and reason the last day brought, and the moments they stand for."""

    state: str
    reason: str
    rows: int
    moments: int


@dataclass(frozen=True, slots=True)
class Status:
    """How the timetable is; `directives` are those of the file in force, `undecided` says why the
    last day could not be judged."""

    view: View
    directives: tuple[Directive, ...]
    tasks: tuple[TaskState, ...]
    coming: tuple[Coming, ...]
    rows: tuple[Firing, ...]
    counts: tuple[Count, ...]
    daily_pass: Timer | None
    last_pass: Firing | None
    next_pass: Coming | None
    violations: tuple[Verdict, ...]
    undecided: str

    @property
    def well(self) -> bool:
        """Whether nothing is refused, nothing was violated, and somebody works for every task that
        has something to do."""
        bad = self.view.refused or self.violations or self.undecided or self.view.unserved()
        return not bad


def status_of(store: Store, view: View) -> Status:
    """Looks at everything, and at the last day. BadObjects when the file in force can not be read
    under today's settings."""
    now = view.now

    def work(tx: Transaction) -> tuple[tuple[Firing, ...], tuple[Count, ...], list[Firing]]:
        counts = tx.firings.counts(Instant(now - DAY), Instant(now + 1))
        daily = next((t for t in view.timers if t.task == UPKEEP_TASK), None)
        return (
            tuple(tx.firings.last(MOST_ROWS)),
            tuple(Count(*count) for count in counts),
            tx.firings.of(daily.id, 1) if daily is not None else [],
        )

    rows, counts, passes = store.read(work)
    violations, undecided = violations_of(store, view)
    daily = next((t for t in view.timers if t.task == UPKEEP_TASK), None)
    return Status(
        view,
        view.lines(),
        tuple(_task(view, number) for number in view.numbers()),
        tuple(upcoming(view, MOST_COMING)),
        rows,
        counts,
        daily,
        passes[0] if passes else None,
        following(view, daily) if daily is not None else None,
        tuple(violations),
        undecided,
    )


def violations_of(store: Store, view: View) -> tuple[Sequence[Verdict], str]:
    """What was wrong with the runs of the last day, or why that can not be told."""
    since = Instant(view.now - DAY)
    try:
        return judge(gather(store, since, view.now), view.settings, since, view.now), ""
    except HorariumError as error:
        return (), str(error)


def _task(view: View, number: int) -> TaskState:
    if number == UPKEEP_TASK:
        role = "upkeep"
    else:
        role = "Master" if number == view.settings.directives.master_task else "Slave"
    return TaskState(
        number,
        role,
        view.lives.get(number),
        view.served(number),
        next((row for row in view.running if row.task == number), None),
        sum(1 for timer in view.timers if timer.task == number),
    )
