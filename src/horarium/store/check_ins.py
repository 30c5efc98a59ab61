"""The repository of check-ins: for which occurrences somebody was there, or was reminded."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.booking.ports import Reservation
from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.rows import instant, text

# A reminder is at most this long before the deadline.
_REMEMBERED = 2 * 86_400


@dataclass(frozen=True, slots=True)
class CheckInRepository:
    """The check-ins of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def put(self, resource: int, uid: str, original: Instant, now: Instant, what: str) -> None:
        """Notes that somebody checked in (`checked_in`) or was `reminded`."""
        values = {
            "tenant": self.tenant, "resource": resource, "uid": uid, "original_s": original,
            "at_s": now, "what": what,
        }  # fmt: skip
        self.session.run("put_check_in", values)

    def since(self, resource: int, since: Instant) -> set[tuple[str, Instant]]:
        """The occurrences (UID, original start) checked in for since then."""
        return {name for name, what in self._rows(resource, since) if what == "checked_in"}

    def has(self, resource: int, held: Reservation, what: str) -> bool:
        """Whether that was noted of an occurrence lately."""
        since = Instant(held.event.start - _REMEMBERED)
        name = (held.uid, held.original)
        return (name, what) in self._rows(resource, since)

    def _rows(self, resource: int, since: Instant) -> set[tuple[tuple[str, Instant], str]]:
        values = {"tenant": self.tenant, "resource": resource, "since_s": since}
        rows = self.session.rows("check_ins", values)
        return {((text(uid), instant(original)), text(what)) for uid, original, what in rows}
