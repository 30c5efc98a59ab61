"""The repository of decisions: the trace of every one, for whoever asks why."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

from horarium.booking.outcome import Outcome
from horarium.booking.trace import Step
from horarium.kernel.instant import Instant, format_instant
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, number, text

_STEP_FIELDS = tuple(field.name for field in fields(Step))


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision as it was kept."""

    id: str
    resource: str
    uid: str
    recurrence_key: str
    decided: Instant
    method: str
    sequence: int
    organizer: str
    sender: str
    outcome: str
    reason: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class DecisionRepository:
    """The decision log of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def record(self, id: str, resource: int, sender: str, outcome: Outcome, now: Instant) -> None:
        """Keeps the trace of an outcome under `id`."""
        values = {
            "id": id,
            "tenant": self.tenant,
            "resource": resource,
            "uid": outcome.uid,
            "recurrence_key": "" if outcome.key is None else format_instant(outcome.key),
            "decided_s": now,
            "method": outcome.method,
            "sequence": outcome.sequence,
            "organizer": outcome.organizer,
            "sender": sender,
            "outcome": outcome.result.value,
            "reason": outcome.reason,
            "trace": json.dumps([_written(step) for step in outcome.trace], ensure_ascii=False),
        }
        self.session.run("put_decision", values)

    def of_event(self, uid: str) -> list[DecisionRecord]:
        """Every decision on `uid`, the first first."""
        rows = self.session.rows("decisions_of_event", {"tenant": self.tenant, "uid": uid})
        return [_record(row) for row in rows]

    def between(self, since: Instant, until: Instant) -> list[DecisionRecord]:
        """The decisions of [since, until), the first first."""
        values = {"tenant": self.tenant, "since_s": since, "until_s": until}
        return [_record(row) for row in self.session.rows("decisions_between", values)]

    def last_of(self, resource: int, many: int) -> list[DecisionRecord]:
        """The newest decisions of one calendar user, the newest first."""
        values = {"tenant": self.tenant, "resource": resource, "many": many}
        return [_record(row) for row in self.session.rows("last_decisions_of", values)]

    def last(self, many: int) -> list[DecisionRecord]:
        """The newest decisions, the newest first."""
        rows = self.session.rows("last_decisions", {"tenant": self.tenant, "many": many})
        return [_record(row) for row in rows]


def _written(step: Step) -> dict[str, object]:
    return {name: getattr(step, name) for name in _STEP_FIELDS}


def _record(row: Row) -> DecisionRecord:
    id_, uri, uid, key, at, method, sequence, organizer, sender, outcome, reason, trace = row
    return DecisionRecord(
        id=text(id_),
        resource=text(uri),
        uid=text(uid),
        recurrence_key=text(key),
        decided=instant(at),
        method=text(method),
        sequence=number(sequence),
        organizer=text(organizer),
        sender=text(sender),
        outcome=text(outcome),
        reason=text(reason),
        steps=tuple(Step(**step) for step in json.loads(text(trace))),
    )
