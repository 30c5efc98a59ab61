"""A schedule: the one value that says when work is wanted, and how much lateness it bears."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.cron import Cron
from horarium.kernel.instant import Instant
from horarium.kernel.schedule_check import check, settle
from horarium.kernel.schedule_parts import EVERY_DAY, At
from horarium.kernel.schedule_rrule import Series
from horarium.kernel.schedule_words import (
    LAST_DAY,
    CatchUp,
    CatchUpKind,
    OnCrash,
    Outside,
    Overlap,
    Type,
)
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import Fold, Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When work is wanted, and what becomes of moments that were missed.

    The constructor refuses what contradicts itself with InvalidInput naming the
    key, and fills in what follows from the rest, so that schedules that mean the
    same are equal. Durations are elapsed seconds, times of day seconds of the
    wall clock, dates days since 1970-01-01. ``horarium.kernel.timetable`` answers
    when its moments are; the text and the keys of a schedule are described in
    docs/formats/schedules.md.
    """

    type: Type
    at: At | None = None
    days: tuple[Weekday, ...] = EVERY_DAY
    weekday: Weekday | None = None
    end_weekday: Weekday | None = None
    month: int | None = None
    month_day: int | None = None
    """1 to 31, or LAST_DAY."""
    every: int | None = None
    anchor: Instant | None = None
    cron: Cron | None = None
    series: Series | None = None
    signal: str | None = None
    start: int | None = None
    end: int | None = None
    repeat: int | None = None
    length: int | None = None
    """How long each moment opens, where there is no end (the key ``for``)."""
    zone: str | None = None
    """An IANA name, ``owner`` or ``receiver``; None is the owner's zone."""
    random_window: bool = False
    jitter: int | None = None
    gap: Gap | None = None
    fold: Fold | None = None
    grace: int = 60
    deadline: int | None = None
    catch_up: CatchUp = CatchUp()  # noqa: RUF009 (frozen value)
    overlap: Overlap = Overlap.SKIP
    on_crash: OnCrash = OnCrash.SKIP
    late_outside_window: bool = False
    outside: Outside = Outside.WAIT
    excepted: tuple[str, ...] = ()
    first_date: int | None = None
    last_date: int | None = None
    seed: str | None = None
    enabled: bool = True

    def __post_init__(self) -> None:
        check(self)
        for name, value in settle(self).items():
            object.__setattr__(self, name, value)

    @property
    def gated(self) -> bool:
        """Whether start and end let moments through rather than make them."""
        return self.type.gates and self.end is not None


__all__ = [
    "LAST_DAY",
    "At",
    "CatchUp",
    "CatchUpKind",
    "Cron",
    "OnCrash",
    "Outside",
    "Overlap",
    "Schedule",
    "Series",
    "Type",
]
