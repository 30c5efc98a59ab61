"""The repository of acts: what distribution does by schedule, with its anchor and cursor."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, maybe_instant, number, text


@dataclass(frozen=True, slots=True)
class Act:
    """One act, such as the build of a distribution. Moments up to ``cursor`` are decided;
    ``schedule`` is its canonical text; ``begun`` and ``ended`` are those of the newest run."""

    name: str
    schedule: str
    activated: Instant
    anchor: Instant
    cursor: Instant
    begun: Instant | None = None
    ended: Instant | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """What became of a moment: ``run``, or ``skipped`` with its reason; ``count`` moments."""

    name: str
    due: Instant
    at: Instant
    what: str
    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class ActRepository:
    """Acts of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def find(self, name: str) -> Act | None:
        """An act by its name."""
        row = self.session.row("act_named", self._of(name))
        return _act(row) if row is not None else None

    def all(self) -> list[Act]:
        """All acts, by name."""
        return [_act(row) for row in self.session.rows("acts", {"tenant": self.tenant})]

    def put(self, act: Act) -> None:
        """Keeps an act whose schedule is new."""
        self.session.run(
            "put_act",
            {
                **self._of(act.name), "schedule": act.schedule, "activated_s": act.activated,
                "anchor_s": act.anchor, "cursor_s": act.cursor,
            },
        )  # fmt: skip

    def drop(self, name: str) -> None:
        """Lets go of an act."""
        self.session.run("drop_act", self._of(name))

    def advance(self, name: str, cursor: Instant) -> None:
        """Keeps how far its moments are decided."""
        self.session.run("advance_act", {**self._of(name), "cursor_s": cursor})

    def begun(self, name: str, at: Instant) -> None:
        """Writes that a run began."""
        self.session.run("act_begun", {**self._of(name), "at_s": at})

    def ended(self, name: str, at: Instant) -> None:
        """Writes that the run ended."""
        self.session.run("act_ended", {**self._of(name), "at_s": at})

    def log(self, entry: Logged) -> None:
        """Keeps what became of a moment."""
        self.session.run(
            "log_act",
            {
                **self._of(entry.name), "due_s": entry.due, "at_s": entry.at, "what": entry.what,
                "reason": entry.reason, "count": entry.count,
            },
        )  # fmt: skip

    def drop_log(self, before: Instant) -> int:
        """Lets go of what became of moments before an instant; how many entries."""
        return self.session.run("drop_old_act_log", {"tenant": self.tenant, "before_s": before})

    def logged(self, name: str, many: int) -> list[Logged]:
        """What became of the newest moments, these first."""
        rows = self.session.rows("act_log", {**self._of(name), "many": many})
        return [
            Logged(
                text(row[0]), instant(row[1]), instant(row[2]), text(row[3]), text(row[4]),
                number(row[5]),
            )
            for row in rows
        ]  # fmt: skip

    def _of(self, name: str) -> dict[str, object]:
        return {"tenant": self.tenant, "name": name}


def _act(row: Row) -> Act:
    return Act(
        text(row[0]), text(row[1]), instant(row[2]), instant(row[3]), instant(row[4]),
        maybe_instant(row[5]), maybe_instant(row[6]),
    )  # fmt: skip
