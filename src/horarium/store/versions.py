"""The repository of versions: what was built, and how far each expected receiver is with it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from horarium.distribution.messages import Row as ReceiverRow
from horarium.distribution.records import read_version, version_document
from horarium.distribution.version import Version
from horarium.kernel.instant import Instant
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, maybe_instant, number, text


@dataclass(frozen=True, slots=True)
class Build:
    """One build. ``outcome`` is None while it goes on."""

    id: int
    distribution: str
    cause: str
    started: Instant
    ended: Instant | None
    outcome: str | None
    reason: str
    version: int | None
    size: int | None
    delta: int | None


@dataclass(frozen=True, slots=True)
class Passage:
    """One thing that happened to a version on its way to a receiver."""

    distribution: str
    version: int
    subscriber: str
    what: str
    at: Instant
    octets: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VersionRepository:
    """Versions, builds and receivers of one tenant, inside one transaction."""

    session: Session
    tenant: str

    # --- versions ------------------------------------------------------------

    def add(self, version: Version) -> None:
        """Publishes a version: its contents lie durable, or it would not be here."""
        self.session.run(
            "add_version",
            {
                "tenant": self.tenant, "distribution": version.distribution,
                "number": version.number, "built_s": version.built, "record": _written(version),
            },
        )  # fmt: skip

    def save(self, version: Version) -> None:
        """Keeps a version that got a further bundle."""
        values = self._of(version.distribution, version.number)
        self.session.run("save_version_record", {**values, "record": _written(version)})

    def retained(self, distribution: str) -> list[Version]:
        """The versions that receivers may still want, in order."""
        values = {"tenant": self.tenant, "distribution": distribution}
        rows = self.session.rows("retained_versions", values)
        return [_version(distribution, row[0]) for row in rows]

    def newest(self, distribution: str, many: int) -> list[tuple[Version, Instant | None]]:
        """The newest versions first, each with when it was retired."""
        values = {"tenant": self.tenant, "distribution": distribution, "many": many}
        rows = self.session.rows("versions_of", values)
        return [(_version(distribution, row[0]), maybe_instant(row[1])) for row in rows]

    def highest(self, distribution: str) -> int:
        """The highest number that was ever used; 0 for none."""
        values = {"tenant": self.tenant, "distribution": distribution}
        row = self.session.row("newest_number", values)
        return number(row[0]) if row is not None and row[0] is not None else 0

    def retire(self, distribution: str, version: int, at: Instant) -> None:
        """Ends that a version may be wanted; its receivers' rows go with it."""
        values = self._of(distribution, version)
        self.session.run("retire_version", {**values, "at_s": at})

    # --- builds --------------------------------------------------------------

    def begin_build(self, distribution: str, cause: str, at: Instant) -> int:
        """Writes that a build begins; its number."""
        values = {
            "tenant": self.tenant, "distribution": distribution, "cause": cause, "started_s": at,
        }  # fmt: skip
        row = self.session.row("begin_build", values)
        return number(row[0]) if row is not None else 0

    def end_build(
        self, id_: int, outcome: str, at: Instant, *, reason: str = "",
        version: int | None = None, size: int | None = None, delta: int | None = None,
    ) -> None:  # fmt: skip
        """Writes how a build ended."""
        self.session.run(
            "end_build",
            {
                "id": id_, "ended_s": at, "outcome": outcome, "reason": reason,
                "version": version, "size": size, "delta": delta,
            },
        )  # fmt: skip

    def abandon_builds(self, at: Instant) -> int:
        """Writes of builds that an earlier process began that they did not end; how many."""
        return self.session.run("abandon_builds", {"tenant": self.tenant, "at_s": at})

    def builds(self, distribution: str, many: int) -> list[Build]:
        """The newest builds first."""
        values = {"tenant": self.tenant, "distribution": distribution, "many": many}
        return [_build(row) for row in self.session.rows("builds_of", values)]

    # --- receivers -------------------------------------------------------------

    def expect(
        self, distribution: str, version: int, subscribers: Iterable[str], at: Instant
    ) -> None:
        """Writes that receivers are awaited; who has a row keeps it."""
        self.session.run_many(
            "expect_receiver",
            [{**self._of(distribution, version, name), "at_s": at} for name in subscribers],
        )

    def subscribers(self, distribution: str) -> dict[str, bool]:
        """Everybody who has rows of a distribution, and whether all of them say that it left."""
        values = {"tenant": self.tenant, "distribution": distribution}
        rows = self.session.rows("known_subscribers", values)
        return {text(name): bool(left) for name, left in rows}

    def unsubscribe(self, distribution: str, subscribers: Iterable[str], at: Instant) -> None:
        """Writes of subscribers that they left; their rows tell where they were."""
        self._each("unsubscribe_receiver", distribution, subscribers, at)

    def subscribe_again(self, distribution: str, subscribers: Iterable[str], at: Instant) -> None:
        """Writes of subscribers that they are back: what had arrived is there, the rest is
        awaited."""
        self._each("resubscribe_receiver", distribution, subscribers, at)

    def _each(self, query: str, distribution: str, names: Iterable[str], at: Instant) -> None:
        values = {"tenant": self.tenant, "distribution": distribution, "at_s": at}
        self.session.run_many(query, [{**values, "subscriber": name} for name in names])

    def waiting(self, distribution: str, before: int) -> list[str]:
        """Who has not received some version before a number that it waits for."""
        rows = self.session.rows("waiting_subscribers", self._of(distribution, before))
        return [text(row[0]) for row in rows]

    def supersede(self, distribution: str, by: int, subscriber: str, at: Instant) -> None:
        """Ends that a subscriber waits for versions before another one."""
        values = self._of(distribution, by, subscriber)
        self.session.run("supersede_receiver", {**values, "reason": str(by), "at_s": at})

    def highest_order(self, subscriber: str) -> int:
        """The highest order of all rows of a subscriber, 0 when it never told one."""
        values = {"tenant": self.tenant, "subscriber": subscriber}
        row = self.session.row("highest_sequence", values)
        return number(row[0]) if row is not None else 0

    def begin_anew(self, subscriber: str, order: int, at: Instant) -> None:
        """Writes of a subscriber that it has nothing of what is kept: it begins anew, and what it
        told up to an order counts no more."""
        values = {
            "tenant": self.tenant, "subscriber": subscriber, "sequence": order, "at_s": at,
        }  # fmt: skip
        self.session.run("begin_receiver_anew", values)

    def put_row(self, row: ReceiverRow) -> None:
        """Keeps the newest row of a receiver."""
        self.session.run(
            "put_receiver",
            {
                **self._of(row.distribution, row.version, row.subscriber),
                "state": row.state, "reason": row.reason, "percent": row.percent,
                "octets": row.octets, "at_s": row.at, "sequence": row.order,
                "signature": row.signature,
            },
        )  # fmt: skip

    def row(self, distribution: str, version: int, subscriber: str) -> ReceiverRow | None:
        """The row of one receiver."""
        found = self.session.row("receiver_row", self._of(distribution, version, subscriber))
        return _row(found) if found is not None else None

    def rows(self, distribution: str, version: int) -> list[ReceiverRow]:
        """The rows of all receivers of a version."""
        values = self._of(distribution, version)
        return [_row(row) for row in self.session.rows("receivers_of_version", values)]

    def note(self, passage: Passage) -> None:
        """Keeps what happened, for reports."""
        self.session.run(
            "add_passage",
            {
                **self._of(passage.distribution, passage.version, passage.subscriber),
                "what": passage.what, "at_s": passage.at, "octets": passage.octets,
                "reason": passage.reason,
            },
        )  # fmt: skip

    def drop_passages(self, before: Instant) -> int:
        """Lets go of what happened before an instant; how much."""
        return self.session.run("drop_old_passages", {"tenant": self.tenant, "before_s": before})

    def passages(
        self, distribution: str, start: Instant, end: Instant, many: int = 100_000
    ) -> list[Passage]:
        """What happened in ``[start, end)``, in order."""
        values = {
            "tenant": self.tenant, "distribution": distribution, "from_s": start, "to_s": end,
            "many": many,
        }  # fmt: skip
        return [
            Passage(
                text(row[0]), number(row[1]), text(row[2]), text(row[3]), instant(row[4]),
                number(row[5]), text(row[6]),
            )
            for row in self.session.rows("passages_between", values)
        ]  # fmt: skip

    # --- figures -----------------------------------------------------------------

    def states(self) -> dict[str, int]:
        """How many receivers of newest versions are in which state."""
        rows = self.session.rows("count_receivers", {"tenant": self.tenant})
        return {text(state): number(many) for state, many in rows}

    def lag(self) -> int:
        """How many versions the receiver is behind that is the farthest behind."""
        row = self.session.row("extracted_behind", {"tenant": self.tenant})
        return number(row[0]) if row is not None and row[0] is not None else 0

    def passed(self, what: str) -> tuple[int, int]:
        """How often something happened that is kept for reports, and with how many octets."""
        row = self.session.row("count_passages", {"tenant": self.tenant, "what": what})
        return (number(row[0]), number(row[1])) if row is not None else (0, 0)

    def _of(
        self, distribution: str, version: int, subscriber: str | None = None
    ) -> dict[str, object]:
        values: dict[str, object] = {
            "tenant": self.tenant, "distribution": distribution, "version": version,
            "number": version,
        }  # fmt: skip
        return values if subscriber is None else {**values, "subscriber": subscriber}


def _written(version: Version) -> str:
    return json.dumps(version_document(version), sort_keys=True)


def _version(distribution: str, record: object) -> Version:
    return read_version(distribution, json.loads(str(record)))


def _build(row: Row) -> Build:
    return Build(
        number(row[0]), text(row[1]), text(row[2]), instant(row[3]), maybe_instant(row[4]),
        text(row[5]) if row[5] is not None else None, text(row[6]),
        *(number(value) if value is not None else None for value in row[7:10]),
    )  # fmt: skip


def _row(row: Row) -> ReceiverRow:
    return ReceiverRow(
        distribution=text(row[0]), version=number(row[1]), subscriber=text(row[2]),
        state=text(row[3]), reason=text(row[4]), percent=number(row[5]), octets=number(row[6]),
        at=instant(row[7]), order=number(row[8]), signature=text(row[9]),
    )  # fmt: skip
