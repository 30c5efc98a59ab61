"""Whether a rule has any member at all, decided before the first step.

The Gregorian calendar repeats after 400 years, so the dates a rule can reach
are residues: of years modulo 400, of months modulo 4,800, of weeks modulo
20,871, of days modulo 146,097, and below a day of units modulo the units of
146,097 days. Each question is answered on these residues exactly, without
looking at single hours, minutes or seconds of a calendar.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import gcd

from horarium.kernel.daymask import KINDS, STARTS, YearDays
from horarium.kernel.expand_calendar import month_mask
from horarium.kernel.expand_days import WeekExpansion
from horarium.kernel.expansion import (
    UNIT,
    clock_cycles,
    date_parts,
    limits_dates,
    week_start,
)
from horarium.kernel.gregorian import CYCLE_DAYS, CYCLE_YEARS, DAY
from horarium.kernel.instant import Wall, civil
from horarium.kernel.rule import Frequency, Rule
from horarium.kernel.timeset import inner_offsets, select, select_days, selected

_CYCLE_WEEKS = CYCLE_DAYS // 7


def satisfiable(rule: Rule, start: Wall, whole_day: bool) -> bool:
    """Tell whether the rule has a member in the endless calendar."""
    times = inner_offsets(rule, start, whole_day)
    if rule.freq <= Frequency.DAILY:
        return bool(select(rule.by_set_pos, times)) and _days_meet(rule, start)
    if rule.freq is Frequency.WEEKLY:
        return _some_week(rule, start, times)
    year_days = YearDays(date_parts(rule, start))
    if rule.freq is Frequency.MONTHLY:
        return _some_month(rule, start, year_days, times)
    step = gcd(rule.interval, CYCLE_YEARS)
    years = _different(civil(start).year % step, step)
    return any(_gives(rule, year_days.mask(year), times) for year in years)


def _gives(rule: Rule, mask: int, times: tuple[int, ...]) -> bool:
    """Tell whether a set of days gives a member, BYSETPOS applied."""
    if not rule.by_set_pos:
        return bool(mask)
    return bool(selected(rule.by_set_pos, mask.bit_count() * len(times)))


@lru_cache(maxsize=1024)
def _different(first: int, step: int) -> tuple[int, ...]:
    """Give a year of each kind among ``first``, ``first + step``, … of the 400-year cycle."""
    years = range(first, CYCLE_YEARS, step)
    return tuple(
        dict(zip(reversed([KINDS[y] for y in years]), reversed(years), strict=True)).values()
    )


def _some_month(rule: Rule, start: Wall, year_days: YearDays, times: tuple[int, ...]) -> bool:
    c = civil(start)
    step = gcd(rule.interval, 12 * CYCLE_YEARS)
    first = c.year * 12 + c.month - 1
    year_step = step // gcd(step, 12)
    for month in range(12):
        # 12 * year + month must be congruent to the first month modulo the step.
        if (first - month) % gcd(step, 12) or (rule.by_month and month + 1 not in rule.by_month):
            continue
        year = next(y for y in range(year_step) if (12 * y + month - first) % step == 0)
        for y in _different(year, year_step):
            if _gives(rule, month_mask(year_days, y, month), times):
                return True
    return False


def _some_week(rule: Rule, start: Wall, times: tuple[int, ...]) -> bool:
    parts = date_parts(rule, start)
    full = select_days(rule.by_set_pos, range(len(parts.day)), times)
    if not full or not rule.by_month:
        return bool(full)
    first = week_start(start // DAY, rule.wkst)
    weeks = WeekExpansion(first, rule.interval, YearDays(parts), times, rule.by_set_pos)
    step = gcd(rule.interval, _CYCLE_WEEKS)
    base = first % CYCLE_DAYS
    return any(weeks.pattern(weeks.week(base + 7 * step * k)) for k in range(_CYCLE_WEEKS // step))


def _days_meet(rule: Rule, start: Wall) -> bool:
    """Decide for DAILY and shorter: does a reachable day carry a reachable time?"""
    year_days = YearDays(date_parts(rule, start))
    if not any(year_days.mask(year) for year in _different(0, 1)):
        return False
    modulus, residues = _reachable_days(rule, start)
    if not residues or len(residues) == modulus:
        return bool(residues)
    if not limits_dates(rule):
        return True
    pattern = 0
    for residue in residues:
        pattern |= 1 << residue
    # Long enough to be read from any residue on for a whole year.
    period = modulus
    while period < modulus + 366:
        pattern |= pattern << period
        period *= 2
    return any(
        year_days.mask(year) & (pattern >> (first % modulus)) for year, first in enumerate(STARTS)
    )


def _reachable_days(rule: Rule, start: Wall) -> tuple[int, set[int]]:
    """Give the modulus and residues of the day numbers that carry a permitted time."""
    if rule.freq is Frequency.DAILY:
        modulus = gcd(rule.interval, CYCLE_DAYS)
        return modulus, {start // DAY % modulus}
    unit = UNIT[rule.freq]
    per_day = DAY // unit
    step = gcd(rule.interval, CYCLE_DAYS * per_day)
    of_day = gcd(step, per_day)
    modulus = step // of_day
    origin = start // unit
    # day * per_day + u is congruent to the origin modulo the step. Where u is
    # congruent to it modulo of_day, the day follows by one inverse.
    inverse = pow(per_day // of_day, -1, modulus)
    residues: set[int] = set()
    for u in _permitted_units(rule, origin % of_day, of_day):
        residues.add((origin - u) // of_day * inverse % modulus)
        if len(residues) == modulus:
            break
    return modulus, residues


def _permitted_units(rule: Rule, residue: int, modulus: int) -> Iterator[int]:
    """Yield the units of a day that all time parts permit and that have the residue."""
    unit = UNIT[rule.freq]
    per_day = DAY // unit
    limits = {span: units for _, span, units in clock_cycles(rule)}
    if not limits:
        yield from range(residue, per_day, modulus)
        return
    permitted = 1
    length = 1
    # From fine to coarse: the permitted units of a minute, of an hour, of a day.
    for span, count in ((1, 60), (60, 60), (3600, 24)):
        if span < unit:
            continue
        found = 0
        for u in limits.get(span) or range(count):
            found |= permitted << (u * length)
        permitted, length = found, length * count
    # Written as text, the first bit last; finding in text is quicker than shifting a long int.
    text = bin(permitted & _every(residue, modulus, per_day))[:1:-1]
    at = text.find("1")
    while at >= 0:
        yield at
        at = text.find("1", at + 1)


def _every(residue: int, modulus: int, size: int) -> int:
    """Give bits at ``residue``, ``residue + modulus``, … below ``size``."""
    pattern, period = 1 << residue, modulus
    while period < size:
        pattern |= pattern << period
        period *= 2
    return pattern & ((1 << size) - 1)
