"""The repository of reminders: what clients are still to be told before an appointment begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from horarium.appointments.reminding import Planned
from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.rows import instant, number, text


class DueReminder(NamedTuple):
    """A reminder whose time has come, of an appointment as it stood at ``sequence``."""

    appointment: str
    sequence: int
    what: str
    due: Instant


@dataclass(frozen=True, slots=True)
class ReminderRepository:
    """The reminders of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def plan(self, id_: str, sequence: int, planned: Sequence[Planned]) -> None:
        """Puts the reminders of an appointment in the place of those still to come."""
        self.drop(id_)
        values = [
            {
                "tenant": self.tenant, "appointment": id_, "sequence": sequence, "what": one.what,
                "due_s": one.due, "state": "late" if one.late else "due",
            }
            for one in planned
        ]  # fmt: skip
        self.session.run_many("add_reminder", values)

    def planned(self, id_: str, sequence: int) -> bool:
        """Whether reminders were planned for an appointment as it stood at a sequence."""
        values = {"tenant": self.tenant, "appointment": id_, "sequence": sequence}
        return self.session.row("has_reminders", values) is not None

    def drop(self, id_: str) -> None:
        """Drops what is still to come of an appointment."""
        self.session.run("drop_reminders", {"tenant": self.tenant, "appointment": id_})

    def due(self, now: Instant, many: int) -> list[DueReminder]:
        """The reminders whose time has come, the earliest first."""
        values = {"tenant": self.tenant, "now_s": now, "many": many}
        return [
            DueReminder(text(id_), number(sequence), text(what), instant(due))
            for id_, sequence, what, due in self.session.rows("due_reminders", values)
        ]

    def finish(self, reminder: DueReminder, state: str) -> bool:
        """Says that a reminder was `sent` or `late`; False when that was said before."""
        values = {
            "tenant": self.tenant, "appointment": reminder.appointment, "state": state,
            "sequence": reminder.sequence, "what": reminder.what,
        }  # fmt: skip
        return bool(self.session.run("finish_reminder", values))

    def states(self, id_: str) -> list[tuple[int, str, Instant, str]]:
        """All reminders of an appointment: sequence, what, when, and its state (`due`, `sent`,
        `late`), in order of time."""
        values = {"tenant": self.tenant, "appointment": id_}
        return [
            (number(sequence), text(what), instant(due), text(state))
            for sequence, what, due, state in self.session.rows("reminders_of", values)
        ]
