"""The Gregorian calendar as integer arithmetic.

A *day* is an int: days since 1970-01-01. The calendar repeats after 400 years
(146,097 days, which is a whole number of weeks), so every question about
years has at most 400 answers.
"""

from __future__ import annotations

DAY = 86_400
"""Seconds of a day on a wall clock."""

CYCLE_YEARS = 400
CYCLE_DAYS = 146_097
MIN_YEAR = 1
MAX_YEAR = 9999

MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def is_leap(year: int) -> bool:
    """Tell whether the year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Give the number of days of a month (1-12)."""
    return 29 if month == 2 and is_leap(year) else MONTH_LENGTHS[month - 1]


def month_start(month: int, leap: bool) -> int:
    """Give the number of days of the year that lie before the month (1-12)."""
    return _BEFORE_MONTH[month - 1] + (leap and month > 2)


def year_start(year: int) -> int:
    """Give the day number of 1 January."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 - 719_162


def day_number(year: int, month: int, day: int) -> int:
    """Give the day number of a date that exists."""
    return year_start(year) + month_start(month, is_leap(year)) + day - 1


def civil_day(day: int) -> tuple[int, int, int]:
    """Give (year, month, day of month) of a day number."""
    # Counted from 0000-03-01, the leap day is the last day of its year and the
    # month lengths follow one straight line.
    shifted = day + 719_468
    era, of_era = divmod(shifted, CYCLE_DAYS)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * of_year + 2) // 153
    day_of_month = of_year - (153 * march_month + 2) // 5 + 1
    month = march_month + 3 if march_month < 10 else march_month - 9
    return year_of_era + era * 400 + (month <= 2), month, day_of_month


def weekday_of(day: int) -> int:
    """Give the weekday of a day number, Monday = 0."""
    return (day + 3) % 7


MIN_DAY = year_start(MIN_YEAR)
MAX_DAY = year_start(MAX_YEAR + 1) - 1
