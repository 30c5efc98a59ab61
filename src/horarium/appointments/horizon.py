"""How far ahead an appointment may begin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from horarium.appointments.hours import HostHours
from horarium.appointments.local_day import day_start, local_day
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.schedule_parts import read_date

MOST_DAYS = 731
"""Two years and a day: nobody keeps an appointment longer, and the search has an end."""


class Reach(Enum):
    """What is counted."""

    DAYS = "days"
    OPEN_DAYS = "open_days"
    RANGE = "range"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Horizon:
    """``days`` ahead, counting all dates or only those with an opening; or fixed dates.

    ``first`` and ``last`` are the dates of a range, both included.
    """

    reach: Reach = Reach.DAYS
    days: int = 60
    first: int = 0
    last: int = 0

    def bounds(self, hours: HostHours, now: Instant) -> tuple[Instant, Instant]:
        """Gives from when, and before when, an appointment may begin; in the host's zone."""
        zone = hours.zone
        today = local_day(zone, now)
        match self.reach:
            case Reach.RANGE:
                return day_start(zone, self.first), day_start(zone, self.last + 1)
            case Reach.NONE:
                return now, day_start(zone, today + MOST_DAYS)
            case Reach.DAYS:
                return now, day_start(zone, today + self.days + 1)
            case Reach.OPEN_DAYS:
                return now, day_start(zone, _open_days_later(hours, today, self.days) + 1)


def _open_days_later(hours: HostHours, today: int, days: int) -> int:
    day, counted = today, 0
    while counted < days and day < today + MOST_DAYS:
        day += 1
        counted += bool(hours.hours(day, 1).spans)
    return day


_TEXT = re.compile(r"(days|open_days) (\d{1,3})|(none)|range (\S+)\.\.(\S+)", re.ASCII)


def read_horizon(text: str) -> Horizon:
    """Reads ``days 45``, ``open_days 10``, ``range 2027-01-01..2027-03-31`` or ``none``."""
    found = _TEXT.fullmatch(" ".join(text.split()))
    if found is None or (found[2] and not 1 <= int(found[2]) < MOST_DAYS):
        raise InvalidInput(
            f"{text[:60]!r} is no horizon like 'days 45', 'open_days 10', "
            "'range 2027-01-01..2027-03-31' or 'none'",
            part="horizon", value=text[:60],
        )  # fmt: skip
    if found[3]:
        return Horizon(Reach.NONE)
    if found[1]:
        return Horizon(Reach(found[1]), int(found[2]))
    first, last = read_date(found[4], "horizon"), read_date(found[5], "horizon")
    if last < first:
        raise InvalidInput("a range ends after it begins", part="horizon", value=text[:60])
    return Horizon(Reach.RANGE, first=first, last=last)
