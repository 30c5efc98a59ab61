"""RFC 5545 3.3.10 read word by word, one day after the other, for DAILY and longer rules.

Slow and simple on purpose: it asks ``datetime`` about every single day, shares
no code with the kernel, and knows weeks through a definition of its own.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from horarium.kernel.rule import Frequency, Rule


def week_of(day: date, wkst: int) -> tuple[date, int, int]:
    """Give (first day of the week, its number, number of weeks of the year it belongs to)."""

    def first_week(year: int) -> date:
        # Week 1 is the week that holds 4 January.
        fourth = date(year, 1, 4)
        return fourth - timedelta((fourth.weekday() - wkst) % 7)

    for year in (day.year + 1, day.year, day.year - 1):
        start = first_week(year)
        if start <= day:
            weeks = (first_week(year + 1) - start).days // 7
            return day - timedelta((day.weekday() - wkst) % 7), (day - start).days // 7 + 1, weeks
    raise AssertionError


def _one_of(number: int, size: int, wanted: tuple[int, ...]) -> bool:
    return number in wanted or number - size - 1 in wanted


def _ordinal(day: date, rule: Rule) -> tuple[int, int]:
    """Give the position of a day among its weekday in month or year, and their number."""
    if rule.freq is Frequency.MONTHLY or rule.by_month:
        start, end = day.replace(day=1), (day.replace(day=28) + timedelta(4)).replace(day=1)
    else:
        start, end = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    before = (day - start).days // 7
    after = ((end - day).days - 1) // 7
    return before + 1, before + after + 1


def _permitted(day: date, start: date, rule: Rule) -> bool:
    month_end = (day.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
    year_end = date(day.year, 12, 31)
    by_day = [(d.ordinal, int(d.weekday)) for d in rule.by_day]
    month, month_day = rule.by_month, rule.by_month_day
    if not (by_day or month_day or rule.by_year_day):
        if rule.freq is Frequency.WEEKLY or rule.by_week_no:
            by_day = [(0, start.weekday())]
        elif rule.freq is Frequency.MONTHLY:
            month_day = (start.day,)
        elif rule.freq is Frequency.YEARLY:
            month, month_day = month or (start.month,), (start.day,)
    _, week, weeks = week_of(day, rule.wkst)
    position, size = _ordinal(day, rule)
    of_year = (day - date(day.year, 1, 1)).days + 1
    checks = (
        not month or day.month in month,
        not rule.by_week_no or _one_of(week, weeks, rule.by_week_no),
        not rule.by_year_day or _one_of(of_year, year_end.timetuple().tm_yday, rule.by_year_day),
        not month_day or _one_of(day.day, month_end.day, month_day),
        not by_day
        or any(
            wd == day.weekday() and (not n or _one_of(position, size, (n,))) for n, wd in by_day
        ),
    )
    return all(checks)


def _period(day: date, start: date, rule: Rule) -> int:
    """Give the number of the period of FREQ a day lies in, counted from DTSTART's."""
    if rule.freq is Frequency.YEARLY:
        return day.year - start.year
    if rule.freq is Frequency.MONTHLY:
        return (day.year - start.year) * 12 + day.month - start.month
    if rule.freq is Frequency.WEEKLY:
        return (week_of(day, rule.wkst)[0] - week_of(start, rule.wkst)[0]).days // 7
    return (day - start).days


def members(rule: Rule, start: datetime, end: datetime) -> list[datetime]:
    """Give the members of a rule in ``[start, end)``."""
    times = [
        time(h, m, s)
        for h in rule.by_hour or (start.hour,)
        for m in rule.by_minute or (start.minute,)
        for s in rule.by_second or (start.second,)
    ]
    periods: dict[int, list[datetime]] = {}
    day = start.date() - timedelta(366)
    while day < end.date() + timedelta(367):
        number = _period(day, start.date(), rule)
        if number % rule.interval == 0 and _permitted(day, start.date(), rule):
            periods.setdefault(number, []).extend(datetime.combine(day, t) for t in times)
        day += timedelta(1)
    found: list[datetime] = []
    for period in periods.values():
        period.sort()
        if rule.by_set_pos:
            period = [
                m for i, m in enumerate(period) if _one_of(i + 1, len(period), rule.by_set_pos)
            ]
        found += period
    return sorted(m for m in found if start <= m < end)
