"""Which expansion a rule gets. Source: RFC 5545 3.3.10, the table of BY parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from horarium.kernel.daymask import DayParts, YearDays
from horarium.kernel.expand_calendar import MonthExpansion, YearExpansion
from horarium.kernel.expand_days import DayExpansion, WeekExpansion
from horarium.kernel.expand_fixed import FixedExpansion
from horarium.kernel.expand_time import TimeExpansion
from horarium.kernel.gregorian import DAY, weekday_of
from horarium.kernel.instant import Wall, civil
from horarium.kernel.rule import ByDay, Frequency, Rule
from horarium.kernel.steps import Meter
from horarium.kernel.timeset import inner_offsets, select, select_days
from horarium.kernel.weekday import Weekday

UNIT = {Frequency.HOURLY: 3600, Frequency.MINUTELY: 60, Frequency.SECONDLY: 1}
"""Seconds of one period of the frequencies below a day."""


class Expansion(Protocol):
    """Gives the members of a rule as wall times, from any point on."""

    def chunks(self, lo: int, hi: int, meter: Meter) -> Iterator[Sequence[int]]:
        """Yield the walls in ``[lo, hi)`` in sorted blocks, none of them empty."""


def date_parts(rule: Rule, start: Wall) -> DayParts:
    """Give the date parts of a rule with what is missing taken from DTSTART."""
    c = civil(start)
    own = Weekday(weekday_of(start // DAY))
    month, month_day, day = rule.by_month, rule.by_month_day, rule.by_day
    placed = bool(month_day or day or rule.by_year_day)
    if rule.freq is Frequency.YEARLY and not placed:
        if rule.by_week_no:
            day = (ByDay(0, own),)
        else:
            month, month_day = month or (c.month,), (c.day,)
    elif rule.freq is Frequency.MONTHLY and not placed:
        month_day = (c.day,)
    elif rule.freq is Frequency.WEEKLY and not placed:
        day = (ByDay(0, own),)
    return DayParts(
        month=month,
        week_no=rule.by_week_no,
        year_day=rule.by_year_day,
        month_day=month_day,
        day=day,
        wkst=rule.wkst,
        ordinals_in_month=rule.freq is Frequency.MONTHLY,
    )


def clock_cycles(rule: Rule) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
    """Give the time parts that limit a sub-daily rule, coarse to fine.

    Each is (length of the cycle, length of the unit, permitted units).
    """
    cycles = [(DAY, 3600, rule.by_hour)]
    if rule.freq < Frequency.HOURLY:
        cycles.append((3600, 60, rule.by_minute))
    if rule.freq < Frequency.MINUTELY:
        cycles.append((60, 1, rule.by_second))
    return tuple(cycle for cycle in cycles if cycle[2])


def limits_dates(rule: Rule) -> bool:
    """Tell whether a rule of DAILY or shorter leaves out days."""
    return bool(rule.by_month or rule.by_month_day or rule.by_year_day or rule.by_day)


def expansion_of(rule: Rule, start: Wall, whole_day: bool) -> Expansion:
    """Choose how the members of the rule are found, starting at DTSTART's period."""
    times = inner_offsets(rule, start, whole_day)
    if rule.freq < Frequency.DAILY:
        return _sub_daily(rule, start, times)
    day = start // DAY
    if rule.freq is Frequency.DAILY:
        chosen = select(rule.by_set_pos, times)
        if limits_dates(rule):
            days = YearDays(date_parts(rule, start))
            return DayExpansion(day, rule.interval, days, chosen)
        return FixedExpansion(day * DAY, rule.interval * DAY, chosen)
    if rule.freq is Frequency.WEEKLY:
        return _weekly(rule, start, times)
    year_days = YearDays(date_parts(rule, start))
    c = civil(start)
    if rule.freq is Frequency.MONTHLY:
        first = c.year * 12 + c.month - 1
        return MonthExpansion(first, rule.interval, year_days, times, rule.by_set_pos)
    return YearExpansion(c.year, rule.interval, year_days, times, rule.by_set_pos)


def _sub_daily(rule: Rule, start: Wall, offsets: tuple[int, ...]) -> Expansion:
    unit = UNIT[rule.freq]
    first = start - start % unit
    chosen = select(rule.by_set_pos, offsets)
    cycles = clock_cycles(rule)
    if not cycles and not limits_dates(rule):
        return FixedExpansion(first, unit * rule.interval, chosen)
    year_days = YearDays(date_parts(rule, start)) if limits_dates(rule) else None
    return TimeExpansion(first, unit * rule.interval, chosen, year_days, cycles)


def week_start(day: int, wkst: int) -> int:
    """Give the first day of the week a day lies in."""
    return day - (weekday_of(day) - wkst) % 7


def _weekly(rule: Rule, start: Wall, times: tuple[int, ...]) -> Expansion:
    first = week_start(start // DAY, rule.wkst)
    parts = date_parts(rule, start)
    if rule.by_month:
        return WeekExpansion(first, rule.interval, YearDays(parts), times, rule.by_set_pos)
    days = sorted((by.weekday - rule.wkst) % 7 for by in parts.day)
    offsets = select_days(rule.by_set_pos, days, times)
    return FixedExpansion(first * DAY, 7 * DAY * rule.interval, offsets)
