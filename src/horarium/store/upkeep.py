"""The repository of the daily pass: what is to be extended, and what has grown too old."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.requests import RequestRepository
from horarium.store.rows import text

# What is older than this no longer explains anything that can still be asked for; a tombstone must
# outlive every delivery that could still bring the request it cancels.
RETENTION_SECONDS = 400 * 86_400


@dataclass(frozen=True, slots=True)
class UpkeepRepository:
    """Reads and drops of the daily pass of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def endless_before(self, resource: int, until: Instant, after: str, many: int) -> list[str]:
        """UIDs of series laid down to less than `until`, in order, after the UID `after`."""
        values = {
            "tenant": self.tenant,
            "resource": resource,
            "until_s": until,
            "after": after,
            "many": many,
        }
        return [text(row[1]) for row in self.session.rows("endless_due", values)]

    def booked_uids(self, resource: int) -> list[str]:
        """The UIDs of all events that hold time at a resource, in order."""
        values = {"tenant": self.tenant, "resource": resource}
        return [text(row[0]) for row in self.session.rows("booked_uids", values)]

    def with_other_zone_data(
        self, resource: int, zone_data: str, after: str, many: int
    ) -> list[str]:
        """UIDs of booked events whose instants were computed with another version of the zones."""
        values = {
            "tenant": self.tenant,
            "resource": resource,
            "zone_data": zone_data,
            "after": after,
            "many": many,
        }
        return [text(row[0]) for row in self.session.rows("events_with_other_zone_data", values)]

    def drop_old(self, now: Instant) -> int:
        """Applies the retention; how many rows went."""
        before = now - RETENTION_SECONDS
        old = {"tenant": self.tenant, "before_s": before}
        return (
            self.session.run("drop_old_tombstones", {"before_s": before})
            + self.session.run("drop_old_decisions", old)
            + self.session.run("drop_old_ledger", old)
            + self.session.run("drop_old_mails", old)
            + self.session.run("drop_expired_offers", {"tenant": self.tenant, "now_s": now})
            + self.session.run("drop_stray_attendance", {"tenant": self.tenant})
            + self.session.run("drop_past_known", {"tenant": self.tenant, "now_s": now - 86_400})
            + self.session.run("drop_old_check_ins", old)
            + self.session.run("drop_old_rates", {"hour": now // 3_600})
            + RequestRepository(self.session, self.tenant).drop_old(now)
            + self._drop_old_runs(old)
        )

    def _drop_old_runs(self, old: dict[str, object]) -> int:
        """The last row of each entry stays, however old: it says when it ran."""
        return sum(
            self.session.run(query, old)
            for query in (
                "drop_old_wishes", "drop_old_firings", "drop_old_timers", "drop_old_signals",
                "drop_old_workers",
            )
        )  # fmt: skip
