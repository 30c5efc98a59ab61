"""The rules an appointer works under: which days are closed, and where in a day slots may lie."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from horarium.appointments.codes import Code
from horarium.appointments.local_day import day_start, on_day
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY, civil_day, month_length, weekday_of
from horarium.kernel.period import Period
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import UTC, Zone

LEAP_YEAR = 2000


class Hours(NamedTuple):
    """Where the slots that begin on one day may lie: whole inside one of the spans.

    ``closed`` says what closes the day when there is no span at all.
    """

    spans: tuple[Period, ...]
    closed: Code | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of seed 003; the order and the repetition of rules never matter.

    A day is open when no rule closes it; in an open day one valid block is
    enough, and without blocks the whole day is one. ``maximum`` is the number
    of slots that may begin on one day, 0 for any. ``blocks`` are seconds since
    local midnight.
    """

    zone: Zone = UTC
    blocked: frozenset[Weekday] = field(default=frozenset())
    special: frozenset[tuple[int, int]] = field(default=frozenset())
    maximum: int = 0
    blocks: frozenset[tuple[int, int]] = field(default=frozenset())

    def with_blocked_day(self, weekday: int) -> Rules:
        """Adds a weekday that is closed every week; 0 is Sunday, 6 Saturday (seed 003)."""
        _whole("weekday", weekday, 0, 6)
        return replace(self, blocked=self.blocked | {Weekday.from_sunday_zero(weekday)})

    def with_special_day(self, month: int, day: int) -> Rules:
        """Adds a date that is closed every year (seed 003); 29 February only in leap years."""
        _whole("month", month, 1, 12)
        _whole("day", day, 1, month_length(LEAP_YEAR, month))
        return replace(self, special=self.special | {(month, day)})

    def with_maximum(self, number: int) -> Rules:
        """Sets how many slots may begin on one day; 0 for any number."""
        _whole("maximum", number, 0, None)
        return replace(self, maximum=number)

    def with_block(self, lower: int, upper: int) -> Rules:
        """Adds a span of the day in which slots may lie (seed 003, set-valid-block-time).

        Bounds are seconds since local midnight, taken modulo a day but for an
        upper bound of exactly 86,400. Blocks are never merged.
        """
        _whole("lower bound", lower, 0, None)
        _whole("upper bound", upper, 0, None)
        start, end = lower % DAY, upper if upper == DAY else upper % DAY
        if start >= end:
            raise InvalidInput(
                f"a valid block time ends after it begins, {lower} to {upper} does not",
                part="block", value=f"{lower}-{upper}",
            )  # fmt: skip
        return replace(self, blocks=self.blocks | {(start, end)})

    def closed(self, day: int) -> Code | None:
        """Gives the rule that closes a whole day; None for an open one."""
        if weekday_of(day) in self.blocked:
            return Code.CLOSED_BLOCKED
        return Code.CLOSED_SPECIAL if civil_day(day)[1:] in self.special else None

    def hours(self, day: int, duration: int) -> Hours:
        """Gives where slots of a duration that begin on the day may lie."""
        code = self.closed(day)
        if code is not None:
            return Hours((), code)
        if self.blocks:
            spans = _spans(self.zone, day, self.blocks)
            return Hours(spans, None if spans else Code.OUTSIDE_HOURS)
        return self._whole_days(day, duration)

    def _whole_days(self, day: int, duration: int) -> Hours:
        """From the day's beginning as far as the days are open, or a slot may reach."""
        start, after = day_start(self.zone, day), day + 1
        most = day_start(self.zone, after) + duration
        if most - duration <= start:
            return Hours((), Code.OUTSIDE_HOURS)
        while (end := day_start(self.zone, after)) < most and self.closed(after) is None:
            after += 1
        return Hours((Period(start, end),))


@lru_cache(maxsize=4096)
def _spans(zone: Zone, day: int, blocks: frozenset[tuple[int, int]]) -> tuple[Period, ...]:
    found = (on_day(zone, day, lower, upper) for lower, upper in sorted(blocks))
    return tuple(period for period in found if period is not None)


def _whole(part: str, value: int, least: int, most: int | None) -> None:
    wrong = isinstance(value, bool) or not isinstance(value, int)
    if wrong or value < least or (most is not None and value > most):
        upto = f"{least} to {most}" if most is not None else f"{least} on"
        raise InvalidInput(
            f"{part}: {str(value)[:40]!r} is not a whole number from {upto}",
            part=part, value=str(value)[:40],
        )  # fmt: skip
