"""Which keys a type of schedule takes, and which values contradict each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.gregorian import DAY, MONTH_LENGTHS
from horarium.kernel.schedule_parts import EVERY_DAY, LONGEST_PERIODIC
from horarium.kernel.schedule_words import LAST_DAY, Outside, Type
from horarium.kernel.zone import Fold, Gap, named

if TYPE_CHECKING:
    from horarium.kernel.schedule import Schedule

LONGEST = 400 * DAY
"""Seconds of the longest duration: with more, a window query would reach back without end."""

LONGEST_JITTER = 7 * DAY
"""A moment that is moved by more than a week belongs to another week."""

JITTER_MOMENTS = 10_000
"""Moments of a grid that one jitter may span: each is placed by a hash of its own."""

_SIGNAL = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_NAME = re.compile(r"[^\s\"\x00-\x1f\x7f\ud800-\udfff]{1,255}")
ROLES = ("owner", "receiver")

# The field of Schedule, its key, and the types that take it.
_OWN: tuple[tuple[str, str, frozenset[Type]], ...] = (
    ("at", "at", frozenset({Type.AT})),
    ("weekday", "day", frozenset({Type.WEEKLY})),
    ("end_weekday", "end_day", frozenset({Type.WEEKLY})),
    ("month_day", "day", frozenset({Type.MONTHLY, Type.YEARLY})),
    ("month", "date", frozenset({Type.YEARLY})),
    ("every", "every", frozenset({Type.INTERVAL, Type.PERIODIC})),
    ("anchor", "anchor", frozenset({Type.INTERVAL, Type.PERIODIC})),
    ("cron", "cron", frozenset({Type.CRON})),
    ("series", "rrule", frozenset({Type.RRULE})),
    ("signal", "signal", frozenset({Type.ON})),
    ("repeat", "repeat", frozenset({Type.DAILY, Type.MONTHLY, Type.YEARLY, Type.IMMEDIATELY})),
)

# Fields without which a type means nothing.
_NEEDED = {
    Type.AT: ("at",),
    Type.WEEKLY: ("weekday",),
    Type.MONTHLY: ("month_day",),
    Type.YEARLY: ("month", "month_day"),
    Type.INTERVAL: ("every",),
    Type.PERIODIC: ("every",),
    Type.CRON: ("cron",),
    Type.RRULE: ("series",),
    Type.ON: ("signal",),
}


def _wrong(key: str, message: str, value: object = "") -> InvalidInput:
    shown = str(value)[:40]
    found = f", not {shown}" if shown else ""
    return InvalidInput(f"{key}: {message}{found}", part=key, value=shown)


def check(s: Schedule) -> None:
    """Refuse a schedule that contradicts itself; InvalidInput names the key."""
    word = s.type.value
    for field, key, types in _OWN:
        given = getattr(s, field) is not None
        if given and s.type not in types:
            raise _wrong(key, f"a schedule of type {word} does not take it")
        if not given and field in _NEEDED.get(s.type, ()):
            raise _wrong(key, f"a schedule of type {word} needs it")
    if s.days != EVERY_DAY and s.type is not Type.DAILY:
        raise _wrong("days", f"a schedule of type {word} does not take them")
    if not s.days:
        raise _wrong("days", "at least one weekday is needed")
    _check_lengths(s)
    _check_times(s)
    _check_dates(s)
    _check_names(s)
    _check_clock_changes(s)
    _check_random(s)


def _check_lengths(s: Schedule) -> None:
    for key, value in (
        ("every", s.every),
        ("repeat", s.repeat),
        ("for", s.length),
        ("grace", s.grace),
        ("deadline", s.deadline),
        ("random", s.jitter),
    ):
        if value is not None and not 1 <= value <= LONGEST:
            raise _wrong(key, "must be at least one second and at most 400 days", value)
    grid = s.every if s.type is Type.PERIODIC and s.every is not None else 60
    if grid % 60 or grid > LONGEST_PERIODIC:
        raise _wrong("every", "must be whole minutes from 00:01 to 255:00", grid)


def _check_times(s: Schedule) -> None:
    for key, value, limit in (("start", s.start, DAY - 1), ("end", s.end, DAY)):
        if value is None:
            continue
        if not 0 <= value <= limit:
            raise _wrong(key, "must be a time of day", value)
        if s.type is Type.NEVER:
            raise _wrong(key, "a schedule of type never has no window")
    if s.length is not None:
        if s.type is Type.NEVER:
            raise _wrong("for", "a schedule of type never opens nothing")
        if s.end is not None or s.end_weekday is not None:
            raise _wrong("for", "stands beside an end")
        if s.series is not None and s.series.has_length:
            raise _wrong("for", "stands beside DTEND or DURATION")
    if s.end_weekday is not None and s.end is None:
        raise _wrong("end", "a last day needs a time")
    if s.type is Type.AT and s.at is not None:
        _check_single(s)


def _check_single(s: Schedule) -> None:
    if s.at is None or (s.start is None and s.end is None):
        return
    if s.at.wall is None:
        raise _wrong("end", "an instant has no time of day to count from: use for")
    if s.start is not None and s.start != s.at.wall % DAY:
        raise _wrong("start", "must be the time of day of at, or is left out", s.start)


def _check_dates(s: Schedule) -> None:
    day = s.month_day if s.month_day is not None else LAST_DAY
    if s.type is Type.MONTHLY and day != LAST_DAY and not 1 <= day <= 31:
        raise _wrong("day", "must be 1 to 31, or last", day)
    if s.type is Type.YEARLY and s.month is not None and s.month_day is not None:
        if not 1 <= s.month <= 12:
            raise _wrong("date", "must have a month from 01 to 12", s.month)
        longest = 29 if s.month == 2 else MONTH_LENGTHS[s.month - 1]
        if s.month_day != LAST_DAY and not 1 <= s.month_day <= longest:
            raise _wrong("date", "must be a day that month can have", f"{s.month}-{s.month_day}")
    if s.first_date is not None and s.last_date is not None and s.last_date < s.first_date:
        raise _wrong("until", "lies before from")


def _check_names(s: Schedule) -> None:
    if s.signal is not None and _SIGNAL.fullmatch(s.signal) is None:
        raise _wrong("signal", "must be a name of a-z, 0-9, _, . and -", s.signal)
    for key, names in (("except", s.excepted), ("seed", () if s.seed is None else (s.seed,))):
        for name in names:
            if _NAME.fullmatch(name) is None:
                raise _wrong(key, "must be a name without spaces or quotes", name)
    if len(set(s.excepted)) < len(s.excepted):
        raise _wrong("except", "names a calendar twice")
    if s.zone is not None and s.zone not in ROLES:
        try:
            named(s.zone)
        except NotFound as error:
            raise _wrong("zone", error.message, s.zone) from error
    if s.type is not Type.ON and s.outside is not Outside.WAIT:
        raise _wrong("outside", "is for schedules of type on")


def _check_clock_changes(s: Schedule) -> None:
    chosen = s.fold is not None or s.gap is not None
    if s.type is Type.CRON and s.cron is not None and s.cron.wildcard and chosen:
        key = "fold" if s.fold is not None else "gap"
        raise _wrong(key, "minute or hour begins with *, such a cron follows the clock literally")
    if s.type is Type.RRULE and (s.gap is Gap.AT_END or s.fold not in (None, Fold.FIRST)):
        key = "gap" if s.gap is Gap.AT_END else "fold"
        raise _wrong(key, "a recurrence is moved on by the gap and takes the first of a fold")
    if s.fold is Fold.BOTH and (s.repeat or s.random_window or (s.end and not s.type.gates)):
        raise _wrong("fold", "both is for moments, not for windows")


def _check_random(s: Schedule) -> None:
    if s.random_window:
        if not s.type.dated:
            raise _wrong("random", f"a schedule of type {s.type.value} has no window to choose in")
        if s.end is None and s.length is None:
            raise _wrong("random", "the window needs an end")
        if s.jitter is not None:
            raise _wrong("random", "is the window or a duration, not both")
    if s.jitter is not None:
        if s.jitter > LONGEST_JITTER:
            raise _wrong("random", "must be at most 7 days", s.jitter)
        step = s.every or s.repeat
        if step is not None and s.jitter > step * JITTER_MOMENTS:
            raise _wrong("random", f"spans more than {JITTER_MOMENTS} moments", s.jitter)


def settle(s: Schedule) -> dict[str, object]:
    """Give the fields that follow from the others, or say a default in other words."""
    found: dict[str, object] = {"days": tuple(sorted(set(s.days)))}
    if s.zone is not None and s.zone not in ROLES:
        found["zone"] = named(s.zone).name
    if s.type is not Type.RRULE and s.gap is Gap.AT_END:
        found["gap"] = None
    if s.type is Type.RRULE and s.gap is Gap.SHIFT:
        found["gap"] = None
    if s.fold is Fold.FIRST:
        found["fold"] = None
    if s.type is Type.AT:
        if s.at is not None and s.at.wall is not None and s.end is not None:
            found["start"] = s.at.wall % DAY
        elif s.end is None:
            found["start"] = None
    elif s.type.gates and (s.start is not None or s.end is not None):
        found["start"] = s.start or 0
        found["end"] = DAY if s.end is None else s.end
    elif s.type.dated:
        found["start"] = s.start or 0
        if s.type is Type.WEEKLY and s.end is not None and s.end_weekday is None:
            found["end_weekday"] = _day_of_end(s)
    return found


def _day_of_end(s: Schedule) -> object:
    day = s.weekday
    if day is None or s.end is None or s.end > (s.start or 0):
        return day
    return type(day)((day + 1) % 7)
