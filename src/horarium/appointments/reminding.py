"""Reminders: when a client is told of an appointment once more, before it begins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from horarium.appointments.hours import HostHours
from horarium.appointments.local_day import local_day
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall
from horarium.kernel.schedule_parts import read_length, read_time, write_length, write_time
from horarium.kernel.zone import Fold, Gap

MOST_REMINDERS = 5
LONGEST_BEFORE = 366 * DAY

_DAY_BEFORE = re.compile(r"day-before@(\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reminder:
    """How long before the start, in elapsed seconds; or, where ``clock`` is set, at that time of
    the day before (seconds since midnight) on the clock of the host."""

    before: int = DAY
    clock: int | None = None

    def __str__(self) -> str:
        if self.clock is not None:
            return f"day-before@{write_time(self.clock)}"
        return write_length(self.before)

    def due(self, start: Instant, hours: HostHours) -> Instant:
        """Gives the instant of the reminder of an appointment that begins at ``start``."""
        if self.clock is None:
            return Instant(start - self.before)
        day = local_day(hours.zone, start) - 1
        zone = hours.zone_on(day)
        return zone.at(Wall(day * DAY + self.clock), Gap.AT_END, Fold.FIRST)


DEFAULT = (Reminder(),)
"""One, a day ahead."""


class Planned(NamedTuple):
    """A reminder of one appointment; ``late`` when it is not made, since its time has gone by."""

    what: str
    due: Instant
    late: bool


def plan(
    reminders: Iterable[Reminder], start: Instant, hours: HostHours, since: Instant
) -> list[Planned]:
    """Gives the reminders of an appointment that stands as it is since an instant."""
    dues = [(reminder, reminder.due(start, hours)) for reminder in reminders]
    return [Planned(str(reminder), due, not since < due < start) for reminder, due in dues]


def read_reminder(text: str) -> Reminder:
    """Reads ``24h`` or ``day-before@18:00``; InvalidInput for anything else."""
    found = _DAY_BEFORE.fullmatch(text)
    if found is not None:
        return Reminder(0, read_time(found[1], "reminders"))
    if text.startswith("day-before"):
        raise InvalidInput(f"{text[:40]!r} is no reminder like 24h or day-before@18:00")
    before = read_length(text, "reminders")
    if not 60 <= before <= LONGEST_BEFORE:
        raise InvalidInput(f"{text[:40]} is not from 1m to 366d before the start")
    return Reminder(before)
