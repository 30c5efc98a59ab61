"""The repository of notices of distribution: what somebody should know, until every sink has it."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.rows import instant, number, text


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """One notice. ``told`` says whether the sinks of this machine have it; ``tries`` how often the
    webhook was asked to take it."""

    id: int
    at: Instant
    level: str
    what: str
    about: str
    text: str
    told: bool = False
    tries: int = 0


@dataclass(frozen=True, slots=True)
class NoticeRepository:
    """Notices of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def put(
        self, level: str, what: str, about: str, words: str, at: Instant, since: Instant
    ) -> None:
        """Keeps a notice, unless the same was noticed after ``since``."""
        values = {
            "tenant": self.tenant, "level": level, "what": what, "about": about, "text": words,
            "at_s": at, "since_s": since,
        }  # fmt: skip
        self.session.run("add_distribution_notice", values)

    def due(self, now: Instant, many: int) -> list[KeptNotice]:
        """Notices that some sink does not have yet and may be told now, the oldest first."""
        values = {"tenant": self.tenant, "now_s": now, "many": many}
        return [
            KeptNotice(
                number(row[0]), instant(row[1]), text(row[2]), text(row[3]), text(row[4]),
                text(row[5]), bool(row[6]), number(row[7]),
            )
            for row in self.session.rows("due_distribution_notices", values)
        ]  # fmt: skip

    def told(self, id_: int) -> None:
        """Writes that the sinks of this machine have a notice."""
        self.session.run("told_distribution_notice", {"id": id_})

    def again(self, id_: int, due: Instant | None) -> None:
        """Writes when the webhook is asked next; None: not any more."""
        self.session.run("post_distribution_notice", {"id": id_, "due_s": due})

    def newest(self, many: int) -> list[KeptNotice]:
        """The newest notices first."""
        rows = self.session.rows(
            "newest_distribution_notices", {"tenant": self.tenant, "many": many}
        )
        return [
            KeptNotice(
                number(row[0]), instant(row[1]), text(row[2]), text(row[3]), text(row[4]),
                text(row[5]),
            )
            for row in rows
        ]  # fmt: skip

    def counts(self) -> dict[tuple[str, str], int]:
        """How many there are kept, by level and what."""
        rows = self.session.rows("count_distribution_notices", {"tenant": self.tenant})
        return {(text(level), text(what)): number(many) for level, what, many in rows}

    def forget(self, before: Instant) -> int:
        """Lets go of old notices; how many."""
        values = {"tenant": self.tenant, "before_s": before}
        return self.session.run("drop_old_distribution_notices", values)
