"""Calendars of exceptions: dates and periods at which a schedule rests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput
from horarium.kernel.periodset import EMPTY, PeriodSet


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Civil days (since 1970-01-01) and periods, read by the caller from wherever they stand."""

    days: frozenset[int] = frozenset()
    periods: PeriodSet = EMPTY

    @classmethod
    def of(cls, days: Iterable[int] = (), periods: PeriodSet = EMPTY) -> Exceptions:
        """Make a calendar from days and periods."""
        return cls(frozenset(days), periods)

    def __bool__(self) -> bool:
        return bool(self.days) or len(self.periods) > 0


def gathered(names: Sequence[str], calendars: Mapping[str, Exceptions | None]) -> Exceptions:
    """Join the calendars that a schedule names.

    Raises InvalidInput for one that is missing or could not be read (None): it is never
    taken to be empty.
    """
    days: set[int] = set()
    periods = EMPTY
    for name in names:
        calendar = calendars.get(name)
        if calendar is None:
            why = "could not be read" if name in calendars else "is not known"
            raise InvalidInput(f"the calendar {name!r} {why}", part="except", value=name)
        days |= calendar.days
        periods = periods.union(calendar.periods)
    return Exceptions(frozenset(days), periods)
