"""How many appointments, or how many minutes of them, one period of the calendar may have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from horarium.appointments.codes import Code
from horarium.appointments.local_day import local_day
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY, civil_day, weekday_of
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import Zone


class Scope(Enum):
    """Whose appointments are counted: the host's, the service's, or the host's of the service."""

    HOST = "host"
    SERVICE = "service"
    BOTH = "both"


class Span(Enum):
    """The period of the calendar, in the host's zone."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


REACH = {Span.DAY: 2 * DAY, Span.WEEK: 8 * DAY, Span.MONTH: 32 * DAY, Span.YEAR: 367 * DAY}
"""How far around a start the appointments lie that a limit counts, in seconds."""


class Unit(Enum):
    """What is counted."""

    COUNT = "count"
    MINUTES = "minutes"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``number`` appointments or minutes in one period; reaching it is allowed."""

    scope: Scope
    span: Span
    unit: Unit
    number: int

    @property
    def code(self) -> Code:
        """The name of a refusal by this limit."""
        return Code(f"limit_{self.span.value}_{self.unit.value}")


_TEXT = re.compile(r"(host|service|both) (day|week|month|year) (count|minutes) (\d{1,9})", re.ASCII)


def read_limit(text: str) -> Limit:
    """Reads ``host day count 8`` or ``service week minutes 600``."""
    found = _TEXT.fullmatch(" ".join(text.split()))
    if found is None:
        raise InvalidInput(
            f"{text[:60]!r} is no limit like 'host day count 8' or 'service week minutes 600'",
            part="limits", value=text[:60],
        )  # fmt: skip
    return Limit(Scope(found[1]), Span(found[2]), Unit(found[3]), int(found[4]))


def period_number(span: Span, zone: Zone, t: Instant, first: Weekday = Weekday.MO) -> int:
    """Gives a number that is equal for instants of the same day, week, month or year."""
    day = local_day(zone, t)
    year, month, _ = civil_day(day)
    match span:
        case Span.DAY:
            return day
        case Span.WEEK:
            return day - (weekday_of(day) - first) % 7
        case Span.MONTH:
            return year * 12 + month
        case Span.YEAR:
            return year


def exceeds(limit: Limit, zone: Zone, others: Iterable[Period], slot: Period) -> bool:
    """Tells whether one more slot would go over a limit, beside others of its scope.

    An appointment belongs to the period of its local start, with its whole duration.
    """
    number = period_number(limit.span, zone, slot.start)
    same = [o for o in others if period_number(limit.span, zone, o.start) == number]
    if limit.unit is Unit.COUNT:
        return len(same) + 1 > limit.number
    return sum(o.seconds for o in same) + slot.seconds > limit.number * 60
