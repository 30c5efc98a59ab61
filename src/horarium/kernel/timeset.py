"""The times of day of a rule, and what BYSETPOS selects. Source: RFC 5545 3.3.10."""

from __future__ import annotations

from collections.abc import Sequence

from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Wall, civil
from horarium.kernel.rule import Frequency, Rule


def inner_offsets(rule: Rule, start: Wall, whole_day: bool = False) -> tuple[int, ...]:
    """Give the seconds that the expanding time parts set within a day, hour or minute.

    For DAILY and longer these are seconds of the day, for HOURLY of the hour,
    for MINUTELY of the minute; a missing part comes from DTSTART.
    """
    if whole_day:
        return (0,)
    c = civil(start)
    seconds = rule.by_second or (c.second,)
    minutes = rule.by_minute or (c.minute,)
    hours = rule.by_hour or (c.hour,)
    if rule.freq is Frequency.SECONDLY:
        return (0,)
    if rule.freq is Frequency.MINUTELY:
        return seconds
    if rule.freq is Frequency.HOURLY:
        return tuple(minute * 60 + second for minute in minutes for second in seconds)
    return tuple(
        hour * 3600 + minute * 60 + second
        for hour in hours
        for minute in minutes
        for second in seconds
    )


def selected(positions: tuple[int, ...], size: int) -> list[int]:
    """Give the sorted indices that BYSETPOS selects in a set of ``size`` members."""
    found = {position - 1 if position > 0 else size + position for position in positions}
    return sorted(index for index in found if 0 <= index < size)


def select(positions: tuple[int, ...], offsets: tuple[int, ...]) -> tuple[int, ...]:
    """Give the offsets that BYSETPOS leaves; all of them without BYSETPOS."""
    if not positions:
        return offsets
    return tuple(offsets[index] for index in selected(positions, len(offsets)))


def select_days(
    positions: tuple[int, ...], days: Sequence[int], times: tuple[int, ...]
) -> tuple[int, ...]:
    """Give day x time as seconds from day 0, with BYSETPOS applied.

    The sorted product is never built for BYSETPOS: its n-th member is found by
    division.
    """
    if not positions:
        return tuple(day * DAY + time for day in days for time in times)
    n = len(times)
    return tuple(
        days[index // n] * DAY + times[index % n] for index in selected(positions, len(days) * n)
    )
