"""The ledger of runs: what was begun and how it ended, and what was left out and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.kernel.tally import Group
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, maybe_instant, number, octets, text
from horarium.store.timers import Timer


@dataclass(frozen=True, slots=True)
class Firing:
    """One row of the ledger: a run, or a group of moments that did not become one.

    `kind` is `run`, `manual` or `skip`; `count` how many moments it stands for besides the one at
    `due` (a run) or in all (a skip), the earliest at `first_due`. `worker` is who began it.
    """

    id: int
    timer: int
    entry: str
    task: int
    kind: str
    due: Instant
    first_due: Instant
    count: int
    at_least: bool
    state: str
    reason: str
    decided: Instant
    started: Instant | None
    ended: Instant | None
    attempts: int
    worker: int | None
    status: int | None
    detail: str
    output: bytes
    output_octets: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run that is begun: which moment it is for, and what else became part of it."""

    due: Instant
    first_due: Instant
    coalesced: int
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """How a run ended: its state (`finished`, `failed`, `unknown`), why, and what it left."""

    state: str
    reason: str = ""
    status: int | None = None
    detail: str = ""
    output: bytes = b""
    output_octets: int = 0


@dataclass(frozen=True, slots=True)
class FiringRepository:
    """The ledger of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def begin(
        self, timer: Timer, run: Beginning, kind: str, worker: int | None, now: Instant
    ) -> int | None:
        """Writes that a run begins; its number, or None when that moment was begun before."""
        values = {
            **self._values(timer, kind, run.due, run.first_due, run.coalesced, now),
            "at_least": 0,
            "state": "started",
            "reason": run.reason,
            "started_s": now,
            "attempts": 1,
            "worker": worker,
        }
        row = self.session.row("add_firing", values)
        return number(row[0]) if row else None

    def ask(self, timer: Timer, now: Instant) -> int:
        """Asks for a run by hand; its number."""
        values = {
            **self._values(timer, "manual", now, now, 0, now),
            "at_least": 0,
            "state": "asked",
            "reason": "manual",
            "started_s": None,
            "attempts": 0,
            "worker": None,
        }
        row = self.session.row("add_firing", values)
        assert row is not None
        return number(row[0])

    def begin_asked(self, firing: int, worker: int | None, now: Instant) -> bool:
        """Writes that a run that was asked for begins; `worker` None: by hand, without a daemon."""
        values = {"id": firing, "worker": worker, "started_s": now}
        return self.session.run("begin_asked", values) == 1

    def refuse_asked(self, task: int, reason: str, before: Instant) -> None:
        """Refuses the runs that were asked for before an instant and did not begin."""
        values = {"tenant": self.tenant, "task": task, "reason": reason, "at_s": before}
        self.session.run("refuse_asked", values)

    def undecidable(self, timer: Timer, why: str, now: Instant) -> None:
        """Writes that nothing could be decided about an entry."""
        values = {
            **self._values(timer, "skip", now, now, 0, now),
            "at_least": 1,
            "state": "failed",
            "reason": why,
            "started_s": None,
            "attempts": 0,
            "worker": None,
        }
        self.session.row("add_firing", values)

    def leave_out(self, timer: Timer, groups: Iterable[Group], now: Instant) -> None:
        """Writes which moments did not become runs, and why."""
        for group in groups:
            values = {
                **self._values(timer, "skip", group.last_due, group.first_due, group.count, now),
                "at_least": int(group.at_least),
                "state": group.reason.state,
                "reason": group.reason.value,
                "started_s": None,
                "attempts": 0,
                "worker": None,
            }
            self.session.row("add_firing", values)

    def _values(
        self, timer: Timer, kind: str, due: Instant, first: Instant, count: int, now: Instant
    ) -> dict[str, object]:
        return {
            "tenant": self.tenant,
            "timer": timer.id,
            "entry": timer.entry,
            "task": timer.task,
            "kind": kind,
            "due_s": due,
            "first_due_s": first,
            "count": count,
            "decided_s": now,
            "ended_s": None,
            "detail": "",
        }

    def settle(self, firing: int, attempts: int, settled: Settled, now: Instant) -> bool:
        """Writes how a run ended; False when that was written before, which then stands."""
        values = {
            "id": firing,
            "attempts": attempts,
            "state": settled.state,
            "reason": settled.reason,
            "ended_s": now,
            "status": settled.status,
            "detail": settled.detail,
            "output": settled.output,
            "output_octets": settled.output_octets,
        }
        return self.session.run("settle_firing", values) == 1

    def begin_again(self, firing: Firing, worker: int, now: Instant) -> bool:
        """Writes that a run of which nobody knows whether it was done is done again."""
        values = {
            "id": firing.id,
            "attempts": firing.attempts,
            "worker": worker,
            "started_s": now,
        }
        return self.session.run("begin_again", values) == 1

    def begun(self, task: int) -> list[Firing]:
        """The runs of a task that began and are not known to have ended."""
        return self._open(task, "started")

    def asked(self, task: int) -> list[Firing]:
        """The runs of a task that were asked for by hand and have not begun."""
        return self._open(task, "asked")

    def _open(self, task: int, state: str) -> list[Firing]:
        values = {"tenant": self.tenant, "task": task, "state": state}
        return _firings(self.session.rows("open_firings", values))

    def by_id(self, firing: int) -> Firing | None:
        """One row by its number."""
        row = self.session.row("firing_by_id", {"tenant": self.tenant, "id": firing})
        return _firing(row) if row else None

    def of(self, timer: int, many: int) -> list[Firing]:
        """The newest rows of a timer, newest first."""
        return _firings(self.session.rows("firings_of", {"timer": timer, "many": many}))

    def between(self, start: Instant, end: Instant) -> list[Firing]:
        """What was decided in [start, end), in order."""
        values = {"tenant": self.tenant, "start_s": start, "end_s": end}
        return _firings(self.session.rows("firings_between", values))

    def about(self, timer: int, start: Instant, end: Instant, many: int) -> list[Firing]:
        """The newest rows of a timer that speak of a moment in [start, end], newest first."""
        values = {"timer": timer, "start_s": start, "end_s": end, "many": many}
        return _firings(self.session.rows("firings_about", values))

    def runs_between(self, start: Instant, end: Instant) -> list[Firing]:
        """The runs begun that were decided in [start, end), in order, without what they wrote."""
        values = {"tenant": self.tenant, "start_s": start, "end_s": end}
        return _firings(self.session.rows("runs_between", values))

    def counts(self, start: Instant, end: Instant) -> list[tuple[str, str, int, int]]:
        """What was decided in [start, end): state, reason, rows, and moments they stand for."""
        values = {"tenant": self.tenant, "start_s": start, "end_s": end}
        rows = self.session.rows("firing_counts", values)
        return [(text(a), text(b), number(c), number(d)) for a, b, c, d in rows]

    def last(self, many: int) -> list[Firing]:
        """The newest rows of all, newest first."""
        values = {"tenant": self.tenant, "many": many}
        return _firings(self.session.rows("last_firings", values))

    def wish(self, firing: int, keyword: str, what: str, until: Instant | None, now: Instant,
             state: str) -> None:  # fmt: skip
        """Keeps what a run wants of a mailer."""
        values = {
            "firing": firing,
            "tenant": self.tenant,
            "keyword": keyword,
            "text": what,
            "made_s": now,
            "until_s": until,
            "state": state,
        }
        self.session.run("add_wish", values)

    def set_variable(self, name: str, value: str, now: Instant) -> None:
        """Gives a run-time variable a value."""
        values = {"tenant": self.tenant, "name": name, "value": value, "set_s": now}
        self.session.run("set_variable", values)

    def variables(self) -> dict[str, str]:
        """The run-time variables that have a value."""
        rows = self.session.rows("variables", {"tenant": self.tenant})
        return {text(name): text(value) for name, value in rows}


def _firings(rows: Iterable[Row]) -> list[Firing]:
    return [_firing(row) for row in rows]


def _firing(row: Row) -> Firing:
    return Firing(
        id=number(row[0]),
        timer=number(row[1]),
        entry=text(row[2]),
        task=number(row[3]),
        kind=text(row[4]),
        due=instant(row[5]),
        first_due=instant(row[6]),
        count=number(row[7]),
        at_least=bool(number(row[8])),
        state=text(row[9]),
        reason=text(row[10]),
        decided=instant(row[11]),
        started=maybe_instant(row[12]),
        ended=maybe_instant(row[13]),
        attempts=number(row[14]),
        worker=None if row[15] is None else number(row[15]),
        status=None if row[16] is None else number(row[16]),
        detail=text(row[17]),
        output=octets(row[18]),
        output_octets=number(row[19]),
    )
