"""The waiting list: who would come if time were freed, and who is asked first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from horarium.appointments.appointment import Client
from horarium.appointments.hours import HostHours
from horarium.appointments.local_day import local_day
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY, weekday_of
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.weekday import Weekday

LEAST_OFFERED = 15 * 60
"""Nobody answers a mail sooner; what can be offered for less is not offered."""

MOST_SPANS = 20
LONGEST_SPAN = 92 * DAY
LEVELS = (1, 5)


class End(Enum):
    """Why somebody does not wait any more."""

    BOOKED = "booked"
    WITHDRAWN = "withdrawn"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Entry:
    """One client who waits for a service, at ``host`` or ("") at anyone.

    An appointment must lie whole in one of ``spans``, begin on one of ``weekdays`` (none: any) and
    within ``between`` (seconds since midnight, the end excluded), both on the host's clock.
    ``priority`` is 1 to 5, the highest first.
    """

    id: str
    service: str
    client: Client
    spans: tuple[Period, ...]
    created: Instant
    host: str = ""
    weekdays: frozenset[Weekday] = frozenset()
    between: tuple[int, int] | None = None
    duration: int | None = None
    seats: int = 1
    priority: int = 3
    end: End | None = None

    @property
    def last(self) -> Instant:
        """When its last span has passed."""
        return max(span.end for span in self.spans)

    def wants(self, slot: Period, hours: HostHours) -> bool:
        """Tells whether an appointment then is what is waited for."""
        if not any(span.start <= slot.start and slot.end <= span.end for span in self.spans):
            return False
        day = local_day(hours.zone, slot.start)
        if self.weekdays and weekday_of(day) not in self.weekdays:
            return False
        if self.between is None:
            return True
        first, last = self.between
        return first <= hours.zone.to_wall(slot.start) % DAY < last


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Gives who is asked first: the highest priority, then who has waited longest."""
    return sorted(entries, key=lambda entry: (-entry.priority, entry.created, entry.id))


def offered_until(length: int, notice: int, start: Instant, now: Instant) -> Instant | None:
    """Gives when an offer of a start ends: after ``length`` seconds, but no later than the notice
    of the service allows; None when that leaves less than a quarter of an hour."""
    until = min(now + length, start - notice)
    return Instant(until) if until - now >= LEAST_OFFERED else None


def check_entry(entry: Entry, now: Instant) -> None:
    """Raises InvalidInput for an entry that can not wait for anything."""
    if not entry.client.mail:
        raise InvalidInput("who waits has a mail address: offers are mailed", part="mail")
    if not 1 <= len(entry.spans) <= MOST_SPANS:
        raise InvalidInput(f"somebody waits for 1 to {MOST_SPANS} spans of time", part="spans")
    if any(span.seconds > LONGEST_SPAN for span in entry.spans):
        raise InvalidInput("a span is at most 92 days long", part="spans")
    if entry.last <= now:
        raise InvalidInput("all of this time has passed", part="spans")
    if not LEVELS[0] <= entry.priority <= LEVELS[1]:
        raise InvalidInput("a priority is 1 to 5", part="priority", value=str(entry.priority))
    if entry.between is not None and not 0 <= entry.between[0] < entry.between[1] <= DAY:
        raise InvalidInput("a time of day begins before it ends", part="between")
