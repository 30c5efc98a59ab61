"""The repository of timers: each entry of the timetable with its anchor, cursor and next look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Row, Session, Value
from horarium.store.rows import instant, maybe_instant, number, text


@dataclass(frozen=True, slots=True)
class Timer:
    """One entry as one task keeps it.

    Moments up to `cursor` are decided; `next_due` is when to ask again, None when nothing comes
    by itself. `begun` and `ended` are those of the newest run. `schedule` is the canonical text.
    """

    id: int
    entry: str
    task: int
    position: int
    line: int | None
    name: str | None
    text: str
    schedule: str
    signal: str | None
    activated: Instant
    anchor: Instant
    cursor: Instant
    next_due: Instant | None
    begun: Instant | None
    ended: Instant | None
    taken_out: Instant | None


@dataclass(frozen=True, slots=True)
class NewTimer:
    """An entry that begins to stand: its grid counts from its activation."""

    entry: str
    task: int
    position: int
    line: int | None
    name: str | None
    text: str
    schedule: str
    signal: str | None
    activated: Instant
    next_due: Instant | None


@dataclass(frozen=True, slots=True)
class TimerRepository:
    """Timers and signals of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def standing(self) -> list[Timer]:
        """All that stand, in the order of the timetable."""
        return _timers(self.session.rows("standing_timers", {"tenant": self.tenant}))

    def stood(self, since: Instant) -> list[Timer]:
        """All that stood at some time after `since`, in order of their making."""
        values = {"tenant": self.tenant, "since_s": since}
        return _timers(self.session.rows("timers_that_stood", values))

    def find(self, entry: str, task: int) -> Timer | None:
        """The standing timer of an entry in a task."""
        values = {"tenant": self.tenant, "entry": entry, "task": task}
        row = self.session.row("standing_timer", values)
        return _timer(row) if row else None

    def by_id(self, id_: int) -> Timer | None:
        """A timer by its number, standing or not."""
        row = self.session.row("timer_by_id", {"tenant": self.tenant, "id": id_})
        return _timer(row) if row else None

    def due(self, task: int, now: Instant, many: int) -> list[Timer]:
        """Those of a task that are to be asked now, the longest waiting first."""
        values = {"tenant": self.tenant, "task": task, "now_s": now, "many": many}
        return _timers(self.session.rows("due_timers", values))

    def next_due(self, task: int) -> Instant | None:
        """When the first timer of a task is to be asked."""
        row = self.session.row("next_due", {"tenant": self.tenant, "task": task})
        return maybe_instant(row[0]) if row else None

    # --- changes -----------------------------------------------------------

    def add(self, timers: Iterable[NewTimer]) -> None:
        """Makes timers stand."""
        self.session.run_many(
            "add_timer",
            [
                {
                    "tenant": self.tenant,
                    "entry": new.entry,
                    "task": new.task,
                    "position": new.position,
                    "line": new.line,
                    "name": new.name,
                    "text": new.text,
                    "schedule": new.schedule,
                    "signal": new.signal,
                    "activated_s": new.activated,
                    "anchor_s": new.activated,
                    "cursor_s": new.activated - 1,
                    "next_due_s": new.next_due,
                }
                for new in timers
            ],
        )

    def advance(self, timer: Timer, cursor: Instant, next_due: Instant | None) -> None:
        """Keeps up to where moments are decided, and when to ask again."""
        values = {"id": timer.id, "cursor_s": cursor, "next_due_s": next_due}
        self.session.run("advance_timer", values)

    def begun(self, timer: int, at: Instant) -> None:
        """Keeps that a run began."""
        self.session.run("timer_begun", {"id": timer, "begun_s": at})

    def ended(self, timer: int, at: Instant) -> None:
        """Keeps that the run that went on has ended."""
        self.session.run("timer_ended", {"id": timer, "ended_s": at})

    def take_out(self, timer: Timer, at: Instant) -> None:
        """Ends a timer; its row stays for the ledger."""
        self.session.run("take_out_timer", {"id": timer.id, "at_s": at})

    def move(self, moved: Sequence[tuple[int, int, int | None, str]]) -> None:
        """Gives timers (by number) another position, line and spelling."""
        self.session.run_many(
            "move_timer",
            [{"id": i, "position": p, "line": line, "text": t} for i, p, line, t in moved],
        )

    def reschedule(self, timer: Timer, schedule: str, at: Instant) -> None:
        """Gives a timer another text of the same schedule; it is asked anew at `at`."""
        values = {"id": timer.id, "schedule": schedule, "next_due_s": at}
        self.session.run("reschedule_timer", values)

    def ask_all(self, at: Instant) -> None:
        """Has every timer asked anew, because what instants follow from has changed."""
        self.session.run("ask_all_timers", {"tenant": self.tenant, "at_s": at})

    # --- signals -----------------------------------------------------------

    def give_signal(self, name: str, now: Instant) -> bool:
        """Gives a signal to whom it concerns; whether it concerned anybody.

        A moment is a second: a signal in a second that is decided already counts as of the next.
        """
        row = self.session.row("listening_until", {"tenant": self.tenant, "name": name})
        if row is None or row[0] is None:
            return False
        values = {
            "tenant": self.tenant,
            "name": name,
            "at_s": max(int(now), number(row[0]) + 1),
        }
        self.session.run("add_signal", values)
        self.session.run("wake_listeners", values)
        return True

    def signals(self, name: str, after: Instant) -> tuple[Instant, ...]:
        """When a signal was given, later than `after`."""
        values = {"tenant": self.tenant, "name": name, "after_s": after}
        return tuple(instant(row[0]) for row in self.session.rows("signals", values))


def _timers(rows: Iterable[Row]) -> list[Timer]:
    return [_timer(row) for row in rows]


def _timer(row: Row) -> Timer:
    return Timer(
        number(row[0]), text(row[1]), number(row[2]), number(row[3]),
        _maybe_number(row[4]), _maybe_text(row[5]), text(row[6]), text(row[7]),
        _maybe_text(row[8]), instant(row[9]), instant(row[10]), instant(row[11]),
        *(maybe_instant(value) for value in row[12:]),
    )  # fmt: skip


def _maybe_number(value: Value) -> int | None:
    return None if value is None else number(value)


def _maybe_text(value: Value) -> str | None:
    return None if value is None else text(value)
