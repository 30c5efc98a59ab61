"""The repository of who works for which task, and of the control files that were in force."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, maybe_instant, number, octets, text


@dataclass(frozen=True, slots=True)
class Worker:
    """One life of a task: who worked for it, from when, and until when it is known to have lived.
    `stopped` is None for one that goes on or ended without a word."""

    id: int
    task: int
    node: str
    process: int
    started: Instant
    seen: Instant
    stopped: Instant | None


@dataclass(frozen=True, slots=True)
class KeptControlFile:
    """A control file that took effect, with the lines of the lists it names."""

    id: int
    path: str
    digest: str
    content: bytes
    lists: Mapping[str, list[str]]
    activated: Instant


@dataclass(frozen=True, slots=True)
class WorkerRepository:
    """Workers and control files of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def add(self, task: int, node: str, process: int, now: Instant) -> int:
        """Writes that somebody begins to work for a task; the number of this life."""
        values = {
            "tenant": self.tenant,
            "task": task,
            "node": node,
            "process": process,
            "at_s": now,
        }
        row = self.session.row("add_worker", values)
        assert row is not None
        return number(row[0])

    def seen(self, worker: int, now: Instant) -> None:
        """Writes that a worker lives."""
        self.session.run("worker_seen", {"id": worker, "at_s": now})

    def stopped(self, worker: int, now: Instant) -> None:
        """Writes that a worker ended in order."""
        self.session.run("worker_stopped", {"id": worker, "at_s": now})

    def last(self, task: int) -> Worker | None:
        """The newest life of a task."""
        row = self.session.row("last_worker", {"tenant": self.tenant, "task": task})
        return _worker(row) if row else None

    def last_before(self, task: int, worker: int) -> Worker | None:
        """The life of a task before that of a worker."""
        values = {"tenant": self.tenant, "task": task, "id": worker}
        row = self.session.row("worker_before", values)
        return _worker(row) if row else None

    def since(self, since: Instant) -> list[Worker]:
        """All lives that were seen at or after `since`, in order."""
        values = {"tenant": self.tenant, "since_s": since}
        return [_worker(row) for row in self.session.rows("workers_since", values)]

    def control_file(self) -> KeptControlFile | None:
        """The control file in force."""
        row = self.session.row("newest_control_file", {"tenant": self.tenant})
        if row is None:
            return None
        id_, path, digest, content, lists, activated = row
        return KeptControlFile(
            number(id_),
            text(path),
            text(digest),
            octets(content),
            json.loads(text(lists)),
            instant(activated),
        )

    def keep_control_file(
        self,
        path: str,
        digest: str,
        content: bytes,
        lists: Mapping[str, list[str]],
        now: Instant,
    ) -> None:
        """Makes a control file the one in force."""
        values = {
            "tenant": self.tenant,
            "path": path,
            "digest": digest,
            "content": content,
            "lists": json.dumps(dict(lists), ensure_ascii=False),
            "activated_s": now,
        }
        self.session.run("add_control_file", values)


def _worker(row: Row) -> Worker:
    id_, task, node, process, started, seen, stopped = row
    return Worker(
        number(id_),
        number(task),
        text(node),
        number(process),
        instant(started),
        instant(seen),
        maybe_instant(stopped),
    )
