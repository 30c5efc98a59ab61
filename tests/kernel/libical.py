"""libical through ctypes: a second, independent reader of recurrence rules."""

from __future__ import annotations

import ctypes
import ctypes.util

from horarium.kernel.rule import Frequency, Rule

PLACES = 400


def library() -> ctypes.CDLL | None:
    """Give the library, or None when it is not installed."""
    name = ctypes.util.find_library("ical") or "libical.so.3"
    try:
        found = ctypes.CDLL(name)
    except OSError:
        return None
    found.icalrecur_expand_recurrence.argtypes = [
        ctypes.c_char_p,
        ctypes.c_long,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_long),
    ]
    return found


def expand(libical: ctypes.CDLL, rule: str, start: int, most: int) -> list[int]:
    """Give the first members of a rule from a UTC start, at most ``most`` of them."""
    array = (ctypes.c_long * PLACES)()
    libical.icalrecur_expand_recurrence(rule.encode(), start, min(most, PLACES), array)
    # Places that were not filled stay zero; no start in these tests is the epoch.
    return [t for t in array if t][:most]


def understands(rule: Rule) -> bool:
    """Tell whether libical 3.0 expands a rule of this shape as RFC 5545 3.3.10 says.

    What it is known not to do:

    - BYSETPOS over several times of day (it counts days), below MONTHLY at all;
    - BYSETPOS where a day may be named twice, as 7 and -24 in June (it counts twice);
    - BYYEARDAY or BYWEEKNO beside other parts that expand or limit days;
    - BYMONTHDAY without BYMONTH in YEARLY (it looks at DTSTART's month only);
    - negative BYMONTHDAY as a limit in DAILY, and BYMONTHDAY there with INTERVAL or BYDAY;
    - limits below DAILY without giving up after some thousand periods, or doubling the first;
    - BYSECOND in SECONDLY;
    - WEEKLY with several days written in another order than that of WKST;
    - weekdays of BYWEEKNO in the last days of the year before.
    """
    f = Frequency
    times = len(rule.by_hour) > 1 or len(rule.by_minute) > 1 or len(rule.by_second) > 1
    signs = {n > 0 for n in rule.by_month_day} | {d.ordinal > 0 for d in rule.by_day if d.ordinal}
    if rule.by_set_pos and len(signs) > 1:
        return False
    if rule.by_set_pos and (times or rule.freq < f.MONTHLY):
        return False
    if rule.freq < f.DAILY:
        limits = rule.by_month or rule.by_month_day or rule.by_day or rule.by_year_day
        own = {f.HOURLY: rule.by_hour, f.MINUTELY: rule.by_hour or rule.by_minute}
        own_limits = own.get(rule.freq, rule.by_hour or rule.by_minute or rule.by_second)
        return not limits and not own_limits
    if rule.freq is f.WEEKLY:
        return rule.wkst == 0 or len(rule.by_day) < 2
    if rule.freq is f.DAILY:
        simple = not rule.by_day and rule.interval == 1 and min(rule.by_month_day, default=1) > 0
        return not rule.by_month_day or simple
    if rule.freq is f.YEARLY:
        parts = [rule.by_month, rule.by_month_day, rule.by_day, rule.by_year_day, rule.by_week_no]
        if rule.by_week_no:
            return False
        if rule.by_year_day:
            return sum(map(bool, parts)) == 1 and not rule.by_set_pos
        return not rule.by_month_day or bool(rule.by_month)
    return True
