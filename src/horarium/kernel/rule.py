"""A recurrence rule as a value. Source: RFC 5545 3.3.10."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from math import prod

from horarium.kernel.errors import LimitReached, UnsupportedCapability
from horarium.kernel.limits import Limits
from horarium.kernel.rule_text import (
    ByDay,
    Until,
    UntilKind,
    bad,
    read_cardinal,
    read_days,
    read_list,
    read_until,
    split_rule,
)
from horarium.kernel.weekday import Weekday


class Frequency(IntEnum):
    """The period a rule counts in, from the shortest to the longest."""

    SECONDLY = 0
    MINUTELY = 1
    HOURLY = 2
    DAILY = 3
    WEEKLY = 4
    MONTHLY = 5
    YEARLY = 6


_F = Frequency

# Part, field, lowest and highest value, whether the same range may be negative.
_RANGES = (
    ("BYSECOND", "by_second", 0, 60, False),
    ("BYMINUTE", "by_minute", 0, 59, False),
    ("BYHOUR", "by_hour", 0, 23, False),
    ("BYMONTHDAY", "by_month_day", 1, 31, True),
    ("BYYEARDAY", "by_year_day", 1, 366, True),
    ("BYWEEKNO", "by_week_no", 1, 53, True),
    ("BYMONTH", "by_month", 1, 12, False),
    ("BYSETPOS", "by_set_pos", 1, 366, True),
)

# Part, field and the frequencies in which RFC 5545 3.3.10 allows it.
_ALLOWED = (
    ("BYMONTHDAY", "by_month_day", frozenset(_F) - {_F.WEEKLY}),
    ("BYYEARDAY", "by_year_day", frozenset(_F) - {_F.DAILY, _F.WEEKLY, _F.MONTHLY}),
    ("BYWEEKNO", "by_week_no", frozenset({_F.YEARLY})),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The parts of an RRULE; lists are kept sorted and without doubles.

    The constructor refuses values out of range and forbidden combinations with
    InvalidInput naming part and value. ``notes`` says what was tolerated and
    takes no part in equality.
    """

    freq: Frequency
    interval: int = 1
    count: int | None = None
    until: Until | None = None
    by_second: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_day: tuple[ByDay, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    wkst: Weekday = Weekday.MO
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.interval < 1:
            raise bad("INTERVAL", self.interval, "is less than 1")
        if self.count is not None and self.count < 1:
            raise bad("COUNT", self.count, "is less than 1")
        if self.count is not None and self.until is not None:
            raise bad("COUNT", self.count, "stands together with UNTIL")
        self._check_ranges()
        self._check_combinations()
        if 60 in self.by_second:
            self._set("by_second", tuple(min(second, 59) for second in self.by_second))
            self._set("notes", (*self.notes, "second_60_as_59"))
        for _, name, *_ in _RANGES:
            self._set(name, tuple(sorted(set(getattr(self, name)))))
        self._set("by_day", tuple(sorted(set(self.by_day))))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_ranges(self) -> None:
        for part, name, low, high, signed in _RANGES:
            for value in getattr(self, name):
                size = abs(value) if signed else value
                if not low <= size <= high:
                    sign = "±" if signed else ""
                    raise bad(part, value, f"is not in {sign}{low}…{high}")
        for day in self.by_day:
            if abs(day.ordinal) > 53:
                raise bad("BYDAY", day.format(), "is not in ±1…53")

    def _check_combinations(self) -> None:
        for part, name, allowed in _ALLOWED:
            values = getattr(self, name)
            if values and self.freq not in allowed:
                raise bad(part, values[0], f"is not allowed with FREQ={self.freq.name}")
        numbered = next((day for day in self.by_day if day.ordinal), None)
        if numbered is not None and self.freq < Frequency.MONTHLY:
            raise bad("BYDAY", numbered.format(), f"is not allowed with FREQ={self.freq.name}")
        if numbered is not None and self.by_week_no:
            raise bad("BYDAY", numbered.format(), "is not allowed with BYWEEKNO")
        if self.by_set_pos and not any(self._lists()[:-1]):
            raise bad("BYSETPOS", self.by_set_pos[0], "stands without another BY part")

    def _lists(self) -> tuple[tuple[object, ...], ...]:
        """Give the BY lists, BYSETPOS last."""
        return (
            self.by_second,
            self.by_minute,
            self.by_hour,
            self.by_day,
            self.by_month_day,
            self.by_year_day,
            self.by_week_no,
            self.by_month,
            self.by_set_pos,
        )

    def check(self, limits: Limits) -> None:
        """Refuse what costs too much: LimitReached, or UnsupportedCapability for sub-daily."""
        if self.count is not None and self.count > limits.count:
            raise LimitReached("COUNT", self.count, limits.count)
        for values in self._lists():
            if len(values) > limits.list_values:
                raise LimitReached("BY values", len(values), limits.list_values)
        size = prod(len(values) or 1 for values in self._lists()[:-1])
        if size > limits.product:
            raise LimitReached("product of BY lists", size, limits.product)
        if self.freq < Frequency.DAILY and not limits.sub_daily:
            raise UnsupportedCapability(f"FREQ={self.freq.name} is not supported here")

    @classmethod
    def parse(cls, text: str, limits: Limits = Limits()) -> Rule:  # noqa: B008 (frozen value)
        """Read RRULE text; names and values in any case, parts in any order.

        Raises InvalidInput naming part and value, LimitReached, or
        UnsupportedCapability (RSCALE, SKIP).
        """
        parts = split_rule(text, limits)
        name = parts.get("FREQ")
        if name is None:
            raise bad("FREQ", "", "is missing")
        freq = Frequency.__members__.get(name.upper())
        if freq is None:
            raise bad("FREQ", name, "is no frequency")
        wkst = parts.get("WKST", "MO").upper()
        if wkst not in Weekday.__members__:
            raise bad("WKST", wkst, "is no weekday")
        rule = cls(
            freq=freq,
            interval=read_cardinal(parts, "INTERVAL", 1) or 0,
            count=read_cardinal(parts, "COUNT", None),
            until=read_until(parts),
            by_second=read_list(parts, "BYSECOND", limits),
            by_minute=read_list(parts, "BYMINUTE", limits),
            by_hour=read_list(parts, "BYHOUR", limits),
            by_day=read_days(parts, limits),
            by_month_day=read_list(parts, "BYMONTHDAY", limits),
            by_year_day=read_list(parts, "BYYEARDAY", limits),
            by_week_no=read_list(parts, "BYWEEKNO", limits),
            by_month=read_list(parts, "BYMONTH", limits),
            by_set_pos=read_list(parts, "BYSETPOS", limits),
            wkst=Weekday[wkst],
        )
        rule.check(limits)
        return rule

    def format(self) -> str:
        """Write the canonical text: FREQ first, parts in the order of the RFC, no defaults."""
        written: list[tuple[str, str]] = [("FREQ", self.freq.name)]
        if self.until is not None:
            written.append(("UNTIL", self.until.format()))
        if self.count is not None:
            written.append(("COUNT", str(self.count)))
        if self.interval != 1:
            written.append(("INTERVAL", str(self.interval)))
        for part, name, *_ in _RANGES[:3]:
            written.append((part, _join(getattr(self, name))))
        written.append(("BYDAY", ",".join(day.format() for day in self.by_day)))
        for part, name, *_ in _RANGES[3:]:
            written.append((part, _join(getattr(self, name))))
        if self.wkst != Weekday.MO:
            written.append(("WKST", self.wkst.name))
        return ";".join(f"{part}={value}" for part, value in written if value)


def _join(values: tuple[int, ...]) -> str:
    return ",".join(str(value) for value in values)


__all__ = ["ByDay", "Frequency", "Rule", "Until", "UntilKind"]
